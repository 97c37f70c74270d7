/*
 * Between which lines of a file recorded lines must stand: see log_order.h. Texts are known by
 * their hashes here, and a line costs some 50 bytes.
 */
#include "debugger/log/log_order.h"

#include "debugger/log/log_text.h"
#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define OUTNUMBERED 4 /* times as many lines, and so many more, say that it is another file */

/* A text: how often it was recorded and stands in the file, 2 for more; and where. */
struct seen {
	uint64_t hash;
	int64_t line;
	unsigned char recorded, in_file, is_used;
};

/* A recorded line. */
struct row {
	int64_t log_id;
	uint64_t hash, group;
	size_t writer;
};

/* Who writes to which file. */
struct writer {
	uint64_t group;
	int64_t writer_id;
	int64_t bound; /* the last line known of it, as the sweep goes */
};

struct order {
	struct seen *seen;
	size_t seen_size, seen_count;
	struct row *rows;
	size_t row_count, row_capacity;
	struct writer *writers;
	size_t writer_count, writer_capacity;
	size_t *writer_slots; /* hash table of indexes, plus 1 */
	size_t writer_size;
};

static void order_deinit(struct order *order)
{
	free(order->seen);
	free(order->rows);
	free(order->writers);
	free(order->writer_slots);
}

static uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 31;
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ hash >> 29;
}

/* The text of that hash, or the free place for it. */
static struct seen *seen_of(const struct order *order, uint64_t hash)
{
	size_t i = (size_t)mix(hash) & (order->seen_size - 1);

	while (order->seen[i].is_used && order->seen[i].hash != hash)
		i = (i + 1) & (order->seen_size - 1);
	return &order->seen[i];
}

static bool grow_seen(struct order *order)
{
	struct order wider = {.seen_size = order->seen_size ? 2 * order->seen_size : 1024};
	size_t i;

	if (2 * (order->seen_count + 1) <= order->seen_size)
		return true;
	wider.seen = calloc(wider.seen_size, sizeof *wider.seen);
	if (!wider.seen)
		return false;
	for (i = 0; i < order->seen_size; i++)
		if (order->seen[i].is_used)
			*seen_of(&wider, order->seen[i].hash) = order->seen[i];
	free(order->seen);
	order->seen = wider.seen;
	order->seen_size = wider.seen_size;
	return true;
}

static bool add_recorded(struct order *order, uint64_t hash)
{
	struct seen *seen;

	if (!grow_seen(order))
		return false;
	seen = seen_of(order, hash);
	if (!seen->is_used) {
		*seen = (struct seen){hash, 0, 0, 0, 1};
		order->seen_count++;
	}
	if (seen->recorded < 2)
		seen->recorded++;
	return true;
}

static size_t *writer_slot(
	const struct order *order, size_t *slots, size_t size, uint64_t group, int64_t writer_id)
{
	size_t i = (size_t)mix(group * 31 + (uint64_t)writer_id) & (size - 1);

	for (; slots[i]; i = (i + 1) & (size - 1)) {
		const struct writer *writer = &order->writers[slots[i] - 1];

		if (writer->group == group && writer->writer_id == writer_id)
			break;
	}
	return &slots[i];
}

static bool grow_writers(struct order *order)
{
	size_t size = order->writer_size ? 2 * order->writer_size : 64, i;
	struct writer *writers;
	size_t *slots;

	if (2 * (order->writer_count + 1) <= order->writer_size)
		return true;
	slots = calloc(size, sizeof *slots);
	writers = reallocarray(order->writers, size, sizeof *writers);
	if (writers)
		order->writers = writers;
	if (!slots || !writers) {
		free(slots);
		return false;
	}
	for (i = 0; i < order->writer_count; i++)
		*writer_slot(order, slots, size, writers[i].group, writers[i].writer_id) = i + 1;
	free(order->writer_slots);
	order->writer_slots = slots;
	order->writer_size = size;
	return true;
}

static bool writer_of(struct order *order, uint64_t group, int64_t writer_id, size_t *ret)
{
	size_t *slot;

	if (!grow_writers(order))
		return false;
	slot = writer_slot(order, order->writer_slots, order->writer_size, group, writer_id);
	if (!*slot) {
		order->writers[order->writer_count] = (struct writer){group, writer_id, 0};
		*slot = ++order->writer_count;
	}
	*ret = *slot - 1;
	return true;
}

