/*
 * warn, err and error: the program's own words on the standard error, and what libc adds to them.
 *
 * Those that end the program are done as those that do not, and then end it as libc does: so their
 * text is noted after it has been written, and after what a program's error_print_progname prints.
 */
#include "recorder/hooks/diagnostic.h"
#include "recorder/hooks/tag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As <error.h> has them. */
extern unsigned int error_message_count;
extern int error_one_per_line;
extern void (*error_print_progname)(void);

/* --- err.h ---------------------------------------------------------------------------------- */

static bool warn_really(struct diagnostic *diagnostic)
{
	va_list arguments;

	va_copy(arguments, *diagnostic->arguments);
	if (diagnostic->number < 0) {
		STDIO_REAL(vwarnx)(diagnostic->format, arguments);
	} else {
		errno = diagnostic->number;
		STDIO_REAL(vwarn)(diagnostic->format, arguments);
	}
	va_end(arguments);
	return true;
}

/* `number`: errno's, whose text follows; negative: none does. */
static void warn_noted(
	struct diagnostic *diagnostic, int number, const char *format, va_list arguments)
{
	struct text_format how = {.format = format, .flag = -1, .number = errno};
	va_list copy;

	va_copy(copy, arguments);
	how.arguments = diagnostic->arguments = &copy;
	diagnostic->number = number;
	diagnostic->format = format;
	diagnostic_say(diagnostic, program_invocation_short_name);
	diagnostic_say(diagnostic, ": ");
	if (format) {
		text_make(&diagnostic->text, &how, -1);
		diagnostic_say_text(diagnostic);
		if (number >= 0)
			diagnostic_say(diagnostic, ": ");
	}
	if (number >= 0)
		diagnostic_say_error(diagnostic, number);
	diagnostic_say(diagnostic, "\n");
	diagnostic_do(diagnostic, warn_really);
	text_end(&diagnostic->text);
	va_end(copy);
}

