/*
 * One pass over the resources, with the names that match at hand: see search.h. Where what armed or
 * ran may match, one over armings and runs before. Memory grows with what matches there, and with
 * the places that made what matches.
 */
#include "debugger/find/search.h"

#include "debugger/recording/id.h"
#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define BY_SHIFT 16 /* in `others`: above the set, by what, and its ID */
#define ID_SHIFT 20
#define ID_MASK	 ((INT64_C(1) << 40) - 1)

struct searching {
	struct search *search;
	struct marks *marks;
	struct reader *recording;
	marks_set all;
	struct error *err;
};

void search_deinit(struct search *search)
{
	free(search->rows);
	free(search->newest);
	free(search->slots);
	free(search->rings[0]);
	free(search->rings[1]);
	id_map_deinit(&search->others);
	*search = (struct search){0};
}

/* --- armings and runs ----------------------------------------------------------------------------
 */

static int note_other(const struct searching *searching, int64_t async_id, marks_set set,
	enum found_by by, int64_t by_id)
{
	uint64_t *own;

	if (!set || async_id < 0)
		return 0;
	own = id_map_at(&searching->search->others, async_id);
	if (!own)
		return error_set(searching->err,
			"too many resources match, or their IDs are too far"
			" apart: be more exact");
	*own = (*own & UINT16_MAX) | set | (uint64_t)by << BY_SHIFT |
	       (uint64_t)(by_id & ID_MASK) << ID_SHIFT;
	return 0;
}

/* One row: resource, origin of its arming, entry of its run. */
static int take_other(const struct searching *searching, sqlite3_stmt *row)
{
	const struct marks *marks = searching->marks;
	int64_t origin_id = lookup_column(row, 1), entry_id = lookup_column(row, 2);

	if (note_other(searching, sqlite3_column_int64(row, 0),
		    marks_of(&marks->arming_origins, origin_id), FOUND_BY_ARMING, origin_id))
		return -1;
	return note_other(searching, sqlite3_column_int64(row, 0),
		marks_of(&marks->entries, entry_id), FOUND_BY_RUN, entry_id);
}

