/*
 * Rows of a recording that are written at once, one at a time: processes, threads, crashes, sums,
 * names. See recording.h. They belong to the transaction that the next flush commits.
 */
#include "recorder/ingest/recording_internal.h"

/* The statement of a row that is written at once; NULL after a failure. */
static sqlite3_stmt *begin_row(struct recording *recording, enum statement name, struct error *err)
{
	return recording_begin(recording, err) ? NULL : recording->statement[name];
}

int recording_set_meta(
	struct recording *recording, const char *key, const char *value, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_META, err);

	if (!statement)
		return -1;
	recording_bind_text(statement, 1, key);
	recording_bind_text(statement, 2, value);
	return recording_step(recording, statement, err);
}

int recording_write_process(
	struct recording *recording, const struct row_process *row, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, row->process_id);
	recording_bind_id(statement, 2, row->os_pid);
	recording_bind_id(statement, 3, row->parent_process_id);
	recording_bind_id(statement, 4, row->spawned_by_async_id);
	recording_bind_text(statement, 5, row->executable);
	recording_bind_text(statement, 6, row->arguments);
	recording_bind_text(statement, 7, row->runtime);
	recording_bind_text(statement, 8, row->runtime_version);
	recording_bind_number(statement, 9, row->started_ns);
	return recording_step(recording, statement, err);
}

int recording_write_process_birth(
	struct recording *recording, const struct row_process *row, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS_BIRTH, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, row->process_id);
	recording_bind_id(statement, 2, row->parent_process_id);
	recording_bind_id(statement, 3, row->spawned_by_async_id);
	recording_bind_number(statement, 4, row->is_foreign);
	return recording_step(recording, statement, err);
}

int recording_write_process_forked(struct recording *recording, uint32_t process_id,
	uint32_t parent_process_id, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS_FORKED, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, parent_process_id);
	return recording_step(recording, statement, err);
}

int recording_write_process_program(
	struct recording *recording, const struct row_process *row, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS_PROGRAM, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, row->process_id);
	recording_bind_text(statement, 2, row->executable);
	recording_bind_text(statement, 3, row->arguments);
	return recording_step(recording, statement, err);
}

int recording_write_process_runtime(
	struct recording *recording, uint32_t process_id, const char *runtime, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS_RUNTIME, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, process_id);
	recording_bind_text(statement, 2, runtime);
	return recording_step(recording, statement, err);
}

int recording_write_process_end(struct recording *recording, uint32_t process_id, int64_t ended_ns,
	int exit_code, int exit_signal, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS_END, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, process_id);
	recording_bind_number(statement, 2, ended_ns);
	recording_bind_number(statement, 3, exit_code < 0 ? ROW_UNKNOWN : exit_code);
	recording_bind_number(statement, 4, exit_signal < 0 ? ROW_UNKNOWN : exit_signal);
	return recording_step(recording, statement, err);
}

int recording_write_process_history(
	struct recording *recording, uint32_t process_id, int64_t from_ns, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_PROCESS_HISTORY, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, process_id);
	recording_bind_number(statement, 2, from_ns);
	if (from_ns > recording->counts.history_from_ns)
		recording->counts.history_from_ns = from_ns;
	return recording_step(recording, statement, err);
}

int recording_write_thread(
	struct recording *recording, const struct row_thread *row, struct error *err)
{
#define X(tag, name) [ACAUSAL_ROLE_##tag] = name,
	static const char *const roles[] = {ACAUSAL_ROLES(X)};
#undef X
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_THREAD, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, row->thread_id);
	sqlite3_bind_int64(statement, 2, row->process_id);
	recording_bind_id(statement, 3, row->os_tid);
	recording_bind_name(statement, 4, row->name);
	recording_bind_text(statement, 5,
		row->role >= 0 && row->role < ACAUSAL_ROLE_COUNT ? roles[row->role] : NULL);
	recording_bind_id(statement, 6, row->root_run_id);
	recording_bind_number(statement, 7, row->started_ns);
	recording_bind_number(statement, 8, row->is_foreign < 0 ? ROW_UNKNOWN : row->is_foreign);
	return recording_step(recording, statement, err);
}

int recording_write_thread_name(
	struct recording *recording, uint32_t thread_id, const char *name, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_THREAD_NAME, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, thread_id);
	recording_bind_name(statement, 2, name);
	return recording_step(recording, statement, err);
}

