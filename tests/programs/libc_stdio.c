/*
 * What stdio's functions return and write, on every kind of output and in every mode of buffering.
 * A transparency program, see apart.h. The wide functions are in libc_wide.c, and how calls and
 * programs end is in libc_stdio_ends.c.
 */
#define __NO_INLINE__ 1 /* libc's functions themselves, not what its headers make of them */
#include "tests/programs/apart.h"

int __vprintf_chk(int flag, const char *format, va_list arguments);
int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments);
int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments);
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int _IO_putc(int byte, FILE *stream);

/* Behind the compiler's back, lest it make another function of what is called. */
static const char *volatile words = "%s and %d\n";
static const char *volatile plain = "plain\n";
static const char *volatile empty = "";
static const char *volatile nothing = NULL;
static char much[70001];

static void fill_much(void)
{
	size_t i;

	for (i = 0; i < sizeof much - 1; i++)
		much[i] = i % 61 == 60 ? '\n' : (char)('a' + i % 26);
}

/* --- every function ------------------------------------------------------------------------ */

static int by_vprintf(const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = vprintf(format, arguments);
	va_end(arguments);
	return result;
}

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
BY_LIST(by_vfprintf, (FILE * stream, const char *format, ...), vfprintf(stream, format, arguments))
BY_LIST(by_vdprintf, (int fd, const char *format, ...), vdprintf(fd, format, arguments))
BY_LIST(by_vprintf_chk, (int flag, const char *format, ...), __vprintf_chk(flag, format, arguments))
BY_LIST(by_vfprintf_chk, (FILE * stream, int flag, const char *format, ...),
	__vfprintf_chk(stream, flag, format, arguments))
BY_LIST(by_vdprintf_chk, (int fd, int flag, const char *format, ...),
	__vdprintf_chk(fd, flag, format, arguments))

static void formats(FILE *out)
{
	ON(out, printf(words, "printf", 1));
	ON(out, fprintf(out, words, "fprintf", 2));
	ON(out, by_vprintf(words, "vprintf", 3));
	ON(out, by_vfprintf(out, words, "vfprintf", 4));
	ON(out, __printf_chk(0, words, "chk", 5));
	ON(out, __printf_chk(1, words, "chk", 6));
	ON(out, __fprintf_chk(out, 1, words, "chk", 7));
	ON(out, by_vprintf_chk(1, words, "chk", 8));
	ON(out, by_vfprintf_chk(out, 1, words, "chk", 9));
	ON(out, dprintf(1, words, "dprintf", 10));
	ON(out, by_vdprintf(1, words, "vdprintf", 11));
	ON(out, __dprintf_chk(1, 1, words, "chk", 12));
	ON(out, by_vdprintf_chk(1, 1, words, "chk", 13));
	ON(out, dprintf(-1, words, "nowhere", 14));
	ON(out, dprintf(1, empty, 0));
	ON(out, printf(empty, 0));
	ON(out, printf("no end"));
	ON(out, printf(words, nothing, 15));
}

static void texts(FILE *out)
{
	ON(out, puts(plain));
	ON(out, puts(empty));
	ON(out, fputs(plain, out));
	ON(out, fputs(empty, out));
	ON(out, fputs_unlocked(plain, out));
	ON(out, fwrite(plain, 1, 6, out));
	ON(out, fwrite(plain, 2, 3, out));
	ON(out, fwrite(plain, 0, 3, out));
	ON(out, fwrite(plain, 3, 0, out));
	ON(out, fwrite(nothing, 1, 0, out));
	ON(out, fwrite("a\0b\n", 1, 4, out));
	ON(out, fwrite("part of ", 1, 8, out));
	ON(out, fwrite("a line\nand", 1, 10, out));
	ON(out, fwrite_unlocked(plain, 1, 6, out));
}

static void letters(FILE *out)
{
	ON(out, putc('a', out));
	ON(out, putc_unlocked('b', out));
	ON(out, _IO_putc('c', out));
	ON(out, fputc('d', out));
	ON(out, fputc_unlocked('e', out));
	ON(out, putchar('f'));
	ON(out, putchar_unlocked('g'));
	ON(out, __putc_unlocked_body('h', out)); /* as it is inlined */
	ON(out, putc('\n', out));
	ON(out, putc(0x1ff, out));
	ON(out, putc(-1, out));
	ON(out, putc('\0', out));
	ON(out, putc_unlocked('\n', out));
	ON(out, __putc_unlocked_body('\n', out));
	ON(out, fputc('\n', out));
	ON(out, putw(0x0a414243, out));
	ON(out, putw(0x41424344, out));
	ON(out, putchar('\n'));
}

