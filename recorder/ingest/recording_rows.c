/*
 * Rows into SQLite: see recording.h. A flush writes, in this order, the terms that are new, the
 * rows that wait in order of their keys, and the changes to rows; then it commits.
 *
 * A row whose key is there already is left out: IDs are given once, so that only a damaged arena
 * has two, and the first is kept.
 */
#include "recorder/ingest/recording_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROWS_FULL = 65536,
	TEXT_FULL = 8 << 20,
	CHANGES_KEPT = 8192, /* to rows that have not come yet */
};

static int add(struct recording *recording, struct batch *batch, const void *row, struct error *err)
{
	if (recording->has_failed)
		return recording_fail(recording, "writing", err);
	return batch_add(batch, row) ? 0 : recording_no_memory(recording, err);
}

int recording_add_resource(
	struct recording *recording, const struct row_resource *row, struct error *err)
{
	return add(recording, &recording->resources, row, err);
}

int recording_add_request(
	struct recording *recording, const struct row_request *row, struct error *err)
{
	return add(recording, &recording->requests, row, err);
}

int recording_add_run(struct recording *recording, const struct row_run *row, struct error *err)
{
	return add(recording, &recording->runs, row, err);
}

int recording_add_arming(
	struct recording *recording, const struct row_arming *row, struct error *err)
{
	return add(recording, &recording->armings, row, err);
}

int recording_add_cause(struct recording *recording, const struct row_cause *row, struct error *err)
{
	return add(recording, &recording->causes, row, err);
}

int recording_add_change(struct recording *recording, const struct change *row, struct error *err)
{
	return add(recording, &recording->changes, row, err);
}

int recording_add_log(
	struct recording *recording, const struct row_log *row, const char *text, struct error *err)
{
	struct row_log log = *row;

	if (!recording->texts || recording->text_capacity - recording->text_size < row->length) {
		size_t capacity = 2 * recording->text_capacity + row->length + 4096;
		char *texts = capacity < UINT_MAX ? realloc(recording->texts, capacity) : NULL;

		if (!texts)
			return recording_no_memory(recording, err);
		recording->texts = texts;
		recording->text_capacity = capacity;
	}
	log.text = (uint32_t)recording->text_size;
	memcpy(recording->texts + recording->text_size, text, row->length);
	recording->text_size += row->length;
	return add(recording, &recording->logs, &log, err);
}

static size_t rows_waiting(const struct recording *recording)
{
	return recording->resources.count + recording->requests.count + recording->runs.count +
	       recording->armings.count + recording->causes.count + recording->logs.count;
}

bool recording_is_full(const struct recording *recording)
{
	return rows_waiting(recording) + recording->changes.count >= ROWS_FULL ||
	       recording->text_size >= TEXT_FULL;
}

bool recording_has_news(const struct recording *recording)
{
	return recording->in_transaction || rows_waiting(recording) || recording->changes.count;
}

struct change *recording_changes(struct recording *recording, size_t *count)
{
	*count = recording->changes.count;
	return (struct change *)recording->changes.rows;
}

