/* Whether a file has libuv in its own code. */
#ifndef ACAUSAL_LAUNCH_CARRIED_H
#define ACAUSAL_LAUNCH_CARRIED_H

#include <stdbool.h>

enum carried {
	CARRIED_NOT,
	CARRIED_PERHAPS,  /* it has no symbols, but words that are in every libuv */
	CARRIED_LIBRARY,  /* a libuv that others can use */
	CARRIED_EXPORTED, /* an executable that has one, which its modules use too */
	CARRIED_HIDDEN,	  /* one that nobody else can see, or that only the file itself calls */
};

/*
 * What the file at `path` is. With `look_for_words` a file without symbols is searched for words,
 * all of it. A file that cannot be read has none.
 */
enum carried carried_find(const char *path, bool look_for_words);

#endif
