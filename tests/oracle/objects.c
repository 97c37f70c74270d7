/*
 * Handles and requests as the world keeps them: how they come and go, which thing of the truth each
 * is, what its runs answer. What they do to one another stands in the files of their families.
 */
#include "tests/oracle/world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- handles -----------------------------------------------------------------------------------
 */

struct object *object_new(struct world *world, enum kind kind, int limit)
{
	struct object *object;

	if (world->open_count >= MAX_OPEN - 4 && kind != WATCHDOG && kind != REMOTE_ASYNC)
		return NULL;
	object = malloc(sizeof *object);
	if (!object)
		abort();
	/* A handle's memory is garbage before it is initialised. */
	memset(object, 0xa5, sizeof object->handle);
	memset((char *)object + sizeof object->handle, 0, sizeof *object - sizeof object->handle);
	object->world = world;
	object->kind = kind;
	object->limit = limit;
	return object;
}

static const char *hook_type_of(const uv_handle_t *handle)
{
	switch (handle->type) {
	case UV_ASYNC:
		return "ASYNC";
	case UV_IDLE:
	case UV_CHECK:
		return "Immediate";
	case UV_PREPARE:
		return "PREPARE";
	case UV_TIMER:
		return "Timeout";
	case UV_SIGNAL:
		return "SIGNALWRAP";
	case UV_POLL:
		return "QUERYWRAP";
	case UV_FS_EVENT:
		return "FSEVENTWRAP";
	case UV_FS_POLL:
		return "STATWATCHER";
	case UV_TCP:
		return "TCPWRAP";
	case UV_NAMED_PIPE:
		return "PIPEWRAP";
	case UV_UDP:
		return "UDPWRAP";
	case UV_PROCESS:
		return "PROCESSWRAP";
	default:
		abort();
	}
}

void object_open(struct object *object, enum kind kind, struct arm made)
{
	struct world *world = object->world;

	object->kind = kind;
	object->thing = truth_thing(
		hook_type_of(&object->handle.handle), object, made, world->loop_thing, NULL);
	object->thing->has_ref = 1;
	object->armed = object->closing = (struct arm){0};
	object->runs = 0;
	object->cause = CAUSE_NONE;
	acts_clear(&object->causes);
	acts_clear(&object->earlier);
	if (world->open_count < MAX_OPEN)
		world->open[world->open_count++] = object;
}

/* In the child of a fork, what came along becomes a thing of this process when it is met. */
static struct truth_thing *thing_here(struct world *world, struct truth_thing *thing)
{
	if (!process_identity.is_fork || truth_is_mine(thing))
		return thing;
	if (!truth_is_mine(world->loop_thing))
		world->loop_thing = truth_inherit(world->loop_thing, process_identity.fork, NULL);
	return truth_inherit(thing, process_identity.fork, world->loop_thing);
}

/* Processes and async handles are armed by being made. */
static bool is_armed_by_creation(const struct object *object)
{
	return object->kind == PROCESS || object->kind == LOCAL_ASYNC ||
	       object->kind == REMOTE_ASYNC;
}

struct truth_thing *object_thing(struct object *object)
{
	struct truth_thing *thing = thing_here(object->world, object->thing);

	if (thing != object->thing && is_armed_by_creation(object))
		object->armed = thing->made;
	object->thing = thing;
	return thing;
}

void object_armed(
	struct object *object, struct arm arm, int64_t timeout_ms, int64_t repeat_ms, bool one_shot)
{
	object->armed = arm;
	truth_arm(object_thing(object), arm, timeout_ms, repeat_ms, one_shot);
}

void object_closing(struct object *object, struct arm by, bool calls)
{
	object->closing = by;
	truth_close(object_thing(object), by, calls);
}

void object_drop(struct object *object)
{
	if (object->thing)
		object->thing->life = LIFE_GONE;
	acts_clear(&object->causes);
	acts_clear(&object->earlier);
	free(object);
}

bool object_is_open(const struct object *object)
{
	return !uv_is_closing((const uv_handle_t *)object);
}

struct object *object_forget(struct object *object)
{
	struct world *world = object->world;

