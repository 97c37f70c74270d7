/*
 * What SQLite may do for us on a file that is not trusted: see reader_guard.h.
 *
 * A table can be a view over an endless recursion, have generated columns that compute for hours,
 * or lack the key that makes a look-up quick; so each is compared with what schema/tables.sql
 * makes. A user's query may read and compute, and neither write, attach, nor load anything.
 */
#include "debugger/recording/reader_guard.h"

#include "debugger/text/strbuf.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void reader_guard_configure(sqlite3 *database)
{
	sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	/* Views of TEMP are allowed nevertheless, since SQLite 3.35; before, ours would not be. */
	if (sqlite3_libversion_number() >= 3035000)
		sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 256 << 20);
	sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
	sqlite3_limit(database, SQLITE_LIMIT_EXPR_DEPTH, 200);
	sqlite3_limit(database, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_exec(database,
		"PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
		NULL, NULL, NULL);
}

bool reader_guard_has_column(sqlite3 *database, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(
		       database, "main", table, column, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* The questions to the recording's schema, prepared once. */
struct checker {
	sqlite3_stmt *table;  /* is ?1 a plain table? */
	sqlite3_stmt *column; /* has ?1 a column ?2, not generated, at place ?3 of the key? */
};

static int checker_init(struct checker *checker, sqlite3 *database)
{
	static const char table[] = "SELECT type = 'table' AND rootpage > 0 FROM main.sqlite_master"
				    " WHERE name = ?1 COLLATE NOCASE";
	static const char column[] = "SELECT hidden = 0 AND pk = ?3"
				     " FROM pragma_table_xinfo(?1, 'main')"
				     " WHERE name = ?2 COLLATE NOCASE";

	*checker = (struct checker){0};
	if (sqlite3_prepare_v2(database, table, -1, &checker->table, NULL))
		return -1;
	return sqlite3_prepare_v2(database, column, -1, &checker->column, NULL) ? -1 : 0;
}

static void checker_deinit(struct checker *checker)
{
	sqlite3_finalize(checker->table);
	sqlite3_finalize(checker->column);
}

/* The first value of a question's first row is not 0. */
static bool answers_yes(sqlite3_stmt *statement)
{
	bool yes = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0);

	sqlite3_reset(statement);
	return yes;
}

static bool is_plain_table(struct checker *checker, const char *name)
{
	sqlite3_bind_text(checker->table, 1, name, -1, SQLITE_STATIC);
	return answers_yes(checker->table);
}

static bool has_column(struct checker *checker, const char *table, const char *column, int key)
{
	sqlite3_bind_text(checker->column, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_text(checker->column, 2, column, -1, SQLITE_STATIC);
	sqlite3_bind_int(checker->column, 3, key);
	return answers_yes(checker->column);
}

static bool among(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!sqlite3_stricmp(word, *words))
			return true;
	return false;
}

/* Columns that recordings of this schema have not always had. Their absence is no damage. */
static bool is_younger(sqlite3 *database, const char *table, const char *column)
{
	static const char *const younger[][2] = {{"process", "history_from_ns"}, {"gap", "reason"}};

	for (size_t i = 0; i < sizeof younger / sizeof younger[0]; i++)
		if (!strcmp(table, younger[i][0]) && !strcmp(column, younger[i][1]))
			return !reader_guard_has_column(database, table, column);
	return false;
}

/*
 * Tables that recordings of this schema have not always had: where there is nothing of that name,
 * an empty one of ours, which our views find, takes its place.
 */
static bool add_younger(sqlite3 *model, sqlite3 *database, const char *table)
{
	static const char *const younger[] = {
		"resource_context", "arming_context", "context_repeat", NULL};
	static const char create[] = "CREATE TABLE ";
	sqlite3_stmt *is_there, *text = NULL;
	struct strbuf sql = {0};
	bool added = false;

	if (!among(table, younger) ||
		sqlite3_prepare_v2(database,
			"SELECT 1 FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE", -1,
			&is_there, NULL))
		return false;
	sqlite3_bind_text(is_there, 1, table, -1, SQLITE_STATIC);
	if (sqlite3_step(is_there) == SQLITE_DONE &&
		!sqlite3_prepare_v2(
			model, "SELECT sql FROM sqlite_master WHERE name = ?1", -1, &text, NULL)) {
		sqlite3_bind_text(text, 1, table, -1, SQLITE_STATIC);
		if (sqlite3_step(text) == SQLITE_ROW) {
			strbuf_add_string(&sql, "CREATE TEMP TABLE ");
			strbuf_add_string(
				&sql, (const char *)sqlite3_column_text(text, 0) + strlen(create));
		}
		added = sql.length && !sql.failed &&
			!sqlite3_exec(database, strbuf_string(&sql), NULL, NULL, NULL);
	}
	sqlite3_finalize(text);
	sqlite3_finalize(is_there);
	strbuf_deinit(&sql);
	return added;
}

static int check_against(sqlite3 *model, sqlite3 *database, struct checker *checker,
	const char *path, struct error *err)
{
	static const char sql[] =
		"SELECT m.name, c.name, c.pk FROM sqlite_master m,"
		" pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name";
	char last[64] = "";
	sqlite3_stmt *statement;
	bool is_added = false;
	int result = 0;

	if (sqlite3_prepare_v2(model, sql, -1, &statement, NULL))
		return error_set(err, "cannot read our own schema: %s", sqlite3_errmsg(model));
	while (!result && sqlite3_step(statement) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		const char *column = (const char *)sqlite3_column_text(statement, 1);

		if (strcmp(last, table)) {
			strncpy(last, table, sizeof last - 1);
			is_added = add_younger(model, database, table);
			if (!is_added && !is_plain_table(checker, table))
				result = error_set(err,
					"%s: damaged, or not made by acausal: '%s' is missing or no"
					" plain table",
					path, table);
		}
		if (!result && !is_added &&
			!has_column(checker, table, column, sqlite3_column_int(statement, 2)) &&
			!is_younger(database, table, column))
			result = error_set(err,
				"%s: damaged, or not made by acausal: table '%s' lacks its column"
				" '%s'",
				path, table, column);
	}
	sqlite3_finalize(statement);
	return result;
}

/* A table of the file would be taken for SQLite's function of its name, which our views ask. */
static int check_functions(sqlite3 *database, const char *path, struct error *err)
{
	static const char sql[] =
		"SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view')"
		" AND (name LIKE 'json~_%' ESCAPE '~' OR"
		" name LIKE 'pragma~_%' ESCAPE '~') LIMIT 1";
	sqlite3_stmt *row;
	int result = 0;

	if (sqlite3_prepare_v2(database, sql, -1, &row, NULL))
		return error_set(err, "%s: %s", path, sqlite3_errmsg(database));
	if (sqlite3_step(row) == SQLITE_ROW)
		result = error_set(err,
			"%s: damaged, or not made by acausal: it has a table of its own in the "
			"place"
			" of a function of SQLite",
			path);
	sqlite3_finalize(row);
	return result;
}

int reader_guard_check(sqlite3 *database, const char *path, struct error *err)
{
	struct checker checker;
	sqlite3 *model;
	int result;

	if (checker_init(&checker, database)) {
		checker_deinit(&checker);
		return error_set(err, "%s: %s", path, sqlite3_errmsg(database));
	}
	if (sqlite3_open(":memory:", &model) ||
		sqlite3_exec(model, schema_tables_sql, NULL, NULL, NULL))
		result = error_set(err, "cannot make our own schema: %s", sqlite3_errmsg(model));
	else
		result = check_against(model, database, &checker, path, err);
	sqlite3_close(model);
	checker_deinit(&checker);
	return result ? result : check_functions(database, path, err);
}

int reader_guard_make_views(sqlite3 *database, const char *path, struct error *err)
{
	static const char from[] = "CREATE VIEW ", to[] = "CREATE TEMP VIEW ";
	struct strbuf sql = {0};
	const char *rest = schema_views_sql, *found;
	int result = 0;

	while ((found = strstr(rest, from))) {
		strbuf_add(&sql, rest, (size_t)(found - rest));
		strbuf_add_string(&sql, to);
		rest = found + strlen(from);
	}
	strbuf_add_string(&sql, rest);
	if (sql.failed || sqlite3_exec(database, strbuf_string(&sql), NULL, NULL, NULL))
		result = error_set(
			err, "%s: its views cannot be made: %s", path, sqlite3_errmsg(database));
	strbuf_deinit(&sql);
	return result;
}

static int authorize(void *unused, int action, const char *first, const char *second,
	const char *database, const char *inside)
{
	static const char *const pragmas[] = {"table_info", "table_xinfo", "table_list",
		"index_list", "index_info", "index_xinfo", "foreign_key_list", "database_list",
		"function_list", "compile_options", "integrity_check", "quick_check", NULL};
	/* These set something when they are given a value. */
	static const char *const readings[] = {"application_id", "user_version", "schema_version",
		"data_version", "page_count", "page_size", "freelist_count", "journal_mode",
		"encoding", NULL};
	static const char *const functions[] = {
		"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", NULL};

	(void)unused;
	(void)database;
	(void)inside;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
	case SQLITE_TRANSACTION:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return among(second, functions) ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA:
		return among(first, pragmas) || (!second && among(first, readings)) ? SQLITE_OK
										    : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

/*
 * SQLite makes its built-in table-valued functions when they are first used, and asks the
 * authorizer whether it may create their tables: so they are used once before there is one.
 */
static void make_functions(sqlite3 *database)
{
	static const char *const functions[] = {"json_each('[]')", "json_tree('[]')",
		"pragma_table_info('meta')", "pragma_table_xinfo('meta')", "pragma_table_list",
		"pragma_index_list('meta')", "pragma_index_info('x')", "pragma_compile_options",
		"pragma_function_list", NULL};
	sqlite3_stmt *statement;
	char sql[96];
	size_t i;

	for (i = 0; functions[i]; i++) {
		snprintf(sql, sizeof sql, "SELECT 1 FROM %s LIMIT 0", functions[i]);
		if (!sqlite3_prepare_v2(database, sql, -1, &statement, NULL))
			sqlite3_finalize(statement);
	}
}

void reader_guard_seal(sqlite3 *database)
{
	make_functions(database);
	sqlite3_exec(database, "PRAGMA query_only = ON", NULL, NULL, NULL);
	sqlite3_set_authorizer(database, authorize, NULL);
}
