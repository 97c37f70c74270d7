/*
 * A file that a program has written of itself is taken wherever a recording is: told by its first
 * bytes, opened whole, cut and spoilt, and nothing temporary is left of it.
 */
#include "debugger/recording/file_kind.h"
#include "debugger/session.h"

#include "tests/unit/arena_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_image_view.XXXXXX";
static char path[64];

/* A process with a main thread and a timer, and history that was overwritten. */
static struct arena_writer *make_arena(void)
{
	struct arena_writer *arena = arena_writer_create(4);
	struct event_thread main = {.os_tid = 1,
		.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = 1,
		.type = ACAUSAL_TYPE_MAIN,
		.name = "program"};
	struct arena_live *live = arena_writer_live(arena, 1);

	main.started = arena->now;
	assert_true(ARENA_PUT(arena, 1, THREAD, &main));
	arena_writer_keep(arena, 1);
	arena_writer_overwrite(arena, arena->now + 1000);
	live->run_id = 1;
	live->created = arena->now + 10;
	live->type = ACAUSAL_TYPE_TIMER;
	live->thread = 1;
	live->flags = ARENA_LIVE_HANDLE;
	live->async_id = 2;
	arena->header->on_full = ARENA_OVERWRITES;
	arena->header->latest = (struct arena_anchor){arena->now + 5000, arena->now + 5000, 5000};
	return arena;
}

static void write_image(size_t size)
{
	struct arena_writer *arena = make_arena();
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	if (size > arena->size)
		size = arena->size;
	assert_int_equal(fwrite(arena->bytes, 1, size, file), size);
	fclose(file);
	arena_writer_destroy(arena);
}

static int open_image(struct session *session, struct error *err)
{
	session_init(session, path);
	err->text[0] = 0;
	return session_acquire(session, err);
}

static void check_folder_is_empty(void)
{
	char command[128];

	snprintf(command, sizeof command, "test \"$(ls %s)\" = image", folder);
	assert_int_equal(system(command), 0);
}

static int64_t number(struct reader *recording, const char *sql)
{
	int64_t value = UNKNOWN;
	struct error err;

	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL))
		return reader_error(recording, NULL, &err);
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void test_is_a_recording(void **state)
{
	struct session session;
	struct error err;

	(void)state;
	write_image(SIZE_MAX);
	assert_int_equal(file_kind_of(path), FILE_IMAGE);
	if (open_image(&session, &err))
		fail_msg("%s", err.text);
	assert_int_equal(number(session.recording, "SELECT count(*) FROM main.process"), 1);
	assert_int_equal(number(session.recording, "SELECT created_ns FROM main.packed_resource"
						   " WHERE async_id = 2"),
		10);
	assert_int_equal(
		number(session.recording, "SELECT history_from_ns FROM main.process"), 1000);
	assert_string_equal(reader_meta(session.recording, "mode"), "flight");
	check_folder_is_empty();
	session_release(&session);
	session_deinit(&session);
}

/* A one-shot timer that fired before the image's moment, and what came after that. */
static void put_later(struct arena_writer *arena)
{
	const uint64_t start = arena->now;
	struct event_arming arming = {.thread = 1,
		.arming_id = 1,
		.async_id = 2,
		.run_id = 1,
		.armed = start + 1100,
		.timeout_ms = 1,
		.repeat_ms = EVENT_NO_TIME,
		.end = ACAUSAL_END_FIRED,
		.disarmed = start + 4000};
	struct event_run run = {.async_id = 2,
		.arming_id = 1,
		.execution = {.run_id = 2,
			.began = start + 4001,
			.ended = start + 4100,
			.status = EVENT_NO_STATUS,
			.bytes = EVENT_NO_STATUS,
			.part = ACAUSAL_PART_CALLBACK}};
	struct event_resource later = {
		.thread = 1, .birth = {.async_id = 3, .run_id = 3, .created = start + 5001}};
	struct event_destroy end = {.async_id = 2, .destroyed = start + 5002};
	struct arena_live *live = arena_writer_live(arena, 1);

	/* As it was a moment before, when it was copied. */
	live->flags |= ARENA_LIVE_ARMED | ARENA_LIVE_ONE_SHOT;
	live->arming_id = live->arming_run_id = 1;
	live->armed = arming.armed;
	live->timeout_ms = 1;
	live->repeat_ms = EVENT_NO_TIME;
	arena->header->async_id.value = 2;
	assert_true(ARENA_PUT(arena, 1, ARMING, &arming));
	assert_true(ARENA_PUT(arena, 1, RUN, &run));
	assert_true(ARENA_PUT(arena, 1, RESOURCE, &later));
	assert_true(ARENA_PUT(arena, 1, DESTROY, &end));
}

/* It was written while the process went on: it shows it at one moment all the same. */
static void test_shows_a_moment(void **state)
{
	struct arena_writer *arena = make_arena();
	struct session session;
	struct error err;
	FILE *file;

	(void)state;
	put_later(arena);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(arena->bytes, 1, arena->size, file), arena->size);
	fclose(file);
	arena_writer_destroy(arena);
	if (open_image(&session, &err))
		fail_msg("%s", err.text);
	assert_int_equal(number(session.recording, "SELECT count(*) FROM arming"), 1);
	assert_int_equal(number(session.recording, "SELECT disarmed_ns FROM arming"), 4001);
	assert_int_equal(number(session.recording, "SELECT max(run_id) FROM run"), 2);
	assert_int_equal(number(session.recording, "SELECT max(async_id) FROM resource"), 2);
	assert_int_equal(number(session.recording, "SELECT count(*) FROM resource"
						   " WHERE async_id = 2 AND destroyed_ns IS NULL"),
		1);
	session_release(&session);
	session_deinit(&session);
}

static void test_is_cut(void **state)
{
	static const size_t sizes[] = {8, 64, sizeof(struct arena_header) - 1,
		sizeof(struct arena_header), 4096, 1 << 16, 1 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct session session;
		struct error err;
		int result;

		write_image(sizes[i]);
		result = open_image(&session, &err);
		assert_int_equal(result, sizes[i] < sizeof(struct arena_header) ? -1 : 0);
		assert_int_equal(result != 0, err.text[0] != 0);
		assert_null(strchr(err.text, '\n'));
		check_folder_is_empty();
		if (!result)
			session_release(&session);
		session_deinit(&session);
	}
}

static void test_nowhere_to_put_it(void **state)
{
	struct session session;
	struct error err;

	(void)state;
	write_image(SIZE_MAX);
	setenv("TMPDIR", "/nowhere/at/all", 1);
	assert_int_equal(open_image(&session, &err), -1);
	assert_non_null(strstr(err.text, "set TMPDIR to another folder"));
	setenv("TMPDIR", folder, 1);
	session_deinit(&session);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/image", folder);
	return setenv("TMPDIR", folder, 1);
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_a_recording),
		cmocka_unit_test(test_shows_a_moment),
		cmocka_unit_test(test_is_cut),
		cmocka_unit_test(test_nowhere_to_put_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
