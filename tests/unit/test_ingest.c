/*
 * Events to rows: each kind of event, in order and out of order, and what an ended process leaves
 * behind. Times in these tests are nanoseconds after the process began.
 */
#include "tests/unit/ingest_fixture.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static uint64_t at(const struct fixture *f, uint64_t ns)
{
	return f->start + ns;
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

static void put_resource(struct fixture *f, uint32_t thread, uint64_t id, uint64_t created)
{
	struct event_resource event = {.thread = 1};

	event.birth = (struct event_birth){.async_id = id,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, created),
		.address = 0x1000 + id,
		.loop_id = 2,
		.stack = f->stack,
		.type = ACAUSAL_TYPE_TIMER,
		.api = ACAUSAL_API_uv_timer_init};
	assert_true(ARENA_PUT(f->arena, thread, RESOURCE, &event));
}

static void put_destroy(struct fixture *f, uint32_t thread, uint64_t id, uint64_t when)
{
	struct event_destroy event = {.async_id = id, .destroyed = at(f, when)};

	assert_true(ARENA_PUT(f->arena, thread, DESTROY, &event));
}

static void put_arming(
	struct fixture *f, uint64_t id, uint64_t async_id, uint64_t run, enum acausal_end end)
{
	struct event_arming event = {.thread = 1,
		.arming_id = id,
		.async_id = async_id,
		.run_id = run,
		.armed = at(f, 100 * id),
		.timeout_ms = 5,
		.repeat_ms = EVENT_NO_TIME,
		.stack = f->stack,
		.api = ACAUSAL_API_uv_timer_start,
		.end = (uint16_t)end,
		.disarmed = at(f, 100 * id + 50)};

	assert_true(ARENA_PUT(f->arena, 1, ARMING, &event));
}

static void put_run(
	struct fixture *f, uint64_t run, uint64_t async_id, uint64_t arming, uint64_t cause)
{
	struct event_run event = {.async_id = async_id, .arming_id = arming};

	event.execution = execution(f, run, 1000 * run, 1000 * run + 10);
	event.execution.cause_id = cause;
	assert_true(ARENA_PUT(f->arena, 1, RUN, &event));
}

static void put_request(struct fixture *f, uint64_t id, uint64_t creator, uint64_t run)
{
	struct event_request event = {.thread = 1};

	event.birth = (struct event_birth){.async_id = id,
		.trigger_id = 1,
		.run_id = creator,
		.created = at(f, 500),
		.address = 0x2000,
		.loop_id = 2,
		.handle_id = 3,
		.stack = f->stack,
		.type = ACAUSAL_TYPE_WRITE,
		.api = ACAUSAL_API_uv_write};
	event.execution = execution(f, run, 700, 900);
	event.execution.status = -125;
	event.execution.bytes = 12;
	assert_true(ARENA_PUT(f->arena, 1, REQUEST, &event));
}

static void requests_are_one_row(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_request(f, 5, 1, 2);
	put_request(f, 4, 2, 3);
	put_request(f, 6, 2, 0);
	fixture_finish(f);
	assert_int_equal(f->summary.resources, 4);
	assert_int_equal(f->summary.runs, 3);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f,
		"SELECT async_id, trigger_id, run_id, thread_id, api, created_ns -"
		" (SELECT started_ns FROM process), address, loop_id, handle_id,"
		" destroyed_ns - created_ns, process_id FROM resource WHERE async_id > 1"
		" ORDER BY async_id",
		"4|1|2|1|uv_write|500|8192|2|3|400|1 5|1|1|1|uv_write|500|8192|2|3|400|1"
		" 6|1|2|1|uv_write|500|8192|2|3|400|1");
	assert_answer(f,
		"SELECT run_id, async_id, part, outer_run_id, ended_ns - began_ns, status, bytes"
		" FROM run WHERE run_id > 1 ORDER BY run_id",
		"2|5|callback|1|200|-125|12 3|4|callback|1|200|-125|12");
	assert_answer(f,
		"SELECT run_id, link_run_id, link_api, began_ns - link_ns, trigger_id FROM run_edge"
		" ORDER BY run_id",
		"1|-|-|-|- 2|1|uv_write|200|1 3|2|uv_write|200|1");
	assert_answer(f,
		"SELECT type.name, created, destroyed, runs, wait_ns, run_ns, buckets FROM"
		" stack_total JOIN type USING (type_id) WHERE class = 'request'",
		"uv_write_t|3|3|2|400|400|[0,0,0,0,0,0,0,2]");
	assert_answer(f, "SELECT count(*) FROM packed_request", "2");
	assert_answer(f, "PRAGMA integrity_check", "ok");
	assert_answer(f, "PRAGMA journal_mode", "delete");
	fixture_destroy(f);
}

