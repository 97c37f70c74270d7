/*
 * Messages that libc itself makes: perror, psignal, err, error, assert, syslog. They go to standard
 * error, which each body has on the kind of output that it is tried with. A transparency program,
 * see apart.h.
 */
#include "tests/programs/apart.h"

#include <err.h>
#include <error.h>
#include <locale.h>
#include <poll.h>
#include <sys/syslog.h>

void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments);
void __syslog_chk(int priority, int flag, const char *format, ...);
void __assert_fail(
	const char *assertion, const char *file, unsigned int line, const char *function);
void __assert_perror_fail(int number, const char *file, unsigned int line, const char *function);
void __assert(const char *assertion, const char *file, int line);

/* Behind the compiler's back. */
static const char *volatile words = "%s and %d";
static const char *volatile nothing = NULL;
static const char *volatile empty = "";

#define BY_LIST(name, parameters, call)                                                            \
	static void name parameters                                                                \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		call;                                                                              \
		va_end(arguments);                                                                 \
	}
BY_LIST(by_vwarn, (const char *format, ...), vwarn(format, arguments))
BY_LIST(by_vwarnx, (const char *format, ...), vwarnx(format, arguments))
BY_LIST(by_verr, (int status, const char *format, ...), verr(status, format, arguments))
BY_LIST(by_verrx, (int status, const char *format, ...), verrx(status, format, arguments))
BY_LIST(by_vsyslog, (int priority, const char *format, ...), vsyslog(priority, format, arguments))
BY_LIST(by_vsyslog_chk, (int priority, int flag, const char *format, ...),
	__vsyslog_chk(priority, flag, format, arguments))

/* A call that returns nothing: what it left in errno, which it began with, and of the streams. */
#define DONE(call)                                                                                 \
	do {                                                                                       \
		int done_errno;                                                                    \
                                                                                                   \
		errno = ENOENT;                                                                    \
		call;                                                                              \
		done_errno = errno;                                                                \
		report("%s, errno %s, stdout %zu%s, stderr%s, wide %d\n", #call,                   \
			errno_name(done_errno), __fpending(stdout),                                \
			ferror(stdout) ? " error" : "", ferror(stderr) ? " error" : "",            \
			fwide(stderr, 0));                                                         \
	} while (0)

/* --- what returns -------------------------------------------------------------------------- */

static void print_name(void)
{
	fprintf(stderr, "the name: ");
}

static void messages(void)
{
	siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};
	int count = -1;

	printf("waits in its buffer, ");
	DONE(perror("perror"));
	DONE(perror(empty));
	DONE(perror(nothing));
	DONE((errno = 123456, perror("unknown")));
	DONE((errno = 0, perror("no error")));
	DONE(psignal(SIGTERM, "psignal"));
	DONE(psignal(SIGTERM, empty));
	DONE(psignal(SIGTERM, nothing));
	DONE(psignal(9999, "psignal"));
	DONE(psignal(SIGRTMIN + 2, "real time"));
	info.si_addr = (void *)0x1234;
	DONE(psiginfo(&info, "psiginfo"));
	DONE(psiginfo(&info, nothing));
	info = (siginfo_t){.si_signo = SIGCHLD, .si_code = CLD_EXITED};
	DONE(psiginfo(&info, empty));
	info = (siginfo_t){.si_signo = SIGPOLL, .si_code = POLL_IN};
	DONE(psiginfo(&info, "poll"));
	info = (siginfo_t){.si_signo = SIGRTMIN + 1, .si_code = SI_QUEUE};
	DONE(psiginfo(&info, "queue"));
	info = (siginfo_t){.si_signo = 9999, .si_code = 77};
	DONE(psiginfo(&info, "unknown"));
	DONE(warn(words, "warn", 1));
	DONE(warn(nothing, 0));
	DONE(warn("%m"));
	DONE(warnx(words, "warnx", 2));
	DONE(warnx(nothing, 0));
	DONE(by_vwarn(words, "vwarn", 3));
	DONE(by_vwarnx(words, "vwarnx", 4));
	DONE(warn("four%n", &count));
	report("%%n %d\n", count);
	DONE(error(0, 0, words, "error", 5));
	DONE(error(0, EPIPE, words, "error", 6));
	DONE(error(0, 123456, "%m%s", empty));
	report("%u messages\n", error_message_count);
	error_one_per_line = 1;
	DONE(error_at_line(0, 0, "a file", 7, words, "first", 7));
	DONE(error_at_line(0, 0, "a file", 7, words, "second", 8));
	DONE(error_at_line(0, EIO, "a file", 8, words, "third", 9));
	DONE(error_at_line(0, EIO, NULL, 8, words, "no file", 10));
	error_print_progname = print_name;
	DONE(error(0, EPIPE, words, "error", 11));
	DONE(error_at_line(0, 0, "a file", 9, words, "error", 12));
	report("%u messages\n", error_message_count);
}

