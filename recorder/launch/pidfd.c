/* Pidfds of processes that may be gone: see pidfd.h. */
#include "recorder/launch/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * Beginnings are told in whole ticks, and a forked process may count from before its fork. No
 * machine makes so many processes meanwhile that a number comes again.
 */
enum { SLACK_NS = 100000000 };

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* When the process began, of CLOCK_BOOTTIME; UINT64_MAX when it is not there. */
static uint64_t began_ns(pid_t os_pid)
{
	enum { START_FIELD = 22 }; /* of proc(5); the one after the name is the third */
	char path[64], text[1024], *at;
	ssize_t size = -1;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		size = read(fd, text, sizeof text - 1);
		close(fd);
	}
	if (size <= 0)
		return UINT64_MAX;
	text[size] = 0;
	at = strrchr(text, ')'); /* the name may hold anything */
	for (int field = 2; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK))
		  : UINT64_MAX;
}

int pidfd_of(pid_t os_pid, uint64_t alive_ns)
{
	int fd = (int)syscall(SYS_pidfd_open, os_pid, 0);
	uint64_t monotonic_ns, asleep_ns;

	if (fd < 0)
		return -1;
	/* In this order: when we are held up in between, it is too much and not too little. */
	monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	asleep_ns = clock_ns(CLOCK_BOOTTIME) - monotonic_ns;
	if (began_ns(os_pid) <= alive_ns + asleep_ns + SLACK_NS)
		return fd;
	close(fd);
	errno = ESRCH;
	return -1;
}

bool pidfd_has_ended(int pidfd)
{
	struct pollfd waiting = {.fd = pidfd, .events = POLLIN};

	return poll(&waiting, 1, 0) > 0;
}
