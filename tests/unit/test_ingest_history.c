/*
 * History that was overwritten, from what flight mode keeps beside the events. The measure is a
 * recording of the same story of which nothing was overwritten: what is kept must be the same rows,
 * and nothing may be there twice. Then what must have ended, details, folded chains, and arenas
 * that lie.
 */
#include "tests/unit/ingest_fixture.h"

enum {
	LOOP = 2,
	TIMER,
	FS,
	TCP,
	THREAD,
	SIGNAL,
	LIVE_FS,
	OLD_TIMER,
	ROOT = 1,
	ON_TIMER,
	ON_FS,
	THREAD_ROOT,
	ON_READ_OLD,
	ON_READ_NEW,
	STORY_UNTIL = 1000,
};

enum part { OLD = 1, NEW = 2, KEPT = 4 };

/* A process whose arena is handed in by `story_add`, so that its header can be set before. */
static struct fixture *story_create(void)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct ingest_options options = {.version = "test", .command_json = "[\"a\"]"};
	struct event_thread main = {.os_tid = 4711,
		.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = ROOT,
		.type = ACAUSAL_TYPE_MAIN,
		.callback = 0x401000,
		.name = "program"};
	struct error err;

	snprintf(f->folder, sizeof f->folder, "/tmp/history.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
	options.path = f->path;
	fixture_check(ingest_create(&options, &f->ingest, &err), &err);
	f->arena = arena_writer_create(16);
	f->arena->header->os_pid = 4711;
	f->arena->header->started = (struct arena_anchor){1000, 1000, 0};
	f->arena->header->latest = (struct arena_anchor){101000, 101000, 100000};
	f->start = 1000;
	arena_writer_module(f->arena, 0x400000, 0x500000, 0x400000, "");
	for (uint64_t i = 0; i < 16; i++)
		f->stack = arena_writer_node(f->arena, 0, 0x401050 + 16 * i);
	main.started = f->start;
	assert_true(ARENA_PUT(f->arena, 1, THREAD, &main));
	arena_writer_keep(f->arena, 1);
	arena_writer_seal(f->arena, 1);
	return f;
}

static void story_add(struct fixture *f, bool is_dead)
{
	struct ingest_process_info info = {
		.os_pid = 4711, .executable = "/bin/program", .is_dead = is_dead, .is_root = true};
	struct error err;

	fixture_check(ingest_add_process(
			      f->ingest, f->arena->bytes, f->arena->size, &info, &f->process, &err),
		&err);
}

static void slot_of_main(struct fixture *f)
{
	struct arena_thread *slot = arena_writer_thread(f->arena, 0);

	slot->os_tid = 4711;
	slot->number = 1;
	slot->role = ACAUSAL_ROLE_MAIN;
	slot->async_id = 1;
	slot->root_run_id = ROOT;
	slot->started = f->start;
	slot->type = ACAUSAL_TYPE_MAIN;
	slot->callback = 0x401000;
	slot->state = ARENA_THREAD_LIVE;
	memcpy(slot->name, "program", 8);
}

/* The story's resources, all by number: moments and stacks follow from it. */
static struct event_birth birth(struct fixture *f, uint64_t async_id, unsigned type, uint64_t run)
{
	return (struct event_birth){.async_id = async_id,
		.trigger_id = 1,
		.run_id = run,
		.created = f->start + 10 * async_id,
		.address = 0x7000 + 64 * async_id,
		.loop_id = async_id > LOOP ? LOOP : 0,
		.handle_id = 0,
		.stack = (uint32_t)async_id,
		.type = (uint16_t)type,
		.api = ACAUSAL_API_uv_timer_init};
}

static void put_resource(struct fixture *f, uint64_t async_id, unsigned type, uint64_t run)
{
	struct event_resource event = {.thread = 1, .birth = birth(f, async_id, type, run)};

	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
}

static void put_destroy(struct fixture *f, uint64_t async_id, uint64_t at)
{
	struct event_destroy event = {.async_id = async_id, .destroyed = f->start + at};

	assert_true(ARENA_PUT(f->arena, 1, DESTROY, &event));
}

/* Began `at`, ended 5 later. */
static struct event_execution execution(struct fixture *f, uint64_t run, uint64_t at)
{
	return (struct event_execution){.run_id = run,
		.began = f->start + at,
		.ended = f->start + at + 5,
		.callback = 0x401100 + 16 * run,
		.status = EVENT_NO_STATUS,
		.bytes = EVENT_NO_STATUS,
		.part = ACAUSAL_PART_CALLBACK};
}

static void put_run(struct fixture *f, uint32_t thread, uint64_t run, uint64_t async_id,
	uint64_t arming_id, uint64_t at)
{
	struct event_run event = {
		.async_id = async_id, .arming_id = arming_id, .execution = execution(f, run, at)};

	assert_true(ARENA_PUT(f->arena, thread, RUN, &event));
}

static struct event_arming arming(
	struct fixture *f, uint64_t arming_id, uint64_t async_id, uint64_t run, uint64_t at)
{
	return (struct event_arming){.thread = 1,
		.arming_id = arming_id,
		.async_id = async_id,
		.run_id = run,
		.armed = f->start + at,
		.timeout_ms = EVENT_NO_TIME,
		.repeat_ms = EVENT_NO_TIME,
		.stack = (uint32_t)(8 + arming_id),
		.api = ACAUSAL_API_uv_read_start,
		.count = 1};
}

static struct arena_live *live_of(struct fixture *f, uint32_t index, struct event_birth birth)
{
	struct arena_live *live = arena_writer_live(f->arena, index);

