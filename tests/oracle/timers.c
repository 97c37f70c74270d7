/*
 * Timers: one-shot, repeating, armed again before and after they fired, with callbacks that end in
 * a tail call, and made anew in the close callback of another handle at the same address.
 */
#include "tests/oracle/world.h"

#include <string.h>

static void on_timer(uv_timer_t *handle);
static void on_timer_other(uv_timer_t *handle);

static void timer_armed(struct object *object, struct arm arm, unsigned timeout, unsigned repeat)
{
	object->cause = CAUSE_NONE;
	acts_clear(&object->causes);
	object_armed(object, arm, timeout, repeat ? (int64_t)repeat : -1, repeat == 0);
}

__attribute__((noinline)) static void timer_start(struct object *object, uv_timer_cb callback)
{
	struct world *world = object->world;
	const unsigned repeat = one_in(world, 2) ? 0 : 1 + below(world, 2);
	const unsigned timeout = below(world, 3);

	timer_armed(object, ARM("uv_timer_start"), timeout, repeat);
	uv_timer_start(&object->handle.timer, callback, timeout, repeat);
	KEEP_FRAME();
}

/* Of a timer that stands, the cause of its next run; else what arms it. */
__attribute__((noinline)) static void timer_again(struct object *object)
{
	const unsigned repeat = (unsigned)uv_timer_get_repeat(&object->handle.timer);

	if (repeat == 0 || !object->armed.token) {
		/* Does nothing, or is refused. */
		uv_timer_again(&object->handle.timer);
		KEEP_FRAME();
		return;
	}
	acts_clear(&object->causes);
	if (uv_is_active((uv_handle_t *)object)) {
		acts_add(&object->causes, ARM("uv_timer_again"));
		object->cause = CAUSE_ONE_OF;
		object->cause_kind = "again";
	} else {
		timer_armed(object, ARM("uv_timer_again"), repeat, repeat);
	}
	uv_timer_again(&object->handle.timer);
	KEEP_FRAME();
}

void timer_poke(struct object *object)
{
	struct world *world = object->world;
	uv_timer_t *timer = &object->handle.timer;

	switch (below(world, 9)) {
	case 0:
		uv_timer_stop(timer);
		OBJECT_STOPPED(object);
		break;
	case 1:
		uv_timer_stop(timer);
		OBJECT_STOPPED(object);
		timer_start(object, on_timer);
		break;
	case 2:
		timer_again(object);
		break;
	case 3:
		uv_timer_set_repeat(timer, 1);
		truth_repeat(object_thing(object), 1);
		if (one_in(world, 2))
			timer_again(object);
		break;
	case 4:
		uv_timer_start(timer, NULL, 0, 0);
		break;
	case 5:
		object_close(object);
		break;
	case 6:
		timer_start(object, on_timer_other);
		timer_start(object, on_timer);
		break;
	default:
		timer_start(object, one_in(world, 2) ? on_timer : on_timer_other);
	}
}

/* What uv_timer_again caused may or may not go on: see the run after this one. */
static uint64_t timer_enter(struct object *object, const char *function)
{
	const struct arm again = object->causes.count ? object->causes.list[0] : (struct arm){0};
	struct truth_thing *thing = object_thing(object);
	uint64_t outer;

	/* Whether it goes on is decided by the repeat in force now. */
	if (thing->standing)
		thing->armings[thing->standing - 1].one_shot =
			uv_timer_get_repeat(&object->handle.timer) == 0;
	outer = object_enter(object, function, TRUTH_NONE, TRUTH_NONE);
	if (again.token && object->cause != CAUSE_NONE) {
		object->cause = CAUSE_PERHAPS;
		acts_add(&object->causes, again);
	}
	return outer;
}

#define ENTER_TIMER(object) const uint64_t outer = timer_enter((object), __func__)

static void on_timer(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	ENTER_TIMER(object);
	if (object_done(object))
		object_close(object);
	else if (!uv_is_active((uv_handle_t *)handle) || one_in(world, 4))
		timer_poke(object);
	play_and_nest(world);
	LEAVE();
}

static void on_timer_other(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;

	ENTER_TIMER(object);
	if (object_done(object))
		object_close(object);
	else
		timer_start(object, on_timer);
	LEAVE();
}

