/*
 * Processes and what they came of: their parent's call and their own arena are two sources that
 * meet in any order, and either may be missing or say anything. Where they do not agree there is no
 * link, and never a wrong one.
 */
#include "recorder/ingest/ingest_internal.h"
#include "tests/unit/ingest_fixture.h"

enum {
	PARENT_PID = 4711,
	CHILD_PID = 4800,
	RELATIVES = 8,
	FEW_CHUNKS = 4,
	MANY_CHUNKS = 600, /* more than are read in a pass */
};

struct relative {
	struct arena_writer *arena;
	struct ingest_process *process;
};

static struct relative relatives[RELATIVES];
static int relative_count;

/* The fixture's process as the system knows it. */
static struct fixture *family_create(void)
{
	struct fixture *f;

	relative_count = 0;
	f = fixture_create();
	return f;
}

static void family_destroy(struct fixture *f)
{
	ingest_destroy(f->ingest);
	f->ingest = NULL;
	for (int i = 0; i < relative_count; i++)
		arena_writer_destroy(relatives[i].arena);
	fixture_destroy(f);
}

/* An arena of a process that has begun and been heard of by nobody. */
static struct relative *relative_make_big(
	uint32_t os_pid, const struct arena_origin *from, uint32_t chunks)
{
	struct relative *ret = &relatives[relative_count++];
	struct event_thread main = {.os_tid = os_pid,
		.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = 1,
		.type = ACAUSAL_TYPE_MAIN};

	ret->arena = arena_writer_create(chunks);
	ret->arena->header->os_pid = os_pid;
	ret->arena->header->from = *from;
	main.started = ret->arena->now;
	assert_true(ARENA_PUT(ret->arena, 1, THREAD, &main));
	return ret;
}

static struct relative *relative_make(uint32_t os_pid, const struct arena_origin *from)
{
	return relative_make_big(os_pid, from, FEW_CHUNKS);
}

static void hand_in(struct fixture *f, struct relative *relative, struct ingest_process *before)
{
	struct ingest_process_info info = {
		.os_pid = (pid_t)relative->arena->header->os_pid, .before = before};
	struct error err;

	fixture_check(ingest_add_process(f->ingest, relative->arena->bytes, relative->arena->size,
			      &info, &relative->process, &err),
		&err);
}

static struct arena_origin origin_of(const struct arena_writer *arena, uint64_t spawn_id)
{
	return (struct arena_origin){.os_pid = arena->header->os_pid,
		.started = arena->header->started.ticks,
		.spawn_id = spawn_id};
}

static void put_spawn(struct fixture *f, uint64_t spawn_id, unsigned api, uint64_t async_id)
{
	struct event_spawn event = {.stack = f->stack,
		.spawn_id = spawn_id,
		.run_id = 1,
		.spawned = f->start + 1000,
		.async_id = async_id,
		.api = (uint16_t)api,
		.thread = 1};

	assert_true(ARENA_PUT(f->arena, 1, SPAWN, &event));
}

static void put_handle(struct arena_writer *arena, uint64_t async_id, unsigned type)
{
	struct event_resource event = {.thread = 1,
		.birth = {.async_id = async_id,
			.trigger_id = 1,
			.run_id = 1,
			.created = arena->now,
			.type = (uint16_t)type}};

	assert_true(ARENA_PUT(arena, 1, RESOURCE, &event));
}

#define PROCESS_ROWS                                                                               \
	"SELECT process_id, parent_process_id, spawned_by_async_id, is_foreign FROM process"
#define LINK_OF_SECOND                                                                             \
	"SELECT link_run_id, link_api, link_ns - (SELECT min(started_ns) FROM process), "          \
	"link_stack_id IS NOT NULL, trigger_id FROM run_edge WHERE run_id = (1 << 40) + 1"