	live->address = birth.address;
	live->trigger_id = birth.trigger_id;
	live->run_id = birth.run_id;
	live->created = birth.created;
	live->loop_id = birth.loop_id;
	live->handle_id = birth.handle_id;
	live->stack = birth.stack;
	live->type = birth.type;
	live->api = birth.api;
	live->thread = 1;
	live->flags = ARENA_LIVE_HANDLE;
	live->timeout_ms = live->repeat_ms = EVENT_NO_TIME;
	live->async_id = birth.async_id;
	return live;
}

static void arm(struct arena_live *live, const struct event_arming *arming, uint32_t flags)
{
	live->arming_id = arming->arming_id;
	live->arming_run_id = arming->run_id;
	live->armed = arming->armed;
	live->timeout_ms = arming->timeout_ms;
	live->repeat_ms = arming->repeat_ms;
	live->arming_stack = arming->stack;
	live->arming_api = arming->api;
	live->arming_thread = arming->thread;
	live->armings = arming->count;
	live->flags |= ARENA_LIVE_ARMED | flags;
}

static struct arena_ancestor *ancestor_of(struct fixture *f, uint32_t index, uint32_t parent,
	struct event_birth birth, struct event_execution execution)
{
	struct arena_ancestor *ancestor = arena_writer_ancestor(f->arena, index);

	ancestor->references = 1;
	ancestor->parent = parent;
	if (parent)
		ancestor->parent_run_id = arena_writer_ancestor(f->arena, parent)->run_id;
	ancestor->depth = index;
	ancestor->thread = 1;
	ancestor->async_id = birth.async_id;
	ancestor->trigger_id = birth.trigger_id;
	ancestor->birth_run_id = birth.run_id;
	ancestor->created = birth.created;
	ancestor->address = birth.address;
	ancestor->loop_id = birth.loop_id;
	ancestor->handle_id = birth.handle_id;
	ancestor->birth_stack = birth.stack;
	ancestor->birth_thread = 1;
	ancestor->type = birth.type;
	ancestor->birth_api = birth.api;
	ancestor->part = (uint16_t)execution.part;
	ancestor->began = execution.began;
	ancestor->ended = execution.ended;
	ancestor->callback = execution.callback;
	ancestor->run_id = execution.run_id;
	return ancestor;
}

static void arm_ancestor(struct arena_ancestor *ancestor, const struct event_arming *arming)
{
	ancestor->arming_id = arming->arming_id;
	ancestor->arming_run_id = arming->run_id;
	ancestor->armed = arming->armed;
	ancestor->timeout_ms = arming->timeout_ms;
	ancestor->repeat_ms = arming->repeat_ms;
	ancestor->arming_stack = arming->stack;
	ancestor->arming_thread = arming->thread;
	ancestor->arming_api = arming->api;
}

static struct event_thread second_thread(struct fixture *f)
{
	return (struct event_thread){.os_tid = 4712,
		.role = ACAUSAL_ROLE_USER,
		.async_id = THREAD,
		.root_run_id = THREAD_ROOT,
		.started = f->start + 300,
		.trigger_id = FS,
		.run_id = ON_FS,
		.created = f->start + 290,
		.address = 0x9990,
		.stack = 7,
		.type = ACAUSAL_TYPE_PTHREAD,
		.api = ACAUSAL_API_uv_thread_create,
		.maker = 1,
		.callback = 0x401700,
		.name = "second"};
}

/*
 * The main function makes a loop and a timer; the timer's callback asks for a file; the answer to
 * that opens a connection, reads from it and makes a thread, in which a signal is watched. Data
 * comes: once long ago, once lately, and then another file is asked for.
 */
static void tell_old(struct fixture *f)
{
	struct event_arming timer = arming(f, 1, TIMER, ROOT, 50),
			    read = arming(f, 2, TCP, ON_FS, 205);
	struct event_request fs = {.thread = 1,
		.birth = birth(f, FS, ACAUSAL_TYPE_FS, ON_TIMER),
		.execution = execution(f, ON_FS, 200)};
	struct event_detail detail = {.kind = EVENT_DETAIL_TEXT, .async_id = TCP, .length = 9};
	int64_t fd = 7;
	struct event_detail number = {.kind = EVENT_DETAIL_FD, .async_id = TCP, .length = 8};
	struct event_thread thread = second_thread(f);
	struct event_resource signal = {
		.thread = 2, .birth = birth(f, SIGNAL, ACAUSAL_TYPE_SIGNAL, THREAD_ROOT)};

	put_resource(f, LOOP, ACAUSAL_TYPE_LOOP, ROOT);
	put_resource(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT);
	put_resource(f, OLD_TIMER, ACAUSAL_TYPE_TIMER, ROOT);
	timer.timeout_ms = 40;
	timer.end = ACAUSAL_END_FIRED;
	timer.disarmed = f->start + 100;
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &timer));
	put_run(f, 1, ON_TIMER, TIMER, 1, 100);
	assert_true(ARENA_PUT(f->arena, 1, REQUEST, &fs));
	put_resource(f, TCP, ACAUSAL_TYPE_TCP, ON_FS);
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_DETAIL, &detail, sizeof detail, "127.0.0.1", 9));
	assert_true(arena_writer_put(
		f->arena, 1, 0, EVENT_DETAIL, &number, sizeof number, &fd, sizeof fd));
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &read));
	assert_true(ARENA_PUT(f->arena, 2, THREAD, &thread));
	assert_true(ARENA_PUT(f->arena, 2, RESOURCE, &signal));
	put_run(f, 1, ON_READ_OLD, TCP, 2, 400);
	put_destroy(f, TIMER, 500);
	put_destroy(f, OLD_TIMER, 500);
}

