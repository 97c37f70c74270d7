/*
 * The recording in short: see overview.h. Reads only small tables: it must answer at once on any
 * recording.
 */
#include "debugger/overview.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/manual.h"
#include "debugger/overview_processes.h"
#include "debugger/recording/file_kind.h"
#include "debugger/recording/lookup.h"
#include "debugger/text/page.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"

#include <inttypes.h>
#include <string.h>

#define COMMAND_BYTES 4000
#define TYPES_SHOWN   6
#define WORDS_COLUMN  14
#define LEFT_MANY     10       /* handles, that are worth a look */
#define STALL_NS      50000000 /* so long a callback is no more what one expects */

static const struct option_row overview_options[] = {
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

struct overview {
	struct page page;
	struct reader *recording;
	struct error *err;
	bool failed; /* `err` says why */
	bool is_flight;
};

/* The first value of `sql`. UNKNOWN after an error, which is kept. */
static int64_t number_of(struct overview *overview, const char *sql)
{
	sqlite3 *database = reader_database(overview->recording);
	sqlite3_stmt *statement = NULL;
	int64_t number = UNKNOWN;
	int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

	if (!code)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		number = lookup_column(statement, 0);
	else if (code != SQLITE_DONE && !overview->failed)
		overview->failed = reader_error(overview->recording, NULL, overview->err);
	sqlite3_finalize(statement);
	return number;
}

/* From the totals that are kept while recording; the IDs say how many when there are none yet. */
static void resource_line(struct overview *overview)
{
	struct reader *recording = overview->recording;
	struct page *page = &overview->page;
	static const char sql[] = "SELECT t.name, sum(s.created) FROM main.stack_total s"
				  " JOIN main.type t ON t.type_id = s.type_id GROUP BY t.name"
				  " ORDER BY t.class = 'root', 2 DESC, 1 LIMIT 6";
	int64_t count = number_of(overview, "SELECT sum(created) FROM main.stack_total");
	struct strbuf words = {0};
	sqlite3_stmt *statement;
	int shown = 0;

	if (count == UNKNOWN) {
		count = number_of(overview,
			"SELECT max(a) FROM (SELECT max(async_id) AS a FROM"
			" main.packed_request UNION ALL SELECT max(async_id) FROM"
			" main.packed_resource)");
		strbuf_add_string(&words, "about ");
		count = count == UNKNOWN ? 0 : id_number(count);
	}
	quantity_add_count(&words, count);
	if (!sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL)) {
		while (shown < TYPES_SHOWN && sqlite3_step(statement) == SQLITE_ROW) {
			strbuf_add_string(&words, shown++ ? ", " : ": ");
			quantity_add_count(&words, sqlite3_column_int64(statement, 1));
			strbuf_add_char(&words, ' ');
			describe_type(&words, (const char *)sqlite3_column_text(statement, 0));
		}
		sqlite3_finalize(statement);
	}
	page_add(page, PAGE_FAINT, "  resources");
	page_tab(page, WORDS_COLUMN);
	page->indent = WORDS_COLUMN;
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static void count_line(struct overview *overview)
{
	struct page *page = &overview->page;
	const bool tells_pauses = reader_has_history(overview->recording);
	const struct {
		const char *sql, *one, *many;
	} counts[] = {
		{"SELECT count(*) FROM main.thread", "thread", "threads"},
		{"SELECT max(stack_id) FROM main.stack", "stack", "stacks"},
		{"SELECT max(log_id) FROM main.packed_log", "log line", "log lines"},
		{"SELECT count(*) FROM main.crash", "crash", "crashes"},
		{tells_pauses ? "SELECT sum(lost) FROM main.gap WHERE reason IS NULL"
			      : "SELECT sum(lost) FROM main.gap",
			"lost event", "lost events"},
		{tells_pauses ? "SELECT count(*) FROM main.gap WHERE reason = 'paused'"
			      : "SELECT 0",
			"pause", "pauses"},
	};
	struct strbuf words = {0};
	size_t i;

	for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		int64_t count = number_of(overview, counts[i].sql);

		if (count == UNKNOWN || !count)
			continue;
		strbuf_add_string(&words, words.length ? ", " : "");
		quantity_add_count(&words, count);
		strbuf_add_char(&words, ' ');
		strbuf_add_string(&words, count == 1 ? counts[i].one : counts[i].many);
	}
	if (words.length) {
		page_add(page, PAGE_FAINT, "  and");
		page_tab(page, WORDS_COLUMN);
		page->indent = WORDS_COLUMN;
		page_words(page, PAGE_PLAIN, strbuf_string(&words));
		page_end_line(page);
	}
	strbuf_deinit(&words);
}

