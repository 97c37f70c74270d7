/* A segment: one piece of an async stack, the frames that stood in one run. */
#ifndef ACAUSAL_DEBUGGER_SEGMENT_H
#define ACAUSAL_DEBUGGER_SEGMENT_H

#include "debugger/lineage/context_values.h"
#include "debugger/lineage/execution.h"
#include "debugger/lineage/wait.h"

enum lineage_edge { EDGE_HERE, EDGE_LINK, EDGE_CAUSE, EDGE_TRIGGER };

/* What made a run fire, when that is not what armed it. */
struct firing {
	struct cause_row row;
	struct execution in; /* who did it */
	const struct frames *frames;
	/* Of sends or signals that the run answered, this the first; of uv_timer_again, this the
	 * last; or UNKNOWN. */
	int64_t count;
	const struct context_values *context; /* in force where it did; NULL: none */
	bool is_work; /* the work part of the same uv_work_t: no surprise, but where the time went
		       */
};

struct segment {
	enum lineage_edge edge;
	struct execution in;
	const struct frames *frames;

	int64_t ns;	 /* when the point was; when it was armed */
	int64_t wait_ns; /* from then to the run of the segment before */
	const char *api;
	int64_t of_run_id; /* the run that was armed; unknown for "here" */
	struct {	   /* what was armed: the resource of that run */
		int64_t async_id, timeout_ms, repeat_ms, times;
		const char *type, *class, *detail;
	} armed;
	bool has_firing; /* something else made it fire */
	struct firing firing;
	const struct wait *wait;	      /* where wait_ns went; NULL when that was not asked */
	const struct context_values *context; /* in force at its frames; NULL: none */

	/*
	 * After this segment the `folded_segments` that end with it came `folded_times` times more,
	 * of other runs, and are left out.
	 */
	int64_t folded_segments, folded_times;
};

#endif
