/*
 * Synthetic arenas for tests and benchmarks: the recorded process's side of the contract in
 * recorder/wire, without a process. Written with the wire's structs alone, by one thread.
 */
#ifndef ACAUSAL_TESTS_ARENA_WRITER_H
#define ACAUSAL_TESTS_ARENA_WRITER_H

#include "recorder/wire/arena.h"
#include "recorder/wire/events.h"

#include <stdbool.h>
#include <stddef.h>

struct arena_writer {
	unsigned char *bytes;
	size_t size;
	struct arena_header *header;
	uint64_t now; /* ticks (nanoseconds of CLOCK_MONOTONIC) of the next event */
};

/* An arena with room for so many chunks and a few thousand of everything else. */
struct arena_writer *arena_writer_create(uint32_t chunks);
void arena_writer_destroy(struct arena_writer *);

/* The node of a frame at `address` called from `caller`; a new one each time. */
uint32_t arena_writer_node(struct arena_writer *, uint32_t caller, uint64_t address);
uint32_t arena_writer_module(
	struct arena_writer *, uint64_t start, uint64_t end, uint64_t bias, const char *path);

/*
 * Publishes an event of `thread` at nesting depth `depth`; head.kind is `kind`, and `tail` follows
 * the struct. False when there is no free chunk.
 */
bool arena_writer_put(struct arena_writer *, uint32_t thread, uint32_t depth, enum event_kind kind,
	void *event, size_t size, const void *tail, size_t tail_size);

/*
 * Seals the chunks of this thread, and of those whose number differs by a multiple of 64: such
 * threads would write into each other's.
 */
void arena_writer_seal(struct arena_writer *, uint32_t thread);

/* Records to be filled by the test; 0-based threads, types and crashes, all others 1-based. */
struct arena_thread *arena_writer_thread(struct arena_writer *, uint32_t index);
struct arena_live *arena_writer_live(struct arena_writer *, uint32_t index);
struct arena_sink *arena_writer_sink(struct arena_writer *, uint32_t index);
struct arena_type *arena_writer_type(struct arena_writer *, uint32_t index);
struct arena_crash *arena_writer_crash(struct arena_writer *, uint32_t index);
struct arena_ancestor *arena_writer_ancestor(struct arena_writer *, uint32_t index);
/* Of the live record with that index. */
struct arena_detail *arena_writer_detail(struct arena_writer *, uint32_t index);

/*
 * Overwrites what has been put so far, but for what is kept: those chunks hold nothing any more.
 * What came before `until` is missing from then on.
 */
void arena_writer_overwrite(struct arena_writer *, uint64_t until);
/* The chunk that the thread writes now is never overwritten. */
void arena_writer_keep(struct arena_writer *, uint32_t thread);

/* Chunks that nobody has now. */
uint32_t arena_writer_free_chunks(struct arena_writer *);

#define ARENA_PUT(writer, thread, tag, event)                                                      \
	arena_writer_put(writer, thread, 0, EVENT_##tag, event, sizeof *(event), NULL, 0)

#endif
