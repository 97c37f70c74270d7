/*
 * Which events belong to a copy that shows a process at one moment. Those of what began later name
 * runs and resources that the copy does not have.
 */
#ifndef ACAUSAL_SNAPSHOT_ARENA_CUT_H
#define ACAUSAL_SNAPSHOT_ARENA_CUT_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_copy;

/* IDs, in the order of coming or ascending. */
struct arena_cut_ids {
	uint64_t *list;
	size_t count, room;
	bool is_short; /* of memory: some are missing */
};

struct arena_cut {
	uint64_t moment;			/* ticks */
	uint64_t last_async_id, last_arming_id; /* that had been given then */
	struct arena_cut_ids living;		/* what is alive in the copy, ascending */
	struct arena_cut_ids ended, disarmed;	/* by the moment, by the events gone through */
};

/* For a copy that has its lives. */
int arena_cut_init(struct arena_cut *, const struct arena_copy *, struct error *err);
void arena_cut_deinit(struct arena_cut *);

/*
 * Takes events out, and out of events what came later, of the bytes [from, to) of a chunk; those
 * before `from` are older than the moment. Returns how many bytes are left in all.
 */
uint32_t arena_cut_events(struct arena_cut *, unsigned char *bytes, uint32_t from, uint32_t to);

/* Once all events were gone through: what had ended by the moment is not alive in the copy. */
int arena_cut_lives(struct arena_cut *, struct arena_copy *, struct error *err);

#endif
