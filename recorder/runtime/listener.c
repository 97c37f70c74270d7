/*
 * The program's own hooks: see listener.h.
 *
 * A hook has one of a fixed number of places, which is never given back to the system: whoever is
 * about to call it counts himself in first and looks then whether it is still the one that was
 * meant.
 */
#include "recorder/runtime/listener.h"

#include "recorder/runtime/arch.h"
#include "recorder/runtime/live.h"

#include <errno.h>

enum place_state { PLACE_FREE, PLACE_FILLING, PLACE_TAKEN };

static struct place {
	_Atomic uint32_t state; /* enum place_state */
	_Atomic uint32_t callers;
	_Atomic uint64_t added_at; /* counts all that were added */
	struct listener_callbacks callbacks;
	void *user;
} places[LISTENER_COUNT];

_Atomic uint32_t listener_enabled;

static _Atomic uint64_t added; /* so far */

int listener_add(const struct listener_callbacks *callbacks, void *user)
{
	int i;

	for (i = 0; i < LISTENER_COUNT; i++) {
		struct place *place = &places[i];
		uint32_t free = PLACE_FREE;

		if (!atomic_compare_exchange_strong(&place->state, &free, PLACE_FILLING))
			continue;
		/* Somebody may be in the hook that was here before. */
		if (atomic_load(&place->callers)) {
			atomic_store(&place->state, PLACE_FREE);
			continue;
		}
		place->callbacks = *callbacks;
		place->user = user;
		atomic_store(&place->added_at, atomic_fetch_add(&added, 1) + 1);
		atomic_store(&place->state, PLACE_TAKEN);
		return i;
	}
	return -1;
}

void listener_enable(int number, bool is_enabled)
{
	if (is_enabled)
		atomic_fetch_or(&listener_enabled, 1u << number);
	else
		atomic_fetch_and(&listener_enabled, ~(1u << number));
}

void listener_remove(int number)
{
	listener_enable(number, false);
	atomic_store(&places[number].state, PLACE_FREE);
}

/* --- telling --------------------------------------------------------------------------------- */

/* What is told, and of what. */
struct news {
	enum { NEWS_INIT, NEWS_BEFORE, NEWS_AFTER, NEWS_DESTROY, NEWS_RESOLVE } kind;
	uint64_t async_id, trigger_id;
	const char *type;
	const void *object;
};

static void place_call(const struct place *place, const struct news *news)
{
	const struct listener_callbacks *callbacks = &place->callbacks;

	switch (news->kind) {
	case NEWS_INIT:
		if (callbacks->init)
			callbacks->init(news->async_id, news->type, news->trigger_id, news->object,
				place->user);
		break;
	case NEWS_BEFORE:
		if (callbacks->before)
			callbacks->before(news->async_id, place->user);
		break;
	case NEWS_AFTER:
		if (callbacks->after)
			callbacks->after(news->async_id, place->user);
		break;
	case NEWS_DESTROY:
		if (callbacks->destroy)
			callbacks->destroy(news->async_id, place->user);
		break;
	case NEWS_RESOLVE:
		if (callbacks->resolve)
			callbacks->resolve(news->async_id, place->user);
	}
}

void listener_leave(struct thread *thread)
{
	int i;

	for (i = 0; i < LISTENER_COUNT; i++)
		if (thread->telling & 1u << i)
			atomic_fetch_sub(&places[i].callers, 1);
	thread->telling = 0;
}

void listener_inherit(struct thread *thread, struct thread *former)
{
	int i;

	thread->telling = former->telling;
	thread->telling_frame = former->telling_frame;
	thread->telling_returns_to = former->telling_returns_to;
	former->telling = 0;
	for (i = 0; i < LISTENER_COUNT; i++)
		atomic_store(&places[i].callers, thread->telling >> i & 1);
}

/* Notices hooks that were left by longjmp or an exception. */
static void leave_left(struct thread *thread, uintptr_t frame, uintptr_t returns_to)
{
	/* In the place of one that was left just so there is this one. */
	if (thread->telling &&
		(frame == thread->telling_frame || frame_is_left(thread, thread->telling_frame,
							   thread->telling_returns_to, frame)))
		listener_leave(thread);
	if (thread->telling)
		return;
	thread->telling_frame = frame;
	thread->telling_returns_to = returns_to;
}

/* Calls it; returns the thread, which is another one in the child if it forked, or NULL. */
static struct thread *place_tell(struct thread *thread, int number, const struct news *news)
{
	struct place *place = &places[number];

