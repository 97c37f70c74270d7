/*
 * dprintf and its kin, which write to a descriptor and have no stream: what libc would format into
 * a buffer and write is formatted and written here. Long text, which libc writes block by block, it
 * writes itself.
 */
#include "recorder/hooks/libc.h"
#include "recorder/hooks/log.h"
#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/tag.h"
#include "recorder/hooks/text.h"

#include <errno.h>

static int print_really(int fd, const struct text_format *format)
{
	va_list arguments;
	int result;

	va_copy(arguments, *format->arguments);
	result = format->flag < 0
			 ? STDIO_REAL(vdprintf)(fd, format->format, arguments)
			 : STDIO_REAL(__vdprintf_chk)(fd, format->flag, format->format, arguments);
	va_end(arguments);
	return result;
}

/* Writes all of it, or up to the first failure. */
static size_t write_out(int fd, const char *bytes, size_t length)
{
	size_t done = 0;
	ssize_t written;

	while (done < length && (written = libc_real.write(fd, bytes + done, length - done)) > 0)
		done += (size_t)written;
	return done;
}

static int write_text(struct log_call *log, const struct text *text)
{
	struct iovec piece = {text->bytes, text->length};
	int fd = log->written.fd;
	struct tagged tagged;
	size_t done;

	if (tag_is_wanted(fd) &&
		tag_begin(&tagged, log->thread, &log->from, &log->written, &piece, 1)) {
		done = tag_untagged(&tagged, write_out(fd, tagged.bytes, tagged.length));
		tag_end(&tagged);
	} else {
		done = write_out(fd, text->bytes, text->length);
	}
	logged(log->thread, &log->from, &log->written, text->bytes, done);
	return done == text->length ? (int)done : -1;
}

static __attribute__((noinline)) int print_noted(
	struct log_call *log, int flag, const char *format, va_list arguments)
{
	struct text_format how = {.format = format, .flag = flag, .number = errno};
	struct text text;
	va_list copy;
	int result;

	va_copy(copy, arguments);
	how.arguments = &copy;
	result = text_try(&text, &how);
	if (result >= 0 && result < TEXT_ON_STACK) {
		result = write_text(log, &text);
	} else {
		result = print_really(log->written.fd, &how);
		if (result > 0) {
			text_make(&text, &how, result);
			logged(log->thread, &log->from, &log->written, text.bytes, text.length);
			text_end(&text);
		}
	}
	va_end(copy);
	return result;
}

WRAPPER int vdprintf(int fd, const char *format, va_list arguments)
{
	LOG_CALL(vdprintf, fd);

	if (!log.thread)
		return STDIO_REAL(vdprintf)(fd, format, arguments);
	return print_noted(&log, -1, format, arguments);
}

WRAPPER int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments)
{
	LOG_CALL(__vdprintf_chk, fd);

	if (!log.thread)
		return STDIO_REAL(__vdprintf_chk)(fd, flag, format, arguments);
	return print_noted(&log, flag, format, arguments);
}

WRAPPER int dprintf(int fd, const char *format, ...)
{
	va_list arguments;
	int result;

	LOG_CALL(dprintf, fd);
	va_start(arguments, format);
	result = log.thread ? print_noted(&log, -1, format, arguments)
			    : STDIO_REAL(vdprintf)(fd, format, arguments);
	va_end(arguments);
	return result;
}

WRAPPER int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list arguments;
	int result;

	LOG_CALL(__dprintf_chk, fd);
	va_start(arguments, format);
	result = log.thread ? print_noted(&log, flag, format, arguments)
			    : STDIO_REAL(__vdprintf_chk)(fd, flag, format, arguments);
	va_end(arguments);
	return result;
}