static void tell_new(struct fixture *f)
{
	put_run(f, 1, ON_READ_NEW, TCP, 2, STORY_UNTIL + 100);
}

static void keep(struct fixture *f)
{
	struct event_arming timer = arming(f, 1, TIMER, ROOT, 50),
			    read = arming(f, 2, TCP, ON_FS, 205);
	struct event_thread thread = second_thread(f);
	struct arena_thread *slot = arena_writer_thread(f->arena, 1);
	struct arena_ancestor *ancestor;
	struct arena_detail *detail;
	struct arena_live *live;

	timer.timeout_ms = 40;
	live_of(f, 1, birth(f, LOOP, ACAUSAL_TYPE_LOOP, ROOT));
	live = live_of(f, 2, birth(f, TCP, ACAUSAL_TYPE_TCP, ON_FS));
	arm(live, &read, ARENA_LIVE_WRITTEN);
	live->ancestor = live->arming_ancestor = 3;
	live = live_of(f, 3, birth(f, SIGNAL, ACAUSAL_TYPE_SIGNAL, THREAD_ROOT));
	live->thread = 2;
	live = live_of(f, 4, birth(f, LIVE_FS, ACAUSAL_TYPE_FS, ON_READ_NEW));
	live->flags = 0;
	live->created = f->start + STORY_UNTIL + 101;
	detail = arena_writer_detail(f->arena, 2);
	detail->fd = 7;
	detail->kind = EVENT_DETAIL_TEXT;
	detail->length = 9;
	memcpy(detail->text, "127.0.0.1", 9);
	detail->async_id = TCP;

	ancestor = ancestor_of(f, 1, 0,
		(struct event_birth){.async_id = 1, .type = ACAUSAL_TYPE_MAIN},
		(struct event_execution){.run_id = ROOT, .began = f->start, .callback = 0x401000});
	ancestor->is_root = 1;
	ancestor = ancestor_of(
		f, 2, 1, birth(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT), execution(f, ON_TIMER, 100));
	arm_ancestor(ancestor, &timer);
	ancestor = ancestor_of(
		f, 3, 2, birth(f, FS, ACAUSAL_TYPE_FS, ON_TIMER), execution(f, ON_FS, 200));
	ancestor->is_request = 1;

	slot->os_tid = 4712;
	slot->number = 2;
	slot->role = ACAUSAL_ROLE_USER;
	slot->async_id = THREAD;
	slot->root_run_id = THREAD_ROOT;
	slot->started = thread.started;
	slot->ancestor = 3;
	slot->trigger_id = thread.trigger_id;
	slot->run_id = thread.run_id;
	slot->created = thread.created;
	slot->address = thread.address;
	slot->stack = thread.stack;
	slot->maker = thread.maker;
	slot->type = thread.type;
	slot->api = thread.api;
	slot->callback = thread.callback;
	memcpy(slot->name, "second", 7);
	slot->state = ARENA_THREAD_LIVE;
}

static struct fixture *story(enum part parts)
{
	struct fixture *f = story_create();

	slot_of_main(f);
	tell_old(f);
	if (!(parts & OLD))
		arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	else if (parts & KEPT)
		f->arena->header->overwritten_until.value = f->start + 1;
	tell_new(f);
	if (parts & KEPT)
		keep(f);
	f->arena->header->on_full = ARENA_OVERWRITES;
	story_add(f, true);
	fixture_finish(f);
	return f;
}

static const char *rows(struct fixture *f, const char *sql)
{
	char *text = strdup(fixture_ask(f, "%s", sql));

	assert_non_null(text);
	return text;
}

static void compare(struct fixture *truth, struct fixture *f, const char *sql)
{
	const char *expected = rows(truth, sql), *found = rows(f, sql);

	assert_true(*expected);
	assert_string_equal(found, expected);
	free((void *)(uintptr_t)expected);
	free((void *)(uintptr_t)found);
}

static const char runs_sql[] =
	"SELECT r.run_id, r.async_id, r.arming_id, r.part, t.os_tid, r.outer_run_id, r.began_ns,"
	" r.ended_ns, r.status, f.address, e.link_run_id, e.link_api, e.link_ns, g.address"
	" FROM run r JOIN run_edge e USING (run_id) LEFT JOIN thread t ON t.thread_id = r.thread_id"
	" LEFT JOIN frame f ON f.frame_id = r.callback_frame_id"
	" LEFT JOIN stack s ON s.stack_id = e.link_stack_id"
	" LEFT JOIN frame g ON g.frame_id = s.frame_id WHERE r.run_id <> 5 ORDER BY 1";
static const char resources_sql[] =
	"SELECT r.async_id, y.name, r.trigger_id, r.run_id, t.os_tid, r.api, r.created_ns,"
	" r.address, r.loop_id, r.handle_id, r.has_ref, r.detail, r.fd, f.address,"
	" CASE r.async_id WHEN 3 THEN '' ELSE r.destroyed_ns END"
	" FROM resource r LEFT JOIN type y USING (type_id)"
	" LEFT JOIN thread t ON t.thread_id = r.thread_id"
	" LEFT JOIN stack s ON s.stack_id = r.stack_id"
	" LEFT JOIN frame f ON f.frame_id = s.frame_id WHERE r.async_id <> 9 ORDER BY 1";
