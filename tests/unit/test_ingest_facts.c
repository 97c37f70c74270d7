/*
 * What is recorded beside runs and edges: loops' waits, the pool's work, references, descriptors,
 * names of threads, causes of every kind. Each as it should be, before what it is about, and
 * garbled.
 */
#include "tests/unit/ingest_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define FAR (1ull << 41) /* no process has given so many IDs */

static uint64_t at(const struct fixture *f, uint64_t ns)
{
	return f->start + ns;
}

static void put_handle(struct fixture *f, uint64_t id, enum acausal_type type, enum acausal_api api)
{
	struct event_resource event = {.thread = 1};

	event.birth = (struct event_birth){.async_id = id,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, 100),
		.loop_id = 2,
		.stack = f->stack,
		.type = (uint16_t)type,
		.api = (uint16_t)api};
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
}

static struct event_execution execution(
	const struct fixture *f, uint64_t run, uint64_t began, uint64_t ended)
{
	return (struct event_execution){.run_id = run,
		.outer_run_id = 1,
		.began = at(f, began),
		.ended = at(f, ended),
		.callback = 0x401200,
		.status = EVENT_NO_STATUS,
		.bytes = EVENT_NO_STATUS};
}

static void put_request(
	struct fixture *f, uint64_t id, enum acausal_type type, uint64_t run, uint64_t cause)
{
	struct event_request event = {.thread = 1};

	event.birth = (struct event_birth){.async_id = id,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, 500),
		.loop_id = 2,
		.stack = f->stack,
		.type = (uint16_t)type,
		.api = ACAUSAL_API_uv_fs_read};
	event.execution = execution(f, run, 1700, 1900);
	event.execution.cause_id = cause;
	event.execution.part =
		type == ACAUSAL_TYPE_WORK ? ACAUSAL_PART_AFTER : ACAUSAL_PART_CALLBACK;
	assert_true(ARENA_PUT(f->arena, 1, REQUEST, &event));
}

static void put_poll(
	struct fixture *f, uint64_t loop, uint64_t entered, uint64_t left, int32_t timeout)
{
	struct event_poll event = {.timeout_ms = timeout,
		.loop_id = loop,
		.entered = entered ? at(f, entered) : 0,
		.left = at(f, left)};

	assert_true(ARENA_PUT(f->arena, 1, POLL, &event));
}

static void put_pool(struct fixture *f, uint64_t id, uint64_t began, uint64_t ended)
{
	struct event_pool event = {
		.estimated = 1, .async_id = id, .began = at(f, began), .ended = at(f, ended)};

	assert_true(ARENA_PUT(f->arena, 3, POOL, &event));
}

static void put_ref(struct fixture *f, uint32_t thread, uint64_t id, uint32_t has_ref, uint64_t ns)
{
	struct event_ref event = {
		.has_ref = has_ref, .async_id = id, .run_id = 1, .at = ns ? at(f, ns) : 0};

	assert_true(ARENA_PUT(f->arena, thread, REF, &event));
}

static void put_detail(struct fixture *f, uint64_t id, enum event_detail_kind kind,
	const void *bytes, uint32_t length)
{
	struct event_detail event = {.kind = kind, .async_id = id, .length = length};
	char padded[256] = {0};

	memcpy(padded, bytes, length);
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_DETAIL, &event, sizeof event, padded, (length + 7u) & ~7u));
}

static void put_name(struct fixture *f, uint32_t thread, const char *name)
{
	struct event_name event = {.thread = thread};

	memcpy(event.name, name, strnlen(name, sizeof event.name));
	assert_true(ARENA_PUT(f->arena, 1, NAME, &event));
}

static void put_thread(struct fixture *f, uint32_t number, uint64_t async_id, uint64_t run)
{
	struct event_thread event = {.role = ACAUSAL_ROLE_POOL,
		.os_tid = 4711 + number,
		.async_id = async_id,
		.root_run_id = run,
		.started = at(f, 50),
		.created = at(f, 40),
		.trigger_id = 1,
		.run_id = 1,
		.maker = 1,
		.type = ACAUSAL_TYPE_PTHREAD,
		.api = ACAUSAL_API_pthread_create,
		.name = "first name"};

	assert_true(ARENA_PUT(f->arena, number, THREAD, &event));
}

