/*
 * What went on around a run: see lookup_activity.h. IDs of one kind are given in the order of time,
 * to within the recording's skew: what a run did is among the IDs that were given while it ran.
 */
#include "debugger/recording/lookup_activity.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX  20000	  /* read of each table for one run */
#define RUNS_BACK 8192	  /* IDs that are looked at for who had the pool, or what was nested */
#define SKEW_NS	  1000000 /* by which IDs may be out of step with times */

/* A table in which a run may have left rows: ID, time and run of each, in the order of IDs. */
struct table {
	const char *at_sql;   /* the first row at ID ?1 or after it: time, ID */
	const char *rows_sql; /* from ID ?1 on: ID, time, run, what is kept of it, is it closing */
	bool is_of_process;   /* IDs are those of a process */
};

#define TABLE(from, id, ns, run, keep, is_close)                                                   \
	"SELECT " ns ", " id " FROM " from " WHERE " id " >= ?1 ORDER BY " id " LIMIT 1",          \
		"SELECT " id ", " ns ", " run ", " keep ", " is_close " FROM " from " WHERE " id   \
		" >= ?1 ORDER BY " id " LIMIT 20001"
#define BY_CLOSE                                                                                   \
	"(SELECT a.name IN ('uv_close', 'uv_tcp_close_reset') FROM main.origin o"                  \
	" JOIN main.api a ON a.api_id = o.api_id WHERE o.origin_id = p.origin_id)"

static const struct table requests = {TABLE("main.packed_request", "async_id", "created_ns",
					      "run_id - creator_delta", "async_id", "0"),
	true};
static const struct table resources = {
	TABLE("main.packed_resource", "async_id", "created_ns", "run_id", "async_id", "0"), true};
static const struct table armings = {
	TABLE("main.packed_arming p", "arming_id", "armed_ns", "run_id", "async_id", BY_CLOSE),
	true};
static const struct table shots = {TABLE("main.packed_shot p", "run_id - arming_delta", "armed_ns",
					   "run_id - armer_delta", "async_id", BY_CLOSE),
	true};
/* That the end of a work makes its callback due goes without saying. */
static const struct table causes = {
	TABLE("(SELECT * FROM main.packed_cause p WHERE (SELECT o.kind FROM main.origin o"
	      " WHERE o.origin_id = p.origin_id) IS NOT 'work')",
		"cause_id", "caused_ns", "run_id", "cause_id", "0"),
	true};
static const struct table logs = {
	TABLE("main.packed_log", "log_id", "written_ns", "run_id", "log_id", "0"), false};

