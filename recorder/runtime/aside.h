/*
 * Functions of the program that were called with other values in force (acausal_storage_run,
 * acausal_state_run), until they return: then what was in force before is again.
 *
 * It is also when they were left by longjmp or an exception, which is noticed as it is of runs
 * (run.h). When the run in which they were called is over, nothing is brought back: a coroutine may
 * return in another one.
 *
 * Every function here concerns the calling thread.
 */
#ifndef ACAUSAL_RUNTIME_ASIDE_H
#define ACAUSAL_RUNTIME_ASIDE_H

#include "recorder/runtime/carried.h"

/*
 * The function whose frame is `frame` and that returns to `returns_to` is about to put something
 * else in force. Returns its number for aside_end; 0: too many are nested.
 */
uint64_t aside_begin(struct thread *thread, uintptr_t frame, uintptr_t returns_to);

/* How many there are up to that one, counted from outside; 0: it is over. */
int aside_find(const struct thread *thread, uint64_t number);

/*
 * Ends all but the `count` outermost, and returns what was in force before the outermost of these,
 * with a reference. There must be more.
 */
struct carried *aside_take(struct thread *thread, int count);

/* Those in runs above `depth` are over. Puts what was in force there. */
void aside_drop_above(struct thread *thread, int depth);

/*
 * The thread that `former` was in the parent, in so many open runs, goes on as `thread` in the
 * child of a fork, where these are none: they become functions that were called with other values.
 */
void aside_inherit(struct thread *thread, struct thread *former, int runs);

/* The innermost one in the run at the top; NULL: there is none. */
static inline const struct thread_aside *aside_top(const struct thread *thread)
{
	const struct thread_aside *top;

	if (!thread->aside_count)
		return NULL;
	top = &thread->asides[thread->aside_count - 1];
	return top->depth == thread->depth ? top : NULL;
}

/* Whether the run at the top is in one that it called from below `frame`. */
static inline bool aside_is_within(const struct thread *thread, uintptr_t frame)
{
	const struct thread_aside *top = aside_top(thread);

	return top && top->frame < frame;
}

/*
 * Whether a function of ours was left, as seen from a frame at `sp` that it was to return to, or
 * that was to return to it: it had the frame at `frame` and returns to `returns_to` (0: not known).
 * False where that cannot be seen, on the stacks of coroutines.
 */
bool frame_is_left(
	const struct thread *thread, uintptr_t frame, uintptr_t returns_to, uintptr_t sp);

/* The same of the innermost one. */
static inline bool aside_is_left(const struct thread *thread, uintptr_t sp)
{
	const struct thread_aside *top = aside_top(thread);

	return top && frame_is_left(thread, top->frame, top->returns_to, sp);
}

#endif
