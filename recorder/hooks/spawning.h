/*
 * A process is about to be made, or to execute another program: the event that says so, and what
 * the child is told.
 */
#ifndef ACAUSAL_HOOKS_SPAWNING_H
#define ACAUSAL_HOOKS_SPAWNING_H

#include "recorder/runtime/thread.h"

/*
 * Writes EVENT_SPAWN. `ret` is filled with all but `started`. Where libuv does it for uv_spawn, the
 * event is the program's call.
 */
void spawn_note(struct thread *thread, const struct unwind_start *from, enum acausal_api api,
	struct thread_fork *ret);

/*
 * The same for a call that makes the new process itself, which is to find its origin in the
 * environment. False when nothing is to be said there: *ret is not filled.
 */
bool spawn_origin(const struct unwind_start *from, enum acausal_api api, struct arena_origin *ret);

/* For exec: the process is already there. In a forked child, the fork is what it came by. */
bool exec_origin(const struct unwind_start *from, enum acausal_api api, struct arena_origin *ret);

#endif