static bool add_row(struct order *order, const struct row *row)
{
	struct row *rows;

	if (order->row_count == order->row_capacity) {
		size_t wider = order->row_capacity ? 2 * order->row_capacity : 1024;

		rows = reallocarray(order->rows, wider, sizeof *rows);
		if (!rows)
			return false;
		order->rows = rows;
		order->row_capacity = wider;
	}
	order->rows[order->row_count++] = *row;
	return true;
}

/* A line: log_id, log_origin_id, full_length, text. */
static bool load_row(struct order *order, const struct log_sinks *sinks, const bool *chosen,
	sqlite3_stmt *statement)
{
	const struct log_origin *origin =
		sinks ? log_sinks_origin(sinks, sqlite3_column_int64(statement, 1)) : NULL;
	const struct log_sink *sink = origin ? log_sinks_find(sinks, origin->sink_id) : NULL;
	const char *bytes = sqlite3_column_blob(statement, 3);
	size_t length = (size_t)sqlite3_column_bytes(statement, 3);
	int64_t whole = sqlite3_column_int64(statement, 2);
	struct row row = {.log_id = sqlite3_column_int64(statement, 0)};

	if (sinks && (!sink || !chosen[sink - sinks->rows]))
		return true;
	if (whole > 0 && (uint64_t)whole > length)
		return true; /* its text is not known: it stands for nothing */
	row.hash = log_text_hash(bytes, log_text_trim(bytes, length));
	if (!add_recorded(order, row.hash))
		return false;
	if (!sinks || origin->is_unordered)
		return true;
	row.group = sink->group;
	return writer_of(order, row.group, origin->writer_id, &row.writer) && add_row(order, &row);
}

/* The lines of the sinks that are chosen; without `sinks` of all, and only their texts. */
static int load_rows(struct order *order, struct reader *recording, const struct log_sinks *sinks,
	const bool *chosen, struct error *err)
{
	static const char sql[] = "SELECT log_id, log_origin_id, full_length, text"
				  " FROM main.packed_log ORDER BY log_id";
	sqlite3_stmt *statement;
	int found;

	if (reader_prepare(recording, STATEMENT_LOG_ANCHORS, sql, &statement, err))
		return -1;
	reader_set_budget(recording, 0);
	while ((found = reader_step(recording, statement, err)) == 1)
		if (!load_row(order, sinks, chosen, statement)) {
			error_set(err, "out of memory");
			break;
		}
	sqlite3_reset(statement);
	reader_set_budget(recording, READER_BUDGET);
	if (!found && !grow_seen(order))
		return error_set(err, "out of memory");
	return found ? -1 : 0;
}

static struct seen *seen_of_line(const struct order *order, const struct log_file_line *line)
{
	size_t length = log_text_trim(line->bytes, line->kept);
	struct seen *seen = seen_of(order, log_text_hash(line->bytes, length));
	int64_t async_id;

	if (!seen->is_used && log_text_untag(line->bytes, length, &length, &async_id))
		seen = seen_of(order, log_text_hash(line->bytes, length));
	return seen->is_used ? seen : NULL;
}

static int load_file(struct order *order, struct log_file *file, uint64_t from, struct error *err)
{
	struct log_file_line line;
	struct seen *seen;
	int found;

	log_file_rewind(file);
	while ((found = log_file_next(file, &line, err)) == 1) {
		if (line.offset < from || line.kept < line.length)
			continue;
		seen = seen_of_line(order, &line);
		if (!seen)
			continue;
		seen->line = line.number;
		if (seen->in_file < 2)
			seen->in_file++;
	}
	return found;
}

/* Where a recorded line stands in the file; 0 when it is not known. */
static int64_t known_line(const struct order *order, const struct row *row)
{
	const struct seen *seen = seen_of(order, row->hash);

	return seen->recorded == 1 && seen->in_file == 1 ? seen->line : 0;
}

static void begin_sweep(struct order *order, int64_t bound)
{
	size_t i;

	for (i = 0; i < order->writer_count; i++)
		order->writers[i].bound = bound;
}

