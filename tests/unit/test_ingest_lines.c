/*
 * What the programs wrote, from events to rows: which pieces are a line, and whose; where lines
 * went; what a process left behind; what text becomes in SQLite.
 */
#include "tests/unit/ingest_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* What one piece is of; 0: as most are. */
struct piece {
	struct arena_writer *arena;
	uint32_t thread, stack, sink;
	uint64_t run_id, written, writer, left_out;
	int32_t fd;
	uint16_t api, kept;
	uint8_t flags;
};

static void put_bytes(struct fixture *f, struct piece piece, const char *text, size_t length)
{
	struct arena_writer *arena = piece.arena ? piece.arena : f->arena;
	uint32_t thread = piece.thread ? piece.thread : 1;
	struct event_log event = {.head.flags = piece.flags,
		.fd = piece.fd ? piece.fd : 1,
		.run_id = piece.run_id,
		.written = piece.written ? piece.written : f->start + 10,
		.writer = piece.writer,
		.left_out = piece.left_out,
		.stack = piece.stack,
		.sink = piece.sink,
		.api = piece.api,
		.kept = piece.kept,
		.length = (uint32_t)length};

	if (arena_writer_put(arena, thread, 0, EVENT_LOG, &event, sizeof event, text, length))
		return;
	fixture_drain(f);
	assert_true(
		arena_writer_put(arena, thread, 0, EVENT_LOG, &event, sizeof event, text, length));
}

static void put(struct fixture *f, struct piece piece, const char *text)
{
	put_bytes(f, piece, text, strlen(text));
}

static void set_sink(struct arena_writer *arena, uint32_t index, enum acausal_sink kind,
	const char *path, uint64_t inode, uint64_t met)
{
	struct arena_sink *sink = arena_writer_sink(arena, index);

	*sink = (struct arena_sink){.kind = kind,
		.device = 8,
		.inode = inode,
		.met = met,
		.path_length = (uint32_t)strlen(path)};
	snprintf(sink->path, sizeof sink->path, "%s", path);
	sink->ready = 1;
}

static void a_line_is_of_its_first_byte(void **state)
{
	struct fixture *f = fixture_create();
	uint32_t other = arena_writer_node(f->arena, 0, 0x401250);

	(void)state;
	set_sink(f->arena, 1, ACAUSAL_SINK_TERMINAL, "/dev/pts/3", 6, f->start + 5);
	put(f,
		(struct piece){.run_id = 1,
			.sink = 1,
			.writer = 77,
			.stack = f->stack,
			.api = ACAUSAL_API_printf,
			.written = f->start + 20},
		"be");
	put(f,
		(struct piece){.run_id = 5,
			.sink = 1,
			.writer = 77,
			.fd = 2,
			.stack = other,
			.api = ACAUSAL_API_putc,
			.written = f->start + 30},
		"gun\nnext\n");
	fixture_finish(f);
	assert_answer(f,
		"SELECT text, run_id, written_ns - (SELECT started_ns FROM process), fd, api,"
		" line_number, full_length, path, at_flush FROM log ORDER BY log_id",
		"begun|1|20|1|printf|1|5|/dev/pts/3|- next|5|30|2|putc|2|4|/dev/pts/3|-");
	assert_answer(f,
		"SELECT count(*) FROM log JOIN stack_frame USING (stack_id) WHERE text = 'begun'",
		"2");
	assert_answer(f, "SELECT count(DISTINCT writer_id) FROM log", "1");
	assert_answer(f,
		"SELECT sink_id, kind, path, device, inode, born_ns, size_before, moved_to,"
		" met_ns - (SELECT started_ns FROM process) FROM sink",
		"1|terminal|/dev/pts/3|8|6|-|-|-|5");
	fixture_destroy(f);
}

