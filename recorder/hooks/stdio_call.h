/*
 * What the wrappers of stdio's writing functions have in common.
 *
 * Text is noted at the call that makes it, whatever the buffering, and while the stream is locked
 *as the real function locks it, so that the lines of several threads are noted in the order in
 *which they come into the file. What the program put into a stream's buffer unseen (putc_unlocked
 *is inlined by the compiler) is noted by the next call that concerns the stream, as
 *EVENT_LOG_FLUSH.
 *
 *	STDIO_CALL(fputs, stream);                      declares `call`
 *	if (likely(!call.log.thread))
 *		return STDIO_REAL(fputs)(text, stream);
 *	… stdio_do(&call, what calls the real function and notes the text) …
 *
 * Any thread. What stdio itself may not be called from (signal handlers), these may not either; but
 * where the real function may be left by longjmp or by cancellation, so may they.
 */
#ifndef ACAUSAL_HOOKS_STDIO_CALL_H
#define ACAUSAL_HOOKS_STDIO_CALL_H

#include "recorder/hooks/libc.h"
#include "recorder/hooks/log.h"
#include "recorder/runtime/settings.h"

/* Flags of a stream that glibc has had since ever, and shows in no header. */
enum {
	STREAM_UNBUFFERED = 0x2,
	STREAM_NO_WRITES = 0x8,
	STREAM_LINKED = 0x80, /* libc knows of it: it is none that libc made for one call */
	STREAM_BY_LINES = 0x200,
	STREAM_PUTTING = 0x800,
	STREAM_FILE = 0x2000,
	STREAM_BY_CALLER = 0x8000, /* locked by nobody: __fsetlocking */
	STREAM_LOCKS = 0x80,	   /* of the second flags: there are several threads */
};

/* One call of a function that writes to a stream. */
struct stdio_call {
	struct log_call log; /* `log.thread` is NULL: pass the call through */
	FILE *stream;
	bool is_unlocked; /* the real function does not lock the stream */
	bool prints;	  /* the call is noted by what the buffer has got */
	bool is_within;	  /* another call that prints: that one notes it */
	bool has_lock;
	const void **printing;
	/* arguments and result, for stdio_do's function */
	const void *bytes;
	size_t size, count;
	const char *format;
	va_list *arguments;
	int flag, byte, number;
	long long result;
};

#define STDIO_CALL(name, to) STDIO_CALL_BY(stdio_enter, name, to)

/* The same of functions that write one byte. */
#define STDIO_CALL_BYTE(name, to) STDIO_CALL_BY(stdio_enter_byte, name, to)

#define STDIO_CALL_BY(enter, name, to)                                                             \
	struct stdio_call call;                                                                    \
	call.log.thread = NULL;                                                                    \
	if (!stdio_passes(to)) {                                                                   \
		UNWIND_FROM_CALLER(&call.log.from);                                                \
		enter(&call, ACAUSAL_API_##name, to);                                              \
	}

/* The real function; a call may come before the constructor. */
#define STDIO_REAL(name)                                                                           \
	(likely(libc_real.name) ? libc_real.name : (libc_resolve(), libc_real.name))

enum { STDIO_ASK_AGAIN = 64 };
extern __thread unsigned stdio_turn __attribute__((tls_model("initial-exec")));

/* Streams without a descriptor, and those that libc makes for one call, are no logs. */
static inline bool stdio_is_none(const FILE *stream)
{
	return !settings.keeps_logs || stream->_fileno < 0 ||
	       (stream->_flags & (STREAM_FILE | STREAM_LINKED)) != (STREAM_FILE | STREAM_LINKED);
}

/*
 * Whether nothing of what is written to a stream is kept, which is to cost least. Now and then
 * those that are no logs are looked at properly, by stdio_enter.
 */
static inline bool stdio_passes(const FILE *stream)
{
	uint32_t sink;

	return stdio_is_none(stream) || (sink_known(stream->_fileno, &sink) == SINK_NOT_KEPT &&
						++stdio_turn % STDIO_ASK_AGAIN != 0);
}

/* Fills all but `log.from` and the arguments, of a stream that does not pass. */
void stdio_enter(struct stdio_call *call, enum acausal_api api, FILE *stream);
void stdio_enter_byte(struct stdio_call *call, enum acausal_api api, FILE *stream);

/*
 * Puts a byte and notes it, when that is next to nothing: the thread is within a line on the
 * stream, and the buffer has room. Else nothing is done: the stream passes, or does not.
 */
enum stdio_put { STDIO_PASSES, STDIO_ENTERS, STDIO_HAS_PUT };
enum stdio_put stdio_put_byte(FILE *stream, unsigned char byte, bool is_unlocked);

/*
 * Locks the stream if the real function does, notes what came into its buffer unseen, and does
 * `what`, which calls the real function and notes the text. The errno is what `what` leaves.
 */
void stdio_do(struct stdio_call *call, void (*what)(struct stdio_call *call));

/* Notes text that the stream has taken. */
static inline void stdio_note(const struct stdio_call *call, const void *bytes, size_t length)
{
	if (likely(!call->is_within && length))
		logged(call->log.thread, &call->log.from, &call->log.written, bytes, length);
}

static inline void stdio_note_byte(const struct stdio_call *call, unsigned char byte)
{
	if (likely(!call->is_within))
		logged_byte(call->log.thread, &call->log.from, &call->log.written, byte);
}

/*
 * Writes pieces with their tags and notes them without. Returns whether the stream has taken all of
 * it; `ret`: how many bytes of the pieces it has.
 */
bool stdio_put_tagged(struct stdio_call *call, const struct iovec *pieces, int count, size_t *ret);

/* Notes what is in the stream's buffer unseen. */
void stdio_note_unseen(enum acausal_api api, const struct unwind_start *from, FILE *stream);

/* The stream is going, or becomes another: nothing is known of its buffer any more. */
void stdio_forget(const FILE *stream);

/*
 * Before and after all streams are flushed: notes what is in their buffers unseen, and notices that
 * they are empty. `waits`: also of those that are locked, as the real function does.
 */
void stdio_note_all(enum acausal_api api, const struct unwind_start *from, bool waits);
void stdio_settle_all(bool waits);

#endif
