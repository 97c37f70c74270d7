/* `diff`: two recordings compared. */
#ifndef ACAUSAL_DEBUGGER_DIFF_DIFF_H
#define ACAUSAL_DEBUGGER_DIFF_DIFF_H

#include "debugger/command.h"

extern const struct command diff_command;

#endif
