/*
 * Chunks and their pool: see emit.h.
 *
 * A chunk is taken from the free list (a Treiber stack whose head carries a tag against ABA, which
 * the ingester feeds) or from the part of the pool never used before. When there is none, the
 * thread waits for the ingester if it may: not in a nested emission, not when nobody drains.
 */
#include "recorder/runtime/emit.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 500 }; /* naps of 20 ms */

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

static uint32_t pool_take(struct arena_header *header)
{
	uint32_t index = pool_pop(header);

	return index != UINT32_MAX ? index : arena_grow(ARENA_CHUNK_STATES);
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

/* Closes the writer's chunk and opens another. Returns whether there is one. */
static bool writer_renew(struct emit_state *state, struct emit_writer *writer, bool may_wait)
{
	struct arena_header *header = arena();
	int saved = errno;
	uint32_t index;

	if (writer->bytes) {
		atomic_store_explicit(
			&writer->chunk->state, ARENA_CHUNK_SEALED, memory_order_release);
		writer->bytes = NULL;
	}
	index = pool_take(header);
	if (index == UINT32_MAX && may_wait && !header->on_full && arena_is_drained(header))
		index = pool_wait(header);
	errno = saved;
	if (index == UINT32_MAX)
		return false;
	writer->chunk = &arena_map.chunks[index];
	writer->chunk->thread = state->thread;
	writer->chunk->depth = (uint32_t)(writer - state->writer);
	/* Whoever reads that number reads all of the chunk that was closed before. */
	atomic_thread_fence(memory_order_release);
	writer->chunk->sequence = arena_next(&header->chunk_sequence);
	atomic_store_explicit(&writer->chunk->used, 0, memory_order_relaxed);
	atomic_store_explicit(&writer->chunk->state, ARENA_CHUNK_OPEN, memory_order_release);
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
static void gap_write(struct emit_state *state, struct emit_writer *writer)
{
	struct event_gap *gap = (struct event_gap *)(void *)(writer->bytes + writer->used);

	gap->lost = state->lost;
	gap->from = state->lost_from;
	gap->to = arena_ticks();
	state->lost = 0;
	writer_publish(writer, EVENT_GAP, 0, sizeof *gap);
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

void *emit_begin(struct emit_state *state, size_t size)
{
	int depth = state->depth++;
	struct emit_writer *writer;

	if (unlikely(depth > 0) && (depth = raised_depth(state)) < 0) {
		state->depth--;
		return NULL;
	}

	/* A signal handler from here on sees the raised depth, and takes the next writer. */
	atomic_signal_fence(memory_order_seq_cst);
	if (likely(depth < EMIT_DEPTH)) {
		writer = &state->writer[depth];
		if (likely(writer->bytes &&
			    writer->used + size + sizeof(struct event_gap) <= ARENA_CHUNK_SIZE &&
			    !state->lost))
			return writer->bytes + writer->used;
		if ((writer->bytes &&
			    writer->used + size + sizeof(struct event_gap) <= ARENA_CHUNK_SIZE) ||
			writer_renew(state, writer, depth == 0)) {
			if (state->lost)
				gap_write(state, writer);
			return writer->bytes + writer->used;
		}
	}
	if (state->lost++ == 0)
		state->lost_from = arena_ticks();
	arena_next(&arena()->lost);
	atomic_signal_fence(memory_order_seq_cst);
	state->depth--;
	return NULL;
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

		if (!writer->bytes)
			continue;
		atomic_store_explicit(
			&writer->chunk->state, ARENA_CHUNK_SEALED, memory_order_release);
		writer->bytes = NULL;
	}
}