static void put_cause(struct fixture *f, uint64_t id, enum acausal_cause kind, enum acausal_api api,
	uint64_t async_id, uint64_t first)
{
	struct event_cause event = {.kind = kind,
		.cause_id = id,
		.first_id = first,
		.async_id = async_id,
		.run_id = 1,
		.caused = at(f, 600 + id),
		.stack = f->stack,
		.api = (uint16_t)api};

	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &event));
}

static void waits_of_loops(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_poll(f, 2, 5000, 9000, -1); /* later ones may come first */
	put_poll(f, 2, 1000, 2500, 30);
	put_poll(f, 7, 1000, 1000, 0);
	put_poll(f, 7, 2000, 2100, -99); /* of epoll_wait anything below 0 is for ever */
	fixture_finish(f);
	assert_answer(f,
		"SELECT thread_id, loop_id, entered_ns - s, left_ns - s, timeout_ms FROM poll,"
		" (SELECT started_ns AS s FROM process) ORDER BY loop_id, entered_ns",
		"1|2|1000|2500|30 1|2|5000|9000|-1 1|7|1000|1000|0 1|7|2000|2100|-1");
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

static void waits_that_make_no_sense(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_poll(f, 0, 1000, 2000, 1);
	put_poll(f, FAR, 1000, 2000, 1);
	put_poll(f, 2, 2000, 1000, 1); /* left before it was entered */
	put_poll(f, 2, 0, 1000, 1);
	fixture_finish(f);
	assert_answer(f, "SELECT count(*) FROM poll", "0");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "4");
	fixture_destroy(f);
}

static void work_of_the_pool(void **state)
{
	struct fixture *f = fixture_create();
	struct event_run work = {.async_id = 6};

	(void)state;
	put_pool(f, 5, 700, 1500); /* before the thread and before the request */
	put_request(f, 5, ACAUSAL_TYPE_FS, 2, 0);
	put_thread(f, 3, 4, 3);
	work.execution = execution(f, 4, 800, 1600);
	work.execution.part = ACAUSAL_PART_WORK;
	work.execution.outer_run_id = 3;
	assert_true(ARENA_PUT(f->arena, 3, RUN, &work));
	put_request(f, 6, ACAUSAL_TYPE_WORK, 5, 0);
	put_pool(f, 5, 900, 1000); /* a request is had once: the first stays */
	put_pool(f, 0, 900, 1000);
	put_pool(f, FAR, 900, 1000);
	put_pool(f, 7, 1000, 900);
	fixture_finish(f);
	assert_answer(f,
		"SELECT p.async_id, t.os_tid, p.began_ns - s, p.ended_ns - s, estimated FROM pool p"
		" JOIN thread t USING (thread_id), (SELECT started_ns AS s FROM process)"
		" ORDER BY async_id",
		"5|4714|700|1500|1 6|4714|800|1600|0");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "3");
	assert_answer(f, "SELECT count(*) FROM packed_pool", "1");
	fixture_destroy(f);
}

static void references(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_handle(f, 3, ACAUSAL_TYPE_TIMER, ACAUSAL_API_uv_timer_init);
	put_handle(f, 4, ACAUSAL_TYPE_TCP, ACAUSAL_API_uv_tcp_init);
	put_handle(f, 5, ACAUSAL_TYPE_LOOP, ACAUSAL_API_uv_loop_init);
	put_handle(f, 6, ACAUSAL_TYPE_PROCESS, ACAUSAL_API_uv_spawn);
	put_request(f, 7, ACAUSAL_TYPE_FS, 2, 0);
	put_ref(f, 1, 8, 0, 200); /* of a handle that comes later */
	put_ref(f, 1, 3, 0, 200);
	put_ref(f, 1, 3, 1, 300);
	put_ref(f, 1, 3, 0, 400);
	fixture_drain(f);
	put_handle(f, 8, ACAUSAL_TYPE_CHECK, ACAUSAL_API_uv_check_init);
	/* What two threads did is read in any order: the last in time counts. */
	put_ref(f, 2, 4, 1, 500);
	put_ref(f, 1, 4, 0, 450);
	/* What cannot keep a loop alive gets no reference. */
	put_ref(f, 1, 5, 0, 450);
	/* Garbled. */
	put_ref(f, 1, 0, 1, 100);
	put_ref(f, 1, FAR, 1, 100);
	put_ref(f, 1, 3, 2, 100);
	put_ref(f, 1, 3, 1, 0);
	fixture_finish(f);
	assert_answer(f, "SELECT async_id, has_ref FROM resource ORDER BY async_id",
		"1|- 3|0 4|1 5|- 6|1 7|- 8|0");
	assert_answer(f,
		"SELECT async_id, run_id, at_ns - s, has_ref FROM ref,"
		" (SELECT started_ns AS s FROM process) ORDER BY async_id, at_ns",
		"3|1|200|0 3|1|300|1 3|1|400|0 4|1|450|0 4|1|500|1 5|1|450|0 8|1|200|0");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "4");
	fixture_destroy(f);
}

