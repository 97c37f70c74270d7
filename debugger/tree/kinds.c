/*
 * Kinds of things: see kinds.h. Origins, entries and types are read once each and kept.
 */
#include "debugger/tree/kinds.h"

#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define KINDS_MAX 1000000 /* of a damaged recording */

/* Rows by their IDs: origins and entries, as far as they are asked for. */
struct origin {
	int64_t origin_id, type_id, api_id, stack_id;
	const char *api, *cause;
};

struct entry {
	int64_t entry_id, callback_frame_id;
	const char *part, *callback;
};

#define KEPT 4096 /* origins and entries, in a table without chains */

struct kinds {
	struct reader *recording;
	struct frames_cache *cache;
	sqlite3_stmt *origin_row, *entry_row, *type_row;
	struct origin origins[KEPT];
	struct entry entries[KEPT];
	struct type_row *types;
	size_t type_count, type_capacity;

	struct kind *rows;
	size_t count, capacity;
	uint32_t *slots; /* a hash table of numbers, plus 1 */
	size_t slot_count;
};

struct kinds *kinds_create(struct reader *recording, struct frames_cache *cache)
{
	struct kinds *kinds = calloc(1, sizeof *kinds);
	size_t i;

	if (!kinds)
		return NULL;
	kinds->recording = recording;
	kinds->cache = cache;
	for (i = 0; i < KEPT; i++)
		kinds->origins[i].origin_id = kinds->entries[i].entry_id = UNKNOWN;
	return kinds;
}

void kinds_destroy(struct kinds *kinds)
{
	if (!kinds)
		return;
	sqlite3_finalize(kinds->origin_row);
	sqlite3_finalize(kinds->entry_row);
	sqlite3_finalize(kinds->type_row);
	free(kinds->types);
	free(kinds->rows);
	free(kinds->slots);
	free(kinds);
}

static int row_of(
	struct kinds *kinds, sqlite3_stmt **row, const char *sql, int64_t id, struct error *err)
{
	if (!*row && sqlite3_prepare_v2(reader_database(kinds->recording), sql, -1, row, NULL))
		return reader_error(kinds->recording, NULL, err);
	sqlite3_bind_int64(*row, 1, id);
	return reader_step(kinds->recording, *row, err);
}

/* NULL after an error; all unknown when there is no such row. */
static const struct origin *origin_of(struct kinds *kinds, int64_t origin_id, struct error *err)
{
	static const char sql[] = "SELECT o.type_id, o.api_id, o.stack_id, a.name, o.kind"
				  " FROM main.origin o LEFT JOIN main.api a ON a.api_id = o.api_id"
				  " WHERE o.origin_id = ?1";
	static const struct origin none = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, NULL};
	struct origin *origin = &kinds->origins[(uint64_t)origin_id % KEPT];
	int found;

	if (origin_id == UNKNOWN)
		return &none;
	if (origin->origin_id == origin_id)
		return origin;
	found = row_of(kinds, &kinds->origin_row, sql, origin_id, err);
	if (found < 0)
		return NULL;
	*origin = none;
	origin->origin_id = origin_id;
	if (found) {
		origin->type_id = lookup_column(kinds->origin_row, 0);
		origin->api_id = lookup_column(kinds->origin_row, 1);
		origin->stack_id = lookup_column(kinds->origin_row, 2);
		origin->api = lookup_text(kinds->recording, kinds->origin_row, 3);
		origin->cause = lookup_text(kinds->recording, kinds->origin_row, 4);
	}
	sqlite3_reset(kinds->origin_row);
	return origin;
}

static const struct entry *entry_of(struct kinds *kinds, int64_t entry_id, struct error *err)
{
	static const char sql[] =
		"SELECT callback_frame_id, part FROM main.entry WHERE entry_id = ?1";
	static const struct entry none = {UNKNOWN, UNKNOWN, NULL, NULL};
	struct entry *entry = &kinds->entries[(uint64_t)entry_id % KEPT];
	const struct frames *place;
	int found;

	if (entry_id == UNKNOWN)
		return &none;
	if (entry->entry_id == entry_id)
		return entry;
	found = row_of(kinds, &kinds->entry_row, sql, entry_id, err);
	if (found < 0)
		return NULL;
	*entry = none;
	entry->entry_id = entry_id;
	if (found) {
		entry->callback_frame_id = lookup_column(kinds->entry_row, 0);
		entry->part = lookup_text(kinds->recording, kinds->entry_row, 1);
	}
	sqlite3_reset(kinds->entry_row);
	if (frames_of_place(
		    kinds->cache, kinds->recording, entry->callback_frame_id, &place, err)) {
		entry->entry_id = UNKNOWN;
		return NULL;
	}
	entry->callback = place->count ? place->rows[0].function : NULL;
	return entry;
}