static void stacks_are_named_by_addresses_of_the_file(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_request(f, 5, 1, 2);
	fixture_finish(f);
	assert_answer(f,
		"SELECT depth, address, module FROM stack_frame WHERE stack_id ="
		" (SELECT stack_id FROM resource WHERE async_id = 5) ORDER BY depth",
		"0|4432|/bin/program 1|4176|/bin/program");
	/* A callback is written as if it were called: one byte after its beginning. */
	assert_answer(f,
		"SELECT address FROM frame JOIN run ON frame_id = callback_frame_id"
		" WHERE run_id = 2",
		"4609");
	assert_answer(f, "SELECT start_address, load_bias FROM mapping", "4194304|4194304");
	fixture_destroy(f);
}

static void stacks_that_make_no_sense_are_unknown(void **state)
{
	struct fixture *f = fixture_create();
	uint32_t node = arena_writer_node(f->arena, 0, 0); /* still in the making */

	(void)state;
	f->stack = arena_writer_node(f->arena, node, 0x401300);
	put_request(f, 5, 1, 2);
	f->stack = arena_writer_node(f->arena, 3000, 0x401300); /* the caller is not smaller */
	put_request(f, 6, 1, 3);
	f->stack = UINT32_MAX;
	put_request(f, 7, 1, 4);
	f->stack = arena_writer_node(f->arena, 0, NODE_END_NO_CFI);
	put_request(f, 8, 1, 5);
	f->stack = arena_writer_node(f->arena, 0, 0x401400 | NODE_EXACT);
	put_request(f, 9, 1, 6);
	fixture_finish(f);
	assert_answer(f, "SELECT stack_id FROM resource WHERE async_id BETWEEN 5 AND 7", "- - -");
	assert_answer(f,
		"SELECT function, address FROM stack_frame WHERE stack_id ="
		" (SELECT stack_id FROM resource WHERE async_id = 8)",
		"no unwind information for this code|-");
	assert_answer(f, "SELECT address FROM frame WHERE is_exact = 1", "5120");
	fixture_destroy(f);
}

static void handles_are_written_when_final(void **state)
{
	struct fixture *f = fixture_create();
	struct event_retype retype = {
		.type = ACAUSAL_TYPE_TCP_SERVER, .async_id = 3, .trigger_id = 2};

	(void)state;
	put_resource(f, 1, 2, 100);
	put_resource(f, 1, 3, 200);
	put_destroy(f, 1, 2, 350);
	assert_true(ARENA_PUT(f->arena, 1, RETYPE, &retype));
	fixture_finish(f);
	assert_answer(f,
		"SELECT async_id, type.hook_type, trigger_id, destroyed_ns - created_ns FROM"
		" resource JOIN type USING (type_id) WHERE async_id > 1 ORDER BY async_id",
		"2|Timeout|1|250 3|TCPSERVERWRAP|2|-");
	assert_answer(f,
		"SELECT hook_type, created, destroyed FROM stack_total JOIN type USING (type_id)"
		" WHERE class = 'handle' ORDER BY 1",
		"TCPSERVERWRAP|1|0 Timeout|1|1");
	fixture_destroy(f);
}

static void changes_may_come_first_or_late(void **state)
{
	struct fixture *f = fixture_create();
	struct event_retype retype = {.type = ACAUSAL_TYPE_PIPE, .async_id = 2, .trigger_id = 9};
	struct event_disarm disarm = {.end = ACAUSAL_END_STOPPED, .arming_id = 1, .run_id = 7};
	struct event_cause cause = {.cause_id = 1, .async_id = 2, .run_id = 6, .stack = f->stack};

	(void)state;
	disarm.disarmed = at(f, 180);
	disarm.stack = f->stack;
	put_destroy(f, 2, 2, 350);
	assert_true(ARENA_PUT(f->arena, 2, RETYPE, &retype));
	assert_true(ARENA_PUT(f->arena, 2, DISARM, &disarm));
	put_run(f, 8, 2, 1, 1);
	fixture_drain(f);
	usleep(120000);
	fixture_drain(f);
	put_resource(f, 1, 2, 100);
	put_arming(f, 1, 2, 5, ACAUSAL_END_NONE);
	put_resource(f, 1, 3, 100);
	put_arming(f, 2, 3, 5, ACAUSAL_END_NONE);
	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &cause));
	fixture_drain(f);
	/* Long enough for what is held to be written, and then to be changed. */
	usleep(1200000);
	fixture_drain(f);
	fixture_open(f);
	assert_answer(f, "SELECT count(*) FROM arming WHERE arming_id = 2", "1");
	assert_answer(f, "SELECT count(*) FROM resource WHERE async_id = 3", "1");
	sqlite3_close(f->db);
	put_destroy(f, 1, 3, 360);
	disarm.arming_id = 2;
	disarm.disarmed = at(f, 290);
	disarm.end = ACAUSAL_END_CLOSED;
	assert_true(ARENA_PUT(f->arena, 1, DISARM, &disarm));
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f,
		"SELECT async_id, hook_type, trigger_id, destroyed_ns - created_ns FROM resource"
		" JOIN type USING (type_id) WHERE async_id > 1 ORDER BY async_id",
		"2|PIPEWRAP|9|250 3|Timeout|1|260");
	assert_answer(f,
		"SELECT arming_id, \"end\", disarmed_run_id, disarmed_ns - armed_ns FROM arming",
		"1|stopped|7|80 2|closed|7|90");
	assert_answer(f, "SELECT cause_id, caused_run_id FROM cause", "1|8");
	fixture_destroy(f);
}

