/*
 * Patterns of sinks, as `record --log` takes them: those of the shell.
 *
 * `*` stands for any characters, `?` for one, `[a-z]` for one of those and `[!a-z]` for one of the
 * others; none of them for a slash. A backslash takes the meaning from what follows it. A pattern
 * without a slash is compared with the last component of a path, another with the whole path.
 *
 * Any thread; signal safe (libc's fnmatch is not: it takes locks and allocates).
 */
#ifndef ACAUSAL_HOOKS_SINK_MATCH_H
#define ACAUSAL_HOOKS_SINK_MATCH_H

#include <stdbool.h>

/* Whether one of the patterns, each with a newline before it, is that of `path`. */
bool sink_match(const char *patterns, const char *path);

#endif
