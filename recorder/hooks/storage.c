/*
 * Storages, the state of all of them, and the context, as the program uses them
 * (recorder/acausal.h). How they are handed on: runtime/carry.h.
 */
#define ACAUSAL_IMPLEMENTATION
#include "recorder/acausal.h"

#include "recorder/hooks/own.h"
#include "recorder/runtime/carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct acausal_storage {
	uint32_t place;
	uint64_t number; /* never used again */
	void (*destroy)(void *value);
};

/* --- storages -------------------------------------------------------------------------------- */

static _Atomic uint64_t places_taken; /* a bit each */

static int place_take(void)
{
	uint64_t taken = atomic_load(&places_taken);
	int place;

	do {
		if (taken == UINT64_MAX)
			return -1;
		place = __builtin_ctzll(~taken);
	} while (!atomic_compare_exchange_weak(&places_taken, &taken, taken | 1ull << place));
	return place;
}

WRAPPER struct acausal_storage *acausal_storage_create(void (*destroy)(void *value))
{
	static _Atomic uint64_t numbers;
	struct acausal_storage *storage;
	int place;

	if (!own_thread()) {
		errno = ENOSYS;
		return NULL;
	}
	storage = malloc(sizeof *storage);
	place = storage ? place_take() : -1;
	if (place < 0) {
		free(storage);
		errno = ENOMEM;
		return NULL;
	}
	*storage = (struct acausal_storage){.place = (uint32_t)place,
		.number = atomic_fetch_add(&numbers, 1) + 1,
		.destroy = destroy};
	return storage;
}

WRAPPER void acausal_storage_destroy(struct acausal_storage *storage)
{
	if (!storage)
		return;
	atomic_fetch_and(&places_taken, ~(1ull << storage->place));
	free(storage);
}

/* `value` NULL: none. False, with errno: what it was, it is still, and the value is the caller's.
 */
static bool value_put(struct thread *thread, const struct acausal_storage *storage, void *value)
{
	struct carry_value *made = NULL;

	if (value) {
		made = carry_value_make(storage->number, value, storage->destroy);
		if (!made) {
			errno = ENOMEM;
			return false;
		}
	}
	if (carry_set_value(thread, storage->place, made))
		return true;
	carry_value_forget(made);
	errno = ENOMEM;
	return false;
}

WRAPPER int acausal_storage_enter(struct acausal_storage *storage, void *value)
{
	struct thread *thread = storage ? own_thread() : NULL;
	struct unwind_start from;

	UNWIND_FROM_CALLER(&from);
	if (!thread)
		return own_fail(ENOSYS);
	run_settle(thread, from.sp);
	if (!carry_is_known(thread))
		return own_fail(ENOTSUP);
	if (!value_put(thread, storage, value))
		return -1;
	carry_settle(thread);
	return 0;
}

/*
 * The function that has `frame` is about to put something else in force, and returns to `from`.
 * Returns its number for put_back; 0: too many are nested.
 */
static uint64_t put_aside(struct thread *thread, uintptr_t frame, const struct unwind_start *from)
{
	uint64_t number;
	bool is_known;

	run_settle(thread, from->sp);
	is_known = carry_is_known(thread);
	number = aside_begin(thread, frame, from->pc);
	if (number && !is_known)
		carry_replace(thread, NULL);
	return number;
}

/* Also in the child, when the function that was called has forked. */
static void put_back(uint64_t number)
{
	struct thread *thread = number ? thread_self() : NULL;
	int count = thread ? aside_find(thread, number) : 0, depth;
	struct carried *outside;

	if (count) {
		depth = thread->asides[count - 1].depth;
		outside = aside_take(thread, count - 1);
		/* A resource may have been entered in it and not left: then it is, later. */
		if (depth < thread->depth && depth < THREAD_RUNS) {
			carry_release(thread->runs[depth].outside);
			thread->runs[depth].outside = outside;
		} else {
			carry_release(carry_change(thread, outside));
		}
	}
	carry_settle(thread);
}

OWN_PASSAGE int acausal_storage_run(
	struct acausal_storage *storage, void *value, void (*callback)(void *), void *argument)
{
	struct thread *thread = storage ? own_thread() : NULL;
	struct unwind_start from;
	uint64_t number = 0;

	UNWIND_FROM_CALLER(&from);
	if (thread)
		number = put_aside(thread, FRAME, &from);
	if (number && !value_put(thread, storage, value)) {
		put_back(number);
		number = 0;
	}
	callback(argument);
	put_back(number);
	return number ? 0 : own_fail(thread ? ENOMEM : ENOSYS);
}

OWN_PASSAGE int acausal_storage_exit(
	struct acausal_storage *storage, void (*callback)(void *), void *argument)
{
	return acausal_storage_run(storage, NULL, callback, argument);
}

/* The calling thread, to be asked what is in force there; NULL: nothing is. `sp`: of who asks. */
static inline struct thread *asked_thread(uintptr_t sp)
{
	struct thread *thread = thread_current;

	/* In the child of a fork this may be the first that is asked. */
	if (unlikely(!arena()))
		thread = thread_self();
	if (likely(thread))
		run_settle(thread, sp);
	return thread;
}

WRAPPER void *acausal_storage_get(struct acausal_storage *storage)
{
	struct thread *thread = asked_thread(ARCH_CALLER_SP());

	return likely(thread && storage) ? carry_get(thread, storage->place, storage->number)
					 : NULL;
}

/* --- all of it ------------------------------------------------------------------------------- */

WRAPPER struct acausal_state *acausal_state_capture(void)
{
	struct thread *thread = own_thread();

	if (!thread)
		return NULL;
	run_settle(thread, ARCH_CALLER_SP());
	return (struct acausal_state *)carry_share(carry_now(thread));
}

OWN_PASSAGE void acausal_state_run(
	struct acausal_state *state, void (*callback)(void *), void *argument)
{
	struct thread *thread = own_thread();
	struct unwind_start from;
	uint64_t number = 0;

	UNWIND_FROM_CALLER(&from);
	if (thread)
		number = put_aside(thread, FRAME, &from);
	if (number)
		carry_release(carry_change(thread, carry_share((struct carried *)state)));
	callback(argument);
	put_back(number);
}

WRAPPER void acausal_state_release(struct acausal_state *state)
{
	carry_release((struct carried *)state);
	carry_settle(arena() ? thread_current : NULL);
}

/* --- the context ----------------------------------------------------------------------------- */

WRAPPER int acausal_context_set(const char *key, const char *value)
{
	struct thread *thread = own_thread();
	struct unwind_start from;
	uint32_t stack;
	int error;

	UNWIND_FROM_CALLER(&from);
	if (!thread)
		return own_fail(ENOSYS);
	if (!key || !*key || strlen(key) > ARENA_CONTEXT_KEY ||
		(value && strlen(value) > ARENA_CONTEXT_VALUE))
		return own_fail(EINVAL);
	run_settle(thread, from.sp);
	stack = run_capture(thread, &from);
	if (!carry_is_known(thread))
		return own_fail(ENOTSUP);
	error = carry_set_context(thread, key, value, stack);
	carry_settle(thread);
	return error ? own_fail(error) : 0;
}

WRAPPER const char *acausal_context_get(const char *key)
{
	struct thread *thread = asked_thread(ARCH_CALLER_SP());

	return thread && key ? carry_get_context(thread, key) : NULL;
}
