/*
 * A table of address ranges, each with a number, that is filled, sorted once, and then asked which
 * range holds an address. Ranges may nest and overlap.
 */
#ifndef ACAUSAL_SYMBOLS_RANGES_H
#define ACAUSAL_SYMBOLS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end; /* `end` is outside */
	uint64_t furthest;   /* the greatest end of this range and of all before it */
	uint32_t value;	     /* the caller's */
	uint32_t rank;	     /* of equal ranges, the one of the highest rank is found */
};

struct ranges {
	struct range *items;
	size_t count, room;
};

/* False when memory is short. Empty ranges are left out. */
bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value, uint32_t rank);

/* To be called after the last ranges_add and before the first ranges_find. */
void ranges_sort(struct ranges *ranges);

/* The range that begins last among those that hold `address`, the shortest of equal ones; or NULL.
 */
const struct range *ranges_find(const struct ranges *ranges, uint64_t address);

void ranges_deinit(struct ranges *ranges);

#endif
