/*
 * Fatal signals: see crash.h.
 *
 * Our handler runs on an alternate stack, uses nothing but async-signal-safe code, and then hands
 * over to what the program has chosen (disposition.h): to its default, so that it dies as it would
 * have, with its core; or to its handler, which finds all as the kernel would have left it: the
 * kernel's own frame, moved to the stack where it would be without us, the same mask, nobody below
 * it. What was noted is provisional then, until the thread has shown that it went on.
 *
 * A fault whose signal the program has blocked is not seen: the kernel ends the process without any
 * handler. What its threads were running stands in their slots.
 */
#include "recorder/runtime/crash.h"

#include "recorder/runtime/arch.h"
#include "recorder/runtime/crash_record.h"
#include "recorder/runtime/disposition.h"
#include "recorder/runtime/forked.h"
#include "recorder/runtime/thread.h"
#include "recorder/runtime/unwind_row.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	/* A thread that goes on after so many lives of its faults: their stacks are not copied. */
	SURVIVED_FULLY = 32,
	FRAME_MAX = 1 << 16, /* bytes of the kernel's, with all that a processor may have */
	NEAR = 1 << 18,
};

/* libc's: what it aborts with. */
static const void *const *abort_message;

struct signalled {
	int signal;
	const siginfo_t *info;
	const void *context;
	uintptr_t frame; /* where the stack was as our handler was called */
	bool is_final;	 /* the program has no handler */
};

/* --- noting it ------------------------------------------------------------------------------- */

/*
 * Whether the walk from `start` comes to where the signal of `record` came: then its handler has
 * not returned, nor been left.
 */
static __attribute__((noinline)) bool is_within(
	const struct arena_crash *record, const struct unwind_start *start, bool exact)
{
	uint64_t pcs[ARENA_STACK_DEPTH];
	const uint64_t pc = record->registers[record->register_count - 1] | NODE_EXACT;
	enum node_end end;
	unsigned count = unwind(start, 0, exact, pcs, ARENA_STACK_DEPTH, &end), i;

	/* The same instruction may fault again and again. */
	for (i = exact; i < count; i++)
		if (pcs[i] == pc)
			return true;
	return end != NODE_END_NONE && start->sp < record->handler_sp &&
	       record->handler_sp - start->sp < NEAR;
}

/* Where the signal found the thread. */
static void note_place(
	struct thread *thread, const struct unwind_start *start, uint64_t *run_id, uint32_t *stack)
{
	struct stack_bounds bounds = {0};

	/* In a core, this is what the last moments' times are reckoned by. */
	arena_renew_anchor();
	run_settle(thread, start->sp);
	/* On another stack, one of several callbacks may be meant: the walk tells. */
	if (!thread_owns(thread, start->sp))
		run_capture(thread, start);
	else
		thread->is_astray = false;
	*run_id = run_current(thread);
	if (*run_id && thread->depth > 0 && thread->depth <= THREAD_RUNS)
		bounds.callback = thread->runs[thread->depth - 1].shared->callback;
	/* No limit: after a stack overflow or a wild jump nothing is certain, so each page is
	 * asked. */
	*stack = stack_capture_exact(start, &bounds);
}

static void record_fill(struct thread *thread, struct arena_crash *record,
	const struct signalled *signalled, const struct unwind_start *start)
{
	const siginfo_t *info = signalled->info;

	record->thread = thread->emit.thread;
	record->signal = signalled->signal;
	record->code = info->si_code;
	record->os_tid = (int32_t)syscall(SYS_gettid);
	atomic_store(&record->last_signal, 0);
	atomic_store(&record->has_exited, 0);
	record->crashed = arena_ticks();
	record->fault_address = signalled->signal == SIGABRT ? 0 : (uintptr_t)info->si_addr;
	record->stop_low = unwind_stop_low;
	record->stop_high = unwind_stop_low + unwind_stop_size;
	record->handler_sp = signalled->frame;
	record->generation = (uint32_t)atomic_load(&arena()->generation.value);
	record->message_length = 0;
	crash_record_registers(record, signalled->context);
	if (signalled->signal == SIGABRT)
		crash_record_message(record, abort_message);
	note_place(thread, start, &record->run_id, &record->stack);
	record->stack_length = 0;
	if (thread->survived < SURVIVED_FULLY)
		crash_record_stack(
			record, start->sp, thread_owns(thread, start->sp) ? thread->stack_high : 0);
}

