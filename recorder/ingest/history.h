/*
 * What an arena in flight mode keeps beside its events, once the oldest of those were overwritten:
 * births and armings of what is alive, and the runs that it came of. history_known.c finds out what
 * the events that are left tell, history.c makes events of the ordinary kind of the rest,
 * history_fold.c knows chains that were folded. Nothing else includes it.
 *
 * IDs in here are the process's own. Memory grows with what is alive and with what its oldest
 * events say, and never with what an arena claims.
 */
#ifndef ACAUSAL_INGEST_HISTORY_H
#define ACAUSAL_INGEST_HISTORY_H

#include "recorder/ingest/ingest_internal.h"

/* What is known of an ID: bits in its map. */
enum history_known {
	HISTORY_BORN = 1,    /* told of: by an event, or by one that was made here */
	HISTORY_ENDED = 2,   /* its end is told */
	HISTORY_ALIVE = 4,   /* stands in a live record or a slot; of a run: open in a slot */
	HISTORY_LATE = 8,    /* something happened to it after the last gap of history */
	HISTORY_WANTED = 16, /* an ancestor is of it; of a run: is it */
	HISTORY_FOLDED = 32, /* of a run: behind it hops were left out */
	HISTORY_ASKED = 64,  /* what events tell of it is to be known */
};

struct history {
	uint64_t until; /* ticks: what came before may be missing; 0: nothing is */
	struct idmap runs, resources, armings, threads; /* enum history_known */
	struct history_ancestor {
		uint64_t run_id;
		uint32_t index; /* in the arena */
	} * ancestors;		/* sensible ones, by run_id */
	uint32_t count;
};

static inline uint32_t history_known(const struct idmap *map, uint64_t id)
{
	uint32_t known;

	return idmap_get(map, id, &known) ? known : 0;
}

/* Of an ID that is in no map nothing is noted but by this; nor where there is no more room. */
static inline void history_note(struct idmap *map, uint64_t id, uint32_t known)
{
	idmap_put(map, id, history_known(map, id) | known);
}

/* Fills the maps and finds the ancestors. -1 only when memory is short. */
int history_know(struct ingest_process *, struct history *, struct error *err);

/* Rows of table `fold` for the ancestors behind which runs were left out. */
int history_write_folds(struct ingest_process *, const struct history *, struct error *err);

#endif
