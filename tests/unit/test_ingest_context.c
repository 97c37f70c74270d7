/*
 * What programs say of themselves by acausal.h: contexts and where they were handed on, types and
 * runs of resources of their own, causes by resolve. Each as it should be, of what is still alive
 * at the end, and garbled: then there is nothing rather than something wrong.
 */
#include "tests/unit/ingest_fixture.h"

#define OWN(index) (ACAUSAL_TYPE_OWN + (index))
#define FAR	   (1ull << 41) /* no process has given so many IDs */

static uint64_t at(const struct fixture *f, uint64_t ns)
{
	return f->start + ns;
}

static void put_type(struct fixture *f, uint32_t index, const char *name)
{
	struct arena_type *type = arena_writer_type(f->arena, index);

	memset(type->name, 0, sizeof type->name);
	memcpy(type->name, name, strnlen(name, sizeof type->name));
	type->ready = 1;
}

static void put_own_from(
	struct fixture *f, uint64_t id, unsigned type, uint64_t run, uint64_t trigger)
{
	struct event_resource event = {.thread = 1};

	event.birth = (struct event_birth){.async_id = id,
		.trigger_id = trigger,
		.run_id = run,
		.created = at(f, 100 * id),
		.stack = f->stack,
		.type = (uint16_t)type,
		.api = ACAUSAL_API_acausal_resource_init};
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
}

static void put_own(struct fixture *f, uint64_t id, unsigned type)
{
	put_own_from(f, id, type, 1, 1);
}

static void put_run(struct fixture *f, uint64_t id, uint64_t run, uint64_t arming, uint64_t cause)
{
	struct event_run event = {.async_id = id, .arming_id = arming};

	event.execution = (struct event_execution){.run_id = run,
		.cause_id = cause,
		.outer_run_id = 1,
		.began = at(f, 1000 * run),
		.ended = at(f, 1000 * run + 500),
		.callback = 0x401200,
		.status = EVENT_NO_STATUS,
		.bytes = EVENT_NO_STATUS};
	assert_true(ARENA_PUT(f->arena, 1, RUN, &event));
}

static void begin_context(
	const struct fixture *f, struct event_context *event, uint64_t id, uint64_t parent)
{
	*event = (struct event_context){.context_id = id,
		.parent_id = parent,
		.async_id = 1,
		.run_id = 1,
		.set = at(f, 10 * id),
		.stack = f->stack};
}

static void put_bytes(struct fixture *f, struct event_context *event, const char *key,
	size_t key_length, const char *value, size_t value_length)
{
	char text[2048] = {0};

	event->key_length = (uint32_t)key_length;
	event->value_length = (uint32_t)value_length;
	memcpy(text, key, key_length);
	memcpy(text + key_length, value, value_length);
	assert_true(arena_writer_put(f->arena, 1, 0, EVENT_CONTEXT, event, sizeof *event, text,
		(key_length + value_length + 7) & ~(size_t)7));
}

static void put_context(
	struct fixture *f, uint64_t id, uint64_t parent, const char *key, const char *value)
{
	struct event_context event;

	begin_context(f, &event, id, parent);
	if (!value)
		event.head.flags = EVENT_CONTEXT_GONE;
	put_bytes(f, &event, key, strlen(key), value ? value : "", value ? strlen(value) : 0);
}

static void put_carried(struct fixture *f, uint32_t is_arming, uint64_t id, uint64_t context)
{
	struct event_carried event = {.is_arming = is_arming, .id = id, .context_id = context};

	assert_true(ARENA_PUT(f->arena, 1, CARRIED, &event));
}

static void put_arming(struct fixture *f, uint64_t arming, uint64_t id, enum acausal_end end)
{
	struct event_arming event = {.thread = 1,
		.arming_id = arming,
		.async_id = id,
		.run_id = 1,
		.armed = at(f, 200),
		.timeout_ms = 5,
		.repeat_ms = EVENT_NO_TIME,
		.stack = f->stack,
		.api = ACAUSAL_API_uv_timer_start,
		.end = (uint16_t)end,
		.count = 1,
		.disarmed = end ? at(f, 3000) : 0};

	assert_true(ARENA_PUT(f->arena, 1, ARMING, &event));
}

static void put_timer(struct fixture *f, uint64_t id)
{
	struct event_resource event = {.thread = 1};

	event.birth = (struct event_birth){.async_id = id,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, 150),
		.stack = f->stack,
		.type = ACAUSAL_TYPE_TIMER,
		.api = ACAUSAL_API_uv_timer_init};
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
}

