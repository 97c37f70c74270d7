/*
 * Stacks: captured, and interned as nodes of the arena's tree.
 */
#ifndef ACAUSAL_RUNTIME_STACK_H
#define ACAUSAL_RUNTIME_STACK_H

#include "recorder/runtime/arena.h"
#include "recorder/runtime/unwind_again.h"

#include <dlfcn.h>

/* Where the stack of a run ends, and the function that the run called. */
struct stack_bounds {
	uintptr_t limit;    /* entry CFA of the run; 0: not known, memory is probed */
	uintptr_t callback; /* 0: none is expected at the bottom (main thread) */
};

/*
 * The node of the innermost frame of the stack that starts at `start`; 0 when there is none. A
 * callback that is not on the stack any more, because it ended in a tail call, is put at the
 * bottom. `memory` is the thread's, or NULL to walk without it. Any thread, signal-safe.
 *
 * When there is no room for the stack it is its innermost frame, or none, with words for the rest.
 * While recording is paused it is walked, since `memory` tells what was left, and not kept.
 */
uint32_t stack_capture(const struct unwind_start *start, const struct stack_bounds *bounds,
	struct unwind_memory *memory);

/*
 * For places that no signal handler comes to: a walk that is still going on was left by siglongjmp
 * out of a handler, and would keep the memory from being used for good.
 */
void stack_settle(struct unwind_memory *memory);

/* What stack_capture does for a start whose pc is the very instruction: where a crash happened. */
uint32_t stack_capture_exact(const struct unwind_start *start, const struct stack_bounds *bounds);

/* Code was unloaded: addresses may mean something else from now on. */
void stack_forget_code(void);

/* A function of the program as `event_execution.callback` tells it: its address, and when. */
uint64_t stack_entry(uintptr_t function);

/* Tells the arena of a module that code was met in, if it does not know it yet. */
void stack_note_module(const struct dl_find_object *object);

/*
 * Tells the arena of all modules that are loaded: at the start, at the end, and before code is
 * unloaded, so that each module that has been there is known. Not in signal handlers.
 */
void stack_note_loaded(void);

#endif
