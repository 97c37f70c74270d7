/*
 * Handles of the loop itself but timers: idle, prepare, check, async, signal, poll, fs_event,
 * fs_poll.
 *
 * Calls that leave the callback in force as it was (starting an idle handle that is active, a NULL
 * callback) are made too, and must not change who armed it.
 */
#include "tests/oracle/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- idle, prepare, check ----------------------------------------------------------------------
 */

static void spinner_poke(struct object *object);

#define SPINNER(name, KIND)                                                                        \
	static void on_##name(uv_##name##_t *handle)                                               \
	{                                                                                          \
		struct object *object = (struct object *)handle;                                   \
		struct world *world = object->world;                                               \
                                                                                                   \
		ENTER_OBJECT(object);                                                              \
		if (object_done(object))                                                           \
			object_close(object);                                                      \
		else if (one_in(world, 3))                                                         \
			spinner_poke(object);                                                      \
		if (one_in(world, 3))                                                              \
			play_and_nest(world);                                                      \
		LEAVE();                                                                           \
	}                                                                                          \
                                                                                                   \
	static void on_##name##_other(uv_##name##_t *handle)                                       \
	{                                                                                          \
		struct object *object = (struct object *)handle;                                   \
                                                                                                   \
		ENTER_OBJECT(object);                                                              \
		if (object_done(object))                                                           \
			object_close(object);                                                      \
		LEAVE();                                                                           \
	}                                                                                          \
                                                                                                   \
	__attribute__((noinline)) static void name##_start(struct object *object)                  \
	{                                                                                          \
		/* libuv keeps the callback of a handle that is active. */                         \
		if (!uv_is_active((uv_handle_t *)object))                                          \
			object->armed = ARM("uv_" #name "_start");                                 \
		uv_##name##_start(&object->handle.name,                                            \
			one_in(object->world, 2) ? on_##name : on_##name##_other);                 \
		KEEP_FRAME();                                                                      \
	}                                                                                          \
                                                                                                   \
	static void name##_new(struct world *world)                                                \
	{                                                                                          \
		struct object *object = object_new(world, KIND, 1 + (int)below(world, 8));         \
                                                                                                   \
		if (!object)                                                                       \
			return;                                                                    \
		uv_##name##_init(world->loop, &object->handle.name);                               \
		object_open(object, KIND);                                                         \
		name##_start(object);                                                              \
	}

SPINNER(idle, IDLE)
SPINNER(prepare, PREPARE)
SPINNER(check, CHECK)

static void spinner_start(struct object *object)
{
	switch (object->kind) {
	case IDLE:
		idle_start(object);
		break;
	case PREPARE:
		prepare_start(object);
		break;
	default:
		check_start(object);
	}
}

static void spinner_stop(struct object *object)
{
	switch (object->kind) {
	case IDLE:
		uv_idle_stop(&object->handle.idle);
		break;
	case PREPARE:
		uv_prepare_stop(&object->handle.prepare);
		break;
	default:
		uv_check_stop(&object->handle.check);
	}
}

static void spinner_poke(struct object *object)
{
	switch (below(object->world, 5)) {
	case 0:
		spinner_stop(object);
		break;
	case 1:
		object_close(object);
		break;
	case 2:
		spinner_stop(object);
		spinner_start(object);
		break;
	case 3:
		/* The callback in force stays, even where there is none to replace it. */
		if (uv_is_active((uv_handle_t *)object) && object->kind == IDLE)
			uv_idle_start(&object->handle.idle, on_idle_other);
		break;
	default:
		spinner_start(object);
	}
}

void act_spinner(struct world *world)
{
	static void (*const makers[])(struct world *) = {idle_new, prepare_new, check_new};

	makers[below(world, 3)](world);
	KEEP_FRAME();
}

/* --- async handles of one thread ---------------------------------------------------------------
 */

static void on_async(uv_async_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	/* Of several sends the first counts. */
	if (object->causes.count)
		object->causes.count = 1;
	ENTER_OBJECT(object);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3)) {
		tokens_add(&object->causes, truth_now());
		uv_async_send(handle);
	}
	play(world);
	LEAVE();
}