static void a_gap_ends_the_lines_of_its_thread(void **state)
{
	struct fixture *f = fixture_create();
	struct event_gap gap = {.lost = 3, .from = f->start + 11, .to = f->start + 12};

	(void)state;
	put(f, (struct piece){.run_id = 1}, "begun");
	put(f, (struct piece){.run_id = 1, .thread = 2}, "by another ");
	assert_true(ARENA_PUT(f->arena, 1, GAP, &gap));
	put(f, (struct piece){.run_id = 5, .written = f->start + 13}, "the end of what was lost\n");
	put(f, (struct piece){.run_id = 5, .thread = 2}, "thread\n");
	fixture_finish(f);
	assert_answer(f, "SELECT text, run_id FROM log ORDER BY text",
		"begun|1 by another thread|1 the end of what was lost|5");
	fixture_destroy(f);
}

static void writers_are_kept_apart(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	set_sink(f->arena, 1, ACAUSAL_SINK_PIPE, "", 6, f->start + 5);
	set_sink(f->arena, 2, ACAUSAL_SINK_FILE, "/var/a.log", 7, f->start + 5);
	for (int i = 0; i < 3; i++) {
		const char *part = i == 0 ? "one " : i == 1 ? "two " : "three\n";
		struct piece piece = {.run_id = 1, .written = f->start + 10 + (uint64_t)i};

		piece.sink = 1;
		put(f, piece, part);
		piece.writer = 50;
		put(f, piece, part);
		piece.thread = 2;
		put(f, piece, part);
		piece.thread = 1;
		piece.sink = 2;
		piece.fd = 5;
		put(f, piece, part);
		piece.sink = 0;
		piece.fd = 6;
		piece.writer = 0;
		put(f, piece, part);
		piece.fd = 7;
		put(f, piece, part);
	}
	fixture_finish(f);
	assert_answer(f, "SELECT text, count(*) FROM log GROUP BY 1", "one two three|6");
	assert_answer(f, "SELECT thread_id, fd, path, line_number FROM log ORDER BY fd, writer_id",
		"1|1|-|1 1|1|-|2 2|1|-|3 1|5|/var/a.log|1 1|6|-|1 1|7|-|1");
	assert_answer(f, "SELECT count(DISTINCT writer_id) FROM log", "6");
	fixture_destroy(f);
}

/* What is interned for them is forgotten now and then; a line that has begun goes on all the same.
 */
static void threads_may_come_and_go(void **state)
{
	enum { MANY = 70000 };
	struct fixture *f = fixture_create();
	char text[32];

	(void)state;
	set_sink(f->arena, 1, ACAUSAL_SINK_FILE, "/var/a.log", 7, f->start + 5);
	put(f, (struct piece){.sink = 1}, "be");
	arena_writer_seal(f->arena, 1);
	for (uint32_t i = 2; i <= MANY; i++) {
		snprintf(text, sizeof text, "%u\n", i);
		put(f, (struct piece){.thread = i, .sink = 1}, text);
		arena_writer_seal(f->arena, i);
		if (i % 16 == 0)
			fixture_drain(f);
	}
	put(f, (struct piece){.sink = 1}, "gun\n");
	fixture_finish(f);
	assert_answer(f,
		"SELECT count(*), max(line_number), count(DISTINCT text), count(DISTINCT "
		"thread_id),"
		" count(DISTINCT writer_id), min(path), max(path) FROM log",
		"70000|70000|70000|70000|70000|/var/a.log|/var/a.log");
	assert_answer(f, "SELECT thread_id FROM log WHERE text = 'begun'", "1");
	/* Threads are numbered as they come, and none has another's lines. */
	assert_answer(f,
		"SELECT count(*) FROM log JOIN thread USING (thread_id) WHERE text <> 'begun'"
		" AND CAST(text AS INTEGER) <> thread_id",
		"0");
	fixture_destroy(f);
}

/* A second process, whose main thread is 1, too. */
static struct arena_writer *second_process(struct fixture *f, bool is_dead)
{
	struct arena_writer *arena = arena_writer_create(16);
	struct ingest_process_info info = {.os_pid = 4712, .is_root = true, .is_dead = is_dead};
	struct ingest_process *process;
	struct error err;

	fixture_check(
		ingest_add_process(f->ingest, arena->bytes, arena->size, &info, &process, &err),
		&err);
	return arena;
}

