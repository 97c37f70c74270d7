/*
 * What libc's other interposed functions answer, where they work and where they are refused:
 * writing, threads, signals, epoll, unloading. A transparency program, see say.h.
 */
#include "tests/programs/say.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Behind the compiler's back. */
static void *volatile wild = (void *)8;
static volatile int negative = -1;

/* --- write -------------------------------------------------------------------------------- */

/* The callback and the thread write by themselves, after printf and before it. */
static void writes(const char *where)
{
	char line[128], much[70000];
	int ends[2], closed[2], out = dup(1), i;

	snprintf(line, sizeof line, "written %s\n", where);
	TRY(write(1, line, strlen(line)));
	TRY(write(2, line, strlen(line)));
	TRY(write(out, line, strlen(line)));
	TRY(write(1, line, 0));
	TRY(write(1, wild, 10));
	TRY(write(2, wild, 10));
	TRY(write(-1, line, 1));
	TRY(write(999, line, 1));
	MUST(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
	memset(much, 'x', sizeof much);
	for (i = 0; i < 3; i++)
		TRY(write(ends[1], much, sizeof much)); /* a part, then EAGAIN */
	MUST(pipe2(closed, O_CLOEXEC));
	close(closed[0]);
	TRY(write(closed[1], line, 1)); /* EPIPE */
	MUST(dup2(closed[1], 1));
	errno = ERRNO_BEFORE;
	i = (int)write(1, line, 1);
	i = i < 0 ? errno : 0;
	MUST(dup2(out, 1));
	SAY("to a pipe without a reader as standard output: %s", strerrorname_np(i));
	close(1);
	errno = ERRNO_BEFORE;
	i = (int)write(1, line, 1);
	i = i < 0 ? errno : 0;
	MUST(dup2(out, 1));
	SAY("to a closed standard output: %s", strerrorname_np(i));
	TRY(write(1, much, 5000));
	SAY("%s", "");
	close(out);
	close(ends[0]);
	close(ends[1]);
	close(closed[1]);
}

/* --- threads ------------------------------------------------------------------------------ */

/* Closed while a thread is being made, so that it prints after who made it. */
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

static void *name_itself(void *argument)
{
	char name[32] = "";

	pthread_mutex_lock(&door);
	pthread_mutex_unlock(&door);
	TRY(pthread_setname_np(pthread_self(), argument));
	TRY(pthread_getname_np(pthread_self(), name, sizeof name));
	SAY("named %s, errno %d", name, errno);
	writes("in a thread");
	return argument;
}

static void *wait_for_it(void *argument)
{
	pthread_mutex_lock(argument);
	pthread_mutex_unlock(argument);
	return NULL;
}

static void threads(void)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_attr_t attributes;
	struct sched_param priority = {.sched_priority = 1000};
	char name[32] = "";
	pthread_t thread;

	SECTION("threads");
	pthread_mutex_lock(&door);
	TRY(pthread_create(&thread, NULL, name_itself, "short"));
	pthread_mutex_unlock(&door);
	TRY(pthread_join(thread, NULL));
	pthread_mutex_lock(&gate);
	TRY(pthread_create(&thread, NULL, wait_for_it, &gate));
	TRY(pthread_setname_np(thread, "from outside"));
	TRY(pthread_setname_np(thread, "a name that is too long"));
	TRY(pthread_setname_np(thread, ""));
	TRY(pthread_setname_np(thread, "fifteen letters"));
	TRY(pthread_getname_np(thread, name, sizeof name));
	SAY("named %s", name);
	TRY(pthread_kill(thread, 0));
	TRY(pthread_kill(thread, 999));
	pthread_mutex_unlock(&gate);
	TRY(pthread_join(thread, NULL));
	pthread_attr_init(&attributes);
	TRY(pthread_attr_setschedparam(&attributes, &priority));
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setstacksize(&attributes, (size_t)1 << 46);
	TRY(pthread_create(&thread, &attributes, wait_for_it, &gate)); /* EAGAIN */
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
	pthread_attr_setinheritsched(&attributes, PTHREAD_INHERIT_SCHED);
	TRY(pthread_create(&thread, &attributes, wait_for_it, &gate)); /* the smallest stack */
	TRY(pthread_join(thread, NULL));
	pthread_attr_destroy(&attributes);
	TRY(pthread_setname_np(pthread_self(), "main renamed"));
	TRY(pthread_getname_np(pthread_self(), name, sizeof name));
	SAY("named %s", name);
}

