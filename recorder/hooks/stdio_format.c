/*
 * The printf family.
 *
 * On a stream with a buffer the real function is called, and the text is taken out of the buffer
 * that it has passed over: so it is formatted once and by libc (conversions that the program
 * registered run once, and what is flushed when is as it was), for some 10 ns. Where the buffer
 * does not have the text any more (it was longer, or several lines were flushed one by one), it is
 * formatted again.
 *
 * On a stream without a buffer libc formats into one of its own on the stack first, and writes
 * that: the same is done here.
 */
#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/stdio_print.h"
#include "recorder/hooks/tag.h"
#include "recorder/hooks/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { OWN_CONVERSIONS_MAX = 1 << 20 }; /* bytes of text, on a stream without a buffer */

/* Where a stream's buffer stood before the call. */
struct before {
	const char *start, *base, *end, *flushed;
	bool puts; /* it was being written to */
};

static void look(const FILE *stream, struct before *ret)
{
	ret->start = stream->_IO_write_ptr;
	ret->flushed = stream->_IO_write_base;
	ret->base = stream->_IO_buf_base;
	ret->end = stream->_IO_buf_end;
	ret->puts = stream->_flags & STREAM_PUTTING;
}

/*
 * The `length` bytes that the call has put into the buffer, as one or two pieces; 0 when they are
 * not all there.
 *
 * A fully buffered stream flushes where the text does not fit. If that was once, and the buffer is
 * not shorter than the text, its first part lies at the buffer's end still and its second at the
 * beginning. A stream buffered by lines flushes at each piece of the text that has a newline, and
 * then the next begins where the buffer does. When the only newline that is found is the text's
 * last byte, it was flushed once, and is whole: of several lines a newline that ended one would lie
 * before that, since the longest of them was not overwritten by the others.
 */
static int passed_over(
	const FILE *stream, const struct before *before, size_t length, struct iovec pieces[2])
{
	const char *base = stream->_IO_buf_base, *start = before->start;
	size_t size = (size_t)(stream->_IO_buf_end - base), room;

	if (!before->puts) {
		start = before->base ? stream->_IO_write_base : base;
	} else if (before->base != base || before->end != stream->_IO_buf_end) {
		return 0;
	}
	if (!base || start < base || start > stream->_IO_buf_end)
		return 0;
	room = (size_t)(stream->_IO_buf_end - start);
	pieces[0] = (struct iovec){(void *)(uintptr_t)start, length};
	if (length <= room && stream->_IO_write_ptr == start + length)
		return 1;
	if (!(stream->_flags & STREAM_BY_LINES)) {
		if (length <= room || length > size ||
			stream->_IO_write_ptr != base + (length - room))
			return 0;
		pieces[0].iov_len = room;
		pieces[1] = (struct iovec){(void *)(uintptr_t)base, length - room};
		return 2;
	}
	if (length > room || stream->_IO_write_ptr != base || stream->_IO_write_base != base ||
		(before->puts && before->flushed != base))
		return 0;
	return memchr(start, '\n', length) == start + length - 1;
}

static int print_really(const struct stdio_call *call)
{
	va_list arguments;
	int result;

	va_copy(arguments, *call->arguments);
	result = call->flag < 0 ? libc_real.vfprintf(call->stream, call->format, arguments)
				: libc_real.__vfprintf_chk(
					  call->stream, call->flag, call->format, arguments);
	va_end(arguments);
	return result;
}

static struct text_format format_of(const struct stdio_call *call)
{
	return (struct text_format){call->format, call->arguments, call->flag, call->number};
}

/*
 * Whether a format has conversions that libc has not: the program's own, which may do anything, and
 * so are not to run twice. What of those is not in the buffer any more is not noted.
 */
static bool has_own_conversion(const char *format)
{
	while (format && (format = strchr(format, '%')) != NULL) {
		format++;
		format += strspn(format, "#0- +'I*$.0123456789hlLqjztw");
		if (!*format || !strchr("dioubBxXeEfFgGaAcsCSpnm%", *format))
			return true;
		format++;
	}
	return false;
}

