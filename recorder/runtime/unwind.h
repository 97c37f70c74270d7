/*
 * Stack capture inside the recorded process.
 *
 * Everything here may be called from any thread and from signal handlers: no allocation, no lock,
 * no stdio, errno untouched. Of libc it calls only _dl_find_object (glibc 2.35 or later, lock-free
 * and signal-safe), and that only for an address whose row is not in the cache. System calls are
 * made only to ask whether memory is there, where nobody vouches for it.
 */
#ifndef ACAUSAL_RUNTIME_UNWIND_H
#define ACAUSAL_RUNTIME_UNWIND_H

#include "recorder/runtime/arch.h"
#include "recorder/wire/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* The registers of the frame to start from. */
struct unwind_start {
	uintptr_t pc; /* a return address, or the very instruction: see unwind's `exact` */
	uintptr_t sp;
	uintptr_t fp;
	uintptr_t lr; /* aarch64 with an exact pc: x30; else 0 */
};

/*
 * Fills `start` (a pointer) with the frame of the caller of the function that this stands in, as it
 * will be when that call has returned. The function must be compiled with a frame pointer and must
 * not be inlined.
 */
#define UNWIND_FROM_CALLER(start)                                                                  \
	(*(start) = (struct unwind_start){                                                         \
		 .pc = ARCH_CALLER_PC(), .sp = ARCH_CALLER_SP(), .fp = ARCH_CALLER_FP()})

/* Fills `ret` from the ucontext_t that a signal handler was given; the pc is exact. */
void unwind_from_context(const void *context, struct unwind_start *ret);

/*
 * Writes the addresses of the frames from `start` on, innermost first: start->pc, then return
 * addresses, at most `max` (at least 1). Returns how many. An address is in the low 48 bits; bit 63
 * (NODE_EXACT) is set where it is the very instruction and not the one after a call: in the first
 * frame when `exact` says that start->pc is so, where a signal interrupted a frame, and in a frame
 * that nothing called (the kernel's signal frame, the bottom of a coroutine).
 *
 * The walk ends, in order (*ret is NODE_END_NONE):
 *   - at a frame whose CFA reaches `limit`: the stack pointer just before the call of the function
 *     that is the outermost wanted;
 *   - before a return address in the range given to unwind_set_stop_range (none at all are written
 *     when start->pc is in it);
 *   - at a frame that says it has no caller, or a return address of 0.
 * Otherwise *ret says why the rest is missing.
 *
 * By passing `limit` the caller vouches that all of [start->sp, limit) is one mapped stack: nothing
 * but that range is read. With a limit of 0, or not above start->sp, or too far from it to be
 * believed, or once a signal frame leads to another stack, each page is asked for before it is read
 * (about 150 ns a page).
 */
unsigned unwind(const struct unwind_start *start, uintptr_t limit, bool exact, uint64_t *pcs,
	unsigned max, enum node_end *ret);

/* Where a walk came to. */
struct unwind_end {
	uintptr_t sp;	  /* stack pointer of the last frame that it stood at */
	uintptr_t beyond; /* the CFA that reached the limit; 0: none did */
	bool is_end;	  /* *ret is NODE_END_NONE, or would have been had all frames been kept */
	bool stopped;	  /* before a return address in the stop range, with `sp` its CFA */
};

enum { UNWIND_UNKEPT = 4096 }; /* frames that unwind_far goes on for beyond `max` */

/* The same, and where that ended: frames for which `pcs` has no room are walked too. */
unsigned unwind_far(const struct unwind_start *start, uintptr_t limit, bool exact, uint64_t *pcs,
	unsigned max, enum node_end *ret, struct unwind_end *at);

/* The text range [low, high) that ends each walk. Set once, before the first walk. */
void unwind_set_stop_range(uintptr_t low, uintptr_t high);

#endif