static int each(const struct searching *searching, const char *sql,
	int (*take)(const struct searching *, sqlite3_stmt *))
{
	sqlite3_stmt *row;
	int found = 0, result = 0;

	if (sqlite3_prepare_v2(reader_database(searching->recording), sql, -1, &row, NULL))
		return reader_error(searching->recording, NULL, searching->err);
	while (!result && (found = reader_step(searching->recording, row, searching->err)) == 1)
		result = take(searching, row);
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

static int note_others(const struct searching *searching)
{
	const struct marks *marks = searching->marks;

	if (marks->has_entries &&
		each(searching, "SELECT async_id, NULL, entry_id FROM main.packed_run", take_other))
		return -1;
	if ((marks->has_entries || marks->has_arming_origins) &&
		each(searching, "SELECT async_id, origin_id, entry_id FROM main.packed_shot",
			take_other))
		return -1;
	return marks->has_arming_origins
		       ? each(searching, "SELECT async_id, origin_id, NULL FROM main.packed_arming",
				 take_other)
		       : 0;
}

/* --- what was found ------------------------------------------------------------------------------
 */

static size_t slot_of(const struct search *search, int64_t type_id, int64_t stack_id)
{
	uint64_t hash = ((uint64_t)type_id * 31 + (uint64_t)stack_id) * 0x9e3779b97f4a7c15u;
	size_t slot = (size_t)(hash >> 32) & (search->slot_count - 1);

	while (search->slots[slot]) {
		const struct found *found = &search->rows[search->slots[slot] - 1];

		if (found->type_id == type_id && found->stack_id == stack_id)
			break;
		slot = (slot + 1) & (search->slot_count - 1);
	}
	return slot;
}

static int grow(struct search *search)
{
	size_t capacity = search->capacity ? search->capacity * 2 : 256, i;
	struct found *rows = realloc(search->rows, capacity * sizeof *rows);
	uint32_t *slots = calloc(capacity * 2, sizeof *slots);

	if (rows)
		search->rows = rows;
	if (!rows || !slots) {
		free(slots);
		return -1;
	}
	free(search->slots);
	search->slots = slots;
	search->slot_count = capacity * 2;
	search->capacity = capacity;
	for (i = 0; i < search->count; i++)
		slots[slot_of(search, rows[i].type_id, rows[i].stack_id)] = (uint32_t)i + 1;
	return 0;
}

static struct found *found_of(struct search *search, int64_t type_id, int64_t stack_id)
{
	size_t slot;

	if (search->count == search->capacity && grow(search))
		return NULL;
	slot = slot_of(search, type_id, stack_id);
	if (!search->slots[slot]) {
		search->rows[search->count] = (struct found){.type_id = type_id,
			.stack_id = stack_id,
			.newest_id = INT64_MIN,
			.oldest_id = INT64_MAX,
			.frames_out = MARKS_FAR,
			.by_id = UNKNOWN};
		search->slots[slot] = (uint32_t)++search->count;
	}
	return &search->rows[search->slots[slot] - 1];
}

/* A resource, from either table. */
struct match {
	int64_t async_id, origin_id, type_id, entry_id;
	marks_set set;	   /* terms that it matches by anything … */
	marks_set own_set; /* … and not by what armed it or ran */
	bool is_alive;
};

static int keep_newest(struct search *search, int table, int64_t async_id)
{
	if (!search->wanted)
		return 0;
	if (!search->rings[table] &&
		!(search->rings[table] = malloc(search->wanted * sizeof search->rings[0][0])))
		return -1;
	search->rings[table][search->ring_counts[table]++ % search->wanted] = async_id;
	return 0;
}

static int add_match(
	const struct searching *searching, const struct match *match, uint64_t others, int table)
{
	const struct marks *marks = searching->marks;
	int64_t stack_id = match->origin_id >= 0 && match->origin_id < marks->origins.count
				   ? marks->origin_stacks[match->origin_id]
				   : UNKNOWN;
	struct found *found = found_of(searching->search, match->type_id, stack_id);
	uint8_t out = marks_frames_out(&marks->origins, match->origin_id);

	if (!found || keep_newest(searching->search, table, match->async_id))
		return error_set(searching->err, "out of memory");
	found->count++;
	found->alive += match->is_alive;
	searching->search->total++;
	if (match->async_id < found->oldest_id)
		found->oldest_id = match->async_id;
	if (match->async_id > found->newest_id) {
		found->newest_id = match->async_id;
		found->by = FOUND_BY_CREATION;
		if (match->own_set != searching->all && others) {
			found->by = (enum found_by)(others >> BY_SHIFT & 3);
			found->by_id = (int64_t)(others >> ID_SHIFT);
		} else if (match->own_set != searching->all) {
			found->by = FOUND_BY_RUN;
			found->by_id = match->entry_id;
		}
	}
	/* What armed it or ran is as near as can be. */
	if (out == MARKS_FAR && found->by != FOUND_BY_CREATION)
		out = 0;
	if (out < found->frames_out)
		found->frames_out = out;
	return 0;
}

static marks_set address_set(const struct searching *searching, int64_t origin_id, int64_t delta)
{
	const struct marks *marks = searching->marks;
	int64_t base = 0;
	marks_set set = 0;
	int i;

	if (delta == UNKNOWN)
		return 0;
	if (origin_id >= 0 && origin_id < marks->origins.count &&
		marks->origin_addresses[origin_id] != UNKNOWN)
		base = marks->origin_addresses[origin_id];
	for (i = 0; i < marks->terms->count; i++)
		if (marks->terms->rows[i].key == TERM_ADDRESS &&
			(uint64_t)marks->terms->rows[i].number == (uint64_t)base + (uint64_t)delta)
			set |= (marks_set)(1u << i);
	return set;
}

static marks_set alive_set(const struct marks *marks)
{
	marks_set set = 0;
	int i;

	for (i = 0; i < marks->terms->count; i++)
		if (marks->terms->rows[i].key == TERM_ALIVE)
			set |= (marks_set)(1u << i);
	return set;
}

static int judge(const struct searching *searching, struct match *match, int64_t delta, int table)
{
	struct marks *marks = searching->marks;
	uint64_t others = 0;

	match->set |= marks_of(&marks->origins, match->origin_id);
	if (marks->has_resources)
		match->set |= (marks_set)id_map_get(&marks->resources, match->async_id);
	if (marks->has_processes)
		match->set |= (marks_set)id_map_get(&marks->processes, id_process(match->async_id));
	if (marks->whole) {
		match->set |= address_set(searching, match->origin_id, delta);
		if (match->is_alive)
			match->set |= alive_set(marks);
	}
	match->own_set = match->set;
	match->set |= marks_of(&marks->entries, match->entry_id);
	if (searching->search->others.slot_count) {
		others = id_map_get(&searching->search->others, match->async_id);
		match->set |= (marks_set)(others & UINT16_MAX);
	}
	return match->set == searching->all ? add_match(searching, match, others, table) : 0;
}

static int take_resource(const struct searching *searching, sqlite3_stmt *row)
{
	const struct marks *marks = searching->marks;
	struct match match = {.async_id = sqlite3_column_int64(row, 0),
		.origin_id = lookup_column(row, 1),
		.type_id = lookup_column(row, 2),
		.entry_id = UNKNOWN,
		.is_alive = sqlite3_column_type(row, 3) == SQLITE_NULL};

	if (match.type_id != UNKNOWN)
		match.set = marks_of(&marks->types, match.type_id);
	else if (match.origin_id >= 0 && match.origin_id < marks->origins.count)
		match.type_id = marks->origin_types[match.origin_id];
	return judge(searching, &match, lookup_column(row, 4), 0);
}

static int take_request(const struct searching *searching, sqlite3_stmt *row)
{
	const struct marks *marks = searching->marks;
	struct match match = {.async_id = sqlite3_column_int64(row, 0),
		.origin_id = lookup_column(row, 1),
		.type_id = UNKNOWN,
		.entry_id = lookup_column(row, 2)};

	if (match.origin_id >= 0 && match.origin_id < marks->origins.count)
		match.type_id = marks->origin_types[match.origin_id];
	return judge(searching, &match, marks->whole ? lookup_column(row, 3) : UNKNOWN, 1);
}

/* --- */

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->frames_out != y->frames_out)
		return x->frames_out < y->frames_out ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->newest_id > y->newest_id ? -1 : x->newest_id < y->newest_id;
}

