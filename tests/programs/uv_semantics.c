/*
 * What libuv's watchers answer in all the states they can be in: a transparency program, see say.h.
 * One section for each kind of handle; streams, requests, threads and control flow have programs of
 * their own.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

static uv_loop_t *loop;

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s data %s", uv_handle_type_name(uv_handle_get_type(handle)),
		handle->data ? (const char *)handle->data : "none");
}

static void close_and_run(void *handle)
{
	DO(uv_close(handle, on_close));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
}

/* --- timers ------------------------------------------------------------------------------- */

static int left;

static void on_timer(uv_timer_t *timer)
{
	SAY("on_timer repeat %d active %d errno %d", (int)uv_timer_get_repeat(timer),
		uv_is_active((uv_handle_t *)timer), errno);
}

static void on_other_timer(uv_timer_t *timer)
{
	SAY("on_other_timer repeat %d active %d", (int)uv_timer_get_repeat(timer),
		uv_is_active((uv_handle_t *)timer));
}

static void on_timer_n_times(uv_timer_t *timer)
{
	SAY("on_timer_n_times %d", left);
	if (--left == 0)
		TRY(uv_timer_stop(timer));
}

static void on_timer_becomes_single(uv_timer_t *timer)
{
	SAY("on_timer_becomes_single");
	uv_timer_set_repeat(timer, 0);
}

static void on_timer_again_inside(uv_timer_t *timer)
{
	SAY("on_timer_again_inside %d", left);
	if (--left > 0)
		TRY(uv_timer_again(timer));
	else
		TRY(uv_timer_stop(timer));
}

static void timers(void)
{
	uv_timer_t timer;

	SECTION("timers");
	TRY(uv_timer_init(loop, &timer));
	timer.data = "timer";
	TRY(uv_timer_again(&timer)); /* never started */
	uv_timer_set_repeat(&timer, 5);
	TRY(uv_timer_again(&timer));
	TRY(uv_timer_start(&timer, NULL, 1, 0));
	TRY(uv_timer_stop(&timer)); /* not active */
	uv_timer_set_repeat(&timer, 0);
	TRY(uv_timer_start(&timer, on_timer, 1, 0));
	TRY(uv_timer_start(&timer, NULL, 1, 0)); /* the old callback stays */
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_again(&timer)); /* fired once, repeat 0: nothing */
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	uv_timer_set_repeat(&timer, 2);
	left = 3;
	TRY(uv_timer_start(&timer, on_timer_n_times, 1, 0));
	uv_timer_set_repeat(&timer, 1);
	TRY(uv_timer_again(&timer)); /* one-shot made repeating */
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	left = 2;
	TRY(uv_timer_again(&timer)); /* stopped, repeats */
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_start(&timer, on_timer_becomes_single, 0, 1));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	left = 3;
	TRY(uv_timer_start(&timer, on_timer_again_inside, 0, 1));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_start(&timer, on_timer, 1000, 0));
	TRY(uv_timer_start(&timer, on_other_timer, 1, 0)); /* replaced */
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_start(&timer, on_timer, 0, 3));
	TRY(uv_timer_start(&timer, NULL, 1, 0));
	DO(uv_close((uv_handle_t *)&timer, on_close));
	TRY(uv_timer_start(&timer, on_other_timer, 0, 0)); /* closing */
	uv_timer_set_repeat(&timer, 1);
	TRY(uv_timer_again(&timer));
	TRY(uv_timer_stop(&timer));
	TRY(uv_is_closing((uv_handle_t *)&timer));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_init(loop, &timer)); /* once more in the same place */
	TRY(uv_timer_start(&timer, on_timer, 0, 0));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	DO(uv_close((uv_handle_t *)&timer, NULL));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
}

static int reborn;

static void on_reborn(uv_timer_t *timer);

static void on_close_reborn(uv_handle_t *handle)
{
	SAY("close callback %d", reborn);
	if (reborn++ == 3)
		return;
	memset(handle, 0xa5, sizeof(uv_timer_t));
	TRY(uv_timer_init(loop, (uv_timer_t *)handle));
	TRY(uv_timer_start((uv_timer_t *)handle, on_reborn, 0, 0));
}

static void on_reborn(uv_timer_t *timer)
{
	SAY("on_reborn");
	DO(uv_close((uv_handle_t *)timer, on_close_reborn));
}

static void on_close_freed(uv_handle_t *handle)
{
	SAY("freed in its close callback");
	memset(handle, 0xff, sizeof(uv_timer_t));
	free(handle);
}

