/*
 * Rows into SQLite: see recording.h. A flush writes, in this order, the terms that are new, the
 * rows that wait in order of their keys, and the changes to rows; then it commits.
 *
 * A row whose key is there already is left out: IDs are given once, so that only a damaged arena
 * has two, and the first is kept.
 */
#include "recorder/ingest/recording_internal.h"

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

static int wait_with(
	struct recording *recording, unsigned which, const void *row, struct error *err)
{
	return add(recording, &recording->waiting[which].batch, row, err);
}

/* Where it ran, when that is not just on top of its thread. */
static int add_outer(struct recording *recording, const struct row_run *run, struct error *err)
{
	struct row_outer row = {run->run_id, run->outer_run_id, run->outer_stack_id};

	return run->outer_run_id || run->outer_stack_id
		       ? wait_with(recording, WAITING_OUTER, &row, err)
		       : 0;
}

int recording_add_resource(
	struct recording *recording, const struct row_resource *row, struct error *err)
{
	return wait_with(recording, WAITING_RESOURCE, row, err);
}

int recording_add_request(
	struct recording *recording, const struct row_request *row, struct error *err)
{
	return wait_with(recording, WAITING_REQUEST, row, err) ||
			       add_outer(recording, &row->run, err)
		       ? -1
		       : 0;
}

int recording_add_run(struct recording *recording, const struct row_run *row, struct error *err)
{
	return wait_with(recording, WAITING_RUN, row, err) || add_outer(recording, row, err) ? -1
											     : 0;
}

int recording_add_shot(struct recording *recording, const struct row_shot *row, struct error *err)
{
	return wait_with(recording, WAITING_SHOT, row, err) || add_outer(recording, &row->run, err)
		       ? -1
		       : 0;
}

int recording_add_arming(
	struct recording *recording, const struct row_arming *row, struct error *err)
{
	return wait_with(recording, WAITING_ARMING, row, err);
}

int recording_add_cause(struct recording *recording, const struct row_cause *row, struct error *err)
{
	return wait_with(recording, WAITING_CAUSE, row, err);
}

int recording_add_poll(struct recording *recording, const struct row_poll *row, struct error *err)
{
	return wait_with(recording, WAITING_POLL, row, err);
}

int recording_add_pool(struct recording *recording, const struct row_pool *row, struct error *err)
{
	return wait_with(recording, WAITING_POOL, row, err);
}

int recording_add_ref(struct recording *recording, const struct row_ref *row, struct error *err)
{
	return wait_with(recording, WAITING_REF, row, err);
}

int recording_add_context(struct recording *recording, const struct row_context *row,
	const char *text, struct error *err)
{
	struct row_context context = *row;

	if (recording->has_failed)
		return recording_fail(recording, "writing", err);
	if (!recording_add_text(
		    recording, text, (size_t)row->key_length + row->value_length, &context.text))
		return recording_no_memory(recording, err);
	return wait_with(recording, WAITING_CONTEXT, &context, err);
}

int recording_add_resource_context(
	struct recording *recording, const struct row_carried *row, struct error *err)
{
	return wait_with(recording, WAITING_RESOURCE_CONTEXT, row, err);
}

int recording_add_arming_context(
	struct recording *recording, const struct row_carried *row, struct error *err)
{
	return wait_with(recording, WAITING_ARMING_CONTEXT, row, err);
}

int recording_add_context_repeat(
	struct recording *recording, const struct row_carried *row, struct error *err)
{
	return wait_with(recording, WAITING_CONTEXT_REPEAT, row, err);
}

int recording_add_change(struct recording *recording, const struct change *row, struct error *err)
{
	return add(recording, &recording->changes, row, err);
}

static size_t rows_waiting(const struct recording *recording)
{
	size_t count = 0;

	for (int i = 0; i < WAITING_COUNT; i++)
		count += recording->waiting[i].batch.count;
	return count;
}

bool recording_is_full(const struct recording *recording)
{
	return rows_waiting(recording) + recording->changes.count >= ROWS_FULL ||
	       recording->text_size >= TEXT_FULL;
}

struct change *recording_changes(struct recording *recording, size_t *count)
{
	*count = recording->changes.count;
	return (struct change *)recording->changes.rows;
}

