/*
 * Lines into SQLite: their texts wait beside their rows (recording_texts.c), which are written in
 * the order of their first bytes' time. A line gets its number here, so that those of one path rise
 * with `log_id`.
 */
#include "recorder/ingest/recording_internal.h"

int recording_add_log(
	struct recording *recording, const struct row_log *row, const char *text, struct error *err)
{
	struct row_log log = *row;

	if (recording->has_failed)
		return recording_fail(recording, "writing", err);
	if (!recording_add_text(recording, text, row->length, &log.text))
		return recording_no_memory(recording, err);
	return batch_add(&recording->waiting[WAITING_LOG].batch, &log)
		       ? 0
		       : recording_no_memory(recording, err);
}

static void bind_line(sqlite3_stmt *statement, int column, const char *text, size_t length)
{
	if (recording_is_utf8(text, length))
		sqlite3_bind_text(statement, column, text, (int)length, SQLITE_STATIC);
	else
		sqlite3_bind_blob(statement, column, text, (int)length, SQLITE_STATIC);
}

/* The next number of those that are counted together; 0 when there are too many of them. */
static uint32_t next_number(struct recording *recording, uint64_t counted_by)
{
	uint32_t number = 0;

	idmap_get(&recording->line_numbers, counted_by, &number);
	return idmap_put(&recording->line_numbers, counted_by, number + 1) ? number + 1 : 0;
}

int recording_keep_log(
	struct recording *recording, struct row_log *row, const char *text, struct error *err)
{
	sqlite3_stmt *statement =
		recording->statement[row->log_id ? STATEMENT_LOG_CHANGED : STATEMENT_LOG_KEPT];
	int64_t columns[WAITING_COLUMNS];
	int result;

	if (recording_begin(recording, err))
		return -1;
	if (row->log_id) {
		sqlite3_bind_int64(statement, 1, row->log_id);
		recording_bind_id(statement, 2, row->log_origin_id);
		recording_bind_number(statement, 3, row->full_length);
		bind_line(statement, 4, text, row->length);
	} else {
		row->line_number = next_number(recording, row->counted_by);
		recording->waiting[WAITING_LOG].pack(row, columns);
		for (int i = 0; i < 6; i++)
			recording_bind_number(statement, i + 1, columns[i]);
		bind_line(statement, 7, text, row->length);
	}
	result = recording_step(recording, statement, err);
	if (!row->log_id)
		row->log_id = sqlite3_last_insert_rowid(recording->db);
	return result;
}

static int write_sink(
	struct recording *recording, uint32_t number, const struct sink *sink, struct error *err)
{
#define X(tag, name) [ACAUSAL_SINK_##tag] = name,
	static const char *const kinds[] = {ACAUSAL_SINKS(X)};
#undef X
	sqlite3_stmt *statement = recording->statement[STATEMENT_SINK];
	unsigned kind = sink->kind < ACAUSAL_SINK_COUNT ? sink->kind : ACAUSAL_SINK_OTHER;
	bool has_number = sink->device || sink->inode;

	sqlite3_bind_int64(statement, 1, number);
	sqlite3_bind_text(statement, 2, kinds[kind], -1, SQLITE_STATIC);
	recording_bind_name(statement, 3, sink->path);
	recording_bind_number(statement, 4, has_number ? (int64_t)sink->device : ROW_UNKNOWN);
	recording_bind_number(statement, 5, has_number ? (int64_t)sink->inode : ROW_UNKNOWN);
	recording_bind_id(statement, 6, sink->born_ns);
	recording_bind_number(statement, 7,
		kind == ACAUSAL_SINK_FILE && sink->size_before <= INT64_MAX
			? (int64_t)sink->size_before
			: ROW_UNKNOWN);
	recording_bind_number(statement, 8, sink->met_ns);
	recording_bind_name(statement, 9, sink->moved_to);
	return recording_step(recording, statement, err);
}

static int write_sinks(struct recording *recording, struct error *err)
{
	struct sinks *sinks = &recording->terms->sinks;

	if (!sinks->have_news)
		return 0;
	for (uint32_t i = 0; i < sinks->count; i++) {
		if (!sinks->sinks[i].is_news)
			continue;
		if (write_sink(recording, i + 1, &sinks->sinks[i], err))
			return -1;
		sinks->sinks[i].is_news = false;
	}
	sinks->have_news = false;
	return 0;
}

int recording_write_log_terms(struct recording *recording, struct error *err)
{
	const struct intern *origins = &recording->terms->log_origins;
	sqlite3_stmt *statement = recording->statement[STATEMENT_LOG_ORIGIN];

	for (; recording->log_origins_written < origins->count; recording->log_origins_written++) {
		const struct intern_key *key =
			intern_key(origins, recording->log_origins_written + 1);
		int64_t fd = (int64_t)(key->word[1] >> 32) - 1;
		uint32_t call = (uint32_t)key->word[1];

		sqlite3_bind_int64(statement, 1, recording->log_origins_written + 1);
		recording_bind_id(statement, 2, (int64_t)(key->word[2] >> 32));
		recording_bind_id(statement, 3, (int64_t)(key->word[0] >> 32));
		recording_bind_number(statement, 4, fd < 0 ? ROW_UNKNOWN : fd);
		recording_bind_id(statement, 5, (int64_t)(key->word[2] & UINT32_MAX));
		recording_bind_id(statement, 6, (int64_t)(key->word[0] & UINT32_MAX));
		recording_bind_id(statement, 7, call >> 1);
		recording_bind_id(statement, 8, call & 1);
		if (recording_step(recording, statement, err))
			return -1;
	}
	return write_sinks(recording, err);
}

void recording_number_logs(struct recording *recording)
{
	const struct batch *batch = &recording->waiting[WAITING_LOG].batch;

	for (size_t i = 0; i < batch->count; i++) {
		struct row_log *row = (struct row_log *)batch_row(batch, i);

		row->line_number = next_number(recording, row->counted_by);
	}
}

void recording_give_line(const void *data, int n, void *user, sqlite3_context *context)
{
	const struct row_log *row = data;

	(void)n;
	recording_give_text(user, row->text, row->length, context);
}