static void call_before_child(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = origin_of(f->arena, 3);

	(void)state;
	put_handle(f->arena, 7, ACAUSAL_TYPE_PROCESS);
	put_spawn(f, 3, ACAUSAL_API_uv_spawn, 7);
	fixture_drain(f);
	hand_in(f, relative_make(CHILD_PID, &from), NULL);
	fixture_finish(f);
	assert_answer(f, PROCESS_ROWS, "1|-|-|0 2|1|7|0");
	assert_answer(f, LINK_OF_SECOND, "1|uv_spawn|1000|1|7");
	assert_answer(
		f, "SELECT link_run_id, link_api, link_ns FROM run_edge WHERE run_id = 1", "-|-|-");
	family_destroy(f);
}

/* The child is heard of when the parent's call still has megabytes before it that are not read. */
static void child_before_call(void **state)
{
	struct fixture *f = family_create();
	struct arena_writer *first = f->arena;
	struct relative *parent =
		relative_make_big(CHILD_PID, &(struct arena_origin){0}, MANY_CHUNKS);
	struct arena_origin from = origin_of(parent->arena, 9);
	struct relative *child = relative_make(CHILD_PID + 1, &from);

	(void)state;
	put_handle(child->arena, 2, ACAUSAL_TYPE_TIMER);
	for (uint64_t id = 2; arena_writer_free_chunks(parent->arena) > 1; id++)
		put_handle(parent->arena, id, ACAUSAL_TYPE_TIMER);
	f->arena = parent->arena;
	f->stack = 0;
	put_spawn(f, 9, ACAUSAL_API_fork, 0);
	f->arena = first;
	hand_in(f, parent, NULL);
	hand_in(f, child, NULL);
	fixture_finish(f);
	assert_answer(f, PROCESS_ROWS, "1|-|-|0 2|-|-|0 3|2|-|0");
	/* The trigger is what the run belongs to. */
	assert_answer(f,
		"SELECT link_run_id, link_api, trigger_id FROM run_edge WHERE run_id = (2 << 40) + "
		"1",
		"1099511627777|fork|1099511627777");
	assert_answer(f, "SELECT count(*) FROM resource WHERE process_id = 3", "2");
	family_destroy(f);
}

static void parent_has_ended(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = origin_of(f->arena, 1);

	(void)state;
	put_spawn(f, 1, ACAUSAL_API_fork, 0);
	ingest_process_ended(f->process, 0);
	fixture_drain(f);
	assert_true(ingest_process_is_done(f->process));
	hand_in(f, relative_make(CHILD_PID, &from), NULL);
	fixture_finish(f);
	assert_answer(f, LINK_OF_SECOND, "1|fork|1000|1|1");
	family_destroy(f);
}

/* Whatever an origin says that names nothing, there is no link. */
static void origins_of_nothing(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = origin_of(f->arena, 77), self = {0};
	struct relative *loner;

	(void)state;
	put_spawn(f, 1, ACAUSAL_API_fork, 0);
	hand_in(f, relative_make(CHILD_PID, &from), NULL); /* no such call */
	from.started++;
	hand_in(f, relative_make(CHILD_PID + 1, &from), NULL); /* no such process */
	loner = relative_make(CHILD_PID + 2, &self);
	self = origin_of(loner->arena, 1);
	loner->arena->header->from = self;
	hand_in(f, loner, NULL); /* itself */
	from = (struct arena_origin){UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX};
	hand_in(f, relative_make(CHILD_PID + 3, &from), NULL);
	from = origin_of(f->arena, UINT64_MAX);
	hand_in(f, relative_make(0, &from), NULL);
	fixture_finish(f);
	assert_answer(f, PROCESS_ROWS, "1|-|-|0 2|1|-|1 3|-|-|1 4|-|-|1 5|-|-|1 6|1|-|1");
	assert_answer(f,
		"SELECT count(*) FROM run_edge WHERE link_run_id IS NOT NULL OR link_api IS NOT "
		"NULL"
		" OR link_ns IS NOT NULL OR link_stack_id IS NOT NULL",
		"0");
	family_destroy(f);
}