void act_local_async(struct world *world)
{
	struct object *object = object_new(world, LOCAL_ASYNC, 1 + (int)below(world, 10));

	if (!object)
		return;
	object->armed = ARM("uv_async_init");
	uv_async_init(world->loop, &object->handle.async, one_in(world, 8) ? NULL : on_async);
	object_open(object, LOCAL_ASYNC);
	object->armed = (struct arm){object->born, "uv_async_init", __func__};
	object->cause = CAUSE_ONE_OF;
	KEEP_FRAME();
}

void act_send_local(struct world *world)
{
	struct object *object = object_any(world, LOCAL_ASYNC);

	if (!object)
		return;
	for (unsigned times = 1 + below(world, 3); times; times--) {
		tokens_add(&object->causes, truth_now());
		uv_async_send(&object->handle.async);
	}
	KEEP_FRAME();
}

static __thread struct object *signal_target;

static void on_usr1(int number)
{
	(void)number;
	uv_async_send(&signal_target->handle.async);
}

void act_send_signal(struct world *world)
{
	struct sigaction handler = {.sa_handler = on_usr1};

	signal_target = object_any(world, LOCAL_ASYNC);
	if (!signal_target)
		return;
	sigaction(SIGUSR1, &handler, NULL);
	tokens_add(&signal_target->causes, truth_now());
	raise(SIGUSR1);
	KEEP_FRAME();
}

/* --- signals -----------------------------------------------------------------------------------
 */

/* Both are ignored by default, so that raising them is harmless. */
static const int signals[] = {SIGURG, SIGWINCH};

static void on_signal(uv_signal_t *handle, int number);

static void on_signal_other(uv_signal_t *handle, int number)
{
	struct object *object = (struct object *)handle;

	(void)number;
	ENTER_OBJECT(object);
	if (object_done(object))
		object_close(object);
	LEAVE();
}

__attribute__((noinline)) static void signal_start(struct object *object)
{
	struct world *world = object->world;
	const uv_signal_cb callback = one_in(world, 3) ? on_signal_other : on_signal;
	const int number = signals[below(world, 2)];

	if (one_in(world, 3)) {
		object->armed = ARM("uv_signal_start_oneshot");
		uv_signal_start_oneshot(&object->handle.signal, callback, number);
	} else {
		object->armed = ARM("uv_signal_start");
		uv_signal_start(&object->handle.signal, callback, number);
	}
	KEEP_FRAME();
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)number;
	ENTER_OBJECT(object);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3))
		uv_signal_stop(handle);
	else if (one_in(world, 3))
		signal_start(object);
	play(world);
	LEAVE();
}

void act_signal(struct world *world)
{
	struct object *object = object_new(world, SIGNAL, 1 + (int)below(world, 5));

	if (!object)
		return;
	uv_signal_init(world->loop, &object->handle.signal);
	object_open(object, SIGNAL);
	object->cause = CAUSE_UNKNOWN;
	signal_start(object);
	KEEP_FRAME();
}

void act_raise(struct world *world)
{
	raise(signals[below(world, 2)]);
	KEEP_FRAME();
}

/* --- poll --------------------------------------------------------------------------------------
 */

static void on_poll(uv_poll_t *handle, int status, int events);

static void on_poll_other(uv_poll_t *handle, int status, int events)
{
	struct object *object = (struct object *)handle;

	(void)status;
	(void)events;
	ENTER_OBJECT(object);
	object_close(object);
	LEAVE();
}

__attribute__((noinline)) static void poll_start(struct object *object)
{
	struct world *world = object->world;
	const int events = one_in(world, 4) ? UV_READABLE | UV_WRITABLE : UV_READABLE;

	object->armed = ARM("uv_poll_start");
	uv_poll_start(&object->handle.poll, events, one_in(world, 5) ? on_poll_other : on_poll);
	KEEP_FRAME();
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;
	char byte;

	(void)status;
	ENTER_OBJECT(object);
	if (events & UV_READABLE)
		(void)!read(object->descriptors[0], &byte, 1);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3))
		poll_start(object);
	else if (one_in(world, 4))
		uv_poll_start(handle, 0, on_poll_other);
	play(world);
	LEAVE();
}