/* The rows have been written when the handle is unreferenced. */
static void references_of_written_handles(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_handle(f, 3, ACAUSAL_TYPE_TIMER, ACAUSAL_API_uv_timer_init);
	fixture_drain(f);
	usleep(1200000); /* longer than a row is held */
	put_ref(f, 1, 3, 0, 200);
	fixture_drain(f);
	usleep(150000); /* longer than between two commits */
	fixture_drain(f);
	fixture_open(f);
	assert_answer(f, "SELECT has_ref FROM resource WHERE async_id = 3", "0");
	sqlite3_close(f->db);
	fixture_finish(f);
	assert_answer(f, "SELECT has_ref FROM resource WHERE async_id = 3", "0");
	fixture_destroy(f);
}

/* What an ended process left behind was not announced: flight mode, or events that were lost. */
static void references_left_behind(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	for (uint32_t i = 1; i <= 2; i++) {
		struct arena_live *live = arena_writer_live(f->arena, i);

		*live = (struct arena_live){.async_id = 2 + i,
			.created = at(f, 10),
			.type = ACAUSAL_TYPE_TIMER,
			.thread = 1,
			.flags = ARENA_LIVE_HANDLE | (i == 2 ? ARENA_LIVE_UNREF : 0)};
	}
	fixture_finish(f);
	assert_answer(f, "SELECT async_id, has_ref FROM resource WHERE async_id > 1", "3|1 4|0");
	fixture_destroy(f);
}

static void descriptors_and_peers(void **state)
{
	struct fixture *f = fixture_create();
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(3000)};
	int64_t fd = 11, bad = -1, far = INT64_C(1) << 40;

	(void)state;
	peer.sin_addr.s_addr = htonl(0x7f000001);
	put_handle(f, 3, ACAUSAL_TYPE_TCP, ACAUSAL_API_uv_tcp_init);
	put_handle(f, 4, ACAUSAL_TYPE_TCP, ACAUSAL_API_uv_tcp_init);
	put_handle(f, 5, ACAUSAL_TYPE_TCP, ACAUSAL_API_uv_tcp_init);
	put_detail(f, 3, EVENT_DETAIL_FD, &fd, sizeof fd);
	put_detail(f, 3, EVENT_DETAIL_SOCKADDR, &peer, sizeof peer);
	/* The other way round; and the last one counts. */
	put_detail(f, 4, EVENT_DETAIL_TEXT, "first", 5);
	put_detail(f, 4, EVENT_DETAIL_TEXT, "/run/x.sock", 11);
	put_detail(f, 4, EVENT_DETAIL_FD, &bad, sizeof bad);
	put_detail(f, 4, EVENT_DETAIL_FD, &far, sizeof far);
	put_detail(f, 4, EVENT_DETAIL_FD, &fd, sizeof fd);
	fd = 12;
	put_detail(f, 4, EVENT_DETAIL_FD, &fd, sizeof fd);
	put_detail(f, 5, EVENT_DETAIL_FD, &fd, 4); /* cut short */
	fixture_finish(f);
	assert_answer(f, "SELECT async_id, fd, detail FROM resource WHERE async_id > 1",
		"3|11|127.0.0.1:3000 4|12|/run/x.sock 5|12|-");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "2");
	fixture_destroy(f);
}

static void names_of_threads(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_name(f, 1, "0123456789abcdef"); /* no NUL: all 16 bytes are used */
	put_name(f, 2, "before");
	put_name(f, 2, "it began");
	put_thread(f, 2, 4, 3);
	put_thread(f, 3, 5, 4);
	put_name(f, 3, "second name");
	put_name(f, 0, "nobody");
	put_name(f, 9, "never seen");
	fixture_finish(f);
	assert_answer(f, "SELECT thread_id, name FROM thread WHERE os_tid ORDER BY os_tid",
		"1|0123456789abcdef 2|it began 3|second name");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "1");
	fixture_destroy(f);
}

