/* A number for each of many IDs: see id_map.h. Bounded, whatever IDs a recording claims. */
#include "debugger/recording/id_map.h"

#include <stdlib.h>

#define PAGE_IDS  256
#define PAGES_MAX (((size_t)320 << 20) / sizeof(struct id_map_page))

struct id_map_page {
	int64_t key; /* ID / PAGE_IDS */
	uint64_t values[PAGE_IDS];
};

void id_map_deinit(struct id_map *map)
{
	size_t i;

	for (i = 0; i < map->slot_count; i++)
		free(map->slots[i]);
	free(map->slots);
	*map = (struct id_map){0};
}

static size_t slot_of(const struct id_map *map, int64_t key)
{
	size_t slot = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> 32) & (map->slot_count - 1);

	while (map->slots[slot] && map->slots[slot]->key != key)
		slot = (slot + 1) & (map->slot_count - 1);
	return slot;
}

static int grow(struct id_map *map)
{
	struct id_map larger = {.slot_count = map->slot_count ? map->slot_count * 2 : 64,
		.page_count = map->page_count,
		.last = map->last};
	size_t i;

	larger.slots = calloc(larger.slot_count, sizeof(struct id_map_page *));
	if (!larger.slots)
		return -1;
	for (i = 0; i < map->slot_count; i++)
		if (map->slots[i])
			larger.slots[slot_of(&larger, map->slots[i]->key)] = map->slots[i];
	free(map->slots);
	*map = larger;
	return 0;
}

static struct id_map_page *find(struct id_map *map, int64_t key)
{
	struct id_map_page *page;

	if (map->last && map->last->key == key)
		return map->last;
	page = map->slot_count ? map->slots[slot_of(map, key)] : NULL;
	if (page)
		map->last = page;
	return page;
}

uint64_t *id_map_at(struct id_map *map, int64_t id)
{
	int64_t key = id >> 8;
	struct id_map_page *page = find(map, key);

	if (!page) {
		if (map->page_count >= PAGES_MAX ||
			(map->page_count * 2 >= map->slot_count && grow(map)) ||
			!(page = calloc(1, sizeof *page)))
			return NULL;
		page->key = key;
		map->slots[slot_of(map, key)] = page;
		map->page_count++;
		map->last = page;
	}
	return &page->values[id & (PAGE_IDS - 1)];
}

uint64_t id_map_get(struct id_map *map, int64_t id)
{
	struct id_map_page *page = find(map, id >> 8);

	return page ? page->values[id & (PAGE_IDS - 1)] : 0;
}
