/*
 * From ticks of a recorded process's clock to nanoseconds since the recording began.
 *
 * One map for the whole recording, continuous and rising: what came before stays before, whichever
 * process or pass it was read in. For the time stamp counter it is a chain of straight pieces
 * steered towards CLOCK_MONOTONIC by anchors that the ingester takes; each piece is fixed when it
 * begins, so that a time converted early and one converted late agree.
 */
#ifndef ACAUSAL_INGEST_TIMELINE_H
#define ACAUSAL_INGEST_TIMELINE_H

#include "recorder/wire/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { TIMELINE_PIECES = 1024 };

struct timeline {
	uint64_t zero_ns; /* CLOCK_MONOTONIC at time 0 */
	struct timeline_piece {
		uint64_t ticks;
		int64_t ns; /* CLOCK_MONOTONIC */
		double slope;
	} piece[TIMELINE_PIECES];
	unsigned count;
	uint64_t base_ticks, base_ns; /* an anchor of long ago: the slope is measured against it */
	uint64_t next_ticks, next_ns; /* what becomes the base after it */
};

/* Time 0 is now; takes the first anchor. `realtime_ns` is the wall clock of the moment. */
void timeline_init(struct timeline *, uint64_t *realtime_ns);

/* Takes an anchor on this machine. */
void timeline_anchor_now(struct timeline *);

/* Whether the counter's speed is known: from 0.2 ms after timeline_init, with an anchor taken. */
bool timeline_is_calibrated(const struct timeline *);

/* Two moments of a process that does not run here any more, or never did: they are the map. */
void timeline_set(
	struct timeline *, const struct arena_anchor *first, const struct arena_anchor *last);

/* Nanoseconds since the recording began. `clock` is enum arena_clock. */
int64_t timeline_ns(const struct timeline *, uint32_t clock, uint64_t ticks);

/* The same of this moment. */
int64_t timeline_now(const struct timeline *);

#endif
