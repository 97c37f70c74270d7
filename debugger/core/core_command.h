/* `core`: a core dump's threads, each with its async stack. */
#ifndef ACAUSAL_DEBUGGER_CORE_COMMAND_H
#define ACAUSAL_DEBUGGER_CORE_COMMAND_H

#include "debugger/command.h"

extern const struct command core_command;

#endif
