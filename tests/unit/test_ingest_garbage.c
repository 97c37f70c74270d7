/*
 * Arenas that lie: bits turned by the thousand in the header, in descriptors, nodes, modules, live
 * records, slots and events; sizes and indexes at their limits. The ingester must neither crash nor
 * hang, and what it writes must be a sound file. Meant to run with sanitizers, too.
 */
#include "tests/unit/ingest_fixture.h"

#include <time.h>

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill_crash(struct fixture *f, uint32_t i)
{
	struct arena_crash *crash = arena_writer_crash(f->arena, i);

	crash->thread = 1 + i % 3;
	crash->signal = i % 2 ? 9 : 11;
	crash->run_id = i;
	crash->crashed = f->start + i;
	crash->stack = f->stack;
	crash->register_count = 17;
	crash->registers[7] = crash->stack_address = 0x7fff00000000 + i;
	crash->registers[16] = 0x401000 + i;
	crash->stack_length = ARENA_CRASH_STACK >> i;
	crash->message_length = 5;
	memcpy(crash->message, "words", 5);
	crash->state = i % 3 ? ARENA_CRASH_NOTED : ARENA_CRASH_FATAL;
}

/* A bit of everything that an arena can hold. */
static void fill(struct fixture *f)
{
	struct arena_thread *thread = arena_writer_thread(f->arena, 0);

	for (uint64_t i = 2; i < 60; i++) {
		struct event_request request = {.thread = 1};
		struct event_resource resource = {.thread = 1};
		struct event_arming arming = {.thread = 1,
			.arming_id = i,
			.async_id = 2 * i,
			.run_id = i,
			.stack = f->stack,
			.end = (uint16_t)(i % 4)};
		struct event_run run = {.async_id = 2 * i, .arming_id = i};
		struct event_cause cause = {
			.cause_id = i, .async_id = 2 * i, .run_id = i, .stack = f->stack};
		struct event_log log = {.fd = (int32_t)(i % 3),
			.run_id = i,
			.writer = i % 5,
			.length = 9,
			.sink = (uint32_t)(i % 8),
			.left_out = i % 7 ? 0 : i};
		struct event_detail detail = {
			.kind = (uint32_t)(i % 3), .async_id = i, .length = 20};
		struct event_disarm disarm = {.arming_id = i, .run_id = i, .end = 2};
		struct event_retype retype = {.async_id = 2 * i, .type = 3};
		struct event_destroy destroy = {.async_id = 2 * i, .destroyed = f->start + i};
		struct arena_live *live = arena_writer_live(f->arena, (uint32_t)i);
		struct arena_sink *sink = arena_writer_sink(f->arena, (uint32_t)(1 + i % 8));

		request.birth = (struct event_birth){.async_id = 2 * i + 1,
			.run_id = i,
			.created = f->start + i,
			.stack = f->stack,
			.type = ACAUSAL_TYPE_FS,
			.api = 9};
		request.execution = (struct event_execution){
			.run_id = 2 * i + 1, .began = f->start + 2 * i, .ended = f->start + 3 * i};
		resource.birth = request.birth;
		resource.birth.async_id = 2 * i;
		run.execution = request.execution;
		run.execution.run_id = 2 * i;
		run.execution.cause_id = i;
		ARENA_PUT(f->arena, 1, RESOURCE, &resource);
		ARENA_PUT(f->arena, 1, ARMING, &arming);
		ARENA_PUT(f->arena, 2, CAUSE, &cause);
		ARENA_PUT(f->arena, 1, RUN, &run);
		ARENA_PUT(f->arena, 1, REQUEST, &request);
		ARENA_PUT(f->arena, 2, DISARM, &disarm);
		ARENA_PUT(f->arena, 2, RETYPE, &retype);
		if (i % 2)
			ARENA_PUT(f->arena, 2, DESTROY, &destroy);
		*sink = (struct arena_sink){.ready = 1,
			.kind = (uint32_t)(i % ACAUSAL_SINK_COUNT),
			.device = i % 2,
			.inode = i,
			.size = i,
			.met = f->start + i,
			.path_length = 9};
		memcpy(sink->path, "/tmp/path", 9);
		log.head.flags = (uint8_t)(i % 4);
		arena_writer_put(f->arena, 3, 0, EVENT_LOG, &log, sizeof log, "one\ntwo\n3", 9);
		arena_writer_put(f->arena, 3, 0, EVENT_DETAIL, &detail, sizeof detail,
			"\2\0\37\220\177\0\0\1/a/path/that/is", 20);
		*live = (struct arena_live){.async_id = 1000 + i,
			.run_id = i,
			.stack = f->stack,
			.type = ACAUSAL_TYPE_TIMER,
			.flags = ARENA_LIVE_ARMED,
			.arming_id = 1000 + i,
			.arming_run_id = i};
	}
	for (uint32_t i = 0; i < 8; i++)
		fill_crash(f, i);
	*thread = (struct arena_thread){.state = ARENA_THREAD_LIVE,
		.number = 1,
		.async_id = 1,
		.root_run_id = 1,
		.depth = 3,
		.partial = {.length = 5, .run_id = 9, .sink = 3, .text = "begun"}};
	for (uint32_t i = 0; i < 3; i++)
		thread->open[i] = (struct arena_run){.run_id = 500 + i, .async_id = 1002 + i};
}