/* Two that name each other: the one that came first has no parent. */
static void a_circle(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin none = {0};
	struct relative *a = relative_make(CHILD_PID, &none),
			*b = relative_make(CHILD_PID + 1, &none);

	(void)state;
	a->arena->header->from = origin_of(b->arena, 1);
	b->arena->header->from = origin_of(a->arena, 1);
	hand_in(f, a, NULL);
	hand_in(f, b, NULL);
	fixture_finish(f);
	assert_answer(f, PROCESS_ROWS, "1|-|-|0 2|-|-|1 3|2|-|1");
	family_destroy(f);
}

/* What libc makes unseen is found by the parent's number, when there is but one that it can be. */
static void unseen_calls(void **state)
{
	struct arena_origin from = {.os_pid = CHILD_PID, .is_shell = 1};
	struct arena_origin other = {.os_pid = CHILD_PID};
	struct fixture *f = family_create();
	struct arena_writer *first = f->arena;
	struct relative *parent;

	(void)state;
	hand_in(f, parent = relative_make(CHILD_PID, &(struct arena_origin){0}), NULL);
	f->arena = parent->arena;
	f->start = parent->arena->now;
	f->stack = 0;
	put_spawn(f, 1, ACAUSAL_API_execve, 0);
	put_spawn(f, 2, ACAUSAL_API_system, 0);
	hand_in(f, relative_make(CHILD_PID + 1, &from), NULL); /* 3: it is that one */
	fixture_drain(f);
	hand_in(f, relative_make(CHILD_PID + 2, &from), NULL); /* 4: that is taken */
	fixture_drain(f);
	put_spawn(f, 3, ACAUSAL_API_system, 0);
	put_spawn(f, 4, ACAUSAL_API_popen, 0);
	hand_in(f, relative_make(CHILD_PID + 3, &from), NULL); /* 5: it may be either */
	fixture_drain(f);
	hand_in(f, relative_make(CHILD_PID + 4, &from), NULL); /* 6: still, but now both are over */
	fixture_drain(f);
	put_spawn(f, 5, ACAUSAL_API_system, 0);
	hand_in(f, relative_make(CHILD_PID + 5, &other), NULL); /* 7: they start shells */
	hand_in(f, relative_make(CHILD_PID + 6, &from), NULL);	/* 8: it is that one */
	f->arena = first;
	fixture_finish(f);
	assert_answer(f,
		"SELECT p.process_id, p.parent_process_id, p.is_foreign, e.link_run_id >> 40,"
		" e.link_api FROM process p JOIN run_edge e"
		" ON e.run_id = ((p.process_id - 1) << 40) + 1 WHERE p.process_id > 2",
		"3|2|0|1|system 4|2|1|-|- 5|2|1|-|- 6|2|1|-|- 7|2|1|-|- 8|2|0|1|system");
	family_destroy(f);
}

/* A process that had ended before, or another with its number, is not the parent. */
static void numbers_are_used_again(void **state)
{
	struct arena_origin from = {.os_pid = CHILD_PID};
	struct fixture *f = family_create();
	struct relative *parent = relative_make(CHILD_PID, &(struct arena_origin){0}), *child;

	(void)state;
	hand_in(f, parent, NULL);
	ingest_process_ended(parent->process, 0);
	fixture_drain(f);
	child = relative_make(CHILD_PID + 1, &from);
	child->arena->header->started.ticks += 60000000000u;
	hand_in(f, child, NULL);
	fixture_finish(f);
	assert_answer(f, PROCESS_ROWS " WHERE process_id = 3", "3|-|-|1");
	family_destroy(f);
}

static void put_exit(struct fixture *f, uint32_t os_pid, int code, int signal, uint64_t async_id)
{
	struct event_exit event = {
		.os_pid = os_pid, .exit_code = code, .signal = signal, .async_id = async_id};

	assert_true(ARENA_PUT(f->arena, 1, EXIT, &event));
}

