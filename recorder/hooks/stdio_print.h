/*
 * The wrappers of a family of formatting functions, once for text and once for wide text: they are
 * eight of each, and differ in who gives the stream, the flag and the arguments.
 *
 * Whoever includes this has a function that formats, writes and notes:
 *
 *	static int print_noted(
 *		struct stdio_call *call, int flag, const letter *format, va_list arguments);
 *
 * `flag` is that of a _chk function, below 0 of one without.
 */
#ifndef ACAUSAL_HOOKS_STDIO_PRINT_H
#define ACAUSAL_HOOKS_STDIO_PRINT_H

#include "recorder/hooks/stdio_call.h"

#include <stdarg.h>

#define STDIO_PRINT(name, to, real, flag, ...)                                                     \
	int result;                                                                                \
	va_list arguments;                                                                         \
	STDIO_CALL(name, to);                                                                      \
	va_start(arguments, format);                                                               \
	result = likely(!call.log.thread) ? STDIO_REAL(real)(__VA_ARGS__, format, arguments)       \
					  : print_noted(&call, flag, format, arguments);           \
	va_end(arguments);                                                                         \
	return result

#define STDIO_PRINT_LIST(name, to, flag, ...)                                                      \
	STDIO_CALL(name, to);                                                                      \
	if (likely(!call.log.thread))                                                              \
		return STDIO_REAL(name)(__VA_ARGS__);                                              \
	return print_noted(&call, flag, format, arguments)

/* clang-format off */
#define STDIO_PRINT_FAMILY(base, letter)                                                           \
	WRAPPER int base(const letter *format, ...)                                                \
	{                                                                                          \
		STDIO_PRINT(base, stdout, vf##base, -1, stdout);                                   \
	}                                                                                          \
	WRAPPER int f##base(FILE *stream, const letter *format, ...)                               \
	{                                                                                          \
		STDIO_PRINT(f##base, stream, vf##base, -1, stream);                                \
	}                                                                                          \
	WRAPPER int __##base##_chk(int flag, const letter *format, ...)                            \
	{                                                                                          \
		STDIO_PRINT(__##base##_chk, stdout, __vf##base##_chk, flag, stdout, flag);         \
	}                                                                                          \
	WRAPPER int __f##base##_chk(FILE *stream, int flag, const letter *format, ...)             \
	{                                                                                          \
		STDIO_PRINT(__f##base##_chk, stream, __vf##base##_chk, flag, stream, flag);        \
	}                                                                                          \
	WRAPPER int v##base(const letter *format, va_list arguments)                               \
	{                                                                                          \
		STDIO_PRINT_LIST(v##base, stdout, -1, format, arguments);                          \
	}                                                                                          \
	WRAPPER int vf##base(FILE *stream, const letter *format, va_list arguments)                \
	{                                                                                          \
		STDIO_PRINT_LIST(vf##base, stream, -1, stream, format, arguments);                 \
	}                                                                                          \
	WRAPPER int __v##base##_chk(int flag, const letter *format, va_list arguments)             \
	{                                                                                          \
		STDIO_PRINT_LIST(__v##base##_chk, stdout, flag, flag, format, arguments);          \
	}                                                                                          \
	WRAPPER int __vf##base##_chk(                                                              \
		FILE *stream, int flag, const letter *format, va_list arguments)                   \
	{                                                                                          \
		STDIO_PRINT_LIST(__vf##base##_chk, stream, flag, stream, flag, format, arguments); \
	}
/* clang-format on */

#endif
