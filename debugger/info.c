/*
 * `info`: see info.h. One function for each kind of thing gathers facts; how they are shown is in
 * facts.c. Reads by key and index alone: of a handle's many runs and armings only the newest.
 */
#include "debugger/info.h"

#include "debugger/describe.h"
#include "debugger/facts.h"
#include "debugger/lineage.h"
#include "debugger/point.h"
#include "debugger/printable.h"
#include "debugger/quantity.h"
#include "debugger/terminal.h"

#include <inttypes.h>
#include <string.h>

#define COUNT_MAX  100000 /* rows that are counted before "more than" is said */
#define LAST_SHOWN 5

const struct option_row info_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

struct inquiry {
	struct session *session;
	struct reader *recording;
	struct frames_cache *cache;
	struct facts facts;
	struct strbuf words; /* for one line at a time */
	const char *executable;
};

static struct strbuf *new_words(struct inquiry *inquiry)
{
	strbuf_clear(&inquiry->words);
	return &inquiry->words;
}

static void line(struct inquiry *inquiry, const char *label)
{
	facts_add_line(&inquiry->facts, label, strbuf_string(&inquiry->words));
}

static void integer(struct inquiry *inquiry, const char *key, int64_t number)
{
	facts_add_integer(&inquiry->facts, key, number);
}

static void string(struct inquiry *inquiry, const char *key, const char *text)
{
	facts_add_string(&inquiry->facts, key, text);
}

/* ", at +1.2 s" */
static void add_moment(struct strbuf *words, int64_t ns)
{
	if (ns == UNKNOWN)
		return;
	strbuf_add_string(words, words->length ? ", at " : "at ");
	quantity_add_moment(words, ns);
}

/* "run:9 (on_connection of tcp 5)" */
static int add_run_words(
	struct inquiry *inquiry, int64_t run_id, int64_t thread_id, struct error *err)
{
	struct strbuf *words = &inquiry->words;
	struct execution execution;
	int found;

	if (run_id == UNKNOWN) {
		strbuf_add_string(words, "an unknown run");
		return 0;
	}
	point_add_run(words, run_id);
	found = lineage_execution(
		inquiry->recording, inquiry->cache, run_id, thread_id, &execution, err);
	if (found < 0)
		return -1;
	if (found) {
		strbuf_add_string(words, " (");
		describe_execution(words, &execution);
		strbuf_add_char(words, ')');
	}
	return 0;
}

static int add_resource_words(struct inquiry *inquiry, int64_t async_id, struct error *err)
{
	struct resource_row resource;

	if (lookup_resource(inquiry->recording, async_id, &resource, err) < 0)
		return -1;
	describe_resource(&inquiry->words, resource.type.name, async_id, resource.detail);
	return 0;
}

static int add_thread_words(struct inquiry *inquiry, int64_t thread_id, struct error *err)
{
	struct thread_row thread;

	if (thread_id == UNKNOWN)
		return 0;
	if (lookup_thread(inquiry->recording, thread_id, &thread, err) < 0)
		return -1;
	strbuf_add_string(&inquiry->words, inquiry->words.length ? ", on " : "");
	describe_thread(&inquiry->words, &thread);
	return 0;
}

/* A stack in the list under `key`, below the line before it. */
static int add_stack(struct inquiry *inquiry, const char *key, int64_t stack_id, struct error *err)
{
	const struct frames *frames;

	if (frames_of_stack(inquiry->cache, inquiry->recording, stack_id, true, &frames, err))
		return -1;
	facts_add_frames(&inquiry->facts, key, frames, inquiry->executable);
	return 0;
}

static int not_there(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct strbuf name = {0};

	point_add(&name, point);
	error_set(err, "%s is not in %s%s", strbuf_string(&name), reader_path(inquiry->recording),
		reader_state(inquiry->recording) == RECORDING_COMPLETE	? ""
		: reader_state(inquiry->recording) == RECORDING_GROWING ? " (yet: it is still"
									  " growing)"
									: " (it was cut short)");
	strbuf_deinit(&name);
	return -1;
}