static int write_places(struct recording *recording, struct error *err)
{
	const struct places *places = &recording->terms->places;
	sqlite3_stmt *module = recording->statement[STATEMENT_MODULE];
	sqlite3_stmt *mapping = recording->statement[STATEMENT_MAPPING];
	sqlite3_stmt *frame = recording->statement[STATEMENT_FRAME];
	sqlite3_stmt *stack = recording->statement[STATEMENT_STACK];
#define X(tag, words) [NODE_END_##tag] = words,
	static const char *const ends[] = {ACAUSAL_STACK_ENDS(X)};
#undef X

	for (; recording->modules_written < places->module_count; recording->modules_written++) {
		const struct places_module *row = &places->modules[recording->modules_written];

		sqlite3_bind_int64(module, 1, recording->modules_written + 1);
		recording_bind_text(module, 2, row->path);
		recording_bind_text(module, 3, row->build_id);
		if (recording_step(recording, module, err))
			return -1;
	}
	for (; recording->mappings_written < places->mapping_count; recording->mappings_written++) {
		const struct places_mapping *row = &places->mappings[recording->mappings_written];

		sqlite3_bind_int64(mapping, 1, row->module_id);
		sqlite3_bind_int64(mapping, 2, row->process_id);
		sqlite3_bind_int64(mapping, 3, (int64_t)row->start);
		sqlite3_bind_int64(mapping, 4, (int64_t)row->end);
		sqlite3_bind_int64(mapping, 5, (int64_t)row->bias);
		if (recording_step(recording, mapping, err))
			return -1;
	}
	for (; recording->frames_written < places->frames.count; recording->frames_written++) {
		const struct intern_key *key = &places->frames.keys[recording->frames_written];
		uint32_t flags = (uint32_t)key->word[0];

		sqlite3_bind_int64(frame, 1, recording->frames_written + 1);
		recording_bind_id(frame, 2, (int64_t)(key->word[0] >> 32));
		recording_bind_number(
			frame, 3, flags & PLACES_END ? ROW_UNKNOWN : (int64_t)key->word[1]);
		recording_bind_id(frame, 4, flags & PLACES_EXACT);
		recording_bind_text(frame, 5,
			flags & PLACES_END && key->word[1] < NODE_WORDS ? ends[key->word[1]]
									: NULL);
		if (recording_step(recording, frame, err))
			return -1;
	}
	for (; recording->stacks_written < places->stacks.count; recording->stacks_written++) {
		uint64_t word = places->stacks.keys[recording->stacks_written].word[0];

		sqlite3_bind_int64(stack, 1, recording->stacks_written + 1);
		recording_bind_id(stack, 2, (int64_t)(word >> 32));
		recording_bind_id(stack, 3, (int64_t)(word & UINT32_MAX));
		if (recording_step(recording, stack, err))
			return -1;
	}
	return 0;
}

static int write_terms(struct recording *recording, struct error *err)
{
	const struct recording_terms *terms = recording->terms;
	sqlite3_stmt *origin = recording->statement[STATEMENT_ORIGIN];
	sqlite3_stmt *entry = recording->statement[STATEMENT_ENTRY];
#define X(tag, name) [ACAUSAL_PART_##tag] = name,
	static const char *const parts[] = {ACAUSAL_PARTS(X)};
#undef X

	for (; recording->origins_written < terms->origins.count; recording->origins_written++) {
		const struct intern_key *key = &terms->origins.keys[recording->origins_written];

		sqlite3_bind_int64(origin, 1, recording->origins_written + 1);
		recording_bind_id(origin, 2, (int64_t)(key->word[0] >> 32));
		recording_bind_id(origin, 3, (int64_t)(key->word[1] >> 32));
		recording_bind_id(origin, 4, (int64_t)(key->word[1] & UINT32_MAX));
		recording_bind_id(origin, 5, (int64_t)(key->word[0] & UINT32_MAX));
		recording_bind_id(origin, 6, (int64_t)key->word[2]);
		if (recording_step(recording, origin, err))
			return -1;
	}
	for (; recording->entries_written < terms->entries.count; recording->entries_written++) {
		const struct intern_key *key = &terms->entries.keys[recording->entries_written];
		uint32_t part = (uint32_t)key->word[0];

		sqlite3_bind_int64(entry, 1, recording->entries_written + 1);
		recording_bind_id(entry, 2, (int64_t)(key->word[0] >> 32));
		recording_bind_text(entry, 3, part < ACAUSAL_PART_COUNT ? parts[part] : NULL);
		recording_bind_id(entry, 4, (int64_t)key->word[1]);
		if (recording_step(recording, entry, err))
			return -1;
	}
	return write_places(recording, err);
}

static void bind_resource(sqlite3_stmt *statement, const void *data)
{
	const struct row_resource *row = data;

	sqlite3_bind_int64(statement, 1, row->async_id);
	recording_bind_id(statement, 2, row->origin_id);
	recording_bind_id(statement, 3, row->type_id);
	recording_bind_id(statement, 4, row->trigger_id);
	recording_bind_id(statement, 5, row->run_id);
	recording_bind_number(statement, 6, row->created_ns);
	recording_bind_number(statement, 7, row->lifetime_ns);
	recording_bind_id(statement, 8, row->address);
	recording_bind_id(statement, 9, row->handle_id);
}

