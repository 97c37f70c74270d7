/*
 * Ancestors and their pool: see ancestor.h. Free ones are in a list like that of live records.
 */
#include "recorder/runtime/ancestor.h"

#include <string.h>

static uint32_t pool_pop(struct arena_header *header)
{
	_Atomic uint64_t *head = &header->free_ancestors.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_acquire);

	while ((uint32_t)seen != 0) {
		uint32_t index = (uint32_t)seen;
		uint32_t after = __atomic_load_n(&ancestor_at(index)->next_free, __ATOMIC_RELAXED);
		uint64_t next = after | ((seen >> 32) + 1) << 32;

		if (atomic_compare_exchange_weak_explicit(
			    head, &seen, next, memory_order_acquire, memory_order_acquire))
			return index;
	}
	return 0;
}

static void pool_push(uint32_t index)
{
	_Atomic uint64_t *head = &arena()->free_ancestors.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_relaxed), next;

	do {
		__atomic_store_n(&ancestor_at(index)->next_free, (uint32_t)seen, __ATOMIC_RELAXED);
		next = index | ((seen >> 32) + 1) << 32;
	} while (!atomic_compare_exchange_weak_explicit(
		head, &seen, next, memory_order_release, memory_order_relaxed));
}

uint32_t ancestor_take(void)
{
	struct arena_header *header = arena();
	uint32_t index = pool_pop(header);
	struct arena_ancestor *ancestor;

	if (index == 0) {
		index = arena_grow(ARENA_ANCESTORS);
		if (index == UINT32_MAX) {
			arena_next(&header->ancestors_lost);
			return 0;
		}
	}
	ancestor = ancestor_at(index);
	/* But for `run_id` and `references`, which are 0, and `next_free`: see live_take. */
	memset(&ancestor->parent, 0,
		offsetof(struct arena_ancestor, next_free) -
			offsetof(struct arena_ancestor, parent));
	return index;
}

void ancestor_publish(uint32_t index, uint64_t run_id, uint32_t references)
{
	struct arena_ancestor *ancestor = ancestor_at(index);

	atomic_store_explicit(&ancestor->references, references, memory_order_relaxed);
	atomic_store_explicit(&ancestor->run_id, run_id, memory_order_release);
}

bool ancestor_try_share(uint32_t index)
{
	_Atomic uint32_t *references = &ancestor_at(index)->references;
	uint32_t seen = atomic_load_explicit(references, memory_order_relaxed);

	do {
		if (seen == 0)
			return false;
	} while (!atomic_compare_exchange_weak(references, &seen, seen + 1));
	return true;
}

void ancestor_release(uint32_t index)
{
	uint32_t most = arena_map.count[ARENA_ANCESTORS], parent;

	/* Not one inside another: a chain is as long as it is. */
	for (; index && most > 0; most--) {
		struct arena_ancestor *ancestor = ancestor_at(index);

		if (atomic_fetch_sub_explicit(&ancestor->references, 1, memory_order_acq_rel) != 1)
			break;
		parent = ancestor->parent;
		atomic_store_explicit(&ancestor->run_id, 0, memory_order_relaxed);
		/* Nobody who finds its ID twice must have found the next one's words. */
		atomic_thread_fence(memory_order_release);
		pool_push(index);
		index = parent;
	}
}

void ancestor_ended(uint32_t index, uint64_t ended)
{
	if (!index)
		return;
	__atomic_store_n(&ancestor_at(index)->ended, ended, __ATOMIC_RELAXED);
	ancestor_release(index);
}

uint32_t ancestor_depth_most(void)
{
	enum { MOST = 4096, FEWER = 512, FEWEST = 64 };
	uint64_t count = arena_map.count[ARENA_ANCESTORS];
	uint64_t used =
		atomic_load_explicit(&arena()->used[ARENA_ANCESTORS].value, memory_order_relaxed);

	return used <= count / 2 ? MOST : used <= count / 4 * 3 ? FEWER : FEWEST;
}
