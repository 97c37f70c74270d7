/* `snapshot`: a recording of a process that runs, or of an image that it wrote of itself. */
#ifndef ACAUSAL_DEBUGGER_SNAPSHOT_COMMAND_H
#define ACAUSAL_DEBUGGER_SNAPSHOT_COMMAND_H

#include "debugger/command.h"

extern const struct command snapshot_command;

#endif