static void processes_share_a_file(void **state)
{
	struct fixture *f = fixture_create();
	struct arena_writer *arena = second_process(f, false);
	struct piece other = {.arena = arena, .run_id = 3, .sink = 2};
	struct piece piece = {.run_id = 1, .sink = 1};

	(void)state;
	assert_int_equal(f->arena->header->process_id, 1);
	assert_int_equal(arena->header->process_id, 2);
	set_sink(f->arena, 1, ACAUSAL_SINK_FILE, "/var/a.log", 7, f->start + 20);
	arena_writer_sink(f->arena, 1)->size = 500;
	set_sink(arena, 2, ACAUSAL_SINK_FILE, "/var/a.log", 7, f->start + 5);
	arena_writer_sink(arena, 2)->size = 400;
	put(f, piece, "a");
	put(f, other, "b");
	put(f, piece, "c\n");
	put(f, other, "d\n");
	fixture_finish(f);
	assert_answer(f, "SELECT process_id, text, run_id FROM log ORDER BY process_id",
		"1|ac|1 2|bd|1099511627779");
	assert_answer(f,
		"SELECT group_concat(line_number) FROM (SELECT line_number FROM log ORDER BY 1)",
		"1,2");
	assert_answer(f,
		"SELECT path, size_before, met_ns - (SELECT min(started_ns) FROM process) FROM "
		"sink",
		"/var/a.log|400|5");
	assert_answer(
		f, "SELECT count(DISTINCT writer_id), count(DISTINCT sink_id) FROM log", "2|1");
	fixture_destroy(f);
	arena_writer_destroy(arena);
}

static void text_is_kept_as_it_was(void **state)
{
	static const char first[] = "nul\0in it\n\r\n\n\nwindows\r\nbad \xc3(\ncaf\xc3\xa9\n";
	static const char second[] = "\0\n\xed\xa0\x80\n\xf0\x9f\x98\x80 12345678\n";
	struct fixture *f = fixture_create();

	(void)state;
	put_bytes(f, (struct piece){0}, first, sizeof first - 1);
	put_bytes(f, (struct piece){0}, second, sizeof second - 1);
	fixture_finish(f);
	assert_answer(f,
		"SELECT line_number, typeof(text), hex(text), full_length FROM log ORDER BY log_id",
		"1|text|6E756C00696E206974|9 2|text|0D|1 3|text||0 4|text||0"
		" 5|text|77696E646F77730D|8 6|blob|62616420C328|6 7|text|636166C3A9|5"
		" 8|text|00|1 9|blob|EDA080|3 10|text|F09F9880203132333435363738|13");
	fixture_destroy(f);
}

static void long_lines_are_whole_up_to_a_limit(void **state)
{
	enum { PIECE = 4000, PIECES = 300 };
	struct fixture *f = fixture_create();
	char text[PIECE + 1];

	(void)state;
	for (int i = 0; i < PIECES; i++) {
		memset(text, 'a' + i % 26, PIECE);
		text[PIECE - 1] = i == 261 || i == PIECES - 1 ? '\n' : text[0];
		put_bytes(f, (struct piece){0}, text, PIECE);
		if (i % 20 == 0)
			fixture_drain(f);
	}
	/* Cut by who wrote it. */
	put(f, (struct piece){.left_out = 5000000}, "cut");
	put(f, (struct piece){.run_id = 0}, "\nafter\n");
	fixture_finish(f);
	assert_answer(f,
		"SELECT line_number, length(text), full_length, substr(text, 4000, 2),"
		" substr(text, -1, 1) FROM log ORDER BY log_id",
		"1|1047999|1047999|ab|b 2|151999|151999|cd|n 3|3|5000003||t 4|5|5||r");
	fixture_destroy(f);
	f = fixture_create_with(100);
	memset(text, 'x', PIECE);
	put_bytes(f, (struct piece){0}, text, PIECE);
	put_bytes(f, (struct piece){0}, text, 60);
	put(f, (struct piece){0}, "\nshort\n");
	fixture_finish(f);
	assert_answer(
		f, "SELECT length(text), full_length FROM log ORDER BY log_id", "100|4060 5|5");
	fixture_destroy(f);
}

