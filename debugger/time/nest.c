/*
 * What was going on at a moment: see nest.h. Runs of one thread are nested, so that the order of
 * their beginnings is that of the nest. Promises bounded memory: a recording that claims a million
 * of runs at once is damaged.
 */
#include "debugger/time/nest.h"

#include "debugger/recording/lookup.h"
#include "debugger/time/span.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 1000000

struct gathering {
	struct nest *nest;
	int64_t at_ns;
};

static int add(struct nest *nest, const struct nest_run *run, struct error *err)
{
	if (nest->count == nest->capacity) {
		size_t capacity = nest->capacity ? nest->capacity * 2 : 64;
		struct nest_run *runs;

		if (capacity > RUNS_MAX)
			return error_set(err,
				"more than half a million runs were going on at that moment: the"
				" recording is damaged");
		runs = realloc(nest->runs, capacity * sizeof *runs);
		if (!runs)
			return error_set(err, "out of memory");
		nest->runs = runs;
		nest->capacity = capacity;
	}
	nest->runs[nest->count++] = *run;
	return 0;
}

/* a + b, where either may be unknown, and hostile values wrap. */
static int64_t plus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a + (uint64_t)b);
}

static bool is_work(sqlite3_stmt *row, int column)
{
	const char *part = (const char *)sqlite3_column_text(row, column);

	return part && !strcmp(part, "work");
}

static int on_run(void *context, sqlite3_stmt *row, struct error *err)
{
	struct gathering *gathering = context;
	struct nest_run run = {lookup_column(row, 0), lookup_column(row, 1), lookup_column(row, 4),
		lookup_column(row, 2), UNKNOWN, is_work(row, 5)};

	run.ended_ns = plus(run.began_ns, lookup_column(row, 3));
	return add(gathering->nest, &run, err);
}

/* Until it began only its arming stood. */
static int on_shot(void *context, sqlite3_stmt *row, struct error *err)
{
	struct gathering *gathering = context;
	struct nest_run run = {lookup_column(row, 0), lookup_column(row, 1), lookup_column(row, 5),
		plus(lookup_column(row, 2), lookup_column(row, 3)), UNKNOWN, false};

	if (run.began_ns == UNKNOWN || run.began_ns > gathering->at_ns)
		return 0;
	run.ended_ns = plus(run.began_ns, lookup_column(row, 4));
	return add(gathering->nest, &run, err);
}

static int on_request(void *context, sqlite3_stmt *row, struct error *err)
{
	struct gathering *gathering = context;
	struct nest_run run = {lookup_column(row, 6), lookup_column(row, 0), lookup_column(row, 8),
		plus(lookup_column(row, 1), lookup_column(row, 2)), UNKNOWN, false};

	if (run.began_ns == UNKNOWN || run.began_ns > gathering->at_ns)
		return 0;
	run.ended_ns = plus(run.began_ns, lookup_column(row, 3));
	return add(gathering->nest, &run, err);
}

static int compare(const void *left, const void *right)
{
	const struct nest_run *a = left, *b = right;

	if (a->thread_id != b->thread_id)
		return a->thread_id < b->thread_id ? -1 : 1;
	if (a->began_ns != b->began_ns)
		return a->began_ns > b->began_ns ? -1 : 1;
	return a->run_id == b->run_id ? 0 : a->run_id > b->run_id ? -1 : 1;
}

int nest_gather(struct nest *nest, struct reader *recording, int64_t process_id, int64_t at_ns,
	struct error *err)
{
	struct gathering gathering = {nest, at_ns};

	*nest = (struct nest){0};
	if (span_visit(recording, SPAN_RUN, process_id, at_ns, on_run, &gathering, err) ||
		span_visit(recording, SPAN_SHOT, process_id, at_ns, on_shot, &gathering, err) ||
		span_visit(recording, SPAN_REQUEST, process_id, at_ns, on_request, &gathering, err))
		return -1;
	if (nest->count)
		qsort(nest->runs, nest->count, sizeof *nest->runs, compare);
	return 0;
}

void nest_deinit(struct nest *nest)
{
	free(nest->runs);
	*nest = (struct nest){0};
}

const struct nest_run *nest_of_thread(const struct nest *nest, int64_t thread_id, size_t *count)
{
	size_t low = 0, high = nest->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nest->runs[middle].thread_id < thread_id)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < nest->count && nest->runs[end].thread_id == thread_id; end++)
		continue;
	*count = end - low;
	return *count ? &nest->runs[low] : NULL;
}
