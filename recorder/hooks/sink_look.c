/*
 * Asks the kernel what a descriptor is: see sink_look.h.
 *
 * A signal handler may stand on a small stack, so a path that is too long to be kept is not read.
 */
#include "recorder/hooks/sink_look.h"

#include "recorder/hooks/sink_match.h"
#include "recorder/runtime/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

/* The patterns that come after the first character. */
static const char *patterns(void)
{
	return settings.log[0] ? settings.log + 1 : "";
}

static bool keeps_usual(void)
{
	return settings.log[0] == '+';
}

static const char *standard_name(int fd)
{
	if (fd == 1)
		return "stdout";
	return fd == 2 ? "stderr" : NULL;
}

bool sink_look_is_kept_unseen(int fd)
{
	const char *name = standard_name(fd);

	return name && (keeps_usual() || sink_match(patterns(), name));
}

/* --- what it is --------------------------------------------------------------------------- */

/* Returns the file's mode; 0: not known. */
static unsigned status_look(struct sink_look *look, int fd)
{
	struct statx status;
	struct stat old;

	/* Not synchronised: a file on a server that is gone would keep the program waiting. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		    STATX_TYPE | STATX_INO | STATX_SIZE | STATX_BTIME, &status) == 0) {
		look->device = makedev(status.stx_dev_major, status.stx_dev_minor);
		look->inode = status.stx_ino;
		look->size = status.stx_size;
		look->born_ns = 0;
		if (status.stx_mask & STATX_BTIME)
			look->born_ns =
				status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
		return status.stx_mode;
	}
	if (errno == EBADF || fstat(fd, &old) != 0)
		return 0;
	look->device = old.st_dev;
	look->inode = old.st_ino;
	look->size = (uint64_t)old.st_size;
	look->born_ns = 0;
	return old.st_mode;
}

static enum acausal_sink kind_of(unsigned mode, int fd)
{
	struct termios terminal;

	switch (mode & S_IFMT) {
	case S_IFREG:
		return ACAUSAL_SINK_FILE;
	case S_IFIFO:
		return ACAUSAL_SINK_PIPE;
	case S_IFSOCK:
		return ACAUSAL_SINK_SOCKET;
	case S_IFCHR:
		if (tcgetattr(fd, &terminal) == 0)
			return ACAUSAL_SINK_TERMINAL;
		return ACAUSAL_SINK_OTHER;
	default:
		return ACAUSAL_SINK_OTHER;
	}
}

bool sink_look_again(struct sink_look *look, int fd)
{
	unsigned mode = status_look(look, fd);

	if (!mode)
		return false;
	look->kind = kind_of(mode, fd);
	if (look->kind != ACAUSAL_SINK_FILE)
		look->size = 0;
	return true;
}

/* --- where it is -------------------------------------------------------------------------- */

static void link_name(char *ret, int fd)
{
	static const char folder[] = "/proc/self/fd/";
	char digits[10];
	int count = 0;

	memcpy(ret, folder, sizeof folder - 1);
	ret += sizeof folder - 1;
	do
		digits[count++] = (char)('0' + fd % 10);
	while ((fd /= 10) != 0);
	while (count > 0)
		*ret++ = digits[--count];
	*ret = 0;
}

/* What has no name (a pipe) is called otherwise there, without a slash in front. */
static void path_look(struct sink_look *look, int fd)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof deleted - 1;
	char link[sizeof "/proc/self/fd/" + 10];
	ssize_t length;

	link_name(link, fd);
	length = readlink(link, look->path, sizeof look->path);
	if (length <= 0 || look->path[0] != '/')
		length = 0;
	look->path_length = (uint32_t)length;
	/* How long it would be is not said. */
	if (length == sizeof look->path)
		length--;
	else if ((size_t)length > tail && memcmp(look->path + length - tail, deleted, tail) == 0)
		look->path_length = (uint32_t)(length -= (ssize_t)tail);
	look->path[length] = 0;
}

bool sink_look_is_syslog(const struct sockaddr *address, socklen_t length)
{
	static const char *const places[] = {"/dev/log", "/run/systemd/journal/dev-log",
		"/run/systemd/journal/syslog", "/run/systemd/journal/socket"};
	const struct sockaddr_un *local = (const void *)address;
	size_t room, i;

	if (!address || length <= offsetof(struct sockaddr_un, sun_path) ||
		address->sa_family != AF_UNIX)
		return false;
	room = length - offsetof(struct sockaddr_un, sun_path);
	if (room > sizeof local->sun_path)
		room = sizeof local->sun_path;
	for (i = 0; i < sizeof places / sizeof *places; i++) {
		size_t n = strlen(places[i]);

		if (room >= n && memcmp(local->sun_path, places[i], n) == 0 &&
			(room == n || local->sun_path[n] == 0))
			return true;
	}
	return false;
}

/* --- whether it is wanted ----------------------------------------------------------------- */

void sink_look_syslog(struct sink_look *look)
{
	look->kind = ACAUSAL_SINK_SYSLOG;
	look->device = look->inode = look->size = 0;
	look->born_ns = 0;
	look->path_length = 0;
	look->path[0] = 0;
	look->is_kept = keeps_usual() || sink_match(patterns(), "syslog");
}

static bool ends_in_log(const char *path)
{
	size_t length = strlen(path);

	return length > 4 && strcmp(path + length - 4, ".log") == 0 && path[length - 5] != '/';
}

static bool is_wanted(const struct sink_look *look, int fd)
{
	if (sink_look_is_kept_unseen(fd))
		return true;
	if (keeps_usual() && look->kind == ACAUSAL_SINK_FILE) {
		int flags = fcntl(fd, F_GETFL);

		if ((flags >= 0 && flags & O_APPEND) || ends_in_log(look->path))
			return true;
	}
	return look->path[0] && sink_match(patterns(), look->path);
}

/* Sockets are what servers write to most: 0 is asked of those of the network but their kind. */
static bool socket_look(struct sink_look *look, int fd)
{
	struct sockaddr_un peer;
	socklen_t size = sizeof peer;

	if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 ||
		!sink_look_is_syslog(
			(const struct sockaddr *)&peer, size < sizeof peer ? size : sizeof peer))
		return false;
	sink_look_syslog(look);
	return true;
}

bool sink_look(struct sink_look *look, int fd)
{
	int domain = 0;
	socklen_t size = sizeof domain;

	look->is_kept = false;
	look->kind = ACAUSAL_SINK_SOCKET;
	if (fd != 1 && fd != 2 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
		(domain != AF_UNIX || !socket_look(look, fd)))
		return true;
	if (look->kind == ACAUSAL_SINK_SYSLOG)
		return true;
	if (!sink_look_again(look, fd))
		return false;
	if (look->kind == ACAUSAL_SINK_SOCKET && socket_look(look, fd)) {
		look->is_kept = true;
		return true;
	}
	path_look(look, fd);
	look->is_kept = is_wanted(look, fd);
	return true;
}
