/*
 * Contexts in SQL: context_at(run_id, ns) is the context_id in force in a run at a moment (at its
 * end when `ns` is NULL), context_values(context_id) its keys and values.
 */
#ifndef ACAUSAL_DEBUGGER_CONTEXT_FUNCTIONS_H
#define ACAUSAL_DEBUGGER_CONTEXT_FUNCTIONS_H

#include "debugger/sql/table_function.h"

extern const struct table_function context_values_function;

/* SQLite's code. */
int context_functions_add(sqlite3 *database, struct sql_source *source);

#endif
