/*
 * `sql`: see sql.h. The query is the user's own and trusted to be what he wants, but the recording
 * is not: what a statement may do is decided in reader_guard.c.
 */
#include "debugger/sql/sql.h"

#include "debugger/recording/file_kind.h"
#include "debugger/sql/result.h"
#include "debugger/sql/sql_functions.h"
#include "debugger/text/printable.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUERY_MAX (1 << 20)

static const struct option_row sql_options[] = {
	{"format", 0, "text|json|csv", "an aligned table, an array of objects, or CSV"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* What the contract and the schema call tables, and where ours are made anew as TEMP views. */
static const char tables_query[] =
	"SELECT name, type FROM (SELECT name, 'view' AS type FROM temp.sqlite_master"
	" WHERE type = 'view' UNION ALL SELECT name, 'table' FROM main.sqlite_master"
	" WHERE type = 'table') ORDER BY name LIKE 'packed%', name";
static const char schema_query[] =
	"SELECT sql || ';' AS schema FROM (SELECT name, sql FROM main.sqlite_master UNION ALL"
	" SELECT name, sql FROM temp.sqlite_master) WHERE sql IS NOT NULL AND (?1 IS NULL OR name "
	"= ?1"
	" COLLATE NOCASE) ORDER BY name";

/* An error of SQLite's, with the place in the query where it was noticed. */
static int query_error(sqlite3 *database, const char *query, int offset, struct error *err)
{
	struct strbuf near = {0}, words = {0};

	printable_add_string(&words, sqlite3_errmsg(database));
	if (offset >= 0 && (size_t)offset < strlen(query)) {
		printable_add(&near, query + offset, strcspn(query + offset, "\n"), 40);
		error_set(err, "sql: %.300s, at character %d: %s", strbuf_string(&words),
			offset + 1, strbuf_string(&near));
	} else if (strstr(strbuf_string(&words), "not authorized") ||
		   strstr(strbuf_string(&words), "prohibited")) {
		error_set(err, "sql: %.300s: a recording is only read", strbuf_string(&words));
	} else {
		error_set(err, "sql: %.300s", strbuf_string(&words));
	}
	strbuf_deinit(&near);
	strbuf_deinit(&words);
	return 1;
}

static int error_offset(sqlite3 *database)
{
#if SQLITE_VERSION_NUMBER >= 3038000
	return sqlite3_error_offset(database);
#else
	(void)database;
	return -1;
#endif
}

/* Plain text, one value a row, its own lines kept: what .schema writes. */
static int write_lines(sqlite3_stmt *statement, FILE *out)
{
	struct strbuf line = {0};
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		while (text && *text) {
			size_t length = strcspn(text, "\n"), tabs = strspn(text, "\t");

			tabs = tabs < length ? tabs : length;
			strbuf_clear(&line);
			strbuf_add_repeated(&line, '\t', tabs);
			printable_add(&line, text + tabs, length - tabs, 4000);
			fprintf(out, "%s\n", strbuf_string(&line));
			text += length + (text[length] == '\n');
		}
	}
	strbuf_deinit(&line);
	return code;
}

static int run_statement(struct session *session, sqlite3_stmt *statement,
	enum result_format format, const char *query, struct error *err)
{
	int code = result_write(statement, format, session->out);

	if (code == SQLITE_DONE)
		return 0;
	if (code == SQLITE_INTERRUPT)
		return reader_error(session->recording, NULL, err), 1;
	return query_error(reader_database(session->recording), query, -1, err);
}

/* All statements of a query, one after the other; JSON and CSV are for one. */
static int run_query(
	struct session *session, const char *query, enum result_format format, struct error *err)
{
	sqlite3 *database = reader_database(session->recording);
	const char *rest = query;
	int status = 0, count = 0;

	while (!status && *rest) {
		const char *begin = rest;
		sqlite3_stmt *statement;

		if (sqlite3_prepare_v2(database, begin, -1, &statement, &rest)) {
			int offset = error_offset(database);

			return query_error(database, query,
				offset < 0 ? -1 : offset + (int)(begin - query), err);
		}
		if (!statement)
			continue;
		if (count++ && format != RESULT_TEXT) {
			sqlite3_finalize(statement);
			error_set(err, "sql: JSON and CSV take one statement at a time");
			return 2;
		}
		if (count > 1)
			fputc('\n', session->out);
		status = run_statement(session, statement, format, query, err);
		sqlite3_finalize(statement);
	}
	if (!status && !count) {
		error_set(err, "sql: the query is empty");
		return 2;
	}
	return status;
}

/* ".tables", ".schema", ".schema NAME". */
static int run_dot(
	struct session *session, const char *query, enum result_format format, struct error *err)
{
	sqlite3 *database = reader_database(session->recording);
	bool schema = !strncmp(query, ".schema", 7) && (!query[7] || strchr(" \n", query[7]));
	bool tables = !strncmp(query, ".tables", 7) && !query[7 + strspn(query + 7, " \n")];
	const char *name = query + 7 + (schema ? strspn(query + 7, " \n") : 0);
	sqlite3_stmt *statement;
	int code;

	if (!schema && !tables) {
		error_set(err, "sql: unknown '%.40s': there are .tables and .schema [NAME]", query);
		return 2;
	}
	if (sqlite3_prepare_v2(
		    database, schema ? schema_query : tables_query, -1, &statement, NULL))
		return query_error(database, query, -1, err);
	if (schema && *name)
		sqlite3_bind_text(statement, 1, name, (int)strcspn(name, " \n;"), SQLITE_TRANSIENT);
	code = schema && format == RESULT_TEXT ? write_lines(statement, session->out)
					       : result_write(statement, format, session->out);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : query_error(database, query, -1, err);
}

/* The words as one query, or what stands on our input. */
static int read_query(const struct invocation *invocation, struct session *session,
	struct strbuf *ret, struct error *err)
{
	char room[4096];
	size_t count;
	int i;

	for (i = 0; i < invocation->options.word_count; i++) {
		if (i)
			strbuf_add_char(ret, ' ');
		strbuf_add_string(ret, invocation->options.words[i]);
	}
	if (i)
		return 0;
	if (session->at_prompt || isatty(STDIN_FILENO))
		return error_set(err, "sql: type a query: sql 'SELECT * FROM process', or .tables");
	while ((count = fread(room, 1, sizeof room, stdin)) && ret->length < QUERY_MAX)
		strbuf_add(ret, room, count);
	return 0;
}

static int sql_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *word = option_value(&invocation->options, "format");
	enum result_format format = !word	   ? RESULT_TEXT
				    : *word == 'j' ? RESULT_JSON
				    : *word == 'c' ? RESULT_CSV
						   : RESULT_TEXT;
	struct strbuf query = {0};
	const char *text;
	int status;

	if (read_query(invocation, session, &query, err)) {
		strbuf_deinit(&query);
		return 2;
	}
	if (sql_functions_add(session->recording, err)) {
		strbuf_deinit(&query);
		return 1;
	}
	text = strbuf_string(&query) + strspn(strbuf_string(&query), " \t\n");
	if (invocation->options.word_count == 1 && file_kind_of(text) == FILE_RECORDING) {
		error_set(err, "sql: '%s' is a recording, not a query: type -r %s", text, text);
		strbuf_deinit(&query);
		return 2;
	}
	reader_set_budget(session->recording, 0);
	status = *text == '.' ? run_dot(session, text, format, err)
			      : run_query(session, text, format, err);
	reader_set_budget(session->recording, READER_BUDGET);
	strbuf_deinit(&query);
	return status;
}

const struct command sql_command = {
	.name = "sql",
	.group = GROUP_DATA,
	.usage = "[options] [QUERY]",
	.summary = "ask the recording in SQL",
	.description = "Runs QUERY, or what stands on the input, on the recording, which is only "
		       "read."
		       "\nThe tables are documented in schema/README.md; .tables lists them and"
		       "\n.schema [NAME] shows their columns.\n"
		       "\n"
		       "  acausal sql 'SELECT type, count(*) FROM resource_named GROUP BY type'\n"
		       "  acausal sql --format csv < query.sql\n"
		       "\n"
		       "`text REGEXP pattern` matches as `log` does.",
	.options = sql_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING | COMMAND_REST,
	.most_words = -1,
	.run = sql_run,
};
