/*
 * Functions that empty the buffers of streams, or close them: what came into a buffer unseen is
 * noted while it is there, and descriptors that were closed may be other files' from then on.
 *
 * At the end of the program the library's destructor comes before libc flushes its streams.
 */
#include "recorder/hooks/stdio_call.h"

static void flush(struct stdio_call *call)
{
	call->result = call->is_unlocked ? libc_real.fflush_unlocked(call->stream)
					 : libc_real.fflush(call->stream);
}

/* All of them. */
static __attribute__((noinline)) int flush_all(
	enum acausal_api api, const struct unwind_start *from, int (*real)(FILE *))
{
	int result;

	stdio_note_all(api, from, true);
	result = real(NULL);
	stdio_settle_all(true);
	return result;
}

#define FLUSH(name, unlocked)                                                                      \
	struct stdio_call call;                                                                    \
	if (stream && stdio_passes(stream))                                                        \
		return STDIO_REAL(name)(stream);                                                   \
	UNWIND_FROM_CALLER(&call.log.from);                                                        \
	if (!stream)                                                                               \
		return flush_all(ACAUSAL_API_##name, &call.log.from, STDIO_REAL(name));            \
	stdio_enter(&call, ACAUSAL_API_##name, stream);                                            \
	if (!call.log.thread)                                                                      \
		return STDIO_REAL(name)(stream);                                                   \
	call.is_unlocked = unlocked;                                                               \
	stdio_do(&call, flush);                                                                    \
	return (int)call.result

WRAPPER int fflush(FILE *stream)
{
	FLUSH(fflush, false);
}

WRAPPER int fflush_unlocked(FILE *stream)
{
	FLUSH(fflush_unlocked, true);
}

/* Before the real function: what the stream's buffer hides is noted. Returns its descriptor. */
static int close_begin(enum acausal_api api, const struct unwind_start *from, FILE *stream)
{
	int fd = stream->_fileno;

	if (!settings.keeps_logs || fd < 0)
		return -1;
	stdio_note_unseen(api, from, stream);
	stdio_forget(stream);
	sink_unsettle(fd);
	return fd;
}

static void close_end(int fd)
{
	if (fd >= 0)
		sink_forget(fd);
}

WRAPPER int fclose(FILE *stream)
{
	struct unwind_start from;
	int fd, result;

	UNWIND_FROM_CALLER(&from);
	fd = close_begin(ACAUSAL_API_fclose, &from, stream);
	result = STDIO_REAL(fclose)(stream);
	close_end(fd);
	return result;
}

WRAPPER int pclose(FILE *stream)
{
	struct unwind_start from;
	int fd, result;

	UNWIND_FROM_CALLER(&from);
	fd = close_begin(ACAUSAL_API_pclose, &from, stream);
	result = STDIO_REAL(pclose)(stream);
	close_end(fd);
	return result;
}

/* The stream's new descriptor is mostly its old one, but need not be. */
static FILE *reopen_end(int fd, FILE *stream)
{
	close_end(fd);
	if (stream && settings.keeps_logs && stream->_fileno != fd)
		close_end(stream->_fileno);
	return stream;
}

WRAPPER FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	struct unwind_start from;
	FILE *result;
	int fd;

	UNWIND_FROM_CALLER(&from);
	fd = close_begin(ACAUSAL_API_freopen, &from, stream);
	result = STDIO_REAL(freopen)(path, mode, stream);
	return reopen_end(fd, result);
}

WRAPPER FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	struct unwind_start from;
	FILE *result;
	int fd;

	UNWIND_FROM_CALLER(&from);
	fd = close_begin(ACAUSAL_API_freopen64, &from, stream);
	result = STDIO_REAL(freopen64)(path, mode, stream);
	return reopen_end(fd, result);
}

/*
 * It closes no descriptor, whatever its name says: it flushes, and takes the buffers away, and that
 * whether somebody has locked the streams or not.
 */
WRAPPER int fcloseall(void)
{
	struct unwind_start from;
	int result;

	UNWIND_FROM_CALLER(&from);
	stdio_note_all(ACAUSAL_API_fcloseall, &from, false);
	result = STDIO_REAL(fcloseall)();
	stdio_settle_all(false);
	return result;
}

/* A stream that somebody has locked is flushed at the end all the same, but must not be read. */
__attribute__((destructor)) static void end(void)
{
	struct unwind_start from;

	UNWIND_FROM_CALLER(&from);
	stdio_note_all(ACAUSAL_API_fflush, &from, false);
}
