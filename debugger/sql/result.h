/* Rows of a query as an aligned table, as JSON or as CSV. */
#ifndef ACAUSAL_DEBUGGER_RESULT_H
#define ACAUSAL_DEBUGGER_RESULT_H

#include "recorder/base/error.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/*
 * RESULT_WORDS is a table for people, by the names of its columns: …_ns are durations, or moments
 * where the name says that something was done (created_ns, began_ns, at_ns); async_id, run_id and
 * their like can be typed as they stand; and the frames of a last column `stack` follow below their
 * row.
 */
enum result_format { RESULT_TEXT, RESULT_WORDS, RESULT_JSON, RESULT_CSV };

/*
 * Steps through `statement` and writes its rows. Returns SQLITE_DONE, or the code of the error that
 * ended it; rows that came before it are written then. Memory is bounded: a table's columns are as
 * wide as its first 1,000 rows need.
 */
int result_write(sqlite3_stmt *statement, enum result_format format, FILE *out);

/* The same, and counts the rows. */
int result_write_rows(
	sqlite3_stmt *statement, enum result_format format, FILE *out, int64_t *ret_rows);

#endif
