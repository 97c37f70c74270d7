/* SQLite's plan of a query, as the tree that SQLite's own shell draws. */
#ifndef ACAUSAL_DEBUGGER_QUERY_PLAN_H
#define ACAUSAL_DEBUGGER_QUERY_PLAN_H

#include <sqlite3.h>
#include <stdio.h>

/* Steps through an EXPLAIN QUERY PLAN. Returns SQLITE_DONE or an error's code. */
int query_plan_write(sqlite3_stmt *statement, FILE *out);

#endif
