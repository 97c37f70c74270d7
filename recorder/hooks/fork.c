/*
 * Processes that are copies of this one: fork and what forks inside.
 *
 * Nothing is done in the child but to take the time: it begins anew when it first has something to
 * record (runtime/forked.h), and if it executes another program soon, never. The child of a signal
 * handler begins at once.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/hooks/spawning.h"
#include "recorder/runtime/forked.h"
#include "recorder/runtime/start.h"

/* NULL: nothing is recorded. */
static struct thread *fork_begins(const struct unwind_start *from, enum acausal_api api)
{
	struct thread *thread;

	libc_resolve();
	thread = thread_self();
	if (!thread)
		return NULL;
	run_settle(thread, from->sp);
	/* Libuv's own doing, but for uv_spawn, is nobody's call. */
	if (thread->spawn_order || !libuv_is_text(from->pc))
		spawn_note(thread, from, api, &thread->fork);
	return thread;
}

/*
 * Whether a signal handler forks, by the stack of the call. What it interrupted may be a hook,
 * which goes on in the child when the handler returns, and counts on there being an arena.
 */
static bool is_of_handler(uint32_t stack)
{
	uint64_t pc;

	for (; stack; stack = arena_map.nodes[stack].caller) {
		pc = atomic_load_explicit(&arena_map.nodes[stack].pc, memory_order_relaxed);
		if (pc & NODE_EXACT || NODE_ADDRESS(pc) == NODE_END_OTHER_STACK)
			return true;
	}
	return false;
}

/* On both sides. In the child `thread` is private memory still, and what it will begin with. */
static void fork_ends(struct thread *thread, bool is_child)
{
	if (!thread)
		return;
	if (!is_child) {
		thread->fork = (struct thread_fork){0};
		return;
	}
	arena_now(&thread->fork.started);
	if (is_of_handler(thread->fork.stack) && !thread_self())
		forked_idle();
}

#define FORK(name, ...)                                                                            \
	struct unwind_start from;                                                                  \
	struct thread *thread;                                                                     \
	pid_t result;                                                                              \
                                                                                                   \
	UNWIND_FROM_CALLER(&from);                                                                 \
	thread = fork_begins(&from, ACAUSAL_API_##name);                                           \
	result = libc_real.name(__VA_ARGS__);                                                      \
	fork_ends(thread, result == 0);                                                            \
	return result

WRAPPER pid_t fork(void)
{
	FORK(fork);
}

WRAPPER pid_t _Fork(void)
{
	FORK(_Fork);
}

WRAPPER int forkpty(
	int *master, char *name, const struct termios *terminal, const struct winsize *size)
{
	FORK(forkpty, master, name, terminal, size);
}

UNRESERVED(daemon);
WRAPPER int acausal_daemon(int stay, int keep_open)
{
	struct unwind_start from;
	struct thread *thread;
	int result;

	UNWIND_FROM_CALLER(&from);
	thread = fork_begins(&from, ACAUSAL_API_daemon);
	/* The process that called does not come back from this but by its failure. */
	if (thread)
		runtime_exits(0);
	result = libc_real.daemon(stay, keep_open);
	if (thread && arena())
		runtime_stays();
	fork_ends(thread, !arena());
	return result;
}

/* --- the end ------------------------------------------------------------------------------ */

WRAPPER _Noreturn void(_exit)(int status)
{
	libc_resolve();
	runtime_exits(status);
	(libc_real._exit)(status);
	__builtin_unreachable();
}

WRAPPER _Noreturn void(_Exit)(int status)
{
	libc_resolve();
	runtime_exits(status);
	(libc_real._Exit)(status);
	__builtin_unreachable();
}
