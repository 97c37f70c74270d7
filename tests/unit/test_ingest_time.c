/*
 * Times of a recording: the map from the time stamp counter to nanoseconds, and how far the order
 * of IDs and the order of times are apart.
 */
#include "recorder/ingest/skew.h"
#include "recorder/ingest/timeline.h"
#include "tests/unit/ingest_fixture.h"

#include <time.h>

enum { TOLERANCE_NS = 1000 };

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void calibrate(struct timeline *line)
{
	uint64_t realtime_ns;

	timeline_init(line, &realtime_ns);
	while (!timeline_is_calibrated(line))
		timeline_anchor_now(line);
}

#if defined(__x86_64__)
static bool counter_is_the_clock(void)
{
	FILE *file =
		fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	char text[32] = "";

	if (!file)
		return false;
	if (!fgets(text, sizeof text, file))
		text[0] = 0;
	fclose(file);
	return !strcmp(text, "tsc\n");
}

/*
 * The clock is read between two readings of the counter, so that an interruption widens what is
 * allowed instead of failing the test. Converted again at the end, each tick has the same time.
 */
static void ticks_become_the_monotonic_clock(void **state)
{
	enum { PASSES = 300, SAMPLES = 20 };
	static uint64_t ticks[PASSES * SAMPLES];
	static int64_t times[PASSES * SAMPLES];
	struct timeline *line = calloc(1, sizeof *line);
	int64_t last = INT64_MIN;

	(void)state;
	if (!counter_is_the_clock()) {
		free(line);
		skip();
	}
	calibrate(line);
	for (int pass = 0; pass < PASSES; pass++) {
		timeline_anchor_now(line);
		for (int i = 0; i < SAMPLES; i++) {
			uint64_t before = __builtin_ia32_rdtsc();
			int64_t ns = (int64_t)(monotonic_ns() - line->zero_ns);
			uint64_t after = __builtin_ia32_rdtsc();
			int64_t from = timeline_ns(line, ARENA_CLOCK_TSC, before);
			int64_t to = timeline_ns(line, ARENA_CLOCK_TSC, after);

			assert_true(from >= last && to >= from);
			last = to;
			if (ns < from - TOLERANCE_NS || ns > to + TOLERANCE_NS)
				fail_msg("%lld is not between %lld and %lld", (long long)ns,
					(long long)from, (long long)to);
			ticks[pass * SAMPLES + i] = before;
			times[pass * SAMPLES + i] = from;
		}
		usleep(pass % 10 ? 200 : 5000);
	}
	for (int i = 0; i < PASSES * SAMPLES; i++)
		assert_int_equal(timeline_ns(line, ARENA_CLOCK_TSC, ticks[i]), times[i]);
	free(line);
}

/* The same through an arena: what is recorded now has the time of now. */
static void a_live_arena_has_the_time_of_now(void **state)
{
	struct fixture *f;
	int64_t zero_ns, before, after;

	(void)state;
	if (!counter_is_the_clock())
		skip();
	zero_ns = (int64_t)monotonic_ns();
	f = calloc(1, sizeof *f);
	{
		struct ingest_options options = {.version = "test", .began_ns = (uint64_t)zero_ns};
		struct ingest_process_info info = {.os_pid = 4711, .executable = "/bin/program"};
		struct event_resource event = {.thread = 1};
		struct error err;

		snprintf(f->folder, sizeof f->folder, "/tmp/ingest.XXXXXX");
		assert_non_null(mkdtemp(f->folder));
		snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
		options.path = f->path;
		fixture_check(ingest_create(&options, &f->ingest, &err), &err);
		f->arena = arena_writer_create(16);
		f->arena->header->clock = ARENA_CLOCK_TSC;
		f->arena->header->started.ticks = __builtin_ia32_rdtsc();
		fixture_check(ingest_add_process(f->ingest, f->arena->bytes, f->arena->size, &info,
				      &f->process, &err),
			&err);
		fixture_drain(f);
		before = (int64_t)monotonic_ns() - zero_ns;
		event.birth = (struct event_birth){.async_id = 2,
			.trigger_id = 1,
			.run_id = 1,
			.created = __builtin_ia32_rdtsc(),
			.type = ACAUSAL_TYPE_TIMER};
		after = (int64_t)monotonic_ns() - zero_ns;
		assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
		fixture_drain(f);
		fixture_finish(f);
	}
	assert_string_equal(
		fixture_ask(f, "SELECT created_ns BETWEEN %lld AND %lld FROM resource",
			(long long)before - TOLERANCE_NS, (long long)after + TOLERANCE_NS),
		"1");
	fixture_destroy(f);
}
#endif