static int compare_newest(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x > *y ? -1 : *x < *y;
}

/* Of both tables the newest. */
static int merge_newest(struct search *search, struct error *err)
{
	size_t table, i, kept[2];

	for (table = 0; table < 2; table++)
		kept[table] = search->ring_counts[table] < search->wanted
				      ? search->ring_counts[table]
				      : search->wanted;
	if (!(kept[0] + kept[1]))
		return 0;
	search->newest = malloc((kept[0] + kept[1]) * sizeof search->newest[0]);
	if (!search->newest)
		return error_set(err, "out of memory");
	for (table = 0; table < 2; table++)
		for (i = 0; i < kept[table]; i++)
			search->newest[search->newest_count++] = search->rings[table][i];
	qsort(search->newest, search->newest_count, sizeof search->newest[0], compare_newest);
	if (search->newest_count > search->wanted)
		search->newest_count = search->wanted;
	return 0;
}

int search_init(struct search *search, struct reader *recording, struct marks *marks, size_t newest,
	struct error *err)
{
	struct searching searching = {
		.search = search, .marks = marks, .recording = recording, .err = err};

	*search = (struct search){.wanted = newest};
	searching.all = (marks_set)((1u << marks->terms->count) - 1);
	/* A term that no name matches, no resource does. */
	if ((marks->met | marks->whole) != searching.all)
		return 0;
	if (note_others(&searching) ||
		each(&searching,
			"SELECT async_id, origin_id, type_id, lifetime_ns, address_delta"
			" FROM main.packed_resource ORDER BY async_id",
			take_resource))
		return -1;
	if (!alive_set(marks) && each(&searching,
					 "SELECT async_id, origin_id, entry_id, address_delta FROM "
					 "main.packed_request"
					 " ORDER BY async_id",
					 take_request))
		return -1;
	if (search->count)
		qsort(search->rows, search->count, sizeof search->rows[0], compare_found);
	return merge_newest(search, err);
}
