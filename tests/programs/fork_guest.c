/*
 * Makes processes in every way that there is, as told by its arguments, and says what they saw:
 *
 *	fork_guest MODE [ARG...]
 *
 * Modes that execute something execute ARG... Each call's result and errno are printed, and nothing
 * that differs from run to run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static char **arguments; /* what is to be executed */

static void say(const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	vprintf(format, rest);
	va_end(rest);
	fflush(stdout);
}

static void say_status(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid)
		say("waitpid failed\n");
	else if (WIFSIGNALED(status))
		say("child ended by signal %d\n", WTERMSIG(status));
	else
		say("child exited with %d\n", WEXITSTATUS(status));
}

/* --- ways to execute ---------------------------------------------------------------------- */

static char *own_environment[] = {"FIRST=1", "PATH=/usr/bin:/bin", "LAST=3", NULL};
static char *preload_environment[] = {"FIRST=1", "LD_PRELOAD=libm.so.6 libdl.so.2", "LAST=3", NULL};

static char **no_environment; /* which is an empty one to the kernel */

static void execute(const char *how)
{
	if (!strcmp(how, "execve"))
		execve(arguments[0], arguments, own_environment);
	else if (!strcmp(how, "execve-preload"))
		execve(arguments[0], arguments, preload_environment);
	else if (!strcmp(how, "execve-null"))
		execve(arguments[0], arguments, no_environment);
	else if (!strcmp(how, "execv"))
		execv(arguments[0], arguments);
	else if (!strcmp(how, "execvp"))
		execvp(arguments[0], arguments);
	else if (!strcmp(how, "execvpe"))
		execvpe(arguments[0], arguments, own_environment);
	else if (!strcmp(how, "execl"))
		execl(arguments[0], arguments[0], arguments[1], NULL);
	else if (!strcmp(how, "execlp"))
		execlp(arguments[0], arguments[0], arguments[1], NULL);
	else if (!strcmp(how, "execle"))
		execle(arguments[0], arguments[0], arguments[1], NULL, own_environment);
	else if (!strcmp(how, "fexecve"))
		fexecve(open(arguments[0], O_RDONLY | O_CLOEXEC), arguments, own_environment);
	else if (!strcmp(how, "execveat"))
		execveat(AT_FDCWD, arguments[0], arguments, own_environment, 0);
	else
		say("no such way\n");
	say("%s: errno %d\n", how, errno);
	_exit(77);
}

static int mode_fork(const char *how)
{
	pid_t pid = fork();

	if (pid == 0)
		execute(how);
	say_status(pid);
	return 0;
}

static int mode_underscore_fork(const char *how)
{
	pid_t pid = _Fork();

	if (pid == 0)
		execute(how);
	say_status(pid);
	return 0;
}

/* The child borrows everything, and must not return. */
static __attribute__((noinline)) pid_t vfork_and(const char *how)
{
	pid_t pid = vfork();

	if (pid != 0)
		return pid;
	if (!strcmp(how, "_exit"))
		_exit(5);
	if (!strcmp(how, "kill"))
		syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	execute(how);
	_exit(76);
}

static int mode_vfork(const char *how)
{
	say_status(vfork_and(how));
	return 0;
}

static int mode_exec(const char *how)
{
	execute(how);
	return 1;
}

static int mode_spawn(const char *how)
{
	bool by_name = strstr(how, "p-") != NULL;
	char **variables = strstr(how, "preload") ? preload_environment
			   : strstr(how, "own")	  ? own_environment
						  : environ;
	pid_t pid = -1;
	int result = by_name ? posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, variables)
			     : posix_spawn(&pid, arguments[0], NULL, NULL, arguments, variables);

	if (result == 0)
		say_status(pid);
	say("posix_spawn: %d\n", result);
	return 0;
}

static int mode_shell(const char *how)
{
	char line[256];
	FILE *pipe;

	if (!strcmp(how, "system")) {
		say("system: %d\n", system(arguments[0]));
		return 0;
	}
	pipe = popen(arguments[0], "r");
	while (pipe && fgets(line, sizeof line, pipe))
		say("popen: %s", line);
	say("pclose: %d\n", pipe ? pclose(pipe) : -1);
	return 0;
}

/* --- libuv -------------------------------------------------------------------------------- */

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	say("exit callback: %d, signal %d\n", (int)status, signal);
	uv_close((uv_handle_t *)process, NULL);
}

static int mode_uv(const char *how)
{
	uv_stdio_container_t streams[3] = {{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
	uv_process_options_t options = {
		.file = arguments[0], .args = arguments, .stdio = streams, .stdio_count = 3};
	uv_process_t process;
	int result;

	if (!strcmp(how, "own"))
		options.env = own_environment;
	if (!strcmp(how, "preload"))
		options.env = preload_environment;
	if (strcmp(how, "silent") != 0)
		options.exit_cb = on_exit_of_child;
	result = uv_spawn(uv_default_loop(), &process, &options);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	say("uv_spawn: %d\n", result);
	return 0;
}

/* --- with an environment that does not fit on the stack ----------------------------------- */

static int mode_big(const char *how)
{
	char name[32], value[1024];
	int i;

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = 0;
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "BIG%d", i);
		setenv(name, value, 1);
	}
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "SMALL%d", i);
		setenv(name, "", 1);
	}
	return mode_fork(how);
}

/* --- with the largest environment that the kernel takes ----------------------------------- */

enum { MOST_LENGTH = 65536, MOST_COUNT = 64 };

static bool is_taken(char **variables, size_t size)
{
	char *const empty[] = {"true", NULL};
	size_t rest = size % MOST_LENGTH;
	char *last = variables[size / MOST_LENGTH];
	int status;
	pid_t pid;

	memset(last, 'x', rest);
	last[rest] = 0;
	variables[size / MOST_LENGTH + 1] = NULL;
	pid = fork();
	if (pid == 0) {
		execve("/bin/true", empty, variables);
		_exit(errno == E2BIG ? 9 : 10);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Says how many bytes that is: one more must be refused, as without us. */
static int mode_most(void)
{
	size_t low = 0, high = (size_t)MOST_LENGTH * MOST_COUNT;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		char *variables[MOST_COUNT + 2] = {0};
		bool taken;
		size_t i;

		for (i = 0; i <= middle / MOST_LENGTH; i++) {
			variables[i] = malloc(MOST_LENGTH);
			memset(variables[i], 'x', MOST_LENGTH - 1);
			variables[i][MOST_LENGTH - 1] = 0;
		}
		taken = is_taken(variables, middle);
		for (i = 0; i <= middle / MOST_LENGTH; i++)
			free(variables[i]);
		if (taken)
			low = middle;
		else
			high = middle;
	}
	printf("%zu bytes\n", low);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	const char *how = argc > 2 ? argv[2] : "";

	arguments = argv + (argc > 3 ? 3 : argc);
	/* Libuv is used by each, so that there is something to record. */
	uv_default_loop();
	if (!strcmp(mode, "fork"))
		return mode_fork(how);
	if (!strcmp(mode, "_Fork"))
		return mode_underscore_fork(how);
	if (!strcmp(mode, "vfork"))
		return mode_vfork(how);
	if (!strcmp(mode, "exec"))
		return mode_exec(how);
	if (!strcmp(mode, "spawn"))
		return mode_spawn(how);
	if (!strcmp(mode, "shell"))
		return mode_shell(how);
	if (!strcmp(mode, "uv"))
		return mode_uv(how);
	if (!strcmp(mode, "big"))
		return mode_big(how);
	if (!strcmp(mode, "most"))
		return mode_most();
	return 2;
}
