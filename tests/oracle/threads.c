/*
 * What goes across threads and loops: threads made in callbacks, worlds of their own, sends to
 * another world, a loop run inside a callback, and functions called synchronously by libuv.
 */
#include "tests/oracle/world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_THREADS = 12 };

/* --- sends to another thread's loop ------------------------------------------------------------
 */

/* Held while sending and while taking what was sent, so that the order of sends is known. */
static pthread_mutex_t remote_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * The sends that this run may answer: the first one since the last run, or, as a send may come in
 * between the true beginning of a run and the taking of the list here, one that was taken by an
 * earlier run although it came too late for it (`earlier`). When there is only such a one, nobody
 * outside libuv can tell whether the earlier run has answered it.
 */
static void on_remote_async(uv_async_t *handle)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;
	struct acts sent, late = {0};
	uint64_t outer;

	pthread_mutex_lock(&remote_lock);
	sent = object->causes;
	object->causes = (struct acts){0};
	if (sent.count)
		acts_add(&object->causes, sent.list[0]);
	for (size_t i = 0; i < object->earlier.count; i++)
		acts_add(&object->causes, object->earlier.list[i]);
	object->cause = sent.count ? CAUSE_ONE_OF : CAUSE_PERHAPS;
	outer = object_enter(object, __func__, TRUTH_NONE, TRUTH_NONE);

	for (size_t i = 1; i < object->earlier.count; i++)
		acts_add(&late, object->earlier.list[i]);
	for (size_t i = object->earlier.count ? 0 : 1; i < sent.count; i++)
		acts_add(&late, sent.list[i]);
	acts_clear(&object->earlier);
	acts_clear(&sent);
	object->earlier = late;
	pthread_mutex_unlock(&remote_lock);
	play(world);
	LEAVE();
}

void remote_begin(struct world *world)
{
	struct object *object = object_new(world, REMOTE_ASYNC, 0);

	uv_async_init(world->loop, &object->handle.async, on_remote_async);
	OBJECT_OPEN(object, REMOTE_ASYNC, "uv_async_init");
	object->armed = object->thing->made;
	object->cause_kind = "send";
	pthread_mutex_lock(&remote_lock);
	world->remote = object;
	world->remote_open = true;
	pthread_mutex_unlock(&remote_lock);
}

void remote_end(struct world *world)
{
	pthread_mutex_lock(&remote_lock);
	world->remote_open = false;
	pthread_mutex_unlock(&remote_lock);
	object_close(world->remote);
}

void send_to_world(unsigned number)
{
	struct world *world = &worlds[number % MAX_WORLDS];

	pthread_mutex_lock(&remote_lock);
	if (world->remote_open) {
		acts_add(&world->remote->causes, ARM("uv_async_send"));
		uv_async_send(&world->remote->handle.async);
	}
	pthread_mutex_unlock(&remote_lock);
}

void act_send_world(struct world *world)
{
	send_to_world(below(world, MAX_WORLDS));
	KEEP_FRAME();
}

/* --- threads -----------------------------------------------------------------------------------
 */

struct thread {
	bool of_libuv;
	uv_thread_t id;
	struct arm armed;
	int world; /* to live in, or -1 */
	unsigned random;
};

static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thread threads[MAX_THREADS];
static int threads_made, threads_joined, worlds_made = 1;

int world_take(void)
{
	int number = -1;

	pthread_mutex_lock(&threads_lock);
	if (worlds_made < MAX_WORLDS)
		number = worlds_made++;
	pthread_mutex_unlock(&threads_lock);
	return number;
}

static void thread_make(int world, unsigned random);

