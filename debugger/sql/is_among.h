/*
 * is_among(ID, QUERY) in SQL: what `ID IN (QUERY)` does, for ten million IDs in a second or two and
 * a bit of memory for each, where QUERY is a constant text whose first column is read. A NULL is in
 * nothing: the answer is 0 or 1, never NULL.
 */
#ifndef ACAUSAL_DEBUGGER_IS_AMONG_H
#define ACAUSAL_DEBUGGER_IS_AMONG_H

#include <sqlite3.h>

/* Returns an SQLite code. */
int is_among_add(sqlite3 *database);

#endif
