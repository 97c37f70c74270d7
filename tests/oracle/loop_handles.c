/*
 * Handles of the loop itself but timers and signals: idle, prepare, check, async, poll, fs_event,
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
			object_armed(object, ARM("uv_" #name "_start"), NO_TIMES, false);          \
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
		OBJECT_OPEN(object, KIND, "uv_" #name "_init");                                    \
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
	OBJECT_STOPPED(object);
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

void local_sent(struct object *object, struct arm arm)
{
	struct truth_thing *thing = object_thing(object);
	const size_t i = thing->sends.count;

	acts_add(&object->causes, arm);
	if (!thing->knows_sends)
		return;
	acts_add(&thing->sends, arm);
	thing->firsts = realloc(thing->firsts, (i + 1) * sizeof *thing->firsts);
	if (!thing->firsts)
		abort();
	thing->firsts[i] = object->causes.count == 1 ? i : thing->firsts[i - 1];
}

static void on_async(uv_async_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	/* Of several sends the first counts; what was sent before a fork may be lost. */
	if (object->causes.count && !object_thing(object)->is_inherited)
		object->causes.count = 1;
	ENTER_OBJECT(object);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3)) {
		local_sent(object, ARM("uv_async_send"));
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
	uv_async_init(world->loop, &object->handle.async, one_in(world, 8) ? NULL : on_async);
	OBJECT_OPEN(object, LOCAL_ASYNC, "uv_async_init");
	object->armed = object->thing->made;
	object->cause = CAUSE_ONE_OF;
	object->cause_kind = "send";
	object->thing->knows_sends = true;
	KEEP_FRAME();
}

void act_send_local(struct world *world)
{
	struct object *object = object_any(world, LOCAL_ASYNC);

	if (!object)
		return;
	for (unsigned times = 1 + below(world, 3); times; times--) {
		local_sent(object, ARM("uv_async_send"));
		uv_async_send(&object->handle.async);
	}
	KEEP_FRAME();
}

static __thread struct object *signal_target;

static void on_usr1(int number)
{
	(void)number;
	if (signal_target)
		uv_async_send(&signal_target->handle.async);
	else
		signals_raise(1);
	KEEP_FRAME();
}

void act_send_signal(struct world *world)
{
	struct sigaction handler = {.sa_handler = on_usr1};

	signal_target = object_any(world, LOCAL_ASYNC);
	if (!signal_target)
		return;
	sigaction(SIGUSR1, &handler, NULL);
	local_sent(signal_target, (struct arm){truth_now(), "uv_async_send", "on_usr1"});
	raise(SIGUSR1);
	KEEP_FRAME();
}

/* A signal sent out of the handler of another. */
void act_raise_in_handler(struct world *world)
{
	struct sigaction handler = {.sa_handler = on_usr1};

	(void)world;
	signal_target = NULL;
	sigaction(SIGUSR1, &handler, NULL);
	raise(SIGUSR1);
	KEEP_FRAME();
}

/* --- poll --------------------------------------------------------------------------------------
 */

static void on_poll(uv_poll_t *handle, int status, int events);

static void on_poll_other(uv_poll_t *handle, int status, int events)
{
	struct object *object = (struct object *)handle;

	(void)events;
	ENTER_OBJECT_WITH(object, status, TRUTH_NONE);
	object_close(object);
	LEAVE();
}

__attribute__((noinline)) static void poll_start(struct object *object)
{
	struct world *world = object->world;
	const int events = one_in(world, 4) ? UV_READABLE | UV_WRITABLE : UV_READABLE;

	object_armed(object, ARM("uv_poll_start"), NO_TIMES, false);
	uv_poll_start(&object->handle.poll, events, one_in(world, 5) ? on_poll_other : on_poll);
	KEEP_FRAME();
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;
	char byte;

	ENTER_OBJECT_WITH(object, status, TRUTH_NONE);
	if (events & UV_READABLE)
		(void)!read(object->descriptors[0], &byte, 1);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3))
		poll_start(object);
	else if (one_in(world, 4)) {
		if (one_in(world, 2))
			uv_poll_start(handle, 0, on_poll_other);
		else
			uv_poll_stop(handle);
		OBJECT_STOPPED(object);
	}
	play(world);
	LEAVE();
}

void act_poll(struct world *world)
{
	struct object *object = object_new(world, POLL, 1 + (int)below(world, 6));
	bool is_socket;
	int result;

	if (!object)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, object->descriptors)) {
		object_drop(object);
		return;
	}
	is_socket = one_in(world, 2);
	if (!is_socket)
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
	OBJECT_OPEN(object, POLL, is_socket ? "uv_poll_init_socket" : "uv_poll_init");
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
		object_armed(object, arm, NO_TIMES, false);
	KEEP_FRAME();
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)name;
	(void)events;
	ENTER_OBJECT_WITH(object, status, TRUTH_NONE);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 3)) {
		if (one_in(world, 2)) {
			uv_fs_event_stop(handle);
			OBJECT_STOPPED(object);
		}
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
	OBJECT_OPEN(object, FS_EVENT, "uv_fs_event_init");
	fs_event_start(object);
	KEEP_FRAME();
}

static void on_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after);

__attribute__((noinline)) static void fs_poll_start(struct object *object)
{
	char path[192];

	/*
	 * libuv keeps the callback of a handle that is active. One that was stopped is not started
	 * again: libuv 1.44 fails an assertion then, when its stat was under way.
	 */
	if (!object->armed.token)
		object_armed(object, ARM("uv_fs_poll_start"), -1, 2, false);
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

	(void)before;
	(void)after;
	ENTER_OBJECT_WITH(object, status, TRUTH_NONE);
	if (object_done(object))
		object_close(object);
	else if (one_in(world, 5)) {
		uv_fs_poll_stop(handle);
		OBJECT_STOPPED(object);
	} else if (one_in(world, 3))
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
	OBJECT_OPEN(object, FS_POLL, "uv_fs_poll_init");
	fs_poll_start(object);
	KEEP_FRAME();
}

/* --- any of them -------------------------------------------------------------------------------
 */

/* Whether it keeps its loop alive; the loop's own watchdog goes on. */
void act_ref(struct world *world)
{
	struct object *object;

	if (!world->open_count)
		return;
	object = world->open[below(world, (unsigned)world->open_count)];
	if (object == world->watchdog)
		return;
	if (one_in(world, 3)) {
		truth_ref(object_thing(object), ARM("uv_ref"), true);
		uv_ref(&object->handle.handle);
	} else {
		truth_ref(object_thing(object), ARM("uv_unref"), false);
		uv_unref(&object->handle.handle);
	}
	KEEP_FRAME();
}

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
		signal_poke(object);
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