static void live(const struct thread *thread)
{
	char name[16];
	uv_fs_t req;

	if (thread->random % 2) {
		snprintf(name, sizeof name, "oracle %u", thread->random % 100000);
		pthread_setname_np(pthread_self(), name);
		truth_name_thread(name);
	}

	if (thread->world >= 0) {
		world_live(thread->world, base_seed, base_folder);
		return;
	}
	for (unsigned i = 0; i < 1 + thread->random % 4; i++) {
		send_to_world(thread->random / 4 + i);
		uv_fs_stat(NULL, &req, "/", NULL);
		uv_fs_req_cleanup(&req);
		if (thread->random % 3 == 0)
			signals_raise(thread->random + i);
		usleep(100);
	}
	if (thread->random % 5 == 0)
		thread_make(-1, thread->random / 5);
}

static void uv_thread_entry(void *arg)
{
	const struct thread *thread = arg;

	truth_thread("uv_thread", __func__, thread->armed);
	live(thread);
	KEEP_FRAME();
}

static void *pthread_entry(void *arg)
{
	const struct thread *thread = arg;

	truth_thread("pthread", __func__, thread->armed);
	live(thread);
	return NULL;
}

__attribute__((noinline)) static void thread_make(int world, unsigned random)
{
	struct thread *thread;
	int result;

	/* Held until the thread is made: whoever joins must find its id. */
	pthread_mutex_lock(&threads_lock);
	if (threads_made == MAX_THREADS) {
		pthread_mutex_unlock(&threads_lock);
		return;
	}
	thread = &threads[threads_made++];
	thread->of_libuv = random % 2;
	thread->world = world;
	thread->random = random / 2;
	if (thread->of_libuv) {
		const uv_thread_options_t options = {
			UV_THREAD_HAS_STACK_SIZE, .stack_size = 1 << 20};

		if (random % 3) {
			thread->armed = ARM("uv_thread_create");
			result = uv_thread_create(&thread->id, uv_thread_entry, thread);
		} else {
			thread->armed = ARM("uv_thread_create_ex");
			result =
				uv_thread_create_ex(&thread->id, &options, uv_thread_entry, thread);
		}
	} else {
		thread->armed = ARM("pthread_create");
		result = pthread_create(&thread->id, NULL, pthread_entry, thread);
	}
	if (result)
		abort();
	pthread_mutex_unlock(&threads_lock);
}

void threads_forget(void)
{
	pthread_mutex_init(&threads_lock, NULL);
	pthread_mutex_init(&remote_lock, NULL);
	threads_made = threads_joined = 0;
	worlds_made = MAX_WORLDS;
	for (int i = 0; i < MAX_WORLDS + MAX_LEVEL; i++)
		worlds[i].remote_open = false;
	signals_forget();
}

void worlds_lock(void)
{
	pthread_mutex_lock(&threads_lock);
	pthread_mutex_lock(&remote_lock);
}

void worlds_unlock(void)
{
	pthread_mutex_unlock(&remote_lock);
	pthread_mutex_unlock(&threads_lock);
}

void threads_join(void)
{
	for (;;) {
		struct thread *thread = NULL;

		pthread_mutex_lock(&threads_lock);
		if (threads_joined < threads_made)
			thread = &threads[threads_joined++];
		pthread_mutex_unlock(&threads_lock);
		if (!thread)
			return;
		if (thread->of_libuv)
			uv_thread_join(&thread->id);
		else
			pthread_join(thread->id, NULL);
	}
}

void act_thread(struct world *world)
{
	if (one_in(world, 3))
		thread_make(-1, below(world, 1000));
	KEEP_FRAME();
}

void act_world(struct world *world)
{
	int number;

	if (!one_in(world, 3))
		return;
	number = world_take();
	if (number >= 0)
		thread_make(number, below(world, 1000));
	KEEP_FRAME();
}

/* --- a loop inside a callback ------------------------------------------------------------------
 */

struct inner {
	uv_timer_t timer;
	uv_loop_t loop;
	uv_fs_t fs;
	struct truth_thing *loop_thing, *timer_thing, *fs_thing;
	struct arm timer_armed, closing;
};

