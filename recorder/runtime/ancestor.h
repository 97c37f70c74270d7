/*
 * Records of runs that something alive came of, by their references: see `struct arena_ancestor`.
 * Which runs those are: lineage.h.
 *
 * Any thread, async-signal-safe, lock-free. A record is named by its index; whoever keeps one has a
 * reference to it, and gives that back. With index 0, for what is not kept, nothing is done.
 */
#ifndef ACAUSAL_RUNTIME_ANCESTOR_H
#define ACAUSAL_RUNTIME_ANCESTOR_H

#include "recorder/runtime/arena.h"

static inline struct arena_ancestor *ancestor_at(uint32_t index)
{
	return &arena_map.ancestors[index];
}

/*
 * A new record, all zero, that nobody sees yet: ancestor_publish. 0 when there is no room, which is
 * counted.
 */
uint32_t ancestor_take(void);

/* Makes it visible as that of the run, as the last thing of its making, with so many references. */
void ancestor_publish(uint32_t index, uint64_t run_id, uint32_t references);

/* One more reference, for a caller who has one already. */
static inline void ancestor_share(uint32_t index)
{
	if (index)
		atomic_fetch_add_explicit(&ancestor_at(index)->references, 1, memory_order_relaxed);
}

/*
 * One more reference, for a caller who has found the index somewhere. Whether it is still there has
 * to be asked afterwards: the record may be another's by now. False: it is nobody's.
 */
bool ancestor_try_share(uint32_t index);

/* Gives a reference back. With the last one the record goes, and its reference to its parent. */
void ancestor_release(uint32_t index);

/* The run is over: gives back the reference of a run that is open. */
void ancestor_ended(uint32_t index, uint64_t ended);

/* The deepest that chains should become, by how much room there is. */
uint32_t ancestor_depth_most(void);

#endif
