/*
 * Completion of a POINT: see complete_point.h. Numbers that begin with some digits are ranges, one
 * for each count of digits; the first and the last of each range, and the next ones up to a limit,
 * are looked up by primary key. So what they all have in common is known also where there are far
 * more than are listed.
 */
#include "debugger/prompt/complete_point.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/lookup.h"
#include "debugger/text/printable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LISTED_MAX   50
#define TEXT_MAX     100 /* bytes of a log line that is shown */
#define TRIAL_BUDGET 2000000

/* A kind of IDs, and where they are. */
struct id_space {
	enum point_kind kind;
	const char *prefix, *words;
	bool in_process;
	const char *const *columns; /* "table WHERE column", each with its column */
};

static const char *const async_columns[] = {
	"async_id", "packed_resource", "async_id", "packed_request", NULL};
static const char *const run_columns[] = {"run_id", "packed_run", "run_id", "packed_shot", "run_id",
	"packed_request" /* last: only with its index */, NULL};
static const char *const log_columns[] = {"log_id", "packed_log", NULL};
static const char *const crash_columns[] = {"crash_id", "crash", NULL};
static const char *const thread_columns[] = {"thread_id", "thread", NULL};
static const char *const process_columns[] = {"process_id", "process", NULL};

static const struct id_space spaces[] = {
	{POINT_ASYNC, "", "a resource", true, async_columns},
	{POINT_RUN, "run:", "a run of a callback", true, run_columns},
	{POINT_LOG, "log:", "a line that the program wrote", false, log_columns},
	{POINT_CRASH, "crash:", "a crash", false, crash_columns},
	{POINT_THREAD, "thread:", "what a thread was doing when it was killed", false,
		thread_columns},
	{POINT_PROCESS, "process:", "a process: the call that started it", false, process_columns},
};
#define SPACE_COUNT (sizeof spaces / sizeof spaces[0])

/* What is being completed. */
struct search {
	struct candidates *candidates;
	struct session *session;
	const struct id_space *space;
	sqlite3_stmt *first, *last; /* ID from ?1 to ?2 */
	int64_t base;		    /* of the process */
	size_t listed;
	char *low, *high; /* of all that there are, the least and greatest as texts */
};

/* "SELECT min(id) FROM (…)" over the tables of a space. */
static sqlite3_stmt *prepare(
	struct reader *recording, const struct id_space *space, const char *which)
{
	const char *const *column;
	struct strbuf sql = {0};
	sqlite3_stmt *statement = NULL;

	strbuf_printf(&sql, "SELECT %s(id) FROM (", which);
	for (column = space->columns; *column; column += 2) {
		if (space->kind == POINT_RUN && !strcmp(column[1], "packed_request") &&
			!reader_is_indexed(recording))
			continue;
		strbuf_printf(&sql, "%sSELECT %s(%s) AS id FROM main.%s WHERE %s BETWEEN ?1 AND ?2",
			column == space->columns ? "" : " UNION ALL ", which, column[0], column[1],
			column[0]);
	}
	strbuf_add_char(&sql, ')');
	if (sqlite3_prepare_v2(
		    reader_database(recording), strbuf_string(&sql), -1, &statement, NULL))
		statement = NULL;
	strbuf_deinit(&sql);
	return statement;
}

/* The least or greatest ID in a range; UNKNOWN when it is empty. */
static int64_t ask(sqlite3_stmt *statement, int64_t from, int64_t to)
{
	int64_t found = UNKNOWN;

	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, to);
	if (sqlite3_step(statement) == SQLITE_ROW &&
		sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
		found = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return found >= from && found <= to ? found : UNKNOWN;
}

