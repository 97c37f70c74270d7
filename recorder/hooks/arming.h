/*
 * Armings: who scheduled a callback, and what ended that; causes: who made it fire.
 *
 * Called by wrappers and trampolines, on the thread of the call; errno is kept.
 */
#ifndef ACAUSAL_HOOKS_ARMING_H
#define ACAUSAL_HOOKS_ARMING_H

#include "recorder/hooks/hook.h"

struct arming {
	void *callback, *second;
	uint64_t timeout_ms, repeat_ms; /* EVENT_NO_TIME: none */
	bool one_shot;
};

/* The call has armed the handle of record `index` (after the real function agreed). */
void handle_armed(struct call *call, uint32_t index, const struct arming *arming);

/*
 * The ancestor of the run that arms the handle now, in place of the one before. To be asked for as
 * long as the record says what armed it before (lineage_now), and told when it says this.
 */
static inline void arming_ancestor_set(struct arena_live *live, uint32_t ancestor)
{
	uint32_t former = live->arming_ancestor;

	if (likely(!(former | ancestor)))
		return;
	__atomic_store_n(&live->arming_ancestor, ancestor, __ATOMIC_RELAXED);
	ancestor_release(former);
}

/* The call has ended the arming in force, if there is one. */
void handle_disarmed(struct call *call, uint32_t index, enum acausal_end end);

/*
 * Somebody makes the callback of record `index` fire. Called right before the real function where
 * the callback may run on another thread at once. Returns the cause's ID.
 */
uint64_t resource_caused(struct call *call, uint32_t index, enum acausal_cause kind);

/*
 * uv_timer_again has put off the timer of record `index`. However often that is done before it
 * fires, it becomes one cause: the last, with a count. timer_settle writes it down, when the timer
 * is about to fire or is armed no more.
 */
void timer_put_off(struct call *call, uint32_t index);
void timer_settle(struct thread *thread, struct arena_live *live);

/* The cause that the run which is about to begin answers: the first since the last run. 0: none. */
uint64_t cause_take(struct arena_live *live);

/* --- events ------------------------------------------------------------------------------- */

/*
 * The arming that stands in `live`; `end` is ACAUSAL_END_NONE when it stands on. `run`, `ticks` and
 * `stack` say who ended it. False: it could not be written.
 */
bool arming_write(struct thread *thread, const struct arena_live *live, enum acausal_end end,
	uint64_t run, uint64_t ticks, uint32_t stack);

/* The call as a cause; `first` is the one that the same run answers already, 0: this is it. */
void cause_write(
	struct call *call, uint64_t id, enum acausal_cause kind, uint64_t first, uint64_t async_id);

/* The end of an arming that was written as standing; `run` 0: nobody's call, libuv's own doing. */
void disarm_write(struct thread *thread, uint64_t arming_id, enum acausal_end end, uint64_t run,
	uint64_t ticks, uint32_t stack);

#endif
