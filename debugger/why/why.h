/* `why`: how one thing came about, in a paragraph of words. */
#ifndef ACAUSAL_DEBUGGER_WHY_H
#define ACAUSAL_DEBUGGER_WHY_H

#include "debugger/command.h"

extern const struct command why_command;

#endif
