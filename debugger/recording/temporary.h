/* A place for a recording that is looked at and not kept. One thread. */
#ifndef ACAUSAL_DEBUGGER_TEMPORARY_H
#define ACAUSAL_DEBUGGER_TEMPORARY_H

#include "debugger/recording/reader.h"

struct temporary {
	char folder[1024], path[1100]; /* `path`: where the recording is to be made */
};

/* An empty folder of our own in $TMPDIR. To be ended with temporary_open or temporary_remove. */
int temporary_make(struct temporary *ret, struct error *err);

/* Opens what was made there. It has no name any more, and is gone with the reader. */
int temporary_open(const struct temporary *, struct reader **ret, struct error *err);

/* Also when nothing was made there. */
void temporary_remove(const struct temporary *);

#endif
