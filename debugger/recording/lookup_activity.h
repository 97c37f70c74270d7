/*
 * What went on in a recording around a run: what it did, what ran inside of it, who had the threads
 * of the pool meanwhile. As lookup.h otherwise; all find their place by bisection, read a bounded
 * number of rows and say when that was not all.
 */
#ifndef ACAUSAL_DEBUGGER_LOOKUP_ACTIVITY_H
#define ACAUSAL_DEBUGGER_LOOKUP_ACTIVITY_H

#include "debugger/recording/lookup_time.h"

/* What a run did, of one sort. */
#define DEEDS_SHOWN 4
struct deeds {
	int64_t count;
	int64_t ids[DEEDS_SHOWN]; /* the first ones: resources, armings, causes or lines */
	bool is_cut;		  /* there may be more */
	bool is_unknown;	  /* it was not looked for: no index */
};

/* Resources that were made, armed and closed, causes (sends, cancels …), lines written. */
struct activity {
	struct deeds made, armed, closed, caused, logged;
};

/* -1 an error, else 0. */
int lookup_activity(
	struct reader *, const struct run_row *run, struct activity *ret, struct error *);

/* Runs that began inside of a run: in a nested uv_run, or in a call. */
int lookup_nested(struct reader *, const struct run_row *run, struct deeds *ret, struct error *);

/* A request that had a thread of the pool for some of the time between two moments. */
struct pool_use {
	int64_t async_id, thread_id, run_id; /* `run_id` of uv_queue_work; else UNKNOWN */
	int64_t had_ns;			     /* of that time */
	bool is_estimated;		     /* at most so long */
};

#define POOL_USES 256
struct pool_uses {
	struct pool_use rows[POOL_USES]; /* longest first */
	size_t count;
	bool is_cut;
};

/*
 * Who had the pool of `request`'s process between two moments; not `request` itself. `run_id` is
 * that of its callback, which ran later.
 */
int lookup_pool_uses(struct reader *, int64_t async_id, int64_t run_id, int64_t from_ns,
	int64_t to_ns, struct pool_uses *ret, struct error *);

#endif
