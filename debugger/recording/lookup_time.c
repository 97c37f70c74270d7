/*
 * Rows of a recording by time: see lookup_time.h. The order of run IDs is the order in which runs
 * began, to within the recording's skew, so that going back from a run by ID is going back in time.
 * Promises bounded reading. Must not be used for what needs every row.
 */
#include "debugger/recording/lookup_time.h"

#include <stdlib.h>
#include <string.h>

#define POLLS_MAX  2000	   /* waits of a loop that are added up */
#define RUNS_BACK  4096	   /* run IDs that are looked at before a run */
#define CAUSES_MAX 4096	   /* causes that are looked at after the first of several */
#define SKEW_NS	   1000000 /* by which IDs may be out of step with times */

int lookup_pool(struct reader *recording, int64_t async_id, struct pool_row *ret, struct error *err)
{
	static const char sql[] = "SELECT thread_id, began_ns, began_ns + duration_ns, estimated "
				  "FROM main.packed_pool"
				  " WHERE async_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct pool_row){UNKNOWN, UNKNOWN, UNKNOWN, false};
	if (async_id == UNKNOWN)
		return 0;
	if (reader_prepare(recording, STATEMENT_POOL, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, async_id);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	ret->thread_id = lookup_column(row, 0);
	ret->began_ns = lookup_column(row, 1);
	ret->ended_ns = lookup_column(row, 2);
	ret->is_estimated = sqlite3_column_int(row, 3) != 0;
	sqlite3_reset(row);
	return 1;
}

int lookup_polled(struct reader *recording, int64_t loop_id, int64_t from_ns, int64_t to_ns,
	int64_t *polled_ns, struct error *err)
{
	static const char sql[] =
		"SELECT entered_ns, wait_ns FROM main.packed_poll WHERE loop_id = ?1"
		" AND entered_ns >= ?2 AND entered_ns < ?3 ORDER BY entered_ns LIMIT 2001";
	sqlite3_stmt *row;
	int64_t sum = 0;
	int found = 0, count = 0;

	*polled_ns = UNKNOWN;
	if (loop_id == UNKNOWN || from_ns < 0 || to_ns < from_ns)
		return 0;
	if (reader_prepare(recording, STATEMENT_POLLS, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, loop_id);
	sqlite3_bind_int64(row, 2, from_ns);
	sqlite3_bind_int64(row, 3, to_ns);
	/* Given up as soon as it is more than there was time. */
	while (sum <= to_ns - from_ns && (found = reader_step(recording, row, err)) == 1 &&
		++count <= POLLS_MAX) {
		int64_t entered_ns = sqlite3_column_int64(row, 0);
		int64_t wait_ns = sqlite3_column_int64(row, 1);

		if (wait_ns > to_ns - entered_ns)
			wait_ns = to_ns - entered_ns;
		if (wait_ns > 0 && __builtin_add_overflow(sum, wait_ns, &sum))
			sum = INT64_MAX;
	}
	sqlite3_reset(row);
	if (found < 0)
		return -1;
	if (!count || count > POLLS_MAX || sum > to_ns - from_ns)
		return 0;
	*polled_ns = sum;
	return 1;
}

/* Where runs are: run ID, callback, beginning, duration; ?1 is a run, ?2 how far back to look. */
#define RUNS_OF(table, began)                                                                      \
	"SELECT p.run_id, e.callback_frame_id, " began ", p.duration_ns, e.thread_id,"             \
	" u.outer_run_id FROM main." table " p"                                                    \
	" JOIN main.entry e ON e.entry_id = p.entry_id"                                            \
	" LEFT JOIN main.packed_outer u ON u.run_id = p.run_id"                                    \
	" WHERE p.run_id < ?1 AND p.run_id >= ?2 ORDER BY p.run_id DESC"

struct search {
	const struct run_row *run;
	int64_t from_ns, *budget;
	struct held_list *ret;
};

/* Keeps the longest. */
static void add_held(struct held_list *list, const struct held_row *row)
{
	size_t i;

	list->runs++;
	if (__builtin_add_overflow(list->held_ns, row->held_ns, &list->held_ns))
		list->held_ns = INT64_MAX;
	for (i = list->count; i > 0 && list->rows[i - 1].held_ns < row->held_ns; i--)
		if (i < HELD_MAX)
			list->rows[i] = list->rows[i - 1];
	if (i == HELD_MAX)
		return;
	list->rows[i] = *row;
	list->count += list->count < HELD_MAX;
}

/* Is it on top of the thread, or beside the run in the same nested uv_run? */
static bool is_beside(const struct run_row *run, int64_t run_id, int64_t outer_run_id)
{
	if (run_id == run->root_run_id)
		return false;
	return outer_run_id == UNKNOWN || outer_run_id == run->outer_run_id;
}

static int search_table(struct reader *recording, enum statement_slot slot, const char *sql,
	struct search *search, struct error *err)
{
	const struct run_row *run = search->run;
	sqlite3_stmt *row;
	int found = 0;

	if (reader_prepare(recording, slot, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, run->run_id);
	sqlite3_bind_int64(row, 2, run->run_id > RUNS_BACK ? run->run_id - RUNS_BACK : 0);
	while (*search->budget > 0 && (found = reader_step(recording, row, err)) == 1) {
		int64_t run_id = sqlite3_column_int64(row, 0), began_ns = lookup_column(row, 2);
		int64_t duration_ns = lookup_column(row, 3), ended_ns, held_ns;

		--*search->budget;
		if (lookup_column(row, 4) != run->thread_id || began_ns == UNKNOWN ||
			duration_ns == UNKNOWN || duration_ns < 0 ||
			!is_beside(run, run_id, lookup_column(row, 5)) ||
			__builtin_add_overflow(began_ns, duration_ns, &ended_ns) ||
			ended_ns > run->began_ns)
			continue;
		if (ended_ns <= search->from_ns)
			break; /* the ones before it have ended before */
		held_ns = ended_ns - (began_ns > search->from_ns ? began_ns : search->from_ns);
		if (held_ns > 0)
			add_held(search->ret,
				&(struct held_row){run_id, lookup_column(row, 1), held_ns});
	}
	search->ret->is_cut |= *search->budget <= 0;
	sqlite3_reset(row);
	return found < 0 ? -1 : 0;
}

int lookup_held_before(struct reader *recording, const struct run_row *run, int64_t from_ns,
	int64_t *budget, struct held_list *ret, struct error *err)
{
	struct search search = {run, from_ns, budget, ret};

	*ret = (struct held_list){.count = 0};
	if (run->run_id == UNKNOWN || from_ns < 0 || run->began_ns <= from_ns)
		return 0;
	if (search_table(recording, STATEMENT_RUNS_BEFORE, RUNS_OF("packed_run", "p.began_ns"),
		    &search, err) ||
		search_table(recording, STATEMENT_SHOTS_BEFORE,
			RUNS_OF("packed_shot", "p.armed_ns + p.wait_ns"), &search, err))
		return -1;
	/* Requests are found by their runs when there is an index; what is found without is true
	 * too. */
	if (reader_is_indexed(recording) &&
		search_table(recording, STATEMENT_REQUESTS_BEFORE,
			RUNS_OF("packed_request", "p.created_ns + p.wait_ns"), &search, err))
		return -1;
	return ret->count > 0;
}

int lookup_longest_before(struct reader *recording, const struct run_row *run, int64_t from_ns,
	int64_t *budget, struct held_row *ret, struct error *err)
{
	struct held_list list;
	int found = lookup_held_before(recording, run, from_ns, budget, &list, err);

	*ret = found == 1 ? list.rows[0] : (struct held_row){UNKNOWN, UNKNOWN, 0};
	return found;
}

int lookup_poll_before(struct reader *recording, int64_t loop_id, int64_t ns, struct poll_row *ret,
	struct error *err)
{
	/* One that was entered before and left after is that of a nested uv_run, or damage. */
	static const char sql[] =
		"SELECT entered_ns, entered_ns + wait_ns, thread_id, timeout_ms FROM"
		" (SELECT * FROM main.packed_poll WHERE loop_id = ?1 AND entered_ns <= ?2"
		" ORDER BY entered_ns DESC LIMIT 8) WHERE entered_ns + wait_ns <= ?2 LIMIT 1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct poll_row){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
	if (loop_id == UNKNOWN || ns == UNKNOWN)
		return 0;
	if (reader_prepare(recording, STATEMENT_POLL_BEFORE, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, loop_id);
	sqlite3_bind_int64(row, 2, ns);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	ret->entered_ns = lookup_column(row, 0);
	ret->left_ns = lookup_column(row, 1);
	ret->thread_id = lookup_column(row, 2);
	ret->timeout_ms = lookup_column(row, 3);
	sqlite3_reset(row);
	return 1;
}

int lookup_coalesced(struct reader *recording, int64_t cause_id, int64_t until_ns, int64_t *count,
	struct error *err)
{
	static const char sql[] = "SELECT cause_id - first_delta, caused_ns FROM main.packed_cause"
				  " WHERE cause_id > ?1 ORDER BY cause_id LIMIT 4097";
	sqlite3_stmt *row;
	int64_t causes = 1;
	int found, read = 0;
	bool is_past = false;

	*count = UNKNOWN;
	if (cause_id == UNKNOWN || until_ns < 0)
		return 0;
	if (reader_prepare(recording, STATEMENT_COALESCED, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, cause_id);
	while (!is_past && (found = reader_step(recording, row, err)) == 1 &&
		++read <= CAUSES_MAX) {
		causes += lookup_column(row, 0) == cause_id;
		is_past = lookup_column(row, 1) > until_ns &&
			  lookup_column(row, 1) - until_ns > SKEW_NS;
	}
	sqlite3_reset(row);
	if (!is_past && found < 0)
		return -1;
	if (read > CAUSES_MAX)
		return 0;
	*count = causes;
	return 1;
}