/* Does SQLite find the rows by a key? While a recording grows it has no index. */
static bool is_indexed(struct reader *recording, const char *table)
{
	sqlite3_stmt *statement;
	bool indexed = false;
	char sql[160];

	snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN SELECT 1 FROM main.%s WHERE async_id = 1",
		table);
	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL))
		return false;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		const char *plan = (const char *)sqlite3_column_text(statement, 3);

		indexed = plan && !strncmp(plan, "SEARCH", 6);
	}
	sqlite3_finalize(statement);
	return indexed;
}

/* A number about the rows of one handle; `sql` has one parameter. */
static int64_t number_about(struct reader *recording, const char *sql, int64_t async_id)
{
	sqlite3_stmt *statement;
	int64_t number = UNKNOWN;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL))
		return UNKNOWN;
	sqlite3_bind_int64(statement, 1, async_id);
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = lookup_column(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* "12", or "more than 100,000" */
static void add_bounded_count(struct strbuf *words, int64_t count)
{
	if (count > COUNT_MAX)
		strbuf_add_string(words, "more than ");
	quantity_add_count(words, count > COUNT_MAX ? COUNT_MAX : count);
}

static int arming_item(struct inquiry *inquiry, int64_t arming_id, int64_t shot_run_id, bool first,
	struct error *err)
{
	struct strbuf *words = new_words(inquiry);
	struct arming_row arming;
	int found = shot_run_id == UNKNOWN
			    ? lookup_arming(inquiry->recording, arming_id, &arming, err)
			    : lookup_shot(inquiry->recording, shot_run_id, &arming, err);

	if (found < 0)
		return -1;
	facts_begin_item(&inquiry->facts);
	integer(inquiry, "arming_id", arming.arming_id);
	integer(inquiry, "run_id", arming.run_id);
	integer(inquiry, "thread_id", arming.thread_id);
	integer(inquiry, "stack_id", arming.stack_id);
	string(inquiry, "api", arming.api);
	integer(inquiry, "armed_ns", arming.armed_ns);
	integer(inquiry, "timeout_ms", arming.timeout_ms);
	integer(inquiry, "repeat_ms", arming.repeat_ms);
	integer(inquiry, "times", arming.times);
	integer(inquiry, "disarmed_ns", arming.disarmed_ns);
	integer(inquiry, "disarmed_run_id", arming.disarmed_run_id);
	string(inquiry, "end", arming.end);
	facts_end_item(&inquiry->facts);
	strbuf_add_string(words, first ? "last " : "then ");
	describe_arming(words, arming.api, arming.timeout_ms, arming.repeat_ms);
	strbuf_add_string(words, " in ");
	if (add_run_words(inquiry, arming.run_id, arming.thread_id, err))
		return -1;
	add_moment(words, arming.armed_ns);
	strbuf_printf(words, ": %s", arming.end ? arming.end : "still stands");
	if (arming.disarmed_run_id != UNKNOWN) {
		strbuf_add_string(words, " in ");
		point_add_run(words, arming.disarmed_run_id);
	}
	line(inquiry, "");
	return 0;
}

/* Those that stand alone, and those that are packed with the run that used them up. */
static int armings(struct inquiry *inquiry, int64_t async_id, struct error *err)
{
	static const char count_sql[] =
		"SELECT count(*) FROM (SELECT 1 FROM main.packed_arming WHERE async_id = ?1"
		" UNION ALL SELECT 1 FROM main.packed_shot WHERE async_id = ?1 LIMIT 100001)";
	static const char last_sql[] =
		"SELECT * FROM (SELECT * FROM (SELECT arming_id, NULL FROM main.packed_arming"
		" WHERE async_id = ?1 ORDER BY arming_id DESC LIMIT 5)"
		" UNION ALL SELECT * FROM (SELECT run_id - arming_delta, run_id FROM "
		"main.packed_shot"
		" WHERE async_id = ?1 ORDER BY run_id DESC LIMIT 5)) ORDER BY 1 DESC LIMIT 5";
	int64_t count = number_about(inquiry->recording, count_sql, async_id);
	int64_t ids[LAST_SHOWN], shots[LAST_SHOWN];
	struct strbuf *words = new_words(inquiry);
	sqlite3_stmt *statement;
	int shown = 0, i;

	integer(inquiry, "arming_count", count);
	if (count > 0) {
		add_bounded_count(words, count);
		strbuf_add_string(words, count == 1 ? " time" : " times");
		line(inquiry, "armed");
	}
	if (sqlite3_prepare_v2(reader_database(inquiry->recording), last_sql, -1, &statement, NULL))
		return reader_error(inquiry->recording, NULL, err);
	sqlite3_bind_int64(statement, 1, async_id);
	for (; shown < LAST_SHOWN && sqlite3_step(statement) == SQLITE_ROW; shown++) {
		ids[shown] = lookup_column(statement, 0);
		shots[shown] = lookup_column(statement, 1);
	}
	sqlite3_finalize(statement);
	facts_begin_list(&inquiry->facts, "armings");
	for (i = 0; i < shown; i++)
		if (arming_item(inquiry, ids[i], shots[i], !i, err))
			return -1;
	facts_end_list(&inquiry->facts);
	return 0;
}

static void add_run_time(struct strbuf *words, int64_t total, int64_t longest, int64_t of)
{
	if (total == UNKNOWN || longest == UNKNOWN)
		return;
	strbuf_add_string(words, ", in all ");
	quantity_add_duration(words, total);
	strbuf_add_string(words, ", the longest ");
	quantity_add_duration(words, longest);
	if (of > COUNT_MAX)
		strbuf_add_string(words, " (of the last 100,000)");
}

static int runs(struct inquiry *inquiry, int64_t async_id, struct error *err)
{
#define OF_LAST                                                                                    \
	" FROM (SELECT * FROM (SELECT duration_ns FROM main.packed_run WHERE async_id = ?1"        \
	" ORDER BY run_id DESC LIMIT 100000) UNION ALL SELECT * FROM"                              \
	" (SELECT duration_ns FROM main.packed_shot WHERE async_id = ?1"                           \
	" ORDER BY run_id DESC LIMIT 100000))"
#define OF_BOTH(what)                                                                              \
	"SELECT " what "(n) FROM (SELECT " what "(run_id) AS n FROM main.packed_run"               \
	" WHERE async_id = ?1 UNION ALL SELECT " what "(run_id) FROM main.packed_shot"             \
	" WHERE async_id = ?1)"
	static const char *const sql[] = {
		"SELECT count(*) FROM (SELECT 1 FROM main.packed_run WHERE async_id = ?1"
		" UNION ALL SELECT 1 FROM main.packed_shot WHERE async_id = ?1 LIMIT 100001)",
		OF_BOTH("min"),
		OF_BOTH("max"),
		"SELECT sum(duration_ns)" OF_LAST,
		"SELECT max(duration_ns)" OF_LAST,
	};
	static const char *const keys[] = {
		"run_count", "first_run_id", "last_run_id", "run_ns", "run_max_ns"};
	struct strbuf *words = new_words(inquiry);
	int64_t numbers[5];
	size_t i;

	for (i = 0; i < 5; i++) {
		numbers[i] = number_about(inquiry->recording, sql[i], async_id);
		integer(inquiry, keys[i], numbers[i]);
	}
	if (numbers[0] < 1) {
		strbuf_add_string(words, "never");
		line(inquiry, "ran");
		return 0;
	}
	add_bounded_count(words, numbers[0]);
	strbuf_add_string(words, numbers[0] == 1 ? " time" : " times");
	add_run_time(words, numbers[3], numbers[4], numbers[0]);
	strbuf_add_string(words, "; ");
	if (numbers[0] > 1) {
		strbuf_add_string(words, "first ");
		point_add_run(words, numbers[1]);
		strbuf_add_string(words, ", last ");
	}
	if (add_run_words(inquiry, numbers[2], UNKNOWN, err))
		return -1;
	line(inquiry, "ran");
	return 0;
}

/* Of a request: its one run. */
static int request_run(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = new_words(inquiry);
	struct run_row run;
	int found = lookup_run(inquiry->recording, resource->request_run_id, &run, err);

	if (found < 0)
		return -1;
	integer(inquiry, "run_count", resource->request_run_id == UNKNOWN ? 0 : 1);
	integer(inquiry, "first_run_id", resource->request_run_id);
	integer(inquiry, "last_run_id", resource->request_run_id);
	if (resource->request_run_id == UNKNOWN) {
		strbuf_add_string(words, "never");
		line(inquiry, "ran");
		return 0;
	}
	if (add_run_words(inquiry, resource->request_run_id, run.thread_id, err))
		return -1;
	add_moment(words, run.began_ns);
	if (run.began_ns != UNKNOWN && resource->created_ns != UNKNOWN) {
		strbuf_add_string(words, ", ");
		quantity_add_duration(words, run.began_ns - resource->created_ns);
		strbuf_add_string(words, " after it was asked for");
	}
	if (run.duration_ns != UNKNOWN) {
		strbuf_add_string(words, ", took ");
		quantity_add_duration(words, run.duration_ns);
	}
	if (run.status != UNKNOWN)
		strbuf_printf(words, ", status %" PRId64, run.status);
	line(inquiry, "ran");
	return 0;
}

static void resource_columns(struct inquiry *inquiry, const struct resource_row *resource)
{
	integer(inquiry, "async_id", resource->async_id);
	integer(inquiry, "process_id", id_process(resource->async_id));
	string(inquiry, "type", resource->type.name);
	string(inquiry, "class", resource->type.class);
	string(inquiry, "hook_type", resource->type.hook_type);
	integer(inquiry, "trigger_id", resource->trigger_id);
	integer(inquiry, "run_id", resource->run_id);
	integer(inquiry, "thread_id", resource->thread_id);
	integer(inquiry, "stack_id", resource->stack_id);
	string(inquiry, "api", resource->api);
	integer(inquiry, "created_ns", resource->created_ns);
	integer(inquiry, "destroyed_ns", resource->destroyed_ns);
	integer(inquiry, "address", resource->address);
	integer(inquiry, "loop_id", resource->loop_id);
	integer(inquiry, "handle_id", resource->handle_id);
	integer(inquiry, "has_ref", resource->has_ref);
	string(inquiry, "detail", resource->detail);
}

static void resource_title(struct inquiry *inquiry, const struct resource_row *resource)
{
	struct strbuf *words = new_words(inquiry);

	printable_add_string(words, resource->type.name ? resource->type.name : "unknown type");
	if (resource->type.class) {
		strbuf_add_string(words, ", ");
		printable_add_string(words, resource->type.class);
	}
	if (resource->type.hook_type) {
		strbuf_add_string(words, ", in Node ");
		printable_add_string(words, resource->type.hook_type);
	}
	if (resource->detail) {
		strbuf_add_string(words, ": ");
		printable_add_string(words, resource->detail);
	}
	line(inquiry, "resource");
}

static int resource_birth(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = new_words(inquiry);

	strbuf_add_string(words, "by ");
	describe_arming(words, resource->api, UNKNOWN, UNKNOWN);
	strbuf_add_string(words, " in ");
	if (add_run_words(inquiry, resource->run_id, resource->thread_id, err))
		return -1;
	add_moment(words, resource->created_ns);
	if (add_thread_words(inquiry, resource->thread_id, err))
		return -1;
	line(inquiry, "made");
	if (add_stack(inquiry, "frames", resource->stack_id, err))
		return -1;
	if (resource->trigger_id != UNKNOWN && resource->trigger_id) {
		new_words(inquiry);
		if (add_resource_words(inquiry, resource->trigger_id, err))
			return -1;
		line(inquiry, "trigger");
	}
	if (resource->handle_id != UNKNOWN && resource->handle_id &&
		resource->handle_id != resource->async_id) {
		new_words(inquiry);
		if (add_resource_words(inquiry, resource->handle_id, err))
			return -1;
		line(inquiry, "handle");
	}
	if (resource->loop_id != UNKNOWN && resource->loop_id) {
		new_words(inquiry);
		if (add_resource_words(inquiry, resource->loop_id, err))
			return -1;
		line(inquiry, "loop");
	}
	return 0;
}

static void resource_end(struct inquiry *inquiry, const struct resource_row *resource)
{
	struct strbuf *words = new_words(inquiry);

	if (resource->destroyed_ns == UNKNOWN) {
		strbuf_add_string(words, reader_state(inquiry->recording) == RECORDING_COMPLETE
						 ? "never: alive when the recording ended"
						 : "not yet, as far as is recorded");
	} else {
		add_moment(words, resource->destroyed_ns);
		if (resource->created_ns != UNKNOWN) {
			strbuf_add_string(words, ", lived ");
			quantity_add_duration(words, resource->destroyed_ns - resource->created_ns);
		}
	}
	line(inquiry, "destroyed");
	if (resource->has_ref == 0) {
		strbuf_clear(words);
		strbuf_add_string(words, "no: it does not keep its loop alive (uv_unref)");
		line(inquiry, "referenced");
	}
}

static int info_resource(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct resource_row resource;
	struct strbuf *words;
	int found = lookup_resource(inquiry->recording, point->id, &resource, err);

	if (found != 1)
		return found ? -1 : not_there(inquiry, point, err);
	resource_columns(inquiry, &resource);
	resource_title(inquiry, &resource);
	if (resource_birth(inquiry, &resource, err))
		return -1;
	resource_end(inquiry, &resource);
	if (resource.request_run_id != UNKNOWN)
		return request_run(inquiry, &resource, err);
	if (!is_indexed(inquiry->recording, "packed_arming") ||
		!is_indexed(inquiry->recording, "packed_shot") ||
		!is_indexed(inquiry->recording, "packed_run")) {
		words = new_words(inquiry);
		strbuf_add_string(words, "not told: an unfinished recording has no index for them");
		line(inquiry, "runs");
		return 0;
	}
	return armings(inquiry, point->id, err) || runs(inquiry, point->id, err) ? -1 : 0;
}

static void run_columns(struct inquiry *inquiry, const struct execution *in)
{
	const struct run_row *run = &in->run;

	integer(inquiry, "run_id", run->run_id);
	integer(inquiry, "async_id", run->async_id);
	string(inquiry, "type", in->type);
	integer(inquiry, "arming_id", run->arming_id);
	string(inquiry, "part", run->part);
	integer(inquiry, "thread_id", run->thread_id);
	integer(inquiry, "outer_run_id", run->outer_run_id);
	integer(inquiry, "outer_stack_id", run->outer_stack_id);
	integer(inquiry, "callback_frame_id", run->callback_frame_id);
	string(inquiry, "callback", in->callback);
	integer(inquiry, "began_ns", run->began_ns);
	integer(inquiry, "ended_ns",
		run->began_ns == UNKNOWN || run->duration_ns == UNKNOWN
			? UNKNOWN
			: (int64_t)((uint64_t)run->began_ns + (uint64_t)run->duration_ns));
	integer(inquiry, "status", run->status);
	integer(inquiry, "bytes", run->bytes);
	integer(inquiry, "cause_id", run->cause_id);
}

/* "by uv_timer_start(5 ms) in run:90 (…), at +1 s" */
static int edge_line(struct inquiry *inquiry, const char *label, const char *api, int64_t run_id,
	int64_t thread_id, int64_t ns, struct error *err)
{
	struct strbuf *words = new_words(inquiry);

	strbuf_add_string(words, "by ");
	describe_arming(words, api, UNKNOWN, UNKNOWN);
	strbuf_add_string(words, " in ");
	if (add_run_words(inquiry, run_id, thread_id, err))
		return -1;
	add_moment(words, ns);
	line(inquiry, label);
	return 0;
}

/* Who armed it and what made it fire. */
static int run_origins(struct inquiry *inquiry, const struct execution *in, struct error *err)
{
	struct resource_row resource;
	struct arming_row arming;
	struct cause_row cause;
	int64_t run_id = UNKNOWN;
	int found = lookup_arming_of(inquiry->recording, &in->run, &arming, err);

	if (found == 1) {
		run_id = arming.run_id;
		found = edge_line(inquiry, "armed", arming.api, arming.run_id, arming.thread_id,
			arming.armed_ns, err);
	} else if (!found && in->armed_by_creation) {
		found = lookup_resource(inquiry->recording, in->run.async_id, &resource, err);
		if (found == 1) {
			run_id = resource.run_id;
			found = edge_line(inquiry, "armed", resource.api, resource.run_id,
				resource.thread_id, resource.created_ns, err);
		}
	}
	if (found < 0)
		return -1;
	integer(inquiry, "link_run_id", run_id);
	found = lookup_cause(inquiry->recording, in->run.cause_id, &cause, err);
	integer(inquiry, "cause_run_id", found == 1 ? cause.run_id : UNKNOWN);
	if (found != 1)
		return found;
	return edge_line(inquiry, "fired", cause.api ? cause.api : cause.kind, cause.run_id,
		cause.thread_id, cause.caused_ns, err);
}

static int run_facts(
	struct inquiry *inquiry, const struct point *point, int64_t run_id, struct error *err)
{
	struct execution in;
	struct strbuf *words;
	int found =
		lineage_execution(inquiry->recording, inquiry->cache, run_id, UNKNOWN, &in, err);

	if (found != 1)
		return found ? -1 : not_there(inquiry, point, err);
	run_columns(inquiry, &in);
	words = new_words(inquiry);
	describe_execution(words, &in);
	if (in.run.part && strcmp(in.run.part, "callback")) {
		strbuf_add_string(words, ", its part '");
		printable_add_string(words, in.run.part);
		strbuf_add_char(words, '\'');
	}
	line(inquiry, "run");
	words = new_words(inquiry);
	add_moment(words, in.run.began_ns);
	if (in.run.duration_ns == UNKNOWN) {
		strbuf_add_string(words, ", never ended");
	} else {
		strbuf_add_string(words, ", took ");
		quantity_add_duration(words, in.run.duration_ns);
	}
	if (add_thread_words(inquiry, in.run.thread_id, err))
		return -1;
	line(inquiry, "ran");
	words = new_words(inquiry);
	if (in.run.status != UNKNOWN)
		strbuf_printf(words, "status %" PRId64, in.run.status);
	if (in.run.bytes != UNKNOWN)
		strbuf_printf(
			words, "%s%" PRId64 " bytes", words->length ? ", " : "", in.run.bytes);
	if (words->length)
		line(inquiry, "result");
	if (run_origins(inquiry, &in, err))
		return -1;
	words = new_words(inquiry);
	if (in.run.outer_run_id != UNKNOWN) {
		if (add_run_words(inquiry, in.run.outer_run_id, in.run.thread_id, err))
			return -1;
		line(inquiry, "inside");
	}
	return 0;
}

static int info_run_point(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	return run_facts(inquiry, point, point->id, err);
}

static int info_crash(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct crash_row crash;
	struct strbuf *words;
	int found = lookup_crash(inquiry->recording, point->id, &crash, err);

	if (found != 1)
		return found ? -1 : not_there(inquiry, point, err);
	integer(inquiry, "crash_id", crash.crash_id);
	integer(inquiry, "process_id", crash.process_id);
	integer(inquiry, "thread_id", crash.thread_id);
	integer(inquiry, "run_id", crash.run_id);
	integer(inquiry, "stack_id", crash.stack_id);
	integer(inquiry, "signal", crash.signal);
	integer(inquiry, "code", crash.code);
	integer(inquiry, "fault_address", crash.fault_address);
	string(inquiry, "message", crash.message);
	integer(inquiry, "crashed_ns", crash.crashed_ns);
	words = new_words(inquiry);
	describe_signal(words, &crash);
	line(inquiry, "crash");
	words = new_words(inquiry);
	if (add_run_words(inquiry, crash.run_id, crash.thread_id, err))
		return -1;
	add_moment(words, crash.crashed_ns);
	if (add_thread_words(inquiry, crash.thread_id, err))
		return -1;
	line(inquiry, "in");
	return add_stack(inquiry, "frames", crash.stack_id, err);
}

static int info_log(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct log_row log;
	struct strbuf *words;
	int found = lookup_log(inquiry->recording, point->id, &log, err);

	if (found != 1)
		return found ? -1 : not_there(inquiry, point, err);
	integer(inquiry, "log_id", log.log_id);
	integer(inquiry, "process_id", log.process_id);
	integer(inquiry, "thread_id", log.thread_id);
	integer(inquiry, "run_id", log.run_id);
	integer(inquiry, "stack_id", log.stack_id);
	integer(inquiry, "written_ns", log.written_ns);
	integer(inquiry, "fd", log.fd);
	string(inquiry, "path", log.path);
	integer(inquiry, "line_number", log.line_number);
	facts_add_text(&inquiry->facts, "text", log.text ? log.text : "", log.text_length);
	integer(inquiry, "full_length", log.full_length);
	words = new_words(inquiry);
	printable_add(words, log.text ? log.text : "", log.text_length, 4000);
	line(inquiry, "log line");
	words = new_words(inquiry);
	if (log.fd != UNKNOWN)
		strbuf_printf(words, "descriptor %" PRId64, log.fd);
	if (log.path) {
		strbuf_add_string(words, words->length ? ", " : "");
		printable_add_string(words, log.path);
	}
	if (log.line_number != UNKNOWN)
		strbuf_printf(words, ", line %" PRId64 " of it", log.line_number);
	line(inquiry, "to");
	words = new_words(inquiry);
	if (add_run_words(inquiry, log.run_id, log.thread_id, err))
		return -1;
	add_moment(words, log.written_ns);
	if (add_thread_words(inquiry, log.thread_id, err))
		return -1;
	line(inquiry, "in");
	return add_stack(inquiry, "frames", log.stack_id, err);
}

static int info_thread(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct thread_row thread;
	struct strbuf *words;
	int found = lookup_thread(inquiry->recording, point->id, &thread, err);

	if (found != 1)
		return found ? -1 : not_there(inquiry, point, err);
	integer(inquiry, "thread_id", thread.thread_id);
	integer(inquiry, "process_id", thread.process_id);
	integer(inquiry, "os_tid", thread.os_tid);
	string(inquiry, "name", thread.name);
	string(inquiry, "role", thread.role);
	integer(inquiry, "root_run_id", thread.root_run_id);
	integer(inquiry, "last_run_id", thread.last_run_id);
	integer(inquiry, "started_ns", thread.started_ns);
	integer(inquiry, "ended_ns", thread.ended_ns);
	words = new_words(inquiry);
	describe_thread(words, &thread);
	if (thread.os_tid != UNKNOWN)
		strbuf_printf(words, ", tid %" PRId64, thread.os_tid);
	strbuf_printf(words, ", of process %" PRId64, thread.process_id);
	line(inquiry, "thread");
	words = new_words(inquiry);
	add_moment(words, thread.started_ns);
	if (thread.ended_ns != UNKNOWN && thread.started_ns != UNKNOWN) {
		strbuf_add_string(words, ", ran for ");
		quantity_add_duration(words, thread.ended_ns - thread.started_ns);
	}
	line(inquiry, "started");
	words = new_words(inquiry);
	if (add_run_words(inquiry, thread.root_run_id, thread.thread_id, err))
		return -1;
	line(inquiry, "root");
	if (thread.last_run_id != UNKNOWN) {
		words = new_words(inquiry);
		if (add_run_words(inquiry, thread.last_run_id, thread.thread_id, err))
			return -1;
		line(inquiry, "killed in");
	}
	return 0;
}

static int gather(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	switch (point->kind) {
	case POINT_ASYNC:
		return info_resource(inquiry, point, err);
	case POINT_RUN:
		return info_run_point(inquiry, point, err);
	case POINT_CRASH:
		return info_crash(inquiry, point, err);
	case POINT_LOG:
		return info_log(inquiry, point, err);
	default:
		return info_thread(inquiry, point, err);
	}
}

static void show(struct inquiry *inquiry, const struct point *point, bool as_json)
{
	struct json json = {.out = inquiry->session->out};
	struct strbuf *words = new_words(inquiry);
	struct page page = {0};

	if (as_json) {
		facts_write_json(&inquiry->facts, &json);
		return;
	}
	strbuf_add_string(words, inquiry->session->at_prompt ? "trace " : "acausal trace ");
	point_add(words, point);
	line(inquiry, "next");
	terminal_begin(&page, inquiry->session->out);
	facts_write_text(&inquiry->facts, &page);
	terminal_show(&page, inquiry->session->out, !inquiry->session->at_prompt);
	page_deinit(&page);
}

int info_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct inquiry inquiry = {
		.session = session, .recording = session->recording, .cache = session->cache};
	struct process_row process;
	struct point point;
	int status = 1;

	if (point_parse(invocation->options.word_count ? invocation->options.words[0] : NULL,
		    &point, err))
		return 2;
	if (!point_resolve(session->recording, &point, err) &&
		lookup_process(session->recording, 1, &process, err) >= 0) {
		inquiry.executable = process.executable;
		if (!gather(&inquiry, &point, err)) {
			show(&inquiry, &point, format && *format == 'j');
			status = 0;
		}
	}
	facts_deinit(&inquiry.facts);
	strbuf_deinit(&inquiry.words);
	return status;
}
