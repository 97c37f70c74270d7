/*
 * Chunks and their pool: see emit.h.
 *
 * A chunk is taken from the free list (a Treiber stack whose head carries a tag against ABA, which
 * the ingester feeds) or from the part of the pool never used before. When there is none, the
 * oldest is overwritten in flight mode; else the thread waits for the ingester if it may: not in a
 * nested emission, not when nobody drains.
 */
#include "recorder/runtime/emit.h"

#include "recorder/runtime/flight.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE = 500, /* naps of 20 ms */
	/* Two gaps may have to be said before an event. */
	LIMIT = ARENA_CHUNK_SIZE - 2 * sizeof(struct event_gap),
};

static uint32_t pool_pop(struct arena_header *header)
{
	_Atomic uint64_t *head = &header->free_chunks.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_acquire);

	while ((uint32_t)seen != 0) {
		uint32_t index = (uint32_t)seen - 1;
		uint64_t next;

		if (index >= arena_map.count[ARENA_CHUNKS])
			return UINT32_MAX;
		next = __atomic_load_n(&arena_map.chunks[index].next_free, __ATOMIC_RELAXED) |
		       ((seen >> 32) + 1) << 32;
		if (atomic_compare_exchange_weak_explicit(
			    head, &seen, next, memory_order_acquire, memory_order_acquire)) {
			/*
			 * What its last writer did in it came before: by the head already, through
			 * the ingester, and seen from this process alone by the state.
			 */
			(void)atomic_load_explicit(
				&arena_map.chunks[index].state, memory_order_acquire);
			return index;
		}
	}
	return UINT32_MAX;
}

/* Whether chunks that were never used may be, besides those that hold history. */
static bool may_grow(const struct arena_header *header)
{
	uint64_t used =
		atomic_load_explicit(&header->used[ARENA_CHUNK_STATES].value, memory_order_relaxed);

	/* A thread that writes little keeps its chunk open for long: it must not be the others'. */
	return used < arena_map.history_chunks ||
	       used < arena_map.history_chunks +
			       atomic_load_explicit(
				       &header->used[ARENA_THREADS].value, memory_order_relaxed);
}

static uint32_t pool_take(struct arena_header *header)
{
	uint32_t index = pool_pop(header);

	if (index == UINT32_MAX && may_grow(header))
		index = arena_grow(ARENA_CHUNK_STATES);
	return index;
}

/*
 * Waits until a chunk is free. Timed waits, never a spin: a SCHED_FIFO thread on one processor
 * would starve the ingester. Gives up when nobody drains any more, and when no room was made for
 * PATIENCE naps: the ingester may be stopped, or so many threads hold a chunk that none is left.
 * Then nobody waits until room was made again, lest each event cost as much.
 */
static uint32_t pool_wait(struct arena_header *header)
{
	/* Value of `room` that was waited for in vain, and in which arena. */
	static _Atomic uint64_t hopeless = UINT64_MAX;
	static struct arena_header *_Atomic hopeless_in;
	const struct timespec nap = {0, 20000000};
	uint64_t from = arena_ticks(), last = UINT64_MAX;
	uint32_t index;
	int naps = 0;

	if (atomic_load(&hopeless_in) == header &&
		atomic_load(&header->room.value) == atomic_load(&hopeless))
		return UINT32_MAX;
	arena_next(&header->waits);
	for (;;) {
		uint64_t room = atomic_load_explicit(&header->room.value, memory_order_acquire);

		naps = room == last ? naps + 1 : 0;
		last = room;
		index = pool_take(header);
		if (index != UINT32_MAX || !arena_is_drained(header) || !arena())
			break;
		if (naps == PATIENCE) {
			atomic_store(&hopeless, room);
			atomic_store(&hopeless_in, header);
			break;
		}
		syscall(SYS_futex, &header->room.value, FUTEX_WAIT, (uint32_t)room, &nap, NULL, 0);
	}
	atomic_fetch_add(&header->wait_ticks.value, arena_ticks() - from);
	return index;
}

static void writer_seal(struct emit_writer *writer)
{
	__atomic_store_n(&writer->chunk->sealed, arena_ticks(), __ATOMIC_RELAXED);
	atomic_store_explicit(&writer->chunk->state, ARENA_CHUNK_SEALED, memory_order_release);
	writer->bytes = NULL;
	writer->limit = 0;
}

/* A chunk for an event: a free one, or one that becomes free. UINT32_MAX: there is none. */
static uint32_t chunk_find(struct arena_header *header, bool may_wait)
{
	/* First, so that flight mode begins when the recorder dies, and not when all is full. */
	bool overwrites = flight_overwrites(header);
	uint32_t index = pool_take(header);

	if (index != UINT32_MAX)
		return index;
	if (!overwrites && may_wait && header->on_full == ARENA_WAITS) {
		index = pool_wait(header);
		if (index != UINT32_MAX)
			return index;
		overwrites = flight_overwrites(header);
	}
	return overwrites ? flight_take(header) : UINT32_MAX;
}

