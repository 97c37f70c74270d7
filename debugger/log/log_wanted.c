/*
 * Texts that are looked for among the recorded lines: see log_wanted.h. A recorded line costs one
 * hash of its text and one probe, so that 10,000 texts and a million lines take a second.
 */
#include "debugger/log/log_wanted.h"

#include "debugger/log/log_text.h"

#include <stdlib.h>
#include <string.h>

void log_wanted_deinit(struct log_wanted *wanted)
{
	free(wanted->texts);
	free(wanted->slots);
	free(wanted->by_length);
	free(wanted->hits);
	free(wanted->recorded);
	*wanted = (struct log_wanted){0};
}

/* Makes room for one more in an array that grows by doubling; false when memory runs out. */
static bool reserve(void *array, size_t *capacity, size_t count, size_t size)
{
	void **items = array, *more;
	size_t wider = *capacity ? 2 * *capacity : 64;

	if (count < *capacity)
		return true;
	more = reallocarray(*items, wider, size);
	if (!more)
		return false;
	*items = more;
	*capacity = wider;
	return true;
}

/* Where a hash begins to be looked for: its upper bits are the better ones. */
static size_t first_slot(const struct log_wanted *wanted, uint64_t hash)
{
	return (size_t)(hash ^ hash >> 29 ^ hash >> 47) & (wanted->slot_count - 1);
}

static bool grow_slots(struct log_wanted *wanted)
{
	size_t count = wanted->slot_count ? 2 * wanted->slot_count : 256, i, slot;
	size_t *slots;

	if (2 * (wanted->count + 1) <= wanted->slot_count)
		return true;
	slots = calloc(count, sizeof *slots);
	if (!slots)
		return false;
	free(wanted->slots);
	wanted->slots = slots;
	wanted->slot_count = count;
	for (i = 0; i < wanted->count; i++) {
		slot = first_slot(wanted, wanted->texts[i].hash);
		while (slots[slot])
			slot = (slot + 1) & (count - 1);
		slots[slot] = i + 1;
	}
	return true;
}

/* The text of `length` bytes, of which `kept` are there. */
static size_t find(const struct log_wanted *wanted, const char *bytes, size_t length, size_t kept,
	uint64_t hash)
{
	size_t slot;

	if (!wanted->slot_count)
		return WANTED_NONE;
	slot = first_slot(wanted, hash);
	for (; wanted->slots[slot]; slot = (slot + 1) & (wanted->slot_count - 1)) {
		const struct wanted_text *text = &wanted->texts[wanted->slots[slot] - 1];

		if (text->hash == hash && text->length == length && text->kept == kept &&
			(!kept || !memcmp(text->bytes, bytes, kept)))
			return wanted->slots[slot] - 1;
	}
	return WANTED_NONE;
}

size_t log_wanted_find(
	const struct log_wanted *wanted, const char *bytes, size_t length, uint64_t hash)
{
	return find(wanted, bytes, length, length, hash);
}

size_t log_wanted_add(struct log_wanted *wanted, const char *bytes, size_t length, size_t kept,
	uint64_t hash, bool is_whole)
{
	size_t i = find(wanted, bytes, length, kept, hash), slot;

	if (i != WANTED_NONE) {
		wanted->texts[i].is_whole |= is_whole;
		return i;
	}
	if (!grow_slots(wanted) ||
		!reserve(&wanted->texts, &wanted->capacity, wanted->count, sizeof *wanted->texts))
		return WANTED_NONE;
	i = wanted->count++;
	wanted->texts[i] = (struct wanted_text){
		bytes, length, kept, hash, is_whole, WANTED_NONE, WANTED_NONE, 0};
	slot = first_slot(wanted, hash);
	while (wanted->slots[slot])
		slot = (slot + 1) & (wanted->slot_count - 1);
	wanted->slots[slot] = i + 1;
	return i;
}

static bool add_hit(struct log_wanted *wanted, size_t text_index, const struct log_hit *hit)
{
	struct wanted_text *text = &wanted->texts[text_index];
	size_t i = wanted->hit_count;

	if (!reserve(&wanted->hits, &wanted->hit_capacity, i, sizeof *wanted->hits))
		return false;
	wanted->hits[i] = *hit;
	wanted->hits[i].next = WANTED_NONE;
	if (text->hit_count++)
		wanted->hits[text->last_hit].next = i;
	else
		text->first_hit = i;
	text->last_hit = i;
	wanted->hit_count++;
	return true;
}

static int compare_lengths(const void *a, const void *b, void *context)
{
	const struct wanted_text *texts = context;
	size_t one = texts[*(const size_t *)a].length, other = texts[*(const size_t *)b].length;

	return one < other ? -1 : one > other;
}

static bool sort_by_length(struct log_wanted *wanted)
{
	size_t i;

	free(wanted->by_length);
	wanted->whole_count = 0;
	wanted->by_length = reallocarray(NULL, wanted->count + 1, sizeof *wanted->by_length);
	if (!wanted->by_length)
		return false;
	for (i = 0; i < wanted->count; i++)
		if (wanted->texts[i].is_whole)
			wanted->by_length[wanted->whole_count++] = i;
	qsort_r(wanted->by_length, wanted->whole_count, sizeof *wanted->by_length, compare_lengths,
		wanted->texts);
	return true;
}