static void bind_request(sqlite3_stmt *statement, const void *data)
{
	const struct row_request *row = data;
	const struct row_resource *resource = &row->resource;
	const struct row_run *run = &row->run;
	int64_t id = resource->async_id;

	sqlite3_bind_int64(statement, 1, id);
	recording_bind_id(statement, 2, resource->origin_id);
	recording_bind_number(
		statement, 3, resource->trigger_id ? id - resource->trigger_id : ROW_UNKNOWN);
	recording_bind_id(statement, 4, resource->run_id);
	recording_bind_number(statement, 5, resource->created_ns);
	recording_bind_id(statement, 6, resource->address);
	recording_bind_number(
		statement, 7, resource->handle_id ? id - resource->handle_id : ROW_UNKNOWN);
	sqlite3_bind_int64(statement, 8, run->run_id);
	recording_bind_id(statement, 9, run->entry_id);
	recording_bind_number(statement, 10,
		run->began_ns == ROW_UNKNOWN || resource->created_ns == ROW_UNKNOWN
			? ROW_UNKNOWN
			: run->began_ns - resource->created_ns);
	recording_bind_number(statement, 11, run->duration_ns);
	recording_bind_number(statement, 12, run->status);
	recording_bind_number(statement, 13, run->bytes);
	recording_bind_id(statement, 14, run->cause_id);
	recording_bind_id(statement, 15, run->outer_run_id);
	recording_bind_id(statement, 16, run->outer_stack_id);
}

static void bind_run(sqlite3_stmt *statement, const void *data)
{
	const struct row_run *row = data;

	sqlite3_bind_int64(statement, 1, row->run_id);
	recording_bind_id(statement, 2, row->async_id);
	recording_bind_id(statement, 3, row->arming_id);
	recording_bind_id(statement, 4, row->entry_id);
	recording_bind_number(statement, 5, row->began_ns);
	recording_bind_number(statement, 6, row->duration_ns);
	recording_bind_number(statement, 7, row->status);
	recording_bind_number(statement, 8, row->bytes);
	recording_bind_id(statement, 9, row->cause_id);
	recording_bind_id(statement, 10, row->outer_run_id);
	recording_bind_id(statement, 11, row->outer_stack_id);
}

static void bind_arming(sqlite3_stmt *statement, const void *data)
{
	const struct row_arming *row = data;

	sqlite3_bind_int64(statement, 1, row->arming_id);
	recording_bind_id(statement, 2, row->async_id);
	recording_bind_id(statement, 3, row->run_id);
	recording_bind_id(statement, 4, row->origin_id);
	recording_bind_number(statement, 5, row->armed_ns);
	recording_bind_number(statement, 6, row->timeout_ms);
	recording_bind_number(statement, 7, row->repeat_ms);
	recording_bind_number(statement, 8, row->times);
	recording_bind_number(statement, 9, row->stood_ns);
	recording_bind_id(statement, 10, row->end_code);
	recording_bind_id(statement, 11, row->disarmed_run_id);
	recording_bind_id(statement, 12, row->disarmed_stack_id);
}

static void bind_cause(sqlite3_stmt *statement, const void *data)
{
#define X(tag, name) [ACAUSAL_CAUSE_##tag] = name,
	static const char *const kinds[] = {ACAUSAL_CAUSES(X)};
#undef X
	const struct row_cause *row = data;

	sqlite3_bind_int64(statement, 1, row->cause_id);
	recording_bind_text(
		statement, 2, row->kind < ACAUSAL_CAUSE_COUNT ? kinds[row->kind] : NULL);
	recording_bind_id(statement, 3, row->async_id);
	recording_bind_id(statement, 4, row->run_id);
	recording_bind_id(statement, 5, row->origin_id);
	recording_bind_number(statement, 6, row->caused_ns);
	recording_bind_id(statement, 7, row->first_id);
	recording_bind_id(statement, 8, row->caused_run_id);
}

static int write_batch(struct recording *recording, struct batch *batch, enum statement name,
	void (*bind)(sqlite3_stmt *, const void *), int64_t *written, struct error *err)
{
	sqlite3_stmt *statement = recording->statement[name];
	int before = sqlite3_total_changes(recording->db);

	if (!batch_sort(batch))
		return recording_no_memory(recording, err);
	for (size_t i = 0; i < batch->count; i++) {
		bind(statement, batch_row(batch, i));
		if (recording_step(recording, statement, err))
			return -1;
	}
	*written += (unsigned)sqlite3_total_changes(recording->db) - (unsigned)before;
	batch_clear(batch);
	return 0;
}