#define WARN(name, number, real)                                                                   \
	struct diagnostic diagnostic;                                                              \
	UNWIND_FROM_CALLER(&diagnostic.call.log.from);                                             \
	if (diagnostic_enter(&diagnostic, ACAUSAL_API_##name))                                     \
		warn_noted(&diagnostic, number, format, arguments);                                \
	else                                                                                       \
		real

#define WARN_VARIADIC(name, number, real)                                                          \
	va_list arguments;                                                                         \
	va_start(arguments, format);                                                               \
	WARN(name, number, real);                                                                  \
	va_end(arguments)

UNRESERVED(vwarn);
WRAPPER void acausal_vwarn(const char *format, va_list arguments)
{
	WARN(vwarn, errno, STDIO_REAL(vwarn)(format, arguments));
}

UNRESERVED(vwarnx);
WRAPPER void acausal_vwarnx(const char *format, va_list arguments)
{
	WARN(vwarnx, -1, STDIO_REAL(vwarnx)(format, arguments));
}

UNRESERVED(warn);
WRAPPER void acausal_warn(const char *format, ...)
{
	WARN_VARIADIC(warn, errno, STDIO_REAL(vwarn)(format, arguments));
}

UNRESERVED(warnx);
WRAPPER void acausal_warnx(const char *format, ...)
{
	WARN_VARIADIC(warnx, -1, STDIO_REAL(vwarnx)(format, arguments));
}

UNRESERVED(verr);
WRAPPER void acausal_verr(int status, const char *format, va_list arguments)
{
	WARN(verr, errno, STDIO_REAL(verr)(status, format, arguments));
	exit(status);
}

UNRESERVED(verrx);
WRAPPER void acausal_verrx(int status, const char *format, va_list arguments)
{
	WARN(verrx, -1, STDIO_REAL(verrx)(status, format, arguments));
	exit(status);
}

UNRESERVED(err);
WRAPPER void acausal_err(int status, const char *format, ...)
{
	WARN_VARIADIC(err, errno, STDIO_REAL(verr)(status, format, arguments));
	exit(status);
}

UNRESERVED(errx);
WRAPPER void acausal_errx(int status, const char *format, ...)
{
	WARN_VARIADIC(errx, -1, STDIO_REAL(verrx)(status, format, arguments));
	exit(status);
}

/* --- error.h -------------------------------------------------------------------------------- */

/*
 * One call of error, or error_at_line when `is_placed`. They are variadic and have no other form,
 * so the real one gets the text that was formatted here, also when nothing is noted.
 */
struct complaint {
	struct diagnostic diagnostic; /* the first member */
	bool is_placed;
	int status;
};

static void error_call(struct complaint *complaint, int status)
{
	struct diagnostic *diagnostic = &complaint->diagnostic;

	if (complaint->is_placed)
		STDIO_REAL(error_at_line)
	(status, diagnostic->number, diagnostic->prefix, diagnostic->line, "%s",
		diagnostic->text.bytes);
	else STDIO_REAL(error)(status, diagnostic->number, "%s", diagnostic->text.bytes);
}

/* Of one line it may be said only once (error_one_per_line). */
static bool error_really(struct diagnostic *diagnostic)
{
	unsigned before = error_message_count;

	error_call((struct complaint *)diagnostic, 0);
	return error_message_count != before;
}

/* The program's name, if it has no function that prints it, and the place. */
static void error_say_where(struct complaint *complaint, struct text *place)
{
	struct diagnostic *diagnostic = &complaint->diagnostic;

	if (!error_print_progname) {
		diagnostic_say(diagnostic, program_invocation_name);
		diagnostic_say(diagnostic, complaint->is_placed ? ":" : ": ");
	}
	if (!complaint->is_placed)
		return;
	if (!diagnostic->prefix) {
		diagnostic_say(diagnostic, " ");
		return;
	}
	text_print(place, ":%u: ", diagnostic->line);
	diagnostic_say(diagnostic, diagnostic->prefix);
	diagnostic_say(diagnostic, place->small);
}

/* With error_one_per_line: whether it is the line that was complained of last. */
static bool is_said_already(const struct complaint *complaint)
{
	static const char *last_file;
	static unsigned last_line;
	const char *file = complaint->diagnostic.prefix;
	bool is_same;

	if (!complaint->is_placed || !error_one_per_line)
		return false;
	is_same = last_line == complaint->diagnostic.line &&
		  (last_file == file || (last_file && file && strcmp(last_file, file) == 0));
	last_file = file;
	last_line = complaint->diagnostic.line;
	return is_same;
}

/* Where no tags can be made. */
static bool error_write(struct diagnostic *diagnostic)
{
	int i;

	for (i = 0; i < diagnostic->count; i++)
		libc_real.fwrite(
			diagnostic->pieces[i].iov_base, 1, diagnostic->pieces[i].iov_len, stderr);
	return true;
}

/* All that libc's error does, since that cannot be told to end its line in a tag. */
static void error_tagged(struct complaint *complaint)
{
	if (is_said_already(complaint))
		return;
	libc_real.fflush(stdout);
	if (error_print_progname)
		error_print_progname();
	error_message_count++;
	diagnostic_do(&complaint->diagnostic, error_write);
	libc_real.fflush(stderr);
	if (complaint->status)
		exit(complaint->status);
}

static void error_noted(struct complaint *complaint)
{
	struct diagnostic *diagnostic = &complaint->diagnostic;
	unsigned before = error_message_count;
	struct text place;

	error_say_where(complaint, &place);
	diagnostic_say_text(diagnostic);
	if (diagnostic->number) {
		diagnostic_say(diagnostic, ": ");
		diagnostic_say_error(diagnostic, diagnostic->number);
	}
	diagnostic_say(diagnostic, "\n");
	if (tag_is_wanted(diagnostic->call.log.written.fd) && fwide(stderr, 0) <= 0) {
		error_tagged(complaint);
		return;
	}
	diagnostic_do(diagnostic, error_really);
	/* What is said only once ends nothing the second time. */
	if (complaint->status && error_message_count != before)
		exit(complaint->status);
}

static void error_do(
	struct complaint *complaint, enum acausal_api api, const char *format, va_list arguments)
{
	struct diagnostic *diagnostic = &complaint->diagnostic;
	struct text_format how = {.format = format, .flag = -1, .number = errno};
	bool is_noted = diagnostic_enter(diagnostic, api);
	va_list copy;

	va_copy(copy, arguments);
	how.arguments = &copy;
	text_make(&diagnostic->text, &how, -1);
	va_end(copy);
	/* It flushes stdout first; NULL stands for all streams there. */
	if (stdout)
		stdio_note_unseen(api, &diagnostic->call.log.from, stdout);
	if (is_noted)
		error_noted(complaint);
	else
		error_call(complaint, complaint->status);
	text_end(&diagnostic->text);
}

UNRESERVED(error);
WRAPPER void acausal_error(int status, int number, const char *format, ...)
{
	struct complaint complaint = {.status = status, .diagnostic.number = number};
	va_list arguments;

	UNWIND_FROM_CALLER(&complaint.diagnostic.call.log.from);
	va_start(arguments, format);
	error_do(&complaint, ACAUSAL_API_error, format, arguments);
	va_end(arguments);
}

UNRESERVED(error_at_line);
WRAPPER void acausal_error_at_line(
	int status, int number, const char *file, unsigned int line, const char *format, ...)
{
	struct complaint complaint = {.status = status,
		.is_placed = true,
		.diagnostic = {.number = number, .prefix = file, .line = line}};
	va_list arguments;

	UNWIND_FROM_CALLER(&complaint.diagnostic.call.log.from);
	va_start(arguments, format);
	error_do(&complaint, ACAUSAL_API_error_at_line, format, arguments);
	va_end(arguments);
}
