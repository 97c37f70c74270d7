/*
 * The tree of single things (growth.h) folded: what hangs on the same, is of the same kind and has
 * things of the same kinds below is one bunch, with all that came of each. A run of which the same
 * callback comes again and again, as of a timer that arms itself, is one bunch with those that
 * follow.
 */
#ifndef ACAUSAL_DEBUGGER_BUNCHES_H
#define ACAUSAL_DEBUGGER_BUNCHES_H

#include "debugger/tree/growth.h"

struct bunch {
	uint32_t first, count; /* of `members`, by time, but what repeats others at the end */
	uint32_t repeats;      /* of them: runs that came of other members */
	uint32_t parent, first_child, last_child, next; /* GROWTH_NONE: none; a parent is before */
	uint32_t kind_key;
	uint32_t unfollowed; /* members that were not followed */
	bool is_mixed;	     /* not all have the same below: there were too many ways */
	bool has_more;	     /* not all children are here */
	bool leads_back;     /* what came of members is among the repeats of a bunch above */
};

struct bunches {
	const struct growth *growth;
	struct bunch *rows; /* the first is where it begins */
	uint32_t count, capacity;
	uint32_t *members; /* shoots */
	uint32_t member_count;
};

/* `growth` is borrowed. With `full` nothing is folded. To be ended with bunches_deinit. */
int bunches_init(
	struct bunches *bunches, const struct growth *growth, bool full, struct error *err);
void bunches_deinit(struct bunches *bunches);

/* How a number is spread over the members of a bunch that have it. */
struct spread {
	uint32_t count;
	int64_t least, median, most;
};

enum spread_of { SPREAD_WAIT, SPREAD_DURATION, SPREAD_TIME };

int bunches_spread(const struct bunches *bunches, const struct bunch *bunch, enum spread_of of,
	struct spread *ret, struct error *err);

#endif
