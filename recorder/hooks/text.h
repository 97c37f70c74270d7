/*
 * Text formatted in the recorder's own memory, as the program's call will write it.
 */
#ifndef ACAUSAL_HOOKS_TEXT_H
#define ACAUSAL_HOOKS_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum { TEXT_ON_STACK = 1024 };

struct text {
	char *bytes;
	size_t length; /* without the NUL after it */
	size_t mapped; /* 0: the bytes are in `small` */
	char small[TEXT_ON_STACK];
};

/* What to format: `flag` is that of a _chk function, negative of others; `number` is errno's, for
 * %m. */
struct text_format {
	const char *format;
	va_list *arguments; /* read, and left as they are */
	int flag, number;
};

/*
 * Formats as far as there is room on the stack, without any more memory. Returns what vsnprintf
 * does; `text` is whole when that is not negative and less than TEXT_ON_STACK, and holds the
 * beginning otherwise. errno is left as it was.
 */
int text_try(struct text *text, const struct text_format *format);

/*
 * The same with all the memory that it takes, which is `length` bytes and a NUL, or not known yet
 * (negative). False when there is none, or the format fails: then `text` has what came before the
 * failure. To be followed by text_end in any case.
 */
bool text_make(struct text *text, const struct text_format *format, int length);

/* Formats what the recorder itself has to say: text_make, with errno as it is. */
bool text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Keeps errno. */
void text_end(struct text *text);

#endif
