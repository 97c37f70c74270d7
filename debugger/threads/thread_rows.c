/*
 * Threads: see thread_rows.h. The tables of runs are read whole for what a thread did in all, which
 * is done only as far as it takes no time or was asked for.
 */
#include "debugger/threads/thread_rows.h"

#include <stdlib.h>

#define LOOPS_MAX    1000		 /* whose last waits are looked up */
#define CRASHES_MAX  "20000"		 /* that are looked at */
#define BRIEF_BUDGET (READER_BUDGET / 8) /* of counting what nobody asked for */
#define ENTRIES_MAX  1000000		 /* what ran on which thread: how many are looked at */

static int by_number(const void *a, const void *b)
{
	const struct thread_rows_row *x = a, *y = b;

	return (x->thread.thread_id > y->thread.thread_id) -
	       (x->thread.thread_id < y->thread.thread_id);
}

static int by_process(const void *a, const void *b)
{
	const struct thread_rows_row *x = a, *y = b;

	if (x->thread.process_id != y->thread.process_id)
		return x->thread.process_id > y->thread.process_id ? 1 : -1;
	return by_number(a, b);
}

/* While they are sorted by number. */
static struct thread_rows_row *find(const struct thread_rows *rows, int64_t thread_id)
{
	struct thread_rows_row key = {.thread.thread_id = thread_id};

	return rows->count ? bsearch(&key, rows->rows, rows->count, sizeof key, by_number) : NULL;
}

static enum thread_state state_of(const struct thread_row *thread)
{
	if (thread->last_run_id != UNKNOWN)
		return thread->last_run_id == thread->root_run_id ? THREAD_OUTSIDE : THREAD_RUNNING;
	return thread->ended_ns == UNKNOWN ? THREAD_STAYED : THREAD_ENDED;
}

static struct thread_rows_row *new_row(struct thread_rows *rows, size_t *capacity)
{
	size_t more = *capacity ? *capacity * 2 : 64;
	struct thread_rows_row *grown;

	if (rows->count == *capacity) {
		grown = reallocarray(rows->rows, more, sizeof *grown);
		if (!grown)
			return NULL;
		rows->rows = grown;
		*capacity = more;
	}
	return &rows->rows[rows->count++];
}

static int read_threads(
	struct thread_rows *ret, struct reader *recording, int64_t process_id, struct error *err)
{
	static const char sql[] =
		"SELECT thread_id, process_id, os_tid, root_run_id, last_run_id, started_ns,"
		" ended_ns, name, role, is_foreign FROM main.thread"
		" WHERE ?1 IS NULL OR process_id = ?1 ORDER BY thread_id";
	struct thread_rows_row *row;
	size_t capacity = 0;
	sqlite3_stmt *at;
	int found;

	if (reader_prepare(recording, STATEMENT_THREADS, sql, &at, err))
		return -1;
	if (process_id != UNKNOWN)
		sqlite3_bind_int64(at, 1, process_id);
	while ((found = reader_step(recording, at, err)) == 1 && ret->count < THREAD_ROWS_MAX) {
		row = new_row(ret, &capacity);
		if (!row) {
			sqlite3_reset(at);
			return error_set(err, "out of memory");
		}
		*row = (struct thread_rows_row){.crash_id = UNKNOWN, .left_poll_ns = UNKNOWN};
		row->thread = (struct thread_row){sqlite3_column_int64(at, 0), lookup_column(at, 1),
			lookup_column(at, 2), lookup_column(at, 3), lookup_column(at, 4),
			lookup_column(at, 5), lookup_column(at, 6), lookup_text(recording, at, 7),
			lookup_text(recording, at, 8), sqlite3_column_int(at, 9) == 1};
		row->state = state_of(&row->thread);
	}
	sqlite3_reset(at);
	ret->all = (int64_t)ret->count;
	if (found == 1 &&
		reader_integer(recording, STATEMENT_THREAD_COUNT,
			"SELECT count(*) FROM main.thread WHERE ?1 IS NULL OR process_id = ?1",
			process_id, UNKNOWN, &ret->all, err) < 0)
		return -1;
	return found < 0 ? -1 : 0;
}

static int find_crashed(struct thread_rows *rows, struct reader *recording, struct error *err)
{
	struct thread_rows_row *row;
	sqlite3_stmt *at;
	int found;

	if (reader_prepare(recording, STATEMENT_CRASHED_THREADS,
		    "SELECT thread_id, crash_id FROM main.crash ORDER BY crash_id "
		    "LIMIT " CRASHES_MAX,
		    &at, err))
		return -1;
	while ((found = reader_step(recording, at, err)) == 1) {
		row = find(rows, lookup_column(at, 0));
		if (!row)
			continue;
		row->state = THREAD_CRASHED;
		row->crash_id = sqlite3_column_int64(at, 1);
	}
	return found;
}

/* From one loop to the next by the key; of each the last time that it came back. */
static int find_waits(struct thread_rows *rows, struct reader *recording, struct error *err)
{
	static const char next_sql[] =
		"SELECT loop_id FROM main.packed_poll WHERE loop_id > ?1 ORDER BY loop_id LIMIT 1";
	static const char last_sql[] =
		"SELECT thread_id, entered_ns, wait_ns FROM main.packed_poll WHERE loop_id = ?1"
		" ORDER BY entered_ns DESC LIMIT 1";
	int64_t loop_id = INT64_MIN + 1, entered_ns, left_ns;
	struct thread_rows_row *row;
	sqlite3_stmt *at;
	int found = 0, i;

	for (i = 0; i < LOOPS_MAX; i++) {
		found = reader_integer(
			recording, STATEMENT_NEXT_LOOP, next_sql, loop_id, UNKNOWN, &loop_id, err);
		if (found != 1 || (found = reader_prepare(
					   recording, STATEMENT_LAST_POLL, last_sql, &at, err)) < 0)
			break;
		sqlite3_bind_int64(at, 1, loop_id);
		found = reader_step(recording, at, err);
		if (found < 0)
			break;
		row = found ? find(rows, lookup_column(at, 0)) : NULL;
		entered_ns = found ? lookup_column(at, 1) : UNKNOWN;
		if (row && entered_ns != UNKNOWN && lookup_column(at, 2) != UNKNOWN &&
			!__builtin_add_overflow(entered_ns, lookup_column(at, 2), &left_ns) &&
			left_ns > row->left_poll_ns)
			row->left_poll_ns = left_ns;
		sqlite3_reset(at);
	}
	return found < 0 ? -1 : 0;
}

