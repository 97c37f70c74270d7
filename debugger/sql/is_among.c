/*
 * is_among() in SQL: see is_among.h. The set is made at the first call of a statement, by a
 * statement of its own on the same connection, and kept with the constant text as SQLite's
 * auxiliary data. A file's view cannot call it (DIRECTONLY): it runs what it is given.
 */
#include "debugger/sql/is_among.h"

#include "debugger/sql/id_set.h"

#include <stdlib.h>

static void destroy(void *thing)
{
	id_set_deinit(thing);
	free(thing);
}

/* Reads the whole query. Returns an SQLite code. */
static int fill(struct id_set *set, sqlite3_stmt *statement)
{
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		if (sqlite3_column_type(statement, 0) == SQLITE_INTEGER &&
			id_set_add(set, sqlite3_column_int64(statement, 0)) < 0)
			return SQLITE_NOMEM;
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static void fail(sqlite3_context *context, int code, const char *words)
{
	sqlite3_result_error(context, words, -1);
	sqlite3_result_error_code(context, code);
}

/* The set of a query; NULL after an error, which is told. */
static struct id_set *make(sqlite3_context *context, const char *query)
{
	sqlite3 *database = sqlite3_context_db_handle(context);
	sqlite3_stmt *statement = NULL;
	struct id_set *set = calloc(1, sizeof *set);
	int code = set ? sqlite3_prepare_v2(database, query, -1, &statement, NULL) : SQLITE_NOMEM;

	if (!code && (!statement || !sqlite3_stmt_readonly(statement)))
		fail(context, SQLITE_ERROR, "is_among: its QUERY must be one that reads");
	else if (!code && !(code = fill(set, statement))) {
		sqlite3_finalize(statement);
		return set;
	} else if (code == SQLITE_NOMEM) {
		sqlite3_result_error_nomem(context);
	} else {
		fail(context, code, sqlite3_errmsg(database));
	}
	sqlite3_finalize(statement);
	if (set)
		destroy(set);
	return NULL;
}

static void is_among(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct id_set *set = sqlite3_get_auxdata(context, 1);
	const char *query;

	(void)count;
	if (!set) {
		query = (const char *)sqlite3_value_text(values[1]);
		set = query ? make(context, query) : NULL;
		if (!query)
			sqlite3_result_error(context, "is_among: its QUERY is NULL", -1);
		if (!set)
			return;
		sqlite3_set_auxdata(context, 1, set, destroy);
		/* It may be gone at once: of a text that is no constant, for one. */
		set = sqlite3_get_auxdata(context, 1);
		if (!set) {
			sqlite3_result_error(
				context, "is_among: its QUERY must be a constant text", -1);
			return;
		}
	}
	sqlite3_result_int(context, sqlite3_value_type(values[0]) == SQLITE_INTEGER &&
					    id_set_has(set, sqlite3_value_int64(values[0])));
}

int is_among_add(sqlite3 *database)
{
	return sqlite3_create_function(database, "is_among", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
		NULL, is_among, NULL, NULL);
}
