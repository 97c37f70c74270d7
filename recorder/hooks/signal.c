/*
 * Handles that wait for signals. Who sent a signal, when it was the process itself, is found in
 * kill.c.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/kill.h"
#include "recorder/hooks/resource.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

WRAPPER int uv_signal_init(uv_loop_t *loop, uv_signal_t *handle)
{
	CALL_ON(signal_init, loop);
	int result = call.uv->signal_init(loop, handle);

	if (call.thread && result == 0)
		handle_made(&call, handle, ACAUSAL_TYPE_SIGNAL, loop);
	return result;
}

TRAMPOLINE void on_signal(uv_signal_t *handle, int signum)
{
	uint32_t index = live_find(handle);
	struct fired fired;

	if (index && arena())
		atomic_store_explicit(&live_at(index)->first_cause,
			kill_take(signum, &live_callbacks(index)->sends, handle),
			memory_order_relaxed);
	fired_handle(&fired, handle, FRAME);
	((uv_signal_cb)fired.callbacks.callback)(handle, signum);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
	fired_stopped(&fired);
}

/* "SIGTERM"; real-time signals have numbers only. */
static void signal_detail(struct call *call, uint32_t index, int signum)
{
	const char *name = sigabbrev_np(signum);
	char text[16] = "SIG";

	if (name)
		strncat(text, name, sizeof text - 4);
	else if (signum >= SIGRTMIN && signum <= SIGRTMAX) {
		int above = signum - SIGRTMIN;

		memcpy(text, "SIGRTMIN+", 10);
		text[9] = (char)('0' + above / 10);
		text[10] = (char)('0' + above % 10);
	} else {
		return;
	}
	resource_detail_text(call, index, text);
}

/*
 * A handle that waits for the same signal already only gets another callback. One that was started
 * to fire once does so for ever: libuv never takes that back. One that waited for another signal
 * has ceased to, also when this one is refused.
 */
#define SIGNAL_START(name, is_one_shot)                                                            \
	WRAPPER int uv_##name(uv_signal_t *handle, uv_signal_cb callback, int signum)              \
	{                                                                                          \
		CALL_ON(name, handle);                                                             \
		struct arming arming = {.callback = (void *)callback,                              \
			.timeout_ms = EVENT_NO_TIME,                                               \
			.repeat_ms = EVENT_NO_TIME,                                                \
			.one_shot = (is_one_shot)};                                                \
		uint32_t index = call.thread ? handle_known(&call, handle) : 0;                    \
		bool is_other = handle->signum != signum;                                          \
		uint64_t sends = 0;                                                                \
		int result;                                                                        \
                                                                                                   \
		if (!index || !callback)                                                           \
			return call.uv->name(handle, callback, signum);                            \
		if (live_at(index)->flags & ARENA_LIVE_ONE_SHOT)                                   \
			arming.one_shot = true;                                                    \
		else if (!is_other)                                                                \
			arming.one_shot = false;                                                   \
		if (is_other)                                                                      \
			sends = kill_watch(signum, index);                                         \
		result = call.uv->name(handle, on_signal, signum);                                 \
		if (result != 0 && handle->signum == 0)                                            \
			handle_disarmed(&call, index, ACAUSAL_END_STOPPED);                        \
		if (result != 0)                                                                   \
			return result;                                                             \
		if (is_other) {                                                                    \
			live_callbacks(index)->sends = sends;                                      \
			signal_detail(&call, index, signum);                                       \
		}                                                                                  \
		handle_armed(&call, index, &arming);                                               \
		return result;                                                                     \
	}

SIGNAL_START(signal_start, false)
SIGNAL_START(signal_start_oneshot, true)

WRAPPER int uv_signal_stop(uv_signal_t *handle)
{
	CALL_ON(signal_stop, handle);
	int result = call.uv->signal_stop(handle);

	if (call.thread && result == 0)
		handle_disarmed(&call, live_find(handle), ACAUSAL_END_STOPPED);
	return result;
}
