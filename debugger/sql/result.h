/*
 * Rows of a query, written as a mode has it (result_style.h). Tables are for people: their text is
 * made printable. The other modes are exact, but on a terminal, and but for bytes that are no UTF-8
 * in JSON.
 *
 * RESULT_WORDS goes by the names of columns: …_ns are durations, or moments where the name says
 * that something was done (created_ns, began_ns, at_ns); async_id, run_id and their like can be
 * typed as they stand; and the frames of a last column `stack` follow below their row.
 */
#ifndef ACAUSAL_DEBUGGER_RESULT_H
#define ACAUSAL_DEBUGGER_RESULT_H

#include "debugger/sql/result_style.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Steps through `statement`, writes its rows and counts them. Returns SQLITE_DONE, or the code of
 * the error that ended it; rows that came before it are written then. Memory is bounded: a table's
 * columns are as wide as its first 1,000 rows need.
 */
int result_write(
	sqlite3_stmt *statement, const struct result_style *style, FILE *out, int64_t *ret_rows);

#endif
