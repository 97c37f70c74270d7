/* SQL text on a recording: see sql_run.h. */
#include "debugger/sql/sql_run.h"

#include "debugger/sql/query_plan.h"
#include "debugger/sql/result.h"
#include "debugger/text/printable.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

FILE *sql_run_out(const struct sql_run *run)
{
	return run->settings->output ? run->settings->output : run->session->out;
}

void sql_run_end_result(struct sql_run *run)
{
	fflush(sql_run_out(run));
	if (run->settings->once)
		sql_settings_output(run->settings, NULL, false, NULL);
}

/* Where it is: "at character 8: nowhere FROM run", with file and line where there are more. */
static void add_place(
	struct strbuf *words, const struct sql_run *run, const char *text, size_t line, size_t at)
{
	size_t begin = at, i;

	for (i = 0; i < at; i++)
		line += text[i] == '\n';
	while (begin && text[begin - 1] != '\n')
		begin--;
	if (run->path) {
		strbuf_add_string(words, ", ");
		printable_add_string(words, run->path);
		strbuf_printf(words, ":%zu", line);
	} else if (line > 1) {
		strbuf_printf(words, ", line %zu", line);
	}
	strbuf_printf(words, ", at character %zu: ", at - begin + 1);
	printable_add(words, text + at, strcspn(text + at, "\n"), 40);
}

/* An error of SQLite's, with the place in the text where it was noticed, when that is known. */
static int query_error(
	const struct sql_run *run, const char *text, size_t line, long offset, struct error *err)
{
	const char *message = sqlite3_errmsg(reader_database(run->session->recording));
	struct strbuf words = {0}, place = {0};

	printable_add_string(&words, message);
	if (offset >= 0 && (size_t)offset < strlen(text))
		add_place(&place, run, text, line, (size_t)offset);
	else if (strstr(message, "not authorized") || strstr(message, "prohibited"))
		strbuf_add_string(&place, ": a recording is only read");
	else if (run->path)
		strbuf_printf(&place, ", in '%s'", run->path);
	error_set(err, "sql: %.500s%.400s", strbuf_string(&words), strbuf_string(&place));
	strbuf_deinit(&words);
	strbuf_deinit(&place);
	return 1;
}

static long error_offset(sqlite3 *database)
{
#if SQLITE_VERSION_NUMBER >= 3038000
	return sqlite3_error_offset(database);
#else
	(void)database;
	return -1;
#endif
}

static double seconds(const struct timeval *from, const struct timeval *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_usec - from->tv_usec) / 1e6;
}

struct stopwatch {
	struct timespec real;
	struct rusage used;
};

static void stopwatch_start(struct stopwatch *watch)
{
	clock_gettime(CLOCK_MONOTONIC, &watch->real);
	getrusage(RUSAGE_SELF, &watch->used);
}

/* As SQLite's shell says it. */
static void stopwatch_tell(const struct stopwatch *watch, FILE *out)
{
	struct stopwatch now;

	stopwatch_start(&now);
	fprintf(out, "Run Time: real %.3f user %.6f sys %.6f\n",
		(double)(now.real.tv_sec - watch->real.tv_sec) +
			(double)(now.real.tv_nsec - watch->real.tv_nsec) / 1e9,
		seconds(&watch->used.ru_utime, &now.used.ru_utime),
		seconds(&watch->used.ru_stime, &now.used.ru_stime));
}

static bool is_table(const struct result_style *style)
{
	return style->mode <= RESULT_MARKDOWN;
}

/* The plan before the rows, when that is wanted. */
static void explain(struct sql_run *run, sqlite3_stmt *statement)
{
	sqlite3_stmt *plan;
	char *sql;

	if (!run->settings->explain || sqlite3_stmt_isexplain(statement))
		return;
	sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(statement));
	if (sql && !sqlite3_prepare_v2(sqlite3_db_handle(statement), sql, -1, &plan, NULL)) {
		query_plan_write(plan, sql_run_out(run));
		sqlite3_finalize(plan);
	}
	sqlite3_free(sql);
}

static int run_statement(struct sql_run *run, sqlite3_stmt *statement, const char *text,
	size_t line, struct error *err)
{
	const struct result_style *style = &run->settings->style;
	struct stopwatch watch;
	int64_t rows;
	int code;

	explain(run, statement);
	sql_settings_bind(run->settings, statement);
	stopwatch_start(&watch);
	if (is_table(style) && sqlite3_stmt_isexplain(statement) == 2)
		code = query_plan_write(statement, sql_run_out(run));
	else
		code = result_write(statement, style, sql_run_out(run), &rows);
	sql_run_end_result(run);
	if (run->settings->timer)
		stopwatch_tell(&watch, run->session->out);
	if (code == SQLITE_DONE)
		return 0;
	if (code == SQLITE_INTERRUPT)
		return reader_error(run->session->recording, NULL, err), 1;
	return query_error(run, text, line, -1, err);
}

int sql_run_text(struct sql_run *run, const char *text, size_t line, struct error *err)
{
	sqlite3 *database = reader_database(run->session->recording);
	const char *rest = text;
	int status = 0;

	while (!status && *rest) {
		const char *begin = rest;
		sqlite3_stmt *statement;

		if (sqlite3_prepare_v2(database, begin, -1, &statement, &rest)) {
			long offset = error_offset(database);

			return query_error(run, text, line,
				offset < 0 ? -1 : offset + (long)(begin - text), err);
		}
		if (!statement)
			continue;
		if (run->statements++ && run->is_single) {
			sqlite3_finalize(statement);
			error_set(err, "sql: JSON and CSV take one statement at a time");
			return 2;
		}
		/* One result is parted from the next. */
		if (run->results++ && !run->is_typed && !run->settings->output &&
			is_table(&run->settings->style))
			fputc('\n', run->session->out);
		status = run_statement(run, statement, text, line, err);
		sqlite3_finalize(statement);
	}
	return status;
}

/* Plain text, one value a row, its own lines kept. */
static int write_plain(sqlite3_stmt *statement, FILE *out)
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

int sql_run_own(
	struct sql_run *run, const char *sql, const char *parameter, bool plain, struct error *err)
{
	sqlite3 *database = reader_database(run->session->recording);
	sqlite3_stmt *statement;
	int64_t rows;
	int code;

	if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL))
		return query_error(run, sql, 1, -1, err);
	if (parameter)
		sqlite3_bind_text(statement, 1, parameter, -1, SQLITE_TRANSIENT);
	run->statements++;
	code = plain ? write_plain(statement, sql_run_out(run))
		     : result_write(statement, &run->settings->style, sql_run_out(run), &rows);
	sqlite3_finalize(statement);
	sql_run_end_result(run);
	return code == SQLITE_DONE ? 0 : query_error(run, sql, 1, -1, err);
}