static const char armings_sql[] =
	"SELECT a.arming_id, a.async_id, a.run_id, t.os_tid, a.api, a.armed_ns, a.timeout_ms,"
	" a.repeat_ms, a.disarmed_ns, a.\"end\", a.times, f.address FROM arming a"
	" LEFT JOIN thread t ON t.thread_id = a.thread_id"
	" LEFT JOIN stack s ON s.stack_id = a.stack_id"
	" LEFT JOIN frame f ON f.frame_id = s.frame_id ORDER BY 1";
static const char threads_sql[] =
	"SELECT os_tid, name, role, root_run_id, started_ns, ended_ns, is_foreign FROM thread"
	" ORDER BY 1";

static void check_unique(struct fixture *f)
{
	assert_answer(f, "SELECT run_id FROM run GROUP BY 1 HAVING count(*) > 1", "");
	assert_answer(f, "SELECT async_id FROM resource GROUP BY 1 HAVING count(*) > 1", "");
	assert_answer(f, "SELECT arming_id FROM arming GROUP BY 1 HAVING count(*) > 1", "");
}

static void check_sound(struct fixture *f)
{
	assert_answer(f, "PRAGMA integrity_check", "ok");
	check_unique(f);
	/* Sums are those of the rows. */
	assert_answer(f,
		"SELECT coalesce(r.type_id, 0), count(*), count(r.destroyed_ns) FROM resource r"
		" GROUP BY 1, coalesce(r.stack_id, 0) EXCEPT SELECT coalesce(type_id, 0), created,"
		" destroyed FROM stack_total",
		"");
	assert_int_equal(atoll(fixture_ask(f, "SELECT count(*) FROM resource")),
		atoll(fixture_ask(f, "SELECT sum(created) FROM stack_total")));
	assert_int_equal(atoll(fixture_ask(f, "SELECT count(*) FROM run WHERE ended_ns NOTNULL"
					      " AND async_id IN (SELECT async_id FROM resource)"
					      " AND run_id NOT IN (SELECT root_run_id FROM thread"
					      " WHERE root_run_id NOTNULL)")),
		atoll(fixture_ask(f, "SELECT sum(runs) FROM stack_total")));
}

static void test_kept_is_the_truth(void **state)
{
	struct fixture *truth = story(OLD | NEW | KEPT), *f = story(NEW | KEPT);

	(void)state;
	truth->arena->header->overwritten_until.value = 0;
	check_sound(truth);
	check_sound(f);
	compare(truth, f, runs_sql);
	compare(truth, f, resources_sql);
	compare(truth, f, armings_sql);
	compare(truth, f, threads_sql);
	assert_int_equal(f->summary.lost, 0);
	assert_int_equal(truth->summary.lost, 0);
	/* The run that nothing alive came of is gone, and the one after it is not. */
	assert_answer(f, "SELECT count(*) FROM run WHERE run_id IN (5, 6)", "1");
	assert_answer(truth, "SELECT count(*) FROM run WHERE run_id IN (5, 6)", "2");
	assert_answer(f,
		"SELECT history_from_ns, (SELECT value FROM meta WHERE key = 'mode')"
		" FROM process",
		"1000|flight");
	/* When the timer was destroyed was overwritten; of the other timer all was. */
	assert_answer(f, "SELECT async_id, destroyed_ns FROM resource WHERE async_id IN (3, 9)",
		"3|1000");
	assert_answer(
		truth, "SELECT destroyed_ns FROM resource WHERE async_id IN (3, 9)", "500 500");
	/* A wait is not counted from the arming to a run that was not the first. */
	assert_answer(f,
		"SELECT wait_ns FROM stack_total JOIN type USING (type_id)"
		" WHERE name = 'uv_tcp_t'",
		"0");
	fixture_destroy(truth);
	fixture_destroy(f);
}

/* Without anything kept there is nothing made up. */
static void test_nothing_kept(void **state)
{
	struct fixture *f = story(NEW);

	(void)state;
	check_sound(f);
	assert_answer(f, "SELECT group_concat(run_id) FROM run", "1,6");
	assert_answer(f, "SELECT group_concat(async_id) FROM resource", "1");
	fixture_destroy(f);
}

/* Everything is told by an event and kept beside it, too. */
static void test_nothing_twice(void **state)
{
	struct fixture *truth = story(OLD | NEW), *f = story(OLD | NEW | KEPT);
	static const char totals[] =
		"SELECT y.name, s.created, s.destroyed, s.runs, s.wait_ns, s.run_ns FROM "
		"stack_total s"
		" JOIN type y USING (type_id) WHERE y.name <> 'uv_fs_t' ORDER BY 1, 2, 3, 4, 5, 6";

	(void)state;
	check_sound(f);
	compare(truth, f, runs_sql);
	compare(truth, f, totals);
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(truth);
	fixture_destroy(f);
}