static void flushes_and_messages_are_marked(void **state)
{
	struct fixture *f = fixture_create();
	struct piece plain = {.writer = 5, .api = ACAUSAL_API_write}, flushed = plain;
	struct piece message = {
		.fd = -1, .sink = 3, .api = ACAUSAL_API_syslog, .flags = EVENT_LOG_MESSAGE};

	(void)state;
	set_sink(f->arena, 3, ACAUSAL_SINK_SYSLOG, "", 0, f->start + 5);
	arena_writer_sink(f->arena, 3)->device = 0;
	flushed.flags = EVENT_LOG_FLUSH;
	put(f, flushed, "flushed\n");
	put(f, plain, "half ");
	put(f, flushed, "flushed\nall\n");
	put(f, plain, "seen");
	put(f, flushed, "\n");
	put(f, message, "a message");
	put(f, message, "another\n");
	fixture_finish(f);
	assert_answer(f, "SELECT text, at_flush, api, fd, line_number FROM log ORDER BY log_id",
		"flushed|1|write|1|1 half flushed|1|write|1|2 all|1|write|1|3 seen|-|write|1|4"
		" a message|-|syslog|-|1 another|-|syslog|-|2");
	assert_answer(
		f, "SELECT kind, path, device, inode, size_before FROM sink", "syslog|-|-|-|-");
	fixture_destroy(f);
}

static void what_has_ended_ends_its_lines(void **state)
{
	struct fixture *f = fixture_create();
	struct event_thread thread = {.os_tid = 5000,
		.role = ACAUSAL_ROLE_USER,
		.async_id = 4,
		.root_run_id = 3,
		.type = ACAUSAL_TYPE_PTHREAD,
		.started = f->start + 5};
	struct event_thread_end end = {.ended = f->start + 50};

	(void)state;
	assert_true(ARENA_PUT(f->arena, 2, THREAD, &thread));
	put(f, (struct piece){.thread = 2}, "of a thread");
	put(f, (struct piece){0}, "of a process");
	assert_true(ARENA_PUT(f->arena, 2, THREAD_END, &end));
	fixture_drain(f);
	fixture_open(f);
	/* Committed with the next flush, which is a while after the one before. */
	for (int i = 0; i < 1000 && !strcmp(fixture_ask(f, "SELECT text FROM log"), ""); i++) {
		usleep(10000);
		fixture_drain(f);
	}
	assert_answer(f, "SELECT text, thread_id FROM log", "of a thread|2");
	sqlite3_close(f->db);
	ingest_process_ended(f->process, 0);
	fixture_finish(f);
	assert_answer(
		f, "SELECT text, thread_id FROM log ORDER BY text", "of a process|1 of a thread|2");
	fixture_destroy(f);
}

static void put_partial(struct fixture *f, uint32_t slot, uint32_t number, const char *text)
{
	struct arena_thread *thread = arena_writer_thread(f->arena, slot);

	thread->state = ARENA_THREAD_LIVE;
	thread->number = number;
	thread->partial = (struct arena_partial){.fd = 1,
		.run_id = 9,
		.written = f->start + 40,
		.stack = f->stack,
		.api = ACAUSAL_API_fputs};
	memcpy(thread->partial.text, text, strlen(text));
	thread->partial.length = (uint32_t)strlen(text);
}

static void a_killed_process_leaves_what_it_had_begun(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put(f, (struct piece){.run_id = 1, .written = f->start + 20}, "earlier ");
	put_partial(f, 0, 1, "and begun");
	put_partial(f, 1, 2, "password: ");
	put_partial(f, 2, 3, "x");
	arena_writer_thread(f->arena, 2)->partial.length = ARENA_PARTIAL_MAX + 1;
	fixture_drain(f);
	ingest_process_ended(f->process, 9);
	fixture_finish(f);
	assert_answer(f, "SELECT text, run_id, api, thread_id FROM log ORDER BY thread_id",
		"earlier and begun|1|-|1 password: |9|fputs|2");
	fixture_destroy(f);
}

