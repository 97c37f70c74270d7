/*
 * `info` of a resource: its runs, and a request's time in the thread pool. See info_runs.h. Reads
 * by index, of many runs the newest.
 */
#include "debugger/info/info_runs.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/lookup_time.h"
#include "debugger/recording/point.h"
#include "debugger/text/quantity.h"

#include <string.h>

static void add_run_time(struct strbuf *words, int64_t total, int64_t longest, int64_t of)
{
	if (total == UNKNOWN || longest == UNKNOWN)
		return;
	if (of == 1) {
		strbuf_add_string(words, ", took ");
		quantity_add_duration(words, total);
		return;
	}
	strbuf_add_string(words, ", in all ");
	quantity_add_duration(words, total);
	strbuf_add_string(words, ", the longest ");
	quantity_add_duration(words, longest);
	if (of > INQUIRY_COUNT_MAX)
		strbuf_add_string(words, " (of the last 100,000)");
}

/* Of the last runs, how long all of them took and the longest; in one pass, for there may be many.
 */
static void read_times(
	struct inquiry *inquiry, int64_t async_id, int64_t *ret_total, int64_t *ret_longest)
{
#define OF_LAST                                                                                    \
	" FROM (SELECT * FROM (SELECT duration_ns FROM main.packed_run WHERE async_id = ?1"        \
	" ORDER BY run_id DESC LIMIT 100000) UNION ALL SELECT * FROM"                              \
	" (SELECT duration_ns FROM main.packed_shot WHERE async_id = ?1"                           \
	" ORDER BY run_id DESC LIMIT 100000))"
	static const char sql[] =
		"SELECT CASE WHEN count(duration_ns) THEN CAST(total(duration_ns) AS INTEGER) END,"
		" max(duration_ns)" OF_LAST;
	sqlite3_stmt *row;

	*ret_total = *ret_longest = UNKNOWN;
	if (sqlite3_prepare_v2(reader_database(inquiry->recording), sql, -1, &row, NULL))
		return;
	sqlite3_bind_int64(row, 1, async_id);
	if (sqlite3_step(row) == SQLITE_ROW) {
		*ret_total = lookup_column(row, 0);
		*ret_longest = lookup_column(row, 1);
	}
	sqlite3_finalize(row);
}

int info_runs(struct inquiry *inquiry, int64_t async_id, struct error *err)
{
#define OF_BOTH(what)                                                                              \
	"SELECT " what "(n) FROM (SELECT " what "(run_id) AS n FROM main.packed_run"               \
	" WHERE async_id = ?1 UNION ALL SELECT " what "(run_id) FROM main.packed_shot"             \
	" WHERE async_id = ?1)"
	static const char *const sql[] = {
		"SELECT count(*) FROM (SELECT 1 FROM main.packed_run WHERE async_id = ?1"
		" UNION ALL SELECT 1 FROM main.packed_shot WHERE async_id = ?1 LIMIT 100001)",
		OF_BOTH("min"),
		OF_BOTH("max"),
	};
	static const char *const keys[] = {
		"run_count", "first_run_id", "last_run_id", "run_ns", "run_max_ns"};
	struct strbuf *words = inquiry_words(inquiry);
	int64_t numbers[5];
	size_t i;

	for (i = 0; i < sizeof sql / sizeof sql[0]; i++)
		numbers[i] = inquiry_number(inquiry, sql[i], async_id);
	read_times(inquiry, async_id, &numbers[3], &numbers[4]);
	for (i = 0; i < 5; i++)
		inquiry_integer(inquiry, keys[i], numbers[i]);
	if (numbers[0] < 1) {
		strbuf_add_string(words, "never");
		inquiry_line(inquiry, "ran");
		return 0;
	}
	inquiry_add_count(inquiry, numbers[0]);
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
int info_request_run(
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
		quantity_add_span(words, resource->created_ns, run.began_ns);
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

/* The work part of a uv_work_t, which is a run of its own. 1 when there is one. */
static int work_run(struct inquiry *inquiry, int64_t async_id, struct pool_row *ret,
	int64_t *run_id, struct error *err)
{
	static const char sql[] = "SELECT p.run_id FROM main.packed_run p JOIN main.entry e"
				  " ON e.entry_id = p.entry_id WHERE p.async_id = ?1"
				  " AND e.part = 'work' LIMIT 1";
	struct run_row run;
	int found;

	if (!reader_finds(inquiry->recording, "packed_run", "async_id"))
		return 0;
	*run_id = inquiry_number(inquiry, sql, async_id);
	found = lookup_handle_run(inquiry->recording, *run_id, &run, err);
	*ret = (struct pool_row){run.thread_id, run.began_ns, UNKNOWN, false};
	if (found != 1 || run.began_ns == UNKNOWN || run.duration_ns == UNKNOWN ||
		__builtin_add_overflow(run.began_ns, run.duration_ns, &ret->ended_ns))
		return found < 0 ? -1 : 0;
	return 1;
}

int info_pool(struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = &inquiry->words;
	int64_t run_id = UNKNOWN;
	struct pool_row pool;
	int found = lookup_pool(inquiry->recording, resource->async_id, &pool, err);

	if (!found)
		found = work_run(inquiry, resource->async_id, &pool, &run_id, err);
	if (found < 0)
		return -1;
	inquiry_integer(inquiry, "pool_thread_id", pool.thread_id);
	inquiry_integer(inquiry, "pool_began_ns", pool.began_ns);
	inquiry_integer(inquiry, "pool_ended_ns", pool.ended_ns);
	inquiry_integer(inquiry, "pool_estimated", found ? pool.is_estimated : UNKNOWN);
	inquiry_integer(inquiry, "pool_run_id", run_id);
	if (!found || pool.began_ns < 0 || pool.ended_ns < pool.began_ns)
		return 0;
	inquiry_words(inquiry);
	if (resource->created_ns >= 0 && pool.began_ns >= resource->created_ns) {
		strbuf_add_string(words, "queued for ");
		strbuf_add_string(words, pool.is_estimated ? "~" : "");
		quantity_add_duration(words, pool.began_ns - resource->created_ns);
		strbuf_add_string(words, ", then ");
	}
	strbuf_add_string(words, "had for ");
	strbuf_add_string(words, pool.is_estimated ? "~" : "");
	quantity_add_duration(words, pool.ended_ns - pool.began_ns);
	if (run_id != UNKNOWN) {
		strbuf_add_string(words, " by ");
		if (inquiry_add_run(inquiry, run_id, pool.thread_id, err))
			return -1;
	}
	if (inquiry_add_thread(inquiry, pool.thread_id, err))
		return -1;
	inquiry_line(inquiry, "pool");
	return 0;
}
