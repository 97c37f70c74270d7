/* Which of the recording's sinks a log file is: see log_sinks.h. Choosing is pure. */
#include "debugger/log/log_sinks.h"

#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MOST 1000 /* sinks that are compared with each other */

void log_sinks_deinit(struct log_sinks *sinks)
{
	free(sinks->rows);
	free(sinks->origins);
	*sinks = (struct log_sinks){0};
}

static int order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_identities(const struct log_sink *one, const struct log_sink *other)
{
	int result = order(one->device, other->device);

	result = result ? result : order(one->inode, other->inode);
	return result ? result : order(one->born_ns, other->born_ns);
}

static int compare_rows(const void *a, const void *b)
{
	const struct log_sink *one = *(struct log_sink *const *)a;
	const struct log_sink *other = *(struct log_sink *const *)b;
	int result = compare_identities(one, other);

	return result ? result : order(one->sink_id, other->sink_id);
}

static bool is_same_path(const struct log_sink *a, const struct log_sink *b)
{
	return a->path && b->path && !strcmp(a->path, b->path);
}

/*
 * Of rows[from … to), which are of one file, in the order of sink_id: another one under the same
 * name is the file after it was cut short. A group is numbered by its first row.
 */
static void set_generations(const struct log_sinks *sinks, struct log_sink **rows, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		rows[i]->generation = 0;
		rows[i]->file = (size_t)(rows[0] - sinks->rows);
		for (j = i; j-- && !is_same_path(rows[i], rows[j]);)
			;
		if (j != SIZE_MAX)
			rows[i]->generation = rows[j]->generation + 1;
		for (j = 0; rows[j]->generation != rows[i]->generation; j++)
			;
		rows[i]->group = (size_t)(rows[j] - sinks->rows);
	}
}

/* What has no identity is alone. */
static bool set_groups(struct log_sinks *sinks)
{
	struct log_sink **sorted = reallocarray(NULL, sinks->count + 1, sizeof *sorted);
	size_t i, from;

	if (!sorted)
		return false;
	for (i = 0; i < sinks->count; i++) {
		sorted[i] = &sinks->rows[i];
		sinks->rows[i].group = i;
	}
	qsort(sorted, sinks->count, sizeof *sorted, compare_rows);
	for (from = 0; from < sinks->count; from = i) {
		for (i = from + 1;
			i < sinks->count && i - from < NAMES_MOST && sorted[i]->inode != UNKNOWN &&
			sorted[i]->inode && !compare_identities(sorted[i], sorted[from]);
			i++)
			;
		set_generations(sinks, &sorted[from], i - from);
	}
	free(sorted);
	return true;
}

/* Room for one more of `count`, which grows at powers of two; NULL when memory runs out. */
static void *with_room(void *rows, size_t count, size_t size)
{
	return count & (count - 1) ? rows : reallocarray(rows, count ? 2 * count : 1, size);
}

static bool load_sink(struct log_sinks *sinks, struct reader *recording, sqlite3_stmt *row)
{
	struct log_sink *rows = with_room(sinks->rows, sinks->count, sizeof *rows);

	if (!rows)
		return false;
	sinks->rows = rows;
	rows[sinks->count++] = (struct log_sink){lookup_column(row, 0), lookup_column(row, 1),
		lookup_column(row, 2), lookup_column(row, 3), lookup_column(row, 4),
		lookup_text(recording, row, 5), lookup_text(recording, row, 6),
		lookup_text(recording, row, 7), 0, 0, 0};
	return true;
}

static bool load_origin(struct log_sinks *sinks, struct reader *recording, sqlite3_stmt *row)
{
	struct log_origin *origins =
		with_room(sinks->origins, sinks->origin_count, sizeof *origins);

	(void)recording;
	if (!origins)
		return false;
	sinks->origins = origins;
	origins[sinks->origin_count++] = (struct log_origin){sqlite3_column_int64(row, 0),
		lookup_column(row, 1), lookup_column(row, 2), sqlite3_column_int(row, 3) == 1};
	return true;
}

/* All rows of a statement. */
static int load(struct log_sinks *sinks, struct reader *recording, enum statement_slot slot,
	const char *sql, bool (*take)(struct log_sinks *, struct reader *, sqlite3_stmt *),
	struct error *err)
{
	sqlite3_stmt *row;
	int found;

	if (reader_prepare(recording, slot, sql, &row, err))
		return -1;
	while ((found = reader_step(recording, row, err)) == 1)
		if (!take(sinks, recording, row)) {
			sqlite3_reset(row);
			return error_set(err, "out of memory");
		}
	return found;
}

