/*
 * One recording gathered into the forest: every call that created or armed something, and every
 * run, at the node of its async stack. One pass over the recording, in the order of time.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_GATHER_H
#define ACAUSAL_DEBUGGER_DIFF_GATHER_H

#include "debugger/diff/forest.h"
#include "debugger/recording/reader.h"

/* What is to be looked out for while gathering. IDs are UNKNOWN, nodes 0, when nothing is. */
struct gather_watch {
	int64_t async_id, run_id; /* one of these: which node is it of, … */
	uint32_t node;
	int64_t place; /* … and the how manieth */

	uint32_t wanted_node; /* what is the how manieth of this node? */
	int64_t wanted_place;
	int64_t found_id; /* that, or the last one before */
};

struct gathered {
	int64_t resources, runs;
	int64_t began_ns, ended_ns;
	int64_t left_out; /* calls and runs that had no room for their way, most of them pooled */
	bool is_partial;  /* bounds were reached */
};

/*
 * `side` is 0 or 1. `watch` may be NULL. Takes seconds for millions of resources, and ends with
 * "interrupted" when it is.
 */
int gather(struct forest *forest, int side, struct reader *recording, struct gather_watch *watch,
	struct gathered *ret, struct error *err);

#endif
