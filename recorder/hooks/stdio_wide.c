/*
 * Streams of wide characters. Their buffers are libc's own affair, so the real function is called,
 * and of what it has taken the text is made anew: in the multibyte encoding of the locale, as the
 * stream does when it comes to write it. (A character that the locale does not have is a question
 * mark there too.)
 */
#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/stdio_print.h"
#include "recorder/hooks/tag.h"
#include "recorder/hooks/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

int __vswprintf_chk(wchar_t *text, size_t size, int flag, size_t room, const wchar_t *format,
	va_list arguments);

enum { CHUNK = 512, WIDE_ON_STACK = 256, WIDE_MAX = 1 << 24 };

/* A stream of bytes refuses the one kind of functions, and takes it from the other. */
enum width_check { ANY_WIDTH, MINDS_WIDTH };

static size_t convert(char bytes[MB_LEN_MAX], wchar_t character, mbstate_t *state)
{
	int saved = errno;
	size_t length = wcrtomb(bytes, character, state);

	errno = saved;
	if (length <= MB_LEN_MAX)
		return length;
	bytes[0] = '?';
	memset(state, 0, sizeof *state);
	return 1;
}

static void note_wide(const struct stdio_call *call, const wchar_t *text, size_t length)
{
	mbstate_t state = {0};
	char bytes[CHUNK + MB_LEN_MAX];
	size_t used = 0, i;

	for (i = 0; i < length; i++) {
		used += convert(bytes + used, text[i], &state);
		if (used >= CHUNK) {
			stdio_note(call, bytes, used);
			used = 0;
		}
	}
	stdio_note(call, bytes, used);
}

/* --- one character ------------------------------------------------------------------------- */

/* The tag that goes before a character, which is ASCII. */
static void put_tag(struct stdio_call *call, wchar_t character)
{
	mbstate_t state = {0};
	char bytes[MB_LEN_MAX], tag[TAG_MAX];
	size_t length = convert(bytes, character, &state), count, i, j;

	for (i = 0; i < length; i++) {
		count = tag_of_byte(tag, call->log.thread, &call->log.from, &call->log.written,
			(unsigned char)bytes[i]);
		for (j = 0; j < count; j++)
			libc_real.fputwc_unlocked((wchar_t)tag[j], call->stream);
	}
}

static void put_character(struct stdio_call *call)
{
	wchar_t character = (wchar_t)call->byte;
	mbstate_t state = {0};
	char bytes[MB_LEN_MAX];
	size_t length, i;
	wint_t result;

	if (tag_is_wanted(call->log.written.fd))
		put_tag(call, character);
	if (call->flag == MINDS_WIDTH)
		result = call->is_unlocked ? libc_real.fputwc_unlocked(character, call->stream)
					   : libc_real.fputwc(character, call->stream);
	else
		result = call->is_unlocked ? libc_real.putwc_unlocked(character, call->stream)
					   : libc_real.putwc(character, call->stream);
	call->result = result;
	if (result == WEOF)
		return;
	length = convert(bytes, character, &state);
	for (i = 0; i < length; i++)
		stdio_note_byte(call, (unsigned char)bytes[i]);
}

static wint_t put_noted(
	struct stdio_call *call, wchar_t character, bool is_unlocked, enum width_check width)
{
	call->byte = (int)character;
	call->is_unlocked = is_unlocked;
	call->flag = width;
	stdio_do(call, put_character);
	return (wint_t)call->result;
}

#define PUT(name, to, unlocked, width, ...)                                                        \
	STDIO_CALL(name, to);                                                                      \
	if (likely(!call.log.thread))                                                              \
		return STDIO_REAL(name)(__VA_ARGS__);                                              \
	return put_noted(&call, character, unlocked, width)

WRAPPER wint_t putwc(wchar_t character, FILE *stream)
{
	PUT(putwc, stream, false, ANY_WIDTH, character, stream);
}

WRAPPER wint_t fputwc(wchar_t character, FILE *stream)
{
	PUT(fputwc, stream, false, MINDS_WIDTH, character, stream);
}

WRAPPER wint_t putwchar(wchar_t character)
{
	PUT(putwchar, stdout, false, ANY_WIDTH, character);
}

WRAPPER wint_t putwc_unlocked(wchar_t character, FILE *stream)
{
	PUT(putwc_unlocked, stream, true, ANY_WIDTH, character, stream);
}

WRAPPER wint_t fputwc_unlocked(wchar_t character, FILE *stream)
{
	PUT(fputwc_unlocked, stream, true, MINDS_WIDTH, character, stream);
}

WRAPPER wint_t putwchar_unlocked(wchar_t character)
{
	PUT(putwchar_unlocked, stdout, true, ANY_WIDTH, character);
}

