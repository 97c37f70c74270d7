/*
 * Threads that come and go: little is kept of those that have gone, and yet whoever is named later
 * is the one that it was.
 */
#include "recorder/ingest/ingest_internal.h"
#include "tests/unit/ingest_fixture.h"

#include <signal.h>

enum {
	MANY = 6000,
	KEPT_AT_MOST = 4200, /* of them; the newest may be named at any moment */
	MORE_THAN_A_MILLION = (1 << 20) + 5000,
};

static struct event_thread thread_event(const struct fixture *f, uint32_t number)
{
	return (struct event_thread){.os_tid = 10000 + number,
		.role = ACAUSAL_ROLE_USER,
		.async_id = 2 * number,
		.root_run_id = number,
		.trigger_id = 1,
		.run_id = 1,
		.stack = f->stack,
		.type = ACAUSAL_TYPE_PTHREAD,
		.api = ACAUSAL_API_pthread_create,
		.maker = 1,
		.started = f->start + number,
		.created = f->start + number,
		.name = "worker"};
}

static void put_log(struct fixture *f, uint32_t number, const char *text)
{
	struct event_log event = {.fd = 1, .length = 3, .written = f->start + 9};

	assert_true(arena_writer_put(
		f->arena, number, 0, EVENT_LOG, &event, sizeof event, text, strlen(text)));
}

static void put_end(struct fixture *f, uint32_t number)
{
	struct event_thread_end end = {.ended = f->start + 100000};

	assert_true(ARENA_PUT(f->arena, number, THREAD_END, &end));
}

/* Threads 2 to MANY, one after the other. */
static void come_and_go(struct fixture *f)
{
	f->arena->header->thread_number.value = MANY;
	for (uint32_t number = 2; number <= MANY; number++) {
		struct event_thread thread = thread_event(f, number);

		arena_writer_seal(f->arena, number);
		assert_true(ARENA_PUT(f->arena, number, THREAD, &thread));
		put_end(f, number);
		arena_writer_seal(f->arena, number);
		if (number % 8 == 0)
			fixture_drain(f);
	}
	fixture_drain(f);
}

static void the_gone_are_let_go(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	come_and_go(f);
	assert_in_range(f->process->threads.kept, 2, KEPT_AT_MOST);
	assert_in_range(f->process->threads.capacity, 2, 2 * KEPT_AT_MOST);
	assert_int_equal(f->process->threads.range_count, 1);
	fixture_finish(f);
	assert_int_equal(f->summary.threads, MANY);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f,
		"SELECT count(*), min(thread_id), max(thread_id), sum(os_tid = 10000 + thread_id),"
		" count(ended_ns) FROM thread",
		"6000|1|6000|5999|5999");
	fixture_destroy(f);
}

static void they_may_be_named_later(void **state)
{
	struct fixture *f = fixture_create();
	struct event_resource handle = {
		.thread = 7, .birth = {.async_id = 90001, .type = ACAUSAL_TYPE_TIMER}};
	struct event_run run = {.async_id = 90001};
	struct event_name name = {.thread = 9, .name = "late"};

	(void)state;
	come_and_go(f);
	arena_writer_seal(f->arena, 1);
	handle.birth.created = f->start;
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &handle));
	assert_true(ARENA_PUT(f->arena, 1, NAME, &name));
	arena_writer_seal(f->arena, 5);
	put_log(f, 5, "say");
	/* Its root run is known as one: a run in that is in no other. */
	run.execution = (struct event_execution){.run_id = 90001,
		.outer_run_id = 5,
		.began = f->start + 5,
		.ended = f->start + 6,
		.part = ACAUSAL_PART_CALLBACK};
	assert_true(ARENA_PUT(f->arena, 5, RUN, &run));
	fixture_drain(f);
	fixture_finish(f);
	assert_int_equal(f->summary.threads, MANY);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f, "SELECT thread_id FROM resource WHERE async_id = 90001", "7");
	assert_answer(f, "SELECT thread_id FROM log", "5");
	assert_answer(f, "SELECT thread_id, outer_run_id FROM run WHERE run_id = 90001", "5|5");
	assert_answer(f, "SELECT count(*) FROM packed_outer", "0");
	assert_answer(f, "SELECT thread_id, os_tid FROM thread WHERE name = 'late'", "9|10009");
	assert_answer(f, "SELECT count(*) FROM thread", "6000");
	fixture_destroy(f);
}

static void nobody_begins_or_ends_twice(void **state)
{
	struct fixture *f = fixture_create();
	struct event_thread again;

	(void)state;
	come_and_go(f);
	again = thread_event(f, 5);
	again.async_id = 90001;
	again.root_run_id = 90002;
	arena_writer_seal(f->arena, 5);
	assert_true(ARENA_PUT(f->arena, 5, THREAD, &again));
	put_end(f, 5);
	fixture_drain(f);
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 2);
	assert_answer(f, "SELECT os_tid, root_run_id FROM thread WHERE thread_id = 5", "10005|5");
	assert_answer(f, "SELECT count(*) FROM resource WHERE async_id = 90001", "0");
	fixture_destroy(f);
}

