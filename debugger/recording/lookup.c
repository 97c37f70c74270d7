/*
 * Rows of a recording by key: see lookup.h. Promises that every statement is reset when a function
 * returns. Must not scan: whatever is added here needs a key or an index behind it.
 */
#include "debugger/recording/lookup.h"

#include "debugger/recording/request_finder.h"

#include <stdlib.h>
#include <string.h>

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

/*
 * What was asked for last. Of the runs of a trace, one after the other, a few handles come again
 * and again, each request twice, for its run and for its creation, and most are in one table.
 */
#define RECENT 64

struct recent {
	struct resource_row rows[RECENT];
	bool is_row[RECENT];
	size_t run_table; /* where the last run was */
};

/* That of a recording; NULL when memory runs out. */
static struct recent *recent_of(struct reader *recording)
{
	struct recent *recent = reader_attached(recording, ATTACHED_RECENT);

	if (!recent && (recent = calloc(1, sizeof *recent)))
		reader_attach(recording, ATTACHED_RECENT, recent, free);
	return recent;
}

void lookup_forget_run(struct run_row *ret, int64_t run_id)
{
	*ret = (struct run_row){run_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, false};
}

/* What the tables that hold runs have in common; `p` is the table. */
#define RUN_COLUMNS                                                                                \
	"p.run_id, p.async_id, e.thread_id, u.outer_run_id, u.outer_stack_id,"                     \
	" e.callback_frame_id, p.duration_ns, p.cause_id, t.root_run_id, e.part"
#define RUN_JOINS                                                                                  \
	" LEFT JOIN main.entry e ON e.entry_id = p.entry_id"                                       \
	" LEFT JOIN main.thread t ON t.thread_id = e.thread_id"                                    \
	" LEFT JOIN main.packed_outer u ON u.run_id = p.run_id"

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
	ret->cause_id = lookup_column(row, 7);
	ret->root_run_id = lookup_column(row, 8);
	ret->part = lookup_text(recording, row, 9);
	if (ret->outer_run_id == UNKNOWN)
		ret->outer_run_id = ret->root_run_id;
	if (ret->run_id == ret->root_run_id)
		ret->outer_run_id = UNKNOWN;
}

int lookup_request_run(
	struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
#define REQUEST_COLUMNS "SELECT " RUN_COLUMNS ", p.created_ns + p.wait_ns, p.status, p.bytes"
	static const char by_run_id[] =
		REQUEST_COLUMNS " FROM main.packed_request p" RUN_JOINS " WHERE p.run_id = ?1";
	static const char by_async_id[] =
		REQUEST_COLUMNS " FROM main.packed_request p" RUN_JOINS " WHERE p.async_id = ?1";
	sqlite3_stmt *row;
	int64_t async_id;
	int found;

	if (reader_is_indexed(recording)) {
		found = row_by_key(recording, STATEMENT_REQUEST_RUN, by_run_id, run_id, &row, err);
	} else {
		found = request_finder_find(recording, run_id, &async_id, err);
		if (found == 1)
			found = row_by_key(recording, STATEMENT_REQUEST_RUN_BY_ID, by_async_id,
				async_id, &row, err);
	}
	if (found == 1) {
		read_run(recording, row, ret);
		ret->began_ns = lookup_column(row, 10);
		ret->status = lookup_column(row, 11);
		ret->bytes = lookup_column(row, 12);
		sqlite3_reset(row);
	}
	return found;
}

/* A run that is packed with the arming that it used up. */
static int shot_run(
	struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT " RUN_COLUMNS ", p.armed_ns + p.wait_ns, p.run_id - p.arming_delta"
		" FROM main.packed_shot p" RUN_JOINS " WHERE p.run_id = ?1";
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_SHOT_RUN, sql, run_id, &row, err);

	if (found == 1) {
		read_run(recording, row, ret);
		ret->began_ns = lookup_column(row, 10);
		ret->arming_id = lookup_column(row, 11);
		ret->is_shot = true;
		sqlite3_reset(row);
	}
	return found;
}

/* A run that stands alone. */
static int lone_run(
	struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT " RUN_COLUMNS ", p.began_ns, p.arming_id, p.status, p.bytes"
		" FROM main.packed_run p" RUN_JOINS " WHERE p.run_id = ?1";
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_RUN, sql, run_id, &row, err);

	if (found == 1) {
		read_run(recording, row, ret);
		ret->began_ns = lookup_column(row, 10);
		ret->arming_id = lookup_column(row, 11);
		ret->status = lookup_column(row, 12);
		ret->bytes = lookup_column(row, 13);
		sqlite3_reset(row);
	}
	return found;
}

