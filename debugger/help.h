/* `help`: the commands, or one of them. */
#ifndef ACAUSAL_DEBUGGER_HELP_H
#define ACAUSAL_DEBUGGER_HELP_H

#include "debugger/command.h"

extern const struct command help_command;

#endif
