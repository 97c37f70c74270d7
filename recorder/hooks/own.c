/*
 * Resources of the program's own, and where it is (recorder/acausal.h).
 *
 * Such a resource is armed by its creation, and runs as often as the program says, on any thread.
 * It is found by a key made of its ID, for it has no object.
 */
#define ACAUSAL_IMPLEMENTATION
#include "recorder/hooks/own.h"

#include "recorder/acausal.h"
#include "recorder/hooks/arming.h"
#include "recorder/hooks/birth.h"
#include "recorder/hooks/resource.h"
#include "recorder/runtime/carry.h"
#include "recorder/runtime/listener.h"

#include <errno.h>
#include <string.h>

int own_fail(int error)
{
	errno = error;
	return -1;
}

/* --- where one is ---------------------------------------------------------------------------- */

/* The calling thread; NULL where it is not known what runs. `sp`: of who asks. */
static struct thread *place_thread(uintptr_t sp)
{
	struct thread *thread = own_thread();
	const struct run_nesting *nesting;

	if (!thread)
		return NULL;
	run_settle(thread, sp);
	nesting = run_nesting(thread);
	return nesting && !nesting->frame ? thread : NULL;
}

WRAPPER uint64_t acausal_execution_async_id(void)
{
	struct thread *thread = place_thread(ARCH_CALLER_SP());

	if (!thread)
		return 0;
	return thread->depth ? thread->runs[thread->depth - 1].shared->async_id : thread->async_id;
}

WRAPPER uint64_t acausal_trigger_async_id(void)
{
	const struct thread *thread = place_thread(ARCH_CALLER_SP());
	const struct arena_live *live;
	const struct arena_run *run;

	if (!thread)
		return 0;
	if (!thread->depth)
		return thread->slot->trigger_id;
	run = thread->runs[thread->depth - 1].shared;
	live = live_at(run->live);
	return live->async_id == run->async_id ? live->trigger_id : 0;
}

/* --- making and ending ----------------------------------------------------------------------- */

/* The number of a type, which is made when it is new; 0: there is no room. */
static uint16_t type_number(const char *name)
{
	const uint64_t used = atomic_load(&arena()->used[ARENA_TYPES].value);
	uint32_t index;
	uint64_t i;

	for (i = 0; i < used && i < arena_map.count[ARENA_TYPES]; i++) {
		struct arena_type *type = &arena_map.types[i];

		if (atomic_load(&type->ready) &&
			strncmp(type->name, name, ARENA_TYPE_NAME - 1) == 0)
			return (uint16_t)(ACAUSAL_TYPE_OWN + i);
	}
	/* Two threads at once may make two of one name: to whoever reads them they are one. */
	index = arena_grow(ARENA_TYPES);
	if (index == UINT32_MAX)
		return 0;
	strncpy(arena_map.types[index].name, name, ARENA_TYPE_NAME - 1);
	atomic_store(&arena_map.types[index].ready, 1);
	return (uint16_t)(ACAUSAL_TYPE_OWN + index);
}

static uint64_t own_make(struct call *call, const char *name, uint64_t trigger_id)
{
	struct arena_live *live;
	uint16_t type = type_number(name);
	uint32_t index = type ? live_take(NULL) : 0;
	uint64_t id;

	if (!index) {
		errno = ENOMEM;
		return 0;
	}
	arena_note_used(arena());
	live = live_at(index);
	live->stack = call_stack(call);
	/* What is not there yet made nothing. */
	if (!trigger_id || trigger_id > atomic_load(&arena()->async_id.value))
		trigger_id = run_context_resource(call->thread);
	live->trigger_id = trigger_id;
	live->run_id = run_context(call->thread);
	live->ancestor = lineage_now(call->thread);
	live->type = type;
	live->api = call->api;
	live->thread = call->thread->emit.thread;
	live->flags = ARENA_LIVE_HANDLE;
	carry_made(call->thread, index);
	id = arena_next(&arena()->async_id);
	live->created = call_ticks(call);
	live_link(index, live_own_key(id));
	live_publish(index, id);
	birth_write(call->thread, index);
	if (listener_is_any())
		listener_made(call->thread, index, NULL);
	return id;
}

WRAPPER uint64_t acausal_resource_init(const char *type, uint64_t trigger_async_id)
{
	struct thread *thread = own_thread();
	int saved = errno;
	uint64_t id = 0;
	CALL_LIBC(acausal_resource_init);

	errno = saved;
	if (thread && call.thread && type)
		id = own_make(&call, type, trigger_async_id);
	carry_settle(thread);
	return id;
}

/* Its record; 0 with errno when there is none. */
static uint32_t own_find(const struct thread *thread, uint64_t async_id)
{
	uint32_t index = thread && async_id ? live_find(live_own_key(async_id)) : 0;

	if (!index)
		errno = thread ? EINVAL : ENOSYS;
	return index;
}

