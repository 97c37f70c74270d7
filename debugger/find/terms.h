/* What is looked for, as the user said it: words and KEY=VALUE, of which each must match. */
#ifndef ACAUSAL_DEBUGGER_TERMS_H
#define ACAUSAL_DEBUGGER_TERMS_H

#include "debugger/text/pattern.h"

#include <stdint.h>

#define TERMS_MAX 12

/* What a term may be about. X(TAG, key) */
#define TERM_KEYS(X)                                                                               \
	X(ANY, NULL)                                                                               \
	X(TYPE, "type")                                                                            \
	X(FUNCTION, "function")                                                                    \
	X(FILE, "file")                                                                            \
	X(MODULE, "module")                                                                        \
	X(API, "api")                                                                              \
	X(DETAIL, "detail")                                                                        \
	X(CONTEXT, "context")                                                                      \
	X(THREAD, "thread")                                                                        \
	X(PROCESS, "process")                                                                      \
	X(ADDRESS, "address")                                                                      \
	X(ALIVE, "alive")

#define X(tag, key) TERM_##tag,
enum term_key { TERM_KEYS(X) TERM_KEY_COUNT };
#undef X

struct term {
	enum term_key key;
	const char *word;	 /* as it was given; borrowed */
	struct pattern *pattern; /* of a text */
	char *context_key;	 /* of a context KEY=VALUE: the key; NULL: either */
	int64_t number;		 /* a file's line, an address; UNKNOWN: none */
};

struct terms {
	struct term rows[TERMS_MAX];
	int count;
};

/* `words` are borrowed. To be ended with terms_deinit, also after an error. */
int terms_init(struct terms *terms, char **words, int count, struct error *err);
void terms_deinit(struct terms *terms);

/* Does a text match? NULL matches nothing. A text on which the pattern takes too long does not. */
bool term_matches(const struct term *term, const char *text);

#endif
