/*
 * Lines where it is hard to know where they go, or whose they are:
 *
 *     trap_logs reuse      threads that open, write and close, so that descriptors are used again
 *     trap_logs again      one file, opened for each of many lines; and made empty now and then
 *     trap_logs signals    a signal handler that writes wherever the program has just been writing
 *     trap_logs handed     descriptors that dup2 and libuv give to other files
 *     trap_logs strict     what is written under seccomp's strict mode
 *     trap_logs child      the same in a child of fork, which does nothing before
 *     trap_logs filter     the same, where all is forbidden but what a writer needs
 *     trap_logs forked     forked while a thread prints; a thread of the child lies where that did
 *
 * Files of lines are called *.log; each line begins with the name of the file that it is in.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int file_open(const char *name, int flags)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0)
		fail(name);
	return fd;
}

static void line_write(int fd, const char *name, int number)
{
	char line[80];
	int length = snprintf(line, sizeof line, "%s %d\n", name, number);

	if (write(fd, line, (size_t)length) != length)
		fail(name);
}

/* --- descriptors that are used again ------------------------------------------------------- */

enum { THREADS = 4, TURNS = 1500, NAMES = 8 };

/* What is no log is written to as well, so that this too is known of its descriptor. */
static void no_log_between(int turn)
{
	int ends[2];

	if (turn % 2 ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		fail("pipe");
	if (write(ends[1], "no line\n", 8) != 8)
		fail("no log");
	close(ends[0]);
	close(ends[1]);
}

static void *reuse_one(void *argument)
{
	int thread = (int)(intptr_t)argument, turn;
	char name[32];
	uv_fs_t request;

	for (turn = 0; turn < TURNS; turn++) {
		int fd;

		no_log_between(turn);
		snprintf(name, sizeof name, "t%d-%d.log", thread, turn % NAMES);
		fd = file_open(name, turn % 3 ? O_APPEND : 0);
		line_write(fd, name, turn);
		switch (turn % 3) {
		case 0:
			close(fd);
			break;
		case 1:
			uv_fs_close(NULL, &request, fd, NULL);
			uv_fs_req_cleanup(&request);
			break;
		default:
			close_range((unsigned)fd, (unsigned)fd, 0);
			break;
		}
	}
	return NULL;
}

static void reuse(void)
{
	pthread_t threads[THREADS];
	intptr_t i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, reuse_one, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void again(void)
{
	int turn;

	for (turn = 0; turn < 6000; turn++) {
		/* Empty at every thousandth. */
		int fd = file_open("again.log", turn % 1000 ? O_APPEND : O_TRUNC);

		line_write(fd, "again.log", turn);
		close(fd);
	}
}

/* --- descriptors that are given to other files --------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	int fd = file_open("after_close.log", 0);

	(void)handle;
	line_write(fd, "after_close.log", 1);
	close(fd);
}

/* The child has its parent's memory, and descriptors of its own. */
static void lent(void)
{
	int parents = file_open("parents.log", 0), childs = file_open("childs.log", 0);

	line_write(parents, "parents.log", 1);
	if (vfork() == 0) {
		dup2(childs, parents);
		line_write(parents, "childs.log", 1);
		_exit(0);
	}
	line_write(parents, "parents.log", 2);
	close(parents);
	close(childs);
}

static void handed(void)
{
	uv_loop_t loop;
	uv_buf_t text = uv_buf_init("no line\n", 8);
	uv_pipe_t pipe_handle;
	uv_fs_t request;
	int ends[2], log, plain, expected;

	lent();
	log = file_open("first.log", 0);
	plain = file_open("plain.txt", 0);
	line_write(plain, "plain.txt", 1);
	dup2(log, plain);
	line_write(plain, "first.log", 1);
	close(log);
	log = file_open("second.log", 0);
	dup3(log, plain, O_CLOEXEC);
	line_write(plain, "second.log", 1);
	close(plain);
	/* The lowest that is free. */
	expected = plain = dup(log);
	line_write(plain, "second.log", 2);
	uv_fs_close(NULL, &request, plain, NULL);
	uv_fs_req_cleanup(&request);
	plain = file_open("third.log", 0);
	if (plain != expected)
		fail("another descriptor");
	line_write(plain, "third.log", 1);
	closefrom(plain);
	plain = file_open("fourth.log", 0);
	line_write(plain, "fourth.log", 1);
	close_range(3, ~0u, 0);
	/* Of libuv's own: it closes by a system call made by hand. */
	uv_loop_init(&loop);
	if (pipe(ends) != 0)
		fail("pipe");
	uv_pipe_init(&loop, &pipe_handle, 0);
	uv_pipe_open(&pipe_handle, ends[1]);
	uv_try_write((uv_stream_t *)&pipe_handle, &text, 1);
	expected = ends[1];
	uv_close((uv_handle_t *)&pipe_handle, on_closed);
	plain = file_open("fifth.log", 0);
	if (plain != expected)
		fail("another descriptor");
	line_write(plain, "fifth.log", 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

/* --- signal handlers ----------------------------------------------------------------------- */

static volatile sig_atomic_t signals_come;
static int handler_fd;

static void on_signal(int signum)
{
	static int number;
	int saved = errno;
	char line[40] = "handler.log ", *end = line + 12;
	int i, digits = ++number, scale = 1000000;

	(void)signum;
	for (i = 0; i < 7; i++, scale /= 10)
		*end++ = (char)('0' + digits / scale % 10);
	*end++ = '\n';
	if (write(handler_fd, line, (size_t)(end - line)) < 0)
		_exit(1);
	signals_come = number;
	errno = saved;
}

/* Lines in pieces, until the handler has come so often. */
static void signals(void)
{
	const struct itimerval often = {{0, 100}, {0, 100}};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	int fd = file_open("pieces.log", 0), number = 0;

	handler_fd = file_open("handler.log", 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (signals_come < 3000 && number < 200000) {
		char words[32];
		struct iovec parts[3] = {{"pieces", 6}, {".log ", 5}, {words, 0}};

		parts[2].iov_len = (size_t)snprintf(words, sizeof words, "%d\n", ++number);
		if (number % 2) {
			if (writev(fd, parts, 3) < 0)
				fail("writev");
			continue;
		}
		if (write(fd, "pie", 3) != 3 || write(fd, "ces.log ", 8) != 8 ||
			write(fd, words, parts[2].iov_len) < 0)
			fail("write");
	}
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
}

/* --- seccomp ------------------------------------------------------------------------------- */

/* Long enough for what is known of a descriptor to be old; without a system call. */
static void let_time_pass(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < 300);
}

static void confined(int log, int unknown)
{
	line_write(1, "out", 2);
	line_write(log, "known.log", 2);
	/* It was never written to before. */
	line_write(unknown, "unknown.log", 1);
	line_write(2, "err", 1);
	syscall(SYS_exit, 0);
}

static void strict(void)
{
	int log = file_open("known.log", 0), unknown = file_open("unknown.log", 0);

	line_write(1, "out", 1);
	line_write(log, "known.log", 1);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		fail("strict mode");
	confined(log, unknown);
}

/* A child that nothing was seen of before. */
static void strict_child(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0)
			line_write(1, "child", 1);
		syscall(SYS_exit, 3);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 3)
		fail("the child was killed");
	line_write(1, "parent", 1);
}

#define ALLOW(name)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1),                                    \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(write),
		ALLOW(exit),
		ALLOW(exit_group),
		ALLOW(futex),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {sizeof code / sizeof *code, code};
	int log = file_open("known.log", 0), unknown = file_open("unknown.log", 0);

	line_write(1, "out", 1);
	line_write(log, "known.log", 1);
	/* As libseccomp does it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		fail("filter");
	let_time_pass();
	confined(log, unknown);
}

/* --- forked while a thread prints ------------------------------------------------------------ */

static char long_text[1 << 18];

static void *print_long(void *argument)
{
	printf("%s %d\n", long_text, 1); /* not puts */
	return argument;
}

static void *print_lines(void *argument)
{
	int i;

	for (i = 0; i < 5; i++)
		printf("forked.log %d\n", i);
	return argument;
}

static void forked_child(void)
{
	pthread_t thread;
	int fd = file_open("forked.log", O_APPEND);

	if (dup2(fd, 1) != 1)
		fail("dup2");
	if (pthread_create(&thread, NULL, print_lines, NULL) || pthread_join(thread, NULL))
		fail("pthread_create");
	exit(0);
}

static void forked(void)
{
	int ends[2], full, size, status;
	pthread_t thread;
	pid_t child;

	memset(long_text, 'x', sizeof long_text - 1);
	if (pipe(ends) || dup2(ends[1], 1) != 1)
		fail("pipe");
	full = fcntl(ends[1], F_GETPIPE_SZ);
	if (pthread_create(&thread, NULL, print_long, NULL))
		fail("pthread_create");
	do {
		usleep(1000);
		if (ioctl(ends[0], FIONREAD, &size))
			fail("FIONREAD");
	} while (size < full);
	child = fork();
	if (child == 0)
		forked_child();
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		fail("fork");
	_exit(0);
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		void (*call)(void);
	} modes[] = {{"reuse", reuse}, {"again", again}, {"handed", handed}, {"signals", signals},
		{"strict", strict}, {"child", strict_child}, {"filter", filter},
		{"forked", forked}};
	uv_loop_t loop;
	size_t i;

	/* So that there is a recording. */
	uv_loop_init(&loop);
	uv_loop_close(&loop);
	for (i = 0; i < sizeof modes / sizeof *modes; i++)
		if (count == 2 && strcmp(arguments[1], modes[i].name) == 0) {
			modes[i].call();
			return 0;
		}
	return 2;
}
