/* Sums by type and stack: see totals.h. */
#include "recorder/ingest/totals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOTALS_MAX = 1 << 20 };

void totals_init(struct totals *totals)
{
	memset(totals, 0, sizeof *totals);
	intern_init(&totals->keys, TOTALS_MAX);
}

void totals_deinit(struct totals *totals)
{
	intern_deinit(&totals->keys);
	free(totals->sums);
	memset(totals, 0, sizeof *totals);
}

uint32_t totals_number(struct totals *totals, uint32_t type_id, uint32_t stack_id)
{
	bool is_new;
	uint32_t number = intern_number(&totals->keys,
		(struct intern_key){{(uint64_t)type_id << 32 | stack_id, 0, 0}}, &is_new);

	if (number > totals->capacity) {
		uint32_t capacity = totals->capacity ? totals->capacity : 64;
		struct total *sums;

		while (capacity < number)
			capacity *= 2;
		sums = realloc(totals->sums, capacity * sizeof *sums);
		if (!sums)
			return 0;
		memset(sums + totals->capacity, 0, (capacity - totals->capacity) * sizeof *sums);
		totals->sums = sums;
		totals->capacity = capacity;
	}
	return number;
}

void totals_created(struct totals *totals, uint32_t number, int64_t count)
{
	if (number)
		totals->sums[number - 1].created += count;
}

void totals_destroyed(struct totals *totals, uint32_t number)
{
	if (number)
		totals->sums[number - 1].destroyed++;
}

/* Sums of times that may have been made up: they stop instead of running over. */
static void add_time(int64_t *sum, int64_t *max, int64_t ns)
{
	if (__builtin_add_overflow(*sum, ns, sum))
		*sum = INT64_MAX;
	if (ns > *max)
		*max = ns;
}

void totals_waited(struct totals *totals, uint32_t number, int64_t ns)
{
	if (number && ns >= 0)
		add_time(&totals->sums[number - 1].wait_ns, &totals->sums[number - 1].wait_max_ns,
			ns);
}

void totals_ran(struct totals *totals, uint32_t number, int64_t ns)
{
	struct total *sum;
	int n;

	if (!number)
		return;
	sum = &totals->sums[number - 1];
	sum->runs++;
	if (ns < 0)
		return;
	add_time(&sum->run_ns, &sum->run_max_ns, ns);
	n = ns ? 63 - __builtin_clzll((uint64_t)ns) : 0;
	sum->bucket[n < TOTALS_BUCKETS ? n : TOTALS_BUCKETS - 1]++;
}

void totals_buckets(const struct total *sum, char *text, unsigned size)
{
	unsigned at = 0;
	int count = TOTALS_BUCKETS;

	while (count && !sum->bucket[count - 1])
		count--;
	at += (unsigned)snprintf(text, size, "[");
	for (int i = 0; i < count && at < size; i++)
		at += (unsigned)snprintf(
			text + at, size - at, "%s%u", i ? "," : "", sum->bucket[i]);
	if (at < size)
		snprintf(text + at, size - at, "]");
}