/* Reads, ends and finishes it, whatever it may say; an error must have words. */
static void survive(struct fixture *f)
{
	struct error err = {""};
	time_t began = time(NULL);
	bool busy;
	int passes = 0;

	do {
		if (ingest_drain(f->ingest, &busy, &err))
			break;
	} while (busy && ++passes < 1000);
	assert_true(passes < 1000);
	ingest_process_ended(f->process, 9);
	if (ingest_finish(f->ingest, &f->summary, &err))
		fail_msg("seed: %s", err.text);
	fixture_open(f);
	assert_answer(f, "PRAGMA integrity_check", "ok");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'complete'", "1");
	/* Every view can be read to its end. */
	fixture_ask(f, "SELECT count(*), max(thread_id) FROM resource");
	fixture_ask(f, "SELECT count(link_run_id), max(cause_api) FROM run_edge");
	fixture_ask(f, "SELECT count(*) FROM stack_frame");
	fixture_ask(f, "SELECT count(*), max(message) FROM crash");
	fixture_ask(f, "SELECT max(path), max(full_length), max(text) FROM log_named");
	assert_answer(f, "SELECT count(*) FROM packed_log WHERE full_length <= length(text)", "0");
	assert_answer(f, "SELECT count(*) FROM stack WHERE caller_id >= stack_id", "0");
	assert_true(time(NULL) - began < 20);
}

static void bits_may_turn_anywhere(void **state)
{
	static const enum arena_region_name regions[] = {
		ARENA_CHUNK_STATES, ARENA_THREADS, ARENA_SINKS, ARENA_CRASHES};

	(void)state;
	for (int round = 0; round < 240; round++) {
		struct fixture *f;
		size_t from, size;
		int flips;

		seed = (uint64_t)round * 0x9e3779b97f4a7c15ull + 1;
		f = fixture_create();
		fill(f);
		/* Behind the header, whose layout was checked and copied when it was added. */
		from = round % 3 ? f->arena->header->region[regions[round / 3 % 4]].offset : 0;
		size = f->arena->size - from;
		if (round % 3)
			size = size < 70000 ? size : 70000;
		flips = 1 << round % 14;
		for (int i = 0; i < flips; i++)
			f->arena->bytes[from + random64() % size] ^=
				(unsigned char)(1u << random64() % 8);
		survive(f);
		fixture_destroy(f);
	}
}

static void events_may_be_anything(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		struct fixture *f;

		seed = (uint64_t)round * 0x2545f4914f6cdd1dull + 7;
		f = fixture_create();
		for (int i = 0; i < 1500; i++) {
			unsigned char bytes[256];
			size_t size = 8 * (1 + random64() % 24);

			for (size_t n = 0; n < sizeof bytes; n++)
				bytes[n] = random64() % 3 ? 0 : (unsigned char)random64();
			if (!arena_writer_put(f->arena, (uint32_t)(random64() % 5), 0,
				    (enum event_kind)(random64() % (EVENT_COUNT + 2)), bytes, size,
				    NULL, 0))
				break;
		}
		survive(f);
		fixture_destroy(f);
	}
}

static void headers_are_checked(void **state)
{
	struct fixture *f = fixture_create();
	struct ingest_process_info info = {.os_pid = 1};
	struct ingest_process *process;
	struct error err;
	unsigned char *copy = NULL;

	(void)state;
	assert_int_equal(posix_memalign((void **)&copy, 64, f->arena->size), 0);
	for (int round = 0; round < 4000; round++) {
		size_t size = sizeof(struct arena_header);

		seed = (uint64_t)round * 0x9e3779b97f4a7c15ull + 3;
		memcpy(copy, f->arena->bytes, size);
		for (uint64_t i = random64() % 4 + 1; i; i--)
			copy[random64() % offsetof(struct arena_header, on_full)] ^=
				(unsigned char)(1u << random64() % 8);
		if (random64() % 2)
			size = random64() % f->arena->size;
		err.text[0] = 0;
		if (round % 50 == 0)
			memset(copy + sizeof(struct arena_header), 0xff,
				f->arena->size - sizeof(struct arena_header));
		if (ingest_add_process(f->ingest, copy, size, &info, &process, &err))
			assert_true(err.text[0] != 0);
		else
			ingest_process_ended(process, 0);
	}
	survive(f);
	free(copy);
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(bits_may_turn_anywhere),
		cmocka_unit_test(events_may_be_anything),
	};

	return cmocka_run_group_tests_name("ingest garbage", tests, NULL, NULL);
}
