/*
 * What threads were doing: see threads_then.h. Runs come from nest.c; waits from the polls of each
 * loop, the last before the moment; work of the pool from the requests that were on their way.
 */
#include "debugger/time/threads_then.h"

#include "debugger/recording/lookup_time.h"
#include "debugger/time/run_search.h"
#include "debugger/time/span.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 1000000
#define ROWS_BACK   20000 /* read in search of what an idle thread did last */
#define OUTER_MAX   1000

static const char *const names[] = {
#define X(tag, name) name,
	THREAD_ACTIVITIES(X)
#undef X
};

const char *thread_activity_name(enum thread_activity activity)
{
	return names[activity];
}

struct search {
	struct threads_then *then;
	struct reader *recording;
};

static int64_t plus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a + (uint64_t)b);
}

static struct thread_then *find_thread(struct threads_then *then, int64_t thread_id)
{
	size_t low = 0, high = then->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (then->threads[middle].thread.thread_id < thread_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < then->count && then->threads[low].thread.thread_id == thread_id
		       ? &then->threads[low]
		       : NULL;
}

static int add_thread(struct search *search, int64_t thread_id, struct error *err)
{
	struct threads_then *then = search->then;
	struct thread_then *thread;

	if (then->count == then->capacity) {
		size_t capacity = then->capacity ? then->capacity * 2 : 32;

		if (then->count >= THREADS_MAX)
			return error_set(err, "more than a million threads were there at once");
		thread = realloc(then->threads, capacity * sizeof *thread);
		if (!thread)
			return error_set(err, "out of memory");
		then->threads = thread;
		then->capacity = capacity;
	}
	thread = &then->threads[then->count++];
	*thread = (struct thread_then){.since_ns = UNKNOWN,
		.after_run_id = UNKNOWN,
		.poll = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
		.pool = {UNKNOWN, UNKNOWN, UNKNOWN, false}};
	return lookup_thread(search->recording, thread_id, &thread->thread, err) < 0 ? -1 : 0;
}

/* The threads that had begun and not ended, of all processes, by ID. */
static int find_threads(struct search *search, int64_t process_id, struct error *err)
{
	static const char sql[] = "SELECT thread_id FROM main.thread WHERE process_id = ?1"
				  " AND (started_ns IS NULL OR started_ns <= ?2)"
				  " AND (ended_ns IS NULL OR ended_ns >= ?2) ORDER BY thread_id";
	sqlite3_stmt *row;
	int found, result = 0;

	if (sqlite3_prepare_v2(reader_database(search->recording), sql, -1, &row, NULL))
		return reader_error(search->recording, NULL, err);
	sqlite3_bind_int64(row, 1, process_id);
	sqlite3_bind_int64(row, 2, search->then->at_ns);
	while (!result && (found = reader_step(search->recording, row, err)) == 1)
		result = add_thread(search, sqlite3_column_int64(row, 0), err);
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

static int compare_threads(const void *left, const void *right)
{
	const struct thread_then *a = left, *b = right;

	return a->thread.thread_id == b->thread.thread_id  ? 0
	       : a->thread.thread_id < b->thread.thread_id ? -1
							   : 1;
}

/* The runs of each thread of a process; its root run is the outermost. */
static void take_nest(struct search *search, const struct nest *nest)
{
	size_t i, count;

	for (i = 0; i < search->then->count; i++) {
		struct thread_then *thread = &search->then->threads[i];
		const struct nest_run *runs =
			nest_of_thread(nest, thread->thread.thread_id, &count);

		if (!runs)
			continue;
		if (runs[count - 1].run_id == thread->thread.root_run_id)
			count--;
		thread->runs = runs;
		thread->run_count = count;
		if (!count)
			continue;
		thread->activity = ACTIVITY_RUNNING;
		thread->since_ns = runs[0].began_ns;
	}
}

/* The last wait of a loop that was entered by then. */
static int take_poll(struct search *search, int64_t loop_id, struct error *err)
{
	static const char sql[] = "SELECT thread_id, entered_ns, wait_ns, timeout_ms"
				  " FROM main.packed_poll WHERE loop_id = ?1 AND entered_ns <= ?2"
				  " ORDER BY entered_ns DESC LIMIT 1";
	struct thread_then *thread;
	int64_t left_ns;
	sqlite3_stmt *row;
	int found;

	if (sqlite3_prepare_v2(reader_database(search->recording), sql, -1, &row, NULL))
		return reader_error(search->recording, NULL, err);
	sqlite3_bind_int64(row, 1, loop_id);
	sqlite3_bind_int64(row, 2, search->then->at_ns);
	found = reader_step(search->recording, row, err);
	left_ns = found == 1 ? plus(lookup_column(row, 1), lookup_column(row, 2)) : 0;
	if (found == 1 && (left_ns == UNKNOWN || left_ns > search->then->at_ns) &&
		(thread = find_thread(search->then, lookup_column(row, 0)))) {
		thread->poll.loop_id = loop_id;
		thread->poll.entered_ns = lookup_column(row, 1);
		thread->poll.left_ns = left_ns;
		thread->poll.timeout_ms = lookup_column(row, 3);
		/* In a nested uv_run it waits inside of a callback. */
		if (!thread->run_count || thread->since_ns <= thread->poll.entered_ns) {
			thread->activity = ACTIVITY_POLLING;
			thread->since_ns = thread->poll.entered_ns;
		}
	}
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

static int find_polls(struct search *search, struct error *err)
{
	static const char sql[] = "SELECT loop_id FROM main.packed_poll WHERE loop_id > ?1"
				  " ORDER BY loop_id LIMIT 1";
	int64_t loop_id = INT64_MIN;
	sqlite3_stmt *row;
	int found, result = 0;

	if (sqlite3_prepare_v2(reader_database(search->recording), sql, -1, &row, NULL))
		return reader_error(search->recording, NULL, err);
	for (;;) {
		sqlite3_bind_int64(row, 1, loop_id);
		found = reader_step(search->recording, row, err);
		if (found != 1)
			break;
		loop_id = sqlite3_column_int64(row, 0);
		sqlite3_reset(row);
		result = take_poll(search, loop_id, err);
		if (result)
			break;
	}
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

/* A request on its way that a thread of the pool had. */
static int on_request(void *context, sqlite3_stmt *row, struct error *err)
{
	struct search *search = context;
	int64_t at_ns = search->then->at_ns;
	struct thread_then *thread;
	struct pool_row pool;
	int found = lookup_pool(search->recording, lookup_column(row, 0), &pool, err);

	if (found != 1 || pool.began_ns == UNKNOWN || pool.began_ns > at_ns ||
		(pool.ended_ns != UNKNOWN && pool.ended_ns <= at_ns))
		return found < 0 ? -1 : 0;
	thread = find_thread(search->then, pool.thread_id);
	if (!thread)
		return 0;
	thread->pool.async_id = lookup_column(row, 0);
	thread->pool.began_ns = pool.began_ns;
	thread->pool.ended_ns = pool.ended_ns;
	thread->pool.is_estimated = pool.is_estimated;
	if (!thread->run_count) {
		thread->activity = pool.is_estimated ? ACTIVITY_POOL_OR_IDLE : ACTIVITY_POOL;
		thread->since_ns = pool.began_ns;
	}
	return 0;
}

/* When the outermost run around one ended. */
static int outermost_end(struct search *search, int64_t run_id, int64_t root_run_id,
	int64_t *ret_run_id, int64_t *ret_ns, struct error *err)
{
	struct run_row run;
	int found = 1, i;

	for (i = 0; i < OUTER_MAX; i++) {
		found = lookup_run(search->recording, run_id, &run, err);
		if (found != 1)
			break;
		*ret_run_id = run_id;
		*ret_ns = plus(run.began_ns, run.duration_ns);
		if (run.outer_run_id == UNKNOWN || run.outer_run_id == root_run_id)
			break;
		run_id = run.outer_run_id;
	}
	return found < 0 ? -1 : 0;
}

/* Since when a thread that is in nothing has been so: since what it was in last. */
static int find_since(struct search *search, struct thread_then *thread, struct error *err)
{
	const struct run_search wanted = {thread->thread.thread_id, thread->thread.process_id,
		search->then->at_ns, INT64_MAX, ROWS_BACK};
	int64_t run_id, began_ns, ended_ns = UNKNOWN, last_id = UNKNOWN;
	int found;

	if (!reader_is_indexed(search->recording))
		return 0;
	found = run_search_last(search->recording, &wanted, &run_id, &began_ns, err);
	if (found != 1 || run_id == thread->thread.root_run_id)
		return found < 0 ? -1 : 0;
	if (outermost_end(search, run_id, thread->thread.root_run_id, &last_id, &ended_ns, err))
		return -1;
	if (ended_ns == UNKNOWN || ended_ns > search->then->at_ns)
		return 0;
	/* What the pool had beside its runs may have come since. */
	if (thread->activity == ACTIVITY_IDLE)
		return 0;
	thread->since_ns = ended_ns;
	thread->after_run_id = last_id;
	return 0;
}

static int fill(struct search *search, struct error *err)
{
	struct threads_then *then = search->then;
	size_t i;

	if (find_polls(search, err))
		return -1;
	for (i = 0; i < then->count; i++) {
		struct thread_then *thread = &then->threads[i];

		if (thread->activity != ACTIVITY_OUTSIDE)
			continue;
		if (thread->thread.role && !strcmp(thread->thread.role, "pool"))
			thread->activity = ACTIVITY_IDLE;
		else if (find_since(search, thread, err))
			return -1;
	}
	return 0;
}

int threads_then_find(struct threads_then *then, struct reader *recording, int64_t process_id,
	int64_t at_ns, struct error *err)
{
	struct search search = {then, recording};
	size_t i;

	*then = (struct threads_then){.at_ns = at_ns};
	if (present_find(&then->processes, recording, at_ns, err))
		return -1;
	then->nests = calloc(then->processes.count + 1, sizeof *then->nests);
	if (!then->nests)
		return error_set(err, "out of memory");
	for (i = 0; i < then->processes.count; i++)
		if ((process_id == UNKNOWN || process_id == then->processes.ids[i]) &&
			find_threads(&search, then->processes.ids[i], err))
			return -1;
	if (then->count)
		qsort(then->threads, then->count, sizeof *then->threads, compare_threads);
	for (i = 0; i < then->processes.count; i++) {
		int64_t id = then->processes.ids[i];

		if (process_id != UNKNOWN && process_id != id)
			continue;
		if (nest_gather(&then->nests[i], recording, id, at_ns, err))
			return -1;
		take_nest(&search, &then->nests[i]);
		if (span_visit(recording, SPAN_REQUEST, id, at_ns, on_request, &search, err))
			return -1;
	}
	return fill(&search, err);
}

void threads_then_deinit(struct threads_then *then)
{
	size_t i;

	for (i = 0; then->nests && i < then->processes.count; i++)
		nest_deinit(&then->nests[i]);
	free(then->nests);
	free(then->threads);
	present_deinit(&then->processes);
	*then = (struct threads_then){0};
}
