/*
 * A few of many durations, taken at random, so that their median and percentiles can be told and
 * two lots be compared, whatever their distribution is.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_SAMPLES_H
#define ACAUSAL_DEBUGGER_DIFF_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#define SAMPLES_MAX 128

/* Zero-initialised is empty and ready. */
struct samples {
	float *values; /* nanoseconds */
	uint32_t count, capacity;
	int64_t seen; /* of which `count` were kept */
	double total_ns;
	int64_t longest_ns;
};

void samples_deinit(struct samples *samples);

/*
 * Adds a duration. `*room` is how many bytes all samples together may still take: without it fewer
 * are kept.
 */
void samples_add(struct samples *samples, int64_t ns, size_t *room);

/* To be called before what follows, once all were added. */
void samples_sort(struct samples *samples);

/* `part` of 100 of them are shorter. 0 when there are none. */
int64_t samples_percentile(const struct samples *samples, unsigned part);

/*
 * How surely the durations of `b` are longer than those of `a`, in standard deviations of what
 * chance does (Mann and Whitney's test); negative: shorter. `a`'s are taken `factor` times first.
 */
double samples_shift(const struct samples *a, const struct samples *b, double factor);

#endif
