/*
 * What a process sees of its signals' dispositions and alternate stacks, asked and set in every way
 * that libc has, in threads and in children. A transparency program, see say.h.
 */
#include "tests/programs/say.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

int __sigaction(int number, const struct sigaction *action, struct sigaction *old);
__sighandler_t bsd_signal(int number, __sighandler_t handler);

extern char **environ;

static const int asked[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGUSR1,
	SIGTERM, SIGPIPE, SIGCHLD};

static volatile int caught;

static void first(int number)
{
	caught += number;
}

static void second(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	caught += 1000 * number;
}

static const char *handler_name(const struct sigaction *action)
{
	if (action->sa_handler == SIG_DFL)
		return "default";
	if (action->sa_handler == SIG_IGN)
		return "ignored";
	if (action->sa_handler == first)
		return "first";
	return action->sa_sigaction == second ? "second" : "somebody's";
}

static void show(const char *words)
{
	char blocked[NSIG + 1];
	struct sigaction now;
	size_t i;
	int k;

	SAY("%s:", words);
	for (i = 0; i < sizeof asked / sizeof *asked; i++) {
		MUST(sigaction(asked[i], NULL, &now));
		for (k = 1; k < NSIG; k++)
			blocked[k - 1] = sigismember(&now.sa_mask, k) ? 'x' : '-';
		blocked[NSIG - 1] = '\0';
		SAY("  %s: %s, flags %x, restorer %d, mask %s", sigabbrev_np(asked[i]),
			handler_name(&now), now.sa_flags, now.sa_restorer != NULL, blocked);
	}
}

static const char *old_name(__sighandler_t old)
{
	struct sigaction action = {.sa_handler = old};

	return old == SIG_ERR	 ? strerrorname_np(errno)
	       : old == SIG_HOLD ? "held"
				 : handler_name(&action);
}

#define OLD(call) SAY("%s was %s", #call, old_name(call))

static void with(int number)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK}, old;
	sigset_t set;

	SECTION(sigabbrev_np(number));
	action.sa_sigaction = second;
	sigfillset(&action.sa_mask);
	TRY(sigaction(number, &action, &old));
	SAY("it was %s", handler_name(&old));
	show("all blocked");
	TRY(__sigaction(number, NULL, &old));
	SAY("it is %s, flags %x", handler_name(&old), old.sa_flags);
	TRY(siginterrupt(number, 1));
	show("interrupting");
	OLD(signal(number, first));
	OLD(signal(number, SIG_IGN));
	show("ignored");
	TRY(siginterrupt(number, 0));
	OLD(bsd_signal(number, first));
	OLD(ssignal(number, first));
	show("by bsd_signal");
	OLD(sysv_signal(number, first));
	show("by sysv_signal");
	OLD(__sysv_signal(number, SIG_DFL));
	OLD(sigset(number, first));
	OLD(sigset(number, SIG_HOLD));
	OLD(sigset(number, SIG_HOLD));
	OLD(sigset(number, SIG_DFL));
	OLD(sigset(number, SIG_ERR));
	OLD(signal(number, SIG_ERR));
	OLD(sysv_signal(number, SIG_ERR));
	sigemptyset(&set);
	TRY(sigprocmask(SIG_SETMASK, &set, NULL));
	TRY(sigignore(number));
	show("by sigignore");
	action.sa_flags = SA_SIGINFO | SA_RESETHAND;
	sigemptyset(&action.sa_mask);
	TRY(sigaction(number, &action, NULL));
	TRY(raise(number));
	show("reset by itself");
	action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | 0x40000000 | 0x1000;
	TRY(sigaction(number, &action, NULL));
	TRY(raise(number));
	TRY(raise(number));
	SAY("caught %d", caught);
	show("flags of all kinds");
}

static void refused(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	SECTION("refused");
	TRY(sigaction(SIGKILL, &action, NULL));
	TRY(sigaction(0, NULL, &action));
	TRY(sigaction(NSIG + 5, NULL, &action));
	TRY(sigaction(-1, &action, NULL));
	OLD(signal(SIGSTOP, SIG_IGN));
	OLD(sigset(NSIG + 1, first));
	TRY(sigignore(0));
	TRY(siginterrupt(-3, 1));
}