static void on_close_tail(uv_handle_t *handle)
{
	/* A jump at -O2. */
	uv_close(handle->data, on_close);
}

static void same_place(void)
{
	uv_timer_t *timer = malloc(sizeof *timer), first, second;

	SECTION("handles made again in their close callback, freed, chained");
	TRY(uv_timer_init(loop, timer));
	TRY(uv_timer_start(timer, on_reborn, 0, 0));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_init(loop, timer));
	TRY(uv_timer_start(timer, on_timer, 10000, 0));
	DO(uv_close((uv_handle_t *)timer, on_close_freed));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_timer_init(loop, &first));
	TRY(uv_timer_init(loop, &second));
	first.data = &second;
	second.data = "second";
	DO(uv_close((uv_handle_t *)&first, on_close_tail));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
}

/* --- idle, prepare, check ----------------------------------------------------------------- */

static int turns;

#define WATCHER(name)                                                                              \
	static void on_##name(uv_##name##_t *handle)                                               \
	{                                                                                          \
		SAY("on_" #name " %d", turns);                                                     \
		if (++turns >= 6)                                                                  \
			TRY(uv_##name##_stop(handle));                                             \
	}                                                                                          \
                                                                                                   \
	static void on_other_##name(uv_##name##_t *handle)                                         \
	{                                                                                          \
		SAY("on_other_" #name);                                                            \
		uv_##name##_stop(handle);                                                          \
	}                                                                                          \
                                                                                                   \
	static void name##_watcher(void)                                                           \
	{                                                                                          \
		uv_##name##_t handle;                                                              \
		uv_idle_t spin;                                                                    \
                                                                                                   \
		SECTION(#name);                                                                    \
		uv_idle_init(loop, &spin);                                                         \
		TRY(uv_##name##_init(loop, &handle));                                              \
		TRY(uv_##name##_stop(&handle));                                                    \
		TRY(uv_##name##_start(&handle, NULL));                                             \
		TRY(uv_##name##_start(&handle, on_##name));                                        \
		TRY(uv_##name##_start(&handle, on_other_##name)); /* 0, not replaced */            \
		TRY(uv_##name##_start(&handle, NULL));                                             \
		turns = 4;                                                                         \
		TRY(uv_run(loop, UV_RUN_NOWAIT));                                                  \
		TRY(uv_run(loop, UV_RUN_NOWAIT));                                                  \
		TRY(uv_run(loop, UV_RUN_NOWAIT));                                                  \
		TRY(uv_##name##_start(&handle, on_other_##name)); /* stopped: now it is */         \
		TRY(uv_run(loop, UV_RUN_NOWAIT));                                                  \
		TRY(uv_##name##_start(&handle, on_##name));                                        \
		uv_close((uv_handle_t *)&spin, NULL);                                              \
		handle.data = #name;                                                               \
		DO(uv_close((uv_handle_t *)&handle, on_close));                                    \
		TRY(uv_##name##_stop(&handle));                                                    \
		TRY(uv_run(loop, UV_RUN_DEFAULT));                                                 \
	}

WATCHER(idle)
WATCHER(prepare)
WATCHER(check)

/* --- async -------------------------------------------------------------------------------- */

static uv_async_t async;

static void on_async(uv_async_t *handle)
{
	SAY("on_async %s", handle == &async ? "same" : "other");
}

static void on_async_chain(uv_async_t *handle)
{
	SAY("on_async_chain %d", left);
	if (--left > 0)
		TRY(uv_async_send(handle));
	else
		DO(uv_close((uv_handle_t *)handle, on_close));
}

static void on_signal_send(int signum)
{
	(void)signum;
	uv_async_send(&async);
}

static void asyncs(void)
{
	struct sigaction action = {.sa_handler = on_signal_send, .sa_flags = SA_ONSTACK}, old;
	uv_async_t nobody;
	stack_t stack = {.ss_size = SIGSTKSZ}, former;

	SECTION("async");
	TRY(uv_async_init(loop, &async, on_async));
	TRY(uv_async_send(&async));
	TRY(uv_async_send(&async)); /* coalesced */
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	sigaction(SIGUSR1, &action, &old);
	stack.ss_sp = malloc(stack.ss_size);
	TRY(sigaltstack(&stack, &former));
	TRY(raise(SIGUSR1)); /* sent from a handler on a small stack of its own */
	TRY(raise(SIGUSR1));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	stack.ss_flags = SS_DISABLE;
	TRY(sigaltstack(&stack, NULL));
	free(stack.ss_sp);
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	TRY(raise(SIGUSR1)); /* and on the thread's */
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	sigaction(SIGUSR1, &old, NULL);
	TRY(uv_async_send(&async));
	close_and_run(&async); /* a send that nobody answers any more */
	TRY(uv_async_init(loop, &nobody, NULL));
	nobody.data = "nobody";
	TRY(uv_async_send(&nobody));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	close_and_run(&nobody);
	left = 3;
	TRY(uv_async_init(loop, &async, on_async_chain));
	TRY(uv_async_send(&async));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
}

/* --- poll --------------------------------------------------------------------------------- */

static void on_poll(uv_poll_t *handle, int status, int events)
{
	SAY("on_poll %s events %d", result_name(status), events);
	say_descriptors("in on_poll");
	uv_poll_stop(handle);
}

static void on_other_poll(uv_poll_t *handle, int status, int events)
{
	SAY("on_other_poll %s events %d", result_name(status), events);
	uv_poll_stop(handle);
}

static void polls(void)
{
	uv_poll_t poll, second;
	int fds[2], file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int regular = open("regular.tmp", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	SECTION("poll");
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	TRY(uv_poll_init(loop, &poll, fds[0]));
	poll.data = "poll";
	TRY(uv_poll_init(loop, &second, regular)); /* EPERM: never made */
	TRY(uv_poll_init_socket(loop, &second, fds[0]));
	TRY(uv_poll_start(&poll, UV_READABLE, on_poll));
	TRY(uv_poll_start(&second, UV_READABLE, on_other_poll)); /* EEXIST */
	MUST(write(fds[1], "x", 1));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_poll_start(&poll, UV_READABLE, on_poll));
	TRY(uv_poll_start(&poll, UV_READABLE | UV_WRITABLE, on_other_poll)); /* replaced */
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_poll_start(&poll, UV_READABLE, on_poll));
	TRY(uv_poll_start(&poll, 0, on_other_poll)); /* stops */
	TRY(uv_is_active((uv_handle_t *)&poll));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_poll_start(&poll, UV_READABLE, on_poll));
	TRY(uv_poll_stop(&poll));
	TRY(uv_poll_stop(&poll));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	close(fds[1]);
	TRY(uv_poll_start(&poll, UV_READABLE | UV_DISCONNECT, on_poll));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	uv_close((uv_handle_t *)&second, NULL);
	close_and_run(&poll);
	close(fds[0]);
	close(file);
	close(regular);
	unlink("regular.tmp");
}

/* --- signals ------------------------------------------------------------------------------ */

static void on_signal(uv_signal_t *handle, int signum)
{
	SAY("on_signal %d active %d", signum, uv_is_active((uv_handle_t *)handle));
}

static void on_other_signal(uv_signal_t *handle, int signum)
{
	SAY("on_other_signal %d", signum);
	uv_signal_stop(handle);
}

static void signals(void)
{
	uv_signal_t handle;

	SECTION("signal");
	TRY(uv_signal_init(loop, &handle));
	handle.data = "signal";
	TRY(uv_signal_start(&handle, on_signal, 0));
	TRY(uv_signal_start(&handle, on_signal, SIGKILL));
	TRY(uv_signal_start(&handle, on_signal, SIGUSR2));
	TRY(raise(SIGUSR2));
	TRY(uv_run(loop, UV_RUN_ONCE));
	TRY(uv_signal_start(&handle, on_other_signal, SIGUSR2)); /* swaps the callback */
	TRY(uv_kill(getpid(), SIGUSR2));
	RUN(loop);
	TRY(uv_signal_start_oneshot(&handle, on_signal, SIGUSR2));
	TRY(raise(SIGUSR2));
	RUN(loop);
	TRY(uv_is_active((uv_handle_t *)&handle));
	TRY(uv_signal_start(&handle, on_signal, SIGUSR2));
	TRY(uv_signal_stop(&handle));
	TRY(uv_signal_stop(&handle));
	close_and_run(&handle);
}

/* --- file events -------------------------------------------------------------------------- */

static const char watched[] = "watched.tmp";

static void touch(const char *text)
{
	int fd = open(watched, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	SAY("on_fs_event %s events %d %s", name ? "named" : "unnamed", events, result_name(status));
	uv_fs_event_stop(handle);
}

static void on_other_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	(void)name;
	SAY("on_other_fs_event %d %s", events, result_name(status));
	uv_fs_event_stop(handle);
}

static void on_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *previous, const uv_stat_t *current)
{
	SAY("on_fs_poll %s %d -> %d", result_name(status), (int)previous->st_size,
		(int)current->st_size);
	TRY(uv_fs_poll_stop(handle));
}

static void on_other_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *previous, const uv_stat_t *current)
{
	(void)previous, (void)current;
	SAY("on_other_fs_poll %s", result_name(status));
	uv_fs_poll_stop(handle);
}

static void file_events(void)
{
	uv_fs_event_t event;
	uv_fs_poll_t poll;
	char path[64];
	size_t length = sizeof path;

	touch("1");
	SECTION("fs_event");
	TRY(uv_fs_event_init(loop, &event));
	event.data = "fs_event";
	TRY(uv_fs_event_start(&event, on_fs_event, "/nowhere/at/all", 0));
	TRY(uv_fs_event_start(&event, on_fs_event, watched, 0));
	TRY(uv_fs_event_start(&event, on_other_fs_event, watched, 0)); /* EINVAL: active */
	touch("22");
	RUN(loop);
	TRY(uv_fs_event_start(&event, on_other_fs_event, watched, 0));
	touch("22");
	RUN(loop);
	TRY(uv_fs_event_stop(&event));
	TRY(uv_fs_event_start(&event, on_fs_event, watched, 0));
	close_and_run(&event);

	SECTION("fs_poll");
	TRY(uv_fs_poll_init(loop, &poll));
	poll.data = "fs_poll";
	TRY(uv_fs_poll_stop(&poll));
	TRY(uv_fs_poll_start(&poll, on_fs_poll, watched, 1));
	TRY(uv_fs_poll_start(&poll, on_other_fs_poll, watched, 1)); /* 0, not replaced */
	TRY(uv_fs_poll_getpath(&poll, path, &length));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	usleep(20000);
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	touch("333");
	RUN(loop);
	TRY(uv_fs_poll_start(&poll, on_other_fs_poll, "/nowhere/at/all", 1));
	RUN(loop);
	TRY(uv_fs_poll_start(&poll, on_fs_poll, watched, 1000));
	close_and_run(&poll);
	unlink(watched);
}

/* --- child processes ---------------------------------------------------------------------- */

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	SAY("on_exit_of_child %s status %d signal %d", process->data ? (char *)process->data : "",
		(int)status, signal);
	say_descriptors("in on_exit_of_child");
	uv_close((uv_handle_t *)process, on_close);
}

static void processes(void)
{
	char *sh[] = {"sh", "-c",
		"read go; env | grep -v -e ^LD_PRELOAD= -e ^ACAUSAL_ -e ^_= | sort; "
		"ls /proc/self/fd | wc -l; exit 7",
		NULL};
	char *gone[] = {"/nowhere/at/all", NULL};
	char *sleeps[] = {"sleep", "100", NULL}, *exits[] = {"true", NULL};
	uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
	uv_process_options_t options = {.exit_cb = on_exit_of_child,
		.file = sh[0],
		.args = sh,
		.stdio = stdio,
		.stdio_count = 3};
	uv_process_t process;
	int go[2];

	SECTION("process");
	process.data = "shell";
	/* It says nothing before we have said what came of the call. */
	if (pipe2(go, O_CLOEXEC) != 0)
		abort();
	stdio[0] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = go[0]};
	TRY(uv_spawn(loop, &process, &options));
	close(go[0]);
	close(go[1]);
	stdio[0].flags = UV_IGNORE;
	RUN(loop);
	options.file = gone[0];
	options.args = gone;
	process.data = "nobody";
	TRY(uv_spawn(loop, &process, &options)); /* fails, but has to be closed */
	TRY(uv_is_active((uv_handle_t *)&process));
	uv_close((uv_handle_t *)&process, on_close);
	RUN(loop);
	options.file = sleeps[0];
	options.args = sleeps;
	process.data = "sleeper";
	TRY(uv_spawn(loop, &process, &options));
	TRY(uv_process_kill(&process, SIGTERM));
	RUN(loop);
	TRY(uv_process_kill(&process, SIGTERM));
	options.exit_cb = NULL;
	options.file = exits[0];
	options.args = exits;
	process.data = "unheard";
	TRY(uv_spawn(loop, &process, &options));
	RUN(loop);
	uv_close((uv_handle_t *)&process, on_close);
	RUN(loop);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	say_descriptors("at the start");
	timers();
	same_place();
	idle_watcher();
	prepare_watcher();
	check_watcher();
	asyncs();
	polls();
	signals();
	file_events();
	processes();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	say_descriptors("at the end");
	return 5;
}
