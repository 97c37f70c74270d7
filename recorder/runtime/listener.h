/*
 * The program's own hooks (acausal_hook_…, recorder/acausal.h): told of what is made, runs and
 * ends.
 *
 * While none is enabled, each place where something could be told costs one look at
 * `listener_enabled`. The functions here call the program; they keep errno. Not in signal handlers.
 */
#ifndef ACAUSAL_RUNTIME_LISTENER_H
#define ACAUSAL_RUNTIME_LISTENER_H

#include "recorder/runtime/run.h"

enum { LISTENER_COUNT = 32 };

struct listener_callbacks {
	void (*init)(uint64_t async_id, const char *type, uint64_t trigger_id, const void *object,
		void *user);
	void (*before)(uint64_t async_id, void *user);
	void (*after)(uint64_t async_id, void *user);
	void (*destroy)(uint64_t async_id, void *user);
	void (*resolve)(uint64_t async_id, void *user);
};

extern _Atomic uint32_t listener_enabled; /* a bit for each */

/* Returns its number, -1 when all are taken. */
int listener_add(const struct listener_callbacks *callbacks, void *user);
void listener_enable(int number, bool is_enabled);
void listener_remove(int number);

static inline bool listener_is_any(void)
{
	return unlikely(atomic_load_explicit(&listener_enabled, memory_order_relaxed) != 0);
}

/* The record `index` was made; `object` is what it stands for in the program. */
void listener_made(struct thread *thread, uint32_t index, const void *object);
void listener_over(struct thread *thread, uint64_t async_id);
void listener_resolved(struct thread *thread, uint64_t async_id);

/* The run at the top of the thread begins, or is about to end. */
void listener_before(struct thread *thread);
void listener_after(struct thread *thread);

/* A thread has begun, or is about to end. */
void listener_thread_before(struct thread *thread);
void listener_thread_after(struct thread *thread);

/* The thread ends, and so do the hooks that it may have left by pthread_exit. */
void listener_leave(struct thread *thread);

/* In the child of a fork: the hooks that `former` was in, `thread` is in, and no other thread. */
void listener_inherit(struct thread *thread, struct thread *former);

/* What a type of this process is called; good as long as that is. */
const char *listener_type_name(unsigned type);

#endif