static void changes_to_nothing_are_lost(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_destroy(f, 1, 77, 350);
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 1);
	assert_answer(f, "SELECT value FROM meta WHERE key = 'lost_events'", "1");
	fixture_destroy(f);
}

static void runs_lead_to_their_arming(void **state)
{
	struct fixture *f = fixture_create();
	struct event_cause cause = {.kind = ACAUSAL_CAUSE_AGAIN,
		.cause_id = 1,
		.async_id = 2,
		.run_id = 3,
		.stack = f->stack,
		.api = ACAUSAL_API_uv_timer_again};
	struct event_cause second = cause;

	(void)state;
	cause.caused = second.caused = at(f, 1500);
	second.cause_id = 2;
	second.first_id = 1;
	put_resource(f, 1, 2, 100);
	put_arming(f, 1, 2, 1, ACAUSAL_END_FIRED);
	put_run(f, 2, 2, 1, 0);
	put_arming(f, 2, 2, 2, ACAUSAL_END_NONE);
	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &cause));
	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &second));
	put_run(f, 4, 2, 2, 1);
	put_run(f, 5, 2, 2, 1);
	put_run(f, 6, 2, 0, 0); /* a timer that nobody is known to have armed */
	put_run(f, 7, 9, 0, 0); /* of a resource that is not there */
	fixture_finish(f);
	assert_answer(f,
		"SELECT run_id, async_id, link_run_id, link_api, cause_run_id, cause_api FROM"
		" run_edge WHERE run_id > 1 ORDER BY run_id",
		"2|2|1|uv_timer_start|-|- 4|2|2|uv_timer_start|3|uv_timer_again"
		" 5|2|2|uv_timer_start|3|uv_timer_again 6|2|-|-|-|- 7|9|-|-|-|-");
	assert_answer(f, "SELECT cause_id, kind, caused_run_id, first_id FROM cause",
		"1|again|4|- 2|again|-|1");
	assert_answer(f,
		"SELECT arming_id, timeout_ms, repeat_ms, \"end\", times FROM arming ORDER BY "
		"arming_id",
		"1|5|-|fired|1 2|5|-|-|1");
	assert_answer(f,
		"SELECT runs FROM stack_total JOIN type USING (type_id) WHERE class = 'handle'",
		"4");
	fixture_destroy(f);
}

/*
 * Five fired armings with their runs, of which only what is exactly one arming and one run shares a
 * row: not one that has been armed twice, one with a repeat, one whose run has a status.
 */
