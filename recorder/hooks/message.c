/*
 * Finds the text in a message: see message.h. What is of neither form is text as a whole.
 */
#include "recorder/hooks/message.h"

#include <string.h>

/* A place in the pieces. */
struct cursor {
	const struct iovec *pieces;
	int count;
	size_t offset; /* in the first of them */
	size_t left;   /* bytes of the message from here on */
};

/* Leaves pieces that are at their end; false at the end of the message. */
static bool cursor_settle(struct cursor *at)
{
	while (at->left > 0 && at->count > 0 && at->offset >= at->pieces->iov_len) {
		at->offset -= at->pieces->iov_len;
		at->pieces++;
		at->count--;
	}
	return at->left > 0 && at->count > 0;
}

static bool cursor_byte(struct cursor *at, unsigned char *ret)
{
	if (!cursor_settle(at))
		return false;
	*ret = ((const unsigned char *)at->pieces->iov_base)[at->offset++];
	at->left--;
	return true;
}

static void cursor_skip(struct cursor *at, size_t n)
{
	if (n > at->left)
		n = at->left;
	at->offset += n;
	at->left -= n;
}

/* Bytes until the next newline, or the end. */
static size_t line_length(struct cursor at)
{
	size_t length = 0;

	while (cursor_settle(&at)) {
		const char *text = (const char *)at.pieces->iov_base + at.offset, *end;
		size_t n = at.pieces->iov_len - at.offset;

		if (n > at.left)
			n = at.left;
		end = memchr(text, '\n', n);
		if (end)
			return length + (size_t)(end - text);
		length += n;
		cursor_skip(&at, n);
	}
	return length;
}

/* Whether the text begins so; then it is skipped. */
static bool skip_text(struct cursor *at, const char *text)
{
	struct cursor next = *at;
	unsigned char byte;

	for (; *text; text++)
		if (!cursor_byte(&next, &byte) || byte != (unsigned char)*text)
			return false;
	*at = next;
	return true;
}

/* "<13>" */
static bool skip_priority(struct cursor *at)
{
	struct cursor next = *at;
	unsigned char byte;
	int digits = 0;

	if (!skip_text(&next, "<"))
		return false;
	while (cursor_byte(&next, &byte) && byte >= '0' && byte <= '9' && digits < 4)
		digits++;
	if (digits == 0 || byte != '>')
		return false;
	*at = next;
	return true;
}

/* After the name of a field that is not text, and its newline: how long its value is. */
static bool binary_length(struct cursor *at, size_t *ret)
{
	unsigned char byte;
	int i;

	*ret = 0;
	for (i = 0; i < 8; i++) {
		if (!cursor_byte(at, &byte))
			return false;
		*ret |= (size_t)byte << (8 * i);
	}
	return *ret <= at->left;
}

/* Leaves a field that has eight bytes of length, and then its value, after its name's line. */
static bool skip_binary(struct cursor *at, size_t name_length)
{
	size_t length;

	cursor_skip(at, name_length + 1);
	if (!binary_length(at, &length))
		return false;
	cursor_skip(at, length + 1);
	return true;
}

static bool has_byte(struct cursor at, size_t length, unsigned char wanted)
{
	unsigned char byte;

	while (length-- > 0 && cursor_byte(&at, &byte))
		if (byte == wanted)
			return true;
	return false;
}

/* "NAME=value\n", or "NAME\n", eight bytes of length, and the value with a newline. */
static bool find_field(struct cursor *at, const char *name, size_t *ret)
{
	while (cursor_settle(at)) {
		struct cursor next = *at;
		size_t length = line_length(*at);

		if (skip_text(&next, name) && skip_text(&next, "=")) {
			*ret = line_length(next);
			*at = next;
			return true;
		}
		next = *at;
		if (skip_text(&next, name) && skip_text(&next, "\n")) {
			*at = next;
			return binary_length(at, ret);
		}
		if (has_byte(*at, length, '='))
			cursor_skip(at, length + 1);
		else if (!skip_binary(at, length))
			return false;
	}
	return false;
}

/* Notes `length` bytes from the cursor on; some pieces at a time, of which only the last ends it.
 */
static void text_note(const struct log_call *log, struct cursor at, size_t length)
{
	enum { MOST = 16 };
	struct written written = log->written;
	struct iovec parts[MOST];

	while (length > 0) {
		size_t size = 0;
		int used;

		for (used = 0; used < MOST && size < length && cursor_settle(&at); used++) {
			size_t n = at.pieces->iov_len - at.offset;

			if (n > length - size)
				n = length - size;
			parts[used] = (struct iovec){(char *)at.pieces->iov_base + at.offset, n};
			size += n;
			cursor_skip(&at, n);
		}
		if (used == 0)
			return;
		length -= size;
		written.flags = log->written.flags;
		if (length == 0)
			written.flags |= EVENT_LOG_MESSAGE;
		else
			written.flags &= (uint8_t)~EVENT_LOG_MESSAGE;
		logged_pieces(log->thread, &log->from, &written, parts, used, size);
	}
}

void message_note(const struct log_call *log, const struct iovec *pieces, int count, size_t length)
{
	const struct cursor all = {pieces, count, 0, length};
	struct cursor text = all;
	size_t size;

	if (skip_priority(&text))
		size = text.left;
	else if (!find_field(&text, "MESSAGE", &size)) {
		text = all;
		size = length;
	}
	text_note(log, text, size);
}