/* Births that an old chunk tells of, and whose ends were in chunks that are gone. */
static void test_ends_are_gone(void **state)
{
	struct fixture *f = story_create();
	struct event_arming old = arming(f, 1, 3, ROOT, 60), late = arming(f, 2, 5, ROOT, 61);
	struct event_thread thread = second_thread(f);
	struct event_retype retype = {
		.async_id = 8, .type = ACAUSAL_TYPE_TCP_SERVER, .trigger_id = 5, .handle_id = 5};
	struct arena_live *live;

	(void)state;
	slot_of_main(f);
	put_resource(f, 2, ACAUSAL_TYPE_LOOP, ROOT);
	put_resource(f, 3, ACAUSAL_TYPE_TIMER, ROOT);
	put_resource(f, 4, ACAUSAL_TYPE_TIMER, ROOT);
	put_resource(f, 5, ACAUSAL_TYPE_TCP, ROOT);
	put_resource(f, 8, ACAUSAL_TYPE_TCP, ROOT);
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &old));
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &late));
	arena_writer_keep(f->arena, 1);
	assert_true(ARENA_PUT(f->arena, 2, THREAD, &thread));
	arena_writer_keep(f->arena, 2);
	arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	put_destroy(f, 4, STORY_UNTIL + 5);
	put_run(f, 1, 7, 5, 2, STORY_UNTIL + 7);
	put_resource(f, 110, ACAUSAL_TYPE_TIMER, ROOT);
	live_of(f, 1, birth(f, 2, ACAUSAL_TYPE_LOOP, ROOT));
	live = live_of(f, 2, birth(f, 8, ACAUSAL_TYPE_TCP_SERVER, ROOT));
	live->trigger_id = retype.trigger_id;
	live->handle_id = retype.handle_id;
	live->flags |= ARENA_LIVE_UNREF;
	f->arena->header->on_full = ARENA_OVERWRITES;
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	/* 3 has ended at some time before; of 5 and 110 something came later than that. */
	assert_answer(f, "SELECT async_id, destroyed_ns FROM resource WHERE async_id > 1",
		"2|- 3|1000 4|1005 5|- 6|1000 8|- 110|-");
	assert_answer(f, "SELECT arming_id, disarmed_ns, \"end\" FROM arming", "1|1000|- 2|-|-");
	assert_answer(f, "SELECT os_tid, ended_ns FROM thread", "4711|- 4712|1000");
	assert_answer(f,
		"SELECT y.name, trigger_id, handle_id, has_ref FROM resource"
		" JOIN type y USING (type_id) WHERE async_id = 8",
		"uv_tcp_t|5|5|0");
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

/* A run that is open and in no slot, and one that is. */
static void test_open_runs(void **state)
{
	struct fixture *f = story_create();
	struct event_arming timer = arming(f, 1, TIMER, ROOT, 50);
	struct event_execution open = execution(f, ON_TIMER, 100);
	struct arena_ancestor *ancestor;
	struct arena_thread *slot;

	(void)state;
	slot_of_main(f);
	slot = arena_writer_thread(f->arena, 0);
	slot->depth = 1;
	slot->open[0] = (struct arena_run){.run_id = 7,
		.async_id = TIMER,
		.arming_id = 1,
		.began = f->start + 120,
		.callback = 0x401100};
	timer.repeat_ms = 100;
	live_of(f, 1, birth(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT));
	open.ended = 0;
	ancestor = ancestor_of(f, 1, 0, birth(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT), open);
	arm_ancestor(ancestor, &timer);
	open.run_id = 7;
	ancestor = ancestor_of(f, 2, 0, birth(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT), open);
	arm_ancestor(ancestor, &timer);
	arena_writer_overwrite(f->arena, f->start + 90);
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	assert_answer(f, "SELECT run_id, async_id, began_ns, ended_ns FROM run WHERE run_id > 1",
		"2|3|100|- 7|3|120|-");
	/* The events that told of what armed them are gone, too. */
	assert_answer(f, "SELECT arming_id, run_id, armed_ns FROM arming", "1|1|50");
	fixture_destroy(f);
}

/* The event of a run came just behind the gap, that of its arming just before. */
static void test_arming_is_gone(void **state)
{
	struct fixture *f = story_create();
	struct event_arming timer = arming(f, 1, TIMER, ROOT, 50);

	(void)state;
	slot_of_main(f);
	arm_ancestor(ancestor_of(f, 1, 0, birth(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT),
			     execution(f, ON_TIMER, 100)),
		&timer);
	arena_writer_overwrite(f->arena, f->start + 102);
	put_run(f, 1, ON_TIMER, TIMER, 1, 100);
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	assert_answer(
		f, "SELECT run_id, link_run_id, link_ns FROM run_edge WHERE run_id > 1", "2|1|50");
	assert_answer(f, "SELECT disarmed_ns, \"end\" FROM arming", "100|fired");
	assert_answer(f, "SELECT destroyed_ns FROM resource WHERE async_id = 3", "102");
	fixture_destroy(f);
}

/* A thread that has ended and whose slot is another's: a run of it led to something alive. */
static void test_ended_thread(void **state)
{
	struct fixture *f = story_create();
	struct event_thread thread = second_thread(f);
	struct event_birth born = {.async_id = THREAD,
		.trigger_id = FS,
		.run_id = ROOT,
		.created = thread.created,
		.address = thread.address,
		.stack = 7,
		.type = ACAUSAL_TYPE_PTHREAD,
		.api = ACAUSAL_API_uv_thread_create};
	struct arena_ancestor *ancestor;
	struct arena_live *live;

	(void)state;
	slot_of_main(f);
	ancestor = ancestor_of(f, 1, 0, born,
		(struct event_execution){.run_id = THREAD_ROOT,
			.began = thread.started,
			.ended = f->start + 400,
			.callback = 0x401700});
	ancestor->is_root = 1;
	ancestor->thread = 2;
	live = live_of(f, 1, birth(f, SIGNAL, ACAUSAL_TYPE_SIGNAL, THREAD_ROOT));
	live->thread = 2;
	live->ancestor = 1;
	arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	assert_answer(f,
		"SELECT os_tid, role, root_run_id, started_ns, ended_ns, is_foreign"
		" FROM thread WHERE root_run_id > 1",
		"-|-|4|300|400|0");
	assert_answer(f,
		"SELECT link_run_id, link_api, link_ns, ended_ns FROM run_edge"
		" WHERE run_id = 4",
		"1|uv_thread_create|290|400");
	fixture_destroy(f);
}

