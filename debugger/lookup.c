/*
 * Rows of a recording by key: see lookup.h. Promises that every statement is reset when a function
 * returns. Must not scan: whatever is added here needs a key or an index behind it.
 */
#include "debugger/lookup.h"

#include "debugger/request_finder.h"

#include <string.h>

int64_t lookup_process_of(int64_t id)
{
	return (id >> PROCESS_SHIFT) + 1;
}

int64_t lookup_number_of(int64_t id)
{
	return id & ((INT64_C(1) << PROCESS_SHIFT) - 1);
}

int64_t lookup_column(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL
		       ? UNKNOWN
		       : sqlite3_column_int64(statement, column);
}

const char *lookup_text(struct reader *recording, sqlite3_stmt *statement, int column)
{
	return reader_intern(recording, (const char *)sqlite3_column_text(statement, column));
}

/* Prepares, binds one key, steps. As reader_step. */
static int row_by_key(struct reader *recording, enum statement_slot slot, const char *sql,
	int64_t key, sqlite3_stmt **ret, struct error *err)
{
	if (reader_prepare(recording, slot, sql, ret, err))
		return -1;
	sqlite3_bind_int64(*ret, 1, key);
	return reader_step(recording, *ret, err);
}

/* a + b, where either may be unknown, and hostile values wrap. */
static int64_t plus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a + (uint64_t)b);
}

int lookup_integer(struct reader *recording, unsigned slot, const char *sql, int64_t first,
	int64_t second, int64_t *ret, struct error *err)
{
	sqlite3_stmt *statement;
	int found;

	if (reader_prepare(recording, slot, sql, &statement, err))
		return -1;
	if (first != UNKNOWN)
		sqlite3_bind_int64(statement, 1, first);
	if (second != UNKNOWN)
		sqlite3_bind_int64(statement, 2, second);
	found = reader_step(recording, statement, err);
	if (found == 1 && (*ret = lookup_column(statement, 0)) == UNKNOWN)
		found = 0;
	sqlite3_reset(statement);
	return found;
}

int lookup_type(struct reader *recording, int64_t type_id, struct type_row *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found;

	*ret = (struct type_row){.type_id = type_id};
	if (type_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_TYPE,
		"SELECT name, class, hook_type, armed_by_creation FROM main.type WHERE type_id = "
		"?1",
		type_id, &row, err);
	if (found == 1) {
		ret->name = lookup_text(recording, row, 0);
		ret->class = lookup_text(recording, row, 1);
		ret->hook_type = lookup_text(recording, row, 2);
		ret->armed_by_creation = sqlite3_column_int(row, 3) == 1;
		sqlite3_reset(row);
	}
	return found;
}

#define RUN_COLUMNS                                                                                \
	"p.run_id, p.async_id, e.thread_id, p.outer_run_id, p.outer_stack_id,"                     \
	" e.callback_frame_id, p.duration_ns, p.status, p.bytes, p.cause_id, t.root_run_id, "      \
	"e.part"
#define RUN_JOINS                                                                                  \
	" LEFT JOIN main.entry e ON e.entry_id = p.entry_id"                                       \
	" LEFT JOIN main.thread t ON t.thread_id = e.thread_id"

/* RUN_COLUMNS, from the row that stands there. */
static void read_run(struct reader *recording, sqlite3_stmt *row, struct run_row *ret)
{
	ret->run_id = lookup_column(row, 0);
	ret->async_id = lookup_column(row, 1);
	ret->thread_id = lookup_column(row, 2);
	ret->outer_run_id = lookup_column(row, 3);
	ret->outer_stack_id = lookup_column(row, 4);
	ret->callback_frame_id = lookup_column(row, 5);
	ret->duration_ns = lookup_column(row, 6);
	ret->status = lookup_column(row, 7);
	ret->bytes = lookup_column(row, 8);
	ret->cause_id = lookup_column(row, 9);
	ret->root_run_id = lookup_column(row, 10);
	ret->part = lookup_text(recording, row, 11);
	if (ret->outer_run_id == UNKNOWN)
		ret->outer_run_id = ret->root_run_id;
	if (ret->run_id == ret->root_run_id)
		ret->outer_run_id = UNKNOWN;
}