static void a_shot_is_one_row(void **state)
{
	struct fixture *f = fixture_create();
	struct event_cause cause = {.kind = ACAUSAL_CAUSE_SEND,
		.cause_id = 1,
		.async_id = 2,
		.run_id = 1,
		.caused = at(f, 1500),
		.api = ACAUSAL_API_uv_async_send};

	(void)state;
	put_resource(f, 1, 2, 100);
	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &cause));
	for (uint64_t i = 1; i <= 5; i++) {
		struct event_arming arming = {.thread = 1,
			.arming_id = i + 10,
			.async_id = 2,
			.run_id = i,
			.armed = at(f, 1000 * i),
			.timeout_ms = 5,
			.repeat_ms = i == 4 ? 7 : EVENT_NO_TIME,
			.stack = f->stack,
			.api = ACAUSAL_API_uv_timer_start,
			.end = ACAUSAL_END_FIRED,
			.count = i == 3 ? 2 : 0,
			.disarmed = at(f, 1000 * i + 400)};
		struct event_run run = {.async_id = 2, .arming_id = i + 10};

		run.execution = execution(f, i + 1, 1000 * i + 410, 1000 * i + 430);
		run.execution.status = i == 5 ? 0 : EVENT_NO_STATUS;
		run.execution.outer_run_id = i == 2 ? 2 : 1;
		run.execution.outer_stack = i == 2 ? f->stack : 0;
		run.execution.cause_id = i == 1;
		assert_true(ARENA_PUT(f->arena, 1, ARMING, &arming));
		assert_true(ARENA_PUT(f->arena, 1, RUN, &run));
	}
	fixture_finish(f);
	assert_int_equal(f->summary.runs, 6);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f, "SELECT run_id FROM packed_shot", "2 3");
	assert_answer(f, "SELECT arming_id FROM packed_arming", "13 14 15");
	assert_answer(f,
		"SELECT run.run_id, run.async_id, arming_id, arming.run_id, api, armed_ns - 1000 *"
		" (arming_id - 10) - started_ns, timeout_ms, repeat_ms, times, \"end\", began_ns -"
		" armed_ns, disarmed_ns - armed_ns, run.ended_ns - began_ns, status,"
		" outer_run_id, outer_stack_id, cause_id FROM run JOIN arming USING (arming_id),"
		" process ORDER BY run.run_id",
		"2|2|11|1|uv_timer_start|0|5|-|1|fired|410|410|20|-|1|-|1"
		" 3|2|12|2|uv_timer_start|0|5|-|1|fired|410|410|20|-|2|2|-"
		" 4|2|13|3|uv_timer_start|0|5|-|2|fired|410|400|20|-|1|-|-"
		" 5|2|14|4|uv_timer_start|0|5|7|1|fired|410|400|20|-|1|-|-"
		" 6|2|15|5|uv_timer_start|0|5|-|1|fired|410|400|20|0|1|-|-");
	assert_answer(f,
		"SELECT run_id, async_id, thread_id, ended_ns - began_ns, status, link_run_id,"
		" link_stack_id, link_api, began_ns - link_ns, cause_run_id, cause_api,"
		" cause_ns IS NULL, trigger_id, outer_run_id FROM run_edge WHERE run_id > 1"
		" ORDER BY run_id",
		"2|2|1|20|-|1|2|uv_timer_start|410|1|uv_async_send|0|1|1"
		" 3|2|1|20|-|2|2|uv_timer_start|410|-|-|1|1|2"
		" 4|2|1|20|-|3|2|uv_timer_start|410|-|-|1|1|1"
		" 5|2|1|20|-|4|2|uv_timer_start|410|-|-|1|1|1"
		" 6|2|1|20|0|5|2|uv_timer_start|410|-|-|1|1|1");
	assert_answer(f, "SELECT kind, caused_run_id FROM cause", "send|2");
	fixture_destroy(f);
}

/* What is stored as a distance from the first of its kind comes out as it was. */
static void addresses_are_kept(void **state)
{
	static const uint64_t addresses[] = {
		0x7f0000001000, 0x7f0000001040, 0x560000000000, 0, 0xffff800000000010, 0x10};
	struct fixture *f = fixture_create();

	(void)state;
	for (uint64_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct event_resource event = {.thread = 1};

		event.birth = (struct event_birth){.async_id = i + 2,
			.trigger_id = i + 1,
			.run_id = 1,
			.created = at(f, 10 * i),
			.address = addresses[i],
			.type = ACAUSAL_TYPE_TIMER,
			.api = ACAUSAL_API_uv_timer_init};
		assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
	}
	fixture_finish(f);
	assert_answer(f,
		"SELECT printf('%x', address), typeof(address), trigger_id FROM resource"
		" WHERE async_id > 1 ORDER BY async_id",
		"7f0000001000|integer|1 7f0000001040|integer|2 560000000000|integer|3 0|null|4"
		" ffff800000000010|integer|5 10|integer|6");
	fixture_destroy(f);
}

static void threads_have_a_root_run(void **state)
{
	struct fixture *f = fixture_create();
	struct event_thread thread = {.os_tid = 5000,
		.role = ACAUSAL_ROLE_USER,
		.async_id = 4,
		.root_run_id = 3,
		.trigger_id = 1,
		.run_id = 2,
		.stack = f->stack,
		.type = ACAUSAL_TYPE_UV_THREAD,
		.api = ACAUSAL_API_uv_thread_create,
		.maker = 1,
		.callback = 0x401300,
		.name = "worker"};
	struct event_thread_end end = {.ended = at(f, 900)};
	struct event_run run = {.async_id = 7};

	(void)state;
	thread.started = at(f, 300);
	thread.created = at(f, 250);
	assert_true(ARENA_PUT(f->arena, 2, THREAD, &thread));
	run.execution = execution(f, 9, 400, 410);
	run.execution.outer_run_id = 3;
	assert_true(ARENA_PUT(f->arena, 2, RUN, &run));
	assert_true(ARENA_PUT(f->arena, 2, THREAD_END, &end));
	fixture_finish(f);
	assert_int_equal(f->summary.threads, 2);
	assert_answer(f,
		"SELECT thread_id, os_tid, name, role, root_run_id, ended_ns - started_ns,"
		" is_foreign FROM thread ORDER BY thread_id",
		"1|4711|program|main|1|-|0 2|5000|worker|user|3|600|0");
	assert_answer(f,
		"SELECT run_id, async_id, part, thread_id, outer_run_id, ended_ns - began_ns FROM"
		" run ORDER BY run_id",
		"1|1|callback|1|-|- 3|4|callback|2|-|600 9|7|callback|2|3|10");
	assert_answer(f,
		"SELECT link_run_id, link_api, began_ns - link_ns FROM run_edge WHERE run_id = 3",
		"2|uv_thread_create|50");
	assert_answer(f,
		"SELECT async_id, name, class, destroyed_ns - created_ns FROM resource JOIN type"
		" USING (type_id) ORDER BY 1",
		"1|main|root|- 4|uv_thread_t|thread|650");
	fixture_destroy(f);
}

