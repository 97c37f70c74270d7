/* What SQLite may do for us on a file that is not trusted. Used where one is opened. */
#ifndef ACAUSAL_DEBUGGER_READER_GUARD_H
#define ACAUSAL_DEBUGGER_READER_GUARD_H

#include "recorder/base/error.h"

#include <sqlite3.h>
#include <stdbool.h>

/* To be called before the first look at the file. */
void reader_guard_configure(sqlite3 *database);

/*
 * Are all of schema/tables.sql's tables there, plain and with their columns, but for those that
 * came later than the others?
 */
int reader_guard_check(sqlite3 *database, const char *path, struct error *err);

/* Is there such a column, of whatever kind? */
bool reader_guard_has_column(sqlite3 *database, const char *table, const char *column);

/* The contract's views, over main's tables, as this program knows them; as TEMP views. */
int reader_guard_make_views(sqlite3 *database, const char *path, struct error *err);

/* From now on only reading. To be called when the TEMP views are made. */
void reader_guard_seal(sqlite3 *database);

#endif