/* Standard error becomes what standard output is, and that a file of its own. */
static void swap(void)
{
	if (dup2(1, 2) < 0)
		close(2);
	dup2(open("standard.out", O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
}

static void messages_there(void)
{
	swap();
	messages();
}

static void messages_wide(void)
{
	swap();
	report("wide %d\n", fwide(stderr, 1));
	messages();
}

static void messages_narrow(void)
{
	swap();
	fputs("narrow: ", stderr);
	messages();
}

static void messages_buffered(void)
{
	static char buffer[300];

	swap();
	setvbuf(stderr, buffer, _IOFBF, sizeof buffer);
	messages();
}

static void messages_closed(void)
{
	fclose(stderr);
	stderr = fopen("stderr.log", "w");
	messages();
}

/* --- what does not ------------------------------------------------------------------------- */

static void at_exit(void)
{
	fputs("at the exit\n", stdout);
}

#define ENDING(name, call)                                                                         \
	static void name(void)                                                                     \
	{                                                                                          \
		atexit(at_exit);                                                                   \
		printf("waits\n");                                                                 \
		errno = ENOENT;                                                                    \
		call;                                                                              \
	}
ENDING(by_err, err(31, words, "err", 1))
ENDING(by_err_nothing, err(32, nothing, 0))
ENDING(by_errx, errx(33, words, "errx", 2))
ENDING(through_verr, by_verr(34, words, "verr", 3))
ENDING(through_verrx, by_verrx(35, words, "verrx", 4))
ENDING(by_error, error(36, ENOLINK, words, "error", 5))
ENDING(by_error_at_line, error_at_line(37, 0, "a file", 8, words, "error", 6))
ENDING(by_assert, __assert_fail("1 == 2", "file.c", 38, "int function(void)"))
ENDING(by_assert_alone, __assert_fail("1 == 2", "file.c", 38, NULL))
ENDING(by_assert_perror, __assert_perror_fail(EIO, "file.c", 39, "function"))
ENDING(by_old_assert, __assert("1 == 2", "file.c", 40))

static void on_abort(int signum)
{
	report("signal %d\n", signum);
	_exit(41);
}

static void by_caught_assert(void)
{
	signal(SIGABRT, on_abort);
	by_assert();
}

/* --- syslog: no daemon, or one that is nobody's business ------------------------------------ */

static void says_syslog(void)
{
	DONE(syslog(LOG_INFO, words, "syslog", 1));
	DONE(by_vsyslog(LOG_ERR, words, "vsyslog", 2));
	DONE(__syslog_chk(LOG_INFO, 1, words, "chk", 3));
	DONE(by_vsyslog_chk(LOG_INFO, 1, words, "chk", 4));
	DONE(syslog(LOG_WARNING | LOG_LOCAL3, "%m"));
	DONE(syslog(LOG_INFO, "with its end\n"));
	DONE(syslog(LOG_INFO, "%s", empty));
	DONE(syslog(0xfffffff, words, "nonsense", 5));
	report("mask %x\n", setlogmask(LOG_UPTO(LOG_ERR)));
	DONE(syslog(LOG_INFO, words, "masked", 6));
	DONE(syslog(LOG_CRIT, words, "not masked", 7));
}

/* Where the daemon would be nothing can be reached: the messages go to standard error alone. */
static void syslog_to_error(void)
{
	openlog("a program", LOG_PERROR, LOG_USER);
	says_syslog();
	closelog();
	openlog(NULL, LOG_PERROR | LOG_NDELAY, LOG_DAEMON);
	says_syslog();
	dup2(open("/dev/full", O_WRONLY), 2);
	says_syslog();
	close(2);
	says_syslog();
}

static void all(uv_timer_t *timer)
{
	enum output kind;

	(void)timer;
	for (kind = 0; kind < OUTPUT_COUNT; kind++) {
		apart("messages", kind, messages_there);
		apart("wide", kind, messages_wide);
		apart("narrow", kind, messages_narrow);
		apart("buffered", kind, messages_buffered);
	}
	apart("closed", TO_FILE, messages_closed);
	for (kind = 0; kind <= TO_LOG; kind++) {
		apart("err", kind, by_err);
		apart("err_nothing", kind, by_err_nothing);
		apart("errx", kind, by_errx);
		apart("verr", kind, through_verr);
		apart("verrx", kind, through_verrx);
		apart("error", kind, by_error);
		apart("error_at_line", kind, by_error_at_line);
		apart("assert", kind, by_assert);
		apart("assert_alone", kind, by_assert_alone);
		apart("assert_perror", kind, by_assert_perror);
		apart("old_assert", kind, by_old_assert);
		apart("caught_assert", kind, by_caught_assert);
	}
	if (access("/dev/log", F_OK) == 0)
		return;
	apart("syslog", TO_FILE, syslog_to_error);
}

int main(void)
{
	setlocale(LC_ALL, "");
	in_callback(all);
	return 24;
}
