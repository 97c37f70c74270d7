/* Runs by another ID: see pairs.h. Promises bounded memory. */
#include "debugger/tree/pairs.h"

#include "debugger/recording/lookup.h"

#include <stdlib.h>

#define PAIRS_MAX 12000000 /* 192 MB */

void pairs_deinit(struct pairs *pairs)
{
	free(pairs->rows);
	*pairs = (struct pairs){0};
}

static int add(struct pairs *pairs, int64_t key, int64_t run_id, struct error *err)
{
	if (pairs->count == PAIRS_MAX)
		return error_set(err, "the recording has no index yet, and is too large for"
				      " this without one: wait until it is finished");
	if (pairs->count == pairs->capacity) {
		size_t capacity = pairs->capacity ? pairs->capacity * 2 : 1024;
		struct pair *rows = realloc(pairs->rows, capacity * sizeof *rows);

		if (!rows)
			return error_set(err, "out of memory");
		pairs->rows = rows;
		pairs->capacity = capacity;
	}
	pairs->rows[pairs->count++] = (struct pair){key, run_id};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->run_id < y->run_id ? -1 : x->run_id > y->run_id;
}

int pairs_init(struct pairs *pairs, struct reader *recording, const char *sql, struct error *err)
{
	sqlite3_stmt *row;
	int found = 0, result = 0;

	*pairs = (struct pairs){0};
	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	while (!result && (found = reader_step(recording, row, err)) == 1)
		if (lookup_column(row, 0) != UNKNOWN && lookup_column(row, 1) != UNKNOWN)
			result = add(pairs, lookup_column(row, 0), lookup_column(row, 1), err);
	sqlite3_finalize(row);
	if (result || found < 0)
		return -1;
	if (pairs->count)
		qsort(pairs->rows, pairs->count, sizeof pairs->rows[0], compare);
	return 0;
}

size_t pairs_first(const struct pairs *pairs, int64_t key, int64_t after)
{
	size_t low = 0, high = pairs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pair *row = &pairs->rows[middle];

		if (row->key < key || (row->key == key && row->run_id <= after))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
