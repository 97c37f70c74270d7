/*
 * The value of LD_PRELOAD: names parted by spaces and colons. What others put there stays as it is.
 */
#ifndef ACAUSAL_RUNTIME_PRELOAD_H
#define ACAUSAL_RUNTIME_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes `value` (NULL: there is none) to `to`, without `library` where it was, and, unless
 * `leave_out`, with it where it belongs: in front, but after AddressSanitizer's library, which
 * refuses to be second. `asan` is that library's name when the program needs it, and "" when not.
 * Needs at most preload_room() bytes. Returns the length; 0 when nothing is left. `to` ends in NUL.
 */
size_t preload_write(
	char *to, const char *value, const char *library, bool leave_out, const char *asan);

size_t preload_room(const char *value, const char *library, const char *asan);

#endif
