/*
 * The program's dispositions: see disposition.h.
 *
 * Each is a number that names one of the last VERSIONS that were written, so that the handler reads
 * it without a lock, and whoever changes it does so by one exchange. A change is made in the kernel
 * first, and read back from there: so errors, and what the kernel makes of flags and masks, are its
 * own. Those who change are one at a time, with all signals blocked; the lock names its process, as
 * a fork may leave it taken.
 */
#include "recorder/runtime/disposition.h"

#include "recorder/runtime/confined.h"
#include "recorder/runtime/forked.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <unistd.h>

enum { VERSIONS = 64 };

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
enum { FATAL = sizeof fatal / sizeof *fatal };

bool disposition_started;

/*
 * There in programs with ThreadSanitizer alone, which wraps what we would install: what it handles
 * itself is left to it.
 */
extern void __tsan_init(void) __attribute__((weak));
static bool is_left[FATAL];

static int (*real)(int, const struct sigaction *, struct sigaction *);
static void (*our_handler)(int, siginfo_t *, void *);

static struct sigaction versions[VERSIONS];
static _Atomic uint32_t last_version;
static _Atomic uint32_t current[FATAL];
static _Atomic int32_t lock; /* process ID of who has it */

static int index_of(int signal)
{
	int i;

	for (i = 0; i < FATAL; i++)
		if (fatal[i] == signal)
			return is_left[i] ? -1 : i;
	return -1;
}

bool disposition_is_ours(int signal)
{
	return index_of(signal) >= 0;
}

/* A handler is one member of a union with these, whatever the flags say. */
static bool is_ignored(const struct sigaction *action)
{
	return action->sa_handler == SIG_IGN;
}

static bool is_default(const struct sigaction *action)
{
	return action->sa_handler == SIG_DFL;
}

static bool is_ours(const struct sigaction *action)
{
	return action->sa_sigaction == our_handler;
}

/* Returns the version that was read. */
static uint32_t read_version(int index, struct sigaction *ret)
{
	uint32_t version;

	do {
		version = atomic_load(&current[index]);
		*ret = versions[version % VERSIONS];
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load(&current[index]) != version);
	return version;
}

/*
 * A version stays where it is for as long as it is current: others that are in its way are passed
 * over. There are more places than signals and threads that may be changing one just now.
 */
static uint32_t write_version(const struct sigaction *action)
{
	uint32_t version;
	bool is_taken;
	int i;

	do {
		version = atomic_fetch_add(&last_version, 1) + 1;
		is_taken = false;
		for (i = 0; i < FATAL; i++)
			is_taken |= atomic_load(&current[i]) % VERSIONS == version % VERSIONS;
	} while (is_taken);
	versions[version % VERSIONS] = *action;
	atomic_thread_fence(memory_order_release);
	return version;
}

/* Our handler in the kernel, in the place of the program's. */
static void put_ours(int signal, const struct sigaction *action)
{
	struct sigaction ours = *action;

	ours.sa_sigaction = our_handler;
	ours.sa_flags = (action->sa_flags & (SA_NODEFER | SA_RESTART)) | SA_SIGINFO | SA_ONSTACK;
	/* Nothing disturbs the end. */
	if (is_default(action))
		sigfillset(&ours.sa_mask);
	real(signal, &ours, NULL);
}

void disposition_start(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action;
	int i;

	real = (__typeof__(real))dlsym(RTLD_NEXT, "sigaction");
	if (!real)
		return;
	our_handler = handler;
	for (i = 0; i < FATAL; i++) {
		if (real(fatal[i], NULL, &action) != 0)
			return;
		is_left[i] = __tsan_init && !is_default(&action);
		atomic_store(&current[i], write_version(&action));
	}
	disposition_started = true;
	for (i = 0; i < FATAL; i++) {
		read_version(i, &action);
		if (!is_left[i] && !is_ignored(&action))
			put_ours(fatal[i], &action);
	}
}

static void lock_take(void)
{
	int32_t self = getpid(), seen = 0;

	while (!atomic_compare_exchange_strong(&lock, &seen, self)) {
		/* Whoever had it when this process was forked did not come along. */
		if (seen != self && seen != 0 && atomic_compare_exchange_strong(&lock, &seen, self))
			return;
		seen = 0;
		sched_yield();
	}
}

/* What the kernel has, as the program is to see it. */
static int look(int signal, struct sigaction *ret)
{
	if (real(signal, NULL, ret) != 0)
		return -1;
	if (is_ours(ret))
		read_version(index_of(signal), ret);
	return 0;
}

static int set_locked(int signal, const struct sigaction *action, struct sigaction *before)
{
	struct sigaction seen;

	if (look(signal, before) != 0 || real(signal, action, NULL) != 0 ||
		real(signal, NULL, &seen) != 0)
		return -1;
	atomic_store(&current[index_of(signal)], write_version(&seen));
	if (!is_ignored(&seen))
		put_ours(signal, &seen);
	return 0;
}

int disposition_set(int signal, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction before;
	sigset_t all, blocked;
	int result, saved = errno;

	if (!action) {
		result = look(signal, &before);
	} else if (may_be_confined() || forked_shares_memory()) {
		/*
		 * No more system calls than the program makes; and a child of vfork has
		 * dispositions of its own, though it has its parent's memory.
		 */
		result = look(signal, &before) == 0 ? real(signal, action, NULL) : -1;
	} else {
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, &blocked);
		lock_take();
		result = set_locked(signal, action, &before);
		saved = result == 0 ? saved : errno;
		atomic_store(&lock, 0);
		sigprocmask(SIG_SETMASK, &blocked, NULL);
		errno = saved;
	}
	if (result == 0 && old)
		*old = before;
	return result;
}

void disposition_take(int signal, struct sigaction *ret)
{
	struct sigaction standard;
	uint32_t version;
	int index = index_of(signal);

	do {
		version = read_version(index, ret);
		if (!(ret->sa_flags & SA_RESETHAND) || is_default(ret) || is_ignored(ret))
			return;
		/* As the kernel does it: the flags stay. */
		standard = *ret;
		standard.sa_handler = SIG_DFL;
	} while (!atomic_compare_exchange_strong(
		&current[index], &version, write_version(&standard)));
}

void disposition_end(int signal)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};

	real(signal, &standard, NULL);
}
