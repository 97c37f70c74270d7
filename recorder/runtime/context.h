/*
 * Contexts, as the recording learns of them: the values that a program sets, and which of them are
 * in force without having been set there. The objects: carried.h.
 *
 * Every function here concerns the calling thread, and may be called in a signal handler.
 */
#ifndef ACAUSAL_RUNTIME_CONTEXT_H
#define ACAUSAL_RUNTIME_CONTEXT_H

#include "recorder/runtime/carried.h"

enum { CONTEXT_KEYS = 64 }; /* one on top of the other */

/* Says that it was set. It has an ID, and so has what it is on top of. */
void context_write(struct thread *thread, const struct carry_context *context);

/*
 * Its ID in this process, where it may have come along with a fork: then it is announced, after
 * those that it is on top of. 0 for none.
 */
uint64_t context_id_here(struct thread *thread, struct carry_context *context);

/* What `context` has is in force from now on in that run, though nothing was set. */
void context_mark(
	struct thread *thread, struct carry_context *context, uint64_t async_id, uint64_t run_id);

#endif
