/* What a word that is being typed may become, each with a few words about it. */
#ifndef ACAUSAL_DEBUGGER_CANDIDATES_H
#define ACAUSAL_DEBUGGER_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#define CANDIDATES_MAX 1000 /* more are not gathered */

struct candidate {
	char *word;
	char *words; /* what it is, printable; NULL: nothing to say */
};

/* Begins zero-initialised. */
struct candidates {
	struct candidate *list;
	size_t count, capacity;
	bool is_cut;	  /* there are more */
	char *common;	  /* what those that are not here have in common with those that are */
	bool wants_files; /* instead: the name of a file */
};

/* Empties it. */
void candidates_clear(struct candidates *candidates);

/*
 * Adds a word if it begins with the first `length` bytes of `beginning`, and is not there yet.
 * `words` may be NULL. Takes copies. When there are too many already, it is cut.
 */
void candidates_add(struct candidates *candidates, const char *beginning, size_t length,
	const char *word, const char *words);

/* How all of them begin, to be freed; NULL when there are none. */
char *candidates_common(const struct candidates *candidates);

#endif
