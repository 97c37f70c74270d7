/* The processes that were there at a moment: from the call that made them to their end, that
 * included. */
#ifndef ACAUSAL_DEBUGGER_PRESENT_H
#define ACAUSAL_DEBUGGER_PRESENT_H

#include "debugger/recording/reader.h"

#include <stddef.h>
#include <stdint.h>

struct present {
	int64_t *ids; /* in their order */
	size_t count;
};

/* To be ended with present_deinit. */
int present_find(
	struct present *present, struct reader *recording, int64_t at_ns, struct error *err);
void present_deinit(struct present *present);

#endif
