/*
 * A library that has functions and variables of its own by names of libc's that neither C nor POSIX
 * reserves.
 */
#include <stdarg.h>
#include <stdio.h>

int err = 7, daemon = 1;
const char *warnx = "careful";
void error(const char *format, ...);
void warn(void (*print)(const char *format, ...), int times);
void library_say(void);

void error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stdout, format, arguments);
	va_end(arguments);
}

void warn(void (*print)(const char *format, ...), int times)
{
	while (times-- > 0)
		print("own %s %d %d\n", warnx, ++err, daemon++);
}

void library_say(void)
{
	warn(error, 2);
}
