/*
 * The book-keeping of truth.h: executions and things for each thread, kept in memory until the end.
 * Not to be called from alloc callbacks, whose executions the oracle does not follow.
 */
#include "tests/oracle/truth_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct truth_process truth_process;

static _Atomic uint64_t last_token, last_thing;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread struct truth_thread *self;

/* Bits of a number within its process. */
enum { NUMBER_BITS = 32 };

static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 8;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

/* --- processes and threads ---------------------------------------------------------------------
 */

static void number_from(unsigned generation)
{
	const uint64_t base = ((uint64_t)getpid() << 4 | generation) << NUMBER_BITS;

	atomic_store(&last_token, base);
	atomic_store(&last_thing, base);
	truth_process.generation = generation;
}

void truth_begin(unsigned generation, const struct truth_origin *origin)
{
	number_from(generation);
	truth_process.origin = *origin;
}

void truth_forked(const struct truth_origin *origin)
{
	number_from(0);
	truth_process.origin = *origin;
	truth_process.threads = NULL;
	truth_process.exits = NULL;
}

void truth_lock(void)
{
	pthread_mutex_lock(&lock);
}

void truth_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void truth_child_ended(int os_pid, int64_t status, int signal, bool by_callback)
{
	struct truth_exit *end = calloc(1, sizeof *end);

	if (!end)
		abort();
	end->os_pid = os_pid;
	end->status = status;
	end->signal = signal;
	end->by_callback = by_callback;
	truth_lock();
	end->next = truth_process.exits;
	truth_process.exits = end;
	truth_unlock();
}

void truth_thread(const char *kind, const char *function, struct arm armed)
{
	struct truth_thread *thread = calloc(1, sizeof *thread);

	if (!thread)
		abort();
	thread->tid = gettid();
	thread->kind = kind;
	thread->function = function;
	thread->armed = armed;
	thread->root = thread->now = atomic_fetch_add(&last_token, 1) + 1;
	thread->last_thing = &thread->things;
	self = thread;
	truth_lock();
	thread->next = truth_process.threads;
	truth_process.threads = thread;
	truth_unlock();
}

/* A thread that nobody of ours made is one of the pool. */
static void pool_thread_begin(void)
{
	if (!self)
		truth_thread("pool", "-", (struct arm){0});
}

void truth_name_thread(const char *name)
{
	snprintf(self->name, sizeof self->name, "%s", name);
}

uint64_t truth_now(void)
{
	return self->now;
}

int truth_depth(void)
{
	return self->depth;
}

void acts_add(struct acts *acts, struct arm act)
{
	acts->list = grow(acts->list, acts->count, &acts->room, sizeof *acts->list);
	acts->list[acts->count++] = act;
}

void acts_clear(struct acts *acts)
{
	free(acts->list);
	*acts = (struct acts){0};
}

/* --- things ------------------------------------------------------------------------------------
 */

static struct truth_thing *thing_new(const char *hook_type, const void *address)
{
	struct truth_thing *thing = calloc(1, sizeof *thing);

	if (!thing)
		abort();
	/* In the child of a fork, work that came along may be met first by a new thread of the
	 * pool. */
	pool_thread_begin();
	thing->number = atomic_fetch_add(&last_thing, 1) + 1;
	thing->hook_type = hook_type;
	thing->address = address;
	thing->has_ref = -1;
	thing->life = LIFE_ALIVE;
	thing->pool = POOL_NEVER;
	*self->last_thing = thing;
	self->last_thing = &thing->next;
	return thing;
}

struct truth_thing *truth_thing(const char *hook_type, const void *address, struct arm made,
	const struct truth_thing *loop, const struct truth_thing *handle)
{
	struct truth_thing *thing = thing_new(hook_type, address);

	thing->made = made;
	thing->loop = loop ? loop->number : 0;
	thing->handle = handle ? handle->number : 0;
	return thing;
}

bool truth_is_mine(const struct truth_thing *thing)
{
	return thing->number >> NUMBER_BITS == atomic_load(&last_thing) >> NUMBER_BITS;
}

