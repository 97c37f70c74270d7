/*
 * Stacks as frames: see frames.h. Promises an end for stacks that do not end (a damaged recording
 * may hold a circle), and to keep what it gave until the cache is destroyed.
 */
#include "debugger/frames.h"

#include "debugger/lookup.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX  1024 /* of one stack */
#define INLINE_MAX 64	/* inlined calls at one place */
#define BUCKETS	   1024

struct entry {
	struct entry *next;
	int64_t key;
	int kind; /* 0 a stack, 1 a stack down to a thread's start, 2 a place */
	struct frames *frames;
};

struct frames_cache {
	struct entry *buckets[BUCKETS];
};

/* Frames being gathered. */
struct gathering {
	struct frame *rows;
	size_t count, capacity;
};

struct frames_cache *frames_cache_create(void)
{
	return calloc(1, sizeof(struct frames_cache));
}

void frames_cache_destroy(struct frames_cache *cache)
{
	size_t i;

	if (!cache)
		return;
	for (i = 0; i < BUCKETS; i++) {
		while (cache->buckets[i]) {
			struct entry *next = cache->buckets[i]->next;

			free(cache->buckets[i]->frames);
			free(cache->buckets[i]);
			cache->buckets[i] = next;
		}
	}
	free(cache);
}

const char *frames_basename(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static struct frame *gather(struct gathering *gathering)
{
	if (gathering->count == gathering->capacity) {
		size_t capacity = gathering->capacity ? gathering->capacity * 2 : 32;
		struct frame *rows = realloc(gathering->rows, capacity * sizeof *rows);

		if (!rows)
			return NULL;
		gathering->rows = rows;
		gathering->capacity = capacity;
	}
	return &gathering->rows[gathering->count++];
}

/* The source rows of a frame, each becoming a row of its own; `frame` is what they share. */
static int add_sources(struct gathering *gathering, struct reader *recording, int64_t frame_id,
	const struct frame *frame, struct error *err)
{
	static const char sql[] = "SELECT function, file, line, column, directory FROM main.source"
				  " WHERE frame_id = ?1 ORDER BY inline_depth LIMIT ?2";
	size_t first = gathering->count, i;
	sqlite3_stmt *row;
	int found;

	if (reader_prepare(recording, STATEMENT_SOURCE, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, frame_id);
	sqlite3_bind_int(row, 2, INLINE_MAX);
	while ((found = reader_step(recording, row, err)) == 1) {
		struct frame *added = gather(gathering);

		if (!added) {
			sqlite3_reset(row);
			return error_set(err, "out of memory");
		}
		*added = *frame;
		added->function = lookup_text(recording, row, 0);
		added->file = lookup_text(recording, row, 1);
		added->line = lookup_column(row, 2);
		added->column = lookup_column(row, 3);
		added->directory = lookup_text(recording, row, 4);
	}
	if (found < 0)
		return -1;
	if (gathering->count == first) {
		struct frame *added = gather(gathering);

		if (!added)
			return error_set(err, "out of memory");
		*added = *frame;
	}
	for (i = first; i + 1 < gathering->count; i++)
		gathering->rows[i].inlined = true;
	return 0;
}

#define FRAME_COLUMNS "f.address, f.is_exact, f.end_reason, m.path"

static struct frame read_frame(struct reader *recording, sqlite3_stmt *row, int column)
{
	return (struct frame){
		.address = lookup_column(row, column),
		.is_exact = sqlite3_column_int(row, column + 1) == 1,
		.end_reason = lookup_text(recording, row, column + 2),
		.module = lookup_text(recording, row, column + 3),
		.line = UNKNOWN,
		.column = UNKNOWN,
	};
}

/* One node of a stack: its frames are added, and its caller is told. */
static int add_node(struct gathering *gathering, struct reader *recording, int64_t stack_id,
	int64_t *ret_caller, struct error *err)
{
	static const char sql[] =
		"SELECT s.caller_id, s.frame_id, " FRAME_COLUMNS " FROM main.stack s"
		" LEFT JOIN main.frame f ON f.frame_id = s.frame_id"
		" LEFT JOIN main.module m ON m.module_id = f.module_id WHERE s.stack_id = ?1";
	struct frame frame;
	sqlite3_stmt *row;
	int64_t frame_id;
	int found;

	*ret_caller = UNKNOWN;
	if (reader_prepare(recording, STATEMENT_STACK, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, stack_id);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	*ret_caller = lookup_column(row, 0);
	frame_id = lookup_column(row, 1);
	frame = read_frame(recording, row, 2);
	sqlite3_reset(row);
	return add_sources(gathering, recording, frame_id, &frame, err) ? -1 : 1;
}

static bool starts_with(const char *text, const char *beginning)
{
	return text && !strncmp(text, beginning, strlen(beginning));
}

static bool is_libc(const struct frame *frame)
{
	const char *name = frames_basename(frame->module);

	return starts_with(name, "libc.so") || starts_with(name, "libc-2") ||
	       starts_with(name, "libpthread") || starts_with(name, "ld-linux") ||
	       starts_with(name, "ld-musl");
}

/* How C starts a program or a thread: the same below every main, and nobody's doing. */
static bool is_start(const struct frame *frame)
{
	static const char *const names[] = {"__libc_start_call_main", "__libc_start_main", "_start",
		"start_thread", "clone", "clone3", "__clone", "__clone3", "__GI___clone",
		"__GI___clone3", NULL};
	size_t i, length;

	for (i = 0; frame->function && names[i]; i++) {
		length = strlen(names[i]);
		if (!strncmp(frame->function, names[i], length) &&
			(!frame->function[length] || frame->function[length] == '@' ||
				!strcmp(frame->function + length, "_impl")))
			return true;
	}
	return false;
}

/* How many of the frames are the program's own and not below its main or its thread's function. */
static size_t count_places(const struct gathering *gathering, bool of_root)
{
	const struct frame *rows = gathering->rows;
	size_t count = gathering->count, i;

	if (!count || rows[count - 1].end_reason)
		return count;
	for (i = count; of_root && i-- > 0;)
		if (rows[i].function && !strcmp(rows[i].function, "main"))
			return i + 1;
	/* A stripped executable's _start has no name, but what calls libc at the very bottom is it.
	 */
	if (of_root && count > 2 && !is_libc(&rows[count - 1]) && !rows[count - 1].function &&
		is_libc(&rows[count - 2]))
		count--;
	while (count > 1 && (is_start(&rows[count - 1]) || (of_root && is_libc(&rows[count - 1]))))
		count--;
	return count;
}

static struct entry *find(struct frames_cache *cache, int64_t key, int kind)
{
	struct entry *entry = cache->buckets[(uint64_t)key % BUCKETS];

	while (entry && (entry->key != key || entry->kind != kind))
		entry = entry->next;
	return entry;
}

static int keep(struct frames_cache *cache, int64_t key, int kind,
	const struct gathering *gathering, const struct frames **ret, struct error *err)
{
	struct entry *entry = malloc(sizeof *entry);
	struct frames *frames =
		malloc(sizeof *frames + gathering->count * sizeof gathering->rows[0]);

	if (!entry || !frames) {
		free(entry);
		free(frames);
		return error_set(err, "out of memory");
	}
	frames->stack_id = kind == 2 ? UNKNOWN : key;
	frames->count = gathering->count;
	frames->places = kind == 2 ? gathering->count : count_places(gathering, kind == 1);
	if (gathering->count)
		memcpy(frames->rows, gathering->rows, gathering->count * sizeof frames->rows[0]);
	*entry = (struct entry){cache->buckets[(uint64_t)key % BUCKETS], key, kind, frames};
	cache->buckets[(uint64_t)key % BUCKETS] = entry;
	*ret = frames;
	return 0;
}

static int gather_stack(
	struct gathering *gathering, struct reader *recording, int64_t stack_id, struct error *err)
{
	static const char damaged[] = "the stack is damaged in the recording";
	int64_t caller = UNKNOWN;
	size_t nodes;
	int found = 1;

	for (nodes = 0; stack_id != UNKNOWN && nodes < NODES_MAX; nodes++, stack_id = caller) {
		found = add_node(gathering, recording, stack_id, &caller, err);
		if (found < 0)
			return -1;
		if (!found || (caller != UNKNOWN && caller >= stack_id))
			break;
	}
	if (stack_id != UNKNOWN) {
		struct frame *last = gather(gathering);

		if (!last)
			return error_set(err, "out of memory");
		*last = (struct frame){.end_reason = damaged,
			.line = UNKNOWN,
			.column = UNKNOWN,
			.address = UNKNOWN};
	}
	return 0;
}

int frames_of_stack(struct frames_cache *cache, struct reader *recording, int64_t stack_id,
	bool of_root, const struct frames **ret, struct error *err)
{
	struct gathering gathering = {0};
	struct entry *entry = find(cache, stack_id, of_root);
	int result;

	if (entry) {
		*ret = entry->frames;
		return 0;
	}
	result = gather_stack(&gathering, recording, stack_id, err);
	if (!result)
		result = keep(cache, stack_id, of_root, &gathering, ret, err);
	free(gathering.rows);
	return result;
}

int frames_of_place(struct frames_cache *cache, struct reader *recording, int64_t frame_id,
	const struct frames **ret, struct error *err)
{
	static const char sql[] = "SELECT " FRAME_COLUMNS " FROM main.frame f"
				  " LEFT JOIN main.module m ON m.module_id = f.module_id"
				  " WHERE f.frame_id = ?1";
	struct gathering gathering = {0};
	struct entry *entry = find(cache, frame_id, 2);
	struct frame frame;
	sqlite3_stmt *row;
	int found, result = 0;

	if (entry) {
		*ret = entry->frames;
		return 0;
	}
	if (frame_id != UNKNOWN) {
		if (reader_prepare(recording, STATEMENT_PLACE, sql, &row, err))
			return -1;
		sqlite3_bind_int64(row, 1, frame_id);
		found = reader_step(recording, row, err);
		if (found < 0)
			return -1;
		if (found) {
			frame = read_frame(recording, row, 0);
			sqlite3_reset(row);
			result = add_sources(&gathering, recording, frame_id, &frame, err);
		}
	}
	if (!result && gathering.count) { /* the function itself, not what begins it inlined */
		gathering.rows[0] = gathering.rows[gathering.count - 1];
		gathering.count = 1;
	}
	if (!result)
		result = keep(cache, frame_id, 2, &gathering, ret, err);
	free(gathering.rows);
	return result;
}
