/*
 * Which runs are kept as ancestors (ancestor.h), in flight mode: those in which something was made
 * or armed, while anything is alive that came of that.
 *
 * Every function here concerns the calling thread.
 */
#ifndef ACAUSAL_RUNTIME_LINEAGE_H
#define ACAUSAL_RUNTIME_LINEAGE_H

#include "recorder/runtime/ancestor.h"
#include "recorder/runtime/thread_state.h"

uint32_t lineage_keep(struct thread *thread);

/*
 * The ancestor of the run that makes or arms something now, with a reference that is the caller's;
 * 0: it is not kept. As with the run, ask after the stack (run_capture) and not before; and before
 * the arming that this run came from is replaced.
 */
static inline uint32_t lineage_now(struct thread *thread)
{
	if (likely(!atomic_load_explicit(&arena_in_flight, memory_order_relaxed)))
		return 0;
	return lineage_keep(thread);
}

#endif
