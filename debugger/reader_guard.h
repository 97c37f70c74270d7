/* What SQLite may do for us on a file that is not trusted. Used by reader.c alone. */
#ifndef ACAUSAL_DEBUGGER_READER_GUARD_H
#define ACAUSAL_DEBUGGER_READER_GUARD_H

#include "recorder/base/error.h"

#include <sqlite3.h>

/* To be called before the first look at the file. */
void reader_guard_configure(sqlite3 *database);

/* Are all of schema/tables.sql's tables there, plain and with their columns? */
int reader_guard_check(sqlite3 *database, const char *path, struct error *err);

/* From now on only reading. To be called when the TEMP views are made. */
void reader_guard_seal(sqlite3 *database);

#endif