static void test_contexts_are_rows(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_context(f, 1, 0, "request", "7f3a");
	put_context(f, 2, 1, "user", "ann");
	put_context(f, 3, 2, "request", NULL);
	put_context(f, 4, 2, "empty", "");
	put_context(f, 5, 1, "", NULL); /* back to the first */
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f,
		"SELECT context_id, parent_context_id, async_id, run_id, key, value, typeof(value) "
		"FROM context ORDER BY 1",
		"1|-|1|1|request|7f3a|text 2|1|1|1|user|ann|text 3|2|1|1|request|-|null "
		"4|2|1|1|empty||text 5|1|1|1|-|-|null");
	assert_answer(f,
		"SELECT DISTINCT c.set_ns - 10 * c.context_id = t.started_ns, s.frame_id IS NOT "
		"NULL "
		"FROM context c, thread t JOIN stack s USING (stack_id)",
		"1|1");
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

static void test_contexts_are_handed_on(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_type(f, 0, "JOB");
	put_context(f, 1, 0, "request", "a");
	put_context(f, 2, 1, "request", "b");
	/* The order of events is that of nothing. */
	put_carried(f, 0, 5, 1);
	put_own(f, 5, OWN(0));
	put_run(f, 5, 7, 0, 0);
	put_timer(f, 6);
	put_carried(f, 1, 3, 2);
	put_arming(f, 3, 6, ACAUSAL_END_FIRED);
	put_run(f, 6, 8, 3, 0);
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f, "SELECT async_id, context_id FROM resource WHERE async_id > 4", "5|1 6|-");
	assert_answer(f, "SELECT arming_id, context_id FROM arming", "3|2");
	assert_answer(
		f, "SELECT run_id, context_id FROM run WHERE run_id > 1 ORDER BY 1", "7|1 8|2");
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

static void test_own_types_by_their_names(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_type(f, 0, "JOB");
	put_type(f, 1, "uv_timer_t");
	put_type(f, 2, "JOB");
	put_type(f, 255, "LAST");
	put_own(f, 5, OWN(0));
	put_own(f, 6, OWN(1));
	put_own(f, 7, OWN(2));
	put_own(f, 8, OWN(255));
	fixture_drain(f);
	put_own(f, 9, OWN(0));
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f,
		"SELECT async_id, t.name, t.class, t.hook_type, t.armed_by_creation, api FROM "
		"resource "
		"JOIN type t USING (type_id) WHERE async_id > 4 ORDER BY 1",
		"5|JOB|user|JOB|1|acausal_resource_init "
		"6|uv_timer_t|user|uv_timer_t|1|acausal_resource_init "
		"7|JOB|user|JOB|1|acausal_resource_init 8|LAST|user|LAST|1|acausal_resource_init "
		"9|JOB|user|JOB|1|acausal_resource_init");
	assert_answer(f, "SELECT count(*) FROM type WHERE class = 'user'", "3");
	assert_answer(f,
		"SELECT t.name, created FROM stack_total JOIN type t USING (type_id) "
		"WHERE class = 'user' ORDER BY 1",
		"JOB|3 LAST|1 uv_timer_t|1");
	/* Nothing of libuv has been used. */
	assert_answer(f, "SELECT runtime FROM process", "-");
	fixture_destroy(f);
}

static void test_types_that_are_none(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_type *unfinished = arena_writer_type(f->arena, 3);
	char whole[ARENA_TYPE_NAME + 1];

	(void)state;
	memcpy(unfinished->name, "half", 5);
	put_type(f, 0, "");
	put_type(f, 1, "\xff\xfe");
	memset(whole, 'x', sizeof whole - 1);
	whole[sizeof whole - 1] = 0;
	put_type(f, 2, whole); /* without its NUL */
	for (unsigned i = 0; i < 6; i++)
		put_own(f, 5 + i, OWN(i));
	put_own(f, 20, OWN(300));
	put_own(f, 21, UINT16_MAX);
	put_own(f, 22, ACAUSAL_TYPE_COUNT);
	fixture_drain(f);
	/* It is whole now. */
	unfinished->ready = 1;
	put_own(f, 30, OWN(3));
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f,
		"SELECT async_id, t.class, length(t.name), typeof(t.name) FROM resource "
		"LEFT JOIN type t USING (type_id) WHERE async_id > 4 ORDER BY 1",
		"5|-|-|null 6|user|2|blob 7|user|55|text 8|-|-|null 9|-|-|null 10|-|-|null "
		"20|-|-|null 21|-|-|null "
		"22|-|-|null 30|user|4|text");
	fixture_destroy(f);
}

