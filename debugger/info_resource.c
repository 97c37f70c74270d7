/*
 * `info` of a resource: see info_resource.h. Reads by key and index alone: of a handle's many runs
 * and armings only the newest.
 */
#include "debugger/info_resource.h"

#include "debugger/describe.h"
#include "debugger/printable.h"
#include "debugger/quantity.h"

#include <inttypes.h>
#include <string.h>

#define COUNT_MAX  100000 /* rows that are counted before "more than" is said */
#define LAST_SHOWN 5

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

static int arming_item(
	struct inquiry *inquiry, int64_t arming_id, int64_t shot_run_id, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);
	struct arming_row arming;
	int found = shot_run_id == UNKNOWN
			    ? lookup_arming(inquiry->recording, arming_id, &arming, err)
			    : lookup_shot(inquiry->recording, shot_run_id, &arming, err);

	if (found < 0)
		return -1;
	facts_begin_item(&inquiry->facts);
	inquiry_integer(inquiry, "arming_id", arming.arming_id);
	inquiry_integer(inquiry, "run_id", arming.run_id);
	inquiry_integer(inquiry, "thread_id", arming.thread_id);
	inquiry_integer(inquiry, "stack_id", arming.stack_id);
	inquiry_string(inquiry, "api", arming.api);
	inquiry_integer(inquiry, "armed_ns", arming.armed_ns);
	inquiry_integer(inquiry, "timeout_ms", arming.timeout_ms);
	inquiry_integer(inquiry, "repeat_ms", arming.repeat_ms);
	inquiry_integer(inquiry, "times", arming.times);
	inquiry_integer(inquiry, "disarmed_ns", arming.disarmed_ns);
	inquiry_integer(inquiry, "disarmed_run_id", arming.disarmed_run_id);
	inquiry_string(inquiry, "end", arming.end);
	facts_end_item(&inquiry->facts);
	describe_arming(words, arming.api, arming.timeout_ms, arming.repeat_ms);
	strbuf_add_string(words, " in ");
	if (inquiry_add_run(inquiry, arming.run_id, arming.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, arming.armed_ns);
	strbuf_printf(words, ": %s", arming.end ? arming.end : "still stands");
	if (arming.disarmed_run_id != UNKNOWN) {
		strbuf_add_string(words, " in ");
		point_add_run(words, arming.disarmed_run_id);
	}
	inquiry_line(inquiry, "");
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
	struct strbuf *words = inquiry_words(inquiry);
	sqlite3_stmt *statement;
	int shown = 0, i;

	inquiry_integer(inquiry, "arming_count", count);
	if (count > 0) {
		add_bounded_count(words, count);
		strbuf_add_string(words, count == 1 ? " time" : " times");
		if (count > LAST_SHOWN)
			strbuf_printf(words, "; the last %d, newest first:", LAST_SHOWN);
		else
			strbuf_add_string(words, count == 1 ? ":" : ", newest first:");
		inquiry_line(inquiry, "armed");
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
		if (arming_item(inquiry, ids[i], shots[i], err))
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
	struct strbuf *words = inquiry_words(inquiry);
	int64_t numbers[5];
	size_t i;

	for (i = 0; i < 5; i++) {
		numbers[i] = number_about(inquiry->recording, sql[i], async_id);
		inquiry_integer(inquiry, keys[i], numbers[i]);
	}
	if (numbers[0] < 1) {
		strbuf_add_string(words, "never");
		inquiry_line(inquiry, "ran");
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
	if (inquiry_add_run(inquiry, numbers[2], UNKNOWN, err))
		return -1;
	inquiry_line(inquiry, "ran");
	return 0;
}

/* Of a request: its one run. */
static int request_run(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);
	struct run_row run;
	int found = lookup_run(inquiry->recording, resource->request_run_id, &run, err);

	if (found < 0)
		return -1;
	inquiry_integer(inquiry, "run_count", resource->request_run_id == UNKNOWN ? 0 : 1);
	inquiry_integer(inquiry, "first_run_id", resource->request_run_id);
	inquiry_integer(inquiry, "last_run_id", resource->request_run_id);
	if (resource->request_run_id == UNKNOWN) {
		strbuf_add_string(words, "never");
		inquiry_line(inquiry, "ran");
		return 0;
	}
	if (inquiry_add_run(inquiry, resource->request_run_id, run.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, run.began_ns);
	if (run.began_ns != UNKNOWN && resource->created_ns != UNKNOWN) {
		strbuf_add_string(words, ", ");
		quantity_add_duration(words, run.began_ns - resource->created_ns);
		strbuf_add_string(words, " after it was asked for");
	}
	if (run.duration_ns != UNKNOWN) {
		strbuf_add_string(words, ", took ");
		quantity_add_duration(words, run.duration_ns);
	}
	if (run.status != UNKNOWN) {
		strbuf_add_string(words, ", status ");
		describe_status(words, run.status);
	}
	inquiry_line(inquiry, "ran");
	return 0;
}

static void resource_columns(struct inquiry *inquiry, const struct resource_row *resource)
{
	inquiry_integer(inquiry, "async_id", resource->async_id);
	inquiry_integer(inquiry, "process_id", id_process(resource->async_id));
	inquiry_string(inquiry, "type", resource->type.name);
	inquiry_string(inquiry, "class", resource->type.class);
	inquiry_string(inquiry, "hook_type", resource->type.hook_type);
	inquiry_integer(inquiry, "trigger_id", resource->trigger_id);
	inquiry_integer(inquiry, "run_id", resource->run_id);
	inquiry_integer(inquiry, "thread_id", resource->thread_id);
	inquiry_integer(inquiry, "stack_id", resource->stack_id);
	inquiry_string(inquiry, "api", resource->api);
	inquiry_integer(inquiry, "created_ns", resource->created_ns);
	inquiry_integer(inquiry, "destroyed_ns", resource->destroyed_ns);
	inquiry_integer(inquiry, "address", resource->address);
	inquiry_integer(inquiry, "loop_id", resource->loop_id);
	inquiry_integer(inquiry, "handle_id", resource->handle_id);
	inquiry_integer(inquiry, "has_ref", resource->has_ref);
	inquiry_string(inquiry, "detail", resource->detail);
}

static void resource_title(struct inquiry *inquiry, const struct resource_row *resource)
{
	struct strbuf *words = inquiry_words(inquiry);

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
	inquiry_line(inquiry, "resource");
}

static int resource_birth(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);

	if (!resource->api && resource->type.class && !strcmp(resource->type.class, "root")) {
		strbuf_add_string(words, "with its process");
	} else {
		strbuf_add_string(words, "by ");
		describe_arming(words, resource->api, UNKNOWN, UNKNOWN);
		strbuf_add_string(words, " in ");
		if (inquiry_add_run(inquiry, resource->run_id, resource->thread_id, err))
			return -1;
	}
	inquiry_add_moment(inquiry, resource->created_ns);
	if (inquiry_add_thread(inquiry, resource->thread_id, err))
		return -1;
	inquiry_line(inquiry, "made");
	if (inquiry_add_stack(inquiry, "frames", resource->stack_id, err))
		return -1;
	if (resource->trigger_id != UNKNOWN && resource->trigger_id) {
		inquiry_words(inquiry);
		if (inquiry_add_resource(inquiry, resource->trigger_id, err))
			return -1;
		inquiry_line(inquiry, "trigger");
	}
	if (resource->handle_id != UNKNOWN && resource->handle_id &&
		resource->handle_id != resource->async_id) {
		inquiry_words(inquiry);
		if (inquiry_add_resource(inquiry, resource->handle_id, err))
			return -1;
		inquiry_line(inquiry, "handle");
	}
	if (resource->loop_id != UNKNOWN && resource->loop_id) {
		inquiry_words(inquiry);
		if (inquiry_add_resource(inquiry, resource->loop_id, err))
			return -1;
		inquiry_line(inquiry, "loop");
	}
	return 0;
}

static void resource_end(struct inquiry *inquiry, const struct resource_row *resource)
{
	struct strbuf *words = inquiry_words(inquiry);

	if (resource->destroyed_ns == UNKNOWN) {
		strbuf_add_string(words, reader_state(inquiry->recording) == RECORDING_COMPLETE
						 ? "never: alive when the recording ended"
						 : "not yet, as far as is recorded");
	} else {
		inquiry_add_moment(inquiry, resource->destroyed_ns);
		if (resource->created_ns != UNKNOWN) {
			strbuf_add_string(words, ", lived ");
			quantity_add_duration(words, resource->destroyed_ns - resource->created_ns);
		}
	}
	inquiry_line(inquiry, "destroyed");
	if (resource->has_ref == 0) {
		strbuf_clear(words);
		strbuf_add_string(words, "no: it does not keep its loop alive (uv_unref)");
		inquiry_line(inquiry, "referenced");
	}
}

int info_resource(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct resource_row resource;
	struct strbuf *words;
	int found = lookup_resource(inquiry->recording, point->id, &resource, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	resource_columns(inquiry, &resource);
	resource_title(inquiry, &resource);
	if (resource_birth(inquiry, &resource, err))
		return -1;
	resource_end(inquiry, &resource);
	if (resource.request_run_id != UNKNOWN)
		return request_run(inquiry, &resource, err);
	if (!reader_finds(inquiry->recording, "packed_arming", "async_id") ||
		!reader_finds(inquiry->recording, "packed_shot", "async_id") ||
		!reader_finds(inquiry->recording, "packed_run", "async_id")) {
		words = inquiry_words(inquiry);
		strbuf_add_string(words, "not told: an unfinished recording has no index for them");
		inquiry_line(inquiry, "runs");
		return 0;
	}
	return armings(inquiry, point->id, err) || runs(inquiry, point->id, err) ? -1 : 0;
}