static void put_log(struct fixture *f, int fd, const char *text, size_t length, uint64_t full)
{
	struct event_log event = {.fd = fd,
		.run_id = 1,
		.left_out = full - length,
		.stack = f->stack,
		.length = (uint32_t)length};

	event.written = at(f, 10);
	assert_true(
		arena_writer_put(f->arena, 1, 0, EVENT_LOG, &event, sizeof event, text, length));
}

static void logs_are_lines(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_log(f, 1, "one\ntwo\n", 8, 8);
	put_log(f, 2, "err\n\n", 5, 5);
	put_log(f, 1, "three\n", 6, 6);
	put_log(f, 1, "bad \xff\n", 6, 6);
	put_log(f, 1, "cut\nhere", 8, 108);
	put_log(f, 1, "\ncaf\xc3\xa9\n", 7, 7);
	fixture_finish(f);
	assert_answer(f,
		"SELECT fd, line_number, text, full_length, typeof(text), run_id FROM log"
		" WHERE typeof(text) = 'text' ORDER BY log_id",
		"1|1|one|3|text|1 1|2|two|3|text|1 2|1|err|3|text|1 2|2||0|text|1"
		" 1|3|three|5|text|1 1|5|cut|3|text|1 1|6|here|104|text|1 "
		"1|7|caf\xc3\xa9|5|text|1");
	assert_answer(f, "SELECT hex(text), line_number FROM log WHERE typeof(text) = 'blob'",
		"62616420FF|4");
	assert_answer(f, "SELECT DISTINCT async_id, type FROM log_named", "1|main");
	fixture_destroy(f);
}

static void details_are_words(void **state)
{
	struct fixture *f = fixture_create();
	struct event_detail detail = {.kind = EVENT_DETAIL_TEXT, .async_id = 2, .length = 9};
	unsigned char address[16] = {2, 0, 0x1f, 0x90, 127, 0, 0, 1};
	int64_t number = -3;

	(void)state;
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_DETAIL, &detail, sizeof detail, "/tmp/file", 9));
	detail = (struct event_detail){
		.kind = EVENT_DETAIL_SOCKADDR, .async_id = 3, .length = sizeof address};
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_DETAIL, &detail, sizeof detail, address, sizeof address));
	detail = (struct event_detail){
		.kind = EVENT_DETAIL_NUMBER, .async_id = 4, .length = sizeof number};
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_DETAIL, &detail, sizeof detail, &number, sizeof number));
	fixture_finish(f);
	assert_answer(f, "SELECT async_id, text FROM detail", "2|/tmp/file 3|127.0.0.1:8080 4|-3");
	fixture_destroy(f);
}

static struct arena_crash *put_crash(struct fixture *f, uint32_t index, int signal, int code)
{
	struct arena_crash *crash = arena_writer_crash(f->arena, index);

	crash->thread = 1;
	crash->signal = signal;
	crash->code = code;
	crash->run_id = 1;
	crash->crashed = at(f, 77 + index);
	crash->fault_address = 0x18;
	crash->stack = f->stack;
	crash->register_count = 17;
	crash->state = ARENA_CRASH_FATAL;
	return crash;
}

