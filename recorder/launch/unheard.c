/* Looks for the door's name in environments, as /proc shows them: see unheard.h. */
#include "recorder/launch/unheard.h"

#include "recorder/wire/arena.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ENVIRONMENT_MAX = 1 << 20,
	/* How often one is looked at that shows no environment, and how long between. */
	LOOKS = 5,
	LOOK_US = 500,
};

/* A file of a process into `bytes`; returns its size, -1 when it may not be read. */
static ssize_t read_file(const char *process, const char *name, char *bytes)
{
	char path[300];
	size_t size = 0;
	ssize_t part;
	int fd;

	snprintf(path, sizeof path, "/proc/%.200s/%s", process, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (size < ENVIRONMENT_MAX &&
		(part = read(fd, bytes + size, ENVIRONMENT_MAX - size)) > 0)
		size += (size_t)part;
	close(fd);
	return (ssize_t)size;
}

/*
 * The environment that a process was started with, into `bytes`; returns its size. In the middle of
 * an exec a process has memory already and no environment yet.
 */
static size_t read_environment(const char *process, char *bytes)
{
	ssize_t size = read_file(process, "environ", bytes);

	for (int i = 0; !size && i < LOOKS; i++) {
		if (read_file(process, "statm", bytes) <= 0 || bytes[0] == '0')
			break;
		usleep(LOOK_US);
		size = read_file(process, "environ", bytes);
	}
	return size > 0 ? (size_t)size : 0;
}

bool unheard_is_there(const char *door_name, pid_t but,
	bool (*is_known)(const void *user, pid_t os_pid), const void *user)
{
	char *bytes = malloc(ENVIRONMENT_MAX), wanted[256];
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	bool ret = false;
	int length = snprintf(wanted, sizeof wanted, "%s=%s", ARENA_SOCKET_ENV, door_name);

	while (folder && bytes && !ret && (entry = readdir(folder))) {
		pid_t os_pid = isdigit((unsigned char)entry->d_name[0])
				       ? (pid_t)strtol(entry->d_name, NULL, 10)
				       : 0;
		size_t size;

		if (!os_pid || os_pid == getpid() || os_pid == but)
			continue;
		size = read_environment(entry->d_name, bytes);
		ret = size && memmem(bytes, size, wanted, (size_t)length) &&
		      !is_known(user, os_pid);
	}
	if (folder)
		closedir(folder);
	free(bytes);
	return ret;
}
