/*
 * Writes by stdio what is hard to see in its buffers, for tests/e2e/log_stdio.sh, which compares
 *what came into the files with what was recorded:
 *
 *	log_stdio random FILE SEED MODE SIZE   all functions, text of all lengths, a buffer of SIZE
 *	log_stdio messages                     perror, psignal, warn, error and their kin
 *	log_stdio threads FILE                 several threads on one stream
 *	log_stdio conversions FILE             conversions of its own, one of which does not return
 *	log_stdio callbacks FILE               unflushed text of several callbacks
 */
#include "tests/programs/say.h"

#include <err.h>
#include <errno.h>
#include <error.h>
#include <printf.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* gcc makes other functions of some calls; by these it cannot. */
static int (*volatile print)(FILE *, const char *, ...) = fprintf;
static int (*volatile put_text)(const char *, FILE *) = fputs;

int __fprintf_chk(FILE *stream, int flag, const char *format, ...);

/* --- random ------------------------------------------------------------------------------- */

static unsigned long long state;

static unsigned below(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % n;
}

/* Text of up to `most` bytes, with a newline here and there. */
static const char *some_text(size_t most)
{
	static char text[20000];
	size_t length = below((unsigned)most + 1), i;

	for (i = 0; i < length; i++)
		text[i] = below(24) ? (char)('a' + below(26)) : '\n';
	text[length] = '\0';
	return text;
}

static void put_inlined(FILE *stream, const char *text)
{
	for (; *text; text++)
		putc_unlocked(*text, stream);
}

static void vprint(FILE *stream, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
}

static void write_some(FILE *stream, size_t size)
{
	/* Mostly short, now and then about as long as the buffer, or longer. */
	size_t most = below(4) ? 30 : size * (1 + below(3));
	const char *text = some_text(most < 19000 ? most : 19000);
	int n;

	switch (below(12)) {
	case 0:
		print(stream, "%s", text);
		break;
	case 1:
		print(stream, "<%s>%n%5d\n", text, &n, 42);
		break;
	case 2:
		print(stream, "%*d%s\n%s", (int)below(40), 7, text, text);
		break;
	case 3:
		vprint(stream, "%d %s\n", 1, text);
		break;
	case 4:
		__fprintf_chk(stream, 1, "%s %c\n", text, 'x');
		break;
	case 5:
		put_text(text, stream);
		break;
	case 6:
		fwrite(text, 1, strlen(text), stream);
		break;
	case 7:
		fwrite_unlocked(text, 1, strlen(text), stream);
		break;
	case 8:
		for (; *text; text++)
			fputc(*text, stream);
		break;
	case 9:
		put_inlined(stream, text);
		break;
	case 10:
		print(stream, "\n");
		break;
	default:
		if (below(4) == 0)
			fflush(below(2) ? stream : NULL);
	}
}

static int random_calls(char **arguments)
{
	static char buffer[1 << 16];
	FILE *stream = fopen(arguments[0], "w");
	size_t size = strtoul(arguments[3], NULL, 10);
	int i;

	if (!stream)
		return 1;
	state = strtoull(arguments[1], NULL, 10);
	if (size) /* 0: libc's own */
		setvbuf(stream, buffer, arguments[2][0] == 'l' ? _IOLBF : _IOFBF, size);
	else
		setvbuf(stream, NULL,
			arguments[2][0] == 'n'	 ? _IONBF
			: arguments[2][0] == 'l' ? _IOLBF
						 : _IOFBF,
			0);
	for (i = 0; i < 400; i++)
		write_some(stream, size ? size : 4096);
	/* The last line has no newline, and is flushed by nobody but exit. */
	print(stream, "\nthe end");
	put_inlined(stream, " of it");
	return 0;
}

/* --- messages ----------------------------------------------------------------------------- */

static void say_name(void)
{
	print(stderr, "me> ");
}

static void all_siginfo(void)
{
	static const int signals[] = {
		SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP, SIGCHLD, SIGPOLL, SIGUSR1};
	siginfo_t info = {0};
	size_t i;

	for (i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		info.si_signo = signals[i];
		for (info.si_code = -8; info.si_code < 10; info.si_code++)
			psiginfo(&info, "code");
	}
	info.si_code = SI_KERNEL;
	psiginfo(&info, NULL);
	info.si_code = SI_ASYNCNL;
	for (info.si_signo = -1; info.si_signo < 70; info.si_signo++)
		psiginfo(&info, "");
}

static void all_errors(void)
{
	/* The compiler takes it that a call with a status does not come back. */
	volatile int status = 3;

	error(0, 0, "plain");
	error(0, ENOENT, "%d %s", 1, "with a reason");
	error_at_line(0, 0, "file.c", 7, "placed");
	error_at_line(0, EPERM, NULL, 7, "not placed");
	error_one_per_line = 1;
	error_at_line(0, 0, "file.c", 8, "once");
	error_at_line(status, 0, "file.c", 8, "once");
	error_print_progname = say_name;
	error(0, 0, "by a name of its own");
	error_at_line(0, 0, "file.c", 9, "and placed");
	print(stderr, "%u messages\n", error_message_count);
}

