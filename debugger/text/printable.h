/*
 * Text from a recording made fit for a terminal. What a recording says is untrusted: a function
 * name or a log line may hold escape sequences, right-to-left overrides or bytes that are no UTF-8.
 *
 * Widths are in terminal columns, by the C library's wcwidth; they need a UTF-8 LC_CTYPE, see
 * printable_locale.
 */
#ifndef ACAUSAL_DEBUGGER_PRINTABLE_H
#define ACAUSAL_DEBUGGER_PRINTABLE_H

#include "debugger/text/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes the user's locale, or C.UTF-8 when that one is not UTF-8. For the start of the program. */
void printable_locale(void);

/*
 * Reads one code point of UTF-8 at `bytes`. Returns the number of bytes, or 0 when they are no
 * shortest-form UTF-8 of a scalar value (then one byte is to be skipped). `count` is not 0.
 */
size_t printable_decode(const char *bytes, size_t count, uint32_t *ret);

/* Is it invisible, or does it reorder what stands around it: fit to deceive a reader? */
bool printable_deceives(uint32_t point);

/*
 * Adds `count` bytes. Newline, tab and carriage return become \n, \t and \r; other control and
 * formatting characters \xNN or \u{NNNN}; bytes that are no UTF-8 \xNN. What is longer than
 * `limit` bytes is cut, and how long it was is said. `limit` 0 is none.
 */
void printable_add(struct strbuf *buffer, const char *bytes, size_t count, size_t limit);

/* The same for a string, without a limit. NULL adds nothing. */
void printable_add_string(struct strbuf *buffer, const char *string);

/* How many columns text takes that printable_add made. */
size_t printable_width(const char *text);

/*
 * Adds `text` (made by printable_add), shortened in the middle by "..." when it is wider than
 * `columns`. `keep_end` of its columns are kept at the end, the others at the beginning.
 */
void printable_shorten(struct strbuf *buffer, const char *text, size_t columns, size_t keep_end);

#endif
