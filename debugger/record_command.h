/* `record`: run a command and record it. */
#ifndef ACAUSAL_DEBUGGER_RECORD_COMMAND_H
#define ACAUSAL_DEBUGGER_RECORD_COMMAND_H

#include "debugger/command.h"

extern const struct command record_command;

#endif
