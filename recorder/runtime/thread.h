/*
 * Threads of the recorded process, as they come and go. What they run: run.h.
 *
 * Every function here concerns the calling thread, and may be called in a signal handler.
 */
#ifndef ACAUSAL_RUNTIME_THREAD_H
#define ACAUSAL_RUNTIME_THREAD_H

#include "recorder/runtime/run.h"

#include <signal.h>

/* How the new thread came about; the creating side fills it, as the thread's live record. */
struct thread_birth {
	uint64_t async_id, trigger_id, run_id, created, address;
	uint32_t stack, maker;
	uint32_t ancestor; /* of that run; the thread takes a reference of its own */
	uint16_t type, api;
	enum acausal_role role;
	uintptr_t callback;
	size_t stack_size;
};

struct thread *thread_adopt(void);

/*
 * Set in a process that is recorded, and by this in those that it forks, which find no arena: they
 * are to be recorded too, and this does it. NULL: the process is none of those. (A pointer, since
 * beginning anew needs all the rest of the runtime.)
 */
extern struct thread *(*thread_when_forked)(void);

/*
 * This thread, made known now if it was not (then it is a foreign one). NULL when the process is
 * not recorded or there is no room. In the child of a fork the first call makes it a recorded
 * process of its own.
 */
static inline struct thread *thread_self(void)
{
	if (unlikely(!arena()))
		return thread_when_forked ? thread_when_forked() : NULL;
	return likely(thread_current) ? thread_current : thread_adopt();
}

/* The slot of a thread of this process by its pthread_t; NULL when it is not known. */
struct arena_thread *thread_slot_of(uintptr_t self);

/*
 * The stack that the calling thread was given for signals, by its beginning: THREAD_SIGNAL_STACK
 * bytes. NULL: it was given none. The program may have put its own in the place of it.
 */
extern __thread char *thread_signal_stack __attribute__((tls_model("initial-exec")));

/* sigaltstack(2) as the program means it: it is not shown what the thread was given. */
int thread_sigaltstack(const stack_t *stack, stack_t *old);

/*
 * The uv_run that the thread was in already when it was made known: a process that is not recorded
 * may begin to be followed there. Its callbacks are not known.
 */
extern __thread struct run_nesting thread_first_nesting __attribute__((tls_model("initial-exec")));

/* Before there is an arena, so that no thread that is made known ends unheard. Called once. */
void thread_prepare(void);

/* The main thread makes itself known, if it is the calling one; called once, at the start. */
void thread_start_main(void);

/*
 * The calling thread, the only one that there is in the child of a fork, becomes its main thread.
 * What it was in the parent stays where it is, because frames on the stack have pointers to it, but
 * nothing comes of it any more. NULL when there is no memory.
 */
struct thread *thread_start_forked(void);

/* A thread that was made by a recorded call begins; `frame` is its first frame's address. */
struct thread *thread_start(const struct thread_birth *birth, uintptr_t frame);

#endif
