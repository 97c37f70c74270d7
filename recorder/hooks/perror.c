/*
 * perror, psignal, psiginfo, and the failed assertion: what libc says by itself.
 */
#include "recorder/hooks/diagnostic.h"
#include "recorder/hooks/siginfo.h"
#include "recorder/hooks/tag.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <string.h>

enum { SIGINFO_MAX = 511 }; /* bytes that psiginfo writes at most */

static const char *in_language(const char *text)
{
	return dcgettext("libc", text, LC_MESSAGES);
}

static void say_prefix(struct diagnostic *diagnostic, const char *prefix)
{
	diagnostic->prefix = prefix;
	if (!prefix || !*prefix)
		return;
	diagnostic_say(diagnostic, prefix);
	diagnostic_say(diagnostic, ": ");
}

/* --- perror --------------------------------------------------------------------------------- */

static bool perror_really(struct diagnostic *diagnostic)
{
	libc_real.perror(diagnostic->prefix);
	return true;
}

static bool is_read_and_written(void)
{
	int saved = errno, flags = fcntl(stderr->_fileno, F_GETFL);

	errno = saved;
	return flags != -1 && (flags & O_ACCMODE) == O_RDWR;
}

WRAPPER void perror(const char *prefix)
{
	struct diagnostic diagnostic;

	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
	if (!diagnostic_enter(&diagnostic, ACAUSAL_API_perror)) {
		STDIO_REAL(perror)(prefix);
		return;
	}
	say_prefix(&diagnostic, prefix);
	diagnostic_say_error(&diagnostic, errno);
	diagnostic_say(&diagnostic, "\n");
	/* While stderr is of neither width, libc leaves it so if it can open what is there anew. */
	diagnostic.writes_by_descriptor = tag_is_wanted(diagnostic.call.log.written.fd) &&
					  fwide(stderr, 0) == 0 && is_read_and_written();
	diagnostic_do(&diagnostic, perror_really);
}

/* --- psignal and psiginfo ------------------------------------------------------------------- */

static bool psignal_really(struct diagnostic *diagnostic)
{
	libc_real.psignal(diagnostic->number, diagnostic->prefix);
	return true;
}

/* In the language of the locale; NULL: it has no name, as real-time signals have none. */
static const char *signal_words(int number)
{
	const char *words = number >= 0 && number < NSIG ? sigdescr_np(number) : NULL;

	return words ? in_language(words) : NULL;
}

WRAPPER void psignal(int number, const char *prefix)
{
	struct diagnostic diagnostic;
	const char *words;

	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
	if (!diagnostic_enter(&diagnostic, ACAUSAL_API_psignal)) {
		STDIO_REAL(psignal)(number, prefix);
		return;
	}
	diagnostic.number = number;
	diagnostic.prefix = prefix;
	words = signal_words(number);
	if (words) {
		say_prefix(&diagnostic, prefix);
		diagnostic_say(&diagnostic, words);
		diagnostic_say(&diagnostic, "\n");
	} else {
		text_print(&diagnostic.text, in_language("%s%sUnknown signal %d\n"),
			prefix && *prefix ? prefix : "", prefix && *prefix ? ": " : "", number);
		diagnostic_say_text(&diagnostic);
	}
	diagnostic_do(&diagnostic, psignal_really);
	text_end(&diagnostic.text);
}

static bool psiginfo_really(struct diagnostic *diagnostic)
{
	libc_real.psiginfo(diagnostic->info, diagnostic->prefix);
	return true;
}

/* A real-time signal is told by its distance from the nearer end of their range. */
static void real_time_words(char *ret, size_t size, int number)
{
	struct text text;
	int low = number - SIGRTMIN, high = SIGRTMAX - number;

	if (low < high)
		text_print(&text, low ? "SIGRTMIN+%d" : "SIGRTMIN", low);
	else
		text_print(&text, high ? "SIGRTMAX-%d" : "SIGRTMAX", high);
	memcpy(ret, text.bytes, text.length < size ? text.length + 1 : size);
}

static void code_words(char *ret, size_t size, const siginfo_t *info)
{
	const char *words = siginfo_code_text(info->si_signo, info->si_code);
	struct text text;

	if (words)
		text_print(&text, "%s", words);
	else
		text_print(&text, "%d", info->si_code);
	memcpy(ret, text.bytes, text.length < size ? text.length + 1 : size);
}

