/* How near a word is to another that may have been meant. */
#ifndef ACAUSAL_DEBUGGER_SPELLING_H
#define ACAUSAL_DEBUGGER_SPELLING_H

#include <stddef.h>

/* How many letters must be added, dropped, changed or swapped; 99 for words too long to be one. */
size_t spelling_distance(const char *a, const char *b);

/* A distance from here on is too far to suggest anything for `word`. */
size_t spelling_limit(const char *word);

#endif