/* Killed between the event and the word that says so. */
static void what_was_leaving_is_there_once(void **state)
{
	struct fixture *f = fixture_create();
	struct piece piece = {.run_id = 9, .written = f->start + 40, .kept = 7};

	(void)state;
	/* In two events, of which a third was still to come. */
	put(f, piece, "begun ");
	put(f, piece, "and ended");
	put_partial(f, 0, 1, "begun ");
	arena_writer_thread(f->arena, 0)->partial.number = 7;
	/* Nothing of this one has left, though it looks like what the same call wrote before. */
	piece.thread = 2;
	piece.kept = 0;
	put(f, piece, "begun\n");
	put_partial(f, 1, 2, "begun");
	arena_writer_thread(f->arena, 1)->partial.number = 7;
	piece.thread = 3;
	piece.kept = 6;
	put(f, piece, "begun\n");
	put_partial(f, 2, 3, "begun");
	arena_writer_thread(f->arena, 2)->partial.number = 7;
	ingest_process_ended(f->process, 9);
	fixture_finish(f);
	assert_answer(f, "SELECT thread_id, text FROM log ORDER BY thread_id, log_id",
		"1|begun and ended 2|begun 2|begun 3|begun 3|begun");
	fixture_destroy(f);
}

/*
 * A thread fills the chunk that was just looked at, and opens another that is looked at in the same
 * pass: what it wrote is read in its order all the same.
 */
static void a_chunk_waits_for_the_one_before_it(void **state)
{
	struct fixture *f = fixture_create();
	const struct arena_region *region = &f->arena->header->region[ARENA_CHUNK_STATES];
	struct arena_chunk *chunk =
		(void *)(f->arena->bytes + region->offset + 1 * (size_t)region->stride);
	uint32_t seen, filled;

	(void)state;
	put(f, (struct piece){.thread = 2}, "be");
	assert_int_equal(chunk->thread, 2);
	seen = chunk->used;
	put(f, (struct piece){.thread = 2}, "gun\n");
	filled = chunk->used;
	arena_writer_seal(f->arena, 2);
	put(f, (struct piece){.thread = 2}, "second\n");
	/* As a pass finds it that began before the second chunk was opened. */
	chunk->used = seen;
	chunk->state = ARENA_CHUNK_OPEN;
	f->arena->header->chunk_sequence.value--;
	fixture_drain(f);
	chunk->used = filled;
	chunk->state = ARENA_CHUNK_SEALED;
	f->arena->header->chunk_sequence.value++;
	fixture_drain(f);
	fixture_finish(f);
	assert_answer(f, "SELECT text FROM log ORDER BY log_id", "begun second");
	fixture_destroy(f);
}

static void lines_come_in_order_of_their_beginnings(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put(f, (struct piece){.writer = 1, .written = f->start + 10}, "first ");
	put(f, (struct piece){.writer = 2, .written = f->start + 20}, "second\n");
	put(f, (struct piece){.writer = 3, .written = f->start + 40}, "fourth\n");
	put(f, (struct piece){.thread = 2, .written = f->start + 30}, "third\n");
	put(f, (struct piece){.writer = 1, .written = f->start + 50}, "line\n");
	fixture_finish(f);
	assert_answer(f, "SELECT log_id, line_number, text FROM log ORDER BY log_id",
		"1|1|first line 2|2|second 3|3|third 4|4|fourth");
	fixture_destroy(f);
}