/* Threads that have ended lately, and whose slots nobody has taken yet: all is told by events. */
static void test_ended_slot(void **state)
{
	(void)state;
	for (int overwritten = 0; overwritten < 2; overwritten++) {
		struct fixture *f = story_create();
		struct event_thread thread = second_thread(f);
		struct event_thread_end end = {.ended = f->start + 400};
		struct arena_ancestor *ancestor;
		struct arena_thread *slot;

		slot_of_main(f);
		keep(f);
		slot = arena_writer_thread(f->arena, 1);
		slot->state = ARENA_THREAD_ENDED;
		ancestor = ancestor_of(f, 4, 0,
			(struct event_birth){.async_id = THREAD, .type = ACAUSAL_TYPE_PTHREAD},
			(struct event_execution){.run_id = THREAD_ROOT,
				.began = thread.started,
				.ended = end.ended});
		ancestor->is_root = 1;
		ancestor->thread = 2;
		assert_true(ARENA_PUT(f->arena, 2, THREAD, &thread));
		assert_true(ARENA_PUT(f->arena, 2, THREAD_END, &end));
		f->arena->header->overwritten_until.value = overwritten ? f->start + 100 : 0;
		story_add(f, true);
		fixture_finish(f);
		check_sound(f);
		assert_int_equal(f->summary.lost, 0);
		assert_answer(f, "SELECT os_tid, ended_ns FROM thread", "4711|- 4712|400");
		fixture_destroy(f);
	}
}

/* A chain of timers that each arm the next one: `kept` runs, the last of them folded. */
static void put_chain(struct fixture *f, uint32_t kept, uint64_t folded, uint32_t period)
{
	uint64_t first = 2 + folded;

	ancestor_of(f, 1, 0, birth(f, 1, ACAUSAL_TYPE_MAIN, 0),
		(struct event_execution){.run_id = ROOT, .began = f->start})
		->is_root = 1;
	for (uint32_t i = 0; i < kept; i++) {
		uint64_t run = first + i;
		struct event_arming timer = arming(f, run, run, run - 1, 50 + i);
		struct arena_ancestor *ancestor = ancestor_of(f, 2 + i, 1 + i,
			birth(f, run, ACAUSAL_TYPE_TIMER, run - 1), execution(f, run, 60 + i));

		timer.stack = 9 + i % period;
		ancestor->callback = 0x401100;
		arm_ancestor(ancestor, &timer);
		if (i == 0) {
			ancestor->folded = folded;
			ancestor->period = period;
		}
	}
}

static void check_folds(uint32_t kept, uint64_t folded, uint32_t period, const char *expected,
	void (*change)(struct fixture *))
{
	struct fixture *f = story_create();

	slot_of_main(f);
	put_chain(f, kept, folded, period);
	if (change)
		change(f);
	arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	assert_answer(f, "SELECT run_id, period, times, to_run_id FROM fold", expected);
	fixture_destroy(f);
}

static void another_child(struct fixture *f)
{
	struct arena_ancestor *ancestor = ancestor_of(
		f, 100, 2, birth(f, 500000, ACAUSAL_TYPE_TIMER, ROOT), execution(f, 500000, 60));

	ancestor->parent = 2;
}

static void folded_twice(struct fixture *f)
{
	struct arena_ancestor *ancestor = arena_writer_ancestor(f->arena, 3);

	ancestor->folded = 4;
	ancestor->period = 2;
}

static void parent_is_gone(struct fixture *f)
{
	arena_writer_ancestor(f->arena, 1)->run_id = 0;
}

/* In the place of the one that the fold leads to. */
static void parent_is_another(struct fixture *f)
{
	arena_writer_ancestor(f->arena, 2)->parent_run_id = ROOT + 1;
}

/* The fold was being written when the copy was made. */
static void fold_is_torn(struct fixture *f)
{
	arena_writer_ancestor(f->arena, 2)->parent_run_id = 0;
}

/* A hop between those that are kept went, and its place is another's. */
static void hop_is_another(struct fixture *f)
{
	arena_writer_ancestor(f->arena, 4)->parent_run_id = 1;
}

static void test_folds(void **state)
{
	(void)state;
	/* From run 2 + 1000 + 1, two hops that are kept and 1000 that are not. */
	check_folds(2, 1000, 1, "1002|1|1001|1 1003|1|1002|1", NULL);
	check_folds(9, 1000, 2, "1003|2|501|1 1005|2|502|1", NULL);
	/* The ingester's own streak ends at a run that has a row. */
	check_folds(65, 1000, 1, "1002|1|1001|1 1003|1|1002|1 1066|1|64|1002", NULL);
	/* Not enough of them are kept to show what repeats. */
	check_folds(1, 1000, 1, "1002|1|1001|1", NULL);
	check_folds(3, 1000, 2, "1003|2|501|1", NULL);
	/* What does not hold together. */
	check_folds(9, 1001, 2, "", NULL);
	check_folds(40, 900, 9, "", NULL);
	check_folds(9, 1000, 0x80000000u, "", NULL);
	check_folds(9, 1ull << 50, 2, "", NULL);
	check_folds(9, 1000, 2, "", another_child);
	check_folds(9, 1000, 2, "", parent_is_gone);
	check_folds(9, 1000, 2, "", folded_twice);
	check_folds(9, 1000, 2, "", parent_is_another);
	check_folds(9, 1000, 2, "", fold_is_torn);
	check_folds(9, 1000, 2, "1003|2|501|1", hop_is_another);
}