/* In the first `count` of the tables that hold runs, that of the last run first. */
static int run_in_tables(struct reader *recording, int64_t run_id, size_t count,
	struct run_row *ret, struct error *err)
{
	static int (*const tables[])(struct reader *, int64_t, struct run_row *, struct error *) = {
		lone_run, shot_run, lookup_request_run};
	struct recent *recent = recent_of(recording);
	size_t last = recent && recent->run_table < count ? recent->run_table : 0, i;
	int found = 0;

	lookup_forget_run(ret, run_id);
	if (run_id == UNKNOWN)
		return 0;
	for (i = 0; i < count && !found; i++) {
		size_t table = (last + i) % count;

		found = tables[table](recording, run_id, ret, err);
		if (found == 1 && recent)
			recent->run_table = table;
	}
	return found;
}

int lookup_handle_run(
	struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	return run_in_tables(recording, run_id, 2, ret, err);
}

int lookup_run(struct reader *recording, int64_t run_id, struct run_row *ret, struct error *err)
{
	int found;

	if (reader_is_indexed(recording))
		return run_in_tables(recording, run_id, 3, ret, err);
	found = lookup_handle_run(recording, run_id, ret, err);
	return found || run_id == UNKNOWN ? found : lookup_request_run(recording, run_id, ret, err);
}

#define ORIGIN_JOINS                                                                               \
	" LEFT JOIN main.origin o ON o.origin_id = p.origin_id"                                    \
	" LEFT JOIN main.api a ON a.api_id = o.api_id"

#define RESOURCE_COLUMNS                                                                           \
	"p.async_id - p.trigger_delta, o.thread_id, o.stack_id, p.created_ns,"                     \
	" coalesce(o.address, 0) + p.address_delta, o.loop_id, p.async_id - p.handle_delta,"       \
	" a.name, y.type_id, y.name, y.class, y.hook_type, y.armed_by_creation, d.text, d.fd"
#define RESOURCE_JOINS(type)                                                                       \
	ORIGIN_JOINS " LEFT JOIN main.type y ON y.type_id = " type                                 \
		     " LEFT JOIN main.detail d ON d.async_id = p.async_id"                         \
		     " WHERE p.async_id = ?1"

/* RESOURCE_COLUMNS, from the row that stands there. */
static void read_resource(struct reader *recording, sqlite3_stmt *row, struct resource_row *ret)
{
	ret->trigger_id = lookup_column(row, 0);
	ret->thread_id = lookup_column(row, 1);
	ret->stack_id = lookup_column(row, 2);
	ret->created_ns = lookup_column(row, 3);
	ret->address = lookup_column(row, 4);
	ret->loop_id = lookup_column(row, 5);
	ret->handle_id = lookup_column(row, 6);
	ret->api = lookup_text(recording, row, 7);
	ret->type.type_id = lookup_column(row, 8);
	ret->type.name = lookup_text(recording, row, 9);
	ret->type.class = lookup_text(recording, row, 10);
	ret->type.hook_type = lookup_text(recording, row, 11);
	ret->type.armed_by_creation = sqlite3_column_int(row, 12) == 1;
	ret->detail = lookup_text(recording, row, 13);
	ret->fd = lookup_column(row, 14);
}

static int request_row(
	struct reader *recording, int64_t async_id, struct resource_row *ret, struct error *err)
{
	static const char sql[] = "SELECT " RESOURCE_COLUMNS ", p.run_id - p.creator_delta,"
				  " p.created_ns + p.wait_ns + p.duration_ns, p.run_id"
				  " FROM main.packed_request p" RESOURCE_JOINS("o.type_id");
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_REQUEST, sql, async_id, &row, err);

	if (found != 1)
		return found;
	read_resource(recording, row, ret);
	ret->run_id = lookup_column(row, 15);
	ret->destroyed_ns = lookup_column(row, 16);
	ret->request_run_id = lookup_column(row, 17);
	sqlite3_reset(row);
	return 1;
}

