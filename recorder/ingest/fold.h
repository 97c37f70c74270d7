/*
 * Repeats along link edges, found as runs arrive, so that a chain of ten million re-armings is
 * traced in a step or two.
 *
 * A hop leads from a run to the run that armed it. Two hops are equal when they were armed from the
 * same origin, entered the same callback, and both or neither had a cause of their own. Of the runs
 * met lately the last eight hops behind them are remembered; a sequence of hops that repeats with a
 * period of up to eight is a streak. A shortcut always leads to where its streak began.
 *
 * Forgetting a run only shortens streaks: what is reported is always true. Bounded memory, taken
 * once. One thread.
 */
#ifndef ACAUSAL_INGEST_FOLD_H
#define ACAUSAL_INGEST_FOLD_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FOLD_PERIOD_MAX = 8,
	FOLD_REPEATS = 64, /* between two shortcuts of a streak */
};

struct fold;

/* Going back from run_id, `period` hops repeat `times` times and lead to to_run_id. */
struct fold_shortcut {
	int64_t run_id, to_run_id;
	int64_t times;
	int period;
};

struct fold_hop {
	int64_t run_id, link_run_id;
	uint32_t origin_id, entry_id;
	bool has_cause;
};

struct fold *fold_create(void); /* NULL when there is no memory */
void fold_destroy(struct fold *);

/* A run with its link. True when a shortcut from it should be written down. */
bool fold_add(struct fold *, const struct fold_hop *, struct fold_shortcut *ret);

#endif
