/* Files of source code: their paths, made short. */
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

/* The whole path of a frame's file, raw, as far as it is known, without "." and "..". `buffer` is
 * empty. */
void place_add_path(struct strbuf *buffer, const char *file, const char *directory);

#endif
