/*
 * What the wrappers of stdio have in common: see stdio_call.h.
 *
 * Of each stream that is a log and has a buffer it is known up to where the buffer's bytes have
 * been noted. This is kept in a small table by the stream's address, which only who has locked the
 * stream reaches for; a stream for which it has no room is taken to hide nothing.
 *
 * A lock that is held while the real function runs is given back when that is left by longjmp or by
 * the end of the thread: by libc's old way of cleaning up, which costs two stores.
 */
#include "recorder/hooks/stdio_call.h"

#include "recorder/hooks/tag.h"

#include <errno.h>
#include <stdatomic.h>

/* They are exported for the programs of the past, and no header declares them any more. */
void _pthread_cleanup_push(
	struct _pthread_cleanup_buffer *buffer, void (*routine)(void *), void *argument);
void _pthread_cleanup_pop(struct _pthread_cleanup_buffer *buffer, int executes);
void _IO_list_lock(void);
void _IO_list_unlock(void);
extern FILE *_IO_list_all;

enum { SETS = 64, WAYS = 8 };

__thread unsigned stdio_turn;

/*
 * Calls that the thread is in which note what the buffer gets. Without any it is not the one that
 * an account names: that was another at its address, of the process that this was forked from.
 */
static __thread unsigned printing __attribute__((tls_model("initial-exec")));

/* What is known of a stream's buffer. */
struct account {
	FILE *_Atomic stream; /* NULL: free */
	const char *seen;     /* of its bytes those before this are noted */
	const void *printing; /* the thread that is in a call which notes what the buffer gets */
};

static struct account accounts[SETS][WAYS];
static _Atomic bool has_accounts; /* there has been one */

static struct account *set_of(const FILE *stream)
{
	return accounts[((uintptr_t)stream >> 4) * 0x9e3779b97f4a7c15ull >> 58];
}

static struct account *account_find(const FILE *stream)
{
	struct account *set = set_of(stream);
	int i;

	for (i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].stream, memory_order_relaxed) == stream)
			return &set[i];
	}
	return NULL;
}

/* A stream is met for the first time: what its buffer has already was not put there unseen. */
static __attribute__((noinline)) struct account *account_open(FILE *stream)
{
	struct account *set = set_of(stream);
	int i;

	for (i = 0; i < WAYS; i++) {
		FILE *none = NULL;

		if (!atomic_compare_exchange_strong(&set[i].stream, &none, stream))
			continue;
		set[i].seen = stream->_IO_write_ptr;
		set[i].printing = NULL;
		atomic_store_explicit(&has_accounts, true, memory_order_relaxed);
		return &set[i];
	}
	return NULL;
}

void stdio_forget(const FILE *stream)
{
	struct account *account;

	while ((account = account_find(stream)))
		atomic_store(&account->stream, NULL);
}

/* Notes the bytes in the buffer that nobody has seen come. */
static __attribute__((noinline)) void note_unseen(
	const struct log_call *log, struct account *account, FILE *stream)
{
	struct written written = log->written;
	const char *from = account->seen, *base = stream->_IO_write_base;
	const char *to = stream->_IO_write_ptr;

	account->seen = to;
	/* Of a stream of wide characters the bytes were made of what has been noted. */
	if (!(stream->_flags & STREAM_PUTTING) || fwide(stream, 0) > 0)
		return;
	/* The buffer has been emptied meanwhile, or is another one. */
	if (from < base || from > to)
		from = base;
	if (from >= to)
		return;
	written.flags |= EVENT_LOG_FLUSH;
	logged(log->thread, &log->from, &written, from, (size_t)(to - from));
}

static inline void begin(struct stdio_call *call, FILE *stream)
{
	call->log.written.writer = stream;
	call->stream = stream;
	call->is_unlocked = false;
	call->prints = false;
	call->is_within = false;
	call->has_lock = false;
	call->printing = NULL;
}

void stdio_enter(struct stdio_call *call, enum acausal_api api, FILE *stream)
{
	log_enter(&call->log, api, stream->_fileno);
	if (call->log.thread)
		begin(call, stream);
}