struct truth_thing *truth_inherit(
	const struct truth_thing *thing, struct arm made, const struct truth_thing *loop)
{
	struct truth_thing *heir = thing_new(thing->hook_type, thing->address);

	/* A request keeps its own birth; a handle is born of the fork. */
	heir->made = thing->has_ref < 0 && strcmp(thing->hook_type, "LOOP") ? thing->made : made;
	heir->loop = loop ? loop->number : 0;
	heir->trigger = thing->number;
	heir->is_inherited = true;
	heir->has_ref = thing->has_ref;
	heir->is_closing = thing->is_closing;
	if (thing->standing) {
		heir->armings = grow(NULL, 0, &heir->arming_room, sizeof *heir->armings);
		heir->armings[heir->arming_count++] = thing->armings[thing->standing - 1];
		heir->armings[0].repeat_ms = heir->armings[0].later_ms;
		heir->armings[0].has_fired = false;
		heir->standing = 1;
	}
	return heir;
}

void truth_end(struct truth_thing *thing, enum truth_end end, struct arm by)
{
	struct truth_arming *arming;

	if (!thing->standing || (thing->is_closing && end != END_FIRED))
		return;
	arming = &thing->armings[thing->standing - 1];
	arming->end = end;
	arming->ended = end == END_FIRED ? (struct arm){0} : by;
	thing->standing = 0;
}

void truth_arm(struct truth_thing *thing, struct arm arm, int64_t timeout_ms, int64_t repeat_ms,
	bool one_shot)
{
	if (thing->is_closing)
		return;
	truth_end(thing, END_REPLACED, arm);
	thing->armings = grow(
		thing->armings, thing->arming_count, &thing->arming_room, sizeof *thing->armings);
	thing->armings[thing->arming_count++] = (struct truth_arming){
		arm, {0}, timeout_ms, repeat_ms, repeat_ms, END_STANDS, one_shot, false};
	thing->standing = thing->arming_count;
}

void truth_repeat(struct truth_thing *thing, int64_t repeat_ms)
{
	struct truth_arming *arming = &thing->armings[thing->standing - 1];

	if (!thing->standing || thing->is_closing)
		return;
	arming->later_ms = repeat_ms;
	if (!arming->has_fired)
		arming->repeat_ms = repeat_ms;
}

void truth_close(struct truth_thing *thing, struct arm by, bool calls)
{
	thing->former = thing->standing;
	truth_end(thing, END_CLOSED, by);
	if (calls)
		truth_arm(thing, by, -1, -1, true);
	thing->is_closing = true;
}

void truth_ref(struct truth_thing *thing, struct arm by, bool has_ref)
{
	if (thing->has_ref == has_ref)
		return;
	thing->has_ref = has_ref;
	acts_add(&thing->refs, by);
}

/* The arming that a run of it comes from; a one-shot one is used up. */
static long thing_fires(struct truth_thing *thing, bool is_close)
{
	const size_t standing = thing->is_closing && !is_close ? thing->former : thing->standing;

	if (!standing)
		return -1;
	thing->armings[standing - 1].has_fired = true;
	if (standing == thing->standing && thing->armings[standing - 1].one_shot)
		truth_end(thing, END_FIRED, (struct arm){0});
	return (long)standing - 1;
}

/* --- executions --------------------------------------------------------------------------------
 */

uint64_t truth_enter(const char *function, const struct truth_run *run)
{
	const bool is_work = strcmp(run->part, "work") == 0;
	struct truth_record *record;
	uint64_t outer;

	pool_thread_begin();
	self->records = grow(self->records, self->count, &self->room, sizeof *self->records);
	outer = self->now;
	record = &self->records[self->count++];
	*record = (struct truth_record){
		.token = atomic_fetch_add(&last_token, 1) + 1,
		.outer = outer,
		.thing = run->thing->number,
		.arming = run->is_armed ? thing_fires(run->thing, !strcmp(run->part, "close")) : -1,
		.function = function,
		.run = *run,
	};
	if (run->causes)
		for (size_t i = 0; i < run->causes->count; i++)
			acts_add(&record->causes, run->causes->list[i]);
	/* The loop's thread owns the thing, not the pool's. */
	if (!is_work)
		run->thing->runs++;
	self->now = record->token;
	self->depth++;
	return outer;
}

void truth_leave(uint64_t outer)
{
	self->now = outer;
	self->depth--;
}