/* Which thread the runs of an entry are of. Sorted by entry. */
struct entries {
	struct entry {
		int64_t entry_id;
		struct thread_rows_row *row;
	} * rows;
	size_t count;
};

static int by_entry(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->entry_id > y->entry_id) - (x->entry_id < y->entry_id);
}

static int read_entries(struct entries *ret, const struct thread_rows *rows,
	struct reader *recording, struct error *err)
{
	size_t capacity = 0;
	sqlite3_stmt *at;
	int found;

	if (reader_prepare(recording, STATEMENT_ENTRIES,
		    "SELECT entry_id, thread_id FROM main.entry ORDER BY entry_id", &at, err))
		return -1;
	while ((found = reader_step(recording, at, err)) == 1 && ret->count < ENTRIES_MAX) {
		struct thread_rows_row *row = find(rows, lookup_column(at, 1));
		struct entry *grown = ret->rows;

		if (!row)
			continue;
		if (ret->count == capacity) {
			capacity = capacity ? 2 * capacity : 256;
			grown = reallocarray(ret->rows, capacity, sizeof *grown);
		}
		if (!grown) {
			sqlite3_reset(at);
			return error_set(err, "out of memory");
		}
		ret->rows = grown;
		ret->rows[ret->count++] = (struct entry){sqlite3_column_int64(at, 0), row};
	}
	sqlite3_reset(at);
	return found < 0 ? -1 : 0;
}

/*
 * Adds up the runs of one table: their entries, times, and whether they were inside of another,
 * whose time theirs is. One after another: to sort them by thread would take ten times as long.
 */
static int count_table(
	const struct entries *entries, struct reader *recording, const char *sql, struct error *err)
{
	const struct entry *entry = NULL;
	sqlite3_stmt *at;
	int found;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &at, NULL))
		return reader_error(recording, NULL, err);
	while ((found = reader_step(recording, at, err)) == 1) {
		struct entry key = {.entry_id = sqlite3_column_int64(at, 0)};

		if (!entry || entry->entry_id != key.entry_id)
			entry = entries->count ? bsearch(&key, entries->rows, entries->count,
							 sizeof key, by_entry)
					       : NULL;
		if (!entry)
			continue;
		entry->row->runs++;
		if (!sqlite3_column_int(at, 2))
			entry->row->busy_ns += (double)sqlite3_column_int64(at, 1);
	}
	sqlite3_finalize(at);
	return found;
}

/* Of thread's own runs none is a callback's. */
#define COUNT_SQL(table, which)                                                                    \
	"SELECT r.entry_id, r.duration_ns, r.run_id IN (SELECT run_id FROM main.packed_outer"      \
	" WHERE outer_run_id IS NOT NULL) FROM main." table " r " which

static int count_all(
	struct thread_rows *rows, struct reader *recording, bool at_any_cost, struct error *err)
{
	static const char *const tables[] = {
		COUNT_SQL("packed_run", "WHERE r.run_id NOT IN (SELECT root_run_id FROM main.thread"
					" WHERE root_run_id IS NOT NULL)"),
		COUNT_SQL("packed_shot", ""),
		COUNT_SQL("packed_request", "WHERE r.run_id IS NOT NULL"),
	};
	struct entries entries = {0};
	int result = read_entries(&entries, rows, recording, err);
	size_t i;

	reader_set_budget(recording, at_any_cost ? 0 : BRIEF_BUDGET);
	for (i = 0; !result && i < sizeof tables / sizeof tables[0]; i++)
		result = count_table(&entries, recording, tables[i], err);
	reader_set_budget(recording, READER_BUDGET);
	free(entries.rows);
	rows->is_counted = !result;
	/* Too many for what nobody asked for: not known, and no error. */
	return result && (at_any_cost || reader_is_interrupted()) ? -1 : 0;
}

int thread_rows_init(struct thread_rows *ret, struct reader *recording, int64_t process_id,
	bool count_runs, struct error *err)
{
	*ret = (struct thread_rows){0};
	if (read_threads(ret, recording, process_id, err) || find_crashed(ret, recording, err) ||
		find_waits(ret, recording, err) || count_all(ret, recording, count_runs, err))
		return -1;
	if (ret->count)
		qsort(ret->rows, ret->count, sizeof *ret->rows, by_process);
	return 0;
}

void thread_rows_deinit(struct thread_rows *rows)
{
	free(rows->rows);
	*rows = (struct thread_rows){0};
}

int64_t thread_rows_life(const struct thread_rows_row *row, const struct process_row *process)
{
	int64_t from_ns = row->thread.started_ns, to_ns = row->thread.ended_ns, life;

	if (to_ns == UNKNOWN)
		to_ns = process->ended_ns;
	if (from_ns == UNKNOWN || to_ns == UNKNOWN || to_ns < from_ns ||
		__builtin_sub_overflow(to_ns, from_ns, &life))
		return UNKNOWN;
	return life;
}