/* Named, but let go before it was announced: its row is completed by that. */
static void the_late_are_announced(void **state)
{
	struct fixture *f = fixture_create();
	struct event_thread late = thread_event(f, MANY + 1);
	struct event_name name = {.thread = MANY + 1, .name = "named"};

	(void)state;
	assert_true(ARENA_PUT(f->arena, 1, NAME, &name));
	name.thread = MANY + 2;
	assert_true(ARENA_PUT(f->arena, 1, NAME, &name));
	fixture_drain(f);
	come_and_go(f);
	arena_writer_seal(f->arena, MANY + 1);
	assert_true(ARENA_PUT(f->arena, MANY + 1, THREAD, &late));
	put_end(f, MANY + 1);
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 0);
	assert_int_equal(f->summary.threads, MANY + 2);
	assert_answer(f,
		"SELECT os_tid, root_run_id, ended_ns IS NOT NULL, role FROM thread"
		" WHERE name = 'named' ORDER BY thread_id",
		"16001|6001|1|user -|-|0|-");
	fixture_destroy(f);
}

/* Its slot is held by one that asks whether it is gone, and the process was killed then. */
static void one_that_is_asked_for_lives(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_thread *slot = arena_writer_thread(f->arena, 0);

	(void)state;
	*slot = (struct arena_thread){.state = ARENA_THREAD_ASKED,
		.number = 1,
		.async_id = 1,
		.root_run_id = 1,
		.started = f->start};
	ingest_process_ended(f->process, SIGKILL);
	fixture_finish(f);
	assert_answer(f, "SELECT thread_id, last_run_id FROM thread", "1|1");
	fixture_destroy(f);
}

/* IDs alone: two processes by turns, more of them than any limit. */
static void every_thread_has_an_id(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_writer *arena = arena_writer_create(4);
	struct ingest_process_info info = {.os_pid = 4712};
	struct ingest_process *processes[2] = {f->process};
	uint32_t first = 0;
	struct error err;

	(void)state;
	fixture_drain(f);
	fixture_check(ingest_add_process(
			      f->ingest, arena->bytes, arena->size, &info, &processes[1], &err),
		&err);
	for (uint32_t number = 2; number < MORE_THAN_A_MILLION; number++) {
		for (int i = 0; i < 2; i++) {
			struct thread *thread = threads_find(processes[i], number);

			assert_non_null(thread);
			assert_true(thread->thread_id > 0);
			thread->is_announced = true;
			threads_ended(processes[i], thread);
			fixture_check(threads_release(processes[i], &err), &err);
			if (i == 0 && number == 77)
				first = thread->thread_id;
		}
	}
	assert_in_range(f->process->threads.kept, 2, KEPT_AT_MOST);
	assert_in_range(f->process->threads.range_count, 1, 1000);
	assert_in_range(processes[1]->threads.range_count, 1, 1000);
	for (int i = 0; i < 2; i++)
		for (uint32_t at = 1; at < processes[i]->threads.range_count; at++) {
			const struct thread_range *range = &processes[i]->threads.ranges[at];

			assert_true(range[-1].number + range[-1].count <= range->number);
			assert_true(range[-1].thread_id + range[-1].count <= range->thread_id);
		}
	assert_int_equal(threads_find(f->process, 77)->thread_id, first);
	assert_true(threads_find(processes[1], 77)->thread_id != first);
	ingest_destroy(f->ingest);
	f->ingest = NULL;
	arena_writer_destroy(arena);
	fixture_destroy(f);
}

/* What no process does: numbers of all sizes, from the highest to the lowest and back. */
static void numbers_may_be_anything(void **state)
{
	struct fixture *f = fixture_create();
	uint32_t ids[64];

	(void)state;
	f->arena->header->thread_number.value = UINT64_MAX;
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t number = i % 2 ? UINT32_MAX - 1000 * i : i < 2 ? UINT32_MAX : 1u << i / 2;

		ids[i] = threads_find(f->process, number)->thread_id;
		for (uint32_t k = 0; k < i; k++)
			assert_true(ids[k] != ids[i]);
	}
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t number = i % 2 ? UINT32_MAX - 1000 * i : i < 2 ? UINT32_MAX : 1u << i / 2;

		assert_int_equal(threads_find(f->process, number)->thread_id, ids[i]);
	}
	assert_null(threads_find(f->process, 0));
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gone_are_let_go),
		cmocka_unit_test(they_may_be_named_later),
		cmocka_unit_test(nobody_begins_or_ends_twice),
		cmocka_unit_test(the_late_are_announced),
		cmocka_unit_test(one_that_is_asked_for_lives),
		cmocka_unit_test(every_thread_has_an_id),
		cmocka_unit_test(numbers_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