static void odd_formats(FILE *out)
{
	static const wchar_t wrong[] = {L'a', 0x7fffffff, 0};
	const char *volatile format;
	int count = -1;

	ON(out, (format = "%100000d\n", printf(format, 1)));
	ON(out, (format = "%2147483648d\n", printf(format, 1)));
	ON(out, (format = "%2$s %1$*3$d\n", printf(format, 1, "two", 5)));
	ON(out, (format = "%n\n", printf(format, &count)));
	ON(out, (format = "four%n\n", __printf_chk(1, format, &count)));
	report("  %%n %d\n", count);
	ON(out, (format = "%ls\n", printf(format, L"wide")));
	ON(out, (format = "before %ls\n", printf(format, wrong))); /* EILSEQ */
	ON(out, (format = "%", printf(format, 0)));
	ON(out, (format = "%!\n", printf(format, 0)));
	errno = ENOENT;
	report("%%m %d\n", (format = "%m, %m\n", printf(format, 0)));
	ON(out, (format = "%.3s %5.1f %a %p %c%c\n",
			printf(format, "cut off", 2.25, 1.0, (void *)16, '\0', '\n')));
}

static void long_texts(FILE *out)
{
	ON(out, fputs(much, out));
	ON(out, puts(much));
	ON(out, printf(words, much, 1));
	ON(out, fwrite(much, 7, 10000, out));
	ON(out, fwrite(much, 70000, 1, out));
	ON(out, dprintf(1, words, much, 2));
	ON(out, printf(words, "short", 3));
}

static void flushes(FILE *out)
{
	ON(out, fflush(out));
	ON(out, printf("unended"));
	ON(out, fflush_unlocked(out));
	ON(out, printf(" line\n"));
	ON(out, fflush(NULL));
	clearerr(out);
	ON(out, fputs("after clearerr\n", out));
	ON(out, fputs("once more\n", out));
	ON(out, fflush(out));
}

static void every(void)
{
	formats(stdout);
	texts(stdout);
	letters(stdout);
	odd_formats(stdout);
	flushes(stdout);
	long_texts(stdout);
	flushes(stdout);
	ON(stdout, fwprintf(stdout, L"wide on narrow\n"));
	ON(stdout, fputws(L"wide on narrow\n", stdout));
	ON(stdout, fputwc(L'w', stdout));
	ON(stdout, fputwc_unlocked(L'w', stdout));
}

/* Some wide functions write to a stream of bytes all the same. */
static void other_width(void)
{
	ON(stdout, printf("narrow, "));
	ON(stdout, putwc(L'a', stdout));
	ON(stdout, putwc_unlocked(L'b', stdout));
	ON(stdout, putwchar(L'c'));
	ON(stdout, putwchar_unlocked(L'\n'));
	ON(stdout, fflush(stdout));
	ON(stdout, printf("narrow again\n"));
}

static void every_unbuffered(void)
{
	RESULT(setvbuf(stdout, NULL, _IONBF, 0));
	every();
}

static void every_by_line(void)
{
	RESULT(setvbuf(stdout, NULL, _IOLBF, 0));
	every();
}

static void every_full(void)
{
	static char buffer[1 << 16];

	RESULT(setvbuf(stdout, buffer, _IOFBF, sizeof buffer));
	every();
}

static void every_small(void)
{
	static char buffer[10];

	RESULT(setvbuf(stdout, buffer, _IOFBF, sizeof buffer));
	every();
}

/* --- streams that are something else ------------------------------------------------------- */

static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	report("cookie %s takes %zu: %.*s\n", (char *)cookie, size, (int)size, bytes);
	return (ssize_t)size;
}

static ssize_t refuse(void *cookie, const char *bytes, size_t size)
{
	(void)cookie, (void)bytes, (void)size;
	errno = ENOLINK;
	return 0;
}

static void use(FILE *stream)
{
	ON(stream, fprintf(stream, words, "fprintf", 1));
	ON(stream, fputs(plain, stream));
	ON(stream, putc('x', stream));
	ON(stream, fwrite(plain, 1, 6, stream));
	ON(stream, __fprintf_chk(stream, 1, words, "chk", 2));
	ON(stream, fflush(stream));
	RESULT(fclose(stream));
}