static void causes_of_every_kind(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_handle(f, 3, ACAUSAL_TYPE_SIGNAL, ACAUSAL_API_uv_signal_init);
	/* A signal is nobody's in particular; of three the first counts. */
	put_cause(f, 1, ACAUSAL_CAUSE_KILL, ACAUSAL_API_raise, 0, 0);
	put_cause(f, 2, ACAUSAL_CAUSE_KILL, ACAUSAL_API_kill, 0, 1);
	put_cause(f, 3, ACAUSAL_CAUSE_KILL, ACAUSAL_API_kill, 0, 1);
	/* Closing a stream cancels what is pending on it: two writes, one cause; the run comes
	 * first. */
	put_request(f, 5, ACAUSAL_TYPE_WRITE, 3, 4);
	put_request(f, 6, ACAUSAL_TYPE_WRITE, 2, 4);
	put_cause(f, 4, ACAUSAL_CAUSE_CLOSE, ACAUSAL_API_uv_close, 3, 0);
	put_request(f, 7, ACAUSAL_TYPE_FS, 4, 1);
	put_cause(f, 5, ACAUSAL_CAUSE_COUNT, ACAUSAL_API_uv_close, 3, 0);
	fixture_finish(f);
	assert_answer(f,
		"SELECT cause_id, kind, async_id, api, first_id, caused_run_id FROM cause"
		" ORDER BY cause_id",
		"1|kill|-|raise|-|4 2|kill|-|kill|1|- 3|kill|-|kill|1|- 4|close|3|uv_close|-|2");
	assert_answer(f,
		"SELECT run_id, cause_run_id, cause_api FROM run_edge WHERE run_id > 1"
		" ORDER BY run_id",
		"2|1|uv_close 3|1|uv_close 4|1|raise");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "1");
	fixture_destroy(f);
}

/* An arming's first run has waited for it; the later ones of a repeating one have not. */
static void waits_of_armings(void **state)
{
	struct fixture *f = fixture_create();
	struct event_arming arming = {.thread = 1,
		.arming_id = 1,
		.async_id = 3,
		.run_id = 1,
		.armed = at(f, 1000),
		.timeout_ms = 5,
		.repeat_ms = 5,
		.stack = f->stack,
		.api = ACAUSAL_API_uv_timer_start};
	struct event_run run = {.async_id = 3, .arming_id = 1};

	(void)state;
	put_handle(f, 3, ACAUSAL_TYPE_TIMER, ACAUSAL_API_uv_timer_init);
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &arming));
	for (uint64_t i = 0; i < 3; i++) {
		run.execution = execution(f, 2 + i, 3000 + 1000 * i, 3010 + 1000 * i);
		assert_true(ARENA_PUT(f->arena, 1, RUN, &run));
	}
	/* A shot: its arming and its run share a row. */
	arming.arming_id = run.arming_id = 2;
	arming.repeat_ms = EVENT_NO_TIME;
	arming.end = ACAUSAL_END_FIRED;
	arming.armed = at(f, 7000);
	arming.disarmed = at(f, 7390);
	run.execution = execution(f, 5, 7400, 7500);
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &arming));
	assert_true(ARENA_PUT(f->arena, 1, RUN, &run));
	fixture_finish(f);
	assert_answer(f,
		"SELECT runs, wait_ns, wait_max_ns FROM stack_total JOIN type USING (type_id)"
		" WHERE name = 'uv_timer_t'",
		"4|2400|2000");
	assert_answer(f, "SELECT count(*) FROM packed_shot", "1");
	assert_answer(f, "SELECT run_id, armed_ns > 0 FROM arming WHERE arming_id = 2", "1|1");
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_of_loops),
		cmocka_unit_test(waits_that_make_no_sense),
		cmocka_unit_test(work_of_the_pool),
		cmocka_unit_test(references),
		cmocka_unit_test(references_of_written_handles),
		cmocka_unit_test(references_left_behind),
		cmocka_unit_test(descriptors_and_peers),
		cmocka_unit_test(names_of_threads),
		cmocka_unit_test(causes_of_every_kind),
		cmocka_unit_test(waits_of_armings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
