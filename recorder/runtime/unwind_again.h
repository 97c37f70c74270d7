/*
 * Walking a stack that was walked before: what the last walk of a thread found is checked against
 * the stack instead of being found out again. A thread's stack changes at its inner end, so mostly
 * a few frames are new and the rest is as it was.
 *
 * Each frame of a walk follows from the one before by a row and by what is read from the stack. If
 * a frame is met again and all return addresses from there on are the same, then everything that
 * followed follows again. (The frame pointer is mostly a register like any other, and may differ:
 * it is followed anew, and checked where a row counts from it.) The checks, unlike a walk, do not
 * wait for one another: a frame costs 1 ns instead of 5.
 */
#ifndef ACAUSAL_RUNTIME_UNWIND_AGAIN_H
#define ACAUSAL_RUNTIME_UNWIND_AGAIN_H

#include "recorder/runtime/unwind.h"

enum { UNWIND_REMEMBERED = 64 }; /* frames; deeper stacks are walked each time */

struct unwind_state {
	uintptr_t pc, sp, cfa;
	uint32_t code; /* the row of pc, packed: unwind_row.h */
};

/* Of one thread; zeroed in the beginning. */
struct unwind_memory {
	bool busy; /* the owner's: a signal handler that finds it in use must walk without it */
	bool ends_at_limit; /* nothing was read from the outermost frame */
	bool holds;	    /* the stack of the last call is what is remembered */
	unsigned count;
	uintptr_t limit, last_ra;
	struct unwind_end end; /* of the last call */
	uint64_t generation;   /* of the rows */
	/* what the owner keeps with the stack that is remembered; zeroed when that changes */
	uint64_t note[2];
	struct unwind_state frame[UNWIND_REMEMBERED]; /* outermost first */
	struct unwind_state fresh[UNWIND_REMEMBERED]; /* innermost first */
};

/*
 * Does what unwind() does, for a start that is a caller's (not exact). *same tells whether the
 * stack is the one that `memory->note` was kept with; then `pcs` has not been written.
 */
unsigned unwind_again(struct unwind_memory *memory, const struct unwind_start *start,
	uintptr_t limit, uint64_t *pcs, unsigned max, enum node_end *ret, bool *same);

/* The addresses of the stack that is remembered, innermost first. */
void unwind_remembered(const struct unwind_memory *memory, uint64_t *pcs);

#endif
