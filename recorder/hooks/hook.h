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
 * Trampolines of functions that are called synchronously (uv_walk, uv_once) open no run: they are
 * *passages*, in a third section, and the stacks of runs go through them.
 */
#ifndef ACAUSAL_HOOKS_HOOK_H
#define ACAUSAL_HOOKS_HOOK_H

#include "recorder/hooks/libuv.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/thread.h"

#define WRAPPER	   __attribute__((visibility("default"), section("acausal_wrappers"), noinline))
#define TRAMPOLINE static __attribute__((section("acausal_trampolines"), noinline))
#define PASSAGE	   static __attribute__((section("acausal_passages"), noinline))

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
 * call must be passed through; `call.uv` has the real functions in any case.
 */
#define CALL(name)                                                                                 \
	struct call call;                                                                          \
	UNWIND_FROM_CALLER(&call.from);                                                            \
	call_enter(&call, ACAUSAL_API_uv_##name)

void call_enter(struct call *call, enum acausal_api api);

/* Whether a return address lies in a wrapper. */
bool call_is_wrappers(uintptr_t caller);

/* The node of the stack that made the call; captured at most when something keeps it. */
static inline uint32_t call_stack(struct call *call)
{
	return thread_capture(call->thread, &call->from);
}

/* --- resources ---------------------------------------------------------------------------- */

/* A handle or loop was made at `object`. Returns its record, 0 when there is no room. */
uint32_t handle_made(
	struct call *call, const void *object, enum acausal_type type, const void *loop);

/* The record of a handle; one is made, of unknown birth, for a handle not seen being made. */
uint32_t handle_known(struct call *call, const void *object);

/* Says what is known better now: a type (0: as it was), who triggered it (0: as it was). */
void handle_retype(struct call *call, uint32_t index, enum acausal_type type, uint64_t trigger,
	uint64_t handle);

/* The end of a loop, or of a handle whose close callback has run. Gives the record back. */
void resource_destroyed(struct thread *thread, uint32_t index, uint64_t ticks);

/* Words about the resource of record `index`. */
void resource_detail_text(struct call *call, uint32_t index, const char *text);
void resource_detail_bytes(struct call *call, uint32_t index, enum event_detail_kind kind,
	const void *bytes, size_t n);

/*
 * A request is about to be made at `object`; called before the real function, since a thread of
 * the pool may take it at once. 0: no room, pass the program's own callback.
 */
uint32_t request_made(struct call *call, const void *object, enum acausal_type type,
	const void *loop, const void *stream, void *callback);

/* The real function refused it. */
void request_refused(uint32_t index, const void *object);

/* --- armings ------------------------------------------------------------------------------ */

struct arming {
	void *callback, *second;
	uint64_t timeout_ms, repeat_ms; /* EVENT_NO_TIME: none */
	bool one_shot;
};

/* The call has armed the handle of record `index` (after the real function agreed). */
void handle_armed(struct call *call, uint32_t index, const struct arming *arming);

/* The call has ended the arming in force, if there is one. */
void handle_disarmed(struct call *call, uint32_t index, enum acausal_end end);

/* Somebody makes the callback of record `index` fire. Returns the cause's ID. */
uint64_t resource_caused(struct call *call, uint32_t index, enum acausal_cause kind);

/* --- runs --------------------------------------------------------------------------------- */

/*
 * A callback of a handle, in a trampoline:
 *
 *	struct fired fired;
 *	fired_handle(&fired, handle, FRAME);
 *	((uv_timer_cb)fired.callbacks.callback)(handle);
 *	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
 */
struct fired {
	struct thread *thread; /* NULL: not recorded */
	int depth;
	uint32_t index;
	uint64_t arming_id;
	int64_t bytes; /* that the request was to write */
	bool is_close, is_work;
	bool is_silent; /* a request without a callback */
	struct live_callbacks callbacks;
};

#define FRAME ((uintptr_t)__builtin_frame_address(0))

/* The program's callbacks stand in fired->callbacks, also when nothing is recorded. */
void fired_handle(struct fired *fired, const void *handle, uintptr_t frame);
/* Of a timer, whether it is armed still is known only now: its repeat may have been changed. */
void fired_timer(struct fired *fired, const void *handle, bool repeats, uintptr_t frame);
void fired_alloc(struct fired *fired, const void *handle, uintptr_t frame);
void fired_close(struct fired *fired, const void *handle, uintptr_t frame);
void fired_request(struct fired *fired, const void *request, uintptr_t frame);
void fired_work(struct fired *fired, const void *request, uintptr_t frame);

void fired_end(struct fired *fired, int64_t status, int64_t bytes);

/* Libuv itself has ended the arming that fired (end of file): it stands no longer. */
void fired_disarm(struct fired *fired);

#endif
