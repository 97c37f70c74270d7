/*
 * Text in the recorder's own memory: see text.h. Long ones are in a mapping of their own, since
 * nothing here may allocate by the program's malloc.
 */
#include "recorder/hooks/text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Not vsnprintf: a %n has to be judged as in the program's call. */
int __vsnprintf_chk(
	char *bytes, size_t size, int flag, size_t room, const char *format, va_list arguments);

enum { TEXT_MAX = 1 << 26 };

static int format_into(char *bytes, size_t size, const struct text_format *format)
{
	int result, saved = errno;
	va_list arguments;

	va_copy(arguments, *format->arguments);
	errno = format->number;
	result = __vsnprintf_chk(
		bytes, size, format->flag > 0 ? format->flag : 0, size, format->format, arguments);
	errno = saved;
	va_end(arguments);
	return result;
}

int text_try(struct text *text, const struct text_format *format)
{
	int result;

	text->small[0] = '\0';
	text->bytes = text->small;
	text->mapped = 0;
	result = format_into(text->small, sizeof text->small, format);
	if (result < 0)
		text->length = strlen(text->small);
	else
		text->length = result < TEXT_ON_STACK ? (size_t)result : TEXT_ON_STACK - 1;
	return result;
}

bool text_make(struct text *text, const struct text_format *format, int length)
{
	int result = length < TEXT_ON_STACK ? text_try(text, format) : length, saved = errno;
	char *bytes = MAP_FAILED;

	if (result < TEXT_ON_STACK)
		return result >= 0;
	if (result <= TEXT_MAX)
		bytes = mmap(NULL, (size_t)result + 1, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errno = saved;
	if (bytes == MAP_FAILED) {
		text_try(text, format);
		return false;
	}
	text->bytes = bytes;
	text->mapped = (size_t)result + 1;
	result = format_into(bytes, text->mapped, format);
	if (result < 0)
		text->length = strlen(bytes);
	else /* what the arguments point to may have changed meanwhile */
		text->length = (size_t)result < text->mapped ? (size_t)result : text->mapped - 1;
	return result >= 0;
}

bool text_print(struct text *text, const char *format, ...)
{
	struct text_format how = {.format = format, .flag = -1, .number = errno};
	va_list arguments, copy;
	bool ok;

	va_start(arguments, format);
	va_copy(copy, arguments);
	how.arguments = &copy;
	ok = text_make(text, &how, -1);
	va_end(copy);
	va_end(arguments);
	return ok;
}

void text_end(struct text *text)
{
	int saved = errno;

	if (text->mapped)
		munmap(text->bytes, text->mapped);
	errno = saved;
}
