/* `crash`: what crashed. */
#ifndef ACAUSAL_DEBUGGER_CRASH_H
#define ACAUSAL_DEBUGGER_CRASH_H

#include "debugger/command.h"

extern const struct command crash_command;

#endif