/* Closes the writer's chunk and opens another. Returns whether there is one. */
static bool writer_renew(struct emit_state *state, struct emit_writer *writer, bool may_wait)
{
	struct arena_header *header = arena();
	int saved = errno;
	uint64_t sequence;
	uint32_t index;

	if (writer->bytes)
		writer_seal(writer);
	index = chunk_find(header, may_wait);
	errno = saved;
	if (index == UINT32_MAX)
		return false;
	writer->chunk = &arena_map.chunks[index];
	writer->chunk->thread = state->thread;
	writer->chunk->depth = (uint32_t)(writer - state->writer);
	/* Whoever reads that number reads all of the chunk that was closed before. */
	atomic_thread_fence(memory_order_release);
	sequence = arena_next(&header->chunk_sequence);
	__atomic_store_n(&writer->chunk->sequence, sequence, __ATOMIC_RELAXED);
	writer->chunk->is_kept = sequence == 1 && header->on_full == ARENA_OVERWRITES;
	atomic_store_explicit(&writer->chunk->used, 0, memory_order_relaxed);
	atomic_store_explicit(&writer->chunk->state, ARENA_CHUNK_OPEN, memory_order_release);
	/* Whoever finds the bytes of an event in it finds that number. */
	atomic_thread_fence(memory_order_release);
	writer->bytes = arena_map.chunk_bytes + (size_t)index * ARENA_CHUNK_SIZE;
	writer->used = 0;
	if (writer == state->writer)
		arena_renew_anchor();
	return true;
}

static void writer_publish(
	struct emit_writer *writer, enum event_kind kind, uint8_t flags, size_t size)
{
	struct event_head *head = (struct event_head *)(void *)(writer->bytes + writer->used);

	head->kind = (uint8_t)kind;
	head->flags = flags;
	head->size = (uint16_t)size;
	writer->used += (uint32_t)size;
	atomic_store_explicit(&writer->chunk->used, writer->used, memory_order_release);
}

/* Says in the stream of events that some are missing here. */
static void gap_write(struct emit_writer *writer, struct emit_gap *gap, uint8_t flags)
{
	struct event_gap *event = (struct event_gap *)(void *)(writer->bytes + writer->used);

	if (!gap->count)
		return;
	event->lost = gap->count;
	event->from = gap->from;
	event->to = arena_ticks();
	gap->count = 0;
	writer_publish(writer, EVENT_GAP, flags, sizeof *event);
}

static void gap_count(struct emit_state *state, struct emit_gap *gap)
{
	int i;

	for (i = 0; i < EMIT_DEPTH; i++)
		state->writer[i].limit = 0;
	if (gap->count == 0)
		gap->from = arena_ticks();
	if (gap->count < UINT32_MAX)
		gap->count++;
}

static bool has_room(const struct emit_writer *writer, size_t size)
{
	return writer->bytes && writer->used + size <= LIMIT;
}

/* The state's depth is raised before an event is begun. Why? Returns the true depth, or -1. */
static int raised_depth(struct emit_state *state)
{
	if (state->is_over)
		return -1;
	if (state->guest && state->guest != getpid()) {
		/* The vfork child was killed before it put this back. */
		state->depth = state->guest_depth + 1;
		state->guest = 0;
	}
	return state->depth - 1;
}

/* For an event that the open chunk has no room for, or that comes after others are missing. */
static __attribute__((noinline)) void *begin_anew(struct emit_state *state, int depth, size_t size)
{
	struct emit_writer *writer = &state->writer[depth];

	if (depth < EMIT_DEPTH &&
		(has_room(writer, size) || writer_renew(state, writer, depth == 0))) {
		/* First: a signal handler whose event is lost meanwhile takes it away again. */
		writer->limit = LIMIT;
		atomic_signal_fence(memory_order_seq_cst);
		gap_write(writer, &state->lost, 0);
		gap_write(writer, &state->paused, EVENT_GAP_PAUSED);
		return writer->bytes + writer->used;
	}
	gap_count(state, &state->lost);
	arena_next(&arena()->lost);
	return NULL;
}

void *emit_begin(struct emit_state *state, size_t size)
{
	const struct arena_header *header = arena();
	int depth = state->depth++;
	void *event = NULL;

	if (unlikely(depth > 0) && (depth = raised_depth(state)) < 0) {
		state->depth--;
		return NULL;
	}

	/* A signal handler from here on sees the raised depth, and takes the next writer. */
	atomic_signal_fence(memory_order_seq_cst);
	if (likely(header && atomic_load_explicit(&header->is_paused, memory_order_relaxed) !=
				     ARENA_PAUSED)) {
		if (likely(depth < EMIT_DEPTH &&
			    state->writer[depth].used + size <= state->writer[depth].limit))
			return state->writer[depth].bytes + state->writer[depth].used;
		event = begin_anew(state, depth, size);
	} else if (header) {
		gap_count(state, &state->paused);
	}
	if (!event) {
		atomic_signal_fence(memory_order_seq_cst);
		state->depth--;
	}
	return event;
}

void emit_commit(struct emit_state *state, enum event_kind kind, uint8_t flags, size_t size)
{
	writer_publish(&state->writer[state->depth - 1], kind, flags, (size + 7) & ~(size_t)7);
	atomic_signal_fence(memory_order_seq_cst);
	state->depth--;
}

void emit_settle(struct emit_state *state)
{
	if (!state->is_over)
		state->depth = 0;
}

void emit_guest_begin(struct emit_state *state, int os_pid)
{
	/* The guest before this one was killed, and nothing was written since. */
	if (state->guest && state->guest != os_pid)
		state->depth = state->guest_depth;
	state->guest_depth = state->depth;
	atomic_signal_fence(memory_order_seq_cst);
	state->guest = os_pid;
	atomic_signal_fence(memory_order_seq_cst);
}

void emit_guest_end(struct emit_state *state)
{
	atomic_signal_fence(memory_order_seq_cst);
	state->guest = 0;
}

void emit_forget(struct emit_state *state)
{
	/* An event that is begun, by what a signal handler interrupted to fork, will be committed.
	 */
	if (state->depth > 0)
		return;
	memset(state->writer, 0, sizeof state->writer);
	state->is_over = true;
	state->depth = 1;
}

void emit_end(struct emit_state *state)
{
	int i;

	for (i = 0; i < EMIT_DEPTH; i++) {
		struct emit_writer *writer = &state->writer[i];

		if (writer->bytes)
			writer_seal(writer);
	}
}
