/*
 * The text of a log line as it is compared. Pure; any thread.
 *
 * A line that stands in a file or was piped to us may differ from what the program wrote: by a
 * carriage return at its end, by a tag of `record --tag-lines` at its end, by colours, and by words
 * that somebody (grep -n, journalctl, docker, syslog) put before it.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_TEXT_H
#define ACAUSAL_DEBUGGER_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length without the carriage returns at its end. */
size_t log_text_trim(const char *bytes, size_t length);

/*
 * Copies the bytes without the escape codes that colour them (as grep --color puts around what
 * matched) to `ret`, which has room for all of them. Returns how many it copied.
 */
size_t log_text_uncolour(const char *bytes, size_t length, char *ret);

/*
 * Is there a tag, " [#42]" or " [#2:42]", at its end? Then also the length without it, and the
 * async ID as stored.
 */
bool log_text_untag(const char *bytes, size_t length, size_t *ret_length, int64_t *ret_async_id);

/* Of the bytes from the last to the first, so that those of all ends of a line come in one go. */
uint64_t log_text_hash(const char *bytes, size_t length);

/* How much of a line is its number as grep -n has it: "12:", "12-" before one of context; or 0. */
size_t log_text_numbered(const char *bytes, size_t length);

/* Where the text may begin behind words that were put before it. */
struct log_text_start {
	size_t offset;
	uint64_t hash; /* from there to the end */
};

/*
 * The first `most` of those places, the first of them 0: after blanks, ':', '|' and ']', and behind
 * a line's number as grep has it (log_text_numbered). Returns how many.
 */
size_t log_text_starts(const char *bytes, size_t length, struct log_text_start *ret, size_t most);

#endif
