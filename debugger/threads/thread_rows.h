/*
 * The threads of a recording with what is to be told of each. At most THREAD_ROWS_MAX are read; how
 * many there are is counted.
 */
#ifndef ACAUSAL_DEBUGGER_THREAD_ROWS_H
#define ACAUSAL_DEBUGGER_THREAD_ROWS_H

#include "debugger/recording/lookup.h"

#define THREAD_ROWS_MAX 20000

/* X(TAG, word in JSON). In the order in which they are worth seeing. */
#define THREAD_STATES(X)                                                                           \
	X(CRASHED, "crashed")                                                                      \
	X(RUNNING, "running") /* a callback, when its process was killed or crashed */             \
	X(OUTSIDE, "outside") /* of any callback, when … */                                      \
	X(STAYED, "stayed")   /* to the end of its process or of the recording */                  \
	X(ENDED, "ended")

#define X(tag, word) THREAD_##tag,
enum thread_state { THREAD_STATES(X) THREAD_STATE_COUNT };
#undef X

struct thread_rows_row {
	struct thread_row thread;
	enum thread_state state;
	int64_t crash_id;     /* UNKNOWN: it did not crash */
	int64_t left_poll_ns; /* when its loop was last back from the kernel; UNKNOWN: never */
	int64_t runs;	      /* of callbacks on it */
	double busy_ns;	      /* in these */
};

struct thread_rows {
	struct thread_rows_row *rows; /* by process, and in that by number */
	size_t count;
	int64_t all;	 /* how many there are */
	bool is_counted; /* `runs` and `busy_ns` are known */
};

/*
 * Reads those of one process, or all when it is UNKNOWN. `count_runs`: however long that takes;
 * else only where it takes no time. To be ended with thread_rows_deinit in any case.
 */
int thread_rows_init(struct thread_rows *ret, struct reader *recording, int64_t process_id,
	bool count_runs, struct error *err);
void thread_rows_deinit(struct thread_rows *rows);

/* How long a thread lived, of what is known; UNKNOWN. `process` is its own. */
int64_t thread_rows_life(const struct thread_rows_row *row, const struct process_row *process);

#endif
