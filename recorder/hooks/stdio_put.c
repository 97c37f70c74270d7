/*
 * putc and its kin, and what is left to see of a putc_unlocked that the compiler has inlined: it
 * calls __overflow where the buffer has no room, which in a stream that is not fully buffered is at
 * each byte.
 */
#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/tag.h"

static void put_tag(struct stdio_call *call)
{
	char tag[TAG_MAX];
	size_t length;

	if (call->is_within)
		return;
	length = tag_of_byte(tag, call->log.thread, &call->log.from, &call->log.written,
		(unsigned char)call->byte);
	if (length)
		libc_real.fwrite_unlocked(tag, 1, length, call->stream);
}

static void put_byte(struct stdio_call *call)
{
	if (tag_is_wanted(call->log.written.fd))
		put_tag(call);
	call->result = call->is_unlocked || call->has_lock
			       ? libc_real.putc_unlocked(call->byte, call->stream)
			       : libc_real.putc(call->byte, call->stream);
	if (call->result != EOF)
		stdio_note_byte(call, (unsigned char)call->byte);
}

static int put_noted(struct stdio_call *call, int byte, bool is_unlocked)
{
	call->byte = byte;
	call->is_unlocked = is_unlocked;
	stdio_do(call, put_byte);
	return (int)call->result;
}

/* `stream` as the call has it, and the real function's arguments. */
#define PUT(name, to, unlocked, ...)                                                               \
	FILE *put_to = to;                                                                         \
	enum stdio_put put = stdio_put_byte(put_to, (unsigned char)byte, unlocked);                \
	struct stdio_call call;                                                                    \
	if (put == STDIO_HAS_PUT)                                                                  \
		return (unsigned char)byte;                                                        \
	if (put == STDIO_PASSES)                                                                   \
		return STDIO_REAL(name)(__VA_ARGS__);                                              \
	UNWIND_FROM_CALLER(&call.log.from);                                                        \
	stdio_enter_byte(&call, ACAUSAL_API_##name, put_to);                                       \
	if (!call.log.thread)                                                                      \
		return STDIO_REAL(name)(__VA_ARGS__);                                              \
	return put_noted(&call, byte, unlocked)

WRAPPER int putc(int byte, FILE *stream)
{
	PUT(putc, stream, false, byte, stream);
}

WRAPPER int _IO_putc(int byte, FILE *stream)
{
	PUT(_IO_putc, stream, false, byte, stream);
}

WRAPPER int fputc(int byte, FILE *stream)
{
	PUT(fputc, stream, false, byte, stream);
}

WRAPPER int putchar(int byte)
{
	PUT(putchar, stdout, false, byte);
}

WRAPPER int putc_unlocked(int byte, FILE *stream)
{
	PUT(putc_unlocked, stream, true, byte, stream);
}

WRAPPER int fputc_unlocked(int byte, FILE *stream)
{
	PUT(fputc_unlocked, stream, true, byte, stream);
}

WRAPPER int putchar_unlocked(int byte)
{
	PUT(putchar_unlocked, stdout, true, byte);
}

static void overflow(struct stdio_call *call)
{
	bool is_byte = call->byte != EOF;

	if (is_byte && tag_is_wanted(call->log.written.fd))
		put_tag(call);
	call->result = libc_real.__overflow(call->stream, call->byte);
	if (is_byte && call->result != EOF)
		stdio_note_byte(call, (unsigned char)call->byte);
}

/* In the program's source it was putc_unlocked, or one of those that are the same. */
WRAPPER int __overflow(FILE *stream, int byte)
{
	STDIO_CALL_BYTE(putc_unlocked, stream);

	if (likely(!call.log.thread))
		return STDIO_REAL(__overflow)(stream, byte);
	call.byte = byte;
	call.is_unlocked = true;
	stdio_do(&call, overflow);
	return (int)call.result;
}