static int handle_row(
	struct reader *recording, int64_t async_id, struct resource_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT " RESOURCE_COLUMNS ", p.run_id, p.created_ns + p.lifetime_ns, p.has_ref"
		" FROM main.packed_resource p" RESOURCE_JOINS("coalesce(p.type_id, o.type_id)");
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_RESOURCE, sql, async_id, &row, err);

	if (found != 1)
		return found;
	read_resource(recording, row, ret);
	ret->run_id = lookup_column(row, 15);
	ret->destroyed_ns = lookup_column(row, 16);
	ret->has_ref = lookup_column(row, 17);
	sqlite3_reset(row);
	return 1;
}

int lookup_resource(
	struct reader *recording, int64_t async_id, struct resource_row *ret, struct error *err)
{
	struct recent *recent = recent_of(recording);
	size_t slot = (uint64_t)async_id % RECENT;
	int found;

	*ret = (struct resource_row){async_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL,
		{.type_id = UNKNOWN}};
	if (async_id == UNKNOWN)
		return 0;
	if (recent && recent->is_row[slot] && recent->rows[slot].async_id == async_id) {
		*ret = recent->rows[slot];
		return 1;
	}
	found = request_row(recording, async_id, ret, err);
	if (!found)
		found = handle_row(recording, async_id, ret, err);
	if (found == 1 && recent) {
		recent->rows[slot] = *ret;
		recent->is_row[slot] = true;
	}
	return found;
}

static void forget_arming(struct arming_row *ret, int64_t arming_id)
{
	*ret = (struct arming_row){arming_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL};
}

int lookup_arming(
	struct reader *recording, int64_t arming_id, struct arming_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT p.async_id, p.run_id, o.thread_id, o.stack_id, p.armed_ns, p.timeout_ms,"
		" p.repeat_ms, p.times, p.stood_ns, coalesce(p.run_id, 0) + p.disarmed_delta,"
		" p.disarmed_stack_id, a.name,"
		" p.end_code"
		" FROM main.packed_arming p" ORIGIN_JOINS " WHERE p.arming_id = ?1";
	static const char *const ends[] = {NULL, "fired", "stopped", "replaced", "closed"};
	sqlite3_stmt *row;
	int64_t end;
	int found;

	forget_arming(ret, arming_id);
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

int lookup_shot(struct reader *recording, int64_t run_id, struct arming_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT p.run_id - p.arming_delta, p.async_id, p.run_id - p.armer_delta, "
		"o.thread_id,"
		" o.stack_id, p.armed_ns, p.timeout_ms, p.armed_ns + p.wait_ns, a.name"
		" FROM main.packed_shot p" ORIGIN_JOINS " WHERE p.run_id = ?1";
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_SHOT, sql, run_id, &row, err);

	forget_arming(ret, UNKNOWN);
	if (found != 1)
		return found;
	ret->arming_id = lookup_column(row, 0);
	ret->async_id = lookup_column(row, 1);
	ret->run_id = lookup_column(row, 2);
	ret->thread_id = lookup_column(row, 3);
	ret->stack_id = lookup_column(row, 4);
	ret->armed_ns = lookup_column(row, 5);
	ret->timeout_ms = lookup_column(row, 6);
	ret->disarmed_ns = lookup_column(row, 7);
	ret->times = 1;
	ret->api = lookup_text(recording, row, 8);
	ret->end = "fired";
	sqlite3_reset(row);
	return 1;
}

int lookup_arming_of(struct reader *recording, const struct run_row *run, struct arming_row *ret,
	struct error *err)
{
	return run->is_shot ? lookup_shot(recording, run->run_id, ret, err)
			    : lookup_arming(recording, run->arming_id, ret, err);
}

int lookup_cause(
	struct reader *recording, int64_t cause_id, struct cause_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT p.async_id, p.run_id, o.thread_id, o.stack_id, p.caused_ns, o.kind, a.name,"
		" p.times FROM main.packed_cause p" ORIGIN_JOINS " WHERE p.cause_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct cause_row){
		cause_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL};
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
	ret->times = lookup_column(row, 7);
	sqlite3_reset(row);
	return 1;
}

