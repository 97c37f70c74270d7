/*
 * The functions that SQL has on a recording beside SQLite's own: async_stack, ancestors,
 * descendants, fan_out, tally, is_among, stack_words, frame_words, status_name. Documented in
 * schema/README.md.
 */
#ifndef ACAUSAL_DEBUGGER_SQL_FUNCTIONS_H
#define ACAUSAL_DEBUGGER_SQL_FUNCTIONS_H

#include "debugger/sql/table_function.h"

/* `source` is borrowed for as long as the database is open. No authorizer may be in the way. */
int sql_functions_define(sqlite3 *database, struct sql_source *source, struct error *err);

/* The same on a recording, once; what they need is kept with it. */
int sql_functions_add(struct reader *recording, struct error *err);

#endif