	for (int i = 0; i < world->open_count; i++)
		if (world->open[i] == object) {
			world->open[i] = world->open[--world->open_count];
			break;
		}
	if (object->kind == SIGNAL)
		signal_forget(object);
	if (object->kind == POLL) {
		/* libuv must not be polling what is closed. */
		uv_poll_stop(&object->handle.poll);
		OBJECT_STOPPED(object);
		close(object->descriptors[0]);
		close(object->descriptors[1]);
	}
	return object;
}

static void object_bury(struct object *object)
{
	/* Known to be gone at the end of the world, if that comes. */
	object_thing(object)->life = LIFE_UNKNOWN;
	object->next_buried = object->world->buried;
	object->world->buried = object;
}

__attribute__((noinline)) void object_close(struct object *object)
{
	uv_handle_t *handle = (uv_handle_t *)object;
	struct world *world = object->world;

	if (uv_is_closing(handle))
		return;
	object_forget(object);
	if (object->kind == STREAM && handle->type == UV_TCP && one_in(world, 3) &&
		uv_tcp_close_reset(&object->handle.tcp, on_close) == 0) {
		object_closing(object, ARM("uv_tcp_close_reset"), true);
		return;
	}
	if (one_in(world, 6)) {
		object_closing(object, ARM("uv_close"), false);
		object_bury(object);
		uv_close(handle, NULL);
	} else {
		object_closing(object, ARM("uv_close"), true);
		uv_close(handle, one_in(world, 4) ? close_again_callback : on_close);
	}
	KEEP_FRAME();
}

void on_close(uv_handle_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	ENTER_CLOSE(object);
	if (one_in(world, 2))
		memset(&object->handle, 0x5a, sizeof object->handle);
	object_drop(object);
	play_and_nest(world);
	LEAVE();
}

struct object *object_any(struct world *world, enum kind kind)
{
	unsigned first, count = (unsigned)world->open_count;

	if (!count)
		return NULL;
	first = below(world, count);
	for (unsigned i = 0; i < count; i++) {
		struct object *object = world->open[(first + i) % count];

		if (object->kind == kind)
			return object;
	}
	return NULL;
}

uint64_t object_enter(struct object *object, const char *function, int64_t status, int64_t bytes)
{
	struct truth_thing *thing = object_thing(object);
	const struct truth_run run = {.part = "callback",
		.thing = thing,
		.armed = object->armed,
		.is_armed = !is_armed_by_creation(object),
		/* What was sent before a fork need not be known in the child. */
		.cause = thing->is_inherited && object->cause == CAUSE_ONE_OF ? CAUSE_PERHAPS
									      : object->cause,
		.cause_kind = object->cause_kind,
		.causes = &object->causes,
		.status = status,
		.bytes = bytes};
	const uint64_t outer = truth_enter(function, &run);

	acts_clear(&object->causes);
	return outer;
}

uint64_t object_enter_close(struct object *object, const char *function)
{
	const struct truth_run run = {.part = "close",
		.thing = object_thing(object),
		.armed = object->closing,
		.is_armed = true,
		.cause = CAUSE_NONE,
		.status = TRUTH_NONE,
		.bytes = TRUTH_NONE};

	object->thing->life = LIFE_GONE;
	return truth_enter(function, &run);
}

bool object_done(struct object *object)
{
	return ++object->runs >= object->limit || object->world->ending;
}

/* --- requests ----------------------------------------------------------------------------------
 */

struct request *request_new(struct world *world)
{
	struct request *request = malloc(sizeof *request);

	if (!request)
		abort();
	memset(request, 0xa5, sizeof *request);
	request->world = world;
	request->thing = NULL;
	request->canceled = (struct arm){0};
	request->worked = 0;
	request->bytes = TRUTH_NONE;
	request->steps = 0;
	request->file = -1;
	request->pause_us = 0;
	return request;
}

static const char *hook_type_of_request(const char *api)
{
	static const char *const types[][2] = {
		{"uv_fs_opendir", "DIRHANDLE"},
		{"uv_fs_readdir", "DIRHANDLE"},
		{"uv_fs_closedir", "DIRHANDLE"},
		{"uv_fs_", "FSREQCALLBACK"},
		{"uv_write", "WRITEWRAP"},
		{"uv_shutdown", "SHUTDOWNWRAP"},
		{"uv_tcp_connect", "TCPCONNECTWRAP"},
		{"uv_pipe_connect", "PIPECONNECTWRAP"},
		{"uv_udp_send", "UDPSENDWRAP"},
		{"uv_getaddrinfo", "GETADDRINFOREQWRAP"},
		{"uv_getnameinfo", "GETNAMEINFOREQWRAP"},
		{"uv_random", "RANDOMBYTESREQUEST"},
		{"uv_queue_work", "WORK"},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strncmp(api, types[i][0], strlen(types[i][0])))
			return types[i][1];
	abort();
}

