/*
 * acausal_snapshot() and its kin where something is in the way: says what became of each, and
 * whether anything was left behind or changed that is the program's.
 *
 *     flight_limits [PATH]    with a PATH only: one snapshot of that name
 */
#include "recorder/acausal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum { OTHER = 77, DESCRIPTORS = 64 };

static int descriptors(void)
{
	int count = 0, fd;

	for (fd = 0; fd < DESCRIPTORS; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void ask(const char *words, const char *path)
{
	int before = descriptors(), result, number;

	errno = OTHER;
	result = acausal_snapshot(path);
	number = errno;
	printf("%s: %s%s%s\n", words,
		result == 0 ? (number == OTHER ? "errno kept" : "errno changed")
			    : strerrorname_np(number),
		path[0] && access(path, F_OK) == 0 ? ", a file" : "",
		descriptors() == before ? "" : ", a descriptor");
	fflush(stdout);
}

static void ask_limited(const char *words, __rlimit_resource_t resource, rlim_t most)
{
	struct rlimit before, limit;

	getrlimit(resource, &before);
	limit = before;
	limit.rlim_cur = most;
	setrlimit(resource, &limit);
	ask(words, "limited.image");
	setrlimit(resource, &before);
}

static void on_never(uv_timer_t *timer)
{
	(void)timer;
}

int main(int argc, char **argv)
{
	uv_timer_t timer;
	pid_t child;

	if (argc > 1) {
		ask("asked", argv[1]);
		return 0;
	}
	ask("before libuv", "first.image");
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_never, 1000000, 0);
	ask("again", "first.image");
	ask("no folder", "nowhere/image");
	ask("no name", "");
	ask_limited("RLIMIT_FSIZE", RLIMIT_FSIZE, 1 << 20);
	ask_limited("RLIMIT_NOFILE", RLIMIT_NOFILE, 3);
	ask_limited("RLIMIT_AS", RLIMIT_AS, 1 << 20);
	child = fork();
	if (child == 0) {
		ask("in the child of a fork", "child.image");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	errno = OTHER;
	if (acausal_pause() == 0 && acausal_resume() == 0)
		printf("pause and resume: %s\n", errno == OTHER ? "errno kept" : "errno changed");
	return 0;
}
