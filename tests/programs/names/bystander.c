/* A library that means libc's. */
#include <err.h>
#include <errno.h>
#include <error.h>
#include <stdarg.h>

void bystander_say(void);

static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarn(format, arguments);
	va_end(arguments);
}

void bystander_say(void)
{
	errno = ENOENT;
	say("%s", "libc's");
	error_at_line(0, EPERM, "file", 3, "libc's");
}
