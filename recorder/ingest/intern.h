/*
 * Numbers for things that occur again and again: the tables behind stacks, frames, origins and
 * entries, and a plain map from an ID to a slot.
 *
 * Both grow by doubling up to a limit given at creation and then refuse, because what is put in
 * comes from an arena that is not trusted. One thread.
 */
#ifndef ACAUSAL_INGEST_INTERN_H
#define ACAUSAL_INGEST_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intern_key {
	uint64_t word[3];
};

struct intern {
	struct intern_key *keys; /* of number n at n - 1 - forgotten */
	uint32_t *slots;	 /* numbers; 0 is an empty slot */
	uint32_t count;		 /* numbers given, of which the first ones may be forgotten */
	uint32_t forgotten, capacity, slot_mask, limit;
};

/* No memory is taken yet. */
void intern_init(struct intern *, uint32_t limit);
void intern_deinit(struct intern *);

/*
 * The number of `key`, from 1 upwards in the order of first use; `*is_new` tells whether it was
 * given just now. 0 when the table is full or there is no memory.
 */
uint32_t intern_number(struct intern *, struct intern_key key, bool *is_new);

/*
 * Forgets all keys: those that come again are new, under numbers that go on rising. For what would
 * else grow with each thread that comes and goes.
 */
void intern_forget(struct intern *);

/* Of a number that is not forgotten. */
static inline const struct intern_key *intern_key(const struct intern *intern, uint32_t number)
{
	return &intern->keys[number - 1 - intern->forgotten];
}

/* Keys must not be 0. Values are the caller's. */
struct idmap {
	struct idmap_slot {
		uint64_t key;
		uint32_t value;
	} * slots;
	uint32_t count, mask, limit;
};

void idmap_init(struct idmap *, uint32_t limit);
void idmap_deinit(struct idmap *);

bool idmap_get(const struct idmap *, uint64_t key, uint32_t *value);

/* Sets or replaces. False when it is full or there is no memory. */
bool idmap_put(struct idmap *, uint64_t key, uint32_t value);
void idmap_remove(struct idmap *, uint64_t key);

/* Spreads the bits of a number over all 64. */
static inline uint64_t mix64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	return x;
}

#endif
