/*
 * Signals: those that the program sends to itself, from callbacks, threads of all kinds and signal
 * handlers, and the handles of all worlds that wait for them.
 *
 * libuv's own handler runs before the sender goes on and writes a message for every handle that
 * waits for the signal, so that under one lock the order of sends is the order of messages.
 */
#include "tests/oracle/world.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_SIGNAL_HANDLES = MAX_WORLDS * MAX_OPEN };

/* All are ignored by default, so that sending them is harmless. */
static const int numbers[] = {SIGURG, SIGWINCH};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *handles[MAX_SIGNAL_HANDLES];
static int handle_count;
static bool is_silent;

/* --- sending -----------------------------------------------------------------------------------
 */

__attribute__((noinline)) static void send_one_way(int number, int way)
{
	switch (way) {
	case 0:
		pthread_kill(pthread_self(), number);
		break;
	case 1:
		kill(getpid(), number);
		break;
	case 2:
		uv_kill(getpid(), number);
		break;
	case 3:
		sigqueue(getpid(), number, (union sigval){0});
		break;
	default:
		raise(number);
	}
	KEEP_FRAME();
}

static const char *way_name(int way)
{
	static const char *const names[] = {"pthread_kill", "kill", "uv_kill", "sigqueue"};

	return way < 4 ? names[way] : "raise";
}

void signals_raise(unsigned random)
{
	const int number = numbers[random % 2];
	/* What is sent to the process goes to the main thread, and only that has it at once. */
	const int way = gettid() == getpid() ? (int)(random / 2 % 6) : (int)(random / 2 % 2) * 4;

	if (is_silent)
		return;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < handle_count; i++)
		if (handles[i]->handle.signal.signum == number)
			acts_add(&handles[i]->causes,
				(struct arm){truth_now(), way_name(way), "send_one_way"});
	send_one_way(number, way);
	pthread_mutex_unlock(&lock);
}

/*
 * In the child of a fork: a message for a loop of another thread would go through the pipe that is
 * the parent's too, so nothing is sent any more.
 */
void signals_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	is_silent = true;
}

void act_raise(struct world *world)
{
	for (unsigned times = 1 + below(world, 2); times; times--)
		signals_raise(below(world, 1000));
	KEEP_FRAME();
}

/* --- receiving ---------------------------------------------------------------------------------
 */

static void on_signal(uv_signal_t *handle, int number);
static void on_signal_other(uv_signal_t *handle, int number);

/* Of several sends each has a run of its own. */
static uint64_t signal_enter(struct object *object, const char *function)
{
	struct acts waiting;
	uint64_t outer;

	pthread_mutex_lock(&lock);
	waiting = object->causes;
	object->causes = (struct acts){0};
	if (waiting.count)
		acts_add(&object->causes, waiting.list[0]);
	outer = object_enter(object, function, TRUTH_NONE, TRUTH_NONE);
	for (size_t i = 1; i < waiting.count; i++)
		acts_add(&object->causes, waiting.list[i]);
	pthread_mutex_unlock(&lock);
	acts_clear(&waiting);
	return outer;
}

#define ENTER_SIGNAL(object) const uint64_t outer = signal_enter((object), __func__)

void signal_forget(struct object *object)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < handle_count; i++)
		if (handles[i] == object) {
			handles[i] = handles[--handle_count];
			break;
		}
	pthread_mutex_unlock(&lock);
}

/*
 * libuv stops a handle that fires once after its callback, whatever that did with it, and forgets
 * the messages for what it waited for before: none is started again.
 */
__attribute__((noinline)) static void signal_start(struct object *object)
{
	struct world *world = object->world;
	uv_signal_t *signal = &object->handle.signal;
	const uv_signal_cb callback = one_in(world, 3) ? on_signal_other : on_signal;
	const int number = signal->signum ? signal->signum : numbers[below(world, 2)];

	pthread_mutex_lock(&lock);
	if (!object->armed.token)
		handles[handle_count++] = object;
	if (!object->armed.token && one_in(world, 3)) {
		object_armed(object, ARM("uv_signal_start_oneshot"), NO_TIMES, true);
		object->limit = 1;
		uv_signal_start_oneshot(signal, callback, number);
	} else if (object->limit > 1) {
		object_armed(object, ARM("uv_signal_start"), NO_TIMES, false);
		uv_signal_start(signal, callback, number);
	}
	pthread_mutex_unlock(&lock);
	KEEP_FRAME();
}

void signal_poke(struct object *object)
{
	if (object->handle.signal.signum && object->limit > 1)
		signal_start(object);
	else
		object_close(object);
}

static void on_signal_other(uv_signal_t *handle, int number)
{
	struct object *object = (struct object *)handle;

	(void)number;
	ENTER_SIGNAL(object);
	if (object_done(object))
		object_close(object);
	LEAVE();
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)number;
	ENTER_SIGNAL(object);
	if (object_done(object)) {
		object_close(object);
	} else if (one_in(world, 3)) {
		/* Not started again, see above. */
		pthread_mutex_lock(&lock);
		uv_signal_stop(handle);
		OBJECT_STOPPED(object);
		pthread_mutex_unlock(&lock);
		object->limit = 1;
	} else if (one_in(world, 3)) {
		signal_start(object);
	}
	play(world);
	LEAVE();
}

void act_signal(struct world *world)
{
	struct object *object = object_new(world, SIGNAL, 2 + (int)below(world, 5));

	if (!object)
		return;
	uv_signal_init(world->loop, &object->handle.signal);
	OBJECT_OPEN(object, SIGNAL, "uv_signal_init");
	object->cause = CAUSE_ONE_OF;
	object->cause_kind = "kill";
	signal_start(object);
	KEEP_FRAME();
}
