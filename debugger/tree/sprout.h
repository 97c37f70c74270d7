/* What came of a run or of a resource: one thing, as a recording's row tells it. */
#ifndef ACAUSAL_DEBUGGER_SPROUT_H
#define ACAUSAL_DEBUGGER_SPROUT_H

#include "recorder/base/error.h"

#include <stdint.h>

enum sprout_kind {
	SPROUT_RESOURCE, /* was made */
	SPROUT_ARMING,	 /* a callback of a resource was armed */
	SPROUT_RUN,	 /* a callback ran */
	SPROUT_CAUSE	 /* something made a callback fire that was armed elsewhere */
};

/* What is not known is UNKNOWN. */
struct sprout {
	enum sprout_kind kind;
	int64_t id;	   /* async, arming, run or cause ID */
	int64_t async_id;  /* what was made, armed, ran, was sent to */
	int64_t parent_id; /* what it came of: a run; of a run also its arming or resource; or
			      UNKNOWN */
	int64_t origin_id; /* where it was made, armed or caused; of a run: unknown */
	int64_t entry_id;  /* of a run: what ran */
	int64_t type_id;   /* of a resource whose origin does not tell */
	int64_t ns;	   /* when; of a run: when it began */
	int64_t wait_ns;   /* of a run: since it was armed, where that is its only one */
	int64_t duration_ns;
	int64_t status;		       /* of a run */
	int64_t cause_id;	       /* of a run */
	int64_t run_id;		       /* of a cause: the first run that it made happen */
	int64_t timeout_ms, repeat_ms; /* of an arming */
	int64_t end_code; /* of an arming: how it ended, as stored; of a cause 1: one before it
			     counts */
};

/* Gets them one by one: a run right after the arming or the resource that it is of. Returns 0 to go
 * on, 1 for no more, -1 after an error. */
typedef int (*sprout_take)(void *state, const struct sprout *sprout, struct error *err);

#endif
