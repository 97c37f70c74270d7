/*
 * Handles that watch for one kind of thing: timers, the three loop watchers, async, poll, signal,
 * file events.
 *
 * All starts follow one form: the real function first, with a trampoline; what it agreed to is
 * written down after it, so that an error leaves the arming before it, and its callback, standing.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/resource.h"

#define NO_TIMES .timeout_ms = EVENT_NO_TIME, .repeat_ms = EVENT_NO_TIME

/* A function that makes a handle and arms nothing. */
#define HANDLE_INIT(name, TYPE, parameters, arguments)                                             \
	WRAPPER int uv_##name parameters                                                           \
	{                                                                                          \
		CALL(name);                                                                        \
		int result = call.uv->name arguments;                                              \
                                                                                                   \
		if (call.thread && result == 0)                                                    \
			handle_made(&call, handle, ACAUSAL_TYPE_##TYPE, loop);                     \
		return result;                                                                     \
	}

/* A function that ends the arming of a handle. */
#define HANDLE_STOP(name, type)                                                                    \
	WRAPPER int uv_##name(type *handle)                                                        \
	{                                                                                          \
		CALL(name);                                                                        \
		int result = call.uv->name(handle);                                                \
                                                                                                   \
		if (call.thread && result == 0)                                                    \
			handle_disarmed(&call, live_find(handle), ACAUSAL_END_STOPPED);            \
		return result;                                                                     \
	}

/* --- timers ------------------------------------------------------------------------------- */

TRAMPOLINE void on_timer(uv_timer_t *handle)
{
	struct fired fired;

	fired_timer(&fired, handle, handle->repeat != 0, FRAME);
	((uv_timer_cb)fired.callbacks.callback)(handle);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

HANDLE_INIT(timer_init, TIMER, (uv_loop_t * loop, uv_timer_t *handle), (loop, handle))
HANDLE_STOP(timer_stop, uv_timer_t)

WRAPPER int uv_timer_start(
	uv_timer_t *handle, uv_timer_cb callback, uint64_t timeout, uint64_t repeat)
{
	CALL(timer_start);
	const struct arming arming = {
		(void *)callback, NULL, timeout, repeat ? repeat : EVENT_NO_TIME, repeat == 0};
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int result;

	if (!index || !callback)
		return call.uv->timer_start(handle, callback, timeout, repeat);
	result = call.uv->timer_start(handle, on_timer, timeout, repeat);
	if (result == 0)
		handle_armed(&call, index, &arming);
	return result;
}

WRAPPER int uv_timer_again(uv_timer_t *handle)
{
	CALL(timer_again);
	uint32_t index = call.thread ? live_find(handle) : 0;
	int result = call.uv->timer_again(handle);

	if (!index || result != 0 || handle->repeat == 0 ||
		live_at(index)->flags & ARENA_LIVE_CLOSING)
		return result;
	if (live_at(index)->flags & ARENA_LIVE_ARMED) {
		resource_caused(&call, index, ACAUSAL_CAUSE_AGAIN);
	} else {
		/* It stood still: this is what schedules it. */
		const struct arming arming = {live_callbacks(index)->callback, NULL, handle->repeat,
			handle->repeat, false};

		handle_armed(&call, index, &arming);
	}
	return result;
}

/* --- idle, prepare, check ----------------------------------------------------------------- */

/*
 * An active watcher that is started again answers 0 and keeps its callback, so it must be asked
 * first.
 */
#define LOOP_WATCHER(name, TYPE)                                                                   \
	TRAMPOLINE void on_##name(uv_##name##_t *handle)                                           \
	{                                                                                          \
		struct fired fired;                                                                \
                                                                                                   \
		fired_handle(&fired, handle, FRAME);                                               \
		((uv_##name##_cb)fired.callbacks.callback)(handle);                                \
		fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);                               \
	}                                                                                          \
                                                                                                   \
	HANDLE_INIT(name##_init, TYPE, (uv_loop_t * loop, uv_##name##_t * handle), (loop, handle)) \
	HANDLE_STOP(name##_stop, uv_##name##_t)                                                    \
                                                                                                   \
	WRAPPER int uv_##name##_start(uv_##name##_t *handle, uv_##name##_cb callback)              \
	{                                                                                          \
		CALL(name##_start);                                                                \
		const struct arming arming = {.callback = (void *)callback, NO_TIMES};             \
		uint32_t index = call.thread ? handle_known(&call, handle) : 0;                    \
		int result;                                                                        \
                                                                                                   \
		if (!index || !callback || call.uv->is_active((const uv_handle_t *)handle))        \
			return call.uv->name##_start(handle, callback);                            \
		result = call.uv->name##_start(handle, on_##name);                                 \
		if (result == 0)                                                                   \
			handle_armed(&call, index, &arming);                                       \
		return result;                                                                     \
	}

LOOP_WATCHER(idle, IDLE)
LOOP_WATCHER(prepare, PREPARE)
LOOP_WATCHER(check, CHECK)

/* --- async -------------------------------------------------------------------------------- */

TRAMPOLINE void on_async(uv_async_t *handle)
{
	struct fired fired;

	fired_handle(&fired, handle, FRAME);
	if (fired.callbacks.callback)
		((uv_async_cb)fired.callbacks.callback)(handle);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

WRAPPER int uv_async_init(uv_loop_t *loop, uv_async_t *handle, uv_async_cb callback)
{
	CALL(async_init);
	uint32_t index;
	int result;

	if (!call.thread)
		return call.uv->async_init(loop, handle, callback);
	/* A send may come from another thread as soon as it is made; nobody has it before that. */
	result = call.uv->async_init(loop, handle, callback ? on_async : NULL);
	if (result != 0)
		return result;
	index = handle_made(&call, handle, ACAUSAL_TYPE_ASYNC, loop);
	if (index)
		live_callbacks(index)->callback = (void *)callback;
	else
		handle->async_cb = callback;
	return result;
}

WRAPPER int uv_async_send(uv_async_t *handle)
{
	CALL(async_send);
	uint32_t index = call.thread ? live_find(handle) : 0;

	/* Before the real one: the callback may run at once on the loop's thread. */
	if (index)
		resource_caused(&call, index, ACAUSAL_CAUSE_SEND);
	return call.uv->async_send(handle);
}

/* --- poll --------------------------------------------------------------------------------- */

TRAMPOLINE void on_poll(uv_poll_t *handle, int status, int events)
{
	struct fired fired;

	fired_handle(&fired, handle, FRAME);
	/* After an error libuv polls no more. */
	if (status < 0)
		fired_disarm(&fired);
	((uv_poll_cb)fired.callbacks.callback)(handle, status, events);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

HANDLE_INIT(poll_init, POLL, (uv_loop_t * loop, uv_poll_t *handle, int fd), (loop, handle, fd))
HANDLE_INIT(poll_init_socket, POLL, (uv_loop_t * loop, uv_poll_t *handle, uv_os_sock_t socket),
	(loop, handle, socket))
HANDLE_STOP(poll_stop, uv_poll_t)

WRAPPER int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback)
{
	CALL(poll_start);
	const struct arming arming = {.callback = (void *)callback, NO_TIMES};
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int result;

	if (!index || !callback)
		return call.uv->poll_start(handle, events, callback);
	result = call.uv->poll_start(handle, events, on_poll);
	if (result != 0)
		return result;
	if (events)
		handle_armed(&call, index, &arming);
	else
		handle_disarmed(&call, index, ACAUSAL_END_STOPPED);
	return result;
}

/* --- signals ------------------------------------------------------------------------------ */

TRAMPOLINE void on_signal(uv_signal_t *handle, int signum)
{
	struct fired fired;

	fired_handle(&fired, handle, FRAME);
	((uv_signal_cb)fired.callbacks.callback)(handle, signum);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

HANDLE_INIT(signal_init, SIGNAL, (uv_loop_t * loop, uv_signal_t *handle), (loop, handle))
HANDLE_STOP(signal_stop, uv_signal_t)

/*
 * A handle that waits for the same signal already only gets another callback: whether it fires once
 * or for good stays as it was.
 */
#define SIGNAL_START(name, is_one_shot)                                                            \
	WRAPPER int uv_##name(uv_signal_t *handle, uv_signal_cb callback, int signum)              \
	{                                                                                          \
		CALL(name);                                                                        \
		struct arming arming = {                                                           \
			.callback = (void *)callback, NO_TIMES, .one_shot = (is_one_shot)};        \
		uint32_t index = call.thread ? handle_known(&call, handle) : 0;                    \
		int result;                                                                        \
                                                                                                   \
		if (!index || !callback)                                                           \
			return call.uv->name(handle, callback, signum);                            \
		if (handle->signum == signum)                                                      \
			arming.one_shot = live_at(index)->flags & ARENA_LIVE_ONE_SHOT;             \
		result = call.uv->name(handle, on_signal, signum);                                 \
		if (result == 0)                                                                   \
			handle_armed(&call, index, &arming);                                       \
		return result;                                                                     \
	}

SIGNAL_START(signal_start, false)
SIGNAL_START(signal_start_oneshot, true)

/* --- file events -------------------------------------------------------------------------- */

TRAMPOLINE void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct fired fired;

	fired_handle(&fired, handle, FRAME);
	((uv_fs_event_cb)fired.callbacks.callback)(handle, name, events, status);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

HANDLE_INIT(fs_event_init, FS_EVENT, (uv_loop_t * loop, uv_fs_event_t *handle), (loop, handle))
HANDLE_STOP(fs_event_stop, uv_fs_event_t)

WRAPPER int uv_fs_event_start(
	uv_fs_event_t *handle, uv_fs_event_cb callback, const char *path, unsigned int flags)
{
	CALL(fs_event_start);
	const struct arming arming = {.callback = (void *)callback, NO_TIMES};
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int result;

	if (!index || !callback)
		return call.uv->fs_event_start(handle, callback, path, flags);
	result = call.uv->fs_event_start(handle, on_fs_event, path, flags);
	if (result == 0) {
		resource_detail_text(&call, index, path);
		handle_armed(&call, index, &arming);
	}
	return result;
}

TRAMPOLINE void on_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *previous, const uv_stat_t *current)
{
	struct fired fired;

	fired_handle(&fired, handle, FRAME);
	((uv_fs_poll_cb)fired.callbacks.callback)(handle, status, previous, current);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

HANDLE_INIT(fs_poll_init, FS_POLL, (uv_loop_t * loop, uv_fs_poll_t *handle), (loop, handle))
HANDLE_STOP(fs_poll_stop, uv_fs_poll_t)

WRAPPER int uv_fs_poll_start(
	uv_fs_poll_t *handle, uv_fs_poll_cb callback, const char *path, unsigned int interval)
{
	CALL(fs_poll_start);
	const struct arming arming = {(void *)callback, NULL, EVENT_NO_TIME, interval, false};
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int result;

	if (!index || !callback || call.uv->is_active((const uv_handle_t *)handle))
		return call.uv->fs_poll_start(handle, callback, path, interval);
	result = call.uv->fs_poll_start(handle, on_fs_poll, path, interval);
	if (result == 0) {
		resource_detail_text(&call, index, path);
		handle_armed(&call, index, &arming);
	}
	return result;
}
