/*
 * Flight mode: when no chunk is free, the one that holds the oldest events is written anew.
 *
 * Any thread, async-signal-safe: no lock, no system call, and a bounded number of looks.
 */
#ifndef ACAUSAL_RUNTIME_FLIGHT_H
#define ACAUSAL_RUNTIME_FLIGHT_H

#include "recorder/runtime/arena.h"

/*
 * Whether what is full is overwritten in this process. It goes into flight mode by this when its
 * recorder has died, unless it was to drop what there is no room for.
 */
static inline bool flight_overwrites(const struct arena_header *header)
{
	if (likely(atomic_load_explicit(&arena_in_flight, memory_order_relaxed)))
		return true;
	if (likely(arena_is_drained(header)) || header->on_full == ARENA_DROPS)
		return false;
	atomic_store_explicit(&arena_in_flight, true, memory_order_relaxed);
	return true;
}

/*
 * The index of a sealed chunk, TAKEN for the caller, of which nothing is left but its bytes.
 * UINT32_MAX: there is none.
 */
uint32_t flight_take(struct arena_header *header);

#endif
