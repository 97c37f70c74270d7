/* `at` and `goto`: to a moment, or to a point of the recording. */
#ifndef ACAUSAL_DEBUGGER_GOTO_H
#define ACAUSAL_DEBUGGER_GOTO_H

#include "debugger/command.h"

extern const struct command at_command;
extern const struct command goto_command;

#endif
