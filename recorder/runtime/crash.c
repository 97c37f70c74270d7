/*
 * Fatal signals: see crash.h.
 *
 * The handler runs on an alternate stack, uses nothing but async-signal-safe code, and hands over
 * to what was there before it, so that the program dies as it would have, with its core.
 */
#include "recorder/runtime/crash.h"

#include "recorder/runtime/arch.h"
#include "recorder/runtime/forked.h"
#include "recorder/runtime/thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

static void crash_write(int signal, const siginfo_t *info, const ucontext_t *context)
{
	struct thread *thread = thread_self();
	struct stack_bounds bounds = {0};
	struct unwind_start start;
	struct event_crash *event;
	uint32_t stack;
	uint64_t run;

	if (!thread)
		return;
	/* In a core, this is what the last moments' times are reckoned by. */
	arena_renew_anchor();
	unwind_from_context(context, &start);
	run_settle(thread, start.sp);
	run = run_current(thread);
	if (thread->depth > 0 && thread->depth <= THREAD_RUNS)
		bounds.callback = thread->runs[thread->depth - 1].shared->callback;
	/* No limit: after a stack overflow or a wild jump nothing is certain, so each page is
	 * asked. */
	stack = stack_capture_exact(&start, &bounds);
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_crash){
		.signal = signal,
		.code = info->si_code,
		.os_tid = (int32_t)syscall(SYS_gettid),
		.run_id = run,
		.crashed = arena_ticks(),
		.fault_address = signal == SIGABRT ? 0 : (uintptr_t)info->si_addr,
		.stack = stack,
	};
	emit_commit(&thread->emit, EVENT_CRASH, 0, sizeof *event);
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	int saved = errno;

	/* A child of vfork has its parent's arena, and it is not the parent that crashes. */
	if (!arena() || !forked_shares_memory())
		crash_write(signal, info, context);
	sigaction(signal, &standard, NULL);
	errno = saved;
	/*
	 * A fault happens again as soon as we return, and is fatal then. A signal that was sent is
	 * sent again, with all that came with it; so are those after which the program would go on:
	 * a trap, a system call that a filter caught, a memory failure noticed from aside.
	 */
	if (info->si_code <= 0 || signal == SIGTRAP || signal == SIGABRT || signal == SIGSYS ||
		(signal == SIGBUS && info->si_code == BUS_MCEERR_AO))
		syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, info);
}

void crash_start(void)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, old;
	size_t i;

	action.sa_sigaction = on_fatal;
	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof fatal / sizeof *fatal; i++)
		if (sigaction(fatal[i], NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
			old.sa_handler == SIG_DFL)
			sigaction(fatal[i], &action, NULL);
}