static void crashes_and_gaps_are_noted(void **state)
{
	struct fixture *f = fixture_create();
	struct event_gap gap = {.lost = 12, .from = at(f, 5), .to = at(f, 9)};

	(void)state;
	f->arena->header->lost.value = 12;
	put_crash(f, 0, SIGSEGV, 1);
	/* What was sent has no address, whatever siginfo has in its place. */
	put_crash(f, 1, SIGSEGV, SI_USER);
	memcpy(put_crash(f, 2, SIGABRT, SI_TKILL)->message, "why\n", 4);
	put_crash(f, 2, SIGABRT, SI_TKILL)->message_length = 4;
	/* Of what is being written, and what makes no sense, nothing comes. */
	put_crash(f, 3, SIGSEGV, 1)->state = ARENA_CRASH_TAKEN;
	put_crash(f, 4, SIGSEGV, 1)->stack_length = ARENA_CRASH_STACK + 1;
	put_crash(f, 5, SIGSEGV, 1)->register_count = 0;
	assert_true(ARENA_PUT(f->arena, 1, GAP, &gap));
	fixture_drain(f);
	ingest_process_ended(f->process, SIGABRT);
	fixture_finish(f);
	assert_int_equal(f->summary.crash_id, 3);
	assert_int_equal(f->summary.crash_signal, SIGABRT);
	assert_int_equal(f->summary.lost, 12);
	assert_answer(f,
		"SELECT crash_id, process_id, thread_id, run_id, signal, code, fault_address,"
		" message, stack_id IS NOT NULL FROM crash",
		"1|1|1|1|11|1|24|-|1 2|1|1|1|11|0|-|-|1 3|1|1|1|6|-6|-|why|1");
	assert_answer(f, "SELECT thread_id, to_ns - from_ns, lost FROM gap", "1|4|12");
	assert_answer(
		f, "SELECT exit_code, exit_signal, ended_ns >= started_ns FROM process", "-|6|1");
	fixture_destroy(f);
}

/* One line on a descriptor, at a moment. */
static void put_words(struct fixture *f, int fd, uint64_t ns, const char *text)
{
	struct event_log event = {.fd = fd,
		.run_id = 1,
		.written = at(f, ns),
		.stack = f->stack,
		.length = (uint32_t)strlen(text)};

	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_LOG, &event, sizeof event, text, strlen(text)));
}

/* What an abort has to say was written to stderr by the same thread, just before. */
static void message_of(const char *first, int fd, uint64_t ns, int signal, const char *expected)
{
	struct fixture *f = fixture_create();

	put_words(f, fd, ns, first);
	put_crash(f, 0, signal, SI_TKILL)->crashed = at(f, 2500000000);
	ingest_process_ended(f->process, signal);
	fixture_finish(f);
	assert_answer(f, "SELECT message FROM crash", expected);
	fixture_destroy(f);
}

static void aborts_have_messages(void **state)
{
	(void)state;
	message_of("no way\n", 2, 2400000000, SIGABRT, "no way");
	message_of("terminate called after throwing 'X'\n  what():  boom\n", 2, 2400000000, SIGABRT,
		"terminate called after throwing 'X': what():  boom");
	message_of("elsewhere\n", 1, 2400000000, SIGABRT, "-");
	message_of("long ago\n", 2, 1000, SIGABRT, "-");
	message_of("a fault\n", 2, 2400000000, SIGSEGV, "-");
}

/* Twelve were lost; where, is known of five. */
static void what_no_gap_tells_is_a_gap(void **state)
{
	struct fixture *f = fixture_create();
	struct event_gap gap = {.lost = 2, .from = at(f, 5), .to = at(f, 9)};

	(void)state;
	f->arena->header->lost.value = 12;
	assert_true(ARENA_PUT(f->arena, 1, GAP, &gap));
	gap.lost = 3;
	assert_true(ARENA_PUT(f->arena, 1, GAP, &gap));
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 12);
	assert_answer(f, "SELECT thread_id, to_ns - from_ns, from_ns > 0, lost FROM gap",
		"1|4|1|2 1|4|1|3 -|-|-|7");
	fixture_destroy(f);
}

