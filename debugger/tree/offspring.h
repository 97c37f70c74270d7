/*
 * The edges of a recording forwards: what a run made, armed and caused, and which runs came of
 * that.
 *
 * A recording has no index by the run that did something. But IDs of a process are in the order of
 * time to within meta.max_skew_ns, so that what a run did is found by bisection for the time that
 * it took. What is out of that order (strays.h) is gathered once. Where a recording has no index
 * yet, of runs by resource and of armings by ID, pairs of IDs are gathered instead: 16 bytes a run.
 *
 * One thread. What it reads is bounded by a budget of rows, and what was not read for it is told.
 */
#ifndef ACAUSAL_DEBUGGER_OFFSPRING_H
#define ACAUSAL_DEBUGGER_OFFSPRING_H

#include "debugger/recording/lookup.h"
#include "debugger/tree/sprout.h"

#include <stdbool.h>

struct offspring;

/* To be ended with offspring_destroy. `budget`: rows that may be read in all; UNKNOWN: any number.
 */
int offspring_create(
	struct offspring **ret, struct reader *recording, int64_t budget, struct error *err);
void offspring_destroy(struct offspring *offspring);

/* A run itself, and a resource; nothing is given when there is no row of it. */
int offspring_run_itself(struct offspring *offspring, const struct run_row *run, sprout_take take,
	void *state, struct error *err);
int offspring_resource_itself(struct offspring *offspring, int64_t async_id, sprout_take take,
	void *state, struct error *err);

/*
 * What a run made, armed and caused; and the runs of what it armed. `ended_ns` may be unknown. When
 * the budget did not reach, `*until_ns` is up to when the run was looked through, else UNKNOWN.
 */
int offspring_of_run(struct offspring *offspring, int64_t run_id, int64_t began_ns,
	int64_t ended_ns, sprout_take take, void *state, int64_t *until_ns, struct error *err);

/* All armings of a resource, by whomever, each with its runs; and runs that no arming is known of.
 */
int offspring_of_resource(struct offspring *offspring, const struct resource_row *resource,
	sprout_take take, void *state, struct error *err);

/*
 * The runs that a cause made happen, of which `first_run_id` is the first: those among the runs
 * soon after it.
 */
int offspring_of_cause(struct offspring *offspring, int64_t cause_id, int64_t first_run_id,
	sprout_take take, void *state, struct error *err);

/* Is there budget left? */
bool offspring_may_go_on(const struct offspring *offspring);

#endif
