/*
 * The runs that are open on a thread: its execution context.
 *
 * Every function here concerns the calling thread, and may be called in a signal handler.
 */
#ifndef ACAUSAL_RUNTIME_RUN_H
#define ACAUSAL_RUNTIME_RUN_H

#include "recorder/runtime/aside.h"
#include "recorder/runtime/thread_state.h"

/* A callback is about to be called from the frame at `entry`. */
struct run_begin {
	uint64_t async_id, arming_id, cause_id;
	const void *callback;
	uint32_t live;
	enum acausal_part part;
	bool is_request;
	bool is_late;  /* of a handle that is being closed: what its last arming carried is gone */
	bool is_quiet; /* written only if something refers to it (alloc callbacks) */
};

/* What became of it. */
struct run_result {
	int64_t status, bytes; /* EVENT_NO_STATUS: none */
};

/*
 * Opens a run. Returns its depth for run_end. Of runs nested more than THREAD_RUNS deep nothing is
 * written, and what is made inside them has no known context.
 */
int run_begin(struct thread *thread, const struct run_begin *begin, uintptr_t entry);

/*
 * Whether the run that run_begin opened at `depth` for the frame at `entry` is open still. Somebody
 * outside may have dropped it: then another one may be open at its depth, where callbacks
 * interleave on several stacks.
 */
static inline bool run_is_open(const struct thread *thread, int depth, uintptr_t entry)
{
	return thread->depth > depth &&
	       (depth >= THREAD_RUNS || thread->runs[depth].entry == entry);
}

/*
 * Closes the run that run_begin opened at `depth` for the frame at `entry`, and as abandoned all
 * that are still open above it. Does nothing when that run is open no more.
 */
void run_end(struct thread *thread, int depth, uintptr_t entry, const struct run_result *result);

/* The uv_run that the run at the top has called; NULL: nested too deeply to know. */
static inline struct run_nesting *run_nesting(struct thread *thread)
{
	if (thread->depth == 0)
		return &thread->root_nesting;
	if (unlikely(thread->depth > THREAD_RUNS))
		return NULL;
	return &thread->runs[thread->depth - 1].nesting;
}

/* Closes, as abandoned, all runs above `depth`. */
void run_drop_above(struct thread *thread, int depth);

/*
 * Closes the runs that the frame at `sp`, on the thread's own stack, is outside of; not when that
 * is a coroutine's frame, whose stack lies within one of the thread's own.
 */
void run_drop_left(struct thread *thread, uintptr_t sp);

/* Notices what was left by longjmp or an exception, seen from a frame at `sp`. */
static inline void run_settle(struct thread *thread, uintptr_t sp)
{
	const struct run_nesting *nesting = run_nesting(thread);
	bool inside = thread->depth == 0 || thread->depth > THREAD_RUNS ||
		      sp <= thread->runs[thread->depth - 1].entry;

	if (unlikely(!inside || (nesting && nesting->frame && sp > nesting->frame) ||
		     (thread->aside_count && aside_is_left(thread, sp))) &&
		thread_owns(thread, sp))
		run_drop_left(thread, sp);
}

/* Gives a quiet run its ID and its beginning, as something refers to it for the first time. */
void run_open(struct thread_run *run);

/*
 * The run at the top of the thread, which is being referred to. 0: not known, for it is nested too
 * deeply, or the stack captured last is that of a callback which is not at the top (coroutines).
 */
static inline uint64_t run_current(struct thread *thread)
{
	struct thread_run *run;

	if (unlikely(thread->is_astray))
		return 0;
	if (thread->depth == 0)
		return thread->root_run_id;
	if (unlikely(thread->depth > THREAD_RUNS))
		return 0;
	run = &thread->runs[thread->depth - 1];
	if (unlikely(!run->is_open))
		run_open(run);
	return run->shared->run_id;
}

/*
 * The run that makes or arms something now. 0: not known. Inside uv_run with no callback open, that
 * is somebody's whose callback has no trampoline (made before recording began, or when there was no
 * room); to name the run around the uv_run would be wrong. A signal handler may well send or write
 * there, but neither make nor arm: for what it does, run_current is right.
 */
static inline uint64_t run_context(struct thread *thread)
{
	const struct run_nesting *nesting = run_nesting(thread);

	return unlikely(!nesting || nesting->frame) ? 0 : run_current(thread);
}

/* The resource of that run. */
static inline uint64_t run_context_resource(struct thread *thread)
{
	const struct run_nesting *nesting = run_nesting(thread);

	if (unlikely(!nesting || nesting->frame || thread->is_astray))
		return 0;
	return thread->depth ? thread->runs[thread->depth - 1].shared->async_id : thread->async_id;
}

/*
 * The node of the caller's stack, down to where the current run was entered. Where the stack shows
 * that this run has been left, it is closed: ask for the run after the stack, not before.
 */
uint32_t run_capture(struct thread *thread, const struct unwind_start *start);

#endif