static void what_was_left_open_is_written(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_thread *thread = arena_writer_thread(f->arena, 0);
	struct arena_live *live = arena_writer_live(f->arena, 1);

	(void)state;
	put_resource(f, 1, 2, 100); /* a handle, known already, with a standing arming */
	*live = (struct arena_live){.async_id = 2,
		.flags = ARENA_LIVE_HANDLE | ARENA_LIVE_ARMED,
		.type = ACAUSAL_TYPE_TIMER,
		.arming_id = 4,
		.arming_run_id = 1,
		.armed = at(f, 150),
		.timeout_ms = 9,
		.repeat_ms = EVENT_NO_TIME,
		.arming_stack = f->stack,
		.arming_api = ACAUSAL_API_uv_timer_start,
		.arming_thread = 1};
	live = arena_writer_live(f->arena, 2); /* a request whose callback runs */
	*live = (struct arena_live){.async_id = 3,
		.trigger_id = 1,
		.run_id = 1,
		.created = at(f, 160),
		.stack = f->stack,
		.type = ACAUSAL_TYPE_FS,
		.api = ACAUSAL_API_uv_fs_read,
		.thread = 1};
	live = arena_writer_live(f->arena, 3); /* one that has been written as an event already */
	*live = (struct arena_live){.async_id = 8, .run_id = 1, .type = ACAUSAL_TYPE_WRITE};
	put_request(f, 8, 1, 20);
	*thread = (struct arena_thread){.state = ARENA_THREAD_LIVE,
		.number = 1,
		.async_id = 1,
		.root_run_id = 1,
		.started = f->start,
		.depth = 2};
	thread->open[0] = (struct arena_run){
		.run_id = 30, .async_id = 3, .began = at(f, 400), .callback = 0x401200, .live = 2};
	thread->open[1] = (struct arena_run){.run_id = 31,
		.async_id = 2,
		.arming_id = 4,
		.began = at(f, 450),
		.callback = 0x401200,
		.outer_stack = f->stack};
	ingest_process_ended(f->process, SIGKILL);
	fixture_drain(f);
	assert_true(ingest_process_is_done(f->process));
	fixture_finish(f);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f,
		"SELECT async_id, class, run_id, destroyed_ns FROM resource JOIN type USING"
		" (type_id) WHERE async_id IN (2, 3) ORDER BY 1",
		"2|handle|1|- 3|request|1|-");
	assert_answer(f, "SELECT count(*) FROM resource WHERE async_id = 8", "1");
	assert_answer(f,
		"SELECT run_id, async_id, arming_id, part, outer_run_id, outer_stack_id, ended_ns"
		" FROM run WHERE run_id >= 30 ORDER BY 1",
		"30|3|-|callback|1|-|- 31|2|4|callback|30|2|-");
	assert_answer(f,
		"SELECT run_id, link_run_id, link_api FROM run_edge WHERE run_id >= 30 ORDER BY 1",
		"30|1|uv_fs_read 31|1|uv_timer_start");
	assert_answer(f, "SELECT arming_id, async_id, timeout_ms, repeat_ms, \"end\" FROM arming",
		"4|2|9|-|-");
	assert_answer(f, "SELECT last_run_id FROM thread", "31");
	fixture_destroy(f);
}

static void ids_of_processes_are_apart(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_writer *first = f->arena, *second = arena_writer_create(4);
	struct ingest_process_info info = {.os_pid = 4712, .parent_process_id = 1};
	struct event_thread main = {.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = 1,
		.started = f->start,
		.type = ACAUSAL_TYPE_MAIN};
	struct ingest_process *process;
	struct error err;

	(void)state;
	put_request(f, 5, 1, 2);
	assert_int_equal(
		ingest_add_process(f->ingest, second->bytes, second->size, &info, &process, &err),
		0);
	assert_int_equal(ingest_process_id(process), 2);
	f->arena = second;
	arena_writer_module(second, 0x500000, 0x600000, 0x500000, "/bin/program");
	f->stack = arena_writer_node(second, 0, 0x501050);
	f->stack = arena_writer_node(second, f->stack, 0x501150);
	assert_true(ARENA_PUT(second, 1, THREAD, &main));
	put_request(f, 5, 1, 2);
	fixture_finish(f);
	assert_answer(f,
		"SELECT async_id, process_id, trigger_id, run_id, loop_id, thread_id FROM resource"
		" WHERE api = 'uv_write' ORDER BY 1",
		"5|1|1|1|2|1 1099511627781|2|1099511627777|1099511627777|1099511627778|2");
	/* The same place in the same file, mapped elsewhere: one stack. */
	assert_answer(f,
		"SELECT count(*), count(DISTINCT stack_id) FROM packed_request JOIN origin USING "
		"(origin_id)",
		"2|1");
	assert_answer(f, "SELECT process_id, os_pid, parent_process_id FROM process",
		"1|4711|- 2|4712|1");
	f->arena = first;
	arena_writer_destroy(second);
	fixture_destroy(f);
}

