/*
 * Values that callbacks inherit, as a recording keeps them: see the table `context`. As lookup.h
 * otherwise; all look-ups are by key or index, but for what a run has set in a recording that has
 * no index: then a bounded number of rows is read, and what lies beyond is not found.
 *
 * A run begins with the context of its arming, or of its creation where that armed it. In a run,
 * from a row's set_ns on, the last row that was set in it is in force.
 */
#ifndef ACAUSAL_DEBUGGER_LOOKUP_CONTEXT_H
#define ACAUSAL_DEBUGGER_LOOKUP_CONTEXT_H

#include "debugger/recording/lookup.h"
#include "debugger/text/strbuf.h"

/* One setting of one key. Begins zeroed, may be used again, and ends with context_row_deinit. */
struct context_row {
	int64_t context_id, parent_context_id, async_id, run_id, set_ns, stack_id;
	struct strbuf key, value;
	bool is_set; /* else the key was taken away */
};

void context_row_deinit(struct context_row *);

/* Is there any context in the recording? 1, 0 or -1. */
int lookup_has_context(struct reader *, struct error *);

int lookup_context(struct reader *, int64_t context_id, struct context_row *ret, struct error *);

/* What was in force where a resource was made; 0 and UNKNOWN: nothing. */
int lookup_context_of_resource(struct reader *, int64_t async_id, int64_t *ret, struct error *);

/* What a run began with. */
int lookup_context_of_run(struct reader *, const struct run_row *run, int64_t *ret, struct error *);

/* What was in force in a run at a moment; UNKNOWN: at its end. */
int lookup_context_in_run(
	struct reader *, const struct run_row *run, int64_t at_ns, int64_t *ret, struct error *);

/* The same of a run by its ID. */
int lookup_context_at(struct reader *, int64_t run_id, int64_t at_ns, int64_t *ret, struct error *);

/* The last that was set in a run after a moment, which is not UNKNOWN. 0: nothing was. */
int lookup_context_set_after(
	struct reader *, const struct run_row *run, int64_t after_ns, int64_t *ret, struct error *);

#endif