static int write_logs(struct recording *recording, struct error *err)
{
	sqlite3_stmt *statement = recording->statement[STATEMENT_LOG];

	if (!batch_sort(&recording->logs))
		return recording_no_memory(recording, err);
	for (size_t i = 0; i < recording->logs.count; i++) {
		const struct row_log *row = batch_row(&recording->logs, i);
		uint64_t key = (uint64_t)row->process_id << 32 | ((uint32_t)row->fd + 1u);
		uint32_t line = 0;
		bool counted;

		idmap_get(&recording->line_numbers, key, &line);
		counted = idmap_put(&recording->line_numbers, key, ++line);
		sqlite3_bind_int64(statement, 1, row->process_id);
		recording_bind_id(statement, 2, row->thread_id);
		recording_bind_id(statement, 3, row->run_id);
		recording_bind_id(statement, 4, row->stack_id);
		recording_bind_number(statement, 5, row->written_ns);
		sqlite3_bind_int(statement, 6, row->fd);
		recording_bind_id(statement, 7, counted ? line : 0);
		recording_bind_bytes(statement, 8, recording->texts + row->text, row->length);
		recording_bind_number(statement, 9, row->full_length);
		if (recording_step(recording, statement, err))
			return -1;
	}
	batch_clear(&recording->logs);
	recording->text_size = 0;
	return 0;
}

static sqlite3_stmt *bind_change(struct recording *recording, const struct change *change)
{
	static const enum statement name[] = {
		[CHANGE_DESTROYED] = STATEMENT_DESTROYED,
		[CHANGE_RETYPED] = STATEMENT_RETYPED,
		[CHANGE_DISARMED] = STATEMENT_DISARMED,
		[CHANGE_CAUSED] = STATEMENT_CAUSED,
		[CHANGE_RUN_ENDED] = STATEMENT_RUN_ENDED,
		[CHANGE_THREAD_ENDED] = STATEMENT_THREAD_ENDED,
	};
	sqlite3_stmt *statement = recording->statement[name[change->kind]];

	sqlite3_bind_int64(statement, 1, change->id);
	switch (change->kind) {
	case CHANGE_RETYPED:
		recording_bind_id(statement, 2, change->type_id);
		recording_bind_id(statement, 3, change->trigger_id);
		break;
	case CHANGE_DISARMED:
		recording_bind_number(statement, 2, change->at_ns);
		recording_bind_id(statement, 3, change->end_code);
		recording_bind_id(statement, 4, change->run_id);
		recording_bind_id(statement, 5, change->stack_id);
		break;
	case CHANGE_CAUSED:
		recording_bind_id(statement, 2, change->run_id);
		break;
	default:
		recording_bind_number(statement, 2, change->at_ns);
	}
	return statement;
}

static int write_changes(
	struct recording *recording, int64_t give_up_before_ns, int64_t *lost, struct error *err)
{
	struct change *changes = (struct change *)recording->changes.rows;
	size_t kept = 0;

	for (size_t i = 0; i < recording->changes.count; i++) {
		if (changes[i].kind == CHANGE_DONE)
			continue;
		if (recording_step(recording, bind_change(recording, &changes[i]), err))
			return -1;
		if (sqlite3_changes(recording->db))
			continue;
		if (changes[i].since_ns < give_up_before_ns || kept == CHANGES_KEPT)
			++*lost;
		else
			changes[kept++] = changes[i];
	}
	batch_clear(&recording->changes);
	recording->changes.count = kept;
	return 0;
}

int recording_flush(
	struct recording *recording, int64_t give_up_before_ns, int64_t *lost, struct error *err)
{
	struct recording_counts *counts = &recording->counts;
	int64_t ignored = 0;

	if (recording_begin(recording, err) || write_terms(recording, err) ||
		write_batch(recording, &recording->resources, STATEMENT_RESOURCE, bind_resource,
			&counts->resources, err) ||
		write_batch(recording, &recording->requests, STATEMENT_REQUEST, bind_request,
			&counts->requests, err) ||
		write_batch(
			recording, &recording->runs, STATEMENT_RUN, bind_run, &counts->runs, err) ||
		write_batch(recording, &recording->armings, STATEMENT_ARMING, bind_arming, &ignored,
			err) ||
		write_batch(recording, &recording->causes, STATEMENT_CAUSE, bind_cause, &ignored,
			err) ||
		write_logs(recording, err) ||
		write_changes(recording, give_up_before_ns, lost, err) ||
		recording_run(recording, "COMMIT", "writing", err))
		return -1;
	recording->in_transaction = false;
	return 0;
}