	thread->telling |= 1u << number;
	place_call(place, news);
	thread = thread_current;
	/* Not when it was left before, by longjmp out of a hook that it called, and made up for. */
	if (thread && thread->telling & 1u << number) {
		thread->telling &= ~(1u << number);
		atomic_fetch_sub(&place->callers, 1);
	}
	return thread;
}

/* Of the places in `mask` that which was taken next after the count `*last`; -1: none was. */
static int next_place(uint32_t mask, uint64_t *last)
{
	uint64_t best = UINT64_MAX;
	int i, next = -1;

	for (i = 0; i < LISTENER_COUNT; i++) {
		uint64_t added_at = mask & 1u << i ? atomic_load(&places[i].added_at) : 0;

		if (added_at > *last && added_at < best) {
			best = added_at;
			next = i;
		}
	}
	*last = best;
	return next;
}

/*
 * Tells the hooks of `mask` that are there since `since`, but for those that the thread is in.
 * Returns those that were told.
 */
static __attribute__((noinline)) uint32_t tell(
	struct thread *thread, const struct news *news, uint32_t mask, uint64_t since)
{
	uint32_t told = 0, bit;
	uint64_t last = 0;
	int saved = errno, i;

	leave_left(thread, (uintptr_t)__builtin_frame_address(0), ARCH_CALLER_PC());
	while (thread && (i = next_place(mask & ~thread->telling, &last)) >= 0) {
		struct place *place = &places[i];

		bit = 1u << i;
		atomic_fetch_add(&place->callers, 1);
		if (atomic_load(&listener_enabled) & bit &&
			atomic_load(&place->state) == PLACE_TAKEN &&
			atomic_load(&place->added_at) <= since) {
			thread = place_tell(thread, i, news);
			told |= bit;
		} else {
			atomic_fetch_sub(&place->callers, 1);
		}
	}
	errno = saved;
	return told;
}

static uint32_t tell_all(struct thread *thread, const struct news *news)
{
	return tell(thread, news, atomic_load(&listener_enabled), UINT64_MAX);
}

const char *listener_type_name(unsigned type)
{
	static const char *const names[] = {[0] = "",
#define X(tag, name, class, hook_type, armed) [ACAUSAL_TYPE_##tag] = name,
		ACAUSAL_TYPES(X)
#undef X
	};

	if (type < ACAUSAL_TYPE_COUNT)
		return names[type];
	if (type < ACAUSAL_TYPE_OWN || type - ACAUSAL_TYPE_OWN >= arena_map.count[ARENA_TYPES])
		return "";
	return arena_map.types[type - ACAUSAL_TYPE_OWN].name;
}

void listener_made(struct thread *thread, uint32_t index, const void *object)
{
	const struct arena_live *live = live_at(index);
	const struct news news = {.kind = NEWS_INIT,
		.async_id = live->async_id,
		.trigger_id = live->trigger_id,
		.type = listener_type_name(live->type),
		.object = object};

	tell_all(thread, &news);
}

void listener_over(struct thread *thread, uint64_t async_id)
{
	const struct news news = {.kind = NEWS_DESTROY, .async_id = async_id};

	tell_all(thread, &news);
}

void listener_resolved(struct thread *thread, uint64_t async_id)
{
	const struct news news = {.kind = NEWS_RESOLVE, .async_id = async_id};

	tell_all(thread, &news);
}

void listener_before(struct thread *thread)
{
	int depth = thread->depth;
	struct thread_run *run;
	struct news news = {.kind = NEWS_BEFORE};
	uint64_t now = atomic_load(&added);
	uint32_t told;

	if (depth < 1 || depth > THREAD_RUNS)
		return;
	run = &thread->runs[depth - 1];
	news.async_id = run->shared->async_id;
	told = tell_all(thread, &news);
	/* Whoever is in there may have ended it. */
	if (thread->depth == depth) {
		run->told = told;
		run->told_at = now;
	}
}

void listener_after(struct thread *thread)
{
	struct news news = {.kind = NEWS_AFTER};
	const struct thread_run *run;

	if (thread->depth < 1 || thread->depth > THREAD_RUNS)
		return;
	run = &thread->runs[thread->depth - 1];
	news.async_id = run->shared->async_id;
	if (run->told)
		tell(thread, &news, run->told, run->told_at);
}

void listener_thread_before(struct thread *thread)
{
	const struct news news = {.kind = NEWS_BEFORE, .async_id = thread->async_id};

	tell_all(thread, &news);
}

void listener_thread_after(struct thread *thread)
{
	const struct news news = {.kind = NEWS_AFTER, .async_id = thread->async_id};
	const struct news over = {.kind = NEWS_DESTROY, .async_id = thread->async_id};

	tell_all(thread, &news);
	tell_all(thread, &over);
}