/* With a copy on the standard error. */
static void all_syslog(void)
{
	/* Never to the machine's own. */
	if (access("/dev/log", F_OK) == 0)
		return;
	syslog(LOG_INFO, "before openlog, nothing is copied");
	openlog("name", LOG_PERROR, LOG_USER);
	errno = ENOENT;
	syslog(LOG_INFO, "a message: %m");
	syslog(LOG_INFO, "with its newline\n");
	openlog(NULL, LOG_PERROR, LOG_USER);
	syslog(LOG_INFO, "the name stays");
	setlogmask(LOG_UPTO(LOG_ERR));
	syslog(LOG_INFO, "masked");
	syslog(LOG_ERR, "not masked");
	closelog();
}

static int messages(char **arguments)
{
	char long_text[4000];
	int number;

	memset(long_text, 'l', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	(void)arguments;
	printf("text that error flushes\n");
	for (number = -1; number < 140; number += 3) {
		errno = number;
		perror(number % 2 ? "reason" : NULL);
	}
	perror("");
	perror(long_text);
	for (number = -1; number < 70; number++)
		psignal(number, number % 3 == 0 ? "signal" : number % 3 == 1 ? "" : NULL);
	all_siginfo();
	errno = ENOENT;
	warn("%s %m", "words");
	warn(NULL);
	warnx("%d%n of %s", 5, &number, long_text);
	warnx(NULL);
	all_errors();
	all_syslog();
	errno = EIO;
	err(7, "the last, %s", "with a reason");
}

/* --- threads ------------------------------------------------------------------------------ */

enum { THREADS = 4, LINES = 2000 };

static FILE *shared;

static void *write_lines(void *name)
{
	int i;

	for (i = 0; i < LINES; i++) {
		if (i % 3 == 0)
			print(shared, "%s %d\n", (const char *)name, i);
		else if (i % 3 == 1)
			put_text("always the same\n", shared);
		else
			fwrite("also\nalways\n", 1, 12, shared);
		if (i % 100 == 0) {
			flockfile(shared);
			put_inlined(shared, "locked ");
			print(shared, "%d\n", i);
			funlockfile(shared);
		}
	}
	return NULL;
}

static int threads(char **arguments)
{
	static char *names[THREADS] = {"one", "two", "three", "four"};
	pthread_t ids[THREADS];
	int i;

	shared = fopen(arguments[0], "w");
	/* Each line is written by itself, so that the others wait for it. */
	setvbuf(shared, NULL, _IOLBF, 0);
	for (i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, write_lines, names[i]);
	for (i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	fclose(shared);
	return 0;
}

/* --- conversions -------------------------------------------------------------------------- */

static sigjmp_buf back;

static int convert(FILE *stream, const struct printf_info *info, const void *const *arguments)
{
	(void)arguments;
	if (info->spec == 'W')
		siglongjmp(back, 1);
	return print(stream, "[%s]", "converted");
}

static int takes_nothing(const struct printf_info *info, size_t count, int *types, int *sizes)
{
	(void)info, (void)count, (void)types, (void)sizes;
	return 0;
}

static void *write_after(void *unused)
{
	(void)unused;
	print(shared, "another thread\n");
	return NULL;
}

static void print_converted(const char *format)
{
	if (!sigsetjmp(back, 1))
		print(shared, format, 0);
}

static int conversions(char **arguments)
{
	pthread_t id;

	register_printf_specifier('Y', convert, takes_nothing);
	register_printf_specifier('W', convert, takes_nothing);
	shared = fopen(arguments[0], "w");
	print_converted("a %Y conversion\n");
	print_converted("two %Y %Y\n");
	print_converted("left %W and lost\n");
	print_converted("after it\n");
	setvbuf(shared, NULL, _IOLBF, 0);
	print_converted("by lines %Y\n");
	setvbuf(shared, NULL, _IONBF, 0);
	print_converted("by\nnothing %Y\n");
	pthread_create(&id, NULL, write_after, NULL);
	pthread_join(id, NULL);
	return 0;
}

/* --- callbacks ---------------------------------------------------------------------------- */

static void on_first(uv_timer_t *timer)
{
	print(shared, "the first\n");
	put_text("begun by the first", shared);
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_second(uv_timer_t *timer)
{
	print(shared, ", ended by the second\n");
	put_inlined(shared, "seen by the third\n");
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_third(uv_timer_t *timer)
{
	put_text("the third\n", shared);
	uv_close((uv_handle_t *)timer, NULL);
}

static int callbacks(char **arguments)
{
	static const uv_timer_cb functions[] = {on_first, on_second, on_third};
	uv_timer_t timers[3];
	int i;

	shared = fopen(arguments[0], "w");
	for (i = 0; i < 3; i++) {
		MUST(uv_timer_init(uv_default_loop(), &timers[i]));
		MUST(uv_timer_start(&timers[i], functions[i], (uint64_t)i + 1, 0));
	}
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return 0;
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		int (*run)(char **);
		int arguments;
	} ways[] = {{"random", random_calls, 4}, {"messages", messages, 0}, {"threads", threads, 1},
		{"conversions", conversions, 1}, {"callbacks", callbacks, 1}};
	size_t i;

	/* There is no recording of a program that never uses libuv. */
	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	for (i = 0; count > 1 && i < sizeof ways / sizeof ways[0]; i++) {
		if (strcmp(ways[i].name, arguments[1]) == 0 && count == ways[i].arguments + 2)
			return ways[i].run(arguments + 2);
	}
	return 2;
}
