/*
 * Reads a recording by the names of its contract. Views over views are slow to join: each is read
 * whole, in the order of its IDs.
 */
#include "tests/oracle/check/check.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define X(type, name)                                                                              \
	struct type *name##s;                                                                      \
	size_t name##_count;
ROWS(X)
#undef X

int64_t max_skew_ns;

struct node {
	int64_t caller, frame;
};

struct place {
	char *inner, *outer;
	int outer_depth;
};

static struct node *nodes;
static int64_t node_count;
static struct place *places;
static int64_t place_count;

/* --- SQL ---------------------------------------------------------------------------------------
 */

static sqlite3_stmt *query(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL))
		fail("%s", sqlite3_errmsg(db));
	return statement;
}

static bool row(sqlite3 *db, sqlite3_stmt *statement)
{
	const int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		fail("%s", sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return false;
}

static char *text(sqlite3_stmt *statement, int column)
{
	const char *words = (const char *)sqlite3_column_text(statement, column);

	return words ? strdup(words) : NULL;
}

static int64_t number(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

static int64_t number_or(sqlite3_stmt *statement, int column, int64_t missing)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ? missing
								     : number(statement, column);
}

static int64_t largest(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = query(db, sql);
	int64_t result = 0;

	while (row(db, statement))
		result = number(statement, 0);
	return result;
}

/* Adds a row to the array `name`s for each row of `sql`; in what follows, `r` is the statement. */
#define READ(type, name, sql, ...)                                                                 \
	do {                                                                                       \
		sqlite3_stmt *r = query(db, sql);                                                  \
                                                                                                   \
		while (row(db, r)) {                                                               \
			name##s = grow(name##s, name##_count, sizeof *name##s);                    \
			name##s[name##_count++] = (struct type){__VA_ARGS__};                      \
		}                                                                                  \
	} while (0)

/* --- stacks ------------------------------------------------------------------------------------
 */

static void read_stacks(sqlite3 *db)
{
	sqlite3_stmt *statement;

	node_count = largest(db, "SELECT max(stack_id) FROM stack") + 1;
	place_count = largest(db, "SELECT max(frame_id) FROM frame") + 1;
	nodes = calloc((size_t)node_count, sizeof *nodes);
	places = calloc((size_t)place_count, sizeof *places);
	statement = query(db, "SELECT stack_id, caller_id, frame_id FROM stack");
	while (row(db, statement))
		nodes[number(statement, 0)] =
			(struct node){number(statement, 1), number(statement, 2)};
	statement = query(db, "SELECT frame_id, inline_depth, function FROM source");
	while (row(db, statement)) {
		const int64_t frame = number(statement, 0);
		const int depth = (int)number(statement, 1);
		struct place *place = &places[frame];

		if (frame < 0 || frame >= place_count)
			fail("source of frame %" PRId64 ", which is not there", frame);
		if (depth == 0)
			place->inner = text(statement, 2);
		if (!place->outer || depth > place->outer_depth) {
			place->outer = text(statement, 2);
			place->outer_depth = depth;
		}
	}
}

const char *function_at(int64_t frame)
{
	const char *name = NULL;

	if (frame > 0 && frame < place_count)
		name = places[frame].outer;
	return name ? name : "?";
}

static const struct node *node_at(int64_t stack)
{
	return stack > 0 && stack < node_count ? &nodes[stack] : NULL;
}

const char *stack_inner(int64_t stack)
{
	const struct node *node = node_at(stack);

	if (node && node->frame > 0 && node->frame < place_count)
		return or_nothing(places[node->frame].inner);
	return "?";
}

const char *stack_outer(int64_t stack)
{
	const struct node *node = node_at(stack);
	const char *outer = "?";

	for (int depth = 0; node && depth < 200; depth++, node = node_at(node->caller))
		outer = function_at(node->frame);
	return outer;
}

bool stack_has(int64_t stack, const char *function)
{
	const struct node *node = node_at(stack);

	for (int depth = 0; node && depth < 200; depth++, node = node_at(node->caller))
		if (strcmp(function_at(node->frame), function) == 0)
			return true;
	return false;
}

/* --- rows --------------------------------------------------------------------------------------
 */

static void read_runs(sqlite3 *db)
{
	static const char *const prepare[] = {
		"CREATE TEMP TABLE e AS SELECT * FROM run_edge",
		"CREATE TEMP TABLE r AS SELECT * FROM run",
		"CREATE INDEX temp.r_run ON r (run_id)",
	};

	for (size_t i = 0; i < sizeof prepare / sizeof *prepare; i++)
		if (sqlite3_exec(db, prepare[i], NULL, NULL, NULL))
			fail("%s", sqlite3_errmsg(db));
	READ(recorded, recorded,
		"SELECT e.run_id, t.process_id, t.os_tid, e.run_id = t.root_run_id, r.part, "
		"e.outer_run_id, e.outer_stack_id, e.link_run_id, e.link_api, e.link_stack_id, "
		"r.cause_id, e.cause_run_id, e.async_id, r.arming_id, r.callback_frame_id, "
		"r.began_ns, r.ended_ns, r.status, r.bytes, e.trigger_id "
		"FROM temp.e JOIN temp.r ON r.run_id = e.run_id "
		"JOIN thread t ON t.thread_id = e.thread_id "
		"WHERE coalesce(r.part, '') <> 'alloc' ORDER BY e.run_id",
		.run_id = number(r, 0), .process_id = number(r, 1), .tid = (int)number(r, 2),
		.is_root = number(r, 3), .part = text(r, 4), .outer = number(r, 5),
		.outer_stack = number(r, 6), .link = number(r, 7), .api = text(r, 8),
		.link_stack = number(r, 9), .cause_id = number(r, 10), .cause_run = number(r, 11),
		.async_id = number(r, 12), .arming_id = number(r, 13), .callback = number(r, 14),
		.began = number_or(r, 15, -1), .ended = number_or(r, 16, -1),
		.status = number_or(r, 17, TRUTH_NONE), .bytes = number_or(r, 18, TRUTH_NONE),
		.trigger = number(r, 19));
}

static void read_facts(sqlite3 *db)
{
	READ(resource, resource,
		"SELECT s.async_id, s.process_id, s.trigger_id, s.run_id, s.stack_id, s.address, "
		"s.loop_id, s.handle_id, s.created_ns, s.destroyed_ns, s.has_ref, t.os_tid, "
		"y.class, y.hook_type, s.api FROM resource s "
		"LEFT JOIN thread t ON t.thread_id = s.thread_id "
		"LEFT JOIN type y ON y.type_id = s.type_id ORDER BY s.async_id",
		.async_id = number(r, 0), .process_id = number(r, 1), .trigger = number(r, 2),
		.run_id = number(r, 3), .stack = number(r, 4), .address = number(r, 5),
		.loop = number(r, 6), .handle = number(r, 7), .created = number_or(r, 8, -1),
		.destroyed = number_or(r, 9, -1), .has_ref = (int)number_or(r, 10, -1),
		.tid = (int)number(r, 11), .class = text(r, 12), .hook_type = text(r, 13),
		.api = text(r, 14));
	READ(arming_row, arming_row,
		"SELECT arming_id, async_id, run_id, stack_id, api, timeout_ms, repeat_ms, "
		"disarmed_run_id, disarmed_stack_id, \"end\", times FROM arming "
		"ORDER BY async_id, arming_id",
		.arming_id = number(r, 0), .async_id = number(r, 1), .run_id = number(r, 2),
		.stack = number(r, 3), .api = text(r, 4), .timeout = number_or(r, 5, -1),
		.repeat = number_or(r, 6, -1), .ender = number(r, 7), .end_stack = number(r, 8),
		.end = text(r, 9), .times = number_or(r, 10, 1));
	READ(cause_row, cause_row,
		"SELECT cause_id, async_id, run_id, stack_id, first_id, kind, api FROM cause "
		"ORDER BY cause_id",
		.cause_id = number(r, 0), .async_id = number(r, 1), .run_id = number(r, 2),
		.stack = number(r, 3), .first = number(r, 4), .kind = text(r, 5),
		.api = text(r, 6));
	READ(ref_row, ref_row, "SELECT async_id, run_id, has_ref FROM ref ORDER BY async_id, at_ns",
		.async_id = number(r, 0), .run_id = number(r, 1), .has_ref = (int)number(r, 2));
	READ(pool_row, pool_row,
		"SELECT p.async_id, t.process_id, p.began_ns, p.ended_ns, t.os_tid, p.estimated, "
		"t.role FROM pool p JOIN thread t ON t.thread_id = p.thread_id "
		"ORDER BY p.async_id",
		.async_id = number(r, 0), .process_id = number(r, 1), .began = number(r, 2),
		.ended = number(r, 3), .tid = (int)number(r, 4), .estimated = (int)number(r, 5),
		.role = text(r, 6));
	READ(poll_row, poll_row,
		"SELECT t.process_id, p.entered_ns, p.left_ns, t.os_tid FROM poll p "
		"JOIN thread t ON t.thread_id = p.thread_id",
		.process_id = number(r, 0), .entered = number(r, 1), .left = number(r, 2),
		.tid = (int)number(r, 3));
	READ(thread_row, thread_row, "SELECT process_id, os_tid, name FROM thread",
		.process_id = number(r, 0), .tid = (int)number(r, 1), .name = text(r, 2));
	READ(process_row, process_row,
		"SELECT process_id, os_pid, parent_process_id, spawned_by_async_id, exit_code, "
		"exit_signal FROM process ORDER BY process_id",
		.process_id = number(r, 0), .pid = (int)number(r, 1), .parent = number(r, 2),
		.spawned_by = number(r, 3), .exit_code = number_or(r, 4, -1),
		.exit_signal = number_or(r, 5, -1));
}

void recording_read(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL))
		fail("%s: %s", path, sqlite3_errmsg(db));
	max_skew_ns = largest(db, "SELECT value FROM meta WHERE key = 'max_skew_ns'");
	read_stacks(db);
	read_runs(db);
	read_facts(db);
	sqlite3_close(db);
}

/* --- look-ups ----------------------------------------------------------------------------------
 */

static int by_resource(const void *key, const void *row_)
{
	const int64_t id = *(const int64_t *)key, other = ((const struct resource *)row_)->async_id;

	return id < other ? -1 : id > other;
}

const struct resource *resource_of(int64_t async_id)
{
	return bsearch(&async_id, resources, resource_count, sizeof *resources, by_resource);
}

static int by_cause(const void *key, const void *row_)
{
	const int64_t id = *(const int64_t *)key,
		      other = ((const struct cause_row *)row_)->cause_id;

	return id < other ? -1 : id > other;
}

const struct cause_row *cause_of(int64_t cause_id)
{
	return bsearch(&cause_id, cause_rows, cause_row_count, sizeof *cause_rows, by_cause);
}

bool is_inherited(const struct resource *row)
{
	return row->trigger >> 40 != row->async_id >> 40;
}

bool was_before(const struct resource *row, const struct resource *former)
{
	while (row && row != former && is_inherited(row))
		row = resource_of(row->trigger);
	return row == former;
}