int lookup_fold_before(
	struct reader *recording, int64_t run_id, struct fold_row *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found = row_by_key(recording, STATEMENT_FOLD,
		"SELECT run_id, period, times, to_run_id FROM main.fold WHERE run_id <= ?1"
		" ORDER BY run_id DESC LIMIT 1",
		run_id, &row, err);

	*ret = (struct fold_row){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
	if (found != 1)
		return found;
	ret->run_id = lookup_column(row, 0);
	ret->period = lookup_column(row, 1);
	ret->times = lookup_column(row, 2);
	ret->to_run_id = lookup_column(row, 3);
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
	static const char sql[] =
		"SELECT os_pid, parent_process_id, spawned_by_async_id, started_ns, ended_ns,"
		" exit_code, exit_signal, executable, arguments, runtime, runtime_version,"
		" is_foreign, history_from_ns FROM main.process WHERE process_id = ?1";
	static const char old_sql[] =
		"SELECT os_pid, parent_process_id, spawned_by_async_id, started_ns, ended_ns,"
		" exit_code, exit_signal, executable, arguments, runtime, runtime_version,"
		" is_foreign, NULL FROM main.process WHERE process_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct process_row){process_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL, NULL, NULL, false};
	if (process_id == UNKNOWN)
		return 0;
	found = row_by_key(recording, STATEMENT_PROCESS,
		reader_has_history(recording) ? sql : old_sql, process_id, &row, err);
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
	ret->is_foreign = sqlite3_column_int(row, 11) == 1;
	ret->history_from_ns = lookup_column(row, 12);
	sqlite3_reset(row);
	return 1;
}

/*
 * The text is cut where nobody would read on. As bytes: of a text, substr counts characters, and
 * ends at a NUL.
 */
int lookup_log(struct reader *recording, int64_t log_id, struct log_row *ret, struct error *err)
{
	static const char sql[] =
		"SELECT o.process_id, o.thread_id, l.run_id, l.stack_id, l.written_ns, o.fd,"
		" l.line_number, o.sink_id, o.writer_id, o.at_flush, s.path, s.moved_to, s.kind,"
		" a.name, coalesce(l.full_length, length(CAST(l.text AS BLOB))),"
		" substr(CAST(l.text AS BLOB), 1, 16777216) FROM main.packed_log l"
		" LEFT JOIN main.log_origin o ON o.log_origin_id = l.log_origin_id"
		" LEFT JOIN main.sink s ON s.sink_id = o.sink_id"
		" LEFT JOIN main.api a ON a.api_id = o.api_id WHERE l.log_id = ?1";
	sqlite3_stmt *row;
	int found;

	*ret = (struct log_row){log_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL, NULL, NULL, NULL, 0, false};
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
	ret->sink_id = lookup_column(row, 7);
	ret->writer_id = lookup_column(row, 8);
	ret->at_flush = sqlite3_column_int(row, 9) == 1;
	ret->path = lookup_text(recording, row, 10);
	ret->moved_to = lookup_text(recording, row, 11);
	ret->sink_kind = lookup_text(recording, row, 12);
	ret->api = lookup_text(recording, row, 13);
	ret->full_length = lookup_column(row, 14);
	ret->text_length = (size_t)sqlite3_column_bytes(row, 15);
	ret->text = reader_keep(recording, sqlite3_column_blob(row, 15), ret->text_length);
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

int lookup_gap_before(struct reader *recording, int64_t process_id, int64_t ns, struct gap_row *ret,
	struct error *err)
{
	/* The table is as long as events were lost in pieces: read the newest of it only. */
#define GAP_SQL(reason)                                                                            \
	"SELECT g.gap_id, g.thread_id, g.from_ns, g.to_ns, g.lost, " reason " FROM"                \
	" (SELECT * FROM main.gap ORDER BY gap_id DESC LIMIT 10000) g"                             \
	" LEFT JOIN main.thread t ON t.thread_id = g.thread_id"                                    \
	" WHERE g.from_ns <= ?1"                                                                   \
	" AND (t.process_id = ?2 OR t.process_id IS NULL)"                                         \
	" ORDER BY g.gap_id DESC LIMIT 1"
	static const char sql[] = GAP_SQL("g.reason = 'paused'"), old_sql[] = GAP_SQL("0");
#undef GAP_SQL
	sqlite3_stmt *row;
	int found;

	*ret = (struct gap_row){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, false};
	if (reader_prepare(recording, STATEMENT_GAP, reader_has_history(recording) ? sql : old_sql,
		    &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, ns == UNKNOWN ? INT64_MAX : ns);
	sqlite3_bind_int64(row, 2, process_id);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	ret->gap_id = lookup_column(row, 0);
	ret->thread_id = lookup_column(row, 1);
	ret->from_ns = lookup_column(row, 2);
	ret->to_ns = lookup_column(row, 3);
	ret->lost = lookup_column(row, 4);
	ret->was_paused = sqlite3_column_int(row, 5) == 1;
	sqlite3_reset(row);
	return 1;
}
