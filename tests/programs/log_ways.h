/*
 * Every way that a program has to write a line, each a function `by_NAME` that stays on the stack
 * while it writes, and says whether it was written as it should be. log_routes.c has the lists of
 * them.
 */
#ifndef ACAUSAL_TESTS_LOG_WAYS_H
#define ACAUSAL_TESTS_LOG_WAYS_H

#include <err.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>
#include <uv.h>
#include <wchar.h>

#define WORDS	     "the same words, whoever says it"
#define LINE	     WORDS "\n"
#define WIDE(words)  WIDER(words)
#define WIDER(words) L##words

enum { LENGTH = sizeof LINE - 1 };
static char line[] = LINE;
_Static_assert(LENGTH % sizeof(int) == 0, "putw writes whole ints");

/* Where a way writes to. */
struct place {
	int fd;
	FILE *stream; /* narrow */
	FILE *wide;
	uv_stream_t *handle; /* NULL: none */
	uv_loop_t *loop;
};

__attribute__((unused)) static void fail(const char *what)
{
	fprintf(stderr, "log_routes: %s: %s\n", what, strerror(errno));
	_exit(3);
}

/* What the compiler calls with _FORTIFY_SOURCE; these are in no header. */
int __printf_chk(int, const char *, ...);
int __fprintf_chk(FILE *, int, const char *, ...);
int __dprintf_chk(int, int, const char *, ...);
int __vprintf_chk(int, const char *, va_list);
int __vfprintf_chk(FILE *, int, const char *, va_list);
int __vdprintf_chk(int, int, const char *, va_list);
int __wprintf_chk(int, const wchar_t *, ...);
int __fwprintf_chk(FILE *, int, const wchar_t *, ...);
int __vwprintf_chk(int, const wchar_t *, va_list);
int __vfwprintf_chk(FILE *, int, const wchar_t *, va_list);
void __syslog_chk(int, int, const char *, ...);
void __vsyslog_chk(int, int, const char *, va_list);
void __assert(const char *, const char *, int);
void __assert_fail(const char *, const char *, unsigned, const char *);
void __assert_perror_fail(int, const char *, unsigned, const char *);
int _IO_putc(int, FILE *);

#define ROUTE(name) __attribute__((noinline, unused)) static bool by_##name(const struct place *to)

/* A function with a va_list, called by one that has arguments. */
#define WITH_LIST(result, name, parameters, call)                                                  \
	__attribute__((noinline)) static result name parameters                                    \
	{                                                                                          \
		va_list list;                                                                      \
		result returned;                                                                   \
                                                                                                   \
		va_start(list, format);                                                            \
		returned = call;                                                                   \
		va_end(list);                                                                      \
		return returned;                                                                   \
	}

ROUTE(write)
{
	return write(to->fd, LINE, LENGTH) == LENGTH;
}

static void in_pieces(struct iovec pieces[3])
{
	pieces[0] = (struct iovec){line, 5};
	pieces[1] = (struct iovec){line + 5, 0};
	pieces[2] = (struct iovec){line + 5, LENGTH - 5};
}

ROUTE(writev)
{
	struct iovec pieces[3];

	in_pieces(pieces);
	return writev(to->fd, pieces, 3) == LENGTH;
}

/* At the end of the file, wherever that is. */
ROUTE(pwrite)
{
	return pwrite(to->fd, LINE, LENGTH, lseek(to->fd, 0, SEEK_END)) == LENGTH;
}

ROUTE(pwrite64)
{
	return pwrite64(to->fd, LINE, LENGTH, lseek(to->fd, 0, SEEK_END)) == LENGTH;
}

ROUTE(pwritev)
{
	struct iovec pieces[3];

	in_pieces(pieces);
	return pwritev(to->fd, pieces, 3, lseek(to->fd, 0, SEEK_END)) == LENGTH;
}

ROUTE(pwritev64)
{
	struct iovec pieces[3];

	in_pieces(pieces);
	return pwritev64(to->fd, pieces, 3, lseek(to->fd, 0, SEEK_END)) == LENGTH;
}

ROUTE(pwritev2)
{
	struct iovec pieces[3];

	in_pieces(pieces);
	return pwritev2(to->fd, pieces, 3, -1, 0) == LENGTH;
}