/* Each process numbers its types itself. */
static void test_types_of_two_processes(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_writer *first = f->arena, *other = arena_writer_create(16);
	struct ingest_process_info info = {.os_pid = 4712, .executable = "/bin/other"};
	struct event_thread main = {.os_tid = 4712,
		.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = 1,
		.type = ACAUSAL_TYPE_MAIN,
		.started = f->start};
	struct ingest_process *process;
	struct error err;

	(void)state;
	/* More than a process may have: the next region's memory, where there is none. */
	other->header->region[ARENA_TYPES].count = 300;
	put_type(f, 0, "A");
	put_type(f, 1, "B");
	put_own(f, 5, OWN(0));
	put_own(f, 6, OWN(1));
	fixture_check(
		ingest_add_process(f->ingest, other->bytes, other->size, &info, &process, &err),
		&err);
	f->arena = other;
	assert_true(ARENA_PUT(f->arena, 1, THREAD, &main));
	put_type(f, 0, "B");
	put_type(f, 1, "C");
	put_own(f, 5, OWN(0));
	put_own(f, 6, OWN(1));
	put_type(f, 299, "BEYOND");
	put_own(f, 7, OWN(299));
	put_context(f, 1, 0, "request", "a");
	put_carried(f, 0, 5, 1);
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f,
		"SELECT process_id, t.name FROM resource JOIN type t USING (type_id) "
		"WHERE class = 'user' ORDER BY async_id",
		"1|A 1|B 2|B 2|C");
	assert_answer(f, "SELECT count(*) FROM type WHERE class = 'user'", "3");
	assert_answer(f,
		"SELECT c.context_id - (1 << 40), r.context_id = c.context_id FROM context c, "
		"resource r WHERE r.async_id = (1 << 40) + 5",
		"1|1");
	f->arena = first;
	fixture_destroy(f);
	arena_writer_destroy(other);
}

static void test_resolve_is_a_cause(void **state)
{
	struct fixture *f = fixture_create();
	struct event_cause cause = {.kind = ACAUSAL_CAUSE_RESOLVE,
		.cause_id = 9,
		.async_id = 5,
		.run_id = 1,
		.caused = at(f, 700),
		.stack = f->stack,
		.api = ACAUSAL_API_acausal_resource_resolve};

	(void)state;
	put_type(f, 0, "PROMISE");
	put_own(f, 5, OWN(0));
	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &cause));
	put_run(f, 5, 7, 0, 9);
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f, "SELECT kind, api, async_id, caused_run_id FROM cause",
		"resolve|acausal_resource_resolve|5|7");
	assert_answer(f,
		"SELECT link_run_id, link_api, cause_run_id, cause_api FROM run_edge WHERE run_id "
		"= 7",
		"1|acausal_resource_init|1|acausal_resource_resolve");
	fixture_destroy(f);
}

/* What never ran has no event that says what was in force. */
static void test_what_is_alive_at_the_end(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_live *job = arena_writer_live(f->arena, 1);
	struct arena_live *timer = arena_writer_live(f->arena, 2);
	struct arena_live *idle = arena_writer_live(f->arena, 3);

	(void)state;
	put_type(f, 0, "JOB");
	put_context(f, 1, 0, "request", "a");
	put_context(f, 2, 1, "user", "ann");
	*job = (struct arena_live){.async_id = 5,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, 100),
		.type = OWN(0),
		.api = ACAUSAL_API_acausal_bind,
		.flags = ARENA_LIVE_HANDLE,
		.context_id = 1,
		.arming_context_id = 2}; /* not armed: says nothing */
	*timer = (struct arena_live){.async_id = 6,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, 110),
		.type = ACAUSAL_TYPE_TIMER,
		.flags = ARENA_LIVE_HANDLE | ARENA_LIVE_ARMED,
		.arming_id = 4,
		.arming_run_id = 1,
		.armed = at(f, 120),
		.timeout_ms = 5,
		.repeat_ms = EVENT_NO_TIME,
		.context_id = 2,
		.arming_context_id = 1};
	*idle = (struct arena_live){
		.async_id = 7, .type = OWN(0), .created = at(f, 1), .context_id = FAR};
	/* The same was said before. */
	put_own(f, 5, OWN(0));
	put_carried(f, 0, 5, 1);
	fixture_drain(f);
	ingest_process_ended(f->process, 0);
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f,
		"SELECT async_id, t.name, context_id FROM resource JOIN type t USING (type_id) "
		"WHERE async_id > 4 ORDER BY 1",
		"5|JOB|1 6|uv_timer_t|2 7|JOB|-");
	assert_answer(f, "SELECT arming_id, context_id FROM arming_context", "4|1");
	assert_int_equal(f->summary.lost, 1);
	fixture_destroy(f);
}