static uint64_t inner_enter(const char *part, struct truth_thing *thing, struct arm armed,
	const char *function, int64_t status)
{
	const struct truth_run run = {.part = part,
		.thing = thing,
		.armed = armed,
		.is_armed = thing->arming_count > 0,
		.cause = CAUSE_NONE,
		.status = status,
		.bytes = TRUTH_NONE};

	return truth_enter(function, &run);
}

static void on_inner_close(uv_handle_t *handle)
{
	struct inner *inner = (struct inner *)handle;
	const uint64_t outer =
		inner_enter("close", inner->timer_thing, inner->closing, __func__, TRUTH_NONE);

	LEAVE();
}

static void on_inner_timer(uv_timer_t *handle)
{
	struct inner *inner = (struct inner *)handle;
	const uint64_t outer = inner_enter(
		"callback", inner->timer_thing, inner->timer_armed, __func__, TRUTH_NONE);

	inner->closing = ARM("uv_close");
	truth_close(inner->timer_thing, inner->closing, true);
	uv_close((uv_handle_t *)handle, on_inner_close);
	LEAVE();
}

static void on_inner_stat(uv_fs_t *req)
{
	struct inner *inner = req->data;
	const uint64_t outer =
		inner_enter("callback", inner->fs_thing, inner->fs_thing->made, __func__, 0);

	uv_fs_req_cleanup(req);
	inner->timer_armed = ARM("uv_timer_start");
	truth_arm(inner->timer_thing, inner->timer_armed, 0, -1, true);
	uv_timer_start(&inner->timer, on_inner_timer, 0, 0);
	LEAVE();
}

/* Handles and loop on the stack: at the same address the next time. */
__attribute__((noinline)) void act_inner_loop(struct world *world)
{
	struct inner inner;

	if (!one_in(world, 3))
		return;
	if (uv_loop_init(&inner.loop))
		abort();
	inner.loop_thing = truth_thing("LOOP", &inner.loop, ARM("uv_loop_init"), NULL, NULL);
	inner.fs.data = &inner;
	uv_timer_init(&inner.loop, &inner.timer);
	inner.timer_thing =
		truth_thing("Timeout", &inner.timer, ARM("uv_timer_init"), inner.loop_thing, NULL);
	inner.timer_thing->has_ref = 1;
	inner.fs_thing =
		truth_thing("FSREQCALLBACK", &inner.fs, ARM("uv_fs_stat"), inner.loop_thing, NULL);
	inner.fs_thing->pool = POOL_FILE;
	if (uv_fs_stat(&inner.loop, &inner.fs, "/", on_inner_stat))
		abort();
	uv_run(&inner.loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&inner.loop))
		abort();
	inner.loop_thing->life = inner.timer_thing->life = inner.fs_thing->life = LIFE_GONE;
}

/* --- functions that libuv calls synchronously --------------------------------------------------
 */

static void walked(uv_handle_t *handle, void *arg)
{
	struct object *object = (struct object *)handle;
	struct world *world = arg;

	if (object->kind == TIMER && one_in(world, 8))
		object_close(object);
}

/* Called by libuv and leaving by a jump: the call comes back to neither callback nor libuv. */
static void walked_tail(uv_handle_t *handle, void *arg)
{
	struct object *object = (struct object *)handle;
	struct world *world = arg;

	if (object->kind != TIMER || uv_is_closing(handle) || !one_in(world, 8))
		return;
	object_forget(object);
	object_closing(object, ARM_TAIL("uv_close"), true);
	uv_close(handle, on_close);
}

void act_walk(struct world *world)
{
	if (one_in(world, 3))
		uv_walk(world->loop, one_in(world, 2) ? walked : walked_tail, world);
	KEEP_FRAME();
}

static void nothing(void)
{
}

void act_once(struct world *world)
{
	static uv_once_t once = UV_ONCE_INIT;

	uv_once(&once, nothing);
	act_timer(world);
	KEEP_FRAME();
}
