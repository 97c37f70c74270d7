/* What each thread was doing at a moment: which runs it was in, or whether it waited for the
 * kernel. */
#ifndef ACAUSAL_DEBUGGER_THREADS_THEN_H
#define ACAUSAL_DEBUGGER_THREADS_THEN_H

#include "debugger/recording/lookup.h"
#include "debugger/time/nest.h"
#include "debugger/time/present.h"

/* X(TAG, name in JSON) */
#define THREAD_ACTIVITIES(X)                                                                       \
	X(OUTSIDE, "outside") /* in no callback, and not waiting, as far as is known */            \
	X(RUNNING, "running")                                                                      \
	X(POLLING, "polling")		/* its loop waited in the kernel */                        \
	X(POOL, "pool")			/* it had a request of the pool */                         \
	X(POOL_OR_IDLE, "pool_or_idle") /* … or not yet: from when is not known */               \
	X(IDLE, "idle")			/* a thread of the pool without work */

#define X(tag, name) ACTIVITY_##tag,
enum thread_activity { THREAD_ACTIVITIES(X) ACTIVITY_COUNT };
#undef X

const char *thread_activity_name(enum thread_activity activity);

struct thread_then {
	struct thread_row thread;
	enum thread_activity activity;
	const struct nest_run *runs; /* innermost first, without the root run; of the set's nest */
	size_t run_count;
	int64_t since_ns;     /* of the activity; UNKNOWN: not known */
	int64_t after_run_id; /* the run that ended then; UNKNOWN: none, or not known */
	struct {
		int64_t loop_id, entered_ns, left_ns, timeout_ms;
	} poll; /* loop_id UNKNOWN: none */
	struct {
		int64_t async_id, began_ns, ended_ns;
		bool is_estimated;
	} pool; /* async_id UNKNOWN: none */
};

struct threads_then {
	int64_t at_ns;
	struct present processes;
	struct thread_then *threads; /* by ID */
	size_t count, capacity;
	struct nest *nests; /* one a process, that `runs` point into */
};

/*
 * Of all processes that were there, or of one (UNKNOWN: all). To be ended with threads_then_deinit,
 * also after an error.
 */
int threads_then_find(struct threads_then *then, struct reader *recording, int64_t process_id,
	int64_t at_ns, struct error *err);
void threads_then_deinit(struct threads_then *then);

#endif
