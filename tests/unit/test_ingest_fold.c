/*
 * Shortcuts over repeats: every row of `fold` is checked hop by hop along run_edge, chains are
 * followed with it in few steps, and a chain that does not repeat has none.
 */
#include "tests/unit/ingest_fixture.h"

#include <time.h>

enum { CALLBACKS = 9 };

/* Runs 2 to `count` + 1, each armed in the one before; callback and stack as `letter` says. */
static void put_chain(struct fixture *f, int count, int (*letter)(int), const uint32_t *stacks)
{
	for (int i = 0; i < count; i++) {
		struct event_arming arming = {.thread = 1,
			.arming_id = (uint64_t)i + 1,
			.async_id = 2,
			.run_id = (uint64_t)i + 1,
			.armed = f->start + (uint64_t)i * 1000,
			.timeout_ms = 1,
			.repeat_ms = EVENT_NO_TIME,
			.stack = stacks[letter(i)],
			.api = ACAUSAL_API_uv_timer_start,
			.end = ACAUSAL_END_FIRED,
			.disarmed = f->start + (uint64_t)i * 1000 + 500};
		struct event_run run = {.async_id = 2, .arming_id = (uint64_t)i + 1};

		run.execution = (struct event_execution){.run_id = (uint64_t)i + 2,
			.outer_run_id = 1,
			.began = f->start + (uint64_t)i * 1000 + 500,
			.ended = f->start + (uint64_t)i * 1000 + 900,
			.callback = 0x401000 + 64 * (uint64_t)letter(i),
			.status = EVENT_NO_STATUS,
			.bytes = EVENT_NO_STATUS};
		if (arena_writer_free_chunks(f->arena) < 2)
			fixture_drain(f);
		assert_true(ARENA_PUT(f->arena, 1, ARMING, &arming));
		assert_true(ARENA_PUT(f->arena, 1, RUN, &run));
	}
}

static struct fixture *with_chain(int count, int (*letter)(int))
{
	struct fixture *f = fixture_create();
	struct event_resource timer = {.thread = 1};
	uint32_t stacks[CALLBACKS];

	for (int i = 0; i < CALLBACKS; i++)
		stacks[i] = arena_writer_node(f->arena, f->stack, 0x402000 + 64 * (uint64_t)i);
	timer.birth = (struct event_birth){.async_id = 2, .run_id = 1, .type = ACAUSAL_TYPE_TIMER};
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &timer));
	put_chain(f, count, letter, stacks);
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 0);
	return f;
}

/*
 * All hops that a row of fold spans, by following run_edge: run R is letter(R - 2), its link R - 1.
 * Returns the number of rows; `*longest` is how many hops the longest spans.
 */
static int check_rows(struct fixture *f, int (*letter)(int), int64_t *longest, int *period)
{
	sqlite3_stmt *rows, *edge;
	int count = 0;

	*longest = 0;
	assert_int_equal(
		sqlite3_prepare_v2(f->db, "SELECT run_id, period, times, to_run_id FROM fold", -1,
			&rows, NULL),
		SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(f->db, "SELECT link_run_id FROM run_edge WHERE run_id = ?1", -1,
			&edge, NULL),
		SQLITE_OK);
	for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
		int64_t run = sqlite3_column_int64(rows, 0), times = sqlite3_column_int64(rows, 2);
		int p = sqlite3_column_int(rows, 1);
		int64_t at = run;

		for (int64_t hop = 0; hop < times * p; hop++) {
			assert_int_equal(letter((int)at - 2), letter((int)(run - hop % p) - 2));
			sqlite3_bind_int64(edge, 1, at);
			assert_int_equal(sqlite3_step(edge), SQLITE_ROW);
			at = sqlite3_column_int64(edge, 0);
			sqlite3_reset(edge);
		}
		assert_int_equal(at, sqlite3_column_int64(rows, 3));
		if (times * p > *longest) {
			*longest = times * p;
			*period = p;
		}
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(edge);
	return count;
}

static int same(int i)
{
	(void)i;
	return 0;
}

static int two(int i)
{
	return i % 2;
}

static int three(int i)
{
	return i % 3 == 2; /* A A B */
}

static int eight(int i)
{
	return i % 8;
}

static int nine(int i)
{
	return i % 9; /* longer than what is looked for */
}

static int mixed(int i)
{
	return i < 300 ? 0 : i < 340 ? i * i % 7 : i < 900 ? i % 2 : i % 3;
}

static int thue_morse(int i)
{
	return __builtin_popcount((unsigned)i) % 2; /* no block of it repeats three times */
}

static void expect(int (*letter)(int), int count, int rows, int64_t longest, int period)
{
	struct fixture *f = with_chain(count, letter);
	int64_t found_longest;
	int found_period = 0;

	assert_int_equal(check_rows(f, letter, &found_longest, &found_period), rows);
	assert_int_equal(found_longest, longest);
	if (rows)
		assert_int_equal(found_period, period);
	fixture_destroy(f);
}

static void periods_are_found(void **state)
{
	(void)state;
	expect(same, 1000, 15, 960, 1);
	expect(two, 1000, 7, 896, 2);
	expect(three, 1000, 5, 960, 3);
	expect(eight, 2000, 3, 1536, 8);
	expect(nine, 2000, 0, 0, 0);
	expect(thue_morse, 2000, 0, 0, 0);
}

static void streaks_end_where_the_pattern_does(void **state)
{
	struct fixture *f = with_chain(2000, mixed);
	int64_t longest;
	int period;

	(void)state;
	assert_true(check_rows(f, mixed, &longest, &period) >= 4 + 4 + 5);
	assert_int_equal(longest, 5 * 64 * 3);
	assert_int_equal(period, 3);
	fixture_destroy(f);
}

/* What a debugger does: at each run it looks for a shortcut before it takes the link. */
static void a_long_chain_takes_few_steps(void **state)
{
	struct fixture *f = with_chain(200000, three);
	sqlite3_stmt *fold, *edge;
	int64_t at = 200001;
	int steps = 0;

	(void)state;
	sqlite3_prepare_v2(f->db, "SELECT to_run_id FROM fold WHERE run_id = ?1", -1, &fold, NULL);
	sqlite3_prepare_v2(
		f->db, "SELECT link_run_id FROM run_edge WHERE run_id = ?1", -1, &edge, NULL);
	for (; at > 1; steps++) {
		sqlite3_bind_int64(fold, 1, at);
		sqlite3_bind_int64(edge, 1, at);
		if (sqlite3_step(fold) == SQLITE_ROW) {
			at = sqlite3_column_int64(fold, 0);
		} else {
			assert_int_equal(sqlite3_step(edge), SQLITE_ROW);
			at = sqlite3_column_int64(edge, 0);
		}
		sqlite3_reset(fold);
		sqlite3_reset(edge);
	}
	assert_int_equal(at, 1);
	assert_true(steps <= 64 * 3 + 4);
	sqlite3_finalize(fold);
	sqlite3_finalize(edge);
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(periods_are_found),
		cmocka_unit_test(streaks_end_where_the_pattern_does),
		cmocka_unit_test(a_long_chain_takes_few_steps),
	};

	return cmocka_run_group_tests_name("ingest fold", tests, NULL, NULL);
}
