/*
 * What every wrapper is made of.
 *
 * A *wrapper* stands in the place of a library function: it notes what the call means and calls the
 * real one. A *trampoline* stands in the place of a callback of the program: libuv calls it, it
 * opens a run and calls the program. They lie in sections of their own, because of the rule that
 * keeps libuv's calls of itself out of the recording:
 *
 *   a call that comes from libuv's code, or from a wrapper, is passed through.
 *
 * (libuv reaches its own public functions through the PLT, and some of them leave by a jump, so
 * that the return address is in a wrapper.) A call that comes back to a trampoline is recorded: it
 * is the program's, from a callback that ended in a tail call. For the same reason each function of
 * the program that libuv calls has a trampoline, and the library is compiled without sibling calls.
 *
 * What wrappers share, and calls the real function for them, is WRAPPED: all of it, up to them.
 *
 * Trampolines of functions that are called synchronously (uv_walk, uv_once) open no run: they are
 * *passages*, in a third section, and the stacks of runs go through them.
 */
#ifndef ACAUSAL_HOOKS_HOOK_H
#define ACAUSAL_HOOKS_HOOK_H

#include "recorder/hooks/libuv.h"
#include "recorder/runtime/lineage.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/thread.h"

#define WRAPPER	   __attribute__((visibility("default"), section("acausal_wrappers"), noinline))
#define WRAPPED	   static __attribute__((section("acausal_wrappers"), noinline))
#define TRAMPOLINE static __attribute__((section("acausal_trampolines"), noinline))
#define PASSAGE	   static __attribute__((section("acausal_passages"), noinline))

/* Where the frame of the function is that this stands in: what it calls lies below. */
#define FRAME ((uintptr_t)__builtin_frame_address(0))

/* One call of a wrapper by the program. */
struct call {
	const struct libuv *uv;
	struct thread *thread; /* NULL: pass the call through, nothing is recorded */
	struct unwind_start from;
	uint64_t ticks;
	uint16_t api;
};

/*
 * At the top of each wrapper of a uv_ function: declares `call`. `call.thread` is NULL when the
 * call must be passed through; `call.uv` has the real functions in any case. `object` is a loop,
 * handle or request that is there already, by which several copies of libuv are told apart; CALL is
 * for functions that have none.
 */
#define CALL_ON(name, object)                                                                      \
	struct call call;                                                                          \
	UNWIND_FROM_CALLER(&call.from);                                                            \
	call_enter(&call, ACAUSAL_API_uv_##name, object)

#define CALL(name) CALL_ON(name, NULL)

void call_enter(struct call *call, enum acausal_api api, const void *object);

/*
 * The same for wrappers of libc's functions: `call.thread` is NULL also when libuv calls, and
 * `call.uv` is not set.
 */
#define CALL_LIBC(name)                                                                            \
	struct call call;                                                                          \
	UNWIND_FROM_CALLER(&call.from);                                                            \
	call_enter_libc(&call, ACAUSAL_API_##name)

void call_enter_libc(struct call *call, enum acausal_api api);

/* When the call was made; read once. */
static inline uint64_t call_ticks(struct call *call)
{
	if (!call->ticks)
		call->ticks = arena_ticks();
	return call->ticks;
}

/*
 * The node of the stack that made the call; captured at most when something keeps it, and before
 * the run that is to be named with it: see run_capture.
 */
static inline uint32_t call_stack(struct call *call)
{
	return run_capture(call->thread, &call->from);
}

#endif
