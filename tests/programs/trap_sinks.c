/*
 * Files of lines that are moved, cut, deleted and exchanged below the program that writes to them,
 * and writers that end in the middle. Each argument is one of them; see `traps` below, and
 * traps_sinks.sh for what a recording has to say of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

static int file_open(const char *name, int flags)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	must(fd >= 0, name);
	return fd;
}

static void say(int fd, const char *text)
{
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), text);
}

/* What is known of a descriptor is asked for again after a tenth of a second. */
static void let_time_pass(void)
{
	usleep(250000);
}

/* --- files --------------------------------------------------------------------------------- */

static void trap_rotate(void)
{
	int fd = file_open("app.log", O_APPEND), other;

	say(fd, "before\n");
	must(rename("app.log", "app.log.1") == 0, "rename");
	say(fd, "moved\n");
	other = file_open("app.log", O_APPEND);
	must(dup2(other, fd) == fd, "dup2");
	close(other);
	say(fd, "after\n");
}

static void trap_truncate(void)
{
	int fd = file_open("app.log", O_APPEND);

	say(fd, "a line that goes\n");
	must(ftruncate(fd, 0) == 0, "ftruncate");
	let_time_pass();
	say(fd, "stays\n");
}

static void trap_unlink(void)
{
	int fd = file_open("app.log", 0);

	say(fd, "before\n");
	must(unlink("app.log") == 0, "unlink");
	let_time_pass();
	say(fd, "after\n");
}

/* Calls that nobody but the kernel sees. */
static void trap_unseen(void)
{
	int fd = file_open("app.log", 0), other, out = dup(1);

	say(fd, "a line\n");
	say(1, "out\n");
	syscall(SYS_close, fd);
	other = file_open("no line.bin", 0);
	must(other == fd, "the same descriptor");
	syscall(SYS_dup2, file_open("other.log", 0), 1);
	let_time_pass();
	say(fd, "no line\n");
	say(1, "in the other\n");
	syscall(SYS_dup2, out, 1);
	let_time_pass();
	say(1, "out again\n");
}

static void trap_kinds(void)
{
	int memory = memfd_create("memory.log", MFD_CLOEXEC), pair[2], pipe_end;

	say(memory, "in memory\n");
	must(mkfifo("pipe.log", 0600) == 0, "mkfifo");
	pipe_end = open("pipe.log", O_RDWR | O_CLOEXEC);
	must(pipe_end >= 0, "pipe.log");
	say(pipe_end, "no line\n");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	say(pair[0], "no line\n");
	/* As standard output they are. */
	dup2(pipe_end, 1);
	say(1, "in a pipe\n");
	dup2(pair[0], 1);
	say(1, "in a socket\n");
	dup2(memory, 1);
	say(1, "in memory again\n");
	dup2(open("/dev/null", O_WRONLY), 1);
	say(1, "nowhere\n");
}

static void trap_many(void)
{
	char name[32], line[32];
	int i;

	for (i = 0; i < 5000; i++) {
		int fd;

		snprintf(name, sizeof name, "%d.log", i);
		snprintf(line, sizeof line, "line of %d\n", i);
		fd = file_open(name, O_APPEND);
		say(fd, line);
		close(fd);
	}
}

static void trap_chroot(void)
{
	int out = dup(1);

	must(chroot(".") == 0, "chroot");
	say(out, "no line\n");
	say(1, "out\n");
	say(file_open("app.log", O_APPEND), "appended\n");
	say(file_open("other.log", 0), "written\n");
}

/* --- writers ------------------------------------------------------------------------------- */

static void trap_vfork(void)
{
	int status;
	pid_t pid;

	say(1, "before\n");
	pid = vfork();
	if (pid == 0) {
		/* Its own descriptor, and the parent's knowledge. */
		dup2(open("child.txt", O_WRONLY | O_CREAT, 0600), 2);
		syscall(SYS_write, 2, "no line\n", 8);
		if (write(1, "in the child\n", 13) != 13)
			_exit(1);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	must(WEXITSTATUS(status) == 9, "vfork");
	say(2, "after\n");
	say(1, "after\n");
}

static void trap_limit(void)
{
	struct rlimit limit = {10, RLIM_INFINITY};
	int fd = file_open("app.log", 0);

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	must(write(fd, "only ten of these\n", 18) == 10, "a part");
	must(write(fd, "none\n", 5) < 0, "none");
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	say(fd, " and the rest\n");
}

static pthread_barrier_t turn;

static void *write_parts(void *name)
{
	char text[64];
	int i;

	for (i = 0; i < 100; i++) {
		pthread_barrier_wait(&turn);
		snprintf(text, sizeof text, "%s %d, ", (char *)name, i);
		say(1, text);
		pthread_barrier_wait(&turn);
		say(1, "second, ");
		pthread_barrier_wait(&turn);
		say(1, "third\n");
	}
	return NULL;
}

static void trap_interleave(void)
{
	static const char *const names[] = {"one", "two", "three"};
	pthread_t threads[3];
	int i;

	pthread_barrier_init(&turn, NULL, 3);
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, write_parts, (void *)(uintptr_t)names[i]);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void trap_killed(void)
{
	say(1, "whole\n");
	say(1, "unended");
	raise(SIGKILL);
}

static void trap_exec(void)
{
	say(1, "unended, ");
	execlp("sh", "sh", "-c", "echo and another", NULL);
}

static void trap_fork(void)
{
	pid_t pid;

	say(1, "parent, ");
	pid = fork();
	if (pid == 0) {
		say(1, "child\n");
		say(1, "unended");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say(1, "and on\n");
}

static void *write_and_end(void *unused)
{
	say(1, "unended by its thread");
	return unused;
}

static void trap_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, write_and_end, NULL);
	pthread_join(thread, NULL);
	say(1, "main\n");
}

/* Between the pieces of one line others are written elsewhere. */
static void trap_pieces(void)
{
	int one = file_open("one.log", 0), two = file_open("two.log", 0), i;

	for (i = 0; i < 3; i++) {
		say(one, "one ");
		say(two, "two ");
		say(1, "out ");
	}
	say(one, "end\n");
	say(two, "end\n");
	say(1, "end\n");
}

static void trap_names(void)
{
	say(file_open("data.bin", 0), "data\n");
	say(file_open("app.log", 0), "app\n");
	say(file_open("appended", O_APPEND), "appended\n");
	say(1, "out\n");
	say(2, "err\n");
}

/* --- all of them --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*call)(void);
} traps[] = {{"rotate", trap_rotate}, {"truncate", trap_truncate}, {"unlink", trap_unlink},
	{"unseen", trap_unseen}, {"kinds", trap_kinds}, {"many", trap_many},
	{"chroot", trap_chroot}, {"vfork", trap_vfork}, {"limit", trap_limit},
	{"interleave", trap_interleave}, {"killed", trap_killed}, {"exec", trap_exec},
	{"fork", trap_fork}, {"thread", trap_thread}, {"pieces", trap_pieces},
	{"names", trap_names}};

static const char *wanted;

static void on_timer(uv_timer_t *timer)
{
	size_t i;

	uv_close((uv_handle_t *)timer, NULL);
	for (i = 0; i < sizeof traps / sizeof *traps; i++)
		if (strcmp(wanted, traps[i].name) == 0)
			traps[i].call();
}

int main(int count, char **arguments)
{
	uv_timer_t timer;

	wanted = count > 1 ? arguments[1] : "";
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 0, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return 0;
}