static void ends(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = origin_of(f->arena, 1);
	struct relative *child;

	(void)state;
	put_handle(f->arena, 7, ACAUSAL_TYPE_PROCESS);
	for (uint64_t spawn = 1; spawn <= 4; spawn++)
		put_spawn(f, spawn, ACAUSAL_API_uv_spawn, 6 + spawn);
	/* 2: told before it has been heard of. */
	put_exit(f, CHILD_PID, 3, 0, 7);
	fixture_drain(f);
	hand_in(f, child = relative_make(CHILD_PID, &from), NULL);
	child->arena->header->exit_code = 9; /* its own word counts less */
	ingest_process_ended(child->process, INGEST_STATUS_UNKNOWN);
	fixture_drain(f);
	/* 3: told after it has been closed. */
	from.spawn_id = 2;
	hand_in(f, child = relative_make(CHILD_PID + 1, &from), NULL);
	ingest_process_ended(child->process, INGEST_STATUS_UNKNOWN);
	fixture_drain(f);
	assert_true(ingest_process_is_done(child->process));
	put_exit(f, CHILD_PID + 1, 0, 11, 8);
	/* 4: nobody tells but itself. */
	from.spawn_id = 3;
	hand_in(f, child = relative_make(CHILD_PID + 2, &from), NULL);
	child->arena->header->exit_code = 256 + 7;
	ingest_process_ended(child->process, INGEST_STATUS_UNKNOWN);
	/* 5: nobody at all. */
	from.spawn_id = 4;
	hand_in(f, child = relative_make(CHILD_PID + 3, &from), NULL);
	ingest_process_ended(child->process, INGEST_STATUS_UNKNOWN);
	/* Of nothing, and of somebody else's child. */
	put_exit(f, 1, 1, 1, 99);
	put_exit(f, PARENT_PID, 1, 1, 0);
	ingest_process_ended(f->process, 5 << 8);
	fixture_finish(f);
	assert_answer(f, "SELECT process_id, exit_code, exit_signal FROM process",
		"1|5|- 2|3|- 3|-|11 4|7|- 5|-|-");
	family_destroy(f);
}

static struct arena_crash *put_crash(struct relative *process, uint32_t index, int signal)
{
	struct arena_crash *crash = arena_writer_crash(process->arena, index);

	crash->thread = 1;
	crash->signal = signal;
	crash->code = 1;
	crash->run_id = 1;
	crash->register_count = 17;
	crash->crashed = process->arena->now + 1000;
	crash->state = ARENA_CRASH_NOTED;
	return crash;
}

/* A run that was over after the crash. */
static void put_run(struct relative *process, uint32_t thread)
{
	struct event_run event = {.async_id = 1, .execution = {.run_id = 9 + thread}};

	event.execution.began = process->arena->now + 500;
	event.execution.ended = process->arena->now + 2000;
	assert_true(ARENA_PUT(process->arena, thread, RUN, &event));
}

/* Nobody tells how they ended. */
static void crashes_are_ends(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = {0};
	struct relative *process;

	(void)state;
	/* 2: died of it, as another thread went on for a moment. */
	hand_in(f, process = relative_make(CHILD_PID, &from), NULL);
	put_crash(process, 0, 11);
	put_run(process, 2);
	ingest_process_ended(process->process, INGEST_STATUS_UNKNOWN);
	/* 3: in what is done after an exit has begun. */
	hand_in(f, process = relative_make(CHILD_PID + 1, &from), NULL);
	put_crash(process, 0, 7);
	process->arena->header->ended.value = 1;
	ingest_process_ended(process->process, INGEST_STATUS_UNKNOWN);
	/* 4: went on, and ended in a way that nobody knows. */
	hand_in(f, process = relative_make(CHILD_PID + 2, &from), NULL);
	put_crash(process, 0, 11);
	put_run(process, 1);
	ingest_process_ended(process->process, INGEST_STATUS_UNKNOWN);
	/* 5: went on, and then did not. */
	hand_in(f, process = relative_make(CHILD_PID + 3, &from), NULL);
	put_crash(process, 0, 11);
	put_run(process, 1);
	process->arena->now += 9000;
	put_crash(process, 1, 8);
	ingest_process_ended(process->process, INGEST_STATUS_UNKNOWN);
	/* 6: exited later. */
	hand_in(f, process = relative_make(CHILD_PID + 4, &from), NULL);
	put_crash(process, 0, 11);
	process->arena->header->exit_code = 3;
	ingest_process_ended(process->process, INGEST_STATUS_UNKNOWN);
	/* 7: exited in its handler. */
	hand_in(f, process = relative_make(CHILD_PID + 5, &from), NULL);
	put_crash(process, 0, 11)->has_exited = 1;
	process->arena->header->exit_code = 3;
	ingest_process_ended(process->process, INGEST_STATUS_UNKNOWN);
	/* 8: still runs. */
	hand_in(f, process = relative_make(CHILD_PID + 6, &from), NULL);
	put_crash(process, 0, 11);
	fixture_finish(f);
	assert_answer(f,
		"SELECT process_id, exit_code, exit_signal FROM process WHERE process_id > 1",
		"2|-|11 3|-|7 4|-|- 5|-|8 6|3|- 7|3|- 8|-|-");
	assert_answer(f, "SELECT process_id, signal FROM crash", "2|11 3|7 5|8 7|11");
	family_destroy(f);
}

