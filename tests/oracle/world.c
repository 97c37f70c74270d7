/*
 * The life of a world: chance, what is done by it, the watchdog that keeps it going and ends it.
 */
#include "tests/oracle/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct world worlds[MAX_WORLDS + MAX_LEVEL + 1];
char base_folder[128];
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
	act_raise,
	act_raise_in_handler,
	act_poll,
	act_poll_feed,
	act_fs_event,
	act_fs_poll,
	act_poke,
	act_poke,
	act_poke,
	act_ref,
	act_ref,
	act_pipe_pair,
	act_tcp,
	act_named_pipe,
	act_accept,
	act_connect_nowhere,
	act_write,
	act_write,
	act_shutdown,
	act_udp,
	act_udp_send,
	act_spawn,
	act_spawn,
	act_child,
	act_exec_in_fork,
	act_fork,
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
		object_closing(object, ARM("uv_close"), true);
		uv_close((uv_handle_t *)handle, on_watchdog_closed);
	}
	LEAVE();
}

static void world_begin(struct world *world)
{
	world->watchdog = object_new(world, WATCHDOG, 0);
	uv_timer_init(world->loop, &world->watchdog->handle.timer);
	OBJECT_OPEN(world->watchdog, WATCHDOG, "uv_timer_init");
	object_armed(world->watchdog, ARM("uv_timer_start"), 1, 2, false);
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
		request->thing->life = LIFE_GONE;
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
	world->loop_thing = truth_thing("LOOP", world->loop,
		ARM(is_default ? "uv_default_loop" : "uv_loop_init"), NULL, NULL);
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
	world->loop_thing->life = LIFE_GONE;
	world_end(world);
}
