/* A set of IDs: see id_set.h. Bounded, whatever IDs a recording claims. */
#include "debugger/sql/id_set.h"

#include <stdlib.h>

#define PAGE_BITS 11 /* of an ID, that say where it is in its page */
#define WORDS	  (1 << (PAGE_BITS - 6))
#define PAGES_MAX (((size_t)256 << 20) / sizeof(struct id_set_page))

struct id_set_page {
	int64_t key; /* ID >> PAGE_BITS */
	uint64_t words[WORDS];
};

void id_set_deinit(struct id_set *set)
{
	size_t i;

	for (i = 0; i < set->slot_count; i++)
		free(set->slots[i]);
	free(set->slots);
	*set = (struct id_set){0};
}

static size_t slot_of(const struct id_set *set, int64_t key)
{
	size_t slot = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> 32) & (set->slot_count - 1);

	while (set->slots[slot] && set->slots[slot]->key != key)
		slot = (slot + 1) & (set->slot_count - 1);
	return slot;
}

static int grow(struct id_set *set)
{
	struct id_set larger = {.slot_count = set->slot_count ? set->slot_count * 2 : 64,
		.page_count = set->page_count,
		.last = set->last};
	size_t i;

	larger.slots = calloc(larger.slot_count, sizeof(struct id_set_page *));
	if (!larger.slots)
		return -1;
	for (i = 0; i < set->slot_count; i++)
		if (set->slots[i])
			larger.slots[slot_of(&larger, set->slots[i]->key)] = set->slots[i];
	free(set->slots);
	*set = larger;
	return 0;
}

static struct id_set_page *find(struct id_set *set, int64_t key)
{
	struct id_set_page *page;

	if (set->last && set->last->key == key)
		return set->last;
	page = set->slot_count ? set->slots[slot_of(set, key)] : NULL;
	if (page)
		set->last = page;
	return page;
}

static struct id_set_page *find_or_make(struct id_set *set, int64_t key)
{
	struct id_set_page *page = find(set, key);

	if (page)
		return page;
	if (set->page_count >= PAGES_MAX || (set->page_count * 2 >= set->slot_count && grow(set)) ||
		!(page = calloc(1, sizeof *page)))
		return NULL;
	page->key = key;
	set->slots[slot_of(set, key)] = page;
	set->page_count++;
	set->last = page;
	return page;
}

int id_set_add(struct id_set *set, int64_t id)
{
	struct id_set_page *page = find_or_make(set, id >> PAGE_BITS);
	uint64_t bit = UINT64_C(1) << (id & 63), *word;

	if (!page)
		return -1;
	word = &page->words[(uint64_t)id >> 6 & (WORDS - 1)];
	if (*word & bit)
		return 0;
	*word |= bit;
	return 1;
}

bool id_set_has(struct id_set *set, int64_t id)
{
	const struct id_set_page *page = find(set, id >> PAGE_BITS);

	return page && page->words[(uint64_t)id >> 6 & (WORDS - 1)] >> (id & 63) & 1;
}