static void test_contexts_that_make_no_sense(void **state)
{
	struct fixture *f = fixture_create();
	struct event_context event;
	char huge[1100];
	int64_t senseless = 0;

	(void)state;
	memset(huge, 'k', sizeof huge);
	put_context(f, 0, 0, "none", "x");
	put_context(f, 2, 2, "itself", "x");
	put_context(f, 3, 4, "younger", "x");
	put_context(f, FAR, 0, "far", "x");
	put_context(f, 5, 0, "", "no key");
	begin_context(f, &event, 6, 0);
	put_bytes(f, &event, huge, ARENA_CONTEXT_KEY + 1, "x", 1);
	begin_context(f, &event, 7, 0);
	put_bytes(f, &event, "k", 1, huge, ARENA_CONTEXT_VALUE + 1);
	begin_context(f, &event, 8, 0);
	event.head.flags = EVENT_CONTEXT_GONE;
	put_bytes(f, &event, "gone", 4, "x", 1);
	begin_context(f, &event, 9, 0);
	event.run_id = FAR;
	put_bytes(f, &event, "run", 3, "x", 1);
	senseless += 9;
	/* Longer than what follows, and so long that their sum runs over. */
	begin_context(f, &event, 10, 0);
	event.key_length = 200;
	event.value_length = 1;
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_CONTEXT, &event, sizeof event, "12345678", 8));
	event.key_length = 8;
	event.value_length = UINT32_MAX - 7;
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_CONTEXT, &event, sizeof event, "12345678", 8));
	event.value_length = 1;
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_CONTEXT, &event, sizeof event, "12345678", 8));
	put_carried(f, 0, 0, 1);
	put_carried(f, 0, 5, 0);
	put_carried(f, 2, 5, 1);
	put_carried(f, 1, FAR, 1);
	put_carried(f, 1, 5, FAR);
	senseless += 8;
	/* These do: as large as can be, not UTF-8, and a parent that is not there. */
	begin_context(f, &event, 11, 0);
	put_bytes(f, &event, huge, ARENA_CONTEXT_KEY, huge, ARENA_CONTEXT_VALUE);
	begin_context(f, &event, 12, 3);
	put_bytes(f, &event, "\xff", 1, "a\xc3", 2);
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f,
		"SELECT context_id, parent_context_id, length(key), length(value), typeof(value) "
		"FROM context ORDER BY 1",
		"11|-|255|1023|text 12|3|1|2|blob");
	assert_answer(f, "SELECT count(*) FROM resource_context", "0");
	assert_answer(f, "SELECT count(*) FROM arming_context", "0");
	assert_int_equal(f->summary.lost, senseless);
	fixture_destroy(f);
}

/* One that stands for another says so, unless that is younger or itself. */
static void test_repeats(void **state)
{
	struct fixture *f = fixture_create();
	const uint64_t repeats[] = {0, 1, 3, 9, FAR};

	(void)state;
	for (uint64_t i = 0; i < sizeof repeats / sizeof *repeats; i++) {
		struct event_context event;

		begin_context(f, &event, 1 + i, 0);
		event.repeats_id = repeats[i];
		put_bytes(f, &event, "user", 4, "ann", 3);
	}
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f, "SELECT context_id, of_context_id FROM context_repeat", "2|1");
	assert_answer(f, "SELECT count(*) FROM context", "5");
	fixture_destroy(f);
}

/* The first of two that have one ID is kept. */
static void test_told_twice(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_context(f, 1, 0, "request", "a");
	put_carried(f, 0, 5, 1);
	fixture_drain(f);
	put_context(f, 1, 0, "request", "b");
	put_carried(f, 0, 5, 7);
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f, "SELECT value FROM context", "a");
	assert_answer(f, "SELECT async_id, context_id FROM resource_context", "5|1");
	fixture_destroy(f);
}

/* Jobs each of which makes the next: repeats are folded as they are of timers. */
static void test_chains_of_own_resources_are_folded(void **state)
{
	struct fixture *f = fixture_create();
	const uint64_t hops = 1000;

	(void)state;
	put_type(f, 0, "JOB");
	for (uint64_t i = 0; i < hops; i++) {
		struct event_destroy destroy = {.async_id = 10 + i, .destroyed = at(f, 9000000)};

		put_own_from(f, 10 + i, OWN(0), 1 + i, i ? 9 + i : 1);
		if (i % 2)
			assert_true(ARENA_PUT(f->arena, 1, DESTROY, &destroy));
		put_run(f, 10 + i, 2 + i, 0, 0);
		if (!(i % 2))
			assert_true(ARENA_PUT(f->arena, 1, DESTROY, &destroy));
		if (i % 100 == 99)
			fixture_drain(f);
	}
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(
		f, "SELECT max(run_id) > 900, max(times) > 900, min(period) FROM fold", "1|1|1");
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contexts_are_rows),
		cmocka_unit_test(test_contexts_are_handed_on),
		cmocka_unit_test(test_own_types_by_their_names),
		cmocka_unit_test(test_types_that_are_none),
		cmocka_unit_test(test_types_of_two_processes),
		cmocka_unit_test(test_resolve_is_a_cause),
		cmocka_unit_test(test_what_is_alive_at_the_end),
		cmocka_unit_test(test_contexts_that_make_no_sense),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_told_twice),
		cmocka_unit_test(test_chains_of_own_resources_are_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
