/*
 * Stacks as frames: see frames.h. Promises an end for stacks that do not end (a damaged recording
 * may hold a circle), and to keep what it gave until the cache is destroyed.
 */
#include "debugger/recording/frames.h"

#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX  1024 /* of one stack */
#define INLINE_MAX 64	/* inlined calls at one place */
#define BUCKETS	   1024

enum kind { STACK, ROOT_STACK, PLACE };

struct entry {
	struct entry *next;
	int64_t key;
	enum kind kind;
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
static int add_sources(struct gathering *gathering, struct reader *recording,
	const struct frame *frame, struct error *err)
{
	static const char sql[] = "SELECT function, file, line, column, directory FROM main.source"
				  " WHERE frame_id = ?1 ORDER BY inline_depth LIMIT ?2";
	size_t first = gathering->count, i;
	sqlite3_stmt *row;
	int found;

	if (reader_prepare(recording, STATEMENT_SOURCE, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, frame->frame_id);
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

static struct frame read_frame(
	struct reader *recording, sqlite3_stmt *row, int column, int64_t frame_id)
{
	return (struct frame){
		.frame_id = frame_id,
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
	int found;

	*ret_caller = UNKNOWN;
	if (reader_prepare(recording, STATEMENT_STACK, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, stack_id);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	*ret_caller = lookup_column(row, 0);
	frame = read_frame(recording, row, 2, lookup_column(row, 1));
	sqlite3_reset(row);
	return add_sources(gathering, recording, &frame, err) ? -1 : 1;
}

static bool starts_with(const char *text, const char *beginning)
{
	return text && !strncmp(text, beginning, strlen(beginning));
}

bool frames_is_libc(const struct frame *frame)
{
	const char *name = frames_basename(frame->module);

	return starts_with(name, "libc.so") || starts_with(name, "libc-2") ||
	       starts_with(name, "libpthread") || starts_with(name, "ld-linux") ||
	       starts_with(name, "ld-musl");
}

const struct frame *frames_of_program(const struct frames *frames, const char *executable)
{
	const struct frame *nearest = NULL;
	size_t i;

	for (i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->rows[i];

		if (frame->is_aside)
			continue;
		if (frame->file)
			return frame;
		if (!nearest ||
			(executable && frame->module && !strcmp(frame->module, executable) &&
				strcmp(nearest->module ? nearest->module : "", executable)))
			nearest = frame;
	}
	return nearest;
}

/* How C starts a program or a thread: the same below every main, and nobody's doing. */
bool frames_is_start(const char *function)
{
	static const char *const names[] = {"__libc_start_call_main", "__libc_start_main", "_start",
		"start_thread", "clone", "clone3", "__clone", "__clone3", "__GI___clone",
		"__GI___clone3", NULL};
	size_t i, length;

	for (i = 0; function && names[i]; i++) {
		length = strlen(names[i]);
		if (!strncmp(function, names[i], length) &&
			(!function[length] || function[length] == '@' ||
				!strcmp(function + length, "_impl")))
			return true;
	}
	return false;
}

/* The frames from this one outwards are how C starts the program's main or a thread's function. */
static size_t find_start(const struct gathering *gathering, bool is_root)
{
	const struct frame *rows = gathering->rows;
	size_t count = gathering->count, i;

	if (!count || rows[count - 1].end_reason)
		return count;
	for (i = count; is_root && i-- > 0;)
		if (rows[i].function && !strcmp(rows[i].function, "main"))
			return i + 1;
	/* A stripped executable's _start has no name, but what calls libc at the very bottom is it.
	 */
	if (is_root && count > 2 && !frames_is_libc(&rows[count - 1]) &&
		!rows[count - 1].function && frames_is_libc(&rows[count - 2]))
		count--;
	while (count > 1 && (frames_is_start(rows[count - 1].function) ||
				    (is_root && frames_is_libc(&rows[count - 1]))))
		count--;
	return count;
}

/* The same function, or a part of it that the compiler moved away ("f.cold" without DWARF). */
static bool is_of_function(const struct frame *frame, const struct frame *whole)
{
	size_t length = whole->function ? strlen(whole->function) : 0;

	return length && starts_with(frame->function, whole->function) &&
	       (!frame->function[length] || frame->function[length] == '.') && frame->module &&
	       whole->module && !strcmp(frame->module, whole->module);
}

/* Sets the callback's entry aside, which stands below the rows of its split-off part. */
static void mark_double(struct frame *first, struct frame *entry)
{
	struct frame *outer = entry - 1, *inner = outer - 1;

	entry->is_aside = true;
	/* A function split in two is inlined into itself: the inner row has the line. */
	if (inner >= first && inner->frame_id == outer->frame_id && is_of_function(inner, outer)) {
		outer->is_aside = true;
		inner->inlined = false;
	}
}

/*
 * The recorder puts the callback below a stack that does not show it, because the callback ended in
 * a call. It does so too when only a split-off part of the callback is there: then it stands twice.
 */
static void mark_callback(struct gathering *gathering, int64_t callback_frame_id)
{
	size_t first = gathering->count, last = gathering->count - 1;
	struct frame *rows = gathering->rows;

	if (callback_frame_id == UNKNOWN)
		return;
	while (first && rows[first - 1].frame_id == callback_frame_id)
		first--;
	if (first == gathering->count)
		return;
	/* The function itself, not what begins it inlined. */
	rows[first] = rows[last];
	gathering->count = first + 1;
	if (first && is_of_function(&rows[first - 1], &rows[first]))
		mark_double(rows, &rows[first]);
	else
		rows[first].is_tail = true;
}

static void mark_aside(struct gathering *gathering, const struct frames_base *base)
{
	mark_callback(gathering, base->callback_frame_id);
	frames_set_aside(gathering->rows, gathering->count, base->is_root);
}

void frames_set_aside(struct frame *rows, size_t count, bool is_root)
{
	const struct gathering gathering = {.rows = rows, .count = count};
	size_t i, seen = 0;

	for (i = find_start(&gathering, is_root); i < count; i++)
		rows[i].is_aside = true;
	for (i = 0; i < count; i++) {
		if (!rows[i].is_exact &&
			starts_with(frames_basename(rows[i].module), "libacausal.so"))
			rows[i].is_aside = true;
		seen += !rows[i].is_aside;
	}
	if (!seen && count)
		rows[0].is_aside = false;
}

static struct entry *find(struct frames_cache *cache, int64_t key, enum kind kind)
{
	struct entry *entry = cache->buckets[(uint64_t)key % BUCKETS];

	while (entry && (entry->key != key || entry->kind != kind))
		entry = entry->next;
	return entry;
}

static int keep(struct frames_cache *cache, int64_t key, enum kind kind,
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
	frames->stack_id = kind == PLACE ? UNKNOWN : key;
	frames->count = gathering->count;
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
		*last = (struct frame){.frame_id = UNKNOWN,
			.end_reason = damaged,
			.line = UNKNOWN,
			.column = UNKNOWN,
			.address = UNKNOWN};
	}
	return 0;
}

int frames_of_stack(struct frames_cache *cache, struct reader *recording, int64_t stack_id,
	const struct frames_base *base, const struct frames **ret, struct error *err)
{
	struct gathering gathering = {0};
	enum kind kind = base->is_root ? ROOT_STACK : STACK;
	struct entry *entry = find(cache, stack_id, kind);
	int result;

	if (entry) {
		*ret = entry->frames;
		return 0;
	}
	result = gather_stack(&gathering, recording, stack_id, err);
	if (!result) {
		mark_aside(&gathering, base);
		result = keep(cache, stack_id, kind, &gathering, ret, err);
	}
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
	struct entry *entry = find(cache, frame_id, PLACE);
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
			frame = read_frame(recording, row, 0, frame_id);
			sqlite3_reset(row);
			result = add_sources(&gathering, recording, &frame, err);
		}
	}
	if (!result && gathering.count) { /* the function itself, not what begins it inlined */
		gathering.rows[0] = gathering.rows[gathering.count - 1];
		gathering.count = 1;
	}
	if (!result)
		result = keep(cache, frame_id, PLACE, &gathering, ret, err);
	free(gathering.rows);
	return result;
}
