/* `list`: source around the selected frame. */
#ifndef ACAUSAL_DEBUGGER_LIST_H
#define ACAUSAL_DEBUGGER_LIST_H

#include "debugger/command.h"

extern const struct command list_command;

#endif