/* How it ended is known, and which of what was noted ended it. */
static void ends_tell_of_crashes(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = {0};
	struct relative *process;

	(void)state;
	/* 2: by the signal; the one before it was survived. */
	hand_in(f, process = relative_make(CHILD_PID, &from), NULL);
	put_crash(process, 0, 11);
	put_crash(process, 1, 11)->crashed += 100;
	ingest_process_ended(process->process, 11);
	/* 3: by another one, from elsewhere. */
	hand_in(f, process = relative_make(CHILD_PID + 1, &from), NULL);
	put_crash(process, 0, 11);
	ingest_process_ended(process->process, 9);
	/* 4: by another one, which its handler sent. */
	hand_in(f, process = relative_make(CHILD_PID + 2, &from), NULL);
	put_crash(process, 0, 11)->last_signal = 6;
	ingest_process_ended(process->process, 6);
	/* 5: two threads at once. */
	hand_in(f, process = relative_make(CHILD_PID + 3, &from), NULL);
	put_crash(process, 0, 11)->state = ARENA_CRASH_FATAL;
	put_crash(process, 1, 8)->state = ARENA_CRASH_FATAL;
	put_crash(process, 2, 7);
	ingest_process_ended(process->process, 11);
	fixture_finish(f);
	assert_answer(f, "SELECT process_id, exit_signal FROM process WHERE process_id > 1",
		"2|11 3|9 4|6 5|11");
	assert_answer(f, "SELECT process_id, signal FROM crash", "2|11 4|11 5|11 5|8");
	family_destroy(f);
}

/* A process that comes and ends, in an arena that is used again and again. */
static struct ingest_process *pass_by(
	struct fixture *f, struct relative *relative, const struct arena_origin *from)
{
	relative->arena->header->started.ticks++;
	relative->arena->header->from = *from;
	hand_in(f, relative, NULL);
	ingest_process_ended(relative->process, 0);
	fixture_drain(f);
	assert_true(ingest_process_is_done(relative->process));
	return relative->process;
}

/*
 * Of thousands that have ended only the newest are kept; and of the older ones the parents of those
 * that run.
 */