/* What follows after the code. */
static void say_siginfo(struct text *ret, const char *prefix, const siginfo_t *info)
{
	const char *colon = prefix && *prefix ? ": " : "", *words = signal_words(info->si_signo);
	char name[64], code[128];

	prefix = prefix ? prefix : "";
	if (!words && info->si_signo >= SIGRTMIN && info->si_signo < SIGRTMAX) {
		real_time_words(name, sizeof name, info->si_signo);
		words = name;
	}
	if (!words) {
		text_print(ret, "%s%sUnknown signal %d\n", prefix, colon, info->si_signo);
		return;
	}
	code_words(code, sizeof code, info);
	switch (info->si_signo) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
		text_print(ret, "%s%s%s (%s [%p])\n", prefix, colon, words, code, info->si_addr);
		break;
	case SIGCHLD:
		text_print(ret, "%s%s%s (%s %ld %d %ld)\n", prefix, colon, words, code,
			(long)info->si_pid, info->si_status, (long)info->si_uid);
		break;
	case SIGPOLL:
		text_print(
			ret, "%s%s%s (%s %ld)\n", prefix, colon, words, code, (long)info->si_band);
		break;
	default:
		text_print(ret, "%s%s%s (%s %ld %ld)\n", prefix, colon, words, code,
			(long)info->si_pid, (long)info->si_uid);
	}
}

WRAPPER void psiginfo(const siginfo_t *info, const char *prefix)
{
	struct diagnostic diagnostic;

	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
	if (!diagnostic_enter(&diagnostic, ACAUSAL_API_psiginfo)) {
		STDIO_REAL(psiginfo)(info, prefix);
		return;
	}
	diagnostic.info = info;
	diagnostic.prefix = prefix;
	diagnostic.writes_by_descriptor = true;
	say_siginfo(&diagnostic.text, prefix, info);
	if (diagnostic.text.length > SIGINFO_MAX)
		diagnostic.text.length = SIGINFO_MAX;
	diagnostic_say_text(&diagnostic);
	diagnostic_do(&diagnostic, psiginfo_really);
	text_end(&diagnostic.text);
}

/* --- assertions ----------------------------------------------------------------------------- */

/* Both formats are libc's own, by which its translations are found; %n is where libc ends it. */
static void say_assertion(struct diagnostic *diagnostic, const char *format, const char *what,
	const char *file, unsigned line, const char *function)
{
	int length;

	text_print(&diagnostic->text, in_language(format), program_invocation_short_name,
		program_invocation_short_name[0] ? ": " : "", file, line, function ? function : "",
		function ? ": " : "", what, &length);
	diagnostic_say_text(diagnostic);
	diagnostic_last(diagnostic);
	text_end(&diagnostic->text);
}

#define ASSERTION "%s%s%s:%u: %s%sAssertion `%s' failed.\n%n"
#define ERROR	  "%s%s%s:%u: %s%sUnexpected error: %s.\n%n"

WRAPPER void __assert_fail(
	const char *assertion, const char *file, unsigned int line, const char *function)
{
	struct diagnostic diagnostic;

	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
	if (diagnostic_enter(&diagnostic, ACAUSAL_API___assert_fail))
		say_assertion(&diagnostic, ASSERTION, assertion, file, line, function);
	STDIO_REAL(__assert_fail)(assertion, file, line, function);
}

WRAPPER void __assert(const char *assertion, const char *file, int line)
{
	struct diagnostic diagnostic;

	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
	if (diagnostic_enter(&diagnostic, ACAUSAL_API___assert))
		say_assertion(&diagnostic, ASSERTION, assertion, file, (unsigned)line, NULL);
	STDIO_REAL(__assert)(assertion, file, line);
}

WRAPPER void __assert_perror_fail(
	int number, const char *file, unsigned int line, const char *function)
{
	struct diagnostic diagnostic;

	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
	if (diagnostic_enter(&diagnostic, ACAUSAL_API___assert_perror_fail))
		say_assertion(&diagnostic, ERROR,
			strerror_r(number, diagnostic.words, DIAGNOSTIC_WORDS), file, line,
			function);
	STDIO_REAL(__assert_perror_fail)(number, file, line, function);
}
