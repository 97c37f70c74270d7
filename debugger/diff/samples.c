/* Durations, sampled: see samples.h. The same recording gives the same samples each time. */
#include "debugger/diff/samples.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void samples_deinit(struct samples *samples)
{
	free(samples->values);
	*samples = (struct samples){0};
}

/* Room for one more; false when there is to be none. */
static bool grow(struct samples *samples, size_t *room)
{
	uint32_t capacity = samples->capacity ? samples->capacity * 2 : 8;
	size_t bytes = (capacity - samples->capacity) * sizeof samples->values[0];
	float *values;

	if (samples->count < samples->capacity)
		return true;
	if (samples->capacity == SAMPLES_MAX || bytes > *room)
		return false;
	values = realloc(samples->values, capacity * sizeof *values);
	if (!values)
		return false;
	*room -= bytes;
	samples->values = values;
	samples->capacity = capacity;
	return true;
}

/* A number below `limit` that depends on the place in the row alone. */
static uint64_t pick(int64_t place, uint64_t limit)
{
	uint64_t number = (uint64_t)place * 0x9e3779b97f4a7c15u;

	number = (number ^ number >> 31) * 0xbf58476d1ce4e5b9u;
	return (number ^ number >> 29) % limit;
}

void samples_add(struct samples *samples, int64_t ns, size_t *room)
{
	uint64_t place;

	if (ns < 0)
		ns = 0;
	samples->seen++;
	samples->total_ns += (double)ns;
	if (ns > samples->longest_ns)
		samples->longest_ns = ns;
	/* Once one was passed over, each has its share in chance: no more room is taken then. */
	if (samples->seen == (int64_t)samples->count + 1 && grow(samples, room)) {
		samples->values[samples->count++] = (float)ns;
		return;
	}
	place = samples->count ? pick(samples->seen, (uint64_t)samples->seen) : 0;
	if (place < samples->count)
		samples->values[place] = (float)ns;
}

static int by_value(const void *one, const void *other)
{
	float a = *(const float *)one, b = *(const float *)other;

	return (a > b) - (a < b);
}

void samples_sort(struct samples *samples)
{
	if (samples->count)
		qsort(samples->values, samples->count, sizeof samples->values[0], by_value);
}

int64_t samples_percentile(const struct samples *samples, unsigned part)
{
	/* A float of 2^63 is no int64_t. */
	const double most = 9e18;
	double value;

	if (!samples->count)
		return 0;
	value = (double)samples->values[(samples->count - 1) * (uint64_t)part / 100];
	return (int64_t)(value < most ? value : most);
}

double samples_shift(const struct samples *a, const struct samples *b, double factor)
{
	double n = a->count, m = b->count, below = 0, deviation;
	uint32_t i, less = 0, not_more = 0;

	if (!a->count || !b->count)
		return 0;
	/* Pairs in which b's is the longer; equal ones count half. */
	for (i = 0; i < b->count; i++) {
		while (less < a->count && a->values[less] * factor < b->values[i])
			less++;
		while (not_more < a->count && a->values[not_more] * factor <= b->values[i])
			not_more++;
		below += (less + not_more) / 2.0;
	}
	deviation = sqrt(n * m * (n + m + 1) / 12);
	return (below - n * m / 2) / deviation;
}
