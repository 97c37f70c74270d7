/* Rows of a query as a table for people: column, words, table, box, markdown. */
#ifndef ACAUSAL_DEBUGGER_RESULT_TABLE_H
#define ACAUSAL_DEBUGGER_RESULT_TABLE_H

#include "debugger/sql/result_style.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/* As result_write. Adds to *rows. Without rows, RESULT_WORDS writes nothing. */
int result_table_write(
	sqlite3_stmt *row, const struct result_style *style, FILE *out, int64_t *rows);

#endif
