/* Rows that wait, in order of their keys: see batch.h. */
#include "recorder/ingest/batch.h"

#include <stdlib.h>
#include <string.h>

void batch_init(struct batch *batch, size_t stride)
{
	*batch = (struct batch){.stride = stride};
}

void batch_deinit(struct batch *batch)
{
	free(batch->rows);
	free(batch->order);
	*batch = (struct batch){0};
}

static int64_t key_at(const struct batch *batch, size_t i)
{
	int64_t key;

	memcpy(&key, batch->rows + i * batch->stride, sizeof key);
	return key;
}

bool batch_add(struct batch *batch, const void *row)
{
	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? 2 * batch->capacity : 256;
		unsigned char *rows = realloc(batch->rows, capacity * batch->stride);

		if (!rows)
			return false;
		batch->rows = rows;
		batch->capacity = capacity;
	}
	memcpy(batch->rows + batch->count * batch->stride, row, batch->stride);
	if (batch->count && key_at(batch, batch->count) < key_at(batch, batch->count - 1))
		batch->is_unsorted = true;
	batch->count++;
	return true;
}

/* Equal keys stay in the order in which they came. */
static int by_key(const void *a, const void *b)
{
	const struct batch_order *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

bool batch_sort(struct batch *batch)
{
	if (!batch->is_unsorted)
		return true;
	if (batch->order_capacity < batch->count) {
		struct batch_order *order =
			realloc(batch->order, batch->capacity * sizeof *batch->order);

		if (!order)
			return false;
		batch->order = order;
		batch->order_capacity = batch->capacity;
	}
	for (size_t i = 0; i < batch->count; i++)
		batch->order[i] = (struct batch_order){key_at(batch, i), (uint32_t)i};
	qsort(batch->order, batch->count, sizeof *batch->order, by_key);
	return true;
}

const void *batch_row(const struct batch *batch, size_t n)
{
	return batch->rows + (batch->is_unsorted ? batch->order[n].index : n) * batch->stride;
}

void batch_clear(struct batch *batch)
{
	batch->count = 0;
	batch->is_unsorted = false;
}
