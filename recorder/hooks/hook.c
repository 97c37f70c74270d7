/*
 * What wrappers and trampolines have in common: see hook.h.
 *
 * Nothing in here calls the program or libuv. All of it keeps errno, takes no lock, and does
 * nothing when the process is not recorded (its arena failed, or nobody asked).
 */
#include "recorder/hooks/hook.h"

extern const char __start_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __start_acausal_trampolines[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_trampolines[] __attribute__((visibility("hidden")));
extern const char __start_acausal_passages[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_passages[] __attribute__((visibility("hidden")));

enum {
	JUMPS_MAX = 8,	  /* wrappers that were left by a jump into another one */
	NEAR_FRAMES = 48, /* of the walk that tells libuv's calls from the program's beside it */
};

static bool lies_in(uintptr_t address, const char *low, const char *high)
{
	return address - (uintptr_t)low < (uintptr_t)high - (uintptr_t)low;
}

static bool is_wrapper(uintptr_t address)
{
	return lies_in(address, __start_acausal_wrappers, __stop_acausal_wrappers);
}

static bool is_trampoline(uintptr_t address)
{
	return lies_in(address, __start_acausal_trampolines, __stop_acausal_trampolines);
}

static bool is_passage(uintptr_t address)
{
	return lies_in(address, __start_acausal_passages, __stop_acausal_passages);
}

/* The function of the program that the innermost trampoline or passage called; 0: not known. */
static uintptr_t callback_now(const struct thread *thread, bool is_in_passage)
{
	if (!thread || thread->depth > THREAD_RUNS)
		return 0;
	if (is_in_passage)
		return (uintptr_t)thread->once;
	if (thread->depth == 0)
		return thread->entry;
	return thread->runs[thread->depth - 1].shared->callback;
}

/* The libuv that made an object; NULL when that is not known. */
static const struct libuv *uv_of_object(const void *object)
{
	uint32_t index = live_callback_table ? live_find(object) : 0;

	return index ? libuv_numbered(live_callbacks(index)->uv) : NULL;
}

/*
 * The libuv that a call is for which comes from our own code: a function that we called has left by
 * a jump to a wrapper. Libuv's, called by a wrapper, does so for whoever called that wrapper; the
 * program's, called by a trampoline or passage, for itself. Each of ours has a frame pointer, and
 * whoever jumps has restored it.
 */
static const struct libuv *uv_of_jump(const struct call *call)
{
	const uintptr_t *frame = (const uintptr_t *)call->from.fp;
	uintptr_t pc = call->from.pc, callback;
	enum libuv_side side;
	int i;

	for (i = 0; i < JUMPS_MAX && is_wrapper(pc); i++) {
		pc = arch_strip(frame[1]);
		frame = (const uintptr_t *)frame[0];
	}
	if (!is_trampoline(pc) && !is_passage(pc))
		return libuv_of(pc, &side);
	/* Libuv calls the callbacks of a walk itself; that of uv_once is called by libc. */
	callback = arch_strip(frame[1]);
	if (is_trampoline(pc) || !libuv_is_text(callback)) {
		uintptr_t known = callback_now(thread_current, is_passage(pc));

		if (known)
			callback = known;
	}
	return libuv_of(callback, &side);
}

/*
 * Whether a call is libuv's own, when the code that makes it lies beside libuv's in a module that
 * has other code as well: then a wrapper is found on the stack before any trampoline, or the thread
 * is one of the pool and not in a callback.
 */
static bool is_libuv_by_stack(const struct call *call)
{
	uint64_t pcs[NEAR_FRAMES];
	enum node_end end;
	unsigned count = unwind(&call->from, 0, false, pcs, NEAR_FRAMES, &end), i;
	const struct thread *thread;

	for (i = 0; i < count; i++) {
		if (is_wrapper(NODE_ADDRESS(pcs[i])))
			return true;
		if (is_passage(NODE_ADDRESS(pcs[i])))
			return false;
	}
	thread = thread_self();
	return thread && thread->depth == 0 && thread->slot->role == ACAUSAL_ROLE_POOL;
}

/* A call that comes from our own code. Returns whether it is libuv's. */
static __attribute__((noinline)) bool enter_by_jump(struct call *call, const void *object)
{
	call->uv = atomic_load_explicit(&libuv_only, memory_order_acquire);
	if (!call->uv)
		call->uv = uv_of_object(object);
	if (!call->uv)
		call->uv = uv_of_jump(call);
	return is_wrapper(call->from.pc);
}

/* A call of which the place that it comes from does not tell all. Returns whether it is libuv's. */
static __attribute__((noinline)) bool enter_unclear(
	struct call *call, const void *object, enum libuv_side side)
{
	const struct libuv *maker;

	if (side == LIBUV_NEAR && is_libuv_by_stack(call))
		return true;
	/* The code that calls may have been left by a jump, and then tells nothing. */
	if (side != LIBUV_JUMPED && atomic_load_explicit(&libuv_only, memory_order_acquire))
		return false;
	maker = uv_of_object(object);
	if (maker)
		call->uv = maker;
	else if (side == LIBUV_JUMPED)
		call->uv = libuv_newest();
	return false;
}

/* What is rare is elsewhere, so that this needs no more registers than it has. */
void call_enter(struct call *call, enum acausal_api api, const void *object)
{
	uintptr_t caller = call->from.pc;
	enum libuv_side side;

	call->thread = NULL;
	call->ticks = 0;
	call->api = (uint16_t)api;
	if (unlikely(is_wrapper(caller) || is_trampoline(caller) || is_passage(caller))) {
		if (enter_by_jump(call, object))
			return;
	} else {
		call->uv = libuv_of(caller, &side);
		if (side == LIBUV_ITSELF)
			return;
		if (unlikely(side != LIBUV_PROGRAM ||
			     !atomic_load_explicit(&libuv_only, memory_order_acquire)) &&
			enter_unclear(call, object, side))
			return;
	}
	call->thread = thread_self();
	if (call->thread)
		run_settle(call->thread, call->from.sp);
}

void call_enter_libc(struct call *call, enum acausal_api api)
{
	call->uv = NULL;
	call->thread = NULL;
	call->ticks = 0;
	call->api = (uint16_t)api;
	if (!arena() || libuv_is_text(call->from.pc))
		return;
	call->thread = thread_self();
	if (call->thread)
		run_settle(call->thread, call->from.sp);
}
