/* Pieces to lines: see lines.h. Most pieces are whole lines, which are never copied here. */
#include "recorder/ingest/lines.h"

#include "recorder/wire/arena.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 128 };

struct open_line {
	struct line line; /* process_id 0: a free place */
	char *text;
	uint32_t length, capacity;
	uint32_t next, previous; /* place + 1: newer and older, or the next free place */
};

void lines_init(struct lines *lines, uint64_t longest, lines_taker *take, void *user)
{
	*lines = (struct lines){.take = take, .user = user};
	lines->longest = longest == 0		   ? ARENA_LOG_MAX
			 : longest > LINES_LONGEST ? LINES_LONGEST
						   : (uint32_t)longest;
	idmap_init(&lines->of_writer, LINES_OPEN_MAX);
	idmap_init(&lines->of_descriptor, LINES_OPEN_MAX);
	idmap_init(&lines->of_thread, LINES_OPEN_MAX);
}

void lines_deinit(struct lines *lines)
{
	for (uint32_t i = 0; i < lines->capacity; i++)
		free(lines->open[i].text);
	free(lines->open);
	idmap_deinit(&lines->of_writer);
	idmap_deinit(&lines->of_descriptor);
	idmap_deinit(&lines->of_thread);
	*lines = (struct lines){0};
}

/* Keys: two that differ may be the same number, so whoever finds something compares it. */
static uint64_t thread_key(const struct line *line)
{
	return (uint64_t)line->process_id << 32 | line->thread;
}

static uint64_t writer_key(const struct line *line)
{
	uint64_t sink = line->sink_id ? line->sink_id : 1ull << 63 | (uint32_t)line->fd;
	uint64_t key = mix64(mix64(thread_key(line)) + mix64(sink) + line->stream);

	return key ? key : 1;
}

static uint64_t descriptor_key(const struct line *line)
{
	uint64_t key = mix64(mix64(thread_key(line) ^ 0x9e3779b97f4a7c15ull) + line->stream +
			     mix64((uint32_t)line->fd + 1ull));

	return key ? key : 1;
}

static bool is_same_thread(const struct line *a, const struct line *b)
{
	return a->process_id == b->process_id && a->thread == b->thread;
}

static bool is_same_writer(const struct line *a, const struct line *b)
{
	return is_same_thread(a, b) && a->stream == b->stream && a->sink_id == b->sink_id &&
	       (a->sink_id || a->fd == b->fd);
}

static struct open_line *place_of(const struct lines *lines, const struct idmap *map, uint64_t key)
{
	uint32_t place;

	return idmap_get(map, key, &place) ? &lines->open[place] : NULL;
}

static void link_newest(struct lines *lines, struct open_line *open)
{
	uint32_t place = (uint32_t)(open - lines->open) + 1;

	open->previous = lines->newest;
	open->next = 0;
	if (lines->newest)
		lines->open[lines->newest - 1].next = place;
	else
		lines->oldest = place;
	lines->newest = place;
}

static void unlink_from_age(struct lines *lines, struct open_line *open)
{
	if (open->previous)
		lines->open[open->previous - 1].next = open->next;
	else
		lines->oldest = open->next;
	if (open->next)
		lines->open[open->next - 1].previous = open->previous;
	else
		lines->newest = open->previous;
}

static void count_of_thread(struct lines *lines, const struct line *line, int change)
{
	uint32_t count = 0;

	idmap_get(&lines->of_thread, thread_key(line), &count);
	count += (uint32_t)change;
	if (count)
		idmap_put(&lines->of_thread, thread_key(line), count);
	else
		idmap_remove(&lines->of_thread, thread_key(line));
}

/* Another line may have come under the same key since. */
static void remove_key(struct idmap *map, uint64_t key, uint32_t place)
{
	uint32_t found;

	if (idmap_get(map, key, &found) && found == place)
		idmap_remove(map, key);
}

static void free_place(struct lines *lines, struct open_line *open)
{
	uint32_t place = (uint32_t)(open - lines->open);

	unlink_from_age(lines, open);
	remove_key(&lines->of_writer, writer_key(&open->line), place);
	remove_key(&lines->of_descriptor, descriptor_key(&open->line), place);
	count_of_thread(lines, &open->line, -1);
	lines->held -= open->capacity;
	free(open->text);
	*open = (struct open_line){.next = lines->free};
	lines->free = place + 1;
	lines->count--;
}