void act_poll(struct world *world)
{
	struct object *object = object_new(world, POLL, 1 + (int)below(world, 6));
	int result;

	if (!object)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, object->descriptors)) {
		object_drop(object);
		return;
	}
	if (one_in(world, 2))
		result = uv_poll_init(world->loop, &object->handle.poll, object->descriptors[0]);
	else
		result = uv_poll_init_socket(
			world->loop, &object->handle.poll, object->descriptors[0]);
	if (result) {
		close(object->descriptors[0]);
		close(object->descriptors[1]);
		object_drop(object);
		return;
	}
	object_open(object, POLL);
	object->cause = CAUSE_UNKNOWN;
	poll_start(object);
	(void)!write(object->descriptors[1], "x", 1);
	KEEP_FRAME();
}

void act_poll_feed(struct world *world)
{
	struct object *object = object_any(world, POLL);

	if (object)
		(void)!write(object->descriptors[1], "xyz", 3);
	KEEP_FRAME();
}

/* --- changes of files --------------------------------------------------------------------------
 */

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status);

__attribute__((noinline)) static void fs_event_start(struct object *object)
{
	const struct arm arm = ARM("uv_fs_event_start");

	if (uv_fs_event_start(&object->handle.fs_event, on_fs_event, object->world->folder, 0) == 0)
		object->armed = arm;
	KEEP_FRAME();
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)name;
	(void)events;
	(void)status;
	ENTER_OBJECT(object);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3)) {
		if (one_in(world, 2))
			uv_fs_event_stop(handle);
		fs_event_start(object);
	}
	play(world);
	LEAVE();
}

void act_fs_event(struct world *world)
{
	struct object *object;

	if (object_any(world, FS_EVENT))
		return;
	object = object_new(world, FS_EVENT, 1 + (int)below(world, 6));
	if (!object)
		return;
	uv_fs_event_init(world->loop, &object->handle.fs_event);
	object_open(object, FS_EVENT);
	object->cause = CAUSE_UNKNOWN;
	fs_event_start(object);
	KEEP_FRAME();
}

static void on_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after);

__attribute__((noinline)) static void fs_poll_start(struct object *object)
{
	char path[128];

	/*
	 * libuv keeps the callback of a handle that is active. One that was stopped is not started
	 * again: libuv 1.44 fails an assertion then, when its stat was under way.
	 */
	if (!object->armed.token)
		object->armed = ARM("uv_fs_poll_start");
	else if (!uv_is_active((uv_handle_t *)object))
		return;
	snprintf(path, sizeof path, "%s/f%u", object->world->folder, below(object->world, 3));
	uv_fs_poll_start(&object->handle.fs_poll, on_fs_poll, path, 2);
	KEEP_FRAME();
}

static void on_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)status;
	(void)before;
	(void)after;
	ENTER_OBJECT(object);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 5))
		uv_fs_poll_stop(handle);
	else if (one_in(world, 3))
		fs_poll_start(object);
	play(world);
	LEAVE();
}

void act_fs_poll(struct world *world)
{
	struct object *object;

	if (object_any(world, FS_POLL))
		return;
	object = object_new(world, FS_POLL, 1 + (int)below(world, 3));
	if (!object)
		return;
	uv_fs_poll_init(world->loop, &object->handle.fs_poll);
	object_open(object, FS_POLL);
	object->cause = CAUSE_UNKNOWN;
	fs_poll_start(object);
	KEEP_FRAME();
}

/* --- any of them -------------------------------------------------------------------------------
 */

void act_poke(struct world *world)
{
	const enum kind kinds[] = {TIMER, TIMER, IDLE, PREPARE, CHECK, SIGNAL, POLL, FS_EVENT,
		FS_POLL, LOCAL_ASYNC, STREAM, SERVER, UDP};
	struct object *object =
		object_any(world, kinds[below(world, sizeof kinds / sizeof *kinds)]);

	if (!object)
		return;
	switch (object->kind) {
	case TIMER:
		timer_poke(object);
		break;
	case IDLE:
	case PREPARE:
	case CHECK:
		spinner_poke(object);
		break;
	case SIGNAL:
		signal_start(object);
		break;
	case POLL:
		poll_start(object);
		break;
	case FS_EVENT:
		fs_event_start(object);
		break;
	case FS_POLL:
		fs_poll_start(object);
		break;
	default:
		if (one_in(world, 4))
			object_close(object);
	}
	KEEP_FRAME();
}
