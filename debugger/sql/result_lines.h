/* Rows of a query, each on lines of its own as it comes: list, tabs, line, quote, insert, html,
 * CSV. */
#ifndef ACAUSAL_DEBUGGER_RESULT_LINES_H
#define ACAUSAL_DEBUGGER_RESULT_LINES_H

#include "debugger/sql/result_style.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/* As result_write. Adds to *rows. */
int result_lines_write(
	sqlite3_stmt *row, const struct result_style *style, FILE *out, int64_t *rows);

#endif
