/*
 * Lineage against the truth: random recordings whose every link is known, with the shortcuts that
 * the ingester writes for them. The async stack of any run, its folds written out again, must be
 * the chain of links, no hop more or less.
 */
#include "debugger/lineage/lineage.h"
#include "recorder/ingest/fold.h"
#include "schema/schema.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS	 3000
#define STACKS	 3 /* places that arm */
#define FIRST	 2 /* run 1 is main's */
#define ALL_HOPS RUNS

struct truth {
	int64_t link[RUNS + FIRST];  /* run that armed a run */
	int64_t stack[RUNS + FIRST]; /* where */
};

static char path[] = "/tmp/test_lineage.XXXXXX";

static void execute(sqlite3 *database, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &message))
		fail_msg("%s: %s", sql, message);
}

static void __attribute__((format(printf, 2, 3)))
execute_format(sqlite3 *database, const char *format, ...)
{
	va_list arguments;
	char sql[512];

	va_start(arguments, format);
	vsnprintf(sql, sizeof sql, format, arguments);
	va_end(arguments);
	execute(database, sql);
}

static const char common[] =
	"INSERT INTO meta VALUES ('complete', '1');"
	"INSERT INTO process (process_id, executable) VALUES (1, '/x/program');"
	"INSERT INTO thread (thread_id, process_id, role, root_run_id) VALUES (1, 1, 'main', 1);"
	"INSERT INTO type VALUES (1, 'main', 'root', 'ROOT', 0), (2, 'uv_timer_t', 'handle', "
	"'Timeout', 0);"
	"INSERT INTO api VALUES (1, 'uv_timer_start');"
	"INSERT INTO frame (frame_id, address) VALUES (1, 100), (2, 200), (3, 300);"
	"INSERT INTO stack (stack_id, frame_id) VALUES (1, 1), (2, 2), (3, 3);"
	"INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id)"
	" VALUES (1, 1, 2, 1, 1), (2, 1, 2, 1, 2), (3, 1, 2, 1, 3);"
	"INSERT INTO entry VALUES (1, 1, 'callback', NULL), (2, 1, 'callback', 2);"
	"INSERT INTO packed_resource (async_id, type_id, created_ns) VALUES (1, 1, 0), (2, 2, 0);"
	"INSERT INTO packed_run (run_id, async_id, entry_id, began_ns) VALUES (1, 1, 1, 0);";

/* Patterns of stacks that repeat, and now and then a link to a run further back. */
static void invent(struct truth *truth)
{
	int64_t run = FIRST;

	while (run < RUNS + FIRST) {
		int period = 1 + (int)(random() % 9), times = 1 + (int)(random() % 300), i;
		int64_t pattern[9];

		for (i = 0; i < period; i++)
			pattern[i] = 1 + random() % STACKS;
		for (i = 0; i < period * times && run < RUNS + FIRST; i++, run++) {
			truth->stack[run] = pattern[i % period];
			truth->link[run] = run - 1;
		}
		if (run < RUNS + FIRST && random() % 3 == 0) {
			truth->stack[run] = 1 + random() % STACKS;
			truth->link[run] = 1 + random() % (run - 1);
			run++;
		}
	}
}

/* Every third run with its arming, as one that used it up. */
static void write_run(sqlite3 *database, const struct truth *truth, int64_t run)
{
	long long id = run, link = truth->link[run], stack = truth->stack[run];

	if (run % 3 == 0) {
		execute_format(database,
			"INSERT INTO packed_shot (run_id, async_id, arming_delta, origin_id, "
			"armer_delta,"
			" armed_ns, entry_id, wait_ns) VALUES (%lld, 2, 0, %lld, %lld, %lld, 2, 5)",
			id, stack, id - link, id * 10 - 5);
		return;
	}
	execute_format(database,
		"INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns)"
		" VALUES (%lld, 2, %lld, 2, %lld)",
		id, id, id * 10);
	execute_format(database,
		"INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns)"
		" VALUES (%lld, 2, %lld, %lld, %lld)",
		id, link, stack, id * 10 - 5);
}