/* The first of by_length whose text is not shorter. */
static size_t first_of_length(const struct log_wanted *wanted, size_t length)
{
	size_t low = 0, high = wanted->whole_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (wanted->texts[wanted->by_length[middle]].length < length)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A recorded line of which only the beginning was kept: wanted texts of its length that begin so.
 */
static bool compare_cut(struct log_wanted *wanted, const char *bytes, size_t length, size_t whole,
	struct log_hit *hit)
{
	size_t i;

	hit->is_cut = true;
	for (i = first_of_length(wanted, whole); i < wanted->whole_count; i++) {
		const struct wanted_text *text = &wanted->texts[wanted->by_length[i]];
		size_t common = text->kept < length ? text->kept : length;

		if (text->length != whole)
			break;
		if ((!common || !memcmp(text->bytes, bytes, common)) &&
			!add_hit(wanted, wanted->by_length[i], hit))
			return false;
	}
	return true;
}

/* One recorded line: log_id, log_origin_id, full_length, text. */
static bool compare_row(struct log_wanted *wanted, sqlite3_stmt *row)
{
	const char *bytes = sqlite3_column_blob(row, 3);
	size_t length = (size_t)sqlite3_column_bytes(row, 3), found;
	int64_t whole = sqlite3_column_int64(row, 2);
	struct log_hit hit = {
		.log_id = sqlite3_column_int64(row, 0), .origin_id = sqlite3_column_int64(row, 1)};

	if (whole > 0 && (uint64_t)whole > length)
		return compare_cut(wanted, bytes, length, (size_t)whole, &hit);
	length = log_text_trim(bytes, length);
	found = log_wanted_find(wanted, bytes, length, log_text_hash(bytes, length));
	return found == WANTED_NONE || add_hit(wanted, found, &hit);
}

/* Calls `take` with each recorded line: log_id, log_origin_id, full_length, text. */
static int each_row(struct log_wanted *wanted, struct reader *recording,
	bool (*take)(struct log_wanted *, sqlite3_stmt *), struct error *err)
{
	static const char sql[] = "SELECT log_id, log_origin_id, full_length, text"
				  " FROM main.packed_log ORDER BY log_id";
	sqlite3_stmt *row;
	int found = -1;

	if (reader_prepare(recording, STATEMENT_LOG_SCAN, sql, &row, err))
		return -1;
	reader_set_budget(recording, 0);
	while ((found = reader_step(recording, row, err)) == 1)
		if (!take(wanted, row)) {
			error_set(err, "out of memory");
			break;
		}
	sqlite3_reset(row);
	reader_set_budget(recording, READER_BUDGET);
	return found ? -1 : 0;
}

int log_wanted_scan(struct log_wanted *wanted, struct reader *recording, struct error *err)
{
	return sort_by_length(wanted) ? each_row(wanted, recording, compare_row, err)
				      : error_set(err, "out of memory");
}

/* --- which texts there are ---------------------------------------------------------------- */

/* The place of a hash, or the free one for it; 0 is none. */
static uint64_t *recorded_slot(uint64_t *slots, size_t size, uint64_t hash)
{
	size_t i = (size_t)(hash ^ hash >> 29 ^ hash >> 47) & (size - 1);

	while (slots[i] && slots[i] != hash)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static bool grow_recorded(struct log_wanted *wanted)
{
	size_t size = wanted->recorded_size ? 2 * wanted->recorded_size : 1024, i;
	uint64_t *slots;

	if (2 * (wanted->recorded_count + 1) <= wanted->recorded_size)
		return true;
	slots = calloc(size, sizeof *slots);
	if (!slots)
		return false;
	for (i = 0; i < wanted->recorded_size; i++)
		if (wanted->recorded[i])
			*recorded_slot(slots, size, wanted->recorded[i]) = wanted->recorded[i];
	free(wanted->recorded);
	wanted->recorded = slots;
	wanted->recorded_size = size;
	return true;
}

static bool learn_row(struct log_wanted *wanted, sqlite3_stmt *row)
{
	const char *bytes = sqlite3_column_blob(row, 3);
	size_t length = (size_t)sqlite3_column_bytes(row, 3);
	uint64_t hash = log_text_hash(bytes, log_text_trim(bytes, length)), *slot;

	if (!grow_recorded(wanted))
		return false;
	slot = recorded_slot(wanted->recorded, wanted->recorded_size, hash);
	wanted->recorded_count += !*slot;
	*slot = hash;
	return true;
}

int log_wanted_learn(struct log_wanted *wanted, struct reader *recording, struct error *err)
{
	return each_row(wanted, recording, learn_row, err);
}

bool log_wanted_may_be(const struct log_wanted *wanted, uint64_t hash)
{
	return !wanted->recorded || !hash ||
	       *recorded_slot(wanted->recorded, wanted->recorded_size, hash);
}
