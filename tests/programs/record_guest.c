/*
 * A small libuv program for tests of `acausal record`: it runs a timer, so that there is something
 * to record, and then does what its first argument says.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static void on_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

static void run_timer(void)
{
	static uv_timer_t timer;

	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 1, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void print_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	char path[512], target[4096];

	while ((entry = readdir(folder))) {
		ssize_t length;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(folder))
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
		length = readlink(path, target, sizeof target - 1);
		target[length > 0 ? length : 0] = 0;
		printf("descriptor %s -> %s, flags %x\n", entry->d_name, target,
			(unsigned)fcntl(atoi(entry->d_name), F_GETFL));
	}
	closedir(folder);
}

/* All that a program can see of how it was started, but for its process ID. */
static void print_state(void)
{
	char line[4096];
	FILE *status = fopen("/proc/self/status", "re");
	extern char **environ;

	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, "Sig", 3) || !strncmp(line, "Shd", 3) ||
			!strncmp(line, "Umask", 5) || !strncmp(line, "NoNewPrivs", 10) ||
			!strncmp(line, "Cap", 3))
			fputs(line, stdout);
	if (status)
		fclose(status);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		getrlimit(i, &limit);
		printf("limit %d: %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
			(unsigned long long)limit.rlim_max);
	}
	printf("cwd %s\nsession %d\n", getcwd(line, sizeof line), (int)getsid(0));
	printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
	for (char **variable = environ; *variable; variable++)
		if (strncmp(*variable, "ACAUSAL_", 8) != 0 &&
			strncmp(*variable, "LD_PRELOAD=", 11) != 0 &&
			strncmp(*variable, "_=", 2) != 0)
			puts(*variable);
	print_descriptors();
}

static void on_signal(uv_signal_t *watcher, int number)
{
	printf("signal %d\n", number);
	fflush(stdout);
	uv_stop(watcher->loop);
}

/* Says "ready" and waits for one of these signals; its number is the exit status. */
static int wait_for_signal(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	static uv_signal_t watchers[sizeof numbers / sizeof *numbers];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uv_signal_init(uv_default_loop(), &watchers[i]);
		uv_signal_start(&watchers[i], on_signal, numbers[i]);
	}
	puts("ready");
	fflush(stdout);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return 0;
}

static void on_crash(uv_timer_t *timer)
{
	volatile uintptr_t nowhere = 8; /* gcc warns of what it knows to be no object */

	(void)timer;
	*(volatile int *)nowhere = 1;
}

static int crash_in_callback(void)
{
	static uv_timer_t timer;
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_crash, 1, 0);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static int copy_stdin(void)
{
	char bytes[4096];
	ssize_t size;

	while ((size = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)size) != size)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "exit";
	const char *argument = argc > 2 ? argv[2] : "0";

	run_timer();
	if (!strcmp(mode, "exit"))
		return atoi(argument);
	if (!strcmp(mode, "raise")) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		raise(atoi(argument));
		return 0;
	}
	if (!strcmp(mode, "state")) {
		print_state();
		return 0;
	}
	if (!strcmp(mode, "wait"))
		return wait_for_signal();
	if (!strcmp(mode, "crash"))
		return crash_in_callback();
	if (!strcmp(mode, "copy"))
		return copy_stdin();
	if (!strcmp(mode, "exec")) {
		execvp(argument, argv + 2);
		return 1;
	}
	if (!strcmp(mode, "sleep")) {
		usleep((useconds_t)atoi(argument) * 1000);
		return 0;
	}
	return 2;
}
