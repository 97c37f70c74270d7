/* The commands there are. */
#ifndef ACAUSAL_DEBUGGER_COMMAND_TABLE_H
#define ACAUSAL_DEBUGGER_COMMAND_TABLE_H

#include "debugger/command.h"

extern const struct command_table command_table;

#endif
