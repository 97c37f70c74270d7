/*
 * Forks in the middle of a loop's work, and goes on with it in the child: fork_loops MODE. The same
 * lines are printed in each run; they name the process by its generation: 0 is the one that was
 * started. The parent waits for its child before it goes on.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t *loop;
static int generation;
static pid_t (*fork_function)(void) = fork;

static void say(const char *format, ...)
{
	va_list rest;

	printf("%d: ", generation);
	va_start(rest, format);
	vprintf(format, rest);
	va_end(rest);
	putchar('\n');
	fflush(stdout);
}

static void must(int result, const char *what)
{
	if (result == 0)
		return;
	say("%s failed: %d", what, result);
	exit(9);
}

/* In the child returns 0; in the parent when the child has ended. */
static pid_t fork_and_wait(void)
{
	pid_t pid = fork_function();
	int status = -1;

	if (pid == 0) {
		generation++;
		must(uv_loop_fork(loop), "uv_loop_fork");
		return 0;
	}
	if (waitpid(pid, &status, 0) != pid)
		say("waitpid failed");
	else
		say("child ended: exit %d, signal %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return pid;
}

static void on_closed(uv_handle_t *handle)
{
	say("closed %s", uv_handle_type_name(handle->type));
}

/* --- timers: one that goes on, one armed anew, one closed at the fork ---------------------- */

static uv_timer_t repeating, forking, closing, again;
static int ticks;

static void on_again(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_closed);
	say("again");
}

static void on_repeat(uv_timer_t *timer)
{
	if (++ticks == 3)
		uv_close((uv_handle_t *)timer, on_closed);
	say("tick %d", ticks);
}

static void on_fork(uv_timer_t *timer)
{
	int generations = *(int *)timer->data;

	uv_close((uv_handle_t *)&closing, on_closed);
	while (generation < generations && fork_and_wait() == 0)
		;
	if (generation > 0)
		must(uv_timer_start(&again, on_again, 1, 0), "uv_timer_start");
	else
		uv_close((uv_handle_t *)&again, on_closed);
	uv_close((uv_handle_t *)timer, on_closed);
	say("forked"); /* and no jump to uv_close: what is called from here shall be seen */
}

static void never(uv_timer_t *timer)
{
	(void)timer;
	say("a timer that is closed fired");
}

