/*
 * Where the time went between what armed a run and the run: in the thread pool's queue, in the
 * pool, with the loop. Only what the recording proves; the rest is UNKNOWN.
 */
#ifndef ACAUSAL_DEBUGGER_WAIT_H
#define ACAUSAL_DEBUGGER_WAIT_H

#include "debugger/recording/frames.h"

#include <stdbool.h>
#include <stdint.h>

struct wait {
	/* From when the loop could have run it: a timer's time, the end of the pool's work, a send.
	 */
	int64_t due_ns, loop_ns; /* … and how long it then took */
	int64_t pool_queue_ns, pool_ns, pool_thread_id;
	bool is_estimated;   /* pool_queue_ns at least, pool_ns at most */
	int64_t pool_run_id; /* of uv_queue_work: its work run */
	const char *pool_callback;
	int64_t polled_ns; /* of a request without pool: the loop waited in the kernel so long */
	struct {
		int64_t run_id;	 /* the one callback that had the loop for most of that; or UNKNOWN
				  */
		int64_t held_ns; /* … so long */
		const struct frames *place; /* its function */
	} holder;
};

#endif
