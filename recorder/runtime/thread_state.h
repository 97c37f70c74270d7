/*
 * What is known of a thread, in memory of its own. Only the thread itself reaches for it.
 */
#ifndef ACAUSAL_RUNTIME_THREAD_STATE_H
#define ACAUSAL_RUNTIME_THREAD_STATE_H

#include "recorder/runtime/emit.h"
#include "recorder/runtime/stack.h"

enum {
	THREAD_RUNS = 64,   /* nested runs that are followed; deeper ones have no context */
	THREAD_ASIDES = 64, /* functions called with other values in force, one inside the other */
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
	uintptr_t entry;   /* the callback's frames lie below this stack address */
	bool is_open;	   /* has an ID; a quiet run gets it when something refers to it */
	bool is_request;   /* ends as EVENT_REQUEST: `shared->live` is a request's record */
	uint32_t ancestor; /* what it is kept as, with a reference; 0: it is not (lineage.h) */
	uint32_t told;	   /* hooks that were told that it began, a bit each (listener.h), … */
	uint64_t told_at;  /* … of those that there were then */
	struct carried *outside; /* what was in force when it began, with a reference (carry.h) */
	struct run_nesting nesting;
};

/* A function that was called with other values in force (aside.h). */
struct thread_aside {
	uintptr_t frame;      /* of our function that called it, … */
	uintptr_t returns_to; /* … where that one returns to; 0: not known */
	uint64_t number;
	struct carried *outside; /* what was in force before, with a reference */
	int depth;		 /* runs that were open */
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
	bool line_busy;	 /* the slot's beginning of a line is being changed: logged.c */
	struct run_nesting root_nesting;
	uint32_t root_ancestor;	 /* of the root run; see `struct thread_run` */
	uint32_t fold_credit;	 /* see lineage.c */
	uint32_t crash;		 /* index + 1 of the record of its fatal signal, or 0 */
	uint32_t survived;	 /* fatal signals that it went on after */
	bool is_noting;		 /* one just now, on its own stack for signals */
	struct carried *carried; /* what is in force, with a reference: carry.h … */
	uint32_t carried_credit; /* … and so many more, to be handed on */
	uint32_t telling; /* hooks of the program that it is in, a bit each: listener.h … */
	/* … and our function that called the outermost of them */
	uintptr_t telling_frame, telling_returns_to;
	int aside_count;
	uint64_t aside_number; /* of the last one */
	struct unwind_memory stack_memory;
	struct thread_run runs[THREAD_RUNS];
	struct arena_run deep[THREAD_RUNS - ARENA_OPEN_RUNS];
	struct thread_aside asides[THREAD_ASIDES];
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

/* NULL: it is not known. In the child of a fork that has no arena yet it is what it was before. */
extern __thread struct thread *thread_current __attribute__((tls_model("initial-exec")));

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

/* Whether a stack pointer is on the thread's own stack, and not on a coroutine's. */
static inline bool thread_owns(const struct thread *thread, uintptr_t sp)
{
	return sp - thread->stack_low <= thread->stack_high - thread->stack_low;
}

#endif
