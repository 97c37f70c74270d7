/*
 * What wrappers and trampolines have in common: see hook.h.
 *
 * Nothing in here calls the program or libuv. All of it keeps errno, takes no lock, and does
 * nothing when the process is not recorded (a forked child, or one whose arena failed).
 */
#include "recorder/hooks/hook.h"

extern const char __start_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __start_acausal_trampolines[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_trampolines[] __attribute__((visibility("hidden")));
extern const char __start_acausal_passages[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_passages[] __attribute__((visibility("hidden")));

/* The libuv that this thread called last: whose a call that comes from our own code is. */
static __thread const struct libuv *bound __attribute__((tls_model("initial-exec")));

static bool lies_in(uintptr_t address, const char *low, const char *high)
{
	return address - (uintptr_t)low < (uintptr_t)high - (uintptr_t)low;
}

void call_enter(struct call *call, enum acausal_api api)
{
	uintptr_t caller = call->from.pc;

	call->thread = NULL;
	call->ticks = 0;
	call->api = (uint16_t)api;
	if (unlikely(lies_in(caller, __start_acausal_wrappers, __stop_acausal_wrappers)) && bound) {
		call->uv = bound;
		return;
	}
	if (unlikely(lies_in(caller, __start_acausal_trampolines, __stop_acausal_trampolines) ||
		     lies_in(caller, __start_acausal_passages, __stop_acausal_passages)) &&
		bound)
		call->uv = bound;
	else
		call->uv = bound = libuv_of(caller);
	if (caller - call->uv->text_low < call->uv->text_high - call->uv->text_low)
		return;
	call->thread = thread_self();
	if (call->thread)
		run_settle(call->thread, call->from.sp);
}