static void chunks_are_given_back(void **state)
{
	struct fixture *f = fixture_create();
	uint64_t id = 2;

	(void)state;
	/* Sixteen chunks of room, many more written. */
	for (int round = 0; round < 50; round++) {
		while (arena_writer_free_chunks(f->arena) > 1)
			put_request(f, id, 1, id), id++;
		fixture_drain(f);
		assert_true(arena_writer_free_chunks(f->arena) >= 11);
	}
	assert_true(f->arena->header->room.value > 0);
	fixture_finish(f);
	assert_int_equal(f->summary.resources, id - 1);
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

static void duplicates_are_kept_out(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_request(f, 5, 1, 2);
	put_request(f, 5, 9, 8);
	put_resource(f, 1, 7, 100);
	put_resource(f, 1, 7, 200);
	put_run(f, 4, 7, 0, 0);
	put_run(f, 4, 5, 0, 0);
	fixture_finish(f);
	assert_answer(f, "SELECT async_id, run_id FROM packed_request", "5|2");
	assert_answer(f, "SELECT run_id, async_id FROM packed_run", "1|1 4|7");
	assert_answer(f, "SELECT count(*) FROM packed_resource WHERE async_id = 7", "1");
	fixture_destroy(f);
}

static void a_killed_recorder_leaves_a_valid_file(void **state)
{
	char folder[] = "/tmp/ingest.XXXXXX", path[64], command[PATH_MAX], remove[PATH_MAX + 8];
	sqlite3 *db;

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 12; i++) {
		struct fixture *f;
		pid_t child;
		int status;

		snprintf(path, sizeof path, "%s/%d.db", folder, i);
		child = fork();
		assert_true(child >= 0);
		if (!child) {
			uint64_t id = 2;

			f = fixture_create();
			if (symlink(f->path, path))
				_exit(1);
			for (;;) {
				while (arena_writer_free_chunks(f->arena) > 1)
					put_request(f, id, 1, id), id++;
				fixture_drain(f);
			}
		}
		usleep(60000 + (unsigned)i * 37000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		if (realpath(path, command)) {
			struct fixture reader = {0};

			assert_int_equal(sqlite3_open_v2(command, &db, SQLITE_OPEN_READWRITE, NULL),
				SQLITE_OK);
			reader.db = db;
			assert_answer(
				&reader, "SELECT value FROM meta WHERE key = 'complete'", "0");
			assert_answer(&reader, "PRAGMA integrity_check", "ok");
			sqlite3_close(db);
			*strrchr(command, '/') = 0;
			snprintf(remove, sizeof remove, "rm -r %s", command);
			assert_int_equal(system(remove), 0);
		}
	}
	snprintf(command, sizeof command, "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

/* A disk that is full: one clear line, again and again, and what was committed stays. */
static void a_full_disk_is_said(void **state)
{
	struct fixture *f = fixture_create();
	struct rlimit limit = {4 << 20, RLIM_INFINITY}, unlimited;
	struct error first = {""}, again = {""};
	uint64_t id = 2;
	bool busy;
	int result = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &unlimited);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int round = 0; round < 2000 && !result; round++) {
		while (arena_writer_free_chunks(f->arena) > 1)
			put_request(f, id, 1, id), id++;
		result = ingest_drain(f->ingest, &busy, &first);
	}
	assert_int_equal(result, -1);
	assert_non_null(strstr(first.text, f->path));
	assert_null(strchr(first.text, '\n'));
	assert_int_equal(ingest_drain(f->ingest, &busy, &again), -1);
	assert_string_equal(first.text, again.text);
	assert_int_equal(ingest_finish(f->ingest, &f->summary, &again), -1);
	ingest_destroy(f->ingest);
	f->ingest = NULL;
	setrlimit(RLIMIT_FSIZE, &unlimited);
	signal(SIGXFSZ, SIG_DFL);
	fixture_open(f);
	assert_answer(f, "PRAGMA integrity_check", "ok");
	assert_answer(f, "SELECT value FROM meta WHERE key = 'complete'", "0");
	fixture_destroy(f);
}

static void files_are_private_and_new(void **state)
{
	struct fixture *f = fixture_create();
	struct ingest_options options = {.version = "test", .path = f->path};
	struct ingest *second = NULL;
	struct stat status;
	struct error err;

	(void)state;
	assert_int_equal(stat(f->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(ingest_create(&options, &second, &err), -1);
	assert_non_null(strstr(err.text, f->path));
	fixture_finish(f);
	assert_answer(f, "PRAGMA application_id", "1633902965");
	assert_answer(f, "PRAGMA user_version", "1");
	assert_answer(f,
		"SELECT key, value FROM meta WHERE key IN ('complete', 'command',"
		" 'acausal_version', 'waits') ORDER BY key",
		"acausal_version|test command|[\"a\"] complete|1 waits|0");
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_one_row),
		cmocka_unit_test(stacks_are_named_by_addresses_of_the_file),
		cmocka_unit_test(stacks_that_make_no_sense_are_unknown),
		cmocka_unit_test(handles_are_written_when_final),
		cmocka_unit_test(changes_may_come_first_or_late),
		cmocka_unit_test(changes_to_nothing_are_lost),
		cmocka_unit_test(runs_lead_to_their_arming),
		cmocka_unit_test(a_shot_is_one_row),
		cmocka_unit_test(addresses_are_kept),
		cmocka_unit_test(threads_have_a_root_run),
		cmocka_unit_test(logs_are_lines),
		cmocka_unit_test(details_are_words),
		cmocka_unit_test(crashes_and_gaps_are_noted),
		cmocka_unit_test(aborts_have_messages),
		cmocka_unit_test(what_no_gap_tells_is_a_gap),
		cmocka_unit_test(what_was_left_open_is_written),
		cmocka_unit_test(ids_of_processes_are_apart),
		cmocka_unit_test(chunks_are_given_back),
		cmocka_unit_test(duplicates_are_kept_out),
		cmocka_unit_test(a_killed_recorder_leaves_a_valid_file),
		cmocka_unit_test(a_full_disk_is_said),
		cmocka_unit_test(files_are_private_and_new),
	};

	return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}