/* Both ways through the rows, and with them through the candidates. */
static void sweep(const struct order *order, struct place_candidate **candidates, size_t count)
{
	size_t i, at = 0;
	int64_t line;

	for (i = 0; i < order->row_count; i++) {
		const struct row *row = &order->rows[i];

		while (at < count && candidates[at]->log_id < row->log_id)
			at++;
		for (; at < count && candidates[at]->log_id == row->log_id; at++)
			candidates[at]->low = order->writers[row->writer].bound;
		line = known_line(order, row);
		if (line)
			order->writers[row->writer].bound = line;
	}
}

static void sweep_back(const struct order *order, struct place_candidate **candidates, size_t count)
{
	size_t i, at = count;
	int64_t line;

	for (i = order->row_count; i--;) {
		const struct row *row = &order->rows[i];

		while (at && candidates[at - 1]->log_id > row->log_id)
			at--;
		for (; at && candidates[at - 1]->log_id == row->log_id; at--)
			candidates[at - 1]->high = order->writers[row->writer].bound;
		line = known_line(order, row);
		if (line)
			order->writers[row->writer].bound = line;
	}
}

/* How many of a group's lines are known, for each group; `size` is a group's greatest number
 * plus 1. */
static size_t *count_known(const struct order *order, size_t size)
{
	size_t *counts = calloc(size, sizeof *counts), i;

	for (i = 0; counts && i < order->row_count; i++)
		if (order->rows[i].group < size && known_line(order, &order->rows[i]))
			counts[order->rows[i].group]++;
	return counts;
}

/*
 * A file is one of those that were written to: when lines that occur but once say which, what was
 * written to the others stands nowhere in it. A few that say otherwise are somebody else's, who
 * happened to write the same. That a file was cut short is noticed some time after, so that what it
 * is said to have held before may stand in it still.
 */
static bool exclude_others(const struct order *order, const struct log_sinks *sinks,
	struct place_candidate **candidates, size_t count)
{
	size_t *counts = count_known(order, sinks->count + 1), best = 0, i;
	const struct log_sink *sink;

	if (!counts)
		return false;
	for (i = 0; i < sinks->count; i++)
		best = counts[i] > counts[best] ? i : best;
	for (i = 0; i < count; i++) {
		size_t group = (size_t)candidates[i]->group;
		size_t known = group < sinks->count ? counts[group] : 0;

		sink = group < sinks->count ? &sinks->rows[group] : NULL;
		if (sink && sink->file == sinks->rows[best].file &&
			sink->generation < sinks->rows[best].generation)
			continue;
		if ((known + 1) * OUTNUMBERED <= counts[best]) {
			candidates[i]->low = PLACE_BEHIND;
			candidates[i]->high = PLACE_BEFORE;
		}
	}
	free(counts);
	return true;
}

int log_order_bound(struct reader *recording, const struct log_sinks *sinks, const bool *chosen,
	struct log_file *file, uint64_t from, struct place_candidate **candidates, size_t count,
	struct error *err)
{
	struct order order = {0};
	int result = -1;
	size_t i;

	for (i = 0; i < count; i++) {
		candidates[i]->low = PLACE_BEFORE;
		candidates[i]->high = PLACE_BEHIND;
	}
	if (!load_rows(&order, recording, sinks, chosen, err) &&
		!load_file(&order, file, from, err)) {
		begin_sweep(&order, PLACE_BEFORE);
		sweep(&order, candidates, count);
		begin_sweep(&order, PLACE_BEHIND);
		sweep_back(&order, candidates, count);
		result = exclude_others(&order, sinks, candidates, count)
				 ? 0
				 : error_set(err, "out of memory");
	}
	order_deinit(&order);
	return result;
}

int log_order_is_known(
	struct reader *recording, struct log_file *file, uint64_t from, struct error *err)
{
	struct order order = {0};
	struct log_file_line line;
	bool is_known = false;
	int found = load_rows(&order, recording, NULL, NULL, err);

	log_file_rewind(file);
	while (!found && !is_known && (found = log_file_next(file, &line, err)) == 1) {
		found = 0;
		is_known = line.offset >= from && line.length && line.kept == line.length &&
			   seen_of_line(&order, &line);
	}
	order_deinit(&order);
	return found < 0 ? -1 : is_known;
}
