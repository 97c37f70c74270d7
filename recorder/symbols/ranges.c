/*
 * Which range holds an address: a sorted array and a bisection. `furthest` tells how far back a
 * longer range may still reach over the address, so that nested ranges cost little; the way back
 * is capped all the same, because the ranges may come from a damaged file.
 */
#include "recorder/symbols/ranges.h"

#include <stdlib.h>

enum { WAY_BACK = 4096 };

bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value, uint32_t rank)
{
	if (start >= end)
		return true;
	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? ranges->room * 2 : 64;
		struct range *items = reallocarray(ranges->items, room, sizeof *items);

		if (!items)
			return false;
		ranges->items = items;
		ranges->room = room;
	}
	ranges->items[ranges->count++] =
		(struct range){.start = start, .end = end, .value = value, .rank = rank};
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	/* The first of those that are equal in all shall be found, whatever qsort does. */
	return a->value > b->value ? -1 : a->value < b->value;
}

void ranges_sort(struct ranges *ranges)
{
	uint64_t furthest = 0;

	if (!ranges->count)
		return;
	qsort(ranges->items, ranges->count, sizeof *ranges->items, compare);
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->items[i].end > furthest)
			furthest = ranges->items[i].end;
		ranges->items[i].furthest = furthest;
	}
}

const struct range *ranges_find(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i > 0 && low - i < WAY_BACK; i--) {
		const struct range *range = &ranges->items[i - 1];

		if (range->end > address)
			return range;
		if (range->furthest <= address)
			break;
	}
	return NULL;
}

void ranges_deinit(struct ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct ranges){0};
}
