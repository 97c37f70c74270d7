/*
 * What stdio's wide functions return and write, and what becomes of functions of the other width. A
 * transparency program, see apart.h.
 */
#define __NO_INLINE__ 1 /* libc's functions themselves, not what its headers make of them */
#include "tests/programs/apart.h"

#include <locale.h>

int __vwprintf_chk(int flag, const wchar_t *format, va_list arguments);
int __vfwprintf_chk(FILE *stream, int flag, const wchar_t *format, va_list arguments);
int __wprintf_chk(int flag, const wchar_t *format, ...);
int __fwprintf_chk(FILE *stream, int flag, const wchar_t *format, ...);

/* Behind the compiler's back. */
static const wchar_t *volatile words = L"%ls and %d: \u00e4\u20ac\U0001f600\n";
static const wchar_t *volatile plain = L"plain \u00fc\n";
static const char *volatile narrow = "narrow\n";
static const wchar_t wrong[] = {L'a', 0x7fffffff, L'b', L'\n', 0};

#define BY_LIST(name, parameters, call)                                                            \
	static int name parameters                                                                 \
	{                                                                                          \
		va_list arguments;                                                                 \
		int result;                                                                        \
                                                                                                   \
		va_start(arguments, format);                                                       \
		result = call;                                                                     \
		va_end(arguments);                                                                 \
		return result;                                                                     \
	}
BY_LIST(by_vwprintf, (const wchar_t *format, ...), vwprintf(format, arguments))
BY_LIST(by_vfwprintf, (FILE * stream, const wchar_t *format, ...),
	vfwprintf(stream, format, arguments))
BY_LIST(by_vwprintf_chk, (int flag, const wchar_t *format, ...),
	__vwprintf_chk(flag, format, arguments))
BY_LIST(by_vfwprintf_chk, (FILE * stream, int flag, const wchar_t *format, ...),
	__vfwprintf_chk(stream, flag, format, arguments))

static void every(void)
{
	static wchar_t much[30001];
	size_t i;
	FILE *out = stdout;

	for (i = 0; i < 30000; i++)
		much[i] = i % 61 == 60 ? L'\n' : L'\u00e0' + (wchar_t)(i % 26);
	ON(out, wprintf(words, L"wprintf", 1));
	ON(out, fwprintf(out, words, L"fwprintf", 2));
	ON(out, by_vwprintf(words, L"vwprintf", 3));
	ON(out, by_vfwprintf(out, words, L"vfwprintf", 4));
	ON(out, __wprintf_chk(1, words, L"chk", 5));
	ON(out, __fwprintf_chk(out, 1, words, L"chk", 6));
	ON(out, by_vwprintf_chk(1, words, L"chk", 7));
	ON(out, by_vfwprintf_chk(out, 1, words, L"chk", 8));
	ON(out, wprintf(L"%s|%S|%c|%lc|%5ls|%m\n", "narrow", L"wide", 'c', L'\u20ac', L"\u00e4"));
	ON(out, wprintf(L"no end"));
	ON(out, wprintf(L""));
	ON(out, fputws(plain, out));
	ON(out, fputws_unlocked(plain, out));
	ON(out, fputws(L"", out));
	ON(out, putwc(L'a', out));
	ON(out, putwc_unlocked(L'\u00e4', out));
	ON(out, fputwc(L'\u20ac', out));
	ON(out, fputwc_unlocked(L'\n', out));
	ON(out, putwchar(L'\U0001f600'));
	ON(out, putwchar_unlocked(L'\n'));
	ON(out, fflush(out));
	ON(out, fputws(wrong, out)); /* EILSEQ */
	clearerr(out);
	ON(out, fputwc(0x7fffffff, out));
	clearerr(out);
	ON(out, wprintf(L"wrong %ls\n", wrong));
	ON(out, wprintf(L"wrong %s\n", "\xff\xfe"));
	ON(out, wprintf(L"%2147483648d\n", 1));
	clearerr(out);
	ON(out, fputws(much, out));
	ON(out, wprintf(words, much, 9));
	ON(out, fflush(out));
	/* Narrow functions on a wide stream. */
	ON(out, printf("%s", narrow));
	ON(out, fputs(narrow, out));
	ON(out, puts(narrow));
	ON(out, fwrite(narrow, 1, 7, out));
	ON(out, putc('x', out));
	ON(out, dprintf(1, "%s", narrow));
	ON(out, fputws(L"the end\n", out));
}

static void every_unbuffered(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	every();
}

static void every_by_line(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	every();
}

static void in_ascii(void)
{
	setlocale(LC_ALL, "C");
	every();
}

/* Which width a stream has is settled by the first that is written to it. */
static void first_width(void)
{
	ON(stdout, fwide(stdout, 1));
	ON(stdout, printf("never"));
	ON(stdout, wprintf(L"wide\n"));
	RESULT(freopen("first_width.again", "w", stdout) == stdout);
	ON(stdout, printf("narrow\n"));
	ON(stdout, wprintf(L"never"));
	ON(stdout, fputwc(L'x', stdout));
	RESULT(freopen("first_width.more", "w", stdout) == stdout);
	ON(stdout, fwprintf(stdout, L""));
	ON(stdout, puts("never"));
	ON(stdout, fputws(L"wide again\n", stdout));
}

static void memory(void)
{
	wchar_t *text = NULL;
	size_t length = 0;
	FILE *stream = open_wmemstream(&text, &length);

	ON(stream, fwprintf(stream, words, L"memory", 1));
	ON(stream, fputws(plain, stream));
	ON(stream, putwc(L'x', stream));
	RESULT(fclose(stream));
	report("%zu %ls\n", length, text);
}

static void ends_by_chk(void)
{
	static wchar_t format[] = L"text %n\n";
	int count;

	wprintf(L"waits\n");
	__wprintf_chk(1, format, &count);
}

static void unended(void)
{
	wprintf(L"waits \u00e4");
}

static void all(uv_timer_t *timer)
{
	enum output kind;

	(void)timer;
	for (kind = 0; kind < OUTPUT_COUNT; kind++) {
		apart("wide", kind, every);
		apart("wide_by_line", kind, every_by_line);
		apart("wide_ascii", kind, in_ascii);
	}
	/* Where such a stream cannot write, libc writes on behind the end of its buffer. */
	for (kind = 0; kind <= TO_TERMINAL; kind++)
		apart("wide_unbuffered", kind, every_unbuffered);
	apart("first_width", TO_FILE, first_width);
	apart("memory", TO_FILE, memory);
	apart("chk", TO_FILE, ends_by_chk);
	apart("unended", TO_FILE, unended);
	apart("unended", TO_TERMINAL, unended);
}

int main(void)
{
	setlocale(LC_ALL, "");
	in_callback(all);
	return 22;
}