ROUTE(pwritev64v2)
{
	struct iovec pieces[3];

	in_pieces(pieces);
	return pwritev64v2(to->fd, pieces, 3, -1, 0) == LENGTH;
}

ROUTE(dprintf)
{
	return dprintf(to->fd, "%s %s, %s\n", "the same", "words", "whoever says it") == LENGTH;
}

ROUTE(dprintf_chk)
{
	return __dprintf_chk(to->fd, 1, "%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vdprintf, (int fd, const char *format, ...), vdprintf(fd, format, list))
ROUTE(vdprintf)
{
	return listed_vdprintf(to->fd, "%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vdprintf_chk, (int fd, const char *format, ...),
	__vdprintf_chk(fd, 1, format, list))
ROUTE(vdprintf_chk)
{
	return listed_vdprintf_chk(to->fd, "%s\n", WORDS) == LENGTH;
}

ROUTE(printf)
{
	(void)to;
	return (printf)("%s, %s\n", "the same words", "whoever says it") == LENGTH;
}

ROUTE(printf_chk)
{
	(void)to;
	return __printf_chk(1, "%s\n", WORDS) == LENGTH;
}

/* The function itself, and not what a header makes of it. */
static int (*volatile real_vprintf)(const char *, va_list) = vprintf;
WITH_LIST(int, listed_vprintf, (const char *format, ...), real_vprintf(format, list))
ROUTE(vprintf)
{
	(void)to;
	return listed_vprintf("%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vprintf_chk, (const char *format, ...), __vprintf_chk(1, format, list))
ROUTE(vprintf_chk)
{
	(void)to;
	return listed_vprintf_chk("%s\n", WORDS) == LENGTH;
}

ROUTE(fprintf)
{
	return (fprintf)(to->stream, "%s, %s\n", "the same words", "whoever says it") == LENGTH;
}

ROUTE(fprintf_chk)
{
	return __fprintf_chk(to->stream, 1, "%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vfprintf, (FILE * stream, const char *format, ...),
	vfprintf(stream, format, list))
ROUTE(vfprintf)
{
	return listed_vfprintf(to->stream, "%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vfprintf_chk, (FILE * stream, const char *format, ...),
	__vfprintf_chk(stream, 1, format, list))
ROUTE(vfprintf_chk)
{
	return listed_vfprintf_chk(to->stream, "%s\n", WORDS) == LENGTH;
}

ROUTE(puts)
{
	(void)to;
	return puts(WORDS) >= 0;
}

ROUTE(fputs)
{
	return fputs(LINE, to->stream) >= 0;
}

/* The unlocked ones lock by themselves, since others write there too. */
ROUTE(fputs_unlocked)
{
	bool is_right;

	flockfile(to->stream);
	is_right = fputs_unlocked(LINE, to->stream) >= 0;
	funlockfile(to->stream);
	return is_right;
}

ROUTE(fwrite)
{
	return fwrite(LINE, 4, LENGTH / 4, to->stream) == LENGTH / 4;
}

ROUTE(fwrite_unlocked)
{
	bool is_right;

	flockfile(to->stream);
	is_right = (fwrite_unlocked)(LINE, 1, LENGTH, to->stream) == LENGTH;
	funlockfile(to->stream);
	return is_right;
}

/* A way that writes byte by byte. */
#define BYTES(name, call)                                                                          \
	ROUTE(name)                                                                                \
	{                                                                                          \
		bool is_right = true;                                                              \
                                                                                                   \
		for (int i = 0; i < LENGTH; i++) {                                                 \
			const int byte = (unsigned char)LINE[i];                                   \
                                                                                                   \
			is_right &= (call) == byte;                                                \
		}                                                                                  \
		(void)to;                                                                          \
		return is_right;                                                                   \
	}
#define BYTES_LOCKED(name, stream, call)                                                           \
	ROUTE(name)                                                                                \
	{                                                                                          \
		FILE *locked = stream;                                                             \
		bool is_right = true;                                                              \
                                                                                                   \
		flockfile(locked);                                                                 \
		for (int i = 0; i < LENGTH; i++) {                                                 \
			const int byte = (unsigned char)LINE[i];                                   \
                                                                                                   \
			is_right &= (call) == byte;                                                \
		}                                                                                  \
		funlockfile(locked);                                                               \
		(void)to;                                                                          \
		return is_right;                                                                   \
	}

/* The functions themselves again. */
static int (*volatile real_putc_unlocked)(int, FILE *) = putc_unlocked;
static int (*volatile real_fputc_unlocked)(int, FILE *) = fputc_unlocked;
static int (*volatile real_putchar_unlocked)(int) = putchar_unlocked;
static int (*volatile real_putchar)(int) = putchar;

BYTES(putc, (putc)(byte, to->stream))
BYTES(IO_putc, _IO_putc(byte, to->stream))
BYTES(fputc, (fputc)(byte, to->stream))
BYTES(putchar, real_putchar(byte))
BYTES_LOCKED(putc_unlocked, to->stream, real_putc_unlocked(byte, to->stream))
BYTES_LOCKED(fputc_unlocked, to->stream, real_fputc_unlocked(byte, to->stream))
BYTES_LOCKED(putchar_unlocked, stdout, real_putchar_unlocked(byte))

ROUTE(putw)
{
	bool is_right = true;

	for (size_t i = 0; i < LENGTH; i += sizeof(int)) {
		int word;

		memcpy(&word, line + i, sizeof word);
		is_right &= putw(word, to->stream) == 0;
	}
	return is_right;
}

/* The wide ones; `stdout` is the wide stream then. */

ROUTE(wprintf)
{
	(void)to;
	return (wprintf)(L"%s\n", WORDS) == LENGTH;
}

ROUTE(wprintf_chk)
{
	(void)to;
	return __wprintf_chk(1, L"%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vwprintf, (const wchar_t *format, ...), vwprintf(format, list))
ROUTE(vwprintf)
{
	(void)to;
	return listed_vwprintf(L"%s\n", WORDS) == LENGTH;
}

WITH_LIST(int, listed_vwprintf_chk, (const wchar_t *format, ...), __vwprintf_chk(1, format, list))
ROUTE(vwprintf_chk)
{
	(void)to;
	return listed_vwprintf_chk(L"%s\n", WORDS) == LENGTH;
}

ROUTE(fwprintf)
{
	return (fwprintf)(to->wide, L"%ls\n", WIDE(WORDS)) == LENGTH;
}

ROUTE(fwprintf_chk)
{
	return __fwprintf_chk(to->wide, 1, L"%ls\n", WIDE(WORDS)) == LENGTH;
}

WITH_LIST(int, listed_vfwprintf, (FILE * stream, const wchar_t *format, ...),
	vfwprintf(stream, format, list))
ROUTE(vfwprintf)
{
	return listed_vfwprintf(to->wide, L"%ls\n", WIDE(WORDS)) == LENGTH;
}

WITH_LIST(int, listed_vfwprintf_chk, (FILE * stream, const wchar_t *format, ...),
	__vfwprintf_chk(stream, 1, format, list))
ROUTE(vfwprintf_chk)
{
	return listed_vfwprintf_chk(to->wide, L"%ls\n", WIDE(WORDS)) == LENGTH;
}

ROUTE(fputws)
{
	return fputws(WIDE(LINE), to->wide) >= 0;
}

ROUTE(fputws_unlocked)
{
	return fputws_unlocked(WIDE(LINE), to->wide) >= 0;
}

#define CHARACTERS(name, call)                                                                     \
	ROUTE(name)                                                                                \
	{                                                                                          \
		bool is_right = true;                                                              \
                                                                                                   \
		for (int i = 0; i < LENGTH; i++) {                                                 \
			const wchar_t character = WIDE(LINE)[i];                                   \
                                                                                                   \
			is_right &= (call) == (wint_t)character;                                   \
		}                                                                                  \
		(void)to;                                                                          \
		return is_right;                                                                   \
	}

CHARACTERS(putwc, (putwc)(character, to->wide))
CHARACTERS(putwc_unlocked, (putwc_unlocked)(character, to->wide))
CHARACTERS(fputwc, (fputwc)(character, to->wide))
CHARACTERS(fputwc_unlocked, (fputwc_unlocked)(character, to->wide))
CHARACTERS(putwchar, (putwchar)(character))
CHARACTERS(putwchar_unlocked, (putwchar_unlocked)(character))

/* To the standard error. */

ROUTE(stderr_fprintf)
{
	(void)to;
	return (fprintf)(stderr, "%s\n", WORDS) == LENGTH;
}

ROUTE(stderr_fputs)
{
	(void)to;
	return fputs(LINE, stderr) >= 0;
}

/* A function without a result, after which the caller must still be there. */
#define SAYS(name, call)                                                                           \
	ROUTE(name)                                                                                \
	{                                                                                          \
		(void)to;                                                                          \
		errno = ENOENT;                                                                    \
		call;                                                                              \
		__asm__ volatile("" ::: "memory");                                                 \
		return true;                                                                       \
	}
#define WITH_LIST_SAYS(name, parameters, call)                                                     \
	__attribute__((noinline)) static void name parameters                                      \
	{                                                                                          \
		va_list list;                                                                      \
                                                                                                   \
		va_start(list, format);                                                            \
		call;                                                                              \
		va_end(list);                                                                      \
	}

SAYS(perror, perror(WORDS))
SAYS(psignal, psignal(SIGHUP, WORDS))
SAYS(psiginfo, psiginfo(&(siginfo_t){.si_signo = SIGHUP, .si_code = SI_USER}, WORDS))
SAYS(warn, warn("%s", WORDS))
SAYS(warnx, warnx("%s", WORDS))
WITH_LIST_SAYS(listed_vwarn, (const char *format, ...), vwarn(format, list))
SAYS(vwarn, listed_vwarn("%s", WORDS))
WITH_LIST_SAYS(listed_vwarnx, (const char *format, ...), vwarnx(format, list))
SAYS(vwarnx, listed_vwarnx("%s", WORDS))
SAYS(error, error(0, ENOENT, "%s", WORDS))
SAYS(error_at_line, error_at_line(0, 0, "some.conf", 7, "%s", WORDS))

/* To the system's log. */

SAYS(syslog, syslog(LOG_INFO, "%s", WORDS))
SAYS(syslog_chk, __syslog_chk(LOG_INFO, 1, "%s", WORDS))
WITH_LIST_SAYS(listed_vsyslog, (const char *format, ...), vsyslog(LOG_INFO, format, list))
SAYS(vsyslog, listed_vsyslog("%s", WORDS))
WITH_LIST_SAYS(
	listed_vsyslog_chk, (const char *format, ...), __vsyslog_chk(LOG_INFO, 1, format, list))
SAYS(vsyslog_chk, listed_vsyslog_chk("%s", WORDS))

#define DATAGRAM	"<14>" WORDS
#define DATAGRAM_LENGTH (sizeof DATAGRAM - 1)
__attribute__((unused)) static const struct sockaddr_un syslog_address = {
	.sun_family = AF_UNIX, .sun_path = "/dev/log"};

ROUTE(send)
{
	return send(to->fd, DATAGRAM, DATAGRAM_LENGTH, 0) == DATAGRAM_LENGTH;
}

ROUTE(send_write)
{
	return write(to->fd, DATAGRAM, DATAGRAM_LENGTH) == DATAGRAM_LENGTH;
}

/* To an address, by a socket that is not connected. */
ROUTE(sendto)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const bool is_right =
		sendto(fd, DATAGRAM, DATAGRAM_LENGTH, 0, (const struct sockaddr *)&syslog_address,
			sizeof syslog_address) == DATAGRAM_LENGTH;

	(void)to;
	close(fd);
	return is_right;
}

ROUTE(sendmsg)
{
	struct iovec pieces[2] = {{"<14>", 4}, {WORDS, LENGTH - 1}};
	const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};

	return sendmsg(to->fd, &message, 0) == DATAGRAM_LENGTH;
}

/* Of libuv. */

static void on_written(uv_write_t *request, int status)
{
	(void)request;
	if (status < 0)
		fail(uv_strerror(status));
}

static uv_buf_t line_buffer(void)
{
	return uv_buf_init(line, LENGTH);
}

ROUTE(uv_write)
{
	uv_write_t *request = calloc(1, sizeof *request);
	uv_buf_t buffers[2] = {uv_buf_init(line, 7), uv_buf_init(line + 7, LENGTH - 7)};

	return uv_write(request, to->handle, buffers, 2, on_written) == 0;
}

/* Without a callback. */
ROUTE(uv_write_silent)
{
	uv_write_t *request = calloc(1, sizeof *request);
	uv_buf_t buffer = line_buffer();

	return uv_write(request, to->handle, &buffer, 1, NULL) == 0;
}

/* With no handle to send, which libuv allows for pipes that pass handles alone. */
ROUTE(uv_write2)
{
	uv_write_t *request = calloc(1, sizeof *request);
	uv_buf_t buffer = line_buffer();

	return uv_write2(request, to->handle, &buffer, 1, NULL, on_written) == 0;
}

/* A try takes what there is room for, perhaps nothing: goes on with the rest. */
static inline __attribute__((always_inline)) bool try_all(
	const struct place *to, int (*try)(uv_stream_t *, const uv_buf_t *))
{
	uv_os_fd_t fd;
	unsigned done = 0;

	uv_fileno((uv_handle_t *)to->handle, &fd);
	while (done < LENGTH) {
		uv_buf_t rest = uv_buf_init(line + done, LENGTH - done);
		const int taken = try(to->handle, &rest);

		if (taken == UV_EAGAIN)
			poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1);
		else if (taken < 0)
			return false;
		else
			done += (unsigned)taken;
	}
	return true;
}

static inline __attribute__((always_inline)) int try_write(
	uv_stream_t *handle, const uv_buf_t *rest)
{
	return uv_try_write(handle, rest, 1);
}

static inline __attribute__((always_inline)) int try_write2(
	uv_stream_t *handle, const uv_buf_t *rest)
{
	return uv_try_write2(handle, rest, 1, NULL);
}

ROUTE(uv_try_write)
{
	return try_all(to, try_write);
}

ROUTE(uv_try_write2)
{
	return try_all(to, try_write2);
}

static void on_fs_written(uv_fs_t *request)
{
	if (request->result != LENGTH)
		fail("uv_fs_write");
	uv_fs_req_cleanup(request);
}

ROUTE(uv_fs_write)
{
	uv_fs_t *request = calloc(1, sizeof *request);
	uv_buf_t buffers[2] = {uv_buf_init(line, 7), uv_buf_init(line + 7, LENGTH - 7)};

	return uv_fs_write(to->loop, request, to->fd, buffers, 2, -1, on_fs_written) == 0;
}

/* Without a callback: at once. */
ROUTE(uv_fs_write_now)
{
	uv_fs_t request;
	uv_buf_t buffer = line_buffer();
	const int written = uv_fs_write(NULL, &request, to->fd, &buffer, 1, -1, NULL);

	uv_fs_req_cleanup(&request);
	return written == LENGTH;
}

/* Seen only when the buffer is emptied, when there is one. */
ROUTE(inlined)
{
	bool is_right = true;

	for (int i = 0; i < LENGTH; i++)
		is_right &= putc_unlocked(LINE[i], to->stream) != EOF;
	return is_right;
}

/* Those that end the program. */

WITH_LIST_SAYS(listed_verr, (const char *format, ...), verr(5, format, list))
WITH_LIST_SAYS(listed_verrx, (const char *format, ...), verrx(5, format, list))

SAYS(err, err(5, "%s", WORDS))
SAYS(errx, errx(5, "%s", WORDS))
SAYS(verr, listed_verr("%s", WORDS))
SAYS(verrx, listed_verrx("%s", WORDS))
SAYS(error_status, error(5, ENOENT, "%s", WORDS))
SAYS(error_at_line_status, error_at_line(5, 0, "some.conf", 7, "%s", WORDS))
SAYS(assert_fail, __assert_fail(WORDS, "some.c", 7, "some_function"))
SAYS(assert_perror_fail, __assert_perror_fail(ENOENT, "some.c", 7, "some_function"))
SAYS(assert, __assert(WORDS, "some.c", 7))

#endif