static void streams(void)
{
	cookie_io_functions_t takes = {.write = take}, refuses = {.write = refuse}, has_none = {0};
	char *text = NULL, fixed[20] = "";
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	use(stream);
	report("memory holds %zu: %s\n", length, text);
	free(text);
	use(fmemopen(fixed, sizeof fixed, "w"));
	report("fixed holds %.20s\n", fixed);
	use(fopencookie("it", "w", takes));
	use(fopencookie("it", "w", refuses));
	use(fopencookie("it", "w", has_none));
	use(fopen("/dev/null", "r"));
	use(fopen("made.log", "w"));
	use(fopen("made.log", "a"));
	use(fopen("made.log", "r+"));
	use(tmpfile());
	use(fdopen(dup(1), "w"));
	use(popen("cat >popen_closed.out", "w"));
	stream = popen("cat >popen.out", "w");
	ON(stream, fprintf(stream, words, "a child", 1));
	RESULT(pclose(stream));
	/* stdout is a variable. */
	stream = stdout;
	stdout = fopen("instead.log", "w");
	ON(stdout, printf(words, "instead", 1));
	ON(stdout, puts(plain));
	ON(stdout, putchar('p'));
	RESULT(fclose(stdout));
	stdout = stream;
	ON(stdout, puts(plain));
	RESULT(fclose(stdin));
}

/* --- descriptors and files that change below a stream -------------------------------------- */

static void changes(void)
{
	int other = open("other.log", O_WRONLY | O_CREAT | O_TRUNC, 0644), saved = dup(1);

	ON(stdout, printf("waits, "));
	RESULT(dup2(other, 1) == 1);
	ON(stdout, printf("goes to the other\n"));
	ON(stdout, fflush(stdout));
	RESULT(dup2(saved, 1) == 1);
	ON(stdout, printf("goes to the first\n"));
	RESULT(freopen("again.out", "w", stdout) == stdout);
	ON(stdout, printf("in a new one\n"));
	RESULT(freopen64("again64.out", "a", stdout) == stdout);
	ON(stdout, printf("in a newer one\n"));
	RESULT(freopen(NULL, "w", stdout) == stdout);
	ON(stdout, printf("from its beginning\n"));
	RESULT(freopen("/nowhere/at/all", "w", stdout) == stdout);
	RESULT(freopen("revived.out", "w", stdout) == stdout);
	ON(stdout, printf("it lives\n"));
	ON(stdout, fseek(stdout, 2, SEEK_SET));
	ON(stdout, printf("over"));
	ON(stdout, ftell(stdout));
	RESULT(close(1));
	ON(stdout, printf("lost\n"));
	ON(stdout, fflush(stdout));
	RESULT(dup2(saved, 1));
	ON(stdout, fflush(stdout));
	ON(stdout, puts("not lost"));
	RESULT(fclose(stdout));
}

static void all_closed(void)
{
	FILE *stream = fopen("closed.log", "w");

	ON(stream, fprintf(stream, words, "fcloseall", 1));
	ON(stdout, printf("unended"));
	RESULT(fcloseall());
	RESULT(fcntl(1, F_GETFD));
}

static void closed_streams(void)
{
	ON(stdout, printf("unended"));
	ON(stderr, fputs("unbuffered\n", stderr));
	RESULT(fclose(stdout));
	RESULT(fclose(stderr));
}

/* --- all of them --------------------------------------------------------------------------- */

static void all(uv_timer_t *timer)
{
	enum output kind;

	(void)timer;
	for (kind = 0; kind < OUTPUT_COUNT; kind++) {
		apart("default", kind, every);
		apart("unbuffered", kind, every_unbuffered);
		apart("by_line", kind, every_by_line);
		apart("full", kind, every_full);
		apart("small", kind, every_small);
	}
	for (kind = 0; kind <= TO_TERMINAL; kind++) {
		apart("other_width", kind, other_width);
		apart("streams", kind, streams);
		apart("changes", kind, changes);
		apart("all_closed", kind, all_closed);
		apart("closed_streams", kind, closed_streams);
	}
}

int main(void)
{
	fill_much();
	in_callback(all);
	return 21;
}