int recording_write_last_run(
	struct recording *recording, uint32_t thread_id, int64_t run_id, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_THREAD_LAST_RUN, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, thread_id);
	recording_bind_id(statement, 2, run_id);
	return recording_step(recording, statement, err);
}

int recording_write_detail(struct recording *recording, int64_t async_id, const char *text,
	size_t length, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_DETAIL, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, async_id);
	recording_bind_bytes(statement, 2, text, length);
	return recording_step(recording, statement, err);
}

int recording_write_fd(struct recording *recording, int64_t async_id, int64_t fd, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_FD, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, async_id);
	sqlite3_bind_int64(statement, 2, fd);
	return recording_step(recording, statement, err);
}

int recording_write_fold(struct recording *recording, int64_t run_id, int period, int64_t times,
	int64_t to_run_id, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_FOLD, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, run_id);
	sqlite3_bind_int(statement, 2, period);
	sqlite3_bind_int64(statement, 3, times);
	sqlite3_bind_int64(statement, 4, to_run_id);
	return recording_step(recording, statement, err);
}

int recording_write_crash(
	struct recording *recording, const struct row_crash *row, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_CRASH, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, row->process_id);
	recording_bind_id(statement, 2, row->thread_id);
	recording_bind_id(statement, 3, row->run_id);
	recording_bind_id(statement, 4, row->stack_id);
	sqlite3_bind_int(statement, 5, row->signal);
	sqlite3_bind_int(statement, 6, row->code);
	if (row->has_fault_address)
		sqlite3_bind_int64(statement, 7, (int64_t)row->fault_address);
	else
		sqlite3_bind_null(statement, 7);
	recording_bind_number(statement, 8, row->crashed_ns);
	recording_bind_bytes(statement, 9, row->message, row->message_length);
	if (recording_step(recording, statement, err))
		return -1;
	recording->counts.last_crash_id = sqlite3_last_insert_rowid(recording->db);
	return 0;
}

int recording_write_gap(struct recording *recording, uint32_t thread_id, int64_t from_ns,
	int64_t to_ns, int64_t lost, bool was_paused, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_GAP, err);

	if (!statement)
		return -1;
	recording_bind_id(statement, 1, thread_id);
	recording_bind_number(statement, 2, from_ns);
	recording_bind_number(statement, 3, to_ns);
	recording_bind_number(statement, 4, lost);
	recording_bind_text(statement, 5, was_paused ? "paused" : NULL);
	return recording_step(recording, statement, err);
}

int recording_write_total(
	struct recording *recording, const struct row_total *row, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_TOTAL, err);

	if (!statement)
		return -1;
	recording_bind_id(statement, 1, row->type_id);
	recording_bind_id(statement, 2, row->stack_id);
	sqlite3_bind_int64(statement, 3, row->created);
	sqlite3_bind_int64(statement, 4, row->destroyed);
	sqlite3_bind_int64(statement, 5, row->runs);
	sqlite3_bind_int64(statement, 6, row->wait_ns);
	sqlite3_bind_int64(statement, 7, row->wait_max_ns);
	sqlite3_bind_int64(statement, 8, row->run_ns);
	sqlite3_bind_int64(statement, 9, row->run_max_ns);
	recording_bind_text(statement, 10, row->buckets);
	return recording_step(recording, statement, err);
}

int recording_write_source(struct recording *recording, uint32_t frame_id, int inline_depth,
	const char *function, const char *file, const char *directory, int line, int column,
	struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_SOURCE, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, frame_id);
	sqlite3_bind_int(statement, 2, inline_depth);
	recording_bind_text(statement, 3, function);
	recording_bind_text(statement, 4, file);
	recording_bind_id(statement, 5, line);
	recording_bind_id(statement, 6, column);
	recording_bind_text(statement, 7, directory);
	return recording_step(recording, statement, err);
}

int recording_write_signature(
	struct recording *recording, uint32_t stack_id, int64_t signature, struct error *err)
{
	sqlite3_stmt *statement = begin_row(recording, STATEMENT_STACK_SIGNATURE, err);

	if (!statement)
		return -1;
	sqlite3_bind_int64(statement, 1, stack_id);
	sqlite3_bind_int64(statement, 2, signature);
	return recording_step(recording, statement, err);
}