static void the_ended_are_let_go(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin nobody = {0}, root = origin_of(f->arena, 0), from;
	struct relative *child = relative_make(CHILD_PID, &nobody), *last;
	struct relative *heir = relative_make(CHILD_PID + 1, &nobody);
	uint32_t parent, orphan;

	(void)state;
	fixture_drain(f);
	child->arena->header->waits.value = 1;
	parent = pass_by(f, child, &root)->process_id;
	heir->arena->header->from = origin_of(child->arena, 0);
	hand_in(f, heir, NULL);
	/* One that nobody is a child of, while it is here. */
	orphan = pass_by(f, child, &root)->process_id;
	from = origin_of(child->arena, 0);
	for (int i = 0; i < CLOSED_KEPT; i++)
		pass_by(f, child, &root);
	assert_non_null(f->ingest->processes[0]);
	assert_ptr_equal(f->ingest->processes[parent - 1], heir->process->parent);
	assert_null(f->ingest->processes[orphan - 1]);
	assert_non_null(f->ingest->processes[orphan]);
	last = relative_make(CHILD_PID + 2, &from);
	hand_in(f, last, NULL);
	assert_null(last->process->parent);
	/* With the heir its parent goes; until then it is kept as one that has ended. */
	ingest_process_ended(heir->process, 0);
	for (int i = 0; i <= CLOSED_KEPT; i++)
		pass_by(f, child, &root);
	assert_null(f->ingest->processes[parent - 1]);
	assert_null(f->ingest->processes[parent]);
	assert_true(f->ingest->process_of_start.count <= CLOSED_KEPT + 8);
	fixture_finish(f);
	assert_int_equal(f->summary.processes, 2 * CLOSED_KEPT + 6);
	assert_int_equal(f->summary.waits, 2 * CLOSED_KEPT + 3);
	assert_answer(
		f, "SELECT parent_process_id, count(*) FROM process GROUP BY 1", "-|2 1|16387 2|1");
	family_destroy(f);
}

/* One process of the system, three programs: only the last one has an end. */
static void exec_of_a_child(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = origin_of(f->arena, 1);
	struct relative *first, *second, *third;
	struct arena_writer *arena = f->arena;
	uint32_t stack = f->stack;

	(void)state;
	put_handle(f->arena, 7, ACAUSAL_TYPE_PROCESS);
	put_spawn(f, 1, ACAUSAL_API_uv_spawn, 7);
	hand_in(f, first = relative_make(CHILD_PID, &from), NULL);
	f->arena = first->arena;
	f->stack = 0;
	put_spawn(f, 1, ACAUSAL_API_execvp, 0);
	from = origin_of(first->arena, 1);
	ingest_process_ended(first->process, INGEST_BECAME_ANOTHER);
	second = relative_make(CHILD_PID, &from);
	second->arena->header->started.ticks++;
	hand_in(f, second, first->process);
	/* It called exec in a way that was not seen, and has an origin that is out of date. */
	ingest_process_ended(second->process, INGEST_BECAME_ANOTHER);
	f->arena = arena;
	f->stack = stack;
	put_exit(f, CHILD_PID, 4, 0, 7);
	fixture_drain(f);
	third = relative_make(CHILD_PID, &from);
	third->arena->header->started.ticks += 2;
	hand_in(f, third, second->process);
	ingest_process_ended(third->process, INGEST_STATUS_UNKNOWN);
	fixture_finish(f);
	assert_answer(f,
		"SELECT process_id, parent_process_id, spawned_by_async_id, exit_code, is_foreign,"
		" ended_ns IS NOT NULL FROM process",
		"1|-|-|-|0|0 2|1|7|-|0|1 3|2|-|-|0|1 4|3|-|4|1|1");
	assert_answer(f,
		"SELECT link_run_id >> 40, link_api FROM run_edge WHERE run_id >> 40 > 0"
		" AND run_id & 1023 = 1",
		"0|uv_spawn 1|execvp -|-");
	family_destroy(f);
}

