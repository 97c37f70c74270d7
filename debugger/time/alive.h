/*
 * What was alive at a moment, and what it was at: armed, waiting in the thread pool's queue, being
 * called … Alive is what was created at the moment or before and not destroyed yet, in a process
 * that was there.
 */
#ifndef ACAUSAL_DEBUGGER_ALIVE_H
#define ACAUSAL_DEBUGGER_ALIVE_H

#include "debugger/recording/lookup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(TAG, name in JSON, words). What a resource was at. */
#define ALIVE_STATES(X)                                                                            \
	X(THERE, "alive", "there")                                                                 \
	X(IDLE, "idle", "not armed")                                                               \
	X(ARMED, "armed", "armed")                                                                 \
	X(CLOSING, "closing", "being closed")                                                      \
	X(RUNNING, "running", "in its callback")                                                   \
	X(QUEUED, "pool_queue", "in the pool's queue")                                             \
	X(POOL, "pool", "in the pool")                                                             \
	X(POOL_OR_QUEUE, "pool_or_queue", "in the pool or its queue")                              \
	X(DONE, "done", "done, waiting for the loop")                                              \
	X(KERNEL, "kernel_or_done", "with the kernel, or done")

#define X(tag, name, words) ALIVE_##tag,
enum alive_state { ALIVE_STATES(X) ALIVE_STATE_COUNT };
#undef X

const char *alive_state_name(enum alive_state state);
const char *alive_state_words(enum alive_state state);

/* Is it a request on its way, or a handle with a callback to come? */
bool alive_is_pending(enum alive_state state);

struct alive {
	int64_t async_id, created_ns, type_id, stack_id, thread_id;
	enum alive_state state;
	bool is_unreferenced; /* it did not keep its loop alive */
	/* Of the arming that stood: */
	int64_t armed_ns, timeout_ms, repeat_ms;
	int64_t due_ns; /* of a timer that does not repeat; else UNKNOWN */
	int64_t pool_thread_id;
};

typedef int alive_visitor(
	void *context, const struct alive *alive, const struct type_row *type, struct error *err);

/*
 * Visits what was alive at `at_ns` in one process, in no order. Memory grows with what was armed.
 * Of what cannot be told without an index of an unfinished recording, *vague becomes true.
 */
int alive_visit(struct reader *recording, int64_t process_id, int64_t at_ns, alive_visitor *visit,
	void *context, bool *vague, struct error *err);

#endif
