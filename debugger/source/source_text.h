/*
 * The text of a source file that a recording names. A recording is untrusted, and so are the names
 * in it: only regular files are opened, at most 16 MiB are read, and what is shown of them is made
 * printable.
 *
 * Where a file is looked for: first where $ACAUSAL_SOURCE_PATH says, a list parted by colons of
 * FROM=TO (what was below the folder FROM when it was built is below TO here) and of folders (that
 * have the file, under the name that the compiler got or under its last part); then where it was
 * when it was built.
 */
#ifndef ACAUSAL_DEBUGGER_SOURCE_TEXT_H
#define ACAUSAL_DEBUGGER_SOURCE_TEXT_H

#include "debugger/text/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_PATH_VARIABLE "ACAUSAL_SOURCE_PATH"

struct source_text {
	char *bytes;
	size_t length;
	struct strbuf path; /* where it is here */
	int64_t changed_s;  /* seconds since 1970 */
	/* When it was not read though something of that name is there: why. Else "". */
	char why_not[128];
};

/*
 * Reads the file of a frame; `directory` is where a relative `file` is from, NULL when that is not
 * known. False when it cannot be had; `path` is then where it was looked for last. To be ended with
 * source_text_deinit in any case.
 */
bool source_text_read(struct source_text *ret, const char *file, const char *directory);

/* The same of an open descriptor, which it closes. */
bool source_text_read_descriptor(struct source_text *ret, int descriptor);
void source_text_deinit(struct source_text *text);

struct source_line {
	int64_t number; /* from 1 */
	const char *bytes;
	size_t length; /* without the line's end */
};

/* Line `number`, and the one after another. False when the file has no such line. */
bool source_text_line(const struct source_text *text, int64_t number, struct source_line *ret);
bool source_text_next(const struct source_text *text, struct source_line *line);
int64_t source_text_count(const struct source_text *text);

/*
 * Adds a line printably, tabs as blanks. With `trim` without what is blank in front, which is
 * false when nothing is left. Of a giant line only the beginning.
 */
bool source_line_add(struct strbuf *buffer, const struct source_line *line, bool trim);

/*
 * The line on which a function of that name seems to be defined, at or before line `before`, of
 * which it is known that it is in the function; `before` when it cannot be seen.
 */
int64_t source_text_definition(
	const struct source_text *text, const char *function, int64_t before);

#endif
