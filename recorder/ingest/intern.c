/*
 * Open-addressed hash tables with linear probing, at most half full: see intern.h. What is interned
 * is forgotten all at once, or never; the map forgets by shifting the cluster back, so that there
 * are no tombstones that would pile up in a table from which as much is taken as is put in.
 */
#include "recorder/ingest/intern.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 256 };

void intern_init(struct intern *intern, uint32_t limit)
{
	*intern = (struct intern){.limit = limit};
}

void intern_deinit(struct intern *intern)
{
	free(intern->keys);
	free(intern->slots);
	*intern = (struct intern){0};
}

static uint64_t key_hash(const struct intern_key *key)
{
	return mix64(key->word[0] * 0x9e3779b97f4a7c15ull + key->word[1] * 0xc2b2ae3d27d4eb4full +
		     key->word[2] * 0x165667b19e3779f9ull);
}

static bool intern_grow(struct intern *intern)
{
	uint32_t slots = intern->slots ? 2 * (intern->slot_mask + 1) : FIRST_SLOTS;
	struct intern_key *keys;
	uint32_t *table;

	keys = realloc(intern->keys, slots / 2 * sizeof *keys);
	if (!keys)
		return false;
	intern->keys = keys;
	table = calloc(slots, sizeof *table);
	if (!table)
		return false;
	for (uint32_t n = intern->forgotten + 1; n <= intern->count; n++) {
		uint32_t at = (uint32_t)key_hash(intern_key(intern, n)) & (slots - 1);

		while (table[at])
			at = (at + 1) & (slots - 1);
		table[at] = n;
	}
	free(intern->slots);
	intern->slots = table;
	intern->slot_mask = slots - 1;
	intern->capacity = slots / 2;
	return true;
}

uint32_t intern_number(struct intern *intern, struct intern_key key, bool *is_new)
{
	uint32_t at;

	*is_new = false;
	if (intern->slots) {
		at = (uint32_t)key_hash(&key) & intern->slot_mask;
		for (; intern->slots[at]; at = (at + 1) & intern->slot_mask)
			if (!memcmp(intern_key(intern, intern->slots[at]), &key, sizeof key))
				return intern->slots[at];
	}
	if (intern->count - intern->forgotten >= intern->limit || intern->count == UINT32_MAX)
		return 0;
	if (intern->count - intern->forgotten == intern->capacity && !intern_grow(intern))
		return 0;
	at = (uint32_t)key_hash(&key) & intern->slot_mask;
	while (intern->slots[at])
		at = (at + 1) & intern->slot_mask;
	intern->keys[intern->count++ - intern->forgotten] = key;
	intern->slots[at] = intern->count;
	*is_new = true;
	return intern->count;
}

void intern_forget(struct intern *intern)
{
	if (intern->slots)
		memset(intern->slots, 0, (intern->slot_mask + 1) * sizeof *intern->slots);
	intern->forgotten = intern->count;
}

void idmap_init(struct idmap *map, uint32_t limit)
{
	*map = (struct idmap){.limit = limit};
}

void idmap_deinit(struct idmap *map)
{
	free(map->slots);
	*map = (struct idmap){0};
}

static uint32_t home(const struct idmap *map, uint64_t key)
{
	return (uint32_t)mix64(key) & map->mask;
}

bool idmap_get(const struct idmap *map, uint64_t key, uint32_t *value)
{
	if (!map->slots || !key)
		return false;
	for (uint32_t at = home(map, key); map->slots[at].key; at = (at + 1) & map->mask) {
		if (map->slots[at].key == key) {
			*value = map->slots[at].value;
			return true;
		}
	}
	return false;
}

static bool idmap_grow(struct idmap *map)
{
	uint32_t count = map->slots ? 2 * (map->mask + 1) : FIRST_SLOTS;
	struct idmap_slot *old = map->slots;
	uint32_t old_count = old ? map->mask + 1 : 0;

	map->slots = calloc(count, sizeof *map->slots);
	if (!map->slots) {
		map->slots = old;
		return false;
	}
	map->mask = count - 1;
	for (uint32_t i = 0; i < old_count; i++) {
		uint32_t at;

		if (!old[i].key)
			continue;
		for (at = home(map, old[i].key); map->slots[at].key; at = (at + 1) & map->mask)
			;
		map->slots[at] = old[i];
	}
	free(old);
	return true;
}

bool idmap_put(struct idmap *map, uint64_t key, uint32_t value)
{
	uint32_t at;

	if (!key)
		return false;
	if ((!map->slots || 2 * (map->count + 1) > map->mask) && !idmap_grow(map))
		return false;
	for (at = home(map, key); map->slots[at].key; at = (at + 1) & map->mask) {
		if (map->slots[at].key == key) {
			map->slots[at].value = value;
			return true;
		}
	}
	if (map->count >= map->limit)
		return false;
	map->slots[at] = (struct idmap_slot){key, value};
	map->count++;
	return true;
}

void idmap_remove(struct idmap *map, uint64_t key)
{
	uint32_t hole, at;

	if (!map->slots || !key)
		return;
	for (hole = home(map, key); map->slots[hole].key != key; hole = (hole + 1) & map->mask)
		if (!map->slots[hole].key)
			return;
	/* Move back whatever could not be found any more across the hole. */
	for (at = (hole + 1) & map->mask; map->slots[at].key; at = (at + 1) & map->mask) {
		uint32_t distance = (at - home(map, map->slots[at].key)) & map->mask;

		if (distance >= ((at - hole) & map->mask)) {
			map->slots[hole] = map->slots[at];
			hole = at;
		}
	}
	map->slots[hole] = (struct idmap_slot){0};
	map->count--;
}
