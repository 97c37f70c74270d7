/* Errors as one line of text: see error.h. Nothing here allocates or prints. */
#include "recorder/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, const char *format, ...)
{
	va_list arguments;

	if (err) {
		va_start(arguments, format);
		vsnprintf(err->text, sizeof err->text, format, arguments);
		va_end(arguments);
	}
	return -1;
}

int error_set_errno(struct error *err, int number, const char *format, ...)
{
	va_list arguments;
	int length;
	char words[128];

	if (!err)
		return -1;
	va_start(arguments, format);
	length = vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof err->text)
		return -1;
	/* GNU's strerror_r: thread-safe, and returns the words wherever they are. */
	snprintf(err->text + length, sizeof err->text - (size_t)length, ": %s",
		strerror_r(number, words, sizeof words));
	return -1;
}