WRAPPER int acausal_resource_destroy(uint64_t async_id)
{
	struct thread *thread = own_thread();
	uint32_t index = own_find(thread, async_id);

	if (!index)
		return -1;
	live_unlink(index, live_own_key(async_id));
	resource_destroyed(thread, index, arena_ticks());
	carry_settle(thread);
	return 0;
}

WRAPPER int acausal_resource_resolve(uint64_t async_id)
{
	struct thread *thread = own_thread();
	uint32_t index = own_find(thread, async_id);
	CALL_LIBC(acausal_resource_resolve);

	if (!index)
		return -1;
	if (call.thread)
		resource_caused(&call, index, ACAUSAL_CAUSE_RESOLVE);
	if (listener_is_any())
		listener_resolved(thread, live_at(index)->async_id);
	return 0;
}

/* --- running --------------------------------------------------------------------------------- */

/* Opens a run of it, whose frames lie below `entry`. Returns its depth, or -1. */
static int own_begin(struct thread *thread, uint32_t index, const void *callback, uintptr_t entry)
{
	struct arena_live *live = live_at(index);
	struct run_begin begin = {.async_id = live->async_id,
		.cause_id = cause_take(live),
		.callback = callback,
		.live = index,
		.part = ACAUSAL_PART_CALLBACK};
	int depth;

	birth_tell(thread, index);
	depth = run_begin(thread, &begin, entry);
	if (listener_is_any())
		listener_before(thread);
	return depth;
}

static void own_end(struct thread *thread, int depth, uintptr_t entry)
{
	static const struct run_result none = {EVENT_NO_STATUS, EVENT_NO_STATUS};

	if (thread != thread_current || !arena())
		return;
	if (listener_is_any() && thread->depth == depth + 1 && run_is_open(thread, depth, entry))
		listener_after(thread);
	run_end(thread, depth, entry, &none);
	carry_settle(thread);
}

/* Where the run outside begins: the frames between are of both. */
static uintptr_t outer_entry(const struct thread *thread)
{
	if (thread->depth == 0)
		return thread->stack_high;
	return thread->depth <= THREAD_RUNS ? thread->runs[thread->depth - 1].entry : 0;
}

WRAPPER int acausal_resource_before(uint64_t async_id)
{
	struct thread *thread = own_thread();
	uint32_t index = own_find(thread, async_id);
	struct unwind_start from;

	UNWIND_FROM_CALLER(&from);
	if (!index)
		return -1;
	run_settle(thread, from.sp);
	own_begin(thread, index, (const void *)from.pc, outer_entry(thread));
	return 0;
}

WRAPPER int acausal_resource_after(uint64_t async_id)
{
	struct thread *thread = own_thread();
	struct unwind_start from;
	uint32_t index;
	int depth;

	UNWIND_FROM_CALLER(&from);
	if (!thread)
		return own_fail(ENOSYS);
	run_settle(thread, from.sp);
	depth = thread->depth - 1;
	/* It is not known of which resource the runs are that are nested too deeply. */
	if (depth >= THREAD_RUNS) {
		own_end(thread, depth, 0);
		return 0;
	}
	/* Also of one that was destroyed meanwhile: by the ID that it had here. */
	index = live_find(live_own_key(async_id));
	if (depth < 0 || thread->runs[depth].shared->async_id !=
				 (index ? live_at(index)->async_id : async_id))
		return own_fail(EINVAL);
	own_end(thread, depth, thread->runs[depth].entry);
	return 0;
}

TRAMPOLINE void own_run(
	struct thread *thread, uint32_t index, void (*callback)(void *), void *argument)
{
	const uintptr_t entry = FRAME;
	int depth = own_begin(thread, index, (const void *)callback, entry);

	callback(argument);
	own_end(thread, depth, entry);
}

WRAPPER void acausal_resource_run(uint64_t async_id, void (*callback)(void *), void *argument)
{
	struct thread *thread = own_thread();
	uint32_t index = own_find(thread, async_id);

	if (index)
		own_run(thread, index, callback, argument);
	else
		callback(argument);
}

/* --- bound callbacks ------------------------------------------------------------------------- */

WRAPPER void acausal_bind(
	struct acausal_bound *ret, const char *type, void (*callback)(void *), void *argument)
{
	struct thread *thread = own_thread();
	CALL_LIBC(acausal_bind);

	ret->callback = callback;
	ret->argument = argument;
	ret->async_id = thread && call.thread && type ? own_make(&call, type, 0) : 0;
}

WRAPPER void acausal_bound_call(struct acausal_bound *bound)
{
	struct acausal_bound copy = *bound;

	acausal_resource_run(copy.async_id, copy.callback, copy.argument);
}

WRAPPER void acausal_unbind(struct acausal_bound *bound)
{
	if (bound->async_id)
		acausal_resource_destroy(bound->async_id);
	bound->async_id = 0;
}
