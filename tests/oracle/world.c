/*
 * The life of a world: its objects and requests, chance, the watchdog that keeps it going and ends
 * it. What the objects do to one another stands in the files of their families.
 */
#include "tests/oracle/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world worlds[MAX_WORLDS];
char base_folder[64];
uint64_t base_seed;

static act *const acts[] = {
	act_timer,
	act_timer,
	act_timer_tail,
	act_timer_tail,
	act_spinner,
	act_local_async,
	act_send_local,
	act_send_local,
	act_send_signal,
	act_signal,
	act_raise,
	act_poll,
	act_poll_feed,
	act_fs_event,
	act_fs_poll,
	act_poke,
	act_poke,
	act_poke,
	act_pipe_pair,
	act_tcp,
	act_named_pipe,
	act_connect_nowhere,
	act_write,
	act_write,
	act_shutdown,
	act_udp,
	act_udp_send,
	act_spawn,
	act_fs_chain,
	act_fs_chain,
	act_fs_sync,
	act_directory,
	act_work,
	act_burst,
	act_work_tail,
	act_dns,
	act_random,
	act_cancel,
	act_thread,
	act_world,
	act_send_world,
	act_inner_loop,
	act_walk,
	act_once,
};

/* --- chance ------------------------------------------------------------------------------------
 */

unsigned below(struct world *world, unsigned limit)
{
	uint64_t x = world->random += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return (x ^ (x >> 31)) % limit;
}

bool one_in(struct world *world, unsigned n)
{
	return below(world, n) == 0;
}

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

void object_open(struct object *object, enum kind kind)
{
	struct world *world = object->world;

	object->kind = kind;
	object->born = truth_now();
	object->armed = object->closing = (struct arm){0};
	object->runs = 0;
	object->cause = CAUSE_NONE;
	tokens_clear(&object->causes);
	tokens_clear(&object->earlier);
	if (world->open_count < MAX_OPEN)
		world->open[world->open_count++] = object;
}

void object_drop(struct object *object)
{
	tokens_clear(&object->causes);
	tokens_clear(&object->earlier);
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
	if (object->kind == POLL) {
		/* libuv must not be polling what is closed. */
		uv_poll_stop(&object->handle.poll);
		close(object->descriptors[0]);
		close(object->descriptors[1]);
	}
	return object;
}