/* --- signals ------------------------------------------------------------------------------ */

static void on_signal(int signum, siginfo_t *info, void *context)
{
	(void)context;
	SAY("signal %d, code %d, from %s, value %d", signum, info->si_code,
		info->si_code == SI_KERNEL ? "the kernel"
		: info->si_pid == getpid() ? "itself"
					   : "another",
		info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
	errno = 77; /* a handler that spoils it; below it is set before every call anew */
}

static void keep_errno(int signum, siginfo_t *info, void *context)
{
	int saved = errno;

	on_signal(signum, info, context);
	errno = saved;
}

static void signals(void)
{
	struct sigaction action = {.sa_sigaction = keep_errno, .sa_flags = SA_SIGINFO}, old;
	sigset_t blocked, before;
	pid_t gone;

	SECTION("signals");
	sigaction(SIGUSR1, &action, &old);
	SAY("it was %s", old.sa_handler == SIG_DFL ? "default" : "not default");
	TRY(kill(getpid(), SIGUSR1));
	TRY(kill(getpid(), 0));
	TRY(kill(getpid(), 999));
	TRY(kill(getpid(), -1));
	TRY(raise(SIGUSR1));
	TRY(raise(0));
	TRY(raise(999));
	TRY(pthread_kill(pthread_self(), SIGUSR1));
	TRY(pthread_kill(pthread_self(), 999));
	TRY(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1234}));
	TRY(sigqueue(getpid(), 999, (union sigval){.sival_int = 1}));
	TRY(sigqueue(getpid(), 0, (union sigval){.sival_int = 1}));
	gone = fork();
	if (gone == 0)
		_exit(0);
	TRY(kill(gone, 0));
	waitpid(gone, NULL, 0);
	TRY(kill(gone, SIGUSR1)); /* ESRCH */
	TRY(kill(gone, 0));
	TRY(sigqueue(gone, SIGUSR1, (union sigval){.sival_int = 1}));
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	TRY(raise(SIGUSR1));
	TRY(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5})); /* one stands already */
	SAY("unblocking");
	sigprocmask(SIG_SETMASK, &before, NULL);
	action.sa_sigaction = on_signal;
	sigaction(SIGUSR1, &action, NULL);
	TRY(raise(SIGUSR1)); /* the handler's errno */
	TRY(kill(getpid(), SIGUSR1));
	sigaction(SIGUSR1, &old, NULL);
	setpgid(0, 0);
	sigaction(SIGUSR2, &action, &old);
	TRY(kill(0, 0));
	TRY(kill(0, SIGUSR2));
	TRY(kill(-getpid(), SIGUSR2));
	TRY(kill(-gone, SIGUSR2));
	TRY(killpg(0, SIGUSR2));
	TRY(killpg(getpid(), 0));
	TRY(killpg(getpid(), 999));
	TRY(killpg(gone, SIGUSR2));
	TRY(killpg(-1, SIGUSR2));
	sigaction(SIGUSR2, &old, NULL);
}

/* A child ends by what it sends to itself, as its parent sees it. */
static void ends(void)
{
	int status, i;
	pid_t pid;

	SECTION("signals that end a process");
	for (i = 0; i < 4; i++) {
		pid = fork();
		if (pid == 0) {
			switch (i) {
			case 0:
				kill(getpid(), SIGTERM);
				break;
			case 1:
				raise(SIGINT);
				break;
			case 2:
				pthread_kill(pthread_self(), SIGHUP);
				break;
			case 3:
				sigqueue(getpid(), SIGKILL, (union sigval){0});
				break;
			}
			_exit(99);
		}
		waitpid(pid, &status, 0);
		SAY("%d ended with %x", i, status);
	}
}

