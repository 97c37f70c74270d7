/*
 * What the program does about the signals that we catch, as it would see it without us: a second
 * set of dispositions beside the kernel's, for crash.c's handler and for who asks.
 *
 * The kernel's is our handler wherever the program does not ignore the signal. What was put there
 * behind our back (a system call of the program's own, libc's abort) is left there, and is what the
 * program sees then.
 */
#ifndef ACAUSAL_RUNTIME_DISPOSITION_H
#define ACAUSAL_RUNTIME_DISPOSITION_H

#include <signal.h>
#include <stdbool.h>

/* Signals that end a process with a core because of what it did itself. */
bool disposition_is_ours(int signal);

/* Catches them with `handler` from now on. Called once, at the start; not signal safe. */
void disposition_start(void (*handler)(int, siginfo_t *, void *));

/* Whether that was called: if not, the kernel's dispositions are the program's. */
extern bool disposition_started;

/*
 * sigaction(2) as the program means it, for a signal that is ours once disposition_start was
 * called. Returns as that does. Signal safe; any thread.
 */
int disposition_set(int signal, const struct sigaction *action, struct sigaction *old);

/* What the handler has to do, asked by the handler: with SA_RESETHAND that changes. Signal safe. */
void disposition_take(int signal, struct sigaction *ret);

/* The kernel's is the default from now on: the process is about to die. Signal safe. */
void disposition_end(int signal);

#endif
