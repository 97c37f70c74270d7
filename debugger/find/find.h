/* The command `find`: resources by what they are called and where they come from. */
#ifndef ACAUSAL_DEBUGGER_FIND_H
#define ACAUSAL_DEBUGGER_FIND_H

#include "debugger/command.h"

extern const struct command find_command;

#endif