/* There are some dozens. */
static const struct type_row *type_of(struct kinds *kinds, int64_t type_id, struct error *err)
{
	static const char sql[] = "SELECT name, class FROM main.type WHERE type_id = ?1";
	struct type_row *type;
	size_t i;
	int found;

	for (i = 0; i < kinds->type_count; i++)
		if (kinds->types[i].type_id == type_id)
			return &kinds->types[i];
	if (kinds->type_count == kinds->type_capacity) {
		size_t capacity = kinds->type_capacity ? kinds->type_capacity * 2 : 32;

		type = realloc(kinds->types, capacity * sizeof *type);
		if (!type) {
			error_set(err, "out of memory");
			return NULL;
		}
		kinds->types = type;
		kinds->type_capacity = capacity;
	}
	type = &kinds->types[kinds->type_count];
	*type = (struct type_row){.type_id = type_id};
	if (type_id != UNKNOWN) {
		found = row_of(kinds, &kinds->type_row, sql, type_id, err);
		if (found < 0)
			return NULL;
		if (found) {
			type->name = lookup_text(kinds->recording, kinds->type_row, 0);
			type->class = lookup_text(kinds->recording, kinds->type_row, 1);
		}
		sqlite3_reset(kinds->type_row);
	}
	kinds->type_count++;
	return type;
}

static bool same(const struct kind *a, const struct kind *b)
{
	return a->kind == b->kind && a->type_id == b->type_id && a->stack_id == b->stack_id &&
	       a->api_id == b->api_id && a->callback_frame_id == b->callback_frame_id &&
	       a->status == b->status && a->end_code == b->end_code && a->part == b->part &&
	       a->cause == b->cause;
}

static uint64_t mix(uint64_t hash, int64_t number)
{
	hash = (hash ^ (uint64_t)number) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct kind *kind)
{
	uint64_t hash = mix(17, kind->kind);

	hash = mix(hash, kind->type_id);
	hash = mix(hash, kind->stack_id);
	hash = mix(hash, kind->api_id);
	hash = mix(hash, kind->callback_frame_id);
	hash = mix(hash, kind->status);
	return mix(hash, kind->end_code);
}

static int grow(struct kinds *kinds)
{
	size_t slot_count = kinds->slot_count ? kinds->slot_count * 2 : 256, i, slot;
	uint32_t *slots = calloc(slot_count, sizeof *slots);
	struct kind *rows = realloc(kinds->rows, slot_count / 2 * sizeof *rows);

	if (rows)
		kinds->rows = rows;
	if (!rows || !slots) {
		free(slots);
		return -1;
	}
	kinds->capacity = slot_count / 2;
	for (i = 0; i < kinds->count; i++) {
		slot = hash_of(&rows[i]) & (slot_count - 1);
		while (slots[slot])
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = (uint32_t)i + 1;
	}
	free(kinds->slots);
	kinds->slots = slots;
	kinds->slot_count = slot_count;
	return 0;
}

static int64_t number_of(struct kinds *kinds, const struct kind *kind, struct error *err)
{
	size_t slot;

	if (kinds->count == kinds->capacity) {
		if (kinds->count >= KINDS_MAX)
			return error_set(err, "the recording is damaged: there is no end of places"
					      " where things are made");
		if (grow(kinds))
			return error_set(err, "out of memory");
	}
	slot = hash_of(kind) & (kinds->slot_count - 1);
	for (; kinds->slots[slot]; slot = (slot + 1) & (kinds->slot_count - 1))
		if (same(&kinds->rows[kinds->slots[slot] - 1], kind))
			return kinds->slots[slot] - 1;
	kinds->rows[kinds->count] = *kind;
	kinds->slots[slot] = (uint32_t)++kinds->count;
	return (int64_t)kinds->count - 1;
}

int64_t kinds_find(
	struct kinds *kinds, const struct sprout *sprout, int64_t type_id, struct error *err)
{
	const struct origin *origin = origin_of(kinds, sprout->origin_id, err);
	const struct entry *entry = entry_of(kinds, sprout->entry_id, err);
	const struct type_row *type;
	struct kind kind;

	if (!origin || !entry)
		return -1;
	if (type_id == UNKNOWN)
		type_id = sprout->type_id != UNKNOWN ? sprout->type_id : origin->type_id;
	type = type_of(kinds, type_id, err);
	if (!type)
		return -1;
	kind = (struct kind){.kind = sprout->kind,
		.type_id = type_id,
		.stack_id = origin->stack_id,
		.api_id = origin->api_id,
		.callback_frame_id = entry->callback_frame_id,
		.status = sprout->status != UNKNOWN && sprout->status < 0 ? sprout->status : 0,
		.end_code = sprout->kind == SPROUT_ARMING || sprout->kind == SPROUT_CAUSE
				    ? sprout->end_code
				    : 0,
		.type = type->name,
		.class = type->class,
		.api = origin->api,
		.callback = entry->callback,
		.part = entry->part,
		.cause = origin->cause};
	return number_of(kinds, &kind, err);
}

const struct kind *kinds_at(const struct kinds *kinds, uint32_t number)
{
	return &kinds->rows[number];
}