/* Of a text that was cut, the bytes at its end that are the beginning of a character only. */
static size_t torn_bytes(const char *text, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char c = (unsigned char)text[length - back];

		if (c >= 0xc0)
			return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? back : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* Of a line that is `length` bytes long as far as it is here, what is kept; the rest is counted. */
static size_t kept_length(
	const struct lines *lines, const char *text, size_t length, uint64_t *left_out)
{
	if (length > lines->longest) {
		*left_out += length - lines->longest;
		length = lines->longest;
	}
	if (*left_out) {
		size_t torn = torn_bytes(text, length);

		*left_out += torn;
		length -= torn;
	}
	return length;
}

static int hand_over(struct lines *lines, const struct line *line, const char *text, size_t length,
	struct error *err)
{
	struct line whole = *line;

	length = kept_length(lines, text, length, &whole.left_out);
	return lines->take(lines->user, &whole, text, length, err);
}

static int end(struct lines *lines, struct open_line *open, struct error *err)
{
	const char *text = open->length ? open->text : "";
	int result = hand_over(lines, &open->line, text, open->length, err);

	free_place(lines, open);
	return result;
}

static bool has_free_place(struct lines *lines)
{
	uint32_t capacity = lines->capacity ? 2 * lines->capacity : 16;
	struct open_line *open;

	if (lines->free)
		return true;
	open = capacity > LINES_OPEN_MAX ? NULL : realloc(lines->open, capacity * sizeof *open);
	if (!open)
		return false;
	for (uint32_t i = capacity; i-- > lines->capacity;) {
		open[i] = (struct open_line){.next = lines->free};
		lines->free = i + 1;
	}
	lines->open = open;
	lines->capacity = capacity;
	return true;
}

/* A place for a new line. NULL: it failed. */
static struct open_line *begin(struct lines *lines, const struct line *piece, struct error *err)
{
	struct open_line *open, *other;
	uint32_t place;

	if (lines->count == LINES_OPEN_MAX && end(lines, &lines->open[lines->oldest - 1], err))
		return NULL;
	/* One of another writer that has the same key by accident. */
	other = place_of(lines, &lines->of_writer, writer_key(piece));
	if (other && end(lines, other, err))
		return NULL;
	if (!has_free_place(lines)) {
		error_set(err, "no memory to put lines together");
		return NULL;
	}
	place = lines->free - 1;
	open = &lines->open[place];
	if (!idmap_put(&lines->of_writer, writer_key(piece), place) ||
		!idmap_put(&lines->of_descriptor, descriptor_key(piece), place)) {
		remove_key(&lines->of_writer, writer_key(piece), place);
		error_set(err, "no memory to put lines together");
		return NULL;
	}
	lines->free = open->next;
	*open = (struct open_line){.line = *piece};
	open->line.left_out = 0;
	open->line.log_id = 0;
	link_newest(lines, open);
	count_of_thread(lines, piece, 1);
	lines->count++;
	return open;
}

/* Ends the lines that have waited longest until there is room for so many bytes more. */
static int make_room(
	struct lines *lines, const struct open_line *but, size_t more, struct error *err)
{
	size_t most = 2 * (size_t)lines->longest;

	if (most < LINES_HELD_MAX)
		most = LINES_HELD_MAX;
	while (lines->held + more > most) {
		struct open_line *oldest = &lines->open[lines->oldest - 1];

		if (oldest == but) /* which is the newest, so it is alone */
			return 0;
		if (end(lines, oldest, err))
			return -1;
	}
	return 0;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static int append(struct lines *lines, struct open_line *open, const struct line *piece,
	const char *text, size_t length, struct error *err)
{
	size_t kept = lines->longest - open->length;

	if (open->line.left_out)
		kept = 0; /* what is kept of a line is its beginning */
	if (kept > length)
		kept = length;
	open->line.left_out = sum(open->line.left_out, length - kept);
	open->line.at_flush |= piece->at_flush && length;
	if (open->line.mark == UINT64_MAX) {
		open->line.mark = piece->mark;
		open->line.since_ns = piece->since_ns;
	}
	unlink_from_age(lines, open);
	link_newest(lines, open);
	if (open->length + kept > open->capacity) {
		size_t capacity = open->capacity ? 2 * (size_t)open->capacity : FIRST_BYTES;
		char *more;

		if (capacity < open->length + kept)
			capacity = open->length + kept;
		if (capacity > lines->longest)
			capacity = lines->longest;
		if (make_room(lines, open, capacity - open->capacity, err))
			return -1;
		more = realloc(open->text, capacity);
		if (!more)
			return error_set(err, "no memory to put lines together");
		lines->held += capacity - open->capacity;
		open->text = more;
		open->capacity = (uint32_t)capacity;
	}
	if (kept)
		memcpy(open->text + open->length, text, kept);
	open->length += (uint32_t)kept;
	return 0;
}

/* What its writer has begun; and what it had begun elsewhere ends. */
static int find_open(
	struct lines *lines, const struct line *piece, struct open_line **ret, struct error *err)
{
	struct open_line *open;

	*ret = NULL;
	if (!lines->count)
		return 0;
	open = place_of(lines, &lines->of_descriptor, descriptor_key(piece));
	if (open && is_same_thread(&open->line, piece) && open->line.fd == piece->fd &&
		open->line.stream == piece->stream && open->line.sink_id != piece->sink_id &&
		end(lines, open, err))
		return -1;
	open = place_of(lines, &lines->of_writer, writer_key(piece));
	if (open && is_same_writer(&open->line, piece))
		*ret = open;
	return 0;
}

int lines_add(struct lines *lines, const struct line *piece, const char *text, size_t length,
	bool is_message, struct error *err)
{
	struct line whole = *piece;
	struct open_line *open;
	bool has_ended = false;

	whole.left_out = 0;
	if (find_open(lines, piece, &open, err))
		return -1;
	while (length) {
		const char *newline = memchr(text, '\n', length);
		size_t part = newline ? (size_t)(newline - text) : length;
		int result;

		if (!open && newline) {
			result = hand_over(lines, &whole, text, part, err);
		} else {
			if (!open)
				open = begin(lines, &whole, err);
			result = open ? append(lines, open, &whole, text, part, err) : -1;
			if (!result && newline) {
				result = end(lines, open, err);
				open = NULL;
			}
		}
		if (result)
			return result;
		has_ended = newline != NULL;
		text += part + has_ended;
		length -= part + has_ended;
	}
	if (piece->left_out) {
		if (!open)
			open = begin(lines, &whole, err);
		if (!open)
			return -1;
		open->line.left_out = sum(open->line.left_out, piece->left_out);
		open->line.at_flush |= piece->at_flush;
	}
	if (!is_message)
		return 0;
	if (open)
		return end(lines, open, err);
	return has_ended ? 0 : hand_over(lines, &whole, text, 0, err); /* an empty message */
}

static int keep_open(
	struct lines *lines, struct open_line *open, lines_keeper *keep, struct error *err)
{
	const char *text = open->length ? open->text : "";
	struct line line = open->line;
	size_t length = kept_length(lines, text, open->length, &line.left_out);

	if (keep(lines->user, &line, text, length, err))
		return -1;
	open->line.log_id = line.log_id;
	open->line.mark = UINT64_MAX;
	return 0;
}

int lines_keep(
	struct lines *lines, uint64_t mark, int64_t since_ns, lines_keeper *keep, struct error *err)
{
	for (uint32_t at = lines->oldest; at; at = lines->open[at - 1].next) {
		struct open_line *open = &lines->open[at - 1];

		if (open->line.mark != UINT64_MAX &&
			(open->line.mark <= mark || open->line.since_ns < since_ns) &&
			keep_open(lines, open, keep, err))
			return -1;
	}
	return 0;
}

uint64_t lines_mark(const struct lines *lines)
{
	uint64_t mark = UINT64_MAX;

	for (uint32_t at = lines->oldest; at; at = lines->open[at - 1].next)
		if (lines->open[at - 1].line.mark < mark)
			mark = lines->open[at - 1].line.mark;
	return mark;
}

int lines_end_thread(struct lines *lines, uint32_t process_id, uint32_t thread, struct error *err)
{
	const struct line who = {.process_id = process_id, .thread = thread};
	uint32_t at = lines->newest, left = 0;

	if (!lines->count || !idmap_get(&lines->of_thread, thread_key(&who), &left))
		return 0;
	while (at && left) {
		struct open_line *open = &lines->open[at - 1];

		at = open->previous;
		if (!is_same_thread(&open->line, &who))
			continue;
		left--;
		if (end(lines, open, err))
			return -1;
	}
	return 0;
}

int lines_end_process(struct lines *lines, uint32_t process_id, struct error *err)
{
	uint32_t at = lines->oldest;

	while (at) {
		struct open_line *open = &lines->open[at - 1];

		at = open->next;
		if (open->line.process_id == process_id && end(lines, open, err))
			return -1;
	}
	return 0;
}
