/* Files of source code: their paths made short and their lines found. */
#ifndef ACAUSAL_DEBUGGER_PLACE_H
#define ACAUSAL_DEBUGGER_PLACE_H

#include "debugger/text/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Adds the file of a frame printably: without "." and "..", and relative to the current folder, to
 * that of the executable or to the one above it when it lies there. `directory` is where a relative
 * `file` is from; NULL when that is not known.
 */
void place_add_file(
	struct strbuf *buffer, const char *file, const char *directory, const char *executable);

/*
 * Reads line `line` of a frame's file into `buffer`, printably and without the white space in
 * front. False when the file is not there or has no such line.
 */
bool place_read_line(struct strbuf *buffer, const char *file, const char *directory, int64_t line);

#endif
