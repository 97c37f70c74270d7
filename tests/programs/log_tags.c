/*
 * Lines on standard output and error by every route, from callbacks of several resources, from
 * threads and from children: record --tag-lines is to end each in the ID that it is recorded with.
 * The first argument is how standard output is buffered ("full", "lines", "none"); the second,
 * "wide", makes it a stream of wide characters. "flood" writes much to standard output, which is
 * not to block, and what it does not take once more. All calls report what they return in
 * returns.txt.
 */
#define __NO_INLINE__ 1 /* libc's functions themselves, not what its headers make of them */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <wchar.h>

enum { TIMERS = 5 };

static const char *volatile words = "%s of %s %d\n";
static int is_wide, returns = -1;
static uv_pipe_t pipe_output;
static uv_tty_t tty_output;
static uv_stream_t *output; /* NULL: standard output is a file */
static uv_timer_t timers[TIMERS];

static void returned(const char *call, long result)
{
	dprintf(returns, "%s = %ld\n", call, result);
}

#define RETURNS(call) returned(#call, (long)(call))

static void by_descriptor(const char *who, int number)
{
	char line[100];
	struct iovec pieces[3] = {{line, 0}, {"\n", 1}, {"writev, in two lines\r\n", 22}};

	fflush(stdout);
	snprintf(line, sizeof line, "write of %s %d\n", who, number);
	RETURNS(write(1, line, strlen(line)));
	RETURNS(write(2, line, strlen(line)));
	pieces[0].iov_len = strlen(line) - 1;
	RETURNS(writev(1, pieces, 3));
	RETURNS(dprintf(1, words, "dprintf", who, number));
	RETURNS(write(1, "in ", 3));
	RETURNS(write(1, "three ", 6));
	RETURNS(write(1, "parts\nand the rest", 18));
	RETURNS(write(1, "\n\n", 2));
}

static void by_stream(const char *who, int number)
{
	const char *at;

	RETURNS(printf(words, "printf", who, number));
	RETURNS(fprintf(stderr, words, "fprintf", who, number));
	RETURNS(printf("in "));
	RETURNS(fputs("three ", stdout));
	RETURNS(puts("parts"));
	RETURNS(fwrite("two\nlines\n", 5, 2, stdout));
	RETURNS(fwrite("a part", 1, 6, stdout));
	RETURNS(putchar('\n'));
	for (at = "putc\n"; *at; at++)
		RETURNS(putc(*at, stdout));
	for (at = "putc_unlocked\n"; *at; at++)
		RETURNS(putc_unlocked(*at, stdout));
	warnx("%s of %s %d", "warnx", who, number);
	perror(who);
	fflush(stdout);
}

static void by_wide_stream(const char *who, int number)
{
	RETURNS(wprintf(L"wprintf of %s %d\n", who, number));
	RETURNS(wprintf(L"in "));
	RETURNS(fputws(L"parts\nand more\n", stdout));
	RETURNS(putwchar(L'w'));
	RETURNS(putwc(L'\n', stdout));
	fflush(stdout);
}

static void by_all(const char *who, int number)
{
	by_descriptor(who, number);
	if (is_wide)
		by_wide_stream(who, number);
	else
		by_stream(who, number);
}

/* --- a pipe that takes as much as it likes ---------------------------------------------------- */

enum { LINES = 4000 };

static void write_all(const char *text, size_t length)
{
	struct pollfd room = {.fd = 1, .events = POLLOUT};
	ssize_t written;

	while (length > 0) {
		written = write(1, text, length);
		if (written > (ssize_t)length || written == 0 || (written < 0 && errno != EAGAIN))
			abort();
		if (written < 0) {
			poll(&room, 1, -1);
			continue;
		}
		text += written;
		length -= (size_t)written;
	}
}

static void on_flood(uv_timer_t *timer)
{
	static char text[LINES * 32];
	int number = (int)(timer - timers), i, length = 0;

	for (i = 0; i < LINES; i++)
		length += sprintf(text + length, "%.*s%d of timer %d%s\n", i % 17 ? 7 : 0,
			"padding", i, number, i % 3 ? "" : "\r");
	write_all(text, (size_t)length);
	uv_close((uv_handle_t *)timer, NULL);
}

static int flood(void)
{
	int i;

	fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
	for (i = 0; i < TIMERS; i++) {
		uv_timer_init(uv_default_loop(), &timers[i]);
		uv_timer_start(&timers[i], on_flood, (uint64_t)i, 0);
	}
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* --- callbacks ------------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer);

static void start(int number)
{
	if (number < TIMERS)
		uv_timer_start(&timers[number], on_timer, 0, 0);
}

static void on_written(uv_write_t *request, int status)
{
	returned("uv_write's callback", status);
	free(request);
	if (write(1, "after uv_write\n", 15) != 15)
		abort();
	start(2);
}

static void by_libuv(void)
{
	static char first[] = "uv_try_write\n", second[] = "uv_write, in ", third[] = "parts\n",
		    fourth[] = "uv_fs_write\n";
	uv_buf_t buffers[3] = {uv_buf_init(second, strlen(second)),
		uv_buf_init(third, strlen(third)), uv_buf_init(first, strlen(first))};
	uv_fs_t request;

	if (output) {
		RETURNS(uv_try_write(output, buffers + 2, 1));
		RETURNS(uv_write(malloc(sizeof(uv_write_t)), output, buffers, 2, on_written));
	}
	buffers[0] = uv_buf_init(fourth, strlen(fourth));
	RETURNS(uv_fs_write(uv_default_loop(), &request, 1, buffers, 1, -1, NULL));
	uv_fs_req_cleanup(&request);
}

static void *in_thread(void *unused)
{
	by_all("a thread", 0);
	return unused;
}

static void in_child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		by_all("a child", 0);
		execlp("sh", "sh", "-c", "echo 'echo of a shell'", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void on_timer(uv_timer_t *timer)
{
	int number = (int)(timer - timers);
	pthread_t thread;

	by_all("timer", number);
	if (number == 1) {
		by_libuv();
	} else if (number == 2) {
		pthread_create(&thread, NULL, in_thread, NULL);
		pthread_join(thread, NULL);
	} else if (number == 3) {
		in_child();
	}
	/* A line that the next one ends. */
	RETURNS(write(1, "begun by a timer", 16));
	uv_close((uv_handle_t *)timer, NULL);
	if (number != 1 || !output)
		start(number + 1);
}

int main(int count, char **arguments)
{
	const char *how = count > 1 ? arguments[1] : "full";
	int i;

	returns = open("returns.txt", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	setvbuf(stdout, NULL, how[0] == 'n' ? _IONBF : how[0] == 'l' ? _IOLBF : _IOFBF, BUFSIZ);
	if (strcmp(how, "flood") == 0)
		return flood();
	is_wide = count > 2 && strcmp(arguments[2], "wide") == 0;
	by_all("main", 0);
	if (uv_guess_handle(1) == UV_NAMED_PIPE) {
		uv_pipe_init(uv_default_loop(), &pipe_output, 0);
		RETURNS(uv_pipe_open(&pipe_output, 1));
		output = (uv_stream_t *)&pipe_output;
	} else if (uv_guess_handle(1) == UV_TTY) {
		RETURNS(uv_tty_init(uv_default_loop(), &tty_output, 1, 0));
		output = (uv_stream_t *)&tty_output;
	}
	for (i = 0; i < TIMERS; i++)
		uv_timer_init(uv_default_loop(), &timers[i]);
	start(0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	RETURNS(write(1, ", ended by main\n", 16));
	return 26;
}
