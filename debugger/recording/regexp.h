/* SQL's `text REGEXP pattern`, with the patterns of `log` (pattern.h). */
#ifndef ACAUSAL_DEBUGGER_REGEXP_H
#define ACAUSAL_DEBUGGER_REGEXP_H

#include <sqlite3.h>

/* Adds the function. When memory runs out there is none, and SQLite says so when it is used. */
void regexp_add(sqlite3 *database);

#endif
