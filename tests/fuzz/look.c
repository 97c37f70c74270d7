/*
 * All that the debugger can be asked of one recording: see fuzz_look. Commands run in this process,
 * through the table that the shell's words go through, so that every parser, reader and renderer is
 * in.
 */
#include "tests/fuzz/fuzz.h"

#include "debugger/command_table.h"
#include "debugger/overview.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8, NUMBERS_MAX = 6, VIEWS_MAX = 64, VIEW_NAME = 64 };

/* More than what any answer about so small an input can need. */
static const uint64_t answer_max = UINT64_C(256) << 20;

static ssize_t throw_away(void *counter, const char *bytes, size_t size)
{
	uint64_t *written = counter;

	(void)bytes;
	*written += size;
	fuzz_must(*written < answer_max, "an answer has an end", NULL);
	return (ssize_t)size;
}

/* A stream that goes nowhere. It has no descriptor, and so is no terminal. */
static FILE *open_nowhere(uint64_t *written)
{
	FILE *out = fopencookie(written, "w", (cookie_io_functions_t){.write = throw_away});

	*written = 0;
	fuzz_must(out != NULL, "a stream can be made", NULL);
	return out;
}

/* The words of a command line, parted by blanks; the last one may be given apart. */
static void ask(struct session *session, const char *line, const char *last)
{
	char words[128], *arguments[WORDS_MAX], *rest = words;
	struct error err = {""};
	const struct command *command;
	int count = 0, status;

	snprintf(words, sizeof words, "%s", line);
	for (char *word; count < WORDS_MAX - 2 && (word = strsep(&rest, " "));)
		arguments[count++] = word;
	if (last)
		arguments[count++] = strdup(last);
	arguments[count] = NULL;
	command = command_find(&command_table, arguments[0], COMMAND_SHELL);
	fuzz_must(command != NULL, "there is such a command", arguments[0]);
	status = command_run(&command_table, command, session, count - 1, arguments + 1, &err);
	fuzz_must(status == 0 || status == 1 || status == 2, "a command ends with 0, 1 or 2", line);
	if (last)
		free(arguments[count - 1]);
}

/* The first and the last few numbers of a column. Returns how many. */
static size_t find_numbers(
	struct session *session, const char *from, const char *column, int64_t *ret)
{
	size_t count = 0;

	for (int back = 0; back < 2; back++) {
		sqlite3_stmt *statement;
		char sql[200];

		snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s IS NOT NULL ORDER BY 1%s",
			column, from, column, back ? " DESC" : "");
		if (sqlite3_prepare_v2(
			    reader_database(session->recording), sql, -1, &statement, NULL))
			continue;
		for (int i = 0; i < NUMBERS_MAX / 2 && sqlite3_step(statement) == SQLITE_ROW; i++)
			ret[count++] = sqlite3_column_int64(statement, 0);
		sqlite3_finalize(statement);
	}
	return count;
}

static void ask_points(struct session *session, const char *from, const char *column,
	const char *prefix, bool has_trace)
{
	int64_t numbers[NUMBERS_MAX];
	static const char *const traces[] = {"trace", "trace --format json", "trace --full"};
	size_t count = find_numbers(session, from, column, numbers);
	char point[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(point, sizeof point, "%s%" PRIi64, prefix, numbers[i]);
		ask(session, "info", point);
		if (!has_trace)
			continue;
		ask(session, traces[i % 3], point);
	}
}

static void ask_views(struct session *session)
{
	static const char sql[] = "SELECT name FROM temp.sqlite_master WHERE type = 'view'";
	static char names[VIEWS_MAX][VIEW_NAME];
	sqlite3_stmt *statement;
	size_t count = 0;

	if (sqlite3_prepare_v2(reader_database(session->recording), sql, -1, &statement, NULL))
		return;
	while (count < VIEWS_MAX && sqlite3_step(statement) == SQLITE_ROW)
		snprintf(names[count++], VIEW_NAME, "%s", sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	for (size_t i = 0; i < count; i++) {
		char query[VIEW_NAME + 40];

		snprintf(query, sizeof query, "SELECT * FROM \"%s\" LIMIT 20", names[i]);
		ask(session,
			i % 3	? "sql"
			: i % 2 ? "sql --format json"
				: "sql --format csv",
			query);
	}
}

static void ask_overview(struct session *session)
{
	struct invocation alone = {
		.table = &command_table, .options = {.rows = overview_command.options}};
	struct error err = {""};

	overview_run(session, &alone, &err);
}

static void ask_everything(struct session *session)
{
	ask_points(session, "main.packed_resource", "async_id", "", true);
	ask_points(session, "main.packed_request", "async_id", "", true);
	ask_points(session, "main.packed_request", "run_id", "run:", true);
	ask_points(session, "main.packed_run", "run_id", "run:", true);
	ask_points(session, "main.packed_log", "log_id", "log:", true);
	ask_points(session, "main.crash", "crash_id", "crash:", true);
	ask_points(session, "main.thread", "thread_id", "thread:", true);
	ask_points(session, "main.process", "process_id", "process:", true);
}

static void ask_stack(struct session *session)
{
	static const char *const lines[] = {"crash", "crash --format json", "threads",
		"threads --all", "threads --format json", "frame 1", "frame --format json 2",
		"list", "list main", "trace --source 3"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		ask(session, lines[i], NULL);
}

static void ask_kin(struct session *session)
{
	static const char *const lines[] = {"tree crash", "tree --format json crash",
		"children crash", "why crash", "why --format json crash", "context crash", "live",
		"live --format json 1", "running 1", "find e", "find --format json type=timer"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		ask(session, lines[i], NULL);
}

/* With itself. */
static void ask_diff(struct session *session)
{
	static const char *const lines[] = {"diff --all", "diff --format json --by time"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		ask(session, lines[i], fuzz_path());
}

static void ask_log(struct session *session)
{
	ask(session, "log", "e");
	ask(session, "log --trace -F", "a");
	ask(session, "log --format json", "^[^ ]*");
	ask(session, "log --file", "server.log:2");
}

/* One in so many, or all. */
static bool is_chosen(uint32_t choice, unsigned shift, unsigned of)
{
	return choice == FUZZ_ALL || (choice >> shift) % of == 0;
}

void fuzz_look(uint32_t choice)
{
	struct session session;
	struct error err;
	uint64_t written;

	session_init(&session, fuzz_path());
	session.out = open_nowhere(&written);
	if (session_acquire(&session, &err))
		goto out;
	session_release(&session);
	ask_overview(&session);
	ask(&session, "trace", NULL);
	ask(&session, "info", NULL);
	ask(&session, "trace", "crash");
	ask(&session, "info", "crash");
	ask_stack(&session);
	ask_everything(&session);
	if (is_chosen(choice, 12, 2))
		ask_kin(&session);
	if (is_chosen(choice, 16, 4))
		ask_diff(&session);
	if (is_chosen(choice, 0, 2))
		ask_log(&session);
	if (is_chosen(choice, 4, 8)) {
		ask(&session, "sql", ".tables");
		ask(&session, "sql", ".schema");
	}
	if (is_chosen(choice, 8, 4))
		ask_views(&session);
out:
	fclose(session.out);
	session_deinit(&session);
}

void fuzz_look_core(uint32_t choice)
{
	static const char *const lines[] = {"core", "core --full", "core --format json"};
	struct session session;
	uint64_t written;

	session_init(&session, NULL);
	session.out = open_nowhere(&written);
	ask(&session, lines[choice % 3], fuzz_path());
	fclose(session.out);
	session_deinit(&session);
}