/* Whether the thread is within a line on this stream: then nothing but its text is needed. */
static bool goes_on(struct stdio_call *call, FILE *stream)
{
	struct thread *thread = thread_current;
	const struct arena_partial *partial;
	uint32_t sink;

	if (!thread || !arena() || settings.tags_lines)
		return false;
	partial = &thread->slot->partial;
	if (atomic_load_explicit(&partial->length, memory_order_relaxed) == 0 ||
		partial->writer != (uintptr_t)stream || partial->fd != stream->_fileno ||
		sink_known(stream->_fileno, &sink) != SINK_KEPT || partial->sink != sink)
		return false;
	call->log.thread = thread;
	call->log.written = (struct written){
		.fd = partial->fd, .sink = sink, .api = partial->api, .flags = partial->flags};
	return true;
}

void stdio_enter_byte(struct stdio_call *call, enum acausal_api api, FILE *stream)
{
	if (goes_on(call, stream))
		begin(call, stream);
	else
		stdio_enter(call, api, stream);
}

/* Under the stream's lock, if it has one. */
static inline bool put_within_line(
	struct account *account, FILE *stream, uint32_t sink, unsigned char byte)
{
	if (stream->_IO_write_ptr >= stream->_IO_write_end || account->printing ||
		account->seen != stream->_IO_write_ptr ||
		!logged_within(thread_current, stream->_fileno, sink, stream, byte))
		return false;
	*stream->_IO_write_ptr++ = (char)byte;
	account->seen = stream->_IO_write_ptr;
	return true;
}

enum stdio_put stdio_put_byte(FILE *stream, unsigned char byte, bool is_unlocked)
{
	struct account *account;
	enum sink_known known;
	uint32_t sink;
	bool has_put;

	if (stdio_is_none(stream))
		return STDIO_PASSES;
	known = sink_known(stream->_fileno, &sink);
	if (known == SINK_NOT_KEPT && ++stdio_turn % STDIO_ASK_AGAIN != 0)
		return STDIO_PASSES;
	if (known != SINK_KEPT || settings.tags_lines || !thread_current ||
		stream->_flags & (STREAM_UNBUFFERED | STREAM_BY_LINES))
		return STDIO_ENTERS;
	account = account_find(stream);
	if (!account)
		return STDIO_ENTERS;
	if (is_unlocked || !(stream->_flags2 & STREAM_LOCKS) || stream->_flags & STREAM_BY_CALLER) {
		has_put = put_within_line(account, stream, sink, byte);
	} else {
		/* As libc does it: nothing in between ends the thread. */
		flockfile(stream);
		has_put = put_within_line(account, stream, sink, byte);
		funlockfile(stream);
	}
	return has_put ? STDIO_HAS_PUT : STDIO_ENTERS;
}

/* The call is over, or has been left. */
static void leave(void *of)
{
	struct stdio_call *call = of;

	if (call->printing) {
		*call->printing = NULL;
		printing--;
	}
	if (call->has_lock)
		funlockfile(call->stream);
}

static void do_accounted(struct stdio_call *call, void (*what)(struct stdio_call *call))
{
	FILE *stream = call->stream;
	struct account *account = NULL;

	if (!(stream->_flags & STREAM_UNBUFFERED)) {
		account = account_find(stream);
		if (unlikely(!account))
			account = account_open(stream);
	}
	if (account) {
		/*
		 * A conversion of the program's own prints, or a signal handler: the call that it
		 * is within sees what the buffer gets.
		 */
		if (unlikely(account->printing == &thread_current && printing)) {
			call->is_within = true;
			what(call);
			return;
		}
		if (account->seen != stream->_IO_write_ptr)
			note_unseen(&call->log, account, stream);
		if (call->prints) {
			account->printing = &thread_current;
			call->printing = &account->printing;
			printing++;
		}
	}
	what(call);
	if (account)
		account->seen = stream->_IO_write_ptr;
}

