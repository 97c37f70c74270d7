/*
 * syslog(3): the message is noted as the program gave it, without what libc puts before it. Where
 * that goes is between libc and the system's logger, and comes by no descriptor of the program's.
 * If the program asked for it (LOG_PERROR), the standard error gets the message too, with its name.
 */
#include "recorder/hooks/libc.h"
#include "recorder/hooks/log.h"
#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* What the program told openlog, of which libc says nothing. */
static const char *_Atomic name; /* NULL: the program's */
static _Atomic int options;

WRAPPER void openlog(const char *ident, int option, int facility)
{
	STDIO_REAL(openlog)(ident, option, facility);
	if (ident)
		atomic_store(&name, ident);
	atomic_store(&options, option);
}

WRAPPER void closelog(void)
{
	STDIO_REAL(closelog)();
	atomic_store(&name, NULL);
}

static void syslog_really(int priority, int flag, const char *format, va_list arguments)
{
	if (flag < 0)
		STDIO_REAL(vsyslog)(priority, format, arguments);
	else
		STDIO_REAL(__vsyslog_chk)(priority, flag, format, arguments);
}

/* A priority that the program's mask leaves out is not sent. */
static bool is_sent(int priority)
{
	return setlogmask(0) & LOG_MASK(LOG_PRI(priority));
}

/* What libc has written to the standard error. */
static void note_echo(
	enum acausal_api api, const struct unwind_start *from, const struct text *message)
{
	const char *ident = atomic_load(&name);
	struct log_call log = {.from = *from};
	struct text start;
	struct iovec pieces[3];
	size_t length = message->length;
	bool is_line = length && message->bytes[length - 1] == '\n';

	log_enter(&log, api, STDERR_FILENO);
	if (!log.thread)
		return;
	if (!ident)
		ident = program_invocation_short_name;
	if (atomic_load(&options) & LOG_PID)
		text_print(&start, "%s[%d]: ", ident, (int)getpid());
	else
		text_print(&start, "%s: ", ident);
	pieces[0] = (struct iovec){start.bytes, start.length};
	pieces[1] = (struct iovec){message->bytes, length};
	pieces[2] = (struct iovec){(char[]){'\n'}, !is_line};
	logged_pieces(
		log.thread, &log.from, &log.written, pieces, 3, start.length + length + !is_line);
	text_end(&start);
}

static void syslog_noted(struct log_call *log, enum acausal_api api, int priority, int flag,
	const char *format, va_list arguments)
{
	struct text_format how = {.format = format, .flag = flag, .number = errno};
	struct text text;
	va_list copy;
	bool is_echoed = settings.keeps_logs && atomic_load(&options) & LOG_PERROR;

	if ((!log->thread && !is_echoed) || !is_sent(priority)) {
		syslog_really(priority, flag, format, arguments);
		return;
	}
	va_copy(copy, arguments);
	syslog_really(priority, flag, format, arguments);
	how.arguments = &copy;
	text_make(&text, &how, -1);
	if (log->thread)
		logged(log->thread, &log->from, &log->written, text.bytes, text.length);
	if (is_echoed)
		note_echo(api, &log->from, &text);
	text_end(&text);
	va_end(copy);
}

#define SYSLOG(name, flag)                                                                         \
	struct log_call log;                                                                       \
	UNWIND_FROM_CALLER(&log.from);                                                             \
	log_enter_syslog(&log, ACAUSAL_API_##name);                                                \
	syslog_noted(&log, ACAUSAL_API_##name, priority, flag, format, arguments)

#define SYSLOG_VARIADIC(name, flag)                                                                \
	va_list arguments;                                                                         \
	va_start(arguments, format);                                                               \
	SYSLOG(name, flag);                                                                        \
	va_end(arguments)

WRAPPER void vsyslog(int priority, const char *format, va_list arguments)
{
	SYSLOG(vsyslog, -1);
}

WRAPPER void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments)
{
	SYSLOG(__vsyslog_chk, flag);
}

WRAPPER void syslog(int priority, const char *format, ...)
{
	SYSLOG_VARIADIC(syslog, -1);
}

WRAPPER void __syslog_chk(int priority, int flag, const char *format, ...)
{
	SYSLOG_VARIADIC(__syslog_chk, flag);
}
