/*
 * fwrite, fputs and their kin: what the stream has taken is noted as it was given.
 */
#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/tag.h"

#include <limits.h>
#include <string.h>

static void put_bytes(struct stdio_call *call)
{
	size_t length = call->size * call->count, taken;
	struct iovec piece = {(void *)(uintptr_t)call->bytes, length};

	if (tag_is_wanted(call->log.written.fd) && length / call->size == call->count) {
		stdio_put_tagged(call, &piece, 1, &taken);
		call->result = (long long)(taken / call->size);
		return;
	}
	call->result =
		(long long)(call->is_unlocked ? libc_real.fwrite_unlocked(call->bytes, call->size,
							call->count, call->stream)
					      : libc_real.fwrite(call->bytes, call->size,
							call->count, call->stream));
	stdio_note(call, call->bytes, (size_t)call->result * call->size);
}

static size_t put_all_bytes(struct stdio_call *call, const void *bytes, size_t size, size_t count)
{
	call->bytes = bytes;
	call->size = size;
	call->count = count;
	stdio_do(call, put_bytes);
	return (size_t)call->result;
}

WRAPPER size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream)
{
	STDIO_CALL(fwrite, stream);

	if (likely(!call.log.thread) || size == 0 || count == 0)
		return STDIO_REAL(fwrite)(bytes, size, count, stream);
	return put_all_bytes(&call, bytes, size, count);
}

WRAPPER size_t fwrite_unlocked(const void *bytes, size_t size, size_t count, FILE *stream)
{
	STDIO_CALL(fwrite_unlocked, stream);

	if (likely(!call.log.thread) || size == 0 || count == 0)
		return STDIO_REAL(fwrite_unlocked)(bytes, size, count, stream);
	call.is_unlocked = true;
	return put_all_bytes(&call, bytes, size, count);
}

/* `count` is 1 when the line is ended, as by puts. */
static void put_tagged_text(struct stdio_call *call)
{
	struct iovec pieces[] = {{(void *)(uintptr_t)call->bytes, call->size}, {(char[]){'\n'}, 1}};
	size_t taken;

	if (!stdio_put_tagged(call, pieces, 1 + (int)call->count, &taken))
		call->result = EOF;
	else if (call->count == 0)
		call->result = 1;
	else
		call->result = taken > INT_MAX ? INT_MAX : (long long)taken;
}

static void put_text(struct stdio_call *call)
{
	call->size = strlen(call->bytes);
	if (tag_is_wanted(call->log.written.fd)) {
		put_tagged_text(call);
		return;
	}
	call->result = call->is_unlocked ? libc_real.fputs_unlocked(call->bytes, call->stream)
					 : libc_real.fputs(call->bytes, call->stream);
	if (call->result != EOF)
		stdio_note(call, call->bytes, call->size);
}

WRAPPER int fputs(const char *text, FILE *stream)
{
	STDIO_CALL(fputs, stream);

	if (likely(!call.log.thread))
		return STDIO_REAL(fputs)(text, stream);
	call.bytes = text;
	call.count = 0;
	stdio_do(&call, put_text);
	return (int)call.result;
}

WRAPPER int fputs_unlocked(const char *text, FILE *stream)
{
	STDIO_CALL(fputs_unlocked, stream);

	if (likely(!call.log.thread))
		return STDIO_REAL(fputs_unlocked)(text, stream);
	call.is_unlocked = true;
	call.bytes = text;
	call.count = 0;
	stdio_do(&call, put_text);
	return (int)call.result;
}

static void put_line(struct stdio_call *call)
{
	struct iovec pieces[] = {{(void *)(uintptr_t)call->bytes, 0}, {(char[]){'\n'}, 1}};

	call->size = pieces[0].iov_len = strlen(call->bytes);
	if (tag_is_wanted(call->log.written.fd)) {
		put_tagged_text(call);
		return;
	}
	call->result = libc_real.puts(call->bytes);
	if (call->result != EOF && !call->is_within)
		logged_pieces(call->log.thread, &call->log.from, &call->log.written, pieces, 2,
			call->size + 1);
}

WRAPPER int puts(const char *text)
{
	STDIO_CALL(puts, stdout);

	if (likely(!call.log.thread))
		return STDIO_REAL(puts)(text);
	call.bytes = text;
	call.count = 1;
	stdio_do(&call, put_line);
	return (int)call.result;
}

/* The bytes of an int, as they lie in memory. */
WRAPPER int putw(int word, FILE *stream)
{
	STDIO_CALL(putw, stream);

	if (likely(!call.log.thread))
		return STDIO_REAL(putw)(word, stream);
	return put_all_bytes(&call, &word, sizeof word, 1) == 1 ? 0 : EOF;
}