static void add_history(struct strbuf *words, struct overview *overview)
{
	static const char some[] =
		"SELECT count(*) FROM main.process WHERE history_from_ns IS NOT NULL";
	int64_t count;

	if (!reader_has_history(overview->recording))
		return;
	count = number_of(overview, some);
	if (count == 1)
		describe_history(words, overview->recording,
			number_of(overview, "SELECT max(history_from_ns) FROM main.process"));
	else if (count > 1)
		strbuf_add_string(words, "of each process all since the moment that stands there;"
					 " before that, what led to what is still alive");
	else if (overview->is_flight)
		strbuf_add_string(words, "nothing was overwritten");
	else if (reader_was_drained(overview->recording))
		strbuf_add_string(words, "what its recorder had taken is in that one's recording");
}

/* Since when all is there, where that is not since the beginning. */
static void history_line(struct overview *overview)
{
	const char *mode = reader_meta(overview->recording, "mode");
	struct page *page = &overview->page;
	struct strbuf words = {0};

	overview->is_flight = mode && !strcmp(mode, "flight");
	add_history(&words, overview);
	if (!words.length)
		return;
	page_add(page, PAGE_FAINT, "  history");
	page_tab(page, WORDS_COLUMN);
	page->indent = WORDS_COLUMN;
	page_words(page, PAGE_PLAIN, overview->is_flight ? "flight mode: " : "");
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

/* "2026-11-22 00:10:00 UTC", of the time as the recording has it. */
static void add_start(struct strbuf *words, const char *started)
{
	struct strbuf printable = {0};
	const char *text;

	printable_add_string(&printable, started);
	text = strbuf_string(&printable);
	if (strlen(text) > 19 && text[10] == 'T' && text[strlen(text) - 1] == 'Z')
		strbuf_printf(words, "%.10s %.8s UTC", text, text + 11);
	else
		strbuf_add_string(words, text);
	strbuf_deinit(&printable);
}

static void heading(struct page *page, const struct session *session)
{
	struct reader *recording = session->recording;
	const char *started = reader_meta(recording, "started_at");
	struct strbuf words = {0};

	/* What is looked at: the recording of a core has a name that is gone. */
	printable_add_string(&words, session->path);
	page_add(page, PAGE_STRONG, strbuf_string(&words));
	page_add(page, PAGE_PLAIN, ": ");
	page->indent = 2;
	strbuf_clear(&words);
	describe_command(&words, recording, reader_meta(recording, "command"), COMMAND_BYTES);
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	strbuf_clear(&words);
	add_start(&words, started ? started : "at an unknown time");
	if (reader_state_words(recording))
		strbuf_printf(&words, ", %s", reader_state_words(recording));
	page_add(page, PAGE_FAINT, "  recorded");
	page_tab(page, WORDS_COLUMN);
	page->indent = WORDS_COLUMN;
	page_words(page, reader_state(recording) == RECORDING_COMPLETE ? PAGE_PLAIN : PAGE_WARN,
		strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

/* A line of what to type next; `argument` may be NULL. */
static void suggest(struct page *page, const struct session *session, const char *command,
	const char *argument, const char *what)
{
	struct strbuf words = {0};
	size_t column;

	session_add_command(session, &words, "");
	column = 30 + strlen(strbuf_string(&words));
	strbuf_clear(&words);
	/* Help is about no recording. */
	if (!strcmp(command, "help"))
		strbuf_add_string(&words, session->at_prompt ? "help" : "acausal help");
	else
		session_add_command(session, &words, command);
	if (argument)
		strbuf_printf(&words, " %s", argument);
	page_add(page, PAGE_PLAIN, "  ");
	page_add(page, PAGE_STRONG, strbuf_string(&words));
	page_tab(page, column);
	page_add(page, PAGE_PLAIN, what);
	page_end_line(page);
	strbuf_deinit(&words);
}

/* Queries of the library: those that the totals, which are kept while recording, say are worth it.
 */
static void suggest_queries(struct overview *overview, const struct session *session)
{
	static const char left_sql[] =
		"SELECT sum(created - destroyed) FROM main.stack_total s JOIN main.type t"
		" ON t.type_id = s.type_id WHERE t.class = 'handle' AND created > destroyed";
	static const char longest_sql[] =
		"SELECT max(run_max_ns) FROM main.stack_total s JOIN main.type t"
		" ON t.type_id = s.type_id WHERE t.class IN ('handle', 'request')";
	int64_t left = number_of(overview, left_sql), longest = number_of(overview, longest_sql);
	struct strbuf words = {0};

	if (left >= LEFT_MANY) {
		quantity_add_count(&words, left);
		strbuf_add_string(&words, " handles were never closed: which, and why");
		suggest(&overview->page, session, "query", "leaks", strbuf_string(&words));
	}
	if (longest >= STALL_NS) {
		strbuf_clear(&words);
		strbuf_add_string(&words, "a callback held its loop for ");
		quantity_add_duration(&words, longest);
		suggest(&overview->page, session, "query", "stalls", strbuf_string(&words));
	}
	if (number_of(overview, "SELECT max(context_id) FROM main.context") != UNKNOWN)
		suggest(&overview->page, session, "query", "lost-context",
			"where a value of the context was lost");
	suggest(&overview->page, session, "query", NULL,
		"ready-made questions: leaks, latency, pool …");
	strbuf_deinit(&words);
}

/* What to type next: only what this recording has an answer to. */
static void suggestions(struct overview *overview, const struct session *session)
{
	struct page *page = &overview->page;
	struct point point = {POINT_DEFAULT, UNKNOWN};
	int64_t last = number_of(overview, "SELECT max(async_id) FROM main.packed_request");
	struct strbuf words = {0};

	page_end_line(page);
	if (last == UNKNOWN)
		/* Number 1 of a process stands for the process itself. */
		last = number_of(overview,
			"SELECT async_id FROM main.packed_resource WHERE"
			" async_id & ((1 << 40) - 1) <> 1 ORDER BY async_id DESC LIMIT 1");
	if (!point_resolve(session->recording, &point, NULL))
		suggest(page, session, "trace", NULL,
			point.kind == POINT_CRASH    ? "the async stack of the crash"
			: point.kind == POINT_THREAD ? "what the killed thread was doing"
						     : "the async stack of the last log line");
	if (last != UNKNOWN) {
		point_add_async(&words, last);
		suggest(page, session, "trace", strbuf_string(&words),
			"where a resource came from");
		suggest(page, session, "info", strbuf_string(&words), "everything known of it");
	}
	if (number_of(overview, "SELECT max(log_id) FROM main.packed_log") != UNKNOWN)
		suggest(page, session, "log", NULL, "what the program wrote; PATTERN, --file");
	suggest_queries(overview, session);
	suggest(page, session, "sql", ".tables", "what can be asked in SQL");
	if (!session->at_prompt)
		suggest(page, session, "debug", NULL, "a prompt for all of these");
	suggest(page, session, "help", NULL, "all commands");
	strbuf_deinit(&words);
}

int overview_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	struct overview overview = {.err = err};

	if (!session->recording && !session->path_given &&
		file_kind_of(session->path) == FILE_MISSING) {
		manual_list_shell(invocation->table, session->out);
		return 0;
	}
	if (session_acquire(session, err))
		return 1;
	overview.recording = session->recording;
	terminal_begin(&overview.page, session->out);
	heading(&overview.page, session);
	history_line(&overview);
	overview_processes(&overview.page, session->recording);
	resource_line(&overview);
	count_line(&overview);
	suggestions(&overview, session);
	if (!overview.failed)
		terminal_show(&overview.page, session->out, false);
	page_deinit(&overview.page);
	session_release(session);
	return overview.failed;
}

const struct command overview_command = {
	.name = "overview",
	.group = GROUP_THINGS,
	.usage = "",
	.summary = "show the recording in short",
	.description = "What was recorded, when and how much of it, and what to type next.",
	.options = overview_options,
	.flags = COMMAND_PROMPT,
	.run = overview_run,
};
