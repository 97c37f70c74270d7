/*
 * The index of live resources by address, and their slab: see live.h.
 *
 * The index is a row of tables, each four times the size of the one before. An address has one
 * bucket, a cache line of four entries, in each table; it lies in the first that had room. Nothing
 * is ever moved and nothing leaves a tombstone, so growing means adding a table, and both insertion
 * and removal are a single store or compare-and-swap that a signal may interrupt anywhere.
 */
#include "recorder/runtime/live.h"

#include "recorder/runtime/ancestor.h"
#include "recorder/runtime/carried.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct entry {
	_Atomic uintptr_t key; /* address; 0: free; 1: being filled */
	_Atomic uint32_t index;
	uint32_t unused;
};

enum { BUCKET = 4, LEVELS = 6, LEVEL0_BITS = 11, LEVEL_BITS = 2 };

struct bucket {
	_Alignas(64) struct entry entry[BUCKET];
};

static struct bucket level0[1 << LEVEL0_BITS];
static struct bucket *_Atomic level[LEVELS] = {level0};

struct live_callbacks *live_callback_table;

static struct bucket *bucket_of(struct bucket *table, int depth, uintptr_t address)
{
	/* Fibonacci hashing: the high bits of the product are the well-mixed ones. */
	uint64_t mixed = (uint64_t)(address >> 3) * 0x9e3779b97f4a7c15ull;

	return &table[mixed >> (64 - (LEVEL0_BITS + LEVEL_BITS * depth))];
}

static struct entry *entry_find(uintptr_t address)
{
	int depth, i;

	for (depth = 0; depth < LEVELS; depth++) {
		struct bucket *table = atomic_load_explicit(&level[depth], memory_order_acquire);
		struct bucket *bucket;

		if (!table)
			break;
		bucket = bucket_of(table, depth, address);
		for (i = 0; i < BUCKET; i++)
			if (atomic_load_explicit(&bucket->entry[i].key, memory_order_acquire) ==
				address)
				return &bucket->entry[i];
	}
	return NULL;
}

/* The table of one level; made when first needed. Two threads may race: one throws its own away. */
static struct bucket *level_make(int depth)
{
	size_t size = sizeof(struct bucket) << (LEVEL0_BITS + LEVEL_BITS * depth);
	struct bucket *expected = NULL, *table;
	int saved = errno;

	table = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED) {
		errno = saved;
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&level[depth], &expected, table)) {
		munmap(table, size);
		table = expected;
	}
	errno = saved;
	return table;
}

static bool entry_insert(uintptr_t address, uint32_t index)
{
	int depth, i;

	for (depth = 0; depth < LEVELS; depth++) {
		struct bucket *table = atomic_load_explicit(&level[depth], memory_order_acquire);
		struct bucket *bucket;

		if (!table && !(table = level_make(depth)))
			return false;
		bucket = bucket_of(table, depth, address);
		for (i = 0; i < BUCKET; i++) {
			struct entry *entry = &bucket->entry[i];
			uintptr_t free_key = 0;

			if (atomic_load_explicit(&entry->key, memory_order_relaxed) != 0 ||
				!atomic_compare_exchange_strong(&entry->key, &free_key, 1))
				continue;
			atomic_store_explicit(&entry->index, index, memory_order_relaxed);
			atomic_store_explicit(&entry->key, address, memory_order_release);
			return true;
		}
	}
	return false;
}

bool live_start(void)
{
	size_t size = arena_map.count[ARENA_LIVES] * sizeof *live_callback_table;
	void *table = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		return false;
	live_callback_table = table;
	return true;
}

uint32_t live_find(const void *address)
{
	struct entry *entry = address ? entry_find((uintptr_t)address) : NULL;

	return entry ? atomic_load_explicit(&entry->index, memory_order_relaxed) : 0;
}

/*
 * Records that this thread has given back and may take again without asking anybody: under load,
 * the head of the common list would travel between processors at every request.
 */
enum { SPARE = 16 };

static __thread struct {
	uint32_t count, index[SPARE];
} spare __attribute__((tls_model("initial-exec")));

static uint32_t slot_pop(struct arena_header *header)
{
	_Atomic uint64_t *head = &header->free_lives.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_acquire);

	while ((uint32_t)seen != 0) {
		uint32_t index = (uint32_t)seen;
		/* Another thread may take it and give it back meanwhile: then the tag differs. */
		uint32_t after =
			__atomic_load_n(&arena_map.lives[index].next_free, __ATOMIC_RELAXED);
		uint64_t next = after | ((seen >> 32) + 1) << 32;

		if (atomic_compare_exchange_weak_explicit(
			    head, &seen, next, memory_order_acquire, memory_order_acquire))
			return index;
	}
	return 0;
}

