/* `frame`, `up` and `down`: one frame of the async stack, through all of its segments. */
#ifndef ACAUSAL_DEBUGGER_FRAME_H
#define ACAUSAL_DEBUGGER_FRAME_H

#include "debugger/command.h"

extern const struct command frame_command;
extern const struct command up_command;
extern const struct command down_command;

#endif
