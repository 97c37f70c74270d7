/*
 * Bodies of tests that run in a child process each, with a standard output of some kind. What their
 * calls return is reported to a file by system calls, past stdio and past whoever stands in the
 * place of write(2), so that nothing is added to what is being looked at.
 *
 * A body named N leaves N.KIND.out (what came out), N.KIND.err and N.KIND.report in the folder.
 */
#ifndef ACAUSAL_TESTS_APART_H
#define ACAUSAL_TESTS_APART_H

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <wchar.h>

/* X(KIND, word) */
#define OUTPUTS(X)                                                                                 \
	X(TO_FILE, "file")	    /* that is written from its beginning */                       \
	X(TO_LOG, "log")	    /* that is appended to */                                      \
	X(TO_PIPE, "pipe")	    /* that is read */                                             \
	X(TO_TERMINAL, "tty")	    /* a pty */                                                    \
	X(TO_STUCK, "stuck")	    /* a non-blocking pipe of a page that is not read */           \
	X(TO_WIDOW, "widow")	    /* a pipe without a reader, SIGPIPE ignored */                 \
	X(TO_DEATH, "death")	    /* the same, SIGPIPE not ignored */                            \
	X(TO_FULL, "full")	    /* /dev/full */                                                \
	X(TO_READ_ONLY, "readonly") /* opened for reading */                                       \
	X(TO_NOTHING, "closed")

#define X(kind, word) kind,
enum output { OUTPUTS(X) OUTPUT_COUNT };
#undef X

enum { REPORT_FD = 99, UNCHANGED = 4242 };

static inline __attribute__((format(printf, 1, 2))) void report(const char *format, ...)
{
	char line[4096];
	va_list arguments;
	int saved = errno, length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof line)
		length = sizeof line - 1;
	syscall(SYS_write, REPORT_FD, line, (size_t)length);
	errno = saved;
}

static inline const char *errno_name(int number)
{
	return number == UNCHANGED ? "kept" : number ? strerrorname_np(number) : "0";
}

/* Evaluates a call and reports what it returned and left in errno. */
#define RESULT(call)                                                                               \
	({                                                                                         \
		long result_value;                                                                 \
		int result_errno;                                                                  \
		errno = UNCHANGED;                                                                 \
		result_value = (long)(call);                                                       \
		result_errno = errno;                                                              \
		report("%s = %ld, errno %s\n", #call, result_value, errno_name(result_errno));     \
		errno = result_errno;                                                              \
		result_value;                                                                      \
	})

/* The same of a call that writes to a stream, and how the stream is then. */
#define ON(stream, call)                                                                           \
	({                                                                                         \
		long on_value = RESULT(call);                                                      \
		report("  pending %zu%s%s, wide %d\n", __fpending(stream),                         \
			ferror(stream) ? ", error" : "", feof(stream) ? ", end" : "",              \
			fwide(stream, 0));                                                         \
		on_value;                                                                          \
	})

static inline const char *output_word(enum output kind)
{
#define X(tag, word) word,
	static const char *const words[] = {OUTPUTS(X)};
#undef X
	return words[kind];
}

static inline void open_at(int fd, const char *name, const char *ending, int flags)
{
	char path[256];
	int opened;

	snprintf(path, sizeof path, "%s.%s", name, ending);
	opened = open(path, flags, 0644);
	if (opened == fd)
		return;
	dup2(opened, fd);
	close(opened);
}

static inline int open_ends(enum output kind, int ends[2])
{
	switch (kind) {
	case TO_TERMINAL:
		return openpty(&ends[0], &ends[1], NULL, NULL, NULL);
	case TO_STUCK:
		if (pipe2(ends, O_NONBLOCK))
			return -1;
		return fcntl(ends[1], F_SETPIPE_SZ, 4096);
	case TO_PIPE:
	case TO_WIDOW:
	case TO_DEATH:
		return pipe(ends);
	default:
		ends[0] = ends[1] = -1;
		return 0;
	}
}

/* In the child: 1 becomes what it is to be. */
static inline void open_output(const char *name, enum output kind, const int ends[2])
{
	if (kind == TO_WIDOW)
		signal(SIGPIPE, SIG_IGN);
	close(1);
	switch (kind) {
	case TO_FILE:
		open_at(1, name, "out", O_WRONLY | O_CREAT | O_TRUNC);
		break;
	case TO_LOG:
		open_at(1, name, "out", O_WRONLY | O_CREAT | O_APPEND);
		break;
	case TO_FULL:
		open("/dev/full", O_WRONLY);
		break;
	case TO_READ_ONLY:
		open("/dev/null", O_RDONLY);
		break;
	case TO_NOTHING:
		break;
	default:
		dup2(ends[1], 1);
		close(ends[1]);
		close(ends[0]);
	}
}

/* What comes out at the other end, to a file. */
static inline void drain(const char *name, int from)
{
	char bytes[4096];
	ssize_t length;

	open_at(REPORT_FD, name, "out", O_WRONLY | O_CREAT | O_TRUNC);
	while ((length = read(from, bytes, sizeof bytes)) > 0)
		syscall(SYS_write, REPORT_FD, bytes, (size_t)length);
	close(REPORT_FD);
	close(from);
}

/* Returns what waitpid says; that is in the report too. */
static inline int apart(const char *body_name, enum output kind, void (*body)(void))
{
	char name[128];
	int ends[2], status = -1;
	pid_t pid;

	snprintf(name, sizeof name, "%s.%s", body_name, output_word(kind));
	if (open_ends(kind, ends) < 0)
		return -1;
	if (kind == TO_WIDOW || kind == TO_DEATH) {
		close(ends[0]);
		ends[0] = -1;
	}
	pid = fork();
	if (pid == 0) {
		open_at(REPORT_FD, name, "report", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
		open_at(2, name, "err", O_WRONLY | O_CREAT | O_APPEND);
		open_output(name, kind, ends);
		body();
		report("came back\n");
		exit(7);
	}
	if (ends[1] >= 0)
		close(ends[1]);
	if (kind == TO_STUCK) /* read when it is over */
		waitpid(pid, &status, 0);
	if (kind == TO_PIPE || kind == TO_TERMINAL || kind == TO_STUCK)
		drain(name, ends[0]);
	if (kind != TO_STUCK)
		waitpid(pid, &status, 0);
	open_at(REPORT_FD, name, "report", O_WRONLY | O_APPEND);
	report("status %x\n", status);
	close(REPORT_FD);
	return status;
}

/* All of it in a callback of libuv, so that there is a run that writes. */
static inline int in_callback(void (*callback)(uv_timer_t *))
{
	static uv_timer_t timer;

	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, callback, 0, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

#endif
