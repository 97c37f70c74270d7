/* `step`, `next`, `back` and `rback`: from event to event. */
#ifndef ACAUSAL_DEBUGGER_STEP_H
#define ACAUSAL_DEBUGGER_STEP_H

#include "debugger/command.h"

extern const struct command step_command;
extern const struct command next_command;
extern const struct command back_command;
extern const struct command rback_command;

#endif