/*
 * Whether the handler of the signal of `record` has sent another one, which came as it returned,
 * before the thread has done anything else.
 */
static bool is_after(const struct arena_crash *record, const struct signalled *signalled)
{
	int i;

	if (signalled->info->si_code > 0)
		return false;
	for (i = 0; i < ARCH_DWARF_REGISTER_COUNT; i++)
		if (record->registers[i] != arch_dwarf_register(signalled->context, i))
			return false;
	return true;
}

static void note_with(struct thread *thread, const struct signalled *signalled)
{
	struct arena_crash *record = crash_record_of(thread->crash, thread->emit.thread);
	const enum arena_crash_state state =
		signalled->is_final ? ARENA_CRASH_FATAL : ARENA_CRASH_NOTED;
	struct unwind_start start;

	unwind_from_context(signalled->context, &start);
	if (record && (is_after(record, signalled) || is_within(record, &start, true))) {
		/* The handler of one signal came to another: the first is what happened. */
		atomic_store(&record->last_signal, signalled->signal);
		if (signalled->is_final)
			crash_record_publish(record, state);
		return;
	}
	if (record) {
		crash_record_release(thread->crash, thread->emit.thread);
		thread->survived++;
	}
	thread->crash = crash_record_take();
	if (!thread->crash)
		return;
	record = &arena_map.crashes[thread->crash - 1];
	record_fill(thread, record, signalled, &start);
	crash_record_publish(record, state);
}

static void note(void *argument)
{
	const struct signalled *signalled = argument;
	struct thread *thread;

	/* A child of vfork has its parent's arena, and it is not the parent that crashes. */
	if (arena() && forked_shares_memory())
		return;
	thread = thread_self();
	/* A fault of our own comes here again, and is not noted. */
	if (!thread || thread->is_noting)
		return;
	thread->is_noting = true;
	note_with(thread, signalled);
	thread->is_noting = false;
}

static bool is_on(const char *stack, uintptr_t sp)
{
	return stack && sp - (uintptr_t)stack < THREAD_SIGNAL_STACK;
}

/* The program's own stack for signals may be just large enough for its handler. */
static void note_aside(struct signalled *signalled)
{
	const struct thread *thread = thread_current;

	if (!thread_signal_stack ||
		is_on(thread_signal_stack, (uintptr_t)__builtin_frame_address(0)) ||
		(thread && thread->is_noting))
		note(signalled);
	else
		arch_call_on((uintptr_t)thread_signal_stack + THREAD_SIGNAL_STACK, note, signalled);
}

void crash_exits(void)
{
	struct thread *thread = arena() ? thread_current : NULL;
	struct arena_crash *record =
		thread ? crash_record_of(thread->crash, thread->emit.thread) : NULL;
	struct unwind_start start;

	if (!record)
		return;
	UNWIND_FROM_CALLER(&start);
	if (is_within(record, &start, false))
		atomic_store(&record->has_exited, 1);
	else
		crash_record_release(thread->crash, thread->emit.thread);
}

/* --- handing over ---------------------------------------------------------------------------- */

/*
 * A fault happens again as soon as we return, and is fatal then. A signal that was sent is sent
 * again, with all that came with it; so are those after which the program would go on: a trap, a
 * system call that a filter caught, a memory failure noticed from aside.
 */
static void die(int signal, siginfo_t *info)
{
	disposition_end(signal);
	if (info->si_signo != signal)
		syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
	else if (info->si_code <= 0 || signal == SIGTRAP || signal == SIGABRT || signal == SIGSYS ||
		 (signal == SIGBUS && info->si_code == BUS_MCEERR_AO))
		syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, info);
}

static void call(int signal, const struct sigaction *action, siginfo_t *info, void *context)
{
	if (action->sa_flags & SA_SIGINFO)
		action->sa_sigaction(signal, info, context);
	else
		action->sa_handler(signal);
}

