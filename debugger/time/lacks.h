/* What a recording does not have of a moment, in words: so that it is said and not guessed. */
#ifndef ACAUSAL_DEBUGGER_LACKS_H
#define ACAUSAL_DEBUGGER_LACKS_H

#include "debugger/recording/reader.h"
#include "debugger/text/strbuf.h"

#include <stddef.h>

#define LACKS_MAX 6

/* Sentences, printable. Zero-initialised is empty. */
struct lacks {
	struct strbuf words[LACKS_MAX];
	size_t count;
};

/*
 * Of everything that there was at `at_ns`: overwritten history, pauses, lost events, that the
 * recording still grows, or was cut short. To be ended with lacks_deinit.
 */
int lacks_find(struct lacks *lacks, struct reader *recording, int64_t at_ns, struct error *err);
void lacks_deinit(struct lacks *lacks);

#endif