/* Past libc: nobody is told of that. */
static void unseen(void)
{
	const struct {
		__sighandler_t handler;
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = {.handler = SIG_IGN};

	SECTION("by a system call");
	signal(SIGFPE, first);
	MUST(syscall(SYS_rt_sigaction, SIGFPE, &action, NULL, 8));
	show("ignored");
	raise(SIGFPE);
	OLD(signal(SIGFPE, first));
	show("caught");
	raise(SIGFPE);
	SAY("caught %d", caught);
	OLD(signal(SIGFPE, SIG_DFL));
}

static void show_stack(const char *words, const char *own)
{
	stack_t now = {.ss_size = 77};

	MUST(sigaltstack(NULL, &now));
	SAY("%s: %s, size %zu, flags %x", words,
		now.ss_sp == NULL		 ? "none"
		: now.ss_sp == (const void *)own ? "its own"
						 : "another",
		now.ss_size, (unsigned)now.ss_flags);
}

static char stacks[2][65536];

static void on_stack(int number)
{
	stack_t other = {.ss_sp = stacks[1], .ss_size = sizeof stacks[1]};
	char here;

	SAY("signal %d on the alternate stack: %d", number,
		&here >= stacks[0] && &here < stacks[0] + sizeof stacks[0]);
	show_stack("in the handler", stacks[0]);
	TRY(sigaltstack(&other, NULL)); /* EPERM: it stands on it */
}

static void alternate_stacks(void)
{
	stack_t own = {.ss_sp = stacks[0], .ss_size = sizeof stacks[0]}, old = {0};
	struct sigaction action = {.sa_handler = on_stack, .sa_flags = SA_ONSTACK};

	show_stack("at first", NULL);
	own.ss_size = 100;
	TRY(sigaltstack(&own, &old)); /* too small */
	own.ss_size = sizeof stacks[0];
	own.ss_flags = 0x77;
	TRY(sigaltstack(&own, &old));
	own.ss_flags = 0;
	TRY(sigaltstack(&own, &old));
	SAY("the one before: %d %zu %x", old.ss_sp != NULL, old.ss_size, (unsigned)old.ss_flags);
	show_stack("then", stacks[0]);
	MUST(sigaction(SIGSEGV, &action, NULL));
	MUST(sigaction(SIGUSR1, &action, NULL));
	raise(SIGSEGV);
	raise(SIGUSR1);
	own.ss_flags = SS_DISABLE;
	TRY(sigaltstack(&own, &old));
	SAY("the one before: %d %zu %x", old.ss_sp == stacks[0], old.ss_size,
		(unsigned)old.ss_flags);
	show_stack("disabled", stacks[0]);
	action.sa_flags = 0;
	raise(SIGSEGV);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

static void *in_thread(void *argument)
{
	(void)argument;
	show("in a thread");
	alternate_stacks();
	signal(SIGFPE, SIG_IGN);
	return NULL;
}

static void say_status(const char *words, int status)
{
	SAY("%s: exited %d, signal %d", words, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void child(const char *words, int number, char **argv)
{
	struct sigaction action = {.sa_handler = number < 0 ? SIG_DFL : first};
	int status;
	pid_t pid = words[0] == 'v' ? vfork() : fork();

	if (pid == 0) {
		if (words[0] == 'v') {
			/* What uv_spawn does in its child. */
			sigaction(SIGSEGV, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
			sigaction(SIGBUS, &action, NULL);
		} else {
			show(words);
		}
		if (argv)
			execv(argv[0], argv);
		if (number > 0)
			raise(number);
		_exit(9);
	}
	MUST(waitpid(pid, &status, 0));
	say_status(words, status);
	show("afterwards");
}

static void children(const char *program)
{
	char *arguments[] = {(char *)program, (char *)"show", NULL};
	posix_spawnattr_t attributes;
	sigset_t set;
	pid_t pid;
	int status;

	SECTION("children");
	signal(SIGSEGV, first);
	signal(SIGBUS, SIG_IGN);
	signal(SIGILL, SIG_DFL);
	child("forked", 0, NULL);
	child("forked and killed", SIGILL, NULL);
	child("forked and executed", 0, arguments);
	child("vforked and executed", 0, arguments);
	child("vforked", -1, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &set);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	MUST(-posix_spawn(&pid, program, NULL, &attributes, arguments, environ));
	MUST(waitpid(pid, &status, 0));
	say_status("spawned", status);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	say_begin();
	/* So that there is something to record. */
	uv_loop_close(uv_default_loop());
	show("at first");
	if (argc > 1) {
		show_stack("at first", NULL);
		return 5;
	}
	with(SIGSEGV);
	with(SIGBUS);
	with(SIGTRAP);
	with(SIGUSR1);
	refused();
	unseen();
	SECTION("stacks");
	alternate_stacks();
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	show("after the thread");
	children(argv[0]);
	signal(SIGFPE, SIG_DFL);
	return raise(SIGFPE);
}
