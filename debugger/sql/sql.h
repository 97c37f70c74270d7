/* `sql`: a query of the user's own, read only. */
#ifndef ACAUSAL_DEBUGGER_SQL_H
#define ACAUSAL_DEBUGGER_SQL_H

#include "debugger/command.h"

extern const struct command sql_command;

#endif
