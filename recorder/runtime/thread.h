/*
 * Threads of the recorded process, and the runs that are open on each: the execution context.
 *
 * Every function here concerns the calling thread, and may be called in a signal handler.
 */
#ifndef ACAUSAL_RUNTIME_THREAD_H
#define ACAUSAL_RUNTIME_THREAD_H

#include "recorder/runtime/emit.h"
#include "recorder/runtime/stack.h"

enum {
	THREAD_RUNS = 64, /* nested runs that are followed; deeper ones have no context */
	THREAD_SIGNAL_STACK = 32768,
};

/* A uv_run that is being executed, called by a run. */
struct run_nesting {
	uintptr_t frame;      /* of the wrapper; 0: there is none */
	uint32_t stack;	      /* node of the stack that it was called on; 0 in a root run */
	uint64_t loop_id;     /* 0: not known */
	uintptr_t returns_to; /* where the wrapper returns to */
};

/* The private part of an open run; the shared part is a struct arena_run. */
struct thread_run {
	struct arena_run *shared;
	uintptr_t entry; /* the callback's frames lie below this stack address */
	bool is_open;	 /* has an ID; a quiet run gets it when something refers to it */
	bool is_request; /* ends as EVENT_REQUEST: `shared->live` is a request's record */
	struct run_nesting nesting;
};

/*
 * The fork that the thread is making. Private memory, which the child begins with: it says where
 * the child comes from. All 0 when there is none, and in a child of a call that was not seen.
 */
struct thread_fork {
	uint64_t spawn_id, run_id; /* of the EVENT_SPAWN */
	uint32_t stack;
	uint16_t api;
	struct arena_anchor started; /* the child's own beginning; it fills this */
};

struct thread {
	struct emit_state emit;
	struct arena_thread *slot;
	uint64_t async_id, root_run_id;
	int end_rounds; /* times that its destructor has put off the end */
	uintptr_t self; /* its pthread_t */
	/* the thread's own stack; 0 where it is not known */
	uintptr_t stack_low, stack_high;
	uintptr_t entry; /* function that the thread began with; 0 for the main thread */
	int depth;	 /* open runs above the root */
	bool is_astray;	 /* by the last stack: in none of the open runs, for all that is known */
	struct run_nesting root_nesting;
	struct unwind_memory stack_memory;
	struct thread_run runs[THREAD_RUNS];
	struct arena_run deep[THREAD_RUNS - ARENA_OPEN_RUNS];
	/* the loop looked up last */
	const void *loop_address;
	uint32_t loop_live;
	uint64_t loop_id;
	/* set by uv_thread_create for the pthread_create that libuv makes of it */
	const struct thread_order *order;
	/* set by uv_spawn for the fork that libuv makes of it */
	const struct spawn_order *spawn_order;
	struct thread_fork fork;
	void (*once)(void);  /* of the uv_once that is being called */
	uint64_t pool_ended; /* when this thread of the pool was done with a request last */
};

/* How a thread is to be made known; see hooks/thread.c. */
struct thread_order {
	uint16_t type, api;
	uint32_t stack;
};

/* How a process is to be made known; see hooks/fork.c. */
struct spawn_order {
	uint16_t api;
	uint32_t stack;
	uint64_t async_id; /* of the uv_process_t */
};

/* How the new thread came about; the creating side fills it, as the thread's live record. */
struct thread_birth {
	uint64_t async_id, trigger_id, run_id, created, address;
	uint32_t stack, maker;
	uint16_t type, api;
	enum acausal_role role;
	uintptr_t callback;
	size_t stack_size;
};

extern __thread struct thread *thread_current __attribute__((tls_model("initial-exec")));

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

/* The main thread makes itself known; called once, at the start. */
void thread_start_main(void);

/*
 * The calling thread, the only one that there is in the child of a fork, becomes its main thread.
 * What it was in the parent stays where it is, because frames on the stack have pointers to it, but
 * nothing comes of it any more. NULL when there is no memory.
 */
struct thread *thread_start_forked(void);

/* A thread that was made by a recorded call begins; `frame` is its first frame's address. */
struct thread *thread_start(const struct thread_birth *birth, uintptr_t frame);

/* A callback is about to be called from the frame at `entry`. */
struct run_begin {
	uint64_t async_id, arming_id, cause_id;
	const void *callback;
	uint32_t live;
	enum acausal_part part;
	bool is_request;
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

/* Closes the run at `depth` and, as abandoned, all that are still open above it. */
void run_end(struct thread *thread, int depth, const struct run_result *result);

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

/* Whether a stack pointer is on the thread's own stack, and not on a coroutine's. */
static inline bool thread_owns(const struct thread *thread, uintptr_t sp)
{
	return sp - thread->stack_low <= thread->stack_high - thread->stack_low;
}

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

	if (unlikely(!inside || (nesting && nesting->frame && sp > nesting->frame)) &&
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
uint32_t thread_capture(struct thread *thread, const struct unwind_start *start);

#endif
