/* The waits of an async stack's segments. */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_WAIT_H
#define ACAUSAL_DEBUGGER_LINEAGE_WAIT_H

#include "debugger/lineage/async_stack.h"

/*
 * Fills `wait` of the segments of `lineage`, and the counts of what was coalesced into their
 * causes. Reads a bounded number of rows: of a long stack, what comes last may be left unknown.
 */
int lineage_add_waits(struct lineage *lineage, struct reader *recording, struct frames_cache *cache,
	struct error *err);

#endif