/* Calls that say where in the file they write, or that a pool of threads carries out, any first. */
int log_sinks_init(struct log_sinks *sinks, struct reader *recording, struct error *err)
{
	static const char sinks_sql[] =
		"SELECT sink_id, device, inode, born_ns, size_before, kind, path, moved_to"
		" FROM main.sink ORDER BY sink_id";
	static const char origins_sql[] =
		"SELECT o.log_origin_id, o.sink_id, o.writer_id,"
		" a.name LIKE 'pwrite%' OR a.name = 'uv_fs_write' FROM main.log_origin o"
		" LEFT JOIN main.api a ON a.api_id = o.api_id ORDER BY o.log_origin_id";

	*sinks = (struct log_sinks){0};
	if (load(sinks, recording, STATEMENT_SINKS, sinks_sql, load_sink, err) ||
		load(sinks, recording, STATEMENT_LOG_ORIGINS, origins_sql, load_origin, err)) {
		log_sinks_deinit(sinks);
		return -1;
	}
	if (set_groups(sinks))
		return 0;
	log_sinks_deinit(sinks);
	return error_set(err, "out of memory");
}

/* A row by the number at its beginning. */
static const void *find(int64_t id, const void *rows, size_t count, size_t size)
{
	const char *bytes = rows;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (*(const int64_t *)(bytes + middle * size) < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && *(const int64_t *)(bytes + low * size) == id ? bytes + low * size
									   : NULL;
}

const struct log_sink *log_sinks_find(const struct log_sinks *sinks, int64_t sink_id)
{
	return find(sink_id, sinks->rows, sinks->count, sizeof *sinks->rows);
}

const struct log_origin *log_sinks_origin(const struct log_sinks *sinks, int64_t origin_id)
{
	return find(origin_id, sinks->origins, sinks->origin_count, sizeof *sinks->origins);
}

/* How long the name is without one thing that rotation put at its end. */
static size_t without_ending(const char *name, size_t length)
{
	static const char *const endings[] = {
		".old", ".bak", ".orig", ".prev", ".last", ".save", "~", NULL};
	size_t i, begin = length;

	for (i = 0; endings[i]; i++) {
		size_t size = strlen(endings[i]);

		if (length > size && !strncmp(name + length - size, endings[i], size))
			return length - size;
	}
	/* ".1", "-20261126", ".2026-11-26_10:30" */
	while (begin > 1 && strchr("0123456789", name[begin - 1]))
		begin--;
	if (begin < length && begin > 1 && strchr(".-_:T", name[begin - 1]))
		return begin - 1;
	return length;
}

void log_sinks_add_stem(struct strbuf *ret, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t length = strlen(name), shorter;
	bool is_log = length > 4 && !strcmp(name + length - 4, ".log");

	if (is_log)
		length -= 4;
	while ((shorter = without_ending(name, length)) < length)
		length = shorter;
	strbuf_add(ret, path, (size_t)(name - path));
	strbuf_add(ret, name, length);
	if (is_log)
		strbuf_add_string(ret, ".log");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_path(const struct log_sink *sink, const struct log_identity *file)
{
	return (sink->path && !strcmp(sink->path, file->path)) ||
	       (sink->moved_to && !strcmp(sink->moved_to, file->path));
}

/* Of the same stem; in whatever folder, when `anywhere`. */
static bool is_rotated(const struct log_sink *sink, const char *stem, bool anywhere)
{
	const char *const names[] = {sink->path, sink->moved_to};
	struct strbuf own = {0};
	bool same = false;

	for (size_t i = 0; i < 2 && !same; i++) {
		if (!names[i] || *names[i] != '/')
			continue;
		strbuf_clear(&own);
		log_sinks_add_stem(&own, names[i]);
		same = anywhere ? !strcmp(base_name(strbuf_string(&own)), base_name(stem))
				: !strcmp(strbuf_string(&own), stem);
	}
	strbuf_deinit(&own);
	return same;
}

/* The same file, whatever it is called. Where its birth is not known, an inode may be another's. */
static bool is_identical(
	const struct log_sink *sink, const struct log_identity *file, const char *stem)
{
	if (sink->inode == UNKNOWN || sink->inode != file->inode || sink->device != file->device ||
		!sink->kind || strcmp(sink->kind, "file"))
		return false;
	if (sink->born_ns != UNKNOWN && file->born_ns != UNKNOWN)
		return sink->born_ns == file->born_ns;
	return is_path(sink, file) || is_rotated(sink, stem, true);
}

enum sinks_choice log_sinks_choose(
	const struct log_sinks *sinks, const struct log_identity *file, bool *chosen)
{
	struct strbuf stem = {0};
	bool any = false;
	int step;
	size_t i;

	log_sinks_add_stem(&stem, file->path);
	for (step = 0; step < 5 && !any; step++)
		for (i = 0; i < sinks->count; i++) {
			const struct log_sink *sink = &sinks->rows[i];

			chosen[i] = step == 0	? is_identical(sink, file, strbuf_string(&stem))
				    : step == 1 ? is_path(sink, file)
				    : step < 4	? is_rotated(sink, strbuf_string(&stem), step == 3)
						: true;
			any |= chosen[i];
		}
	strbuf_deinit(&stem);
	return step == 1   ? SINKS_BY_IDENTITY
	       : step == 2 ? SINKS_BY_PATH
	       : step < 5  ? SINKS_BY_ROTATION
			   : SINKS_ALL;
}
