/*
 * What the ingester's tests share: one synthetic process, one recording, and questions in SQL about
 * what came out of it. Include it once, in a test's only file.
 */
#ifndef ACAUSAL_TESTS_INGEST_FIXTURE_H
#define ACAUSAL_TESTS_INGEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder/ingest/ingest.h"
#include "tests/unit/arena_writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char folder[64], path[128];
	struct arena_writer *arena;
	struct ingest *ingest;
	struct ingest_process *process;
	struct ingest_summary summary;
	sqlite3 *db;
	uint64_t start;
	uint32_t stack; /* two frames in the executable */
};

static inline void fixture_check(int result, const struct error *err)
{
	if (result)
		fail_msg("%s", err->text);
}

/* A recording with one process whose main thread (1, run 1) has begun. */
static inline struct fixture *fixture_create_with(uint64_t log_max)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct ingest_options options = {
		.version = "test", .command_json = "[\"a\"]", .log_max = log_max};
	struct ingest_process_info info = {.os_pid = 4711, .executable = "/bin/program"};
	struct event_thread main = {.os_tid = 4711,
		.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = 1,
		.type = ACAUSAL_TYPE_MAIN,
		.callback = 0x401000,
		.name = "program"};
	struct error err;

	snprintf(f->folder, sizeof f->folder, "/tmp/ingest.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
	options.path = f->path;
	fixture_check(ingest_create(&options, &f->ingest, &err), &err);
	f->arena = arena_writer_create(16);
	f->start = f->arena->now;
	arena_writer_module(f->arena, 0x400000, 0x500000, 0x400000, "");
	f->stack = arena_writer_node(f->arena, 0, 0x401050);
	f->stack = arena_writer_node(f->arena, f->stack, 0x401150);
	fixture_check(ingest_add_process(
			      f->ingest, f->arena->bytes, f->arena->size, &info, &f->process, &err),
		&err);
	main.started = f->start;
	assert_true(ARENA_PUT(f->arena, 1, THREAD, &main));
	return f;
}

static inline struct fixture *fixture_create(void)
{
	return fixture_create_with(0);
}

static inline void fixture_drain(struct fixture *f)
{
	struct error err;
	bool busy;

	do
		fixture_check(ingest_drain(f->ingest, &busy, &err), &err);
	while (busy);
}

static inline void fixture_open(struct fixture *f)
{
	assert_int_equal(sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
}

static inline void fixture_finish(struct fixture *f)
{
	struct error err;

	fixture_check(ingest_finish(f->ingest, &f->summary, &err), &err);
	fixture_open(f);
}

static inline void fixture_destroy(struct fixture *f)
{
	char command[128];

	sqlite3_close(f->db);
	ingest_destroy(f->ingest);
	arena_writer_destroy(f->arena);
	snprintf(command, sizeof command, "rm -r '%s'", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
}

/* The columns of all rows, with | between columns and a space between rows; NULL is -. */
static inline const char *fixture_ask(struct fixture *f, const char *format, ...)
{
	static char text[65536];
	char sql[2048];
	size_t at = 0;
	sqlite3_stmt *statement;
	va_list arguments;
	int code;

	va_start(arguments, format);
	vsnprintf(sql, sizeof sql, format, arguments);
	va_end(arguments);
	if (sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
	text[0] = 0;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && at < sizeof text - 256) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *column = (const char *)sqlite3_column_text(statement, i);

			at += (size_t)snprintf(text + at, sizeof text - at, "%s%.200s",
				i    ? "|"
				: at ? " "
				     : "",
				column ? column : "-");
		}
	}
	if (code != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
	sqlite3_finalize(statement);
	return text;
}

#define assert_answer(f, sql, expected) assert_string_equal(fixture_ask(f, "%s", sql), expected)

#endif