/* The least ID from which on rows are of `ns` or later. */
static int first_at(struct reader *recording, const struct table *table, int64_t process_id,
	int64_t ns, int64_t *ret, struct error *err)
{
	int64_t low = table->is_of_process ? id_main(process_id) : 0;
	int64_t high = table->is_of_process ? low + (INT64_C(1) << 40) - 2 : INT64_C(1) << 40;
	sqlite3_stmt *row;
	int found = 0;

	if (sqlite3_prepare_v2(reader_database(recording), table->at_sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	while (low < high && found >= 0) {
		int64_t middle = low + (high - low) / 2, at_ns, id;

		sqlite3_bind_int64(row, 1, middle);
		found = reader_step(recording, row, err);
		at_ns = found == 1 ? lookup_column(row, 0) : UNKNOWN;
		id = found == 1 ? lookup_column(row, 1) : UNKNOWN;
		sqlite3_reset(row);
		if (found != 1 || id > high || at_ns >= ns)
			high = middle;
		else
			low = id < high ? id + 1 : high;
	}
	sqlite3_finalize(row);
	*ret = low;
	return found < 0 ? -1 : 0;
}

static void add_deed(struct deeds *deeds, int64_t id)
{
	if (deeds->count < DEEDS_SHOWN)
		deeds->ids[deeds->count] = id;
	deeds->count++;
}

/* The rows of one table that a run left. */
static int read_table(struct reader *recording, const struct table *table,
	const struct run_row *run, struct deeds *ret, struct deeds *closed, struct error *err)
{
	int64_t first = 0, ended_ns = INT64_MAX;
	int found = 0, read = 0;
	sqlite3_stmt *row;

	if (run->duration_ns != UNKNOWN &&
		(__builtin_add_overflow(run->began_ns, run->duration_ns, &ended_ns) ||
			__builtin_add_overflow(ended_ns, SKEW_NS, &ended_ns)))
		ended_ns = INT64_MAX;
	if (first_at(recording, table, id_process(run->run_id),
		    run->began_ns > SKEW_NS ? run->began_ns - SKEW_NS : 0, &first, err))
		return -1;
	if (sqlite3_prepare_v2(reader_database(recording), table->rows_sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(row, 1, first);
	while ((found = reader_step(recording, row, err)) == 1) {
		int64_t ns = lookup_column(row, 1);

		if (++read > ROWS_MAX || ns > ended_ns)
			break;
		if (lookup_column(row, 2) == run->run_id)
			add_deed(sqlite3_column_int(row, 4) ? closed : ret, lookup_column(row, 3));
	}
	ret->is_cut |= read > ROWS_MAX;
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

int lookup_activity(struct reader *recording, const struct run_row *run, struct activity *ret,
	struct error *err)
{
	*ret = (struct activity){.made = {.count = 0}};
	if (run->run_id == UNKNOWN || run->began_ns == UNKNOWN)
		return 0;
	if (read_table(recording, &requests, run, &ret->made, NULL, err) ||
		read_table(recording, &resources, run, &ret->made, NULL, err) ||
		read_table(recording, &armings, run, &ret->armed, &ret->closed, err) ||
		read_table(recording, &causes, run, &ret->caused, NULL, err) ||
		read_table(recording, &logs, run, &ret->logged, NULL, err))
		return -1;
	if (!reader_finds(recording, "packed_shot", "run_id - arming_delta")) {
		ret->armed.is_unknown = true;
		return 0;
	}
	return read_table(recording, &shots, run, &ret->armed, &ret->closed, err);
}

int lookup_nested(
	struct reader *recording, const struct run_row *run, struct deeds *ret, struct error *err)
{
	static const char sql[] = "SELECT run_id FROM main.packed_outer WHERE run_id > ?1"
				  " AND run_id <= ?2 AND outer_run_id = ?1 ORDER BY run_id";
	sqlite3_stmt *row;
	int found;

	*ret = (struct deeds){.count = 0};
	if (run->run_id == UNKNOWN || run->run_id == run->root_run_id)
		return 0;
	if (reader_prepare(recording, STATEMENT_NESTED, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, run->run_id);
	sqlite3_bind_int64(
		row, 2, run->run_id > INT64_MAX - RUNS_BACK ? INT64_MAX : run->run_id + RUNS_BACK);
	while ((found = reader_step(recording, row, err)) == 1)
		add_deed(ret, sqlite3_column_int64(row, 0));
	return found < 0 ? -1 : ret->count > 0;
}

/* --- the pool ----------------------------------------------------------------------------------
 */

struct pool_search {
	int64_t async_id, from_ns, to_ns;
	struct pool_uses *ret;
};

/* async, thread, run, began, duration, estimated */
static void take_use(struct pool_search *search, sqlite3_stmt *row)
{
	int64_t began_ns = lookup_column(row, 3), duration_ns = lookup_column(row, 4);
	int64_t ended_ns = INT64_MAX;
	struct pool_use use = {lookup_column(row, 0), lookup_column(row, 1), lookup_column(row, 2),
		0, sqlite3_column_int(row, 5) != 0};

	if (use.async_id == search->async_id || began_ns == UNKNOWN)
		return;
	if (duration_ns != UNKNOWN && __builtin_add_overflow(began_ns, duration_ns, &ended_ns))
		return;
	if (began_ns < search->from_ns)
		began_ns = search->from_ns;
	if (ended_ns > search->to_ns)
		ended_ns = search->to_ns;
	if (ended_ns <= began_ns)
		return;
	use.had_ns = ended_ns - began_ns;
	if (search->ret->count == POOL_USES)
		search->ret->is_cut = true;
	else
		search->ret->rows[search->ret->count++] = use;
}

static int search_pool(struct reader *recording, enum statement_slot slot, const char *sql,
	int64_t before_id, struct pool_search *search, struct error *err)
{
	sqlite3_stmt *row;
	int found;

	if (before_id == UNKNOWN)
		return 0;
	if (reader_prepare(recording, slot, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, before_id);
	sqlite3_bind_int64(row, 2, before_id > INT64_MIN + RUNS_BACK ? before_id - RUNS_BACK : 0);
	while ((found = reader_step(recording, row, err)) == 1)
		take_use(search, row);
	return found;
}

static int compare_uses(const void *a, const void *b)
{
	const struct pool_use *one = a, *other = b;

	if (one->had_ns != other->had_ns)
		return one->had_ns > other->had_ns ? -1 : 1;
	return one->async_id < other->async_id ? -1 : one->async_id > other->async_id;
}

int lookup_pool_uses(struct reader *recording, int64_t async_id, int64_t run_id, int64_t from_ns,
	int64_t to_ns, struct pool_uses *ret, struct error *err)
{
	/* The pool is first in, first out: who had it was asked for before. */
	static const char pool_sql[] =
		"SELECT async_id, thread_id, NULL, began_ns, duration_ns, estimated"
		" FROM main.packed_pool WHERE async_id < ?1 AND async_id >= ?2";
	static const char work_sql[] =
		"SELECT p.async_id, e.thread_id, p.run_id, p.began_ns, p.duration_ns, 0"
		" FROM main.packed_run p JOIN main.entry e ON e.entry_id = p.entry_id"
		" WHERE p.run_id < ?1 AND p.run_id >= ?2 AND e.part = 'work'";
	struct pool_search search = {async_id, from_ns, to_ns, ret};

	*ret = (struct pool_uses){.count = 0};
	if (from_ns < 0 || to_ns <= from_ns)
		return 0;
	if (search_pool(recording, STATEMENT_POOL_BACK, pool_sql, async_id, &search, err) < 0 ||
		search_pool(recording, STATEMENT_WORK_BACK, work_sql, run_id, &search, err) < 0)
		return -1;
	qsort(ret->rows, ret->count, sizeof ret->rows[0], compare_uses);
	return ret->count > 0;
}
