/* `query`: the library of queries, listed, and one of them run. */
#ifndef ACAUSAL_DEBUGGER_QUERY_H
#define ACAUSAL_DEBUGGER_QUERY_H

#include "debugger/command.h"

extern const struct command query_command;

#endif