static int mode_timer(int generations)
{
	uv_timer_init(loop, &repeating);
	uv_timer_init(loop, &forking);
	uv_timer_init(loop, &closing);
	uv_timer_init(loop, &again);
	forking.data = &generations;
	uv_timer_start(&repeating, on_repeat, 30, 10);
	uv_timer_start(&closing, never, 100000, 0);
	uv_timer_start(&forking, on_fork, 1, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	say("done");
	return generation;
}

/* --- a fork in the callback that ends a handle --------------------------------------------- */

enum { MANY = 40 };

static uv_timer_t many[MANY];

static void on_one_of_many(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
	ticks++;
}

static void on_closed_fork(uv_handle_t *handle)
{
	(void)handle;
	if (fork_and_wait() != 0)
		return;
	for (int i = 0; i < MANY; i++)
		uv_timer_init(loop, &many[i]);
}

static int mode_closing(void)
{
	uv_timer_init(loop, &closing);
	uv_close((uv_handle_t *)&closing, on_closed_fork);
	uv_run(loop, UV_RUN_DEFAULT);
	for (int i = 0; generation > 0 && i < MANY; i++)
		uv_timer_start(&many[i], on_one_of_many, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	say("done: %d", ticks);
	return 0;
}

/* --- a server whose child accepts ---------------------------------------------------------- */

static uv_tcp_t server, peer;
static int client = -1;
static struct sockaddr_in server_address;

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	static char bytes[64];

	(void)handle;
	(void)size;
	*buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	if (length > 0) {
		say("read %.*s", (int)length, buffer->base);
		return;
	}
	uv_close((uv_handle_t *)stream, on_closed);
	uv_close((uv_handle_t *)&server, on_closed);
}

static void on_connection(uv_stream_t *stream, int status)
{
	must(status, "connection");
	uv_tcp_init(loop, &peer);
	must(uv_accept(stream, (uv_stream_t *)&peer), "uv_accept");
	must(uv_read_start((uv_stream_t *)&peer, on_alloc, on_read), "uv_read_start");
	close(client); /* the parent has it still, and closes it next */
}

static int mode_server(void)
{
	int length = sizeof server_address, status;
	pid_t pid;

	uv_tcp_init(loop, &server);
	server_address.sin_family = AF_INET;
	server_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(uv_tcp_bind(&server, (struct sockaddr *)&server_address, 0), "uv_tcp_bind");
	must(uv_listen((uv_stream_t *)&server, 8, on_connection), "uv_listen");
	uv_tcp_getsockname(&server, (struct sockaddr *)&server_address, &length);
	client = socket(AF_INET, SOCK_STREAM, 0);
	pid = fork();
	if (pid == 0) {
		generation++;
		must(uv_loop_fork(loop), "uv_loop_fork");
		uv_run(loop, UV_RUN_DEFAULT);
		return 4;
	}
	must(connect(client, (struct sockaddr *)&server_address, sizeof server_address), "connect");
	if (write(client, "hello", 5) != 5)
		say("write failed");
	close(client);
	waitpid(pid, &status, 0);
	say("child exited with %d", WEXITSTATUS(status));
	uv_close((uv_handle_t *)&server, on_closed);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}

/* --- a write that waits, and work that cannot come along ----------------------------------- */

static uv_pipe_t pipe_handle;
static uv_timer_t drain;
static uv_write_t request;
static uv_work_t work, work_done;
static sem_t may_work, has_worked;
static int ends[2];

static void on_write(uv_write_t *written, int status)
{
	(void)written;
	say("written: %s", status ? uv_err_name(status) : "all");
	uv_close((uv_handle_t *)&pipe_handle, on_closed);
	uv_close((uv_handle_t *)&drain, on_closed);
}

static void on_drain(uv_timer_t *timer)
{
	static char bytes[65536];

	(void)timer;
	if (read(ends[1], bytes, sizeof bytes) < 0 && errno != EAGAIN)
		say("read failed");
}

static void do_wait(uv_work_t *waiting)
{
	(void)waiting;
	sem_wait(&may_work);
}

static void do_nothing(uv_work_t *waiting)
{
	(void)waiting;
	sem_post(&has_worked);
}

static void after_work(uv_work_t *waiting, int status)
{
	(void)waiting;
	must(status, "work"); /* it may come before or after the write */
}

static int mode_requests(void)
{
	static char bytes[1 << 20];
	uv_buf_t buffer = uv_buf_init(bytes, sizeof bytes);
	pid_t pid;

	sem_init(&may_work, 0, 0);
	sem_init(&has_worked, 0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
		return 9;
	uv_pipe_init(loop, &pipe_handle, 0);
	must(uv_pipe_open(&pipe_handle, ends[0]), "uv_pipe_open");
	uv_timer_init(loop, &drain);
	must(uv_write(&request, (uv_stream_t *)&pipe_handle, &buffer, 1, on_write), "uv_write");
	must(uv_queue_work(loop, &work, do_wait, after_work), "uv_queue_work");
	must(uv_queue_work(loop, &work_done, do_nothing, after_work), "uv_queue_work");
	sem_wait(&has_worked);
	pid = fork_and_wait();
	if (pid == 0) {
		must(uv_timer_start(&drain, on_drain, 0, 1), "uv_timer_start");
		/* Work that is lost keeps the loop alive for ever. */
		while (uv_is_active((uv_handle_t *)&drain) ||
			uv_is_closing((uv_handle_t *)&drain) != 1)
			uv_run(loop, UV_RUN_ONCE);
		uv_run(loop, UV_RUN_NOWAIT);
		/* Libuv's destructor would join threads that are not here. */
		_exit(6);
	}
	sem_post(&may_work);
	signal(SIGPIPE, SIG_IGN);
	close(ends[1]);
	uv_run(loop, UV_RUN_DEFAULT);
	say("done");
	return 0;
}

/* --- from another thread than the main one ------------------------------------------------- */

static void fork_elsewhere(void *argument)
{
	(void)argument;
	mode_timer(1);
}

static int mode_thread(void)
{
	uv_thread_t thread;

	must(uv_thread_create(&thread, fork_elsewhere, NULL), "uv_thread_create");
	uv_thread_join(&thread);
	return 0;
}

/* --- daemons ------------------------------------------------------------------------------- */

static int mode_daemon(int twice)
{
	pid_t pid;

	if (!twice && daemon(1, 1) != 0)
		return 9;
	if (twice) {
		pid = fork();
		if (pid != 0)
			_exit(0);
		setsid();
		generation++;
		pid = fork();
		if (pid != 0)
			_exit(0);
	}
	generation++;
	must(uv_loop_fork(loop), "uv_loop_fork");
	ticks = 2;
	uv_timer_init(loop, &repeating);
	uv_timer_start(&repeating, on_repeat, 1, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}

static pid_t raw_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

/* --- a child that crashes, and one that only writes ---------------------------------------- */

static int mode_crash(void)
{
	if (fork_and_wait() == 0) {
		say("about to crash");
		raise(SIGSEGV);
	}
	return 0;
}

/* --- children of vfork that are killed in the middle of anything ---------------------------- */

static volatile pid_t borrower;
static volatile int is_over;

static void *kill_borrowers(void *argument)
{
	unsigned seed = 1;

	(void)argument;
	while (!is_over) {
		volatile unsigned spin = (unsigned)rand_r(&seed) % 20000;
		pid_t victim;

		while (spin)
			spin--;
		victim = borrower;
		if (victim)
			syscall(SYS_kill, victim, SIGKILL);
	}
	return NULL;
}

static __attribute__((noinline)) pid_t borrow(void)
{
	char *const arguments[] = {"nothing", NULL};
	pid_t pid = vfork();

	if (pid != 0)
		return pid;
	borrower = (pid_t)syscall(SYS_getpid);
	for (;;)
		execve("/nonexistent", arguments, arguments + 1);
}

static int mode_borrowers(void)
{
	pthread_t killer;
	int i, status, killed = 0;

	pthread_create(&killer, NULL, kill_borrowers, NULL);
	for (i = 0; i < 300; i++) {
		pid_t pid = borrow();

		borrower = 0;
		if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
			killed++;
	}
	is_over = 1;
	pthread_join(killer, NULL);
	say("killed %d", killed);
	ticks = 2;
	uv_timer_init(loop, &repeating);
	uv_timer_start(&repeating, on_repeat, 1, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	loop = uv_default_loop();
	if (!strcmp(mode, "timer"))
		return mode_timer(1);
	if (!strcmp(mode, "generations"))
		return mode_timer(3);
	if (!strcmp(mode, "_Fork") || !strcmp(mode, "raw")) {
		fork_function = mode[0] == 'r' ? raw_fork : _Fork;
		return mode_timer(1);
	}
	if (!strcmp(mode, "closing"))
		return mode_closing();
	if (!strcmp(mode, "server"))
		return mode_server();
	if (!strcmp(mode, "requests"))
		return mode_requests();
	if (!strcmp(mode, "thread"))
		return mode_thread();
	if (!strcmp(mode, "daemon"))
		return mode_daemon(0);
	if (!strcmp(mode, "double"))
		return mode_daemon(1);
	if (!strcmp(mode, "crash"))
		return mode_crash();
	if (!strcmp(mode, "borrowers"))
		return mode_borrowers();
	return 2;
}
