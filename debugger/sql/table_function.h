/*
 * Table-valued functions of ours in SQL: `SELECT * FROM async_stack(42)`. What is common to them is
 * here; each says what its rows are.
 */
#ifndef ACAUSAL_DEBUGGER_TABLE_FUNCTION_H
#define ACAUSAL_DEBUGGER_TABLE_FUNCTION_H

#include "debugger/recording/frames.h"
#include "debugger/recording/reader.h"

#include <sqlite3.h>

/*
 * From where functions take the recording. `acquire` is called before anything is read, and makes
 * `recording` and `cache` valid until it is called again with no cursor open.
 */
struct sql_source {
	struct reader *recording;
	struct frames_cache *cache;
	int cursors; /* of table-valued functions that are being read */
	int (*acquire)(struct sql_source *source, struct error *err);
};

struct table_function {
	const char *name;
	const char *columns; /* as in CREATE TABLE; parameters stand last, and are HIDDEN */
	int parameter_count; /* at most 4 */
	int first_parameter; /* its column */
	size_t state_size;   /* of what `open` gets, zeroed */

	/* `values` has parameter_count values, NULL where one was not given. */
	int (*open)(
		void *state, struct sql_source *source, sqlite3_value **values, struct error *err);
	/* To the next row (at first: to the first): 1, 0 when there is none, -1 an error. */
	int (*next)(void *state, struct error *err);
	void (*column)(void *state, sqlite3_context *context, int column);
	/* Also after an `open` that failed. */
	void (*close)(void *state);
};

/*
 * Makes it known to a database. `source` is borrowed for as long as that is open. There must be no
 * authorizer that refuses to create tables.
 */
int table_function_add(sqlite3 *database, const struct table_function *function,
	struct sql_source *source, struct error *err);

/* UNKNOWN is NULL; a text that is NULL, too. The text is copied. */
void table_function_integer(sqlite3_context *context, int64_t number);
void table_function_text(sqlite3_context *context, const char *text);

/* An async ID: a number, or "2:42", "#42". */
int table_function_id(const char *name, sqlite3_value *value, int64_t *ret, struct error *err);

#endif
