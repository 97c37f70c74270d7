/* `context`: the values in force at a point, where they were set, and where some were lost. */
#ifndef ACAUSAL_DEBUGGER_CONTEXT_H
#define ACAUSAL_DEBUGGER_CONTEXT_H

#include "debugger/command.h"

extern const struct command context_command;

#endif