/* The map of a core is the straight line through its two anchors, also outside of them. */
static void a_dead_clock_is_a_line(void **state)
{
	const struct arena_anchor first = {1000000, 500000, 0}, last = {3000000, 1500000, 0};
	struct timeline *line = calloc(1, sizeof *line);

	(void)state;
	timeline_set(line, &first, &last);
	assert_int_equal(timeline_ns(line, ARENA_CLOCK_TSC, 1000000), 0);
	assert_int_equal(timeline_ns(line, ARENA_CLOCK_TSC, 2000000), 500000);
	assert_int_equal(timeline_ns(line, ARENA_CLOCK_TSC, 3000000), 1000000);
	assert_int_equal(timeline_ns(line, ARENA_CLOCK_TSC, 5000000), 2000000);
	assert_int_equal(timeline_ns(line, ARENA_CLOCK_TSC, 500000), -250000);
	free(line);
}

/* What skew.h is to find, by comparing all with all. */
static int64_t largest_inversion(const int64_t *ns, int count)
{
	int64_t latest = INT64_MIN, largest = 0;

	for (int id = 1; id <= count; id++) {
		if (ns[id] > latest)
			latest = ns[id];
		else if (latest - ns[id] > largest)
			largest = latest - ns[id];
	}
	return largest;
}

/* IDs come out of order, as threads' chunks do, but within half the ring. */
static void skew_is_the_largest_inversion(void **state)
{
	enum { COUNT = 60000, SHUFFLE = 512 };
	struct skew *skew = calloc(1, sizeof *skew);
	int64_t *ns = calloc(COUNT + 1, sizeof *ns), found = 0;
	int *order = calloc(COUNT, sizeof *order);

	(void)state;
	srand(7);
	for (int id = 1; id <= COUNT; id++) {
		ns[id] = id * 1000 + rand() % 1500 + (rand() % 5000 ? 0 : rand() % 90000);
		order[id - 1] = id;
	}
	for (int i = 0; i < COUNT; i++) {
		int other = i + rand() % SHUFFLE, id = order[i];

		if (other < COUNT) {
			order[i] = order[other];
			order[other] = id;
		}
	}
	for (int i = 0; i < COUNT; i++)
		skew_add(skew, order[i], ns[order[i]], &found);
	skew_scan(skew, &found);
	assert_int_equal(found, largest_inversion(ns, COUNT));
	free(skew);
	free(ns);
	free(order);
}

/* One that comes a whole ring too late is not missed. */
static void a_late_id_counts(void **state)
{
	struct skew *skew = calloc(1, sizeof *skew);
	int64_t found = 0, count = 4 * SKEW_RING;

	(void)state;
	for (int64_t id = 2; id <= count; id++)
		skew_add(skew, id, id * 100, &found);
	assert_int_equal(found, 0);
	skew_add(skew, 1, count * 100 + 5000, &found);
	assert_true(found >= 5000);
	free(skew);
}

static void put_run_at(struct fixture *f, uint64_t run_id, uint64_t began)
{
	struct event_run run = {.async_id = 1};

	run.execution = (struct event_execution){.run_id = run_id,
		.outer_run_id = 1,
		.began = began,
		.ended = began + 10,
		.callback = 0x401000,
		.status = EVENT_NO_STATUS,
		.bytes = EVENT_NO_STATUS,
		.part = ACAUSAL_PART_CALLBACK};
	assert_true(ARENA_PUT(f->arena, 1, RUN, &run));
}

static void the_recording_says_its_skew(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_run_at(f, 2, f->start + 1000);
	put_run_at(f, 4, f->start + 2000);
	put_run_at(f, 3, f->start + 2750);
	put_run_at(f, 5, f->start + 3000);
	fixture_finish(f);
	assert_answer(f, "SELECT value FROM meta WHERE key = 'max_skew_ns'", "750");
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(ticks_become_the_monotonic_clock),
		cmocka_unit_test(a_live_arena_has_the_time_of_now),
#endif
		cmocka_unit_test(a_dead_clock_is_a_line),
		cmocka_unit_test(skew_is_the_largest_inversion),
		cmocka_unit_test(a_late_id_counts),
		cmocka_unit_test(the_recording_says_its_skew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