static void test_senseless_ancestors(void **state)
{
	struct fixture *f = story_create();
	struct arena_ancestor *ancestor;

	(void)state;
	slot_of_main(f);
	/* Its parent is younger; it came of itself; a duplicate; an impossible number. */
	ancestor_of(f, 1, 2, birth(f, 3, ACAUSAL_TYPE_FS, ROOT), execution(f, 5, 60))
		->parent_run_id = 6;
	ancestor_of(f, 2, 0, birth(f, 4, ACAUSAL_TYPE_FS, ROOT), execution(f, 6, 60))->is_request =
		1;
	ancestor_of(f, 3, 0, birth(f, 5, ACAUSAL_TYPE_FS, 7), execution(f, 7, 60));
	ancestor_of(f, 4, 0, birth(f, 4, ACAUSAL_TYPE_FS, ROOT), execution(f, 6, 60));
	ancestor = ancestor_of(f, 5, 0, birth(f, 6, ACAUSAL_TYPE_FS, ROOT), execution(f, 8, 60));
	ancestor->run_id = 1ull << 40;
	ancestor = ancestor_of(f, 6, 0, birth(f, 7, ACAUSAL_TYPE_FS, ROOT), execution(f, 9, 60));
	ancestor->parent = 7000000;
	arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	assert_answer(f, "SELECT group_concat(run_id) FROM run", "1,6");
	assert_int_equal(f->summary.lost, 5);
	fixture_destroy(f);
}

/* A copy that was made in the middle: the parent's place is another's, younger, or was not copied.
 */
static void test_parent_is_elsewhere(void **state)
{
	struct fixture *f = story_create();

	(void)state;
	slot_of_main(f);
	ancestor_of(f, 1, 2, birth(f, 3, ACAUSAL_TYPE_FS, ROOT), execution(f, 5, 60))
		->parent_run_id = 4;
	ancestor_of(f, 2, 0, birth(f, 4, ACAUSAL_TYPE_FS, ROOT), execution(f, 6, 60));
	ancestor_of(f, 3, 0, birth(f, 5, ACAUSAL_TYPE_FS, ROOT), execution(f, 7, 60));
	arena_writer_ancestor(f->arena, 3)->parent = 9;
	arena_writer_ancestor(f->arena, 3)->parent_run_id = 2;
	arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	story_add(f, true);
	fixture_finish(f);
	check_sound(f);
	assert_answer(f, "SELECT group_concat(run_id) FROM run", "1,5,6,7");
	assert_int_equal(f->summary.lost, 0);
	fixture_destroy(f);
}

/* The process runs on, and uses its chunks again: it is left alone until it has ended. */
static void test_in_flight(void **state)
{
	struct fixture *f = story_create();
	struct arena_header *header = f->arena->header;

	(void)state;
	slot_of_main(f);
	header->on_full = ARENA_OVERWRITES;
	story_add(f, false);
	tell_old(f);
	fixture_drain(f);
	arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
	keep(f);
	tell_new(f);
	arena_writer_seal(f->arena, 1);
	fixture_drain(f);
	assert_int_equal(
		arena_writer_free_chunks(f->arena), 16 - header->used[ARENA_CHUNK_STATES].value);
	ingest_process_ended(f->process, 0);
	fixture_drain(f);
	assert_true(ingest_process_is_done(f->process));
	assert_int_equal(header->free_chunks.head, 0);
	fixture_finish(f);
	check_sound(f);
	assert_answer(f, "SELECT group_concat(run_id) FROM (SELECT run_id FROM run ORDER BY 1)",
		"1,2,3,4,6");
	fixture_destroy(f);
}

/*
 * The recording is finished while it runs: its chunks are its own, and are not given back, or what
 * it overwrites then nobody would be told of.
 */
static void test_finished_in_flight(void **state)
{
	enum { CHUNKS = 12 };
	struct fixture *f = story_create();
	const struct arena_header *header = f->arena->header;

	(void)state;
	slot_of_main(f);
	f->arena->header->on_full = ARENA_OVERWRITES;
	story_add(f, false);
	for (uint64_t i = 0; i < CHUNKS; i++) {
		put_resource(f, 10 + i, ACAUSAL_TYPE_TIMER, ROOT);
		arena_writer_seal(f->arena, 1);
	}
	fixture_finish(f);
	assert_int_equal(header->free_chunks.head, 0);
	assert_int_equal(header->room.value, 0);
	assert_answer(f, "SELECT count(*) FROM resource WHERE async_id >= 10", "12");
	fixture_destroy(f);
}

