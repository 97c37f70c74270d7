/*
 * A string that grows: see strbuf.h. Promises a NUL byte after its contents, and never to end the
 * program; not meant for several threads.
 */
#include "debugger/text/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_deinit(struct strbuf *buffer)
{
	free(buffer->data);
	*buffer = (struct strbuf){0};
}

void strbuf_clear(struct strbuf *buffer)
{
	strbuf_truncate(buffer, 0);
}

void strbuf_truncate(struct strbuf *buffer, size_t length)
{
	if (!buffer->data || length >= buffer->length)
		return;
	buffer->length = length;
	buffer->data[length] = '\0';
}

/* Makes room for `count` more bytes and a NUL. */
static bool reserve(struct strbuf *buffer, size_t count)
{
	size_t needed, capacity = buffer->capacity ? buffer->capacity : 64;
	char *data;

	if (buffer->failed || __builtin_add_overflow(buffer->length, count, &needed) ||
		__builtin_add_overflow(needed, (size_t)1, &needed)) {
		buffer->failed = true;
		return false;
	}
	if (needed <= buffer->capacity)
		return true;
	while (capacity < needed)
		capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
	data = realloc(buffer->data, capacity);
	if (!data) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void strbuf_add(struct strbuf *buffer, const char *bytes, size_t count)
{
	if (!reserve(buffer, count))
		return;
	if (count)
		memcpy(buffer->data + buffer->length, bytes, count);
	buffer->length += count;
	buffer->data[buffer->length] = '\0';
}

void strbuf_add_string(struct strbuf *buffer, const char *string)
{
	strbuf_add(buffer, string, strlen(string));
}

void strbuf_add_char(struct strbuf *buffer, char byte)
{
	strbuf_add(buffer, &byte, 1);
}

void strbuf_add_repeated(struct strbuf *buffer, char byte, size_t count)
{
	if (!reserve(buffer, count))
		return;
	memset(buffer->data + buffer->length, byte, count);
	buffer->length += count;
	buffer->data[buffer->length] = '\0';
}

void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0 || !reserve(buffer, (size_t)length))
		return;
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	buffer->length += (size_t)length;
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	strbuf_vprintf(buffer, format, arguments);
	va_end(arguments);
}

const char *strbuf_string(const struct strbuf *buffer)
{
	return buffer->data ? buffer->data : "";
}