/* --- epoll -------------------------------------------------------------------------------- */

static void polls(void)
{
	struct itimerval soon = {.it_value.tv_usec = 20000};
	struct sigaction action = {.sa_sigaction = keep_errno, .sa_flags = SA_SIGINFO}, old;
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1234567890}, events[4];
	int epoll = epoll_create1(EPOLL_CLOEXEC), pipes[2];
	sigset_t all;

	SECTION("epoll");
	MUST(pipe2(pipes, O_CLOEXEC));
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &event));
	sigfillset(&all);
	TRY(epoll_wait(epoll, events, 4, 0));
	TRY(epoll_wait(epoll, events, 4, 1));
	TRY(epoll_pwait(epoll, events, 4, 1, NULL));
	TRY(epoll_pwait(epoll, events, 4, 1, &all));
	TRY(epoll_wait(epoll, events, 0, 0));
	TRY(epoll_wait(epoll, events, negative, 0));
	TRY(epoll_wait(-1, events, 4, 0));
	TRY(epoll_wait(pipes[0], events, 4, 0));
	TRY(epoll_pwait(-1, events, 4, 0, &all));
	MUST(write(pipes[1], "x", 1));
	TRY(epoll_wait(epoll, wild, 4, 0)); /* EFAULT */
	memset(events, 0, sizeof events);
	TRY(epoll_wait(epoll, events, 4, -1));
	SAY("%x %lx", events[0].events, (long)events[0].data.u64);
	memset(events, 0, sizeof events);
	TRY(epoll_pwait(epoll, events, 1, -1, &all));
	SAY("%x %lx", events[0].events, (long)events[0].data.u64);
	MUST(epoll_ctl(epoll, EPOLL_CTL_DEL, pipes[0], NULL));
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(epoll_wait(epoll, events, 4, 10000)); /* EINTR */
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(epoll_pwait(epoll, events, 4, 60, &all)); /* blocked: waits to the end */
	sigaction(SIGALRM, &old, NULL);
	close(pipes[0]);
	close(pipes[1]);
	close(epoll);
}

/* --- code that comes and goes ------------------------------------------------------------- */

static void unloading(void)
{
	void *libm = dlopen("libm.so.6", RTLD_NOW), *again = dlopen("libm.so.6", RTLD_NOW);

	SECTION("dlclose");
	SAY("libm %s, %s", libm ? "open" : "NULL", libm == again ? "same" : "other");
	TRY(dlclose(again));
	SAY("cos %s", dlsym(libm, "cos") ? "found" : "missing");
	SAY("nothing %s", dlsym(libm, "no_such_function") ? "found" : "missing");
	TRY(dlclose(libm));
	SAY("after it: %s", dlerror() ? "an error" : "no error");
	SAY("open again %s", dlopen("/nowhere/at/all.so", RTLD_NOW) ? "open" : "NULL");
	SAY("then: %s", dlerror());
	SAY("and then: %s", dlerror() ? "an error" : "no error");
	TRY(dlclose(dlopen(NULL, RTLD_NOW)));
}

/* --- all of it once more where the recorder has a run open -------------------------------- */

static void on_timer(uv_timer_t *timer)
{
	writes("in a callback");
	threads();
	signals();
	ends();
	polls();
	unloading();
	uv_close((uv_handle_t *)timer, NULL);
}

int main(void)
{
	uv_timer_t timer;

	say_begin();
	signal(SIGPIPE, SIG_IGN);
	writes("at the start");
	threads();
	signals();
	ends();
	polls();
	unloading();
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 0, 0);
	TRY(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
	say_descriptors("at the end");
	return 13;
}