/* What ended while recording was paused: it is not alive, and no event tells its end. */
static void test_paused(void **state)
{
	(void)state;
	for (int kind = 0; kind < 5; kind++) {
		struct fixture *f = story_create();
		struct arena_header *header = f->arena->header;
		struct event_arming read = arming(f, 2, TCP, ROOT, 90),
				    other = arming(f, 3, SIGNAL, ROOT, 91);
		struct event_gap gap = {
			.head.flags = EVENT_GAP_PAUSED, .lost = 3, .from = f->start + 200};
		struct event_thread thread = second_thread(f);
		static const char *const ends[] = {"500", "700", "4000", "-", "100000"};
		static const char *const gaps[] = {"200|500|3|paused",
			"200|500|3|paused 200|700|3|paused", "150|4000|-|paused", "",
			"150|-|-|paused"};
		char expected[32];

		slot_of_main(f);
		thread.started = f->start + 120;
		put_resource(f, TIMER, ACAUSAL_TYPE_TIMER, ROOT);
		put_resource(f, TCP, ACAUSAL_TYPE_TCP, ROOT);
		put_resource(f, SIGNAL, ACAUSAL_TYPE_SIGNAL, ROOT);
		assert_true(ARENA_PUT(f->arena, 1, ARMING, &read));
		assert_true(ARENA_PUT(f->arena, 1, ARMING, &other));
		assert_true(ARENA_PUT(f->arena, 2, THREAD, &thread));
		arm(live_of(f, 1, birth(f, TCP, ACAUSAL_TYPE_TCP, ROOT)), &read,
			ARENA_LIVE_WRITTEN);
		live_of(f, 2, birth(f, SIGNAL, ACAUSAL_TYPE_SIGNAL, ROOT));
		gap.to = f->start + 500;
		if (kind < 2)
			assert_true(ARENA_PUT(f->arena, 1, GAP, &gap));
		gap.to = f->start + 700;
		if (kind == 1)
			assert_true(ARENA_PUT(f->arena, 1, GAP, &gap));
		header->latest.ticks = f->start + 4000;
		header->latest.monotonic_ns = header->started.monotonic_ns + 4000;
		header->latest.realtime_ns = header->started.realtime_ns + 4000;
		if (kind == 4)
			header->latest = (struct arena_anchor){101000, 101000, 100000};
		if (kind != 3)
			header->is_paused = kind == 4 ? ARENA_PAUSED : ARENA_RESUMED;
		header->paused_at = f->start + 150;
		story_add(f, true);
		fixture_finish(f);
		check_sound(f);
		assert_answer(f, "SELECT from_ns, to_ns, lost, reason FROM gap", gaps[kind]);
		assert_answer(
			f, "SELECT destroyed_ns FROM resource WHERE async_id = 3", ends[kind]);
		assert_answer(f, "SELECT destroyed_ns FROM resource WHERE async_id IN (1, 5, 7)",
			"- - -");
		snprintf(expected, sizeof expected, "- %s", ends[kind]);
		assert_answer(f, "SELECT disarmed_ns FROM arming ORDER BY arming_id", expected);
		assert_answer(f, "SELECT ended_ns FROM thread ORDER BY os_tid", expected);
		fixture_destroy(f);
	}
}

/* While it is drained, what is kept is told of by events that are yet to come. */
static void test_on_time(void **state)
{
	struct fixture *f = story_create();

	(void)state;
	slot_of_main(f);
	keep(f);
	f->arena->header->overwritten_until.value = f->start + STORY_UNTIL;
	story_add(f, false);
	fixture_drain(f);
	tell_old(f);
	tell_new(f);
	fixture_drain(f);
	fixture_finish(f);
	check_sound(f);
	assert_int_equal(f->summary.lost, 0);
	assert_answer(f, "SELECT group_concat(run_id) FROM (SELECT run_id FROM run ORDER BY 1)",
		"1,2,3,4,5,6");
	assert_answer(f, "SELECT history_from_ns FROM process", "-");
	fixture_destroy(f);
}

static void test_drained(void **state)
{
	struct fixture *f = story_create();

	(void)state;
	f->arena->header->process_id = 1;
	story_add(f, true);
	fixture_finish(f);
	assert_answer(f, "SELECT key, value FROM meta WHERE key IN ('mode', 'drained')",
		"drained|1 mode|record");
	assert_answer(f, "SELECT history_from_ns FROM process", "-");
	fixture_destroy(f);
}

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Bits turned in all that history is made of. */
static void spoil(struct fixture *f, unsigned kinds)
{
	static const enum arena_region_name names[] = {ARENA_ANCESTORS, ARENA_ANCESTORS,
		ARENA_LIVES, ARENA_DETAILS, ARENA_THREADS, ARENA_CHUNKS};

	for (int i = 0; i < 40; i++) {
		const struct arena_region *region =
			&f->arena->header->region[names[random64() % kinds]];
		uint64_t record = random64() % 12,
			 at = random64() % (region->stride < 512 ? region->stride : 512);

		f->arena->bytes[region->offset + record * region->stride + at] ^=
			(unsigned char)(1u << random64() % 8);
	}
	if (random64() % 8 == 0)
		f->arena->header->overwritten_until.value ^= 1ull << random64() % 64;
}

static void test_lies(void **state)
{
	(void)state;
	for (seed = 88172645463325252; seed && seed < UINT64_MAX;) {
		static int times;
		struct fixture *f = story_create();

		if (++times > 60) {
			fixture_destroy(f);
			break;
		}
		slot_of_main(f);
		tell_old(f);
		if (times % 2)
			arena_writer_overwrite(f->arena, f->start + STORY_UNTIL);
		else
			f->arena->header->overwritten_until.value = f->start + STORY_UNTIL;
		tell_new(f);
		keep(f);
		spoil(f, times % 4 ? 5 : 6);
		f->arena->header->on_full = ARENA_OVERWRITES;
		story_add(f, true);
		fixture_finish(f);
		assert_answer(f, "PRAGMA integrity_check", "ok");
		if (times % 4)
			check_unique(f);
		fixture_destroy(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_is_the_truth),
		cmocka_unit_test(test_nothing_kept),
		cmocka_unit_test(test_nothing_twice),
		cmocka_unit_test(test_ends_are_gone),
		cmocka_unit_test(test_open_runs),
		cmocka_unit_test(test_arming_is_gone),
		cmocka_unit_test(test_ended_thread),
		cmocka_unit_test(test_ended_slot),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_senseless_ancestors),
		cmocka_unit_test(test_parent_is_elsewhere),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_finished_in_flight),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_on_time),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
