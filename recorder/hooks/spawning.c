/*
 * Where processes come from: see spawning.h.
 *
 * Nothing in here allocates or takes a lock: all of it may happen in the child of a process with
 * many threads, in a child of vfork, and in a signal handler.
 */
#include "recorder/hooks/spawning.h"

#include "recorder/runtime/forked.h"
#include "recorder/runtime/settings.h"

#include <unistd.h>

void spawn_note(struct thread *thread, const struct unwind_start *from, enum acausal_api api,
	struct thread_fork *ret)
{
	const struct spawn_order *order = thread->spawn_order;
	struct event_spawn *event;

	*ret = (struct thread_fork){.api = (uint16_t)(order ? order->api : api)};
	ret->stack = order ? order->stack : run_capture(thread, from);
	ret->run_id = run_context(thread);
	ret->spawn_id = arena_next(&arena()->spawn_id);
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_spawn){
		.stack = ret->stack,
		.spawn_id = ret->spawn_id,
		.run_id = ret->run_id,
		.spawned = arena_ticks(),
		.async_id = order ? order->async_id : 0,
		.api = ret->api,
		.thread = thread->emit.thread,
	};
	emit_commit(&thread->emit, EVENT_SPAWN, 0, sizeof *event);
}

/* A child of vfork, or not: either has this thread, and this arena to write to. */
static void note_as_guest(struct thread *thread, const struct unwind_start *from,
	enum acausal_api api, struct thread_fork *ret)
{
	bool is_guest = forked_shares_memory();

	if (is_guest)
		emit_guest_begin(&thread->emit, getpid());
	spawn_note(thread, from, api, ret);
	if (is_guest)
		emit_guest_end(&thread->emit);
}

bool spawn_origin(const struct unwind_start *from, enum acausal_api api, struct arena_origin *ret)
{
	struct thread *thread = thread_self();
	struct thread_fork fork = {0};

	if (!thread || !forked_self(ret))
		return false;
	run_settle(thread, from->sp);
	note_as_guest(thread, from, api, &fork);
	ret->spawn_id = fork.spawn_id;
	return settings.follows;
}

bool exec_origin(const struct unwind_start *from, enum acausal_api api, struct arena_origin *ret)
{
	if (arena())
		return spawn_origin(from, api, ret);
	/* No arena for this moment: it comes from where this process comes from. */
	if (!forked_self(ret) || !settings.follows)
		return false;
	ret->spawn_id = thread_current ? thread_current->fork.spawn_id : 0;
	return true;
}
