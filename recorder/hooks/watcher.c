/*
 * Handles that watch for one kind of thing: timers, the three loop watchers, async, poll, file
 * events.
 *
 * All starts follow one form: the real function first, with a trampoline; what it agreed to is
 * written down after it, so that an error leaves the arming before it, and its callback, standing.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/endpoint.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/pool.h"
#include "recorder/hooks/resource.h"

#define NO_TIMES .timeout_ms = EVENT_NO_TIME, .repeat_ms = EVENT_NO_TIME

/* A function that makes a handle and arms nothing. */
#define HANDLE_INIT(name, TYPE, parameters, arguments)                                             \
	WRAPPER int uv_##name parameters                                                           \
	{                                                                                          \
		CALL_ON(name, loop);                                                               \
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
		CALL_ON(name, handle);                                                             \
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

	fired_timer(&fired, handle, handle->repeat, FRAME);
	((uv_timer_cb)fired.callbacks.callback)(handle);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

HANDLE_INIT(timer_init, TIMER, (uv_loop_t * loop, uv_timer_t *handle), (loop, handle))
HANDLE_STOP(timer_stop, uv_timer_t)

WRAPPER int uv_timer_start(
	uv_timer_t *handle, uv_timer_cb callback, uint64_t timeout, uint64_t repeat)
{
	CALL_ON(timer_start, handle);
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
	CALL_ON(timer_again, handle);
	uint32_t index = call.thread ? live_find(handle) : 0;
	/* What armed it is not known, in the child of a fork: then this is not what did. */
	bool is_unknown = index && !(live_at(index)->flags & ARENA_LIVE_ARMED) &&
			  call.uv->is_active((const uv_handle_t *)handle);
	int result = call.uv->timer_again(handle);

	if (!index || is_unknown || result != 0 || handle->repeat == 0 ||
		live_at(index)->flags & ARENA_LIVE_CLOSING)
		return result;
	if (live_at(index)->flags & ARENA_LIVE_ARMED) {
		timer_put_off(&call, index);
	} else {
		/* It stood still: this is what schedules it. */
		const struct arming arming = {live_callbacks(index)->callback, NULL, handle->repeat,
			handle->repeat, false};

		handle_armed(&call, index, &arming);
	}
	return result;
}

/*
 * The repeat of an arming is the one in force when the arming is written: when it fires for the
 * first time, or ends without.
 */
WRAPPER void uv_timer_set_repeat(uv_timer_t *handle, uint64_t repeat)
{
	CALL_ON(timer_set_repeat, handle);
	uint32_t index = call.thread ? live_find(handle) : 0;

	call.uv->timer_set_repeat(handle, repeat);
	if (index && live_at(index)->flags & ARENA_LIVE_ARMED &&
		!(live_at(index)->flags & ARENA_LIVE_CLOSING))
		live_at(index)->repeat_ms = repeat ? repeat : EVENT_NO_TIME;
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
		CALL_ON(name##_start, handle);                                                     \
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
	CALL_ON(async_init, loop);
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
	CALL_ON(async_send, handle);
	uint32_t index = call.thread ? live_find(handle) : 0;

	/* Before the real one: the callback may run at once on the loop's thread. */
	if (index)
		resource_caused(&call, index, ACAUSAL_CAUSE_SEND);
	else if (!call.thread)
		pool_sends(call.uv, handle);
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

#define POLL_INIT(name)                                                                            \
	WRAPPER int uv_##name(uv_loop_t *loop, uv_poll_t *handle, int fd)                          \
	{                                                                                          \
		CALL_ON(name, loop);                                                               \
		int result = call.uv->name(loop, handle, fd);                                      \
                                                                                                   \
		if (call.thread && result == 0)                                                    \
			endpoint_fd(call.thread,                                                   \
				handle_made(&call, handle, ACAUSAL_TYPE_POLL, loop), fd);          \
		return result;                                                                     \
	}

POLL_INIT(poll_init)
POLL_INIT(poll_init_socket)
HANDLE_STOP(poll_stop, uv_poll_t)

WRAPPER int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback)
{
	CALL_ON(poll_start, handle);
	const struct arming arming = {.callback = (void *)callback, NO_TIMES};
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int result;

	/* Waiting for nothing stops it, and needs no callback. */
	if (!index || (!callback && events))
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
	CALL_ON(fs_event_start, handle);
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
	CALL_ON(fs_poll_start, handle);
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
