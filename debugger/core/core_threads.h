/* A core's threads as they are shown: each with its async stack, those that only wait together. */
#ifndef ACAUSAL_DEBUGGER_CORE_THREADS_H
#define ACAUSAL_DEBUGGER_CORE_THREADS_H

#include "debugger/core/core_view.h"
#include "debugger/lineage/async_stack.h"

/*
 * The async stack of a thread. Where nothing is known of it, it is the native stack alone, and says
 * why. `recording` may be NULL. To be ended with lineage_deinit. -1 only for want of memory.
 */
int core_thread_lineage(struct lineage *ret, const struct core_view *view,
	const struct core_stand *stand, struct reader *recording, struct frames_cache *cache,
	bool full, struct error *err);

/* What a thread waits for, in words: "for another thread". NULL: it was doing something. */
const char *core_thread_waits(const struct core_stand *stand);

/*
 * Where a thread waits: in which function of the program's or a library's, whatever of libc's that
 * has called. To be freed; NULL when memory is short.
 */
struct frames *core_thread_waits_in(const struct core_stand *stand);

/* Whether two threads that wait do so at the same place. */
bool core_threads_alike(const struct core_stand *a, const struct core_stand *b);

#endif