/* "timer (500 ms), made in schedule_retry" */
static void describe_async(struct strbuf *words, struct session *session, int64_t id)
{
	const struct frames_base base = {false, UNKNOWN};
	const struct frames *frames;
	struct resource_row row;
	size_t i = 0;

	if (lookup_resource(session->recording, id, &row, NULL) != 1)
		return;
	describe_type(words, row.type.name);
	if (row.detail) {
		strbuf_add_string(words, " (");
		printable_add(words, row.detail, strlen(row.detail), TEXT_MAX);
		strbuf_add_char(words, ')');
	}
	if (row.stack_id == UNKNOWN || frames_of_stack(session->cache, session->recording,
					       row.stack_id, &base, &frames, NULL))
		return;
	while (i < frames->count && frames->rows[i].is_aside)
		i++;
	if (i < frames->count && frames->rows[i].function) {
		strbuf_add_string(words, ", made in ");
		printable_add_string(words, frames->rows[i].function);
	}
}

static void describe_log(struct strbuf *words, struct session *session, int64_t id)
{
	struct log_row row;

	if (lookup_log(session->recording, id, &row, NULL) == 1 && row.text)
		printable_add(words, row.text,
			row.text_length < TEXT_MAX ? row.text_length : TEXT_MAX, 0);
}

static void describe_process_row(struct strbuf *words, struct session *session, int64_t id)
{
	struct process_row row;

	if (lookup_process(session->recording, id, &row, NULL) != 1)
		return;
	printable_add_string(words, frames_basename(row.executable));
	if (row.os_pid != UNKNOWN)
		strbuf_printf(words, ", pid %" PRId64, row.os_pid);
}

static void describe_point(struct strbuf *words, struct session *session, const struct point *point)
{
	struct execution execution;
	struct thread_row thread;
	struct crash_row crash;

	switch (point->kind) {
	case POINT_ASYNC:
		describe_async(words, session, point->id);
		break;
	case POINT_RUN:
		if (execution_load(session->recording, session->cache, point->id, UNKNOWN,
			    &execution, NULL) == 1)
			describe_execution(words, &execution);
		break;
	case POINT_LOG:
		describe_log(words, session, point->id);
		break;
	case POINT_CRASH:
		if (lookup_crash(session->recording, point->id, &crash, NULL) == 1)
			describe_signal(words, &crash);
		break;
	case POINT_THREAD:
		if (lookup_thread(session->recording, point->id, &thread, NULL) == 1)
			strbuf_printf(words, "%s", thread.role ? thread.role : "");
		if (words->length && thread.name && strcmp(thread.name, thread.role)) {
			strbuf_add_string(words, ", ");
			printable_add_string(words, thread.name);
		}
		break;
	default:
		describe_process_row(words, session, point->id);
	}
}

static void add_id(struct search *search, int64_t id)
{
	struct point point = {search->space->kind, id};
	struct strbuf word = {0}, words = {0};

	point_add(&word, &point);
	describe_point(&words, search->session, &point);
	candidates_add(search->candidates, "", 0, strbuf_string(&word), strbuf_string(&words));
	search->listed++;
	strbuf_deinit(&word);
	strbuf_deinit(&words);
}

/* What two texts have in common at their beginnings stays in *common. */
static void narrow(char **common, const struct id_space *space, int64_t id)
{
	struct point point = {space->kind, id};
	struct strbuf word = {0};
	size_t i = 0;

	point_add(&word, &point);
	if (!*common) {
		*common = strdup(strbuf_string(&word));
	} else {
		while ((*common)[i] && (*common)[i] == strbuf_string(&word)[i])
			i++;
		(*common)[i] = '\0';
	}
	strbuf_deinit(&word);
}

/* The IDs in a range, as long as there is room; the others narrow what is in common. */
static void add_range(struct search *search, int64_t from, int64_t to)
{
	int64_t id = ask(search->first, from, to), last;

	if (id == UNKNOWN)
		return;
	last = ask(search->last, from, to);
	narrow(&search->candidates->common, search->space, id);
	if (last != UNKNOWN)
		narrow(&search->candidates->common, search->space, last);
	while (id != UNKNOWN && search->listed < LISTED_MAX) {
		add_id(search, id);
		id = id < to ? ask(search->first, id + 1, to) : UNKNOWN;
	}
	if (id != UNKNOWN)
		search->candidates->is_cut = true;
}

