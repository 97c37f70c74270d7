/*
 * Segments with repeats folded away, as they come: "the same 3 segments 1,024 times more". Memory
 * grows with what differs, not with what is pushed. Segments are compared by code (stack, callback,
 * type, thread), not by IDs and times.
 */
#ifndef ACAUSAL_DEBUGGER_FOLDING_H
#define ACAUSAL_DEBUGGER_FOLDING_H

#include "debugger/lineage/segment.h"

#define FOLDING_PERIOD 8 /* the longest repeat that is noticed */

struct folding {
	bool off; /* keep everything */

	struct segment *segments; /* the result so far; the caller frees it */
	size_t count, capacity;

	/* a streak: the last `period` segments came `times` times more, and then `position` of them
	 */
	size_t period, position;
	int64_t times;

	/* what the streak has swallowed and may have to give back */
	struct segment held[2 * FOLDING_PERIOD];
	size_t held_count;

	/* the last ones pushed, whether swallowed or not */
	struct segment recent[FOLDING_PERIOD];
	size_t recent_count;
};

/* Takes a copy. Returns -1 when memory runs out. */
int folding_push(struct folding *folding, const struct segment *segment);

/*
 * Tells that the last `period` segments pushed came `times` times more. Returns 1 when it was taken
 * in; 0 when it does not fit what was pushed (nothing happens); -1 when memory runs out.
 */
int folding_jump(struct folding *folding, int64_t period, int64_t times);

/* What was swallowed and is no streak comes out. To be called at the end. */
int folding_finish(struct folding *folding);

#endif