void stdio_do(struct stdio_call *call, void (*what)(struct stdio_call *call))
{
	struct _pthread_cleanup_buffer buffer;
	bool locks = !call->is_unlocked && call->stream->_flags2 & STREAM_LOCKS &&
		     !(call->stream->_flags & STREAM_BY_CALLER);

	if (!locks && !call->prints) {
		do_accounted(call, what);
		return;
	}
	_pthread_cleanup_push(&buffer, leave, call);
	if (locks) {
		flockfile(call->stream);
		call->has_lock = true;
		/* A line is of the moment when its thread has the lock, as it is in the file. */
		call->log.written.ticks = 0;
	}
	do_accounted(call, what);
	_pthread_cleanup_pop(&buffer, 1);
}

bool stdio_put_tagged(struct stdio_call *call, const struct iovec *pieces, int count, size_t *ret)
{
	int had_failed = call->stream->_flags & _IO_ERR_SEEN;
	bool ok = true;
	struct thread *thread = call->log.thread;
	struct tagged tagged;
	size_t written;
	int i;

	*ret = 0;
	/* What only the buffer has taken, fwrite tells as written: that shows in the stream. */
	call->stream->_flags &= ~_IO_ERR_SEEN;
	if (!call->is_within &&
		tag_begin(&tagged, thread, &call->log.from, &call->log.written, pieces, count)) {
		written = libc_real.fwrite(tagged.bytes, 1, tagged.length, call->stream);
		ok = written == tagged.length;
		*ret = tag_untagged(&tagged, written);
		tag_end(&tagged);
	} else {
		for (i = 0; i < count && ok; i++) {
			written = libc_real.fwrite(
				pieces[i].iov_base, 1, pieces[i].iov_len, call->stream);
			ok = written == pieces[i].iov_len;
			*ret += written;
		}
	}
	if (*ret && !call->is_within)
		logged_pieces(thread, &call->log.from, &call->log.written, pieces, count, *ret);
	ok = ok && !(call->stream->_flags & _IO_ERR_SEEN);
	call->stream->_flags |= had_failed;
	return ok;
}

static void nothing(struct stdio_call *call)
{
	(void)call;
}

void stdio_note_unseen(enum acausal_api api, const struct unwind_start *from, FILE *stream)
{
	struct stdio_call call = {.log.from = *from};

	call.log.thread = NULL;
	if (!stdio_passes(stream))
		stdio_enter(&call, api, stream);
	if (call.log.thread)
		stdio_do(&call, nothing);
}

static void note_one(struct account *account, FILE *stream, struct log_call *log)
{
	if (account->seen == stream->_IO_write_ptr || account->printing)
		return;
	log_enter(log, (enum acausal_api)log->written.api, stream->_fileno);
	log->written.writer = stream;
	if (log->thread)
		note_unseen(log, account, stream);
}

/* What comes now would else not be told from what was in the buffer before. */
static void settle_one(struct account *account, FILE *stream, struct log_call *log)
{
	(void)log;
	if (account->seen > stream->_IO_write_ptr)
		account->seen = stream->_IO_write_base;
}

static void for_all(void (*what)(struct account *account, FILE *stream, struct log_call *log),
	struct log_call *log, bool waits)
{
	FILE *stream;

	if (!settings.keeps_logs || !atomic_load_explicit(&has_accounts, memory_order_relaxed))
		return;
	/* As libc does when it flushes them all: with this lock held no stream is closed. */
	_IO_list_lock();
	for (stream = _IO_list_all; stream; stream = stream->_chain) {
		struct account *account = account_find(stream);
		bool locks = stream->_flags2 & STREAM_LOCKS && !(stream->_flags & STREAM_BY_CALLER);

		if (!account || stream->_fileno < 0)
			continue;
		if (locks && waits)
			flockfile(stream);
		else if (locks && ftrylockfile(stream))
			continue;
		what(account, stream, log);
		if (locks)
			funlockfile(stream);
	}
	_IO_list_unlock();
}

void stdio_note_all(enum acausal_api api, const struct unwind_start *from, bool waits)
{
	struct log_call log = {.from = *from, .written.api = (uint16_t)api};

	for_all(note_one, &log, waits);
}

void stdio_settle_all(bool waits)
{
	for_all(settle_one, NULL, waits);
}
