/*
 * Lines as events, and the beginning of one: see line.h.
 *
 * A text is cut into pieces that are a small part of a chunk, so that little of a chunk is left
 * unused when the next piece does not fit.
 */
#include "recorder/runtime/line.h"

#include <string.h>

enum { PIECE = 4032 }; /* bytes of text in an event, at most; more than ARENA_PARTIAL_MAX */

static inline void piece_write(struct emit_state *emit, const struct line *line, uint8_t flags,
	const struct line_text *piece)
{
	size_t length = piece->first_length + piece->length;
	struct event_log *event = emit_begin(emit, (sizeof *event + length + 7) & ~(size_t)7);

	if (unlikely(!event))
		return;
	event->fd = line->fd;
	event->run_id = line->run_id;
	event->written = line->written;
	event->writer = line->writer;
	event->left_out = piece->left_out;
	event->stack = line->stack;
	event->length = (uint32_t)length;
	event->sink = line->sink;
	event->api = line->api;
	event->kept = line->kept;
	if (piece->first_length)
		memcpy(event->text, piece->first, piece->first_length);
	memcpy(event->text + piece->first_length, piece->text, piece->length);
	emit_commit(emit, EVENT_LOG, flags, sizeof *event + length);
}

void line_write(struct emit_state *emit, const struct line *line, const struct line_text *text)
{
	struct line_text rest = *text;

	while (unlikely(rest.first_length + rest.length > PIECE)) {
		struct line_text piece = rest;

		piece.length = PIECE - rest.first_length;
		piece.left_out = 0;
		piece_write(emit, line, line->flags & (uint8_t)~EVENT_LOG_MESSAGE, &piece);
		rest.first_length = 0;
		rest.text += piece.length;
		rest.length -= piece.length;
	}
	piece_write(emit, line, line->flags, &rest);
}

void line_keep(
	struct arena_partial *partial, const struct line *line, const char *text, size_t length)
{
	partial->fd = line->fd;
	partial->run_id = line->run_id;
	partial->written = line->written;
	partial->writer = line->writer;
	partial->stack = line->stack;
	partial->sink = line->sink;
	partial->api = line->api;
	partial->flags = line->flags;
	partial->number = partial->number == UINT16_MAX ? 1 : partial->number + 1;
	memcpy(partial->text, text, length);
	atomic_store_explicit(&partial->length, (uint32_t)length, memory_order_release);
}

void line_kept(const struct arena_partial *partial, struct line *ret)
{
	*ret = (struct line){
		.run_id = partial->run_id,
		.written = partial->written,
		.writer = partial->writer,
		.stack = partial->stack,
		.sink = partial->sink,
		.fd = partial->fd,
		.api = partial->api,
		.kept = partial->number,
		.flags = partial->flags,
	};
}

void line_settle(struct emit_state *emit, struct arena_partial *partial)
{
	struct line_text text = {.first = NULL, .text = partial->text};
	struct line line;

	text.length = atomic_load_explicit(&partial->length, memory_order_relaxed);
	if (!text.length)
		return;
	line_kept(partial, &line);
	line_write(emit, &line, &text);
	atomic_store_explicit(&partial->length, 0, memory_order_release);
}