/* --- timers whose callbacks end in a tail call -------------------------------------------------
 */

static void on_timer_tail_close(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;

	ENTER_TIMER(object);
	object_forget(object);
	object_closing(object, ARM_TAIL("uv_close"), true);
	LEAVE();
	uv_close((uv_handle_t *)handle, on_close);
}

__attribute__((noinline)) static void close_as_tail(uv_handle_t *handle)
{
	uv_close(handle, on_close);
}

static void on_timer_tail_helper(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;

	ENTER_TIMER(object);
	play(object->world);
	if (!object_is_open(object)) {
		LEAVE();
		return;
	}
	object_forget(object);
	object_closing(object, ARM_TAIL("uv_close"), true);
	LEAVE();
	close_as_tail((uv_handle_t *)handle);
}

static void (*volatile close_pointer)(uv_handle_t *, uv_close_cb) = uv_close;

static void on_timer_tail_pointer(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;

	ENTER_TIMER(object);
	object_forget(object);
	object_closing(object, ARM_TAIL("uv_close"), true);
	LEAVE();
	close_pointer((uv_handle_t *)handle, on_close);
}

static void on_timer_tail_start(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;

	ENTER_TIMER(object);
	play(object->world);
	if (!object_is_open(object)) {
		LEAVE();
		return;
	}
	timer_armed(object, ARM_TAIL("uv_timer_start"), 0, 0);
	if (object_done(object)) {
		LEAVE();
		uv_timer_start(handle, on_timer_tail_close, 0, 0);
	} else {
		LEAVE();
		uv_timer_start(handle, on_timer_tail_start, 0, 0);
	}
}

static void on_timer_tail_send(uv_timer_t *handle)
{
	struct object *object = (struct object *)handle;
	struct object *target = object_any(object->world, LOCAL_ASYNC);

	ENTER_TIMER(object);
	object_close(object);
	if (!target) {
		LEAVE();
		return;
	}
	local_sent(target, ARM_TAIL("uv_async_send"));
	LEAVE();
	uv_async_send(&target->handle.async);
}

static struct object *timer_new(struct world *world, int limit)
{
	struct object *object = object_new(world, TIMER, limit);

	if (!object)
		return NULL;
	uv_timer_init(world->loop, &object->handle.timer);
	OBJECT_OPEN(object, TIMER, "uv_timer_init");
	return object;
}

void act_timer(struct world *world)
{
	struct object *object = timer_new(world, 1 + (int)below(world, 12));

	if (!object)
		return;
	if (one_in(world, 10))
		object_close(object);
	else
		timer_start(object, one_in(world, 3) ? on_timer_other : on_timer);
	KEEP_FRAME();
}

void act_timer_tail(struct world *world)
{
	static const uv_timer_cb callbacks[] = {on_timer_tail_close, on_timer_tail_helper,
		on_timer_tail_pointer, on_timer_tail_start, on_timer_tail_start,
		on_timer_tail_send};
	struct object *object = timer_new(world, 2 + (int)below(world, 4));
	unsigned timeout;

	if (!object)
		return;
	timeout = below(world, 2);
	timer_armed(object, ARM("uv_timer_start"), timeout, 0);
	uv_timer_start(&object->handle.timer,
		callbacks[below(world, sizeof callbacks / sizeof *callbacks)], timeout, 0);
	KEEP_FRAME();
}

/* --- a handle made again in its own close callback ---------------------------------------------
 */

static void on_close_again(uv_handle_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	ENTER_CLOSE(object);
	if (world->ending || world->open_count >= MAX_OPEN - 4) {
		object_drop(object);
		LEAVE();
		return;
	}
	memset(handle, 0xa5, sizeof object->handle);
	uv_timer_init(world->loop, &object->handle.timer);
	OBJECT_OPEN(object, TIMER, "uv_timer_init");
	object->limit = 1 + (int)below(world, 3);
	if (one_in(world, 2)) {
		timer_start(object, on_timer);
		play_and_nest(world);
		LEAVE();
		return;
	}
	timer_armed(object, ARM_TAIL("uv_timer_start"), 0, 0);
	LEAVE();
	uv_timer_start(&object->handle.timer, on_timer_other, 0, 0);
}

uv_close_cb close_again_callback = on_close_again;
