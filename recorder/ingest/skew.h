/*
 * How far the order of IDs and the order of times differ. An ID is given before the clock is read,
 * so that a thread preempted between the two has a later time than a larger ID has. Whoever
 * searches by time in a table ordered by ID needs the largest such difference.
 *
 * Measured over a ring of the IDs seen lately. One thread.
 */
#ifndef ACAUSAL_INGEST_SKEW_H
#define ACAUSAL_INGEST_SKEW_H

#include <stdint.h>

enum { SKEW_RING = 8192 };

struct skew {
	struct skew_entry {
		int64_t id, ns;
	} ring[SKEW_RING];
	int64_t largest_id, scanned_id;
	int64_t earliest_ns; /* of the upper half of the ring when it was scanned last */
};

/* One ID with its time. Raises `*max_ns` when it shows a larger difference. */
void skew_add(struct skew *, int64_t id, int64_t ns, int64_t *max_ns);

/* Compares what has been added; to be called when the ring has been filled by half, and at last. */
void skew_scan(struct skew *, int64_t *max_ns);

#endif
