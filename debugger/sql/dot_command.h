/* The dot commands of `sql`: those of SQLite's own shell that reading needs. */
#ifndef ACAUSAL_DEBUGGER_DOT_COMMAND_H
#define ACAUSAL_DEBUGGER_DOT_COMMAND_H

#include "debugger/sql/sql_run.h"

/* Does one, ".mode box"; a beginning of its name will do. Returns an exit status. */
int dot_command_run(struct sql_run *run, const char *line, struct error *err);

/* The name, without the dot, and what it is in a line, of command number `index`; NULL: none. */
const char *dot_command_name(size_t index, const char **ret_summary);

#endif
