/*
 * What the program asks of us (recorder/acausal.h): how such a call begins.
 */
#ifndef ACAUSAL_HOOKS_OWN_H
#define ACAUSAL_HOOKS_OWN_H

#include "recorder/hooks/hook.h"
#include "recorder/runtime/start.h"

/*
 * A function of ours that calls one of the program's, which it was given: like a passage, the
 * stacks of runs go through it.
 */
#define OWN_PASSAGE __attribute__((visibility("default"), section("acausal_passages"), noinline))

/* This thread; NULL when the process cannot be followed. The first call in one that is not recorded
 * begins to. */
static inline struct thread *own_thread(void)
{
	if (unlikely(!arena() && !thread_when_forked))
		runtime_start_alone();
	return thread_self();
}

/* -1, with that errno. */
int own_fail(int error);

#endif
