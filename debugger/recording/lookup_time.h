/*
 * Rows of a recording by time: where the time between two moments went. All are bisections that
 * read a bounded number of rows; what lies beyond is left unknown. As lookup.h otherwise.
 */
#ifndef ACAUSAL_DEBUGGER_LOOKUP_TIME_H
#define ACAUSAL_DEBUGGER_LOOKUP_TIME_H

#include "debugger/recording/lookup.h"

/* When a thread of the pool had a request. */
struct pool_row {
	int64_t thread_id, began_ns, ended_ns;
	bool is_estimated; /* began_ns is when that thread could first have had it */
};

/* Of a request that no work run tells about. */
int lookup_pool(struct reader *, int64_t async_id, struct pool_row *ret, struct error *);

/*
 * How long a loop waited in the kernel between two moments. 0 when no wait of it was recorded
 * there, and when there are too many to be read.
 */
int lookup_polled(struct reader *, int64_t loop_id, int64_t from_ns, int64_t to_ns,
	int64_t *polled_ns, struct error *);

struct held_row {
	int64_t run_id, callback_frame_id;
	int64_t held_ns; /* of the time asked for */
};

/* Those that held it longest, longest first, and what all of them come to. */
#define HELD_MAX 4
struct held_list {
	struct held_row rows[HELD_MAX];
	size_t count;
	int64_t runs, held_ns;
	bool is_cut; /* there were more than may be read */
};

/*
 * Which callback had run's thread longest between `from_ns` and the beginning of `run`: one on top
 * of the thread, or beside `run` in the same nested uv_run. `*budget` is the number of rows that
 * may be read, and is lessened by what was.
 */
int lookup_longest_before(struct reader *, const struct run_row *run, int64_t from_ns,
	int64_t *budget, struct held_row *ret, struct error *);

/* The same, but all of them. 0 when there are none. */
int lookup_held_before(struct reader *, const struct run_row *run, int64_t from_ns, int64_t *budget,
	struct held_list *ret, struct error *);

/* The last time that a loop came back from the kernel, at or before `ns`. */
struct poll_row {
	int64_t entered_ns, left_ns, thread_id, timeout_ms;
};
int lookup_poll_before(
	struct reader *, int64_t loop_id, int64_t ns, struct poll_row *ret, struct error *);

/*
 * How many causes were coalesced into one, up to the run that answered them at `until_ns`. 0 when
 * there are too many to be read.
 */
int lookup_coalesced(
	struct reader *, int64_t cause_id, int64_t until_ns, int64_t *count, struct error *);

#endif