/* A run that is packed with its request. */
static int request_run(
	struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	static const char columns[] =
		"SELECT " RUN_COLUMNS ", p.created_ns + p.wait_ns"
		" FROM main.packed_request p" RUN_JOINS " WHERE p.run_id = ?1";
	static const char by_async_id[] =
		"SELECT " RUN_COLUMNS ", p.created_ns + p.wait_ns"
		" FROM main.packed_request p" RUN_JOINS " WHERE p.async_id = ?1";
	sqlite3_stmt *row;
	int64_t async_id;
	int found;

	if (reader_is_indexed(recording)) {
		found = row_by_key(recording, STATEMENT_REQUEST_RUN, columns, run_id, &row, err);
	} else {
		struct request_finder *finder = reader_finder(recording);

		if (!finder)
			return error_set(err, "out of memory");
		found = request_finder_find(finder, recording, run_id, &async_id, err);
		if (found == 1)
			found = row_by_key(recording, STATEMENT_REQUEST_RUN_BY_ID, by_async_id,
				async_id, &row, err);
	}
	if (found == 1) {
		read_run(recording, row, ret);
		ret->arming_id = UNKNOWN;
		ret->began_ns = lookup_column(row, 12);
		sqlite3_reset(row);
	}
	return found;
}

int lookup_handle_run(
	struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	static const char sql[] = "SELECT " RUN_COLUMNS ", p.began_ns, p.arming_id"
				  " FROM main.packed_run p" RUN_JOINS " WHERE p.run_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct run_row){run_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL};
	if (run_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_RUN, sql, run_id, &row, err);
	if (found != 1)
		return found;
	read_run(recording, row, ret);
	ret->began_ns = lookup_column(row, 12);
	ret->arming_id = lookup_column(row, 13);
	sqlite3_reset(row);
	return 1;
}

int lookup_run(struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	int found = lookup_handle_run(recording, run_id, ret, err);

	return found || run_id == UNKNOWN ? found : request_run(recording, run_id, ret, err);
}

#define ORIGIN_JOINS                                                                               \
	" LEFT JOIN main.origin o ON o.origin_id = p.origin_id"                                    \
	" LEFT JOIN main.api a ON a.api_id = o.api_id"

static int request_row(struct reader *recording, int64_t async_id, struct resource_row *ret,
	int64_t *ret_type, struct error *err)
{
	static const char sql[] =
		"SELECT p.async_id - p.trigger_delta, p.creator_run_id, o.thread_id, o.stack_id,"
		" p.created_ns, p.created_ns + p.wait_ns + p.duration_ns, p.address, o.loop_id,"
		" p.async_id - p.handle_delta, p.run_id, a.name, o.type_id"
		" FROM main.packed_request p" ORIGIN_JOINS " WHERE p.async_id = ?1";
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_REQUEST, sql, async_id, &row, err);

	if (found != 1)
		return found;
	ret->trigger_id = lookup_column(row, 0);
	ret->run_id = lookup_column(row, 1);
	ret->thread_id = lookup_column(row, 2);
	ret->stack_id = lookup_column(row, 3);
	ret->created_ns = lookup_column(row, 4);
	ret->destroyed_ns = lookup_column(row, 5);
	ret->address = lookup_column(row, 6);
	ret->loop_id = lookup_column(row, 7);
	ret->handle_id = lookup_column(row, 8);
	ret->request_run_id = lookup_column(row, 9);
	ret->api = lookup_text(recording, row, 10);
	*ret_type = lookup_column(row, 11);
	sqlite3_reset(row);
	return 1;
}

static int handle_row(struct reader *recording, int64_t async_id, struct resource_row *ret,
	int64_t *ret_type, struct error *err)
{
	static const char sql[] =
		"SELECT p.trigger_id, p.run_id, o.thread_id, o.stack_id, p.created_ns,"
		" p.created_ns + p.lifetime_ns, p.address, o.loop_id, p.handle_id, p.has_ref,"
		" a.name, coalesce(p.type_id, o.type_id)"
		" FROM main.packed_resource p" ORIGIN_JOINS " WHERE p.async_id = ?1";
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_RESOURCE, sql, async_id, &row, err);

	if (found != 1)
		return found;
	ret->trigger_id = lookup_column(row, 0);
	ret->run_id = lookup_column(row, 1);
	ret->thread_id = lookup_column(row, 2);
	ret->stack_id = lookup_column(row, 3);
	ret->created_ns = lookup_column(row, 4);
	ret->destroyed_ns = lookup_column(row, 5);
	ret->address = lookup_column(row, 6);
	ret->loop_id = lookup_column(row, 7);
	ret->handle_id = lookup_column(row, 8);
	ret->has_ref = lookup_column(row, 9);
	ret->api = lookup_text(recording, row, 10);
	*ret_type = lookup_column(row, 11);
	sqlite3_reset(row);
	return 1;
}

int lookup_resource(
	struct reader *recording, int64_t async_id, struct resource_row *ret, struct error *err)
{
	int64_t type_id = UNKNOWN;
	sqlite3_stmt *row;
	int found;