/* Notes text that was formatted for that. */
static __attribute__((noinline)) void note_again(const struct stdio_call *call, int length)
{
	struct text_format format = format_of(call);
	struct text text;

	if (has_own_conversion(call->format))
		return;
	text_make(&text, &format, length);
	stdio_note(call, text.bytes, text.length);
	text_end(&text);
}

static void print_buffered(struct stdio_call *call)
{
	FILE *stream = call->stream;
	struct iovec pieces[2];
	struct before before;
	int result, count;

	look(stream, &before);
	call->result = result = print_really(call);
	if (call->is_within || result == 0)
		return;
	if (unlikely(result < 0)) {
		/* What came before the failure is in the buffer, and will be written. */
		if (before.puts && before.base == stream->_IO_buf_base &&
			stream->_IO_write_ptr > before.start && fwide(stream, 0) <= 0)
			stdio_note(
				call, before.start, (size_t)(stream->_IO_write_ptr - before.start));
		return;
	}
	count = passed_over(stream, &before, (size_t)result, pieces);
	if (unlikely(!count && before.puts && has_own_conversion(call->format) &&
		     before.base == stream->_IO_buf_base && before.start < stream->_IO_write_ptr)) {
		/* With what a conversion has printed by itself. */
		pieces[0] = (struct iovec){(void *)(uintptr_t)before.start,
			(size_t)(stream->_IO_write_ptr - before.start)};
		count = 1;
	}
	if (likely(count == 1))
		stdio_note(call, pieces[0].iov_base, pieces[0].iov_len);
	else if (count)
		logged_pieces(call->log.thread, &call->log.from, &call->log.written, pieces, count,
			(size_t)result);
	else
		note_again(call, result);
}

static void print_tagged(struct stdio_call *call)
{
	struct text_format format = format_of(call);
	struct iovec piece;
	struct text text;
	size_t taken;

	if (call->stream->_flags & STREAM_NO_WRITES || fwide(call->stream, 0) > 0 ||
		!text_make(&text, &format, -1)) {
		call->result = print_really(call);
		return;
	}
	piece = (struct iovec){text.bytes, text.length};
	call->result = (long long)text.length;
	if (text.length && !stdio_put_tagged(call, &piece, 1, &taken))
		call->result = -1;
	text_end(&text);
}

/* Formats once if it can be. Returns the length of what is whole in `text`; negative: not so. */
static int format_once(const struct stdio_call *call, struct text *text)
{
	struct text_format format = format_of(call);
	int length;

	text->mapped = 0;
	if (call->stream->_flags & STREAM_NO_WRITES || fwide(call->stream, 0) > 0)
		return -1;
	if (has_own_conversion(call->format))
		return text_make(text, &format, OWN_CONVERSIONS_MAX) &&
				       text->length + 1 < text->mapped
			       ? (int)text->length
			       : -1;
	length = text_try(text, &format);
	return length < TEXT_ON_STACK ? length : -1;
}

static __attribute__((noinline)) void print_unbuffered(struct stdio_call *call)
{
	struct text text;
	int length = format_once(call, &text);

	if (length < 0) {
		call->result = print_really(call);
		if (call->result > 0)
			note_again(call, (int)call->result);
	} else {
		call->size =
			length ? libc_real.fwrite(text.bytes, 1, (size_t)length, call->stream) : 0;
		call->result = call->size == (size_t)length ? length : -1;
		stdio_note(call, text.bytes, call->size);
	}
	text_end(&text);
}

static void print(struct stdio_call *call)
{
	if (tag_is_wanted(call->log.written.fd) && !call->is_within)
		print_tagged(call);
	else if (call->prints)
		print_buffered(call);
	else
		print_unbuffered(call);
}

static int print_noted(struct stdio_call *call, int flag, const char *format, va_list arguments)
{
	va_list copy;

	va_copy(copy, arguments);
	call->number = errno;
	call->flag = flag;
	call->format = format;
	call->arguments = &copy;
	/* Fully buffered or by lines; what has no buffer yet is not known to be one of those. */
	call->prints = !(call->stream->_flags & STREAM_UNBUFFERED);
	stdio_do(call, print);
	va_end(copy);
	return (int)call->result;
}

STDIO_PRINT_FAMILY(printf, char)