static void write_down(const struct truth *truth, bool with_folds)
{
	struct fold *fold = fold_create();
	struct fold_shortcut shortcut;
	sqlite3 *database;
	int64_t run;

	assert_non_null(fold);
	unlink(path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	execute(database, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN");
	execute(database, schema_tables_sql);
	execute(database, schema_views_sql);
	execute(database, common);
	for (run = FIRST; run < RUNS + FIRST; run++) {
		struct fold_hop hop = {.run_id = run,
			.link_run_id = truth->link[run],
			.origin_id = (uint32_t)truth->stack[run],
			.entry_id = 2};

		write_run(database, truth, run);
		if (with_folds && fold_add(fold, &hop, &shortcut))
			execute_format(database, "INSERT INTO fold VALUES (%lld, %d, %lld, %lld)",
				(long long)shortcut.run_id, shortcut.period,
				(long long)shortcut.times, (long long)shortcut.to_run_id);
	}
	execute(database, schema_indexes_sql);
	execute(database, "COMMIT");
	sqlite3_close(database);
	fold_destroy(fold);
}

/* The stacks of all hops, with what was folded away. */
static size_t written_out(const struct lineage *lineage, int64_t *stacks)
{
	size_t count = 0, i;

	for (i = 1; i < lineage->count; i++) {
		const struct segment *segment = &lineage->segments[i];
		int64_t left;

		assert_true(count < ALL_HOPS);
		stacks[count++] = segment->frames->stack_id;
		left = segment->folded_times * segment->folded_segments;
		for (; left > 0; left--, count++) {
			assert_true(count < ALL_HOPS);
			stacks[count] = stacks[count - (size_t)segment->folded_segments];
		}
	}
	return count;
}

static void compare(struct reader *recording, struct frames_cache *cache, const struct truth *truth,
	int64_t run, bool full)
{
	static int64_t stacks[ALL_HOPS];
	struct lineage_options options = {.by = EDGE_LINK, .full = full, .depth = UNKNOWN};
	struct point point = {POINT_RUN, run};
	struct lineage lineage;
	struct error err;
	size_t count, i;

	if (lineage_init(&lineage, recording, cache, &point, &options, &err))
		fail_msg("%s", err.text);
	assert_true(lineage.complete);
	count = written_out(&lineage, stacks);
	assert_int_equal(count, lineage.hops);
	for (i = 0; i < count; i++, run = truth->link[run])
		assert_int_equal(stacks[i], truth->stack[run]);
	assert_int_equal(run, 1);
	lineage_deinit(&lineage);
}

static void compare_all(const struct truth *truth, bool with_folds)
{
	struct frames_cache *cache = frames_cache_create();
	struct reader *recording;
	struct error err;
	int i;

	write_down(truth, with_folds);
	if (reader_open(&recording, path, &err) || reader_begin(recording, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < 60; i++)
		compare(recording, cache, truth, FIRST + random() % RUNS, i % 8 == 0);
	compare(recording, cache, truth, RUNS + FIRST - 1, false);
	reader_end(recording);
	reader_close(recording);
	frames_cache_destroy(cache);
}

static void test_random(void **state)
{
	static struct truth truth;
	int seed;

	(void)state;
	for (seed = 1; seed <= 12; seed++) {
		srandom((unsigned)seed);
		invent(&truth);
		compare_all(&truth, seed % 4 != 0);
	}
}

/* Every link of a recording that says anything at all: an end, and in bounded time. */
static void test_garbage(void **state)
{
	struct lineage_options options = {.by = EDGE_LINK, .depth = UNKNOWN};
	static struct truth truth;
	struct frames_cache *cache;
	struct reader *recording;
	struct lineage lineage;
	sqlite3 *database;
	struct error err;
	int i;

	(void)state;
	srandom(99);
	invent(&truth);
	write_down(&truth, true);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	execute(database,
		"UPDATE packed_arming SET run_id = abs(random()) % 3500 - 10;"
		"UPDATE fold SET period = abs(random()) % 10 - 1, times = random(),"
		" to_run_id = abs(random()) % 3500;"
		"UPDATE packed_run SET cause_id = run_id % 50;"
		"INSERT INTO packed_cause (cause_id, run_id) SELECT run_id,"
		" abs(random()) % 3500 FROM packed_run WHERE run_id < 50;"
		"UPDATE packed_resource SET trigger_delta = 2 * async_id - 3, run_id = 5");
	sqlite3_close(database);
	assert_int_equal(reader_open(&recording, path, &err), 0);
	assert_int_equal(reader_begin(recording, &err), 0);
	cache = frames_cache_create();
	for (i = 0; i < 300; i++) {
		struct point point = {i % 2 ? POINT_RUN : POINT_ASYNC, FIRST + i};

		options.by = EDGE_LINK + (enum lineage_edge)(i % 3);
		if (!lineage_init(&lineage, recording, cache, &point, &options, &err)) {
			assert_true(lineage.complete || lineage.ended[0]);
			lineage_deinit(&lineage);
		}
	}
	frames_cache_destroy(cache);
	reader_end(recording);
	reader_close(recording);
}

static int set_up(void **state)
{
	int descriptor = mkstemp(path);

	(void)state;
	if (descriptor < 0)
		return -1;
	return close(descriptor);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