static void slot_push(uint32_t index)
{
	_Atomic uint64_t *head = &arena()->free_lives.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_relaxed), next;

	do {
		__atomic_store_n(&live_at(index)->next_free, (uint32_t)seen, __ATOMIC_RELAXED);
		next = index | ((seen >> 32) + 1) << 32;
	} while (!atomic_compare_exchange_weak_explicit(
		head, &seen, next, memory_order_release, memory_order_relaxed));
}

/* Not in the way of those who have none. */
static __attribute__((noinline, cold)) void ancestors_release(struct arena_live *live)
{
	uint32_t of_birth = live->ancestor, of_arming = live->arming_ancestor;

	live->ancestor = live->arming_ancestor = 0;
	ancestor_release(of_birth);
	ancestor_release(of_arming);
}

void live_release(uint32_t index)
{
	struct arena_live *live = live_at(index);

	atomic_store_explicit(&live->async_id, 0, memory_order_release);
	if (unlikely(live->ancestor | live->arming_ancestor))
		ancestors_release(live);
	carry_over(index);
	/* Whoever reads the record and then its ID again must not find the next one's words. */
	atomic_thread_fence(memory_order_release);
	live_callbacks(index)->async_id = 0;
	if (spare.count < SPARE)
		spare.index[spare.count++] = index;
	else
		slot_push(index);
}

void live_thread_end(void)
{
	while (spare.count > 0)
		slot_push(spare.index[--spare.count]);
}

uint32_t live_take(const void *address)
{
	struct arena_header *header = arena();
	uint32_t index = spare.count > 0 ? spare.index[--spare.count] : slot_pop(header);
	struct arena_live *live;

	if (index == 0) {
		index = arena_grow(ARENA_LIVES);
		if (index == UINT32_MAX) {
			arena_next(&header->lost);
			return 0;
		}
	}
	live = live_at(index);
	/* But for `async_id`, which is 0, and `next_free`, which a slot_pop may read still. */
	memset(&live->address, 0,
		offsetof(struct arena_live, next_free) - offsetof(struct arena_live, address));
	live->address = (uintptr_t)address;
	*live_callbacks(index) = (struct live_callbacks){0};
	if (address)
		arena_note_used(header);
	if (address && !entry_insert((uintptr_t)address, index)) {
		arena_next(&header->lost);
		live_release(index);
		return 0;
	}
	return index;
}

void live_link(uint32_t index, const void *address)
{
	if (address && !entry_insert((uintptr_t)address, index))
		arena_next(&arena()->lost);
}

void live_publish(uint32_t index, uint64_t async_id)
{
	live_callbacks(index)->async_id = async_id;
	/* Types of the program's own have no room here: in the child of a fork theirs is not known.
	 */
	live_callbacks(index)->type =
		(uint8_t)(live_at(index)->type < ACAUSAL_TYPE_COUNT ? live_at(index)->type : 0);
	atomic_store_explicit(&live_at(index)->async_id, async_id, memory_order_release);
}

void live_unlink(uint32_t index, const void *address)
{
	struct entry *entry = address ? entry_find((uintptr_t)address) : NULL;

	if (entry && atomic_load_explicit(&entry->index, memory_order_relaxed) == index)
		atomic_store_explicit(&entry->key, 0, memory_order_release);
}

void live_each(bool (*visit)(void *user, uintptr_t address, uint32_t index), void *user)
{
	int depth, i;
	size_t bucket;

	for (depth = 0; depth < LEVELS; depth++) {
		struct bucket *table = atomic_load_explicit(&level[depth], memory_order_acquire);

		if (!table)
			break;
		for (bucket = 0; bucket < (size_t)1 << (LEVEL0_BITS + LEVEL_BITS * depth); bucket++)
			for (i = 0; i < BUCKET; i++) {
				struct entry *entry = &table[bucket].entry[i];
				uintptr_t key = atomic_load(&entry->key);

				if (key && !visit(user, key, atomic_load(&entry->index)))
					atomic_store(&entry->key, 0);
			}
	}
}

static bool is_finished(void *user, uintptr_t address, uint32_t index)
{
	(void)user;
	return address != 1 && index != 0 && index < arena_map.count[ARENA_LIVES] &&
	       live_callbacks(index)->async_id != 0;
}

void live_restart(void)
{
	spare.count = 0;
	live_each(is_finished, NULL);
}

void live_free_rest(uint32_t last)
{
	/* Beyond these, room that is never given back costs less than touching it. */
	enum { MOST = 1 << 14 };
	uint32_t index, freed = 0;

	for (index = last; index > 0 && freed < MOST; index--)
		if (!live_callbacks(index)->async_id) {
			slot_push(index);
			freed++;
		}
}
