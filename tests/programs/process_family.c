/*
 * A program with children of every kind, for tests/e2e/processes.sh: each is made inside a callback
 * of libuv, and most run libuv themselves. `process_family KIND [ARGUMENT]`.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t *loop;
static uv_timer_t timer;
static uv_process_t children[4];
static char self[4096];
static int number;

static void on_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	printf("child: status %d, signal %d\n", (int)status, signal);
	fflush(stdout);
	uv_close((uv_handle_t *)process, on_closed);
}

/* The caller that a test looks for. */
static __attribute__((noinline)) void make_child(
	char **arguments, char **environment, bool detached)
{
	static int made;
	uv_process_options_t options = {.file = arguments[0],
		.args = arguments,
		.env = environment,
		.exit_cb = on_exit_of_child,
		.flags = detached ? UV_PROCESS_DETACHED : 0};
	uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
	uv_process_t *process = &children[made++];

	options.stdio = stdio;
	options.stdio_count = 3;
	if (uv_spawn(loop, process, &options) != 0)
		uv_close((uv_handle_t *)process, on_closed);
	else if (detached)
		uv_unref((uv_handle_t *)process);
}

static void on_leaf(uv_timer_t *handle)
{
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_fault(uv_timer_t *handle)
{
	*(volatile int *)0 = (int)handle->timeout;
}

static void on_spawn(uv_timer_t *handle)
{
	make_child((char *[]){self, "leaf", "5", NULL}, NULL, false);
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_shell(uv_timer_t *handle)
{
	char command[5000];

	snprintf(command, sizeof command, "'%s' leaf 3; exit 8", self);
	make_child((char *[]){"/bin/sh", "-c", command, NULL}, NULL, false);
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_environment(uv_timer_t *handle)
{
	make_child((char *[]){self, "leaf", "6", NULL}, (char *[]){"ONLY=this", NULL}, false);
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_nest(uv_timer_t *handle)
{
	char left[16];

	snprintf(left, sizeof left, "%d", number - 1);
	make_child((char *[]){self, number > 1 ? "nest" : "leaf", left, NULL}, NULL, false);
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_crash(uv_timer_t *handle)
{
	make_child((char *[]){self, "fault", NULL}, NULL, false);
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_exec(uv_timer_t *handle)
{
	char left[16];

	(void)handle;
	snprintf(left, sizeof left, "%d", number - 1);
	execl(self, self, number > 1 ? "exec" : "leaf", number > 1 ? left : "9", (char *)NULL);
	_exit(99);
}

/* libc makes the processes, and no wrapper sees how. */
static void on_libc(uv_timer_t *handle)
{
	char command[5000];
	FILE *pipe;

	snprintf(command, sizeof command, "'%s' leaf 1", self);
	printf("system: %d\n", WEXITSTATUS(system(command)));
	fflush(stdout);
	pipe = popen(command, "r");
	printf("popen: %d\n", WEXITSTATUS(pclose(pipe)));
	uv_close((uv_handle_t *)handle, on_closed);
}

/* A child that goes on as its parent was: with a loop of its own. */
static __attribute__((noinline)) void be_child(void)
{
	uv_loop_t own;
	uv_timer_t leaf;

	uv_loop_init(&own);
	uv_timer_init(&own, &leaf);
	uv_timer_start(&leaf, on_leaf, 1, 0);
	uv_run(&own, UV_RUN_DEFAULT);
	_exit(4);
}

static void on_fork(uv_timer_t *handle)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		be_child();
	waitpid(child, &status, 0);
	printf("fork: %d\n", WEXITSTATUS(status));
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_late(uv_timer_t *handle)
{
	uv_close((uv_handle_t *)handle, on_closed);
	unlink("late");
}

static void on_outlive(uv_timer_t *handle)
{
	make_child((char *[]){self, "late", "700", NULL}, NULL, true);
	uv_close((uv_handle_t *)handle, on_closed);
}

static void on_killed(uv_timer_t *handle)
{
	(void)handle;
	make_child((char *[]){self, "late", "400", NULL}, NULL, true);
	raise(SIGKILL);
}

/*
 * Somebody who has seen the name of the recorder's door and does not know its word: says nothing,
 * or nonsense, more often than there is room for.
 */
static void on_knock(uv_timer_t *handle)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = getenv("ACAUSAL_SOCKET");
	size_t length = name ? strcspn(name, ".") : 0;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);

	if (length && length < sizeof address.sun_path)
		memcpy(address.sun_path + 1, name, length);
	for (int i = 0; i < 100; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		char nonsense[40];

		memset(nonsense, i, sizeof nonsense);
		if (connect(fd, (struct sockaddr *)&address, size) != 0)
			printf("no door\n");
		else if (i % 2 && send(fd, nonsense, sizeof nonsense, MSG_NOSIGNAL) < 0)
			printf("no answer\n");
	}
	on_spawn(handle);
}

/* Of a daemon, in the way of the manuals. */
static void on_daemonise(uv_timer_t *handle)
{
	char left[16];

	uv_close((uv_handle_t *)handle, on_closed);
	if (fork())
		return;
	setsid();
	if (fork())
		_exit(0);
	close(0);
	open("/dev/null", O_RDWR);
	dup2(0, 1);
	dup2(0, 2);
	snprintf(left, sizeof left, "%d", number);
	execl(self, self, "late", left, (char *)NULL);
	_exit(99);
}

static const struct {
	const char *name;
	uv_timer_cb callback;
} kinds[] = {
	{"leaf", on_leaf},
	{"fault", on_fault},
	{"spawn", on_spawn},
	{"shell", on_shell},
	{"environment", on_environment},
	{"nest", on_nest},
	{"crash", on_crash},
	{"exec", on_exec},
	{"libc", on_libc},
	{"fork", on_fork},
	{"late", on_late},
	{"outlive", on_outlive},
	{"killed", on_killed},
	{"daemonise", on_daemonise},
	{"knock", on_knock},
};

int main(int argc, char **argv)
{
	uv_timer_cb callback = on_leaf;
	bool is_late = argc > 1 && !strcmp(argv[1], "late");
	bool is_leaf = argc > 1 && !strcmp(argv[1], "leaf");
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (length <= 0)
		return 98;
	for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(argv[1], kinds[i].name))
			callback = kinds[i].callback;
	number = argc > 2 ? atoi(argv[2]) : 0;
	loop = uv_default_loop();
	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, callback, is_late ? (uint64_t)number : 1, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	return is_leaf ? number : 0;
}
