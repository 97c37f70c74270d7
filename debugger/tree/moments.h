/*
 * Where in a table stands what was done between two moments: by bisection, since the IDs of a
 * process are in the order of time but for a slack and for strays.
 */
#ifndef ACAUSAL_DEBUGGER_MOMENTS_H
#define ACAUSAL_DEBUGGER_MOMENTS_H

#include "debugger/tree/strays.h"

#include <stdint.h>

/* The IDs that a process has in a table: from `base` up to but without `end`. */
struct moments_range {
	int64_t base, end;
	enum stray_table table;
	bool is_known;
};

/* Ready when `recording`, `strays` and `slack_ns` are set and the rest is zero. */
struct moments {
	struct reader *recording;    /* borrowed */
	const struct strays *strays; /* borrowed: their times are not heeded */
	int64_t slack_ns;	     /* by which the others' may be out of order */
	int64_t looked_up;	     /* rows, so far */
	sqlite3_stmt *probes[STRAY_TABLES];
	int64_t near[STRAY_TABLES]; /* where the last bisection ended */
	struct moments_range ranges[STRAY_TABLES];
};

void moments_deinit(struct moments *moments);

/*
 * The IDs of what a process did from `began_ns` to `ended_ns` (either may be unknown): from *low up
 * to but without *high. Others may stand among them.
 */
int moments_find(struct moments *moments, int64_t process_id, enum stray_table table,
	int64_t began_ns, int64_t ended_ns, int64_t *low, int64_t *high, struct error *err);

/* When the row with an ID or the next one was; unknown when there is none. */
int moments_at(struct moments *moments, enum stray_table table, int64_t id, int64_t *ret,
	struct error *err);

#endif