static int write_places(struct recording *recording, struct error *err)
{
	struct places *places = &recording->terms->places;
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
	/* Nobody asks for them any more, and there are some of each process. */
	places->mapping_count = recording->mappings_written = 0;
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

/* Most are of threads that have ended long ago. Rows that name one already are no worse for it. */
static bool forget_when_many(struct intern *terms)
{
	enum { TERMS_KEPT = 1 << 16 };
	bool are_many = terms->count - terms->forgotten >= TERMS_KEPT;

	if (are_many)
		intern_forget(terms);
	return are_many;
}

static int64_t origin_address(const struct recording_terms *terms, uint32_t origin_id)
{
	uint32_t at = origin_id - 1 - terms->origins.forgotten;

	return at < terms->origin_address_capacity ? terms->origin_addresses[at] : 0;
}

/* What programs call types of resources of their own: armed by their creation. */
static int write_types(struct recording *recording, struct error *err)
{
	const struct own_types *types = &recording->terms->own_types;
	sqlite3_stmt *type = recording->statement[STATEMENT_TYPE];

	for (; recording->types_written < types->count; recording->types_written++) {
		const char *name = types->names[recording->types_written];

		sqlite3_bind_int64(type, 1, ACAUSAL_TYPE_OWN + recording->types_written);
		recording_bind_name(type, 2, name);
		sqlite3_bind_text(type, 3, "user", -1, SQLITE_STATIC);
		recording_bind_name(type, 4, name);
		sqlite3_bind_int(type, 5, 1);
		if (recording_step(recording, type, err))
			return -1;
	}
	return 0;
}

static int write_terms(struct recording *recording, struct error *err)
{
	struct recording_terms *terms = recording->terms;
	sqlite3_stmt *origin = recording->statement[STATEMENT_ORIGIN];
	sqlite3_stmt *entry = recording->statement[STATEMENT_ENTRY];
#define X(tag, name) [ACAUSAL_PART_##tag] = name,
	static const char *const parts[] = {ACAUSAL_PARTS(X)};
#undef X
#define X(tag, name) [ACAUSAL_CAUSE_##tag] = name,
	static const char *const kinds[] = {ACAUSAL_CAUSES(X)};
#undef X

	if (write_types(recording, err))
		return -1;
	for (; recording->origins_written < terms->origins.count; recording->origins_written++) {
		const struct intern_key *key =
			intern_key(&terms->origins, recording->origins_written + 1);
		uint32_t type = (uint32_t)(key->word[1] >> 32), kind = type - ORIGIN_CAUSE;

		sqlite3_bind_int64(origin, 1, recording->origins_written + 1);
		recording_bind_id(origin, 2, (int64_t)(key->word[0] >> 32));
		recording_bind_id(origin, 3, type < ORIGIN_CAUSE ? type : 0);
		recording_bind_id(origin, 4, (int64_t)(key->word[1] & UINT32_MAX));
		recording_bind_id(origin, 5, (int64_t)(key->word[0] & UINT32_MAX));
		recording_bind_id(origin, 6, (int64_t)key->word[2]);
		recording_bind_text(origin, 7, kind < ACAUSAL_CAUSE_COUNT ? kinds[kind] : NULL);
		recording_bind_id(origin, 8, origin_address(terms, recording->origins_written + 1));
		if (recording_step(recording, origin, err))
			return -1;
	}
	for (; recording->entries_written < terms->entries.count; recording->entries_written++) {
		const struct intern_key *key =
			intern_key(&terms->entries, recording->entries_written + 1);
		uint32_t part = (uint32_t)key->word[0];

		sqlite3_bind_int64(entry, 1, recording->entries_written + 1);
		recording_bind_id(entry, 2, (int64_t)(key->word[0] >> 32));
		recording_bind_text(entry, 3, part < ACAUSAL_PART_COUNT ? parts[part] : NULL);
		recording_bind_id(entry, 4, (int64_t)key->word[1]);
		if (recording_step(recording, entry, err))
			return -1;
	}
	if (forget_when_many(&terms->origins) && terms->origin_address_capacity)
		memset(terms->origin_addresses, 0,
			terms->origin_address_capacity * sizeof *terms->origin_addresses);
	forget_when_many(&terms->entries);
	if (recording_write_log_terms(recording, err))
		return -1;
	forget_when_many(&terms->log_origins);
	forget_when_many(&terms->writers);
	return write_places(recording, err);
}

static int write_waiting(struct recording *recording, unsigned which, enum statement name,
	int64_t *written, struct error *err)
{
	struct batch *batch = &recording->waiting[which].batch;
	int before = sqlite3_total_changes(recording->db);

	if (!batch->count)
		return 0;
	if (!batch_sort(batch))
		return recording_no_memory(recording, err);
	if (which == WAITING_LOG)
		recording_number_logs(recording);
	if (recording_step(recording, recording->statement[name], err))
		return -1;
	*written += (unsigned)sqlite3_total_changes(recording->db) - (unsigned)before;
	batch_clear(batch);
	return 0;
}

/* Every table that has rows waiting. */
static int write_rows(struct recording *recording, struct error *err)
{
	int64_t written[WAITING_COUNT] = {0};

#define X(tag, ...)                                                                                \
	if (write_waiting(                                                                         \
		    recording, WAITING_##tag, STATEMENT_##tag, &written[WAITING_##tag], err))      \
		return -1;
	RECORDING_WAITING(X)
#undef X
	recording_forget_texts(recording);
	recording->counts.resources += written[WAITING_RESOURCE];
	recording->counts.requests += written[WAITING_REQUEST];
	recording->counts.runs += written[WAITING_RUN] + written[WAITING_SHOT];
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
		[CHANGE_REFERENCED] = STATEMENT_REFERENCED,
	};
	sqlite3_stmt *statement = recording->statement[name[change->kind]];

	sqlite3_bind_int64(statement, 1, change->id);
	switch (change->kind) {
	case CHANGE_RETYPED:
		recording_bind_id(statement, 2, change->type_id);
		recording_bind_id(statement, 3, change->trigger_id);
		recording_bind_id(statement, 4, change->handle_id);
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
	case CHANGE_REFERENCED:
		sqlite3_bind_int64(statement, 2, change->has_ref);
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
	if (recording_begin(recording, err) || write_terms(recording, err) ||
		write_rows(recording, err) ||
		write_changes(recording, give_up_before_ns, lost, err) ||
		recording_run(recording, "COMMIT", "writing", err))
		return -1;
	recording->in_transaction = false;
	return 0;
}
