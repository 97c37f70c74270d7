/*
 * What the program wrote, as the thread that wrote it: see logged.h.
 *
 * A signal handler may come while the thread is at its beginning of a line: then it finds that
 * `line_busy`, leaves it alone, and writes its own text at once.
 */
#include "recorder/runtime/logged.h"

#include "recorder/runtime/line.h"
#include "recorder/runtime/settings.h"

#include <string.h>

/* One call, as far as it has been looked at. */
struct writing {
	struct thread *thread;
	const struct unwind_start *from;
	const struct written *written;
	struct line line;
	bool is_known; /* `line` is filled */
};

/* The run after the stack: see run_capture. */
static void line_know(struct writing *writing)
{
	const struct written *written = writing->written;
	struct line *line = &writing->line;

	line->flags = written->flags; /* of this piece */
	if (writing->is_known)
		return;
	writing->is_known = true;
	line->stack = written->stack ? written->stack : run_capture(writing->thread, writing->from);
	line->run_id = run_current(writing->thread);
	line->written = written->ticks ? written->ticks : arena_ticks();
	line->writer = (uintptr_t)written->writer;
	line->sink = written->sink;
	line->fd = written->fd;
	line->api = written->api;
	line->kept = 0;
}

/* --- the thread's beginning of a line -------------------------------------------------------- */

/* False: it is in use, by what the caller, a signal handler, has interrupted. */
static inline bool kept_take(struct thread *thread)
{
	if (unlikely(thread->line_busy))
		return false;
	thread->line_busy = true;
	atomic_signal_fence(memory_order_seq_cst);
	return true;
}

static inline void kept_give(struct thread *thread)
{
	atomic_signal_fence(memory_order_seq_cst);
	thread->line_busy = false;
}

static inline uint32_t kept_length(const struct thread *thread)
{
	return atomic_load_explicit(&thread->slot->partial.length, memory_order_relaxed);
}

/* Whether it is of this writer's line. Of an unknown sink the descriptor has to do. */
static inline bool kept_is_of(const struct arena_partial *partial, const struct written *written)
{
	return partial->sink == written->sink && partial->writer == (uintptr_t)written->writer &&
	       (written->sink || partial->fd == written->fd) &&
	       !(written->flags & EVENT_LOG_MESSAGE);
}

/*
 * Goes on with the line that is kept, as far as the text belongs to it. Returns how many bytes that
 * is.
 */
static size_t kept_go_on(struct thread *thread, const char *text, size_t length)
{
	struct arena_partial *partial = &thread->slot->partial;
	const char *end = memchr(text, '\n', length);
	size_t before = kept_length(thread), n = end ? (size_t)(end - text) : length, left = 0;
	struct line_text whole = {partial->text, before, text, 0, 0};
	struct line line;

	if (!end && before + n <= ARENA_PARTIAL_MAX && before + n <= settings.log_max) {
		memcpy(partial->text + before, text, n);
		atomic_store_explicit(
			&partial->length, (uint32_t)(before + n), memory_order_release);
		return n;
	}
	line_kept(partial, &line);
	if (before + n > settings.log_max)
		left = n - (settings.log_max > before ? settings.log_max - before : 0);
	whole.length = n - left;
	whole.left_out = left;
	/* A newline after what is left out is text that comes after it. */
	if (end && !left)
		whole.length = ++n;
	line_write(&thread->emit, &line, &whole);
	atomic_store_explicit(&partial->length, 0, memory_order_release);
	if (end && left) {
		line_write(&thread->emit, &line, &(struct line_text){NULL, 0, end, 1, 0});
		n++;
	}
	return n;
}

/* --- text ------------------------------------------------------------------------------------ */

/* Writes lines, those that are too long not in whole. */
static void lines_cut(
	struct emit_state *emit, const struct line *line, const char *text, size_t length)
{
	const size_t most = settings.log_max;
	size_t from = 0, at = 0;

	while (at < length) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t stop = end ? (size_t)(end - text) : length;

		if (stop - at > most) {
			/* A datagram ends at the last of its bytes that are not left out. */
			struct line piece = *line;

			if (stop < length)
				piece.flags &= (uint8_t)~EVENT_LOG_MESSAGE;
			line_write(emit, &piece,
				&(struct line_text){
					NULL, 0, text + from, at + most - from, stop - at - most});
			from = stop;
		}
		at = stop + 1;
	}
	if (from < length)
		line_write(emit, line, &(struct line_text){NULL, 0, text + from, length - from, 0});
}

