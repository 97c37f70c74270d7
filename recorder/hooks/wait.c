/*
 * Loops as they wait in the kernel: the calls that libuv makes for it.
 *
 * A wait is written down when it was one: a timeout other than 0, and 5 us at least. Of shorter
 * ones, as a loop under load makes them at every turn, nothing is written; they cost reading the
 * clock twice. The call remains a point of cancellation.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"

#include <errno.h>
#include <time.h>

enum { SHORTEST_NS = 5000 };

struct wait {
	struct thread *thread; /* NULL: not written down */
	uint64_t loop_id, entered;
};

/* Whose loop waits; nothing, when it is not libuv that does, inside the uv_run of a known loop. */
static void wait_begin(struct wait *wait, uintptr_t caller, int timeout)
{
	const struct run_nesting *nesting;

	wait->thread = NULL;
	if (timeout == 0 || !arena() || !thread_current || !libuv_is_text(caller))
		return;
	nesting = run_nesting(thread_current);
	if (!nesting || !nesting->frame || !nesting->loop_id)
		return;
	wait->thread = thread_current;
	wait->loop_id = nesting->loop_id;
	wait->entered = arena_ticks();
}

/*
 * Ticks of 5 us. Until there is time enough to measure by, they are taken for nanoseconds, which a
 * processor's ticks are shorter than: then shorter waits are written down, too.
 */
static uint64_t shortest_ticks(void)
{
	static _Atomic uint64_t measured;
	const struct arena_anchor *from = &arena()->started;
	uint64_t shortest = atomic_load_explicit(&measured, memory_order_relaxed), ns;
	struct timespec now;

	if (likely(shortest))
		return shortest;
	if (arena()->clock == ARENA_CLOCK_MONOTONIC)
		return SHORTEST_NS;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - from->monotonic_ns;
	if (ns < 10000000)
		return SHORTEST_NS;
	shortest = (uint64_t)((double)(arena_ticks() - from->ticks) / (double)ns * SHORTEST_NS);
	atomic_store_explicit(&measured, shortest, memory_order_relaxed);
	return shortest;
}

static void wait_end(const struct wait *wait, int timeout)
{
	struct event_poll *event;
	uint64_t left;

	if (!wait->thread || !arena())
		return;
	left = arena_ticks();
	if (left - wait->entered < SHORTEST_NS / 4 || left - wait->entered < shortest_ticks())
		return;
	event = emit_begin(&wait->thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_poll){
		.timeout_ms = timeout,
		.loop_id = wait->loop_id,
		.entered = wait->entered,
		.left = left,
	};
	emit_commit(&wait->thread->emit, EVENT_POLL, 0, sizeof *event);
}

WRAPPER int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
	struct wait wait;
	int result, saved;

	libc_resolve();
	wait_begin(&wait, (uintptr_t)__builtin_return_address(0), timeout);
	result = libc_real.epoll_wait(epoll, events, count, timeout);
	saved = errno;
	wait_end(&wait, timeout);
	errno = saved;
	return result;
}

WRAPPER int epoll_pwait(
	int epoll, struct epoll_event *events, int count, int timeout, const sigset_t *mask)
{
	struct wait wait;
	int result, saved;

	libc_resolve();
	wait_begin(&wait, (uintptr_t)__builtin_return_address(0), timeout);
	result = libc_real.epoll_pwait(epoll, events, count, timeout, mask);
	saved = errno;
	wait_end(&wait, timeout);
	errno = saved;
	return result;
}