/* What was asked for and never ran was refused, unless it is one that has no callback. */
static void request_ended(struct request *request)
{
	if (!request->thing)
		return;
	request->thing->life = LIFE_GONE;
	request->thing->refused = request->thing->runs == 0;
}

void request_armed(struct request *request, struct arm arm, struct object *on)
{
	request_ended(request);
	request->armed = arm;
	request->canceled = (struct arm){0};
	request->worked = 0;
	request->thing = truth_thing(hook_type_of_request(arm.api), &request->req, arm,
		request->world->loop_thing, on ? object_thing(on) : NULL);
	if (!on)
		request->thing->pool = strcmp(arm.api, "uv_queue_work") ? POOL_FILE : POOL_WORK;
}

/* The handle that it was asked of. */
static const struct object *request_on(const struct request *request)
{
	switch (request->req.req.type) {
	case UV_WRITE:
		return (const struct object *)request->req.write.handle;
	case UV_CONNECT:
		return (const struct object *)request->req.connect.handle;
	case UV_SHUTDOWN:
		return (const struct object *)request->req.shutdown.handle;
	case UV_UDP_SEND:
		return (const struct object *)request->req.udp_send.handle;
	default:
		return NULL;
	}
}

/*
 * What made it fire: uv_cancel, its work, or that the handle it was on was closed. libuv also
 * cancels writes when connecting has failed: that has no cause.
 */
static void request_cause(struct request *request, struct truth_run *run, struct acts *causes)
{
	const struct object *on = request_on(request);

	if (request->canceled.token) {
		acts_add(causes, request->canceled);
		run->cause_kind = "cancel";
		request->thing->pool = POOL_CANCELED;
	} else if (request->worked) {
		acts_add(causes, (struct arm){request->worked, NULL, NULL});
		run->cause_kind = "work";
	} else if (run->status == UV_ECANCELED && on && uv_is_closing(&on->handle.handle)) {
		acts_add(causes, on->closing);
		run->cause_kind = "close";
	} else {
		return;
	}
	run->cause = CAUSE_ONE_OF;
	run->causes = causes;
}

uint64_t request_enter(struct request *request, const char *part, const char *function,
	int64_t status, int64_t bytes)
{
	const bool is_work = strcmp(part, "work") == 0;
	struct truth_run run = {.part = part,
		.thing = request->thing = thing_here(request->world, request->thing),
		.armed = request->armed,
		.cause = CAUSE_NONE,
		.status = status,
		/* Of what failed nobody knows how much was written. */
		.bytes = status < 0 ? TRUTH_NONE : bytes};
	struct acts causes = {0};
	uint64_t outer;

	if (!is_work) {
		request_cause(request, &run, &causes);
		if (run.thing->is_inherited && run.cause == CAUSE_ONE_OF)
			run.cause = CAUSE_PERHAPS;
		request_forget(request);
	}
	outer = truth_enter(function, &run);
	if (!is_work)
		request->thing->life = LIFE_GONE;
	acts_clear(&causes);
	return outer;
}

void request_cancelable(struct request *request)
{
	struct world *world = request->world;

	if (world->cancelable_count < MAX_CANCELABLE)
		world->cancelable[world->cancelable_count++] = request;
}

void request_forget(struct request *request)
{
	struct world *world = request->world;

	for (int i = 0; i < world->cancelable_count; i++)
		if (world->cancelable[i] == request) {
			world->cancelable[i] = world->cancelable[--world->cancelable_count];
			return;
		}
}

void request_free(struct request *request)
{
	request_ended(request);
	switch (below(request->world, 3)) {
	case 0:
		memset(request, 0, sizeof *request);
		break;
	case 1:
		memset(request, 0x5a, sizeof *request);
		break;
	}
	free(request);
}

void request_bury(struct request *request)
{
	request->thing->life = LIFE_UNKNOWN;
	request->next_buried = request->world->buried_requests;
	request->world->buried_requests = request;
}
