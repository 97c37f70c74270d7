/*
 * Lines as the arena has them: EVENT_LOG, and the beginning of a line that its thread keeps
 * (wire/arena.h, struct arena_partial).
 *
 * Nothing here looks at a stack or asks which run it is. The caller sees to it that nobody else
 * uses the thread's beginning of a line meanwhile (logged.c).
 */
#ifndef ACAUSAL_RUNTIME_LINE_H
#define ACAUSAL_RUNTIME_LINE_H

#include "recorder/runtime/emit.h"

#include <stddef.h>

/* What all the events of one text have in common. */
struct line {
	uint64_t run_id, written, writer;
	uint32_t stack, sink;
	int32_t fd;
	uint16_t api;
	uint16_t kept; /* number of what the thread kept, when it begins with that; else 0 */
	uint8_t flags; /* EVENT_LOG_… */
};

/*
 * Writes `first` and then `text`, as one event or several. `left_out` bytes of the text that
 * follow are not kept. EVENT_LOG_MESSAGE is for the last event alone.
 */
struct line_text {
	const char *first;
	size_t first_length;
	const char *text;
	size_t length;
	uint64_t left_out;
};
void line_write(struct emit_state *emit, const struct line *line, const struct line_text *text);

/* The thread begins to keep a line with `length` bytes, at most ARENA_PARTIAL_MAX. */
void line_keep(
	struct arena_partial *partial, const struct line *line, const char *text, size_t length);

/* What the thread keeps of a line, and from where; `ret->flags` and all else as it was kept. */
void line_kept(const struct arena_partial *partial, struct line *ret);

/* Writes what the thread keeps, if it does, and keeps nothing any more. */
void line_settle(struct emit_state *emit, struct arena_partial *partial);

#endif