static void sinks_that_are_not_there_are_not_known(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	set_sink(f->arena, 1, ACAUSAL_SINK_FILE, "/never/ready", 6, f->start + 5);
	arena_writer_sink(f->arena, 1)->ready = 0;
	set_sink(f->arena, 2, (enum acausal_sink)99, "/of a \xff kind", 6, f->start + 5);
	put(f, (struct piece){.sink = 1}, "one\n");
	put(f, (struct piece){.sink = 2}, "two\n");
	put(f, (struct piece){.sink = 63}, "three\n");
	put(f, (struct piece){.sink = UINT32_MAX, .api = 60000}, "four\n");
	fixture_finish(f);
	assert_answer(f, "SELECT text, sink_id, line_number, api FROM log ORDER BY log_id",
		"one|-|1|- two|1|1|- three|-|2|- four|-|3|-");
	assert_answer(f, "SELECT kind, typeof(path) FROM sink", "other|blob");
	fixture_destroy(f);
}

/* A real file, as a recorded process would tell of it. */
static void set_real_sink(struct fixture *f, uint32_t index, const char *path)
{
	struct arena_sink *sink;
	struct statx status;

	assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &status), 0);
	set_sink(f->arena, index, ACAUSAL_SINK_FILE, path, status.stx_ino, f->start + 5);
	sink = arena_writer_sink(f->arena, index);
	sink->device = makedev(status.stx_dev_major, status.stx_dev_minor);
	if (status.stx_mask & STATX_BTIME)
		sink->born_ns = status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void files_that_moved_are_found(void **state)
{
	static const char *const names[] = {"stays", "rotated", "gone", "left", "elsewhere"};
	struct fixture *f = fixture_create();
	char path[5][128], to[128];

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		snprintf(path[i], sizeof path[i], "%s/%s", f->folder, names[i]);
		make_file(path[i]);
		set_real_sink(f, i + 1, path[i]);
		put(f, (struct piece){.sink = i + 1}, "x\n");
	}
	snprintf(to, sizeof to, "%s/rotated.1", f->folder);
	assert_int_equal(rename(path[1], to), 0);
	make_file(path[1]);
	assert_int_equal(unlink(path[2]), 0);
	snprintf(to, sizeof to, "%s/left.2", f->folder);
	assert_int_equal(rename(path[3], to), 0);
	snprintf(to, sizeof to, "%s/under", f->folder);
	assert_int_equal(mkdir(to, 0700), 0);
	snprintf(to, sizeof to, "%s/under/elsewhere", f->folder);
	assert_int_equal(rename(path[4], to), 0);
	/* Names that lie. */
	set_sink(f->arena, 6, ACAUSAL_SINK_FILE, "no path at all", 6, f->start + 5);
	set_sink(f->arena, 7, ACAUSAL_SINK_FILE, "/", 6, f->start + 5);
	set_sink(f->arena, 8, ACAUSAL_SINK_FILE, "/dev/null/../x", 6, f->start + 5);
	for (uint32_t i = 6; i <= 8; i++)
		put(f, (struct piece){.sink = i}, "x\n");
	fixture_finish(f);
	assert_answer(f,
		"SELECT sink_id, replace(moved_to, (SELECT rtrim(path, 'stay') FROM sink WHERE"
		" path LIKE '%/stays'), '') FROM sink WHERE moved_to IS NOT NULL ORDER BY 1",
		"2|rotated.1 4|left.2");
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_of_its_first_byte),
		cmocka_unit_test(a_gap_ends_the_lines_of_its_thread),
		cmocka_unit_test(writers_are_kept_apart),
		cmocka_unit_test(threads_may_come_and_go),
		cmocka_unit_test(processes_share_a_file),
		cmocka_unit_test(text_is_kept_as_it_was),
		cmocka_unit_test(long_lines_are_whole_up_to_a_limit),
		cmocka_unit_test(flushes_and_messages_are_marked),
		cmocka_unit_test(what_has_ended_ends_its_lines),
		cmocka_unit_test(a_killed_process_leaves_what_it_had_begun),
		cmocka_unit_test(what_was_leaving_is_there_once),
		cmocka_unit_test(a_chunk_waits_for_the_one_before_it),
		cmocka_unit_test(lines_come_in_order_of_their_beginnings),
		cmocka_unit_test(sinks_that_are_not_there_are_not_known),
		cmocka_unit_test(files_that_moved_are_found),
	};

	return cmocka_run_group_tests_name("ingest lines", tests, NULL, NULL);
}