/* The numbers that begin with `digits` (1 to 9…), with more and more digits. */
static void add_numbers(struct search *search, int64_t digits)
{
	const int64_t most =
		search->space->in_process ? (INT64_C(1) << ID_PROCESS_SHIFT) - 1 : INT64_MAX;
	int64_t low = digits, width = 1;

	while (low <= most) {
		int64_t high = most - low < width - 1 ? most : low + width - 1;

		add_range(search, search->base + low, search->base + high);
		if (low > most / 10)
			return;
		low *= 10;
		width *= 10;
	}
}

/* Up to 18 digits; -1 when they are none, or begin with 0. */
static int64_t read_digits(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return text[length] || length > 18 || *text == '0' ? -1 : strtoll(text, NULL, 10);
}

/* "2:" for the processes whose numbers begin so, when there is more than the first. */
static void add_processes(struct search *search, const char *text)
{
	struct strbuf word = {0}, words = {0};
	sqlite3_stmt *statement;
	int left = LISTED_MAX;

	if (sqlite3_prepare_v2(reader_database(search->session->recording),
		    "SELECT process_id FROM main.process WHERE process_id > 1", -1, &statement,
		    NULL))
		return;
	while (left-- && sqlite3_step(statement) == SQLITE_ROW) {
		strbuf_clear(&word);
		strbuf_clear(&words);
		strbuf_printf(&word, "%s%lld:", search->space->prefix,
			(long long)sqlite3_column_int64(statement, 0));
		strbuf_add_string(&words, "in ");
		describe_process_row(&words, search->session, sqlite3_column_int64(statement, 0));
		if (!strncmp(strbuf_string(&word) + strlen(search->space->prefix), text,
			    strlen(text)))
			candidates_add(search->candidates, "", 0, strbuf_string(&word),
				strbuf_string(&words));
	}
	sqlite3_finalize(statement);
	strbuf_deinit(&word);
	strbuf_deinit(&words);
}

/* `text` is what follows the kind: "", "12", "2:", "2:12". */
static void add_ids(struct search *search, const char *text)
{
	const char *colon = search->space->in_process ? strchr(text, ':') : NULL;
	int64_t digits, process = 1;
	struct strbuf first = {0};

	if (colon) {
		strbuf_add(&first, text, (size_t)(colon - text));
		process = read_digits(strbuf_string(&first));
		strbuf_deinit(&first);
		if (process < 2 || process > INT64_C(1) << (62 - ID_PROCESS_SHIFT))
			return;
		text = colon + 1;
	}
	search->base = (process - 1) << ID_PROCESS_SHIFT;
	search->base = search->space->in_process ? search->base : 0;
	digits = read_digits(text);
	if (digits < 0)
		return;
	if (search->space->in_process && !colon)
		add_processes(search, text);
	if (*text)
		add_numbers(search, digits);
	else
		for (digits = 1; digits < 10; digits++)
			add_numbers(search, digits);
}

static void search_space(struct candidates *candidates, struct session *session,
	const struct id_space *space, const char *text)
{
	struct search search = {.candidates = candidates, .session = session, .space = space};

	search.first = prepare(session->recording, space, "min");
	search.last = prepare(session->recording, space, "max");
	if (search.first && search.last)
		add_ids(&search, text);
	sqlite3_finalize(search.first);
	sqlite3_finalize(search.last);
}

void complete_point(struct candidates *candidates, struct session *session, const char *text)
{
	size_t i, length = strlen(text);

	reader_set_budget(session->recording, TRIAL_BUDGET);
	for (i = 0; i < SPACE_COUNT; i++) {
		const struct id_space *space = &spaces[i];
		size_t prefix = strlen(space->prefix);

		if (prefix && length < prefix)
			candidates_add(candidates, text, length, space->prefix, space->words);
		else if (prefix && !strncmp(text, space->prefix, prefix))
			search_space(candidates, session, space, text + prefix);
		else if (!prefix && *text >= '1' && *text <= '9')
			search_space(candidates, session, space, text);
	}
	candidates_add(candidates, text, length, "crash", "the last crash");
	if (!length)
		candidates_add(candidates, text, length, ".", "what was looked at last");
	reader_set_budget(session->recording, READER_BUDGET);
}
