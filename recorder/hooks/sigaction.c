/*
 * What the program sets and asks of the signals that we catch (runtime/disposition.h): it sees what
 * it would see without us. All that libc has for it is made of sigaction, as libc makes it.
 *
 * Other signals, and all of them in a process that is not recorded, are libc's alone.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/runtime/disposition.h"

#include <errno.h>

/* Signals whose handlers are to interrupt system calls, by siginterrupt: bits by number. */
static _Atomic uint64_t interrupting;

/* Sanitizers call these as they begin, when nothing of theirs is ready yet. */
#define EARLY __attribute__((no_sanitize("address", "thread", "undefined")))

EARLY static bool is_ours(int number)
{
	libc_resolve();
	return disposition_started && disposition_is_ours(number);
}

EARLY WRAPPER int sigaction(
	int number, const struct sigaction *restrict action, struct sigaction *restrict old)
{
	return is_ours(number) ? disposition_set(number, action, old)
			       : libc_real.sigaction(number, action, old);
}

EARLY WRAPPER int __sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	return is_ours(number) ? disposition_set(number, action, old)
			       : libc_real.__sigaction(number, action, old);
}

/* Returns the handler that was there, SIG_ERR when it fails. */
WRAPPED sighandler_t set_handler(int number, struct sigaction *action, sighandler_t handler)
{
	struct sigaction old;

	action->sa_handler = handler;
	return disposition_set(number, action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

WRAPPED sighandler_t signal_bsd(int number, sighandler_t handler)
{
	struct sigaction action = {0};

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	sigaddset(&action.sa_mask, number);
	if (!(atomic_load(&interrupting) >> number & 1))
		action.sa_flags = SA_RESTART;
	return set_handler(number, &action, handler);
}

WRAPPED sighandler_t signal_sysv(int number, sighandler_t handler)
{
	struct sigaction action = {.sa_flags = SA_RESETHAND | SA_NODEFER | SA_INTERRUPT};

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	return set_handler(number, &action, handler);
}

#define SIGNAL(name, how)                                                                          \
	WRAPPER sighandler_t name(int number, sighandler_t handler)                                \
	{                                                                                          \
		return is_ours(number) ? signal_##how(number, handler)                             \
				       : libc_real.name(number, handler);                          \
	}

SIGNAL(signal, bsd)
SIGNAL(bsd_signal, bsd)
SIGNAL(__sysv_signal, sysv)

UNRESERVED(ssignal);
WRAPPER sighandler_t acausal_ssignal(int number, sighandler_t handler)
{
	return is_ours(number) ? signal_bsd(number, handler) : libc_real.ssignal(number, handler);
}

UNRESERVED(sysv_signal);
WRAPPER sighandler_t acausal_sysv_signal(int number, sighandler_t handler)
{
	return is_ours(number) ? signal_sysv(number, handler)
			       : libc_real.sysv_signal(number, handler);
}

WRAPPED sighandler_t sigset_ours(int number, sighandler_t handler)
{
	struct sigaction action = {0};
	sigset_t set, before;
	sighandler_t old;

	sigemptyset(&set);
	sigaddset(&set, number);
	if (handler == SIG_HOLD) {
		if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
			return SIG_ERR;
		if (sigismember(&before, number))
			return SIG_HOLD;
		return disposition_set(number, NULL, &action) == 0 ? action.sa_handler : SIG_ERR;
	}
	/* libc sees nothing wrong with SIG_ERR here. */
	old = set_handler(number, &action, handler);
	if (old == SIG_ERR || sigprocmask(SIG_UNBLOCK, &set, &before) < 0)
		return SIG_ERR;
	return sigismember(&before, number) ? SIG_HOLD : old;
}

WRAPPER sighandler_t sigset(int number, sighandler_t handler)
{
	return is_ours(number) ? sigset_ours(number, handler) : libc_real.sigset(number, handler);
}

WRAPPER int sigignore(int number)
{
	const struct sigaction action = {.sa_handler = SIG_IGN};

	return is_ours(number) ? disposition_set(number, &action, NULL)
			       : libc_real.sigignore(number);
}

WRAPPER int siginterrupt(int number, int interrupts)
{
	struct sigaction action;

	if (!is_ours(number))
		return libc_real.siginterrupt(number, interrupts);
	if (disposition_set(number, NULL, &action) != 0)
		return -1;
	if (interrupts) {
		atomic_fetch_or(&interrupting, 1ull << number);
		action.sa_flags &= ~SA_RESTART;
	} else {
		atomic_fetch_and(&interrupting, ~(1ull << number));
		action.sa_flags |= SA_RESTART;
	}
	return disposition_set(number, &action, NULL);
}

EARLY WRAPPER int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
	libc_resolve();
	return disposition_started ? thread_sigaltstack(stack, old)
				   : libc_real.sigaltstack(stack, old);
}
