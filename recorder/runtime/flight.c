/*
 * Which chunk is the oldest: see flight.h.
 *
 * A hand goes round over all of them. Chunks that were filled in the order in which they lie come
 * by in the order of their age; in another order they are filled while an ingester drains, and when
 * threads hold theirs for long. So what is among the younger half is passed by the first time.
 */
#include "recorder/runtime/flight.h"

/* Takes the chunk, if it is sealed and no younger than `latest`, a sequence number. */
static bool chunk_take(struct arena_chunk *chunk, uint64_t latest)
{
	uint32_t state = atomic_load_explicit(&chunk->state, memory_order_acquire);

	return state == ARENA_CHUNK_SEALED && !__atomic_load_n(&chunk->is_kept, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&chunk->sequence, __ATOMIC_RELAXED) <= latest &&
	       atomic_compare_exchange_strong_explicit(&chunk->state, &state, ARENA_CHUNK_TAKEN,
		       memory_order_acq_rel, memory_order_relaxed);
}

/* All that the chunk held is gone. Of what came after `sealed` nothing is, on account of it. */
static void chunk_gone(struct arena_header *header, const struct arena_chunk *chunk)
{
	_Atomic uint64_t *until = &header->overwritten_until.value;
	uint64_t sealed = chunk->sealed;
	uint64_t seen = atomic_load_explicit(until, memory_order_relaxed);

	atomic_fetch_add_explicit(&header->overwritten.value, 1, memory_order_relaxed);
	while (seen < sealed && !atomic_compare_exchange_weak_explicit(until, &seen, sealed,
					memory_order_relaxed, memory_order_relaxed))
		;
	/* Whoever finds other bytes than the chunk's finds it taken, and this said. */
	atomic_thread_fence(memory_order_release);
}

uint32_t flight_take(struct arena_header *header)
{
	const uint64_t younger = arena_map.history_chunks / 2;
	uint64_t count =
		atomic_load_explicit(&header->used[ARENA_CHUNK_STATES].value, memory_order_relaxed);
	uint64_t now, latest, looks;

	if (count > arena_map.count[ARENA_CHUNKS])
		count = arena_map.count[ARENA_CHUNKS];
	for (looks = 0; looks < 2 * count; looks++) {
		uint64_t hand =
			atomic_fetch_add_explicit(&header->hand.value, 1, memory_order_relaxed);
		struct arena_chunk *chunk = &arena_map.chunks[hand % count];

		now = atomic_load_explicit(&header->chunk_sequence.value, memory_order_relaxed);
		latest = looks >= count ? UINT64_MAX : now > younger ? now - younger : 0;
		if (chunk_take(chunk, latest)) {
			chunk_gone(header, chunk);
			return (uint32_t)(hand % count);
		}
	}
	return UINT32_MAX;
}