/* --- text ---------------------------------------------------------------------------------- */

/* Character by character, since the tags are made so. Returns whether all were taken. */
static bool put_tagged(struct stdio_call *call, const wchar_t *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		put_tag(call, text[i]);
		if (libc_real.fputwc_unlocked(text[i], call->stream) == WEOF)
			break;
	}
	note_wide(call, text, i);
	return i == length;
}

static void put_text(struct stdio_call *call)
{
	const wchar_t *text = call->bytes;

	if (tag_is_wanted(call->log.written.fd)) {
		call->result = put_tagged(call, text, wcslen(text)) ? 1 : -1;
		return;
	}
	call->result = call->is_unlocked ? libc_real.fputws_unlocked(text, call->stream)
					 : libc_real.fputws(text, call->stream);
	if (call->result >= 0)
		note_wide(call, text, wcslen(text));
}

WRAPPER int fputws(const wchar_t *text, FILE *stream)
{
	STDIO_CALL(fputws, stream);

	if (likely(!call.log.thread))
		return STDIO_REAL(fputws)(text, stream);
	call.bytes = text;
	stdio_do(&call, put_text);
	return (int)call.result;
}

WRAPPER int fputws_unlocked(const wchar_t *text, FILE *stream)
{
	STDIO_CALL(fputws_unlocked, stream);

	if (likely(!call.log.thread))
		return STDIO_REAL(fputws_unlocked)(text, stream);
	call.is_unlocked = true;
	call.bytes = text;
	stdio_do(&call, put_text);
	return (int)call.result;
}

/* --- formats ------------------------------------------------------------------------------- */

static int print_really(const struct stdio_call *call)
{
	va_list arguments;
	int result;

	va_copy(arguments, *call->arguments);
	result = call->flag < 0 ? libc_real.vfwprintf(call->stream, call->bytes, arguments)
				: libc_real.__vfwprintf_chk(
					  call->stream, call->flag, call->bytes, arguments);
	va_end(arguments);
	return result;
}

/* Formats what is less than `size` characters. Returns how many it is; negative: more, or none. */
static int format_into(const struct stdio_call *call, wchar_t *text, size_t size)
{
	int saved = errno, result;
	va_list arguments;

	va_copy(arguments, *call->arguments);
	errno = call->number;
	result = __vswprintf_chk(
		text, size, call->flag > 0 ? call->flag : 0, size, call->bytes, arguments);
	errno = saved;
	va_end(arguments);
	return result;
}

static wchar_t *wide_map(size_t size)
{
	int saved = errno;
	void *mapped = mmap(NULL, size * sizeof(wchar_t), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	errno = saved;
	return mapped == MAP_FAILED ? NULL : mapped;
}

static void wide_unmap(wchar_t *mapped, size_t size)
{
	int saved = errno;

	munmap(mapped, size * sizeof *mapped);
	errno = saved;
}

/* How long the text is only shows when there is room for it. False: it was not written. */
static bool print_tagged(struct stdio_call *call)
{
	wchar_t *text;
	size_t size;
	int length;

	/* What writes nothing settles the stream's width too. */
	if (fwide(call->stream, 1) < 0 || call->stream->_flags & STREAM_NO_WRITES)
		return false;
	for (size = WIDE_ON_STACK; size <= WIDE_MAX; size *= 16) {
		text = wide_map(size);
		if (!text)
			return false;
		length = format_into(call, text, size);
		if (length >= 0)
			call->result = put_tagged(call, text, (size_t)length) ? length : -1;
		wide_unmap(text, size);
		if (length >= 0)
			return true;
	}
	return false;
}

static void print(struct stdio_call *call)
{
	wchar_t small[WIDE_ON_STACK], *text = small;
	size_t size;

	if (tag_is_wanted(call->log.written.fd) && print_tagged(call))
		return;
	call->result = print_really(call);
	size = (size_t)call->result + 1;
	if (call->result <= 0 || size > WIDE_MAX)
		return;
	if (size > WIDE_ON_STACK)
		text = wide_map(size);
	if (text && format_into(call, text, size) == call->result)
		note_wide(call, text, (size_t)call->result);
	if (text && text != small)
		wide_unmap(text, size);
}

static int print_noted(struct stdio_call *call, int flag, const wchar_t *format, va_list arguments)
{
	va_list copy;

	va_copy(copy, arguments);
	call->number = errno;
	call->flag = flag;
	call->bytes = format;
	call->arguments = &copy;
	stdio_do(call, print);
	va_end(copy);
	return (int)call->result;
}

STDIO_PRINT_FAMILY(wprintf, wchar_t)
