/*
 * tally() in SQL: see tally.h. Memory goes with the number of keys, about 3 kB each, and is
 * bounded: beyond that the query fails in words.
 */
#include "debugger/sql/tally.h"

#include "debugger/sql/id_set.h"
#include "debugger/text/strbuf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#define BUCKET_BITS 5 /* a doubling is divided into so many parts: within 1/32 */
#define PARTS	    (1 << BUCKET_BITS)
#define DOUBLINGS   (64 - BUCKET_BITS)
#define BYTES_MAX   ((size_t)256 << 20)

struct entry {
	int64_t key;
	int64_t count, sum, min, min_id, max, max_id;
	uint64_t *parts[DOUBLINGS]; /* each PARTS counts; NULL: none yet */
};

struct tally {
	struct entry **slots; /* a hash table */
	size_t slot_count, entry_count, bytes;
	struct entry *last;
	struct id_set met; /* values of ONCE */
};

static size_t slot_of(const struct tally *tally, int64_t key)
{
	size_t slot = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> 32) & (tally->slot_count - 1);

	while (tally->slots[slot] && tally->slots[slot]->key != key)
		slot = (slot + 1) & (tally->slot_count - 1);
	return slot;
}

static void *take(struct tally *tally, size_t bytes)
{
	if (tally->bytes + bytes > BYTES_MAX)
		return NULL;
	tally->bytes += bytes;
	return calloc(1, bytes);
}

static int grow(struct tally *tally)
{
	struct tally larger = *tally;
	size_t i;

	larger.slot_count = tally->slot_count ? tally->slot_count * 2 : 256;
	larger.slots = calloc(larger.slot_count, sizeof(struct entry *));
	if (!larger.slots)
		return -1;
	for (i = 0; i < tally->slot_count; i++)
		if (tally->slots[i])
			larger.slots[slot_of(&larger, tally->slots[i]->key)] = tally->slots[i];
	free(tally->slots);
	*tally = larger;
	return 0;
}

static struct entry *entry_of(struct tally *tally, int64_t key)
{
	struct entry *entry = tally->last;

	if (entry && entry->key == key)
		return entry;
	if (tally->entry_count * 2 >= tally->slot_count && grow(tally))
		return NULL;
	entry = tally->slots[slot_of(tally, key)];
	if (!entry) {
		entry = take(tally, sizeof *entry);
		if (!entry)
			return NULL;
		entry->key = key;
		tally->slots[slot_of(tally, key)] = entry;
		tally->entry_count++;
	}
	tally->last = entry;
	return entry;
}

/* Values below PARTS have a bucket each; of each doubling above, PARTS. Negative ones are as 0. */
static void place_of(int64_t value, int *ret_doubling, int *ret_part)
{
	int shift;

	if (value < PARTS) {
		*ret_doubling = 0;
		*ret_part = value < 0 ? 0 : (int)value;
		return;
	}
	shift = 63 - __builtin_clzll((uint64_t)value) - BUCKET_BITS;
	*ret_doubling = shift + 1;
	*ret_part = (int)(value >> shift) - PARTS;
}

/* The largest value of a bucket. */
static int64_t end_of(int doubling, int part)
{
	if (!doubling)
		return part;
	return (int64_t)(((uint64_t)(part + PARTS + 1) << (doubling - 1)) - 1);
}

static int count_value(struct tally *tally, struct entry *entry, int64_t value, int64_t id)
{
	int doubling, part;

	place_of(value, &doubling, &part);
	if (!entry->parts[doubling] &&
		!(entry->parts[doubling] = take(tally, PARTS * sizeof(uint64_t))))
		return -1;
	entry->parts[doubling][part]++;
	if (!entry->count || value < entry->min) {
		entry->min = value;
		entry->min_id = id;
	}
	if (!entry->count || value > entry->max) {
		entry->max = value;
		entry->max_id = id;
	}
	if (__builtin_add_overflow(entry->sum, value, &entry->sum))
		entry->sum = value < 0 ? INT64_MIN : INT64_MAX;
	entry->count++;
	return 0;
}

