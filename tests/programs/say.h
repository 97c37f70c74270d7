/*
 * What the transparency programs print, in the same words for all of them: what a call returned and
 * what it left in errno, which callback came and with what. Two runs of such a program, recorded
 * and not, have to print the same bytes.
 */
#ifndef ACAUSAL_TESTS_SAY_H
#define ACAUSAL_TESTS_SAY_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Unbuffered, so that a fork does not print anything twice. */
#define SAY(...) (void)(printf(__VA_ARGS__), fputc('\n', stdout))

#define SECTION(name)                                                                              \
	do {                                                                                       \
		SAY("--- %s", name);                                                               \
	} while (0)

/* libuv's names of its errors, since the numbers say nothing to a reader of a difference. */
static inline const char *result_name(long result)
{
	static char number[4][32];
	static int next;
	char *buffer = number[next++ % 4];

	if (result < 0)
		return uv_err_name((int)result);
	snprintf(buffer, sizeof number[0], "%ld", result);
	return buffer;
}

enum { ERRNO_BEFORE = 4242 };

/* Evaluates a call, and says what it returned and left in errno. */
#define TRY(call)                                                                                  \
	({                                                                                         \
		long try_result, try_errno;                                                        \
		errno = ERRNO_BEFORE;                                                              \
		try_result = (long)(call);                                                         \
		try_errno = errno;                                                                 \
		SAY("%s = %s, errno %s", #call, result_name(try_result),                           \
			try_errno == ERRNO_BEFORE ? "kept" : strerrorname_np((int)try_errno));     \
		try_result;                                                                        \
	})

/* uv_run where what it leaves in errno hangs on when a signal or a thread comes. */
#define RUN(loop) SAY("uv_run = %d", uv_run(loop, UV_RUN_DEFAULT))

/* TRY for what returns nothing. */
#define DO(call)                                                                                   \
	do {                                                                                       \
		int do_errno;                                                                      \
		errno = ERRNO_BEFORE;                                                              \
		(call);                                                                            \
		do_errno = errno;                                                                  \
		SAY("%s, errno %s", #call,                                                         \
			do_errno == ERRNO_BEFORE ? "kept" : strerrorname_np(do_errno));            \
	} while (0)

/* Something has to work for the rest to mean anything. */
#define MUST(call)                                                                                 \
	do {                                                                                       \
		long must_result = (long)(call);                                                   \
		if (must_result < 0) {                                                             \
			SAY("MUST %s = %s", #call, result_name(must_result));                      \
			exit(3);                                                                   \
		}                                                                                  \
	} while (0)

static inline void say_begin(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
}

/* The open descriptors, with what kind of thing each is. */
static inline void say_descriptors(const char *where)
{
	char open_ones[1024] = "", link[64], target[256];
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	int lists[256] = {0}, fd;

	while ((entry = readdir(folder)) != NULL) {
		fd = atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd != dirfd(folder) && fd < 256)
			lists[fd] = 1;
	}
	closedir(folder);
	for (fd = 3; fd < 256; fd++) {
		ssize_t length;

		if (!lists[fd])
			continue;
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		length = readlink(link, target, sizeof target - 1);
		target[length < 0 ? 0 : length] = '\0';
		target[strcspn(target, "[")] = '\0'; /* without the inode */
		if (strrchr(target, '/'))
			memmove(target, strrchr(target, '/') + 1, strlen(strrchr(target, '/')));
		snprintf(open_ones + strlen(open_ones), sizeof open_ones - strlen(open_ones),
			" %d=%s", fd, target);
	}
	SAY("descriptors %s:%s", where, open_ones);
}

/* The open handles of a loop, in their order. */
static inline void say_walked(uv_handle_t *handle, void *count)
{
	++*(int *)count;
	SAY("  walked %s active %d closing %d ref %d",
		uv_handle_type_name(uv_handle_get_type(handle)), uv_is_active(handle),
		uv_is_closing(handle), uv_has_ref(handle));
}

static inline void say_loop(uv_loop_t *loop)
{
	int count = 0;

	uv_walk(loop, say_walked, &count);
	SAY("  %d handles, alive %d", count, uv_loop_alive(loop));
}

#endif