static void object_bury(struct object *object)
{
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
	object->closing = ARM("uv_close");
	if (object->kind == STREAM && handle->type == UV_TCP && one_in(world, 3)) {
		object->closing.api = "uv_tcp_close_reset";
		if (uv_tcp_close_reset(&object->handle.tcp, on_close) == 0)
			return;
		object->closing.api = "uv_close";
	}
	if (one_in(world, 6)) {
		object_bury(object);
		uv_close(handle, NULL);
	} else {
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

uint64_t object_enter(struct object *object, const char *function)
{
	const struct truth_run run = {
		"callback", object, object->armed, object->born, object->cause, &object->causes};
	const uint64_t outer = truth_enter(function, &run);

	tokens_clear(&object->causes);
	return outer;
}

uint64_t object_enter_close(struct object *object, const char *function)
{
	const struct truth_run run = {
		"close", object, object->closing, object->born, CAUSE_NONE, NULL};

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
	request->canceled = request->worked = 0;
	request->steps = 0;
	request->file = -1;
	request->pause_us = 0;
	return request;
}

uint64_t request_enter(struct request *request, const char *part, const char *function)
{
	struct truth_run run = {
		part, request, request->armed, request->armed.token, CAUSE_NONE, NULL};
	struct tokens causes = {0};
	uint64_t outer;

	if (request->canceled || request->worked) {
		run.cause = CAUSE_ONE_OF;
		run.causes = &causes;
		tokens_add(&causes, request->canceled ? request->canceled : request->worked);
	}
	if (strcmp(part, "work") != 0)
		request_forget(request);
	outer = truth_enter(function, &run);
	tokens_clear(&causes);
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
	request->next_buried = request->world->buried_requests;
	request->world->buried_requests = request;
}

/* --- doing things ------------------------------------------------------------------------------
 */

__attribute__((noinline)) static void through_one(act *chosen, struct world *world)
{
	chosen(world);
	KEEP_FRAME();
}

__attribute__((noinline)) static void through_two(act *chosen, struct world *world)
{
	through_one(chosen, world);
	KEEP_FRAME();
}

__attribute__((noinline)) static void through_many(act *chosen, struct world *world, int frames)
{
	if (frames > 0)
		through_many(chosen, world, frames - 1);
	else
		through_two(chosen, world);
	KEEP_FRAME();
}

__attribute__((noinline)) void play(struct world *world)
{
	static void (*const ways[])(act *, struct world *) = {through_one, through_two};
	unsigned times = below(world, 3);

	while (times-- && world->budget > 0) {
		act *chosen = acts[below(world, sizeof acts / sizeof *acts)];

		world->budget--;
		switch (below(world, 4)) {
		case 0:
			chosen(world);
			break;
		case 1:
			through_many(chosen, world, (int)below(world, 12));
			break;
		default:
			ways[below(world, 2)](chosen, world);
		}
	}
	KEEP_FRAME();
}

__attribute__((noinline)) void play_and_nest(struct world *world)
{
	play(world);
	if (truth_depth() < 4 && !world->ending && one_in(world, 12))
		uv_run(world->loop, UV_RUN_NOWAIT);
	KEEP_FRAME();
}

/* --- beginning and end -------------------------------------------------------------------------
 */

static void close_walked(uv_handle_t *handle, void *arg)
{
	struct object *object = (struct object *)handle;
	const struct world *world = arg;

	if (object == world->watchdog || object == world->remote)
		return;
	object_close(object);
}

static void on_watchdog_closed(uv_handle_t *handle)
{
	struct object *object = (struct object *)handle;

	ENTER_CLOSE(object);
	object_drop(object);
	LEAVE();
}

static void on_watchdog(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	ENTER_OBJECT(object);
	if (world->budget > 0 && uv_hrtime() < world->deadline) {
		play(world);
		LEAVE();
		return;
	}
	world->budget = 0;
	if (!world->ending) {
		world->ending = true;
		uv_walk(world->loop, close_walked, world);
	} else {
		remote_end(world);
		object_forget(object);
		object->closing = (struct arm){truth_now(), "uv_close", __func__};
		uv_close((uv_handle_t *)handle, on_watchdog_closed);
	}
	LEAVE();
}

static void world_begin(struct world *world)
{
	world->watchdog = object_new(world, WATCHDOG, 0);
	uv_timer_init(world->loop, &world->watchdog->handle.timer);
	object_open(world->watchdog, WATCHDOG);
	world->watchdog->armed = ARM("uv_timer_start");
	uv_timer_start(&world->watchdog->handle.timer, on_watchdog, 1, 2);
	remote_begin(world);
	for (int i = 0; i < 4; i++)
		play(world);
	KEEP_FRAME();
}

static void world_end(struct world *world)
{
	while (world->buried) {
		struct object *object = world->buried;

		world->buried = object->next_buried;
		object_drop(object);
	}
	while (world->buried_requests) {
		struct request *request = world->buried_requests;

		world->buried_requests = request->next_buried;
		free(request);
	}
}

void world_live(int number, uint64_t seed, const char *folder)
{
	struct world *world = &worlds[number];
	const bool is_default = number == 0 && seed % 2;

	world->number = number;
	world->random = seed * 0x2545f4914f6cdd1dull + (uint64_t)number;
	world->budget = 60 + (int)below(world, 200);
	world->deadline = uv_hrtime() + 600000000ull;
	snprintf(world->folder, sizeof world->folder, "%s/%d", folder, number);
	mkdir(world->folder, 0700);
	if (is_default) {
		world->loop = uv_default_loop();
	} else {
		world->loop = &world->own;
		if (uv_loop_init(world->loop))
			abort();
	}
	world_begin(world);
	switch (below(world, 3)) {
	case 0:
		uv_run(world->loop, UV_RUN_DEFAULT);
		break;
	case 1:
		while (uv_run(world->loop, UV_RUN_ONCE))
			;
		break;
	default:
		while (uv_run(world->loop, UV_RUN_NOWAIT))
			usleep(50);
	}
	if (uv_loop_close(world->loop)) {
		fprintf(stderr, "oracle: a loop still has handles\n");
		uv_print_all_handles(world->loop, stderr);
		abort();
	}
	world_end(world);
}