	*ret = (struct resource_row){async_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL, {.type_id = UNKNOWN}};
	if (async_id == UNKNOWN)
		return 0;
	found = request_row(recording, async_id, ret, &type_id, err);
	if (!found)
		found = handle_row(recording, async_id, ret, &type_id, err);
	if (found != 1)
		return found;
	if (lookup_type(recording, type_id, &ret->type, err) < 0)
		return -1;
	found = row_by_key(recording, STATEMENT_DETAIL,
		"SELECT text FROM main.detail WHERE async_id = ?1", async_id, &row, err);
	if (found == 1) {
		ret->detail = lookup_text(recording, row, 0);
		sqlite3_reset(row);
	}
	return found < 0 ? -1 : 1;
}

int lookup_arming(
	struct reader *recording, int64_t arming_id, struct arming_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT p.async_id, p.run_id, o.thread_id, o.stack_id, p.armed_ns, p.timeout_ms,"
		" p.repeat_ms, p.times, p.stood_ns, p.disarmed_run_id, p.disarmed_stack_id, a.name,"
		" p.end_code"
		" FROM main.packed_arming p" ORIGIN_JOINS " WHERE p.arming_id = ?1";
	static const char *const ends[] = {NULL, "fired", "stopped", "replaced", "closed"};
	sqlite3_stmt *row;
	int64_t end;
	int found;

	*ret = (struct arming_row){arming_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL};
	if (arming_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_ARMING, sql, arming_id, &row, err);
	if (found != 1)
		return found;
	ret->async_id = lookup_column(row, 0);
	ret->run_id = lookup_column(row, 1);
	ret->thread_id = lookup_column(row, 2);
	ret->stack_id = lookup_column(row, 3);
	ret->armed_ns = lookup_column(row, 4);
	ret->timeout_ms = lookup_column(row, 5);
	ret->repeat_ms = lookup_column(row, 6);
	ret->times = lookup_column(row, 7) == UNKNOWN ? 1 : lookup_column(row, 7);
	ret->disarmed_ns = plus(ret->armed_ns, lookup_column(row, 8));
	ret->disarmed_run_id = lookup_column(row, 9);
	ret->disarmed_stack_id = lookup_column(row, 10);
	ret->api = lookup_text(recording, row, 11);
	end = lookup_column(row, 12);
	ret->end = end > 0 && end < 5 ? ends[end] : NULL;
	sqlite3_reset(row);
	return 1;
}

int lookup_cause(
	struct reader *recording, int64_t cause_id, struct cause_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT p.async_id, p.run_id, o.thread_id, o.stack_id, p.caused_ns, p.kind, a.name"
		" FROM main.packed_cause p" ORIGIN_JOINS " WHERE p.cause_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct cause_row){
		cause_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL};
	if (cause_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_CAUSE, sql, cause_id, &row, err);
	if (found != 1)
		return found;
	ret->async_id = lookup_column(row, 0);
	ret->run_id = lookup_column(row, 1);
	ret->thread_id = lookup_column(row, 2);
	ret->stack_id = lookup_column(row, 3);
	ret->caused_ns = lookup_column(row, 4);
	ret->kind = lookup_text(recording, row, 5);
	ret->api = lookup_text(recording, row, 6);
	sqlite3_reset(row);
	return 1;
}

int lookup_fold(struct reader *recording, int64_t run_id, struct fold_row *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_FOLD,
		"SELECT period, times, to_run_id FROM main.fold WHERE run_id = ?1", run_id, &row,
		err);

	*ret = (struct fold_row){run_id, UNKNOWN, UNKNOWN, UNKNOWN};
	if (found != 1)
		return found;
	ret->period = lookup_column(row, 0);
	ret->times = lookup_column(row, 1);
	ret->to_run_id = lookup_column(row, 2);
	sqlite3_reset(row);
	return 1;
}

int lookup_thread(
	struct reader *recording, int64_t thread_id, struct thread_row *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found;

	*ret = (struct thread_row){
		thread_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL, false};
	if (thread_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_THREAD,
		"SELECT process_id, os_tid, root_run_id, last_run_id, started_ns, ended_ns, name, "
		"role,"
		" is_foreign FROM main.thread WHERE thread_id = ?1",
		thread_id, &row, err);
	if (found != 1)
		return found;
	ret->process_id = lookup_column(row, 0);
	ret->os_tid = lookup_column(row, 1);
	ret->root_run_id = lookup_column(row, 2);
	ret->last_run_id = lookup_column(row, 3);
	ret->started_ns = lookup_column(row, 4);
	ret->ended_ns = lookup_column(row, 5);
	ret->name = lookup_text(recording, row, 6);
	ret->role = lookup_text(recording, row, 7);
	ret->is_foreign = sqlite3_column_int(row, 8) == 1;
	sqlite3_reset(row);
	return 1;
}

