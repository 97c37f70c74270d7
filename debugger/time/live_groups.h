/*
 * What was alive at a moment, coalesced by type and creating stack; or one by one. Memory grows
 * with the groups, and with what is listed, of which there are at most LIVE_ITEMS_MAX.
 */
#ifndef ACAUSAL_DEBUGGER_LIVE_GROUPS_H
#define ACAUSAL_DEBUGGER_LIVE_GROUPS_H

#include "debugger/time/alive.h"
#include "debugger/time/present.h"

#define LIVE_ITEMS_MAX 1000000

struct live_group {
	struct type_row type;
	int64_t stack_id;
	int64_t count, states[ALIVE_STATE_COUNT], unreferenced;
	int64_t next_due_ns; /* the least of its timers that do not repeat; UNKNOWN: none */
	int64_t oldest_id, oldest_ns, newest_id, newest_ns;
};

/* Which are wanted, and whether they are listed. */
struct live_options {
	const char *type; /* its name, or a handle's as it is printed ("timer"); NULL: all */
	bool one_group;	  /* only those like … */
	int64_t like_type_id, like_stack_id;
	bool list;
};

struct live_set {
	int64_t at_ns;
	struct live_group *groups; /* those with most first */
	size_t group_count;
	struct alive *items; /* by ID, when they are listed */
	size_t item_count;
	struct live_group total;
	struct present processes;
	bool vague; /* some could not be told without an index */

	/* while they are gathered */
	const struct live_options *options;
	size_t group_capacity, item_capacity, slot_count;
	uint32_t *slots; /* index + 1 */
	struct live_group *last;
};

/* Gathers over all processes of the moment. To be ended with live_set_deinit, also after an error.
 */
int live_set_gather(struct live_set *set, struct reader *recording, int64_t at_ns,
	const struct live_options *options, struct error *err);
void live_set_deinit(struct live_set *set);

#endif