/* The value that `percent` of them do not exceed. */
static int64_t percentile(const struct entry *entry, int percent)
{
	int64_t rank = (int64_t)((double)entry->count * percent / 100), seen = 0, value;
	int doubling, part;

	rank += (double)rank < (double)entry->count * percent / 100;
	for (doubling = 0; doubling < DOUBLINGS; doubling++) {
		if (!entry->parts[doubling])
			continue;
		for (part = 0; part < PARTS; part++) {
			seen += (int64_t)entry->parts[doubling][part];
			if (seen < rank || !seen)
				continue;
			value = end_of(doubling, part);
			return value > entry->max   ? entry->max
			       : value < entry->min ? entry->min
						    : value;
		}
	}
	return entry->max;
}

static void free_all(struct tally *tally)
{
	size_t i;
	int doubling;

	for (i = 0; i < tally->slot_count; i++) {
		for (doubling = 0; tally->slots[i] && doubling < DOUBLINGS; doubling++)
			free(tally->slots[i]->parts[doubling]);
		free(tally->slots[i]);
	}
	free(tally->slots);
	id_set_deinit(&tally->met);
	free(tally);
}

/* Has this value of ONCE come before? */
static bool is_again(struct tally *tally, sqlite3_value *once, bool *failed)
{
	int added;

	if (sqlite3_value_type(once) == SQLITE_NULL)
		return false;
	added = id_set_add(&tally->met, sqlite3_value_int64(once));
	*failed = added < 0;
	return !added;
}

static void step(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct tally **own = sqlite3_aggregate_context(context, sizeof *own);
	struct entry *entry;
	bool failed = false;
	int64_t key;

	if (own && !*own)
		*own = calloc(1, sizeof **own);
	if (!own || !*own) {
		sqlite3_result_error_nomem(context);
		return;
	}
	if (sqlite3_value_type(values[1]) == SQLITE_NULL ||
		(count > 3 && is_again(*own, values[3], &failed)))
		return;
	key = sqlite3_value_type(values[0]) == SQLITE_NULL ? INT64_MIN
							   : sqlite3_value_int64(values[0]);
	entry = failed ? NULL : entry_of(*own, key);
	if (!entry || count_value(*own, entry, sqlite3_value_int64(values[1]),
			      sqlite3_value_int64(values[2])))
		sqlite3_result_error(context, "tally: too many different keys", -1);
}

static int compare(const void *a, const void *b)
{
	int64_t one = (*(struct entry *const *)a)->key, other = (*(struct entry *const *)b)->key;

	return (one > other) - (one < other);
}

static void add_entry(struct strbuf *json, const struct entry *entry)
{
	strbuf_add_string(json, json->length > 1 ? ",{\"key\":" : "{\"key\":");
	if (entry->key == INT64_MIN)
		strbuf_add_string(json, "null");
	else
		strbuf_printf(json, "%" PRId64, entry->key);
	strbuf_printf(json,
		",\"count\":%" PRId64 ",\"sum\":%" PRId64 ",\"min\":%" PRId64 ",\"min_id\":%" PRId64
		",\"max\":%" PRId64 ",\"max_id\":%" PRId64,
		entry->count, entry->sum, entry->min, entry->min_id, entry->max, entry->max_id);
	strbuf_printf(json, ",\"p50\":%" PRId64 ",\"p90\":%" PRId64 ",\"p99\":%" PRId64 "}",
		percentile(entry, 50), percentile(entry, 90), percentile(entry, 99));
}

static void finish(sqlite3_context *context)
{
	struct tally **own = sqlite3_aggregate_context(context, 0);
	struct strbuf json = {0};
	size_t i, count = 0;

	strbuf_add_char(&json, '[');
	for (i = 0; own && *own && i < (*own)->slot_count; i++)
		if ((*own)->slots[i])
			(*own)->slots[count++] = (*own)->slots[i];
	if (count) {
		for (i = count; i < (*own)->slot_count; i++)
			(*own)->slots[i] = NULL;
		qsort((*own)->slots, count, sizeof *(*own)->slots, compare);
	}
	for (i = 0; i < count; i++)
		add_entry(&json, (*own)->slots[i]);
	strbuf_add_char(&json, ']');
	if (own && *own)
		free_all(*own);
	if (json.failed)
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_text(
			context, strbuf_string(&json), (int)json.length, SQLITE_TRANSIENT);
	strbuf_deinit(&json);
}

int tally_add(sqlite3 *database)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int code = sqlite3_create_function(database, "tally", 3, flags, NULL, NULL, step, finish);

	return code ? code
		    : sqlite3_create_function(
			      database, "tally", 4, flags, NULL, NULL, step, finish);
}
