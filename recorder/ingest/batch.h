/*
 * Rows of one kind that wait to be written, and the order in which to write them: sorted by their
 * key (an int64_t at the beginning of each), because a table filled in order of its keys stays
 * dense and is quick to fill. Grows as needed; emptied, it keeps its memory. One thread.
 */
#ifndef ACAUSAL_INGEST_BATCH_H
#define ACAUSAL_INGEST_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch {
	unsigned char *rows;
	size_t stride, count, capacity;
	struct batch_order {
		int64_t key;
		uint32_t index;
	} * order;
	size_t order_capacity;
	bool is_unsorted;
};

void batch_init(struct batch *, size_t stride);
void batch_deinit(struct batch *);

/* Copies a row in. False when there is no memory. */
bool batch_add(struct batch *, const void *row);

/* Brings `order` up to date. False when there is no memory. */
bool batch_sort(struct batch *);

/* The n-th row in order of keys, after batch_sort. */
const void *batch_row(const struct batch *, size_t n);

void batch_clear(struct batch *);

#endif