static inline void lines_write(struct writing *writing, const char *text, size_t length)
{
	struct emit_state *emit = &writing->thread->emit;

	line_know(writing);
	if (likely(length <= settings.log_max))
		line_write(emit, &writing->line, &(struct line_text){NULL, 0, text, length, 0});
	else
		lines_cut(emit, &writing->line, text, length);
}

/* How many bytes at the end of the text are of a line that may go on. */
static inline size_t tail_length(const struct writing *writing, const char *text, size_t length)
{
	const char *end;
	size_t tail;

	if (likely(text[length - 1] == '\n') || writing->written->flags & EVENT_LOG_MESSAGE)
		return 0;
	end = memrchr(text, '\n', length);
	tail = end ? (size_t)(text + length - (end + 1)) : length;
	return tail <= ARENA_PARTIAL_MAX && tail <= settings.log_max ? tail : 0;
}

static void text_add(struct writing *writing, const char *text, size_t length)
{
	struct thread *thread = writing->thread;
	struct arena_partial *partial = &thread->slot->partial;
	size_t tail;

	if (!kept_take(thread)) {
		lines_write(writing, text, length);
		return;
	}
	if (unlikely(kept_length(thread) != 0)) {
		if (kept_is_of(partial, writing->written)) {
			size_t n = kept_go_on(thread, text, length);

			text += n;
			length -= n;
		} else {
			line_settle(&thread->emit, partial);
		}
	}
	if (length > 0) {
		tail = tail_length(writing, text, length);
		if (tail < length)
			lines_write(writing, text, length - tail);
		if (tail) {
			line_know(writing);
			line_keep(partial, &writing->line, text + length - tail, tail);
		}
	}
	kept_give(thread);
}

void logged(struct thread *thread, const struct unwind_start *from, const struct written *written,
	const void *bytes, size_t length)
{
	struct writing writing;

	if (length == 0)
		return;
	writing.thread = thread;
	writing.from = from;
	writing.written = written;
	writing.is_known = false;
	text_add(&writing, bytes, length);
}

void logged_pieces(struct thread *thread, const struct unwind_start *from,
	const struct written *written, const struct iovec *pieces, int count, size_t length)
{
	struct written part = *written;
	struct writing writing = {.thread = thread, .from = from, .written = &part};
	int i;

	for (i = 0; i < count && length > 0; i++) {
		size_t n = pieces[i].iov_len < length ? pieces[i].iov_len : length;

		length -= n;
		if (n == 0)
			continue;
		/* The text ends with the last of them. */
		part.flags = written->flags;
		if (length > 0)
			part.flags &= (uint8_t)~EVENT_LOG_MESSAGE;
		text_add(&writing, pieces[i].iov_base, n);
	}
}

bool logged_within(
	struct thread *thread, int fd, uint32_t sink, const void *writer, unsigned char byte)
{
	struct arena_partial *partial = &thread->slot->partial;
	uint32_t length;
	bool is_within;

	/* Before anything is looked at: a signal handler may begin a line of another writer. */
	if (byte == '\n' || !kept_take(thread))
		return false;
	length = kept_length(thread);
	is_within = length != 0 && length < ARENA_PARTIAL_MAX && length < settings.log_max &&
		    partial->writer == (uintptr_t)writer && partial->sink == sink &&
		    partial->fd == fd;
	if (is_within) {
		partial->text[length] = (char)byte;
		atomic_store_explicit(&partial->length, length + 1, memory_order_release);
	}
	kept_give(thread);
	return is_within;
}

void logged_byte(struct thread *thread, const struct unwind_start *from,
	const struct written *written, unsigned char byte)
{
	const char text = (char)byte;

	if (!logged_within(thread, written->fd, written->sink, written->writer, byte))
		logged(thread, from, written, &text, 1);
}

void logged_settle(struct thread *thread)
{
	if (!kept_take(thread))
		return;
	line_settle(&thread->emit, &thread->slot->partial);
	kept_give(thread);
}

uint64_t logged_resource(struct thread *thread)
{
	if (unlikely(thread->is_astray || thread->depth > THREAD_RUNS))
		return 0;
	return thread->depth ? thread->runs[thread->depth - 1].shared->async_id : thread->async_id;
}
