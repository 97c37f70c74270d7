/* Rows of a query as an aligned table, as JSON or as CSV. */
#ifndef ACAUSAL_DEBUGGER_RESULT_H
#define ACAUSAL_DEBUGGER_RESULT_H

#include "recorder/base/error.h"

#include <sqlite3.h>
#include <stdio.h>

enum result_format { RESULT_TEXT, RESULT_JSON, RESULT_CSV };

/*
 * Steps through `statement` and writes its rows. Returns SQLITE_DONE, or the code of the error that
 * ended it; rows that came before it are written then. Memory is bounded: a table's columns are as
 * wide as its first 1,000 rows need.
 */
int result_write(sqlite3_stmt *statement, enum result_format format, FILE *out);

#endif
