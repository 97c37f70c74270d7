/*
 * A string that grows. Zero-initialised is empty and ready; `strbuf_deinit` frees it. When memory
 * runs out the buffer keeps what it has, ignores what follows and says so in `failed`.
 */
#ifndef ACAUSAL_DEBUGGER_STRBUF_H
#define ACAUSAL_DEBUGGER_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *data; /* NULL while nothing was added; else ends with a NUL byte */
	size_t length, capacity;
	bool failed;
};

void strbuf_deinit(struct strbuf *buffer);

/* Empties it and keeps its memory. */
void strbuf_clear(struct strbuf *buffer);

/* Cuts it to `length` bytes; longer than it is: nothing happens. */
void strbuf_truncate(struct strbuf *buffer, size_t length);

void strbuf_add(struct strbuf *buffer, const char *bytes, size_t count);
void strbuf_add_string(struct strbuf *buffer, const char *string);
void strbuf_add_char(struct strbuf *buffer, char byte);
void strbuf_add_repeated(struct strbuf *buffer, char byte, size_t count);
void strbuf_printf(struct strbuf *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* What it holds, "" when that is nothing; borrowed until the buffer changes. */
const char *strbuf_string(const struct strbuf *buffer);

#endif