int lookup_process(
	struct reader *recording, int64_t process_id, struct process_row *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found;

	*ret = (struct process_row){process_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, NULL, NULL, NULL, NULL};
	if (process_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_PROCESS,
		"SELECT os_pid, parent_process_id, spawned_by_async_id, started_ns, ended_ns, "
		"exit_code,"
		" exit_signal, executable, arguments, runtime, runtime_version FROM main.process"
		" WHERE process_id = ?1",
		process_id, &row, err);
	if (found != 1)
		return found;
	ret->os_pid = lookup_column(row, 0);
	ret->parent_process_id = lookup_column(row, 1);
	ret->spawned_by_async_id = lookup_column(row, 2);
	ret->started_ns = lookup_column(row, 3);
	ret->ended_ns = lookup_column(row, 4);
	ret->exit_code = lookup_column(row, 5);
	ret->exit_signal = lookup_column(row, 6);
	ret->executable = lookup_text(recording, row, 7);
	ret->arguments = lookup_text(recording, row, 8);
	ret->runtime = lookup_text(recording, row, 9);
	ret->runtime_version = lookup_text(recording, row, 10);
	sqlite3_reset(row);
	return 1;
}

int lookup_log(struct reader *recording, int64_t log_id, struct log_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT process_id, thread_id, run_id, stack_id, written_ns, fd, line_number,"
		" full_length, path, CAST(substr(text, 1, 65536) AS BLOB) FROM main.log"
		" WHERE log_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct log_row){log_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, NULL, NULL, 0};
	found = row_by_key(recording, STATEMENT_LOG, sql, log_id, &row, err);
	if (found != 1)
		return found;
	ret->process_id = lookup_column(row, 0);
	ret->thread_id = lookup_column(row, 1);
	ret->run_id = lookup_column(row, 2);
	ret->stack_id = lookup_column(row, 3);
	ret->written_ns = lookup_column(row, 4);
	ret->fd = lookup_column(row, 5);
	ret->line_number = lookup_column(row, 6);
	ret->full_length = lookup_column(row, 7);
	ret->path = lookup_text(recording, row, 8);
	ret->text_length = (size_t)sqlite3_column_bytes(row, 9);
	ret->text = reader_keep(recording, sqlite3_column_blob(row, 9), ret->text_length);
	sqlite3_reset(row);
	return ret->text || !ret->text_length ? 1 : error_set(err, "out of memory");
}

int lookup_crash(
	struct reader *recording, int64_t crash_id, struct crash_row *ret, struct error *err)
{
	static const char sql[] = "SELECT process_id, thread_id, run_id, stack_id, signal, code,"
				  " fault_address, crashed_ns, message FROM main.crash"
				  " WHERE crash_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct crash_row){crash_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, NULL};
	found = row_by_key(recording, STATEMENT_CRASH, sql, crash_id, &row, err);
	if (found != 1)
		return found;
	ret->process_id = lookup_column(row, 0);
	ret->thread_id = lookup_column(row, 1);
	ret->run_id = lookup_column(row, 2);
	ret->stack_id = lookup_column(row, 3);
	ret->signal = lookup_column(row, 4);
	ret->code = lookup_column(row, 5);
	ret->fault_address = lookup_column(row, 6);
	ret->crashed_ns = lookup_column(row, 7);
	ret->message = lookup_text(recording, row, 8);
	sqlite3_reset(row);
	return 1;
}

int lookup_gap_before(struct reader *recording, int64_t thread_id, int64_t ns, struct gap_row *ret,
	struct error *err)
{
	/* The table is as long as events were lost in pieces: read the newest of it only. */
	static const char sql[] = "SELECT gap_id, thread_id, from_ns, to_ns, lost FROM"
				  " (SELECT * FROM main.gap ORDER BY gap_id DESC LIMIT 10000)"
				  " WHERE from_ns <= ?1 AND (?2 IS NULL OR thread_id = ?2) LIMIT 1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct gap_row){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
	if (reader_prepare(recording, STATEMENT_GAP, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, ns == UNKNOWN ? INT64_MAX : ns);
	if (thread_id != UNKNOWN)
		sqlite3_bind_int64(row, 2, thread_id);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	ret->gap_id = lookup_column(row, 0);
	ret->thread_id = lookup_column(row, 1);
	ret->from_ns = lookup_column(row, 2);
	ret->to_ns = lookup_column(row, 3);
	ret->lost = lookup_column(row, 4);
	sqlite3_reset(row);
	return 1;
}