#if ARCH_SIGNAL_FRAME_MOVES

static bool is_in(const stack_t *stack, uintptr_t sp)
{
	return !(stack->ss_flags & SS_DISABLE) && sp - (uintptr_t)stack->ss_sp <= stack->ss_size;
}

/*
 * Whether the kernel has put its frame on a stack for signals where, without us, it would have
 * stayed on the one that was interrupted.
 */
static bool is_misplaced(
	const struct sigaction *action, const ucontext_t *context, uintptr_t frame, uintptr_t sp)
{
	const stack_t *stack = &context->uc_stack;

	if (!is_in(stack, frame) || is_in(stack, sp))
		return false;
	return !(action->sa_flags & SA_ONSTACK) || stack->ss_sp == (void *)thread_signal_stack;
}

/* The kernel makes room as it writes. */
static bool can_write(uintptr_t from, uintptr_t end)
{
	uintptr_t at;

	for (at = end - 8; at >= from; at -= PAGE)
		if (arch_syscall(ARCH_RT_SIGPROCMASK, SIG_BLOCK, 0, (long)at, 8) != 0)
			return false;
	return arch_syscall(ARCH_RT_SIGPROCMASK, SIG_BLOCK, 0, (long)from, 8) == 0;
}

/* Copies the frame below `sp`. Returns where it is then, 0 when there is no room. */
READS_STACK static uintptr_t frame_move(
	uintptr_t frame, siginfo_t **info, ucontext_t **context, uintptr_t sp)
{
	const uintptr_t end = arch_frame_end(*context, *info);
	const size_t size = end - frame;
	uintptr_t to = (sp - ARCH_RED_ZONE - size) & ~(uintptr_t)7;
	intptr_t distance;
	size_t i;

	to -= (to - frame) % ARCH_FRAME_ALIGN;
	if (size > FRAME_MAX || to > sp || !can_write(to, (to + size + 7) & ~(uintptr_t)7))
		return 0;
	for (i = 0; i < size; i += 8)
		*(uint64_t *)(to + i) = *(const uint64_t *)(frame + i);
	distance = (intptr_t)(to - frame);
	*info = (siginfo_t *)(void *)((char *)*info + distance);
	*context = (ucontext_t *)(void *)((char *)*context + distance);
	arch_frame_moved(*context, distance);
	return to;
}

static void hand_over(int signal, const struct sigaction *action, siginfo_t *info,
	ucontext_t *context, uintptr_t frame, int saved)
{
	struct unwind_start start;

	/* Somebody's handler, which is there instead of ours, has called ours. */
	if (frame + ARCH_FRAME_CONTEXT != (uintptr_t)context) {
		errno = saved;
		call(signal, action, info, context);
		return;
	}
	unwind_from_context(context, &start);
	if (is_misplaced(action, context, frame, start.sp)) {
		frame = frame_move(frame, &info, &context, start.sp);
		if (!frame) {
			/* The kernel would have ended it with this. */
			die(SIGSEGV, info);
			return;
		}
	}
	errno = saved;
	arch_enter_handler(frame, (void *)action->sa_sigaction, signal, info, context);
}

#else

static void hand_over(int signal, const struct sigaction *action, siginfo_t *info,
	ucontext_t *context, uintptr_t frame, int saved)
{
	(void)frame;
	errno = saved;
	call(signal, action, info, context);
}

#endif

static void on_fatal(int signal, siginfo_t *info, void *context)
{
	struct signalled signalled = {
		signal, info, context, ARCH_CALLER_SP() - sizeof(void *), false};
	struct sigaction action;
	int saved = errno;

	disposition_take(signal, &action);
	/* Ignored since a moment ago: a fault is not. */
	if (action.sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	signalled.is_final = action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN;
	note_aside(&signalled);
	if (signalled.is_final) {
		die(signal, info);
		errno = saved;
		return;
	}
	hand_over(signal, &action, info, context, signalled.frame, saved);
}

void crash_start(void)
{
	abort_message = dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE");
	disposition_start(on_fatal);
}
