/*
 * Rows of a recording that lasted over a moment: what was alive, armed or running then.
 *
 * A row lasts from its begin to before its end; one without an end lasts for ever. Those that
 * lasted 2^28 ns (268 ms) or longer are found by the indexes …_by_span of schema/indexes.sql, which
 * sort them by the magnitude of that time: of each magnitude only what began so long ago at most is
 * read. All others began shortly before the moment, and are found by bisection of the IDs, whose
 * order is that of time to within meta.max_skew_ns. A recording without these indexes is scanned up
 * to the moment, with the same result.
 */
#ifndef ACAUSAL_DEBUGGER_SPAN_H
#define ACAUSAL_DEBUGGER_SPAN_H

#include "debugger/recording/reader.h"

#include <stdint.h>

enum span_table {
	SPAN_RESOURCE,
	SPAN_REQUEST,
	SPAN_RUN,
	SPAN_SHOT,
	SPAN_ARMING,
	SPAN_REQUEST_RUN, /* the runs of requests by run ID, only for span_first_after */
	SPAN_CAUSE,	  /* causes, likewise */
	SPAN_TABLES
};

/*
 * The columns of the rows that a visitor gets.
 *   resource: async_id, created_ns, lifetime_ns, type_id, stack_id, has_ref, thread_id
 *   request:  async_id, created_ns, wait_ns, duration_ns, type_id, stack_id, run_id, cause_id,
 *             thread_id of its run, part, thread_id
 *   run:      run_id, async_id, began_ns, duration_ns, thread_id, part
 *   shot:     run_id, async_id, armed_ns, wait_ns, duration_ns, thread_id, part, timeout_ms
 *   arming:   arming_id, async_id, armed_ns, stood_ns, timeout_ms, repeat_ms, 1 if of uv_close
 * Of a shot both are told: that its arming stood then, and that its run was going on.
 *
 * Returns 0 to go on, -1 with an error to end.
 */
typedef int span_visitor(void *context, sqlite3_stmt *row, struct error *err);

/*
 * Visits the rows of one process that lasted over `at_ns`, in no order, each once. Statements of
 * any length are run: the caller sets the budget, and an interruption is an error.
 */
int span_visit(struct reader *recording, enum span_table table, int64_t process_id, int64_t at_ns,
	span_visitor *visit, void *context, struct error *err);

/* By how much, at most, IDs are taken to be out of step with times. */
int64_t span_skew(struct reader *recording);

/*
 * The first key of a table in [low, high] whose row began after `ns`, high + 1 when there is none.
 * What stands before it began span_skew later than `ns` at the latest. Rows without a begin are as
 * if they were not there. For SPAN_REQUEST_RUN the recording must be indexed (reader_is_indexed).
 */
int span_first_after(struct reader *recording, enum span_table table, int64_t low, int64_t high,
	int64_t ns, int64_t *ret, struct error *err);

#endif