/* What came along with fork was made and armed in the parent. */
static void inherited_things(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = origin_of(f->arena, 1);
	struct relative *child;
	struct event_resource timer = {.head.flags = EVENT_INHERITED,
		.thread = 1,
		.birth = {.async_id = 2,
			.trigger_id = 5,
			.run_id = 1,
			.type = ACAUSAL_TYPE_TIMER,
			.api = ACAUSAL_API_fork}};
	struct event_arming arming = {.head.flags = EVENT_INHERITED,
		.thread = 1,
		.arming_id = 1,
		.async_id = 2,
		.run_id = 1,
		.timeout_ms = 10,
		.repeat_ms = 5,
		.api = ACAUSAL_API_uv_timer_start,
		.count = 1};
	struct event_run run = {.async_id = 2,
		.arming_id = 1,
		.execution = {.run_id = 2,
			.outer_run_id = 1,
			.status = EVENT_NO_STATUS,
			.bytes = EVENT_NO_STATUS}};
	struct event_resource own = {.thread = 1,
		.birth = {.async_id = 3, .trigger_id = 2, .run_id = 2, .type = ACAUSAL_TYPE_TIMER}};

	(void)state;
	put_spawn(f, 1, ACAUSAL_API_fork, 0);
	child = relative_make(CHILD_PID, &from);
	child->arena->header->is_fork = 1;
	timer.birth.created = arming.armed = run.execution.began = run.execution.ended =
		own.birth.created = child->arena->now;
	assert_true(ARENA_PUT(child->arena, 1, RESOURCE, &timer));
	assert_true(ARENA_PUT(child->arena, 1, ARMING, &arming));
	assert_true(ARENA_PUT(child->arena, 1, RUN, &run));
	assert_true(ARENA_PUT(child->arena, 1, RESOURCE, &own));
	hand_in(f, child, NULL);
	fixture_finish(f);
	assert_answer(f,
		"SELECT async_id & 1023, trigger_id, run_id, thread_id, api FROM resource"
		" WHERE process_id = 2 AND async_id & 1023 > 1",
		"2|5|1|2|fork 3|1099511627778|1099511627778|2|-");
	assert_answer(f, "SELECT link_run_id, link_api FROM run_edge WHERE run_id = (1 << 40) + 2",
		"1|uv_timer_start");
	assert_answer(f, "SELECT executable FROM process WHERE process_id = 2", "/bin/program");
	family_destroy(f);
}

/* … of a parent that is not known: nowhere. */
static void inherited_from_nobody(void **state)
{
	struct fixture *f = family_create();
	struct arena_origin from = {.os_pid = 1, .started = 2, .spawn_id = 3};
	struct relative *child = relative_make(CHILD_PID, &from);
	struct event_resource timer = {.head.flags = EVENT_INHERITED,
		.thread = 1,
		.birth = {.async_id = 2, .trigger_id = 5, .run_id = 1, .type = ACAUSAL_TYPE_TIMER}};

	(void)state;
	assert_true(ARENA_PUT(child->arena, 1, RESOURCE, &timer));
	hand_in(f, child, NULL);
	fixture_finish(f);
	assert_answer(f,
		"SELECT trigger_id, run_id, thread_id FROM resource WHERE process_id = 2"
		" AND async_id & 1023 > 1",
		"-|-|2");
	family_destroy(f);
}

static void programs(void **state)
{
	struct fixture *f = family_create();
	struct relative *child = relative_make(CHILD_PID, &(struct arena_origin){0});
	struct event_program event = {.path_length = 7, .arguments_length = 12};
	static const char text[24] = "/bin/sh"
				     "sh\0-c\0a \"b\"\xff";

	(void)state;
	assert_true(arena_writer_put(
		child->arena, 1, 0, EVENT_PROGRAM, &event, sizeof event, text, sizeof text));
	event.path_length = 1000;
	assert_true(arena_writer_put(
		child->arena, 1, 0, EVENT_PROGRAM, &event, sizeof event, text, sizeof text));
	hand_in(f, child, NULL);
	fixture_finish(f);
	assert_answer(f, "SELECT executable, arguments, runtime FROM process WHERE process_id = 2",
		"/bin/sh|[\"sh\",\"-c\",\"a \\\"b\\\"\xef\xbf\xbd\"]|-");
	assert_int_equal(f->summary.lost, 1);
	assert_int_equal(f->summary.processes, 2);
	family_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_before_child),
		cmocka_unit_test(child_before_call),
		cmocka_unit_test(parent_has_ended),
		cmocka_unit_test(origins_of_nothing),
		cmocka_unit_test(a_circle),
		cmocka_unit_test(unseen_calls),
		cmocka_unit_test(numbers_are_used_again),
		cmocka_unit_test(ends),
		cmocka_unit_test(crashes_are_ends),
		cmocka_unit_test(ends_tell_of_crashes),
		cmocka_unit_test(the_ended_are_let_go),
		cmocka_unit_test(exec_of_a_child),
		cmocka_unit_test(inherited_things),
		cmocka_unit_test(inherited_from_nobody),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
