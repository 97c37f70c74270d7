/*
 * An arena as bytes that are not trusted: whoever reads it through this never leaves its bounds and
 * never sees a word change after it was checked. Knows no SQLite and makes no rows.
 *
 * The memory is borrowed and must stay mapped, and not shrink, until `arena_reader_deinit`. In a
 * live arena chunks that were read are given back to the program; a dead one is only read. One
 * thread.
 */
#ifndef ACAUSAL_INGEST_ARENA_READER_H
#define ACAUSAL_INGEST_ARENA_READER_H

#include "recorder/base/error.h"
#include "recorder/wire/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_reader {
	unsigned char *bytes;
	size_t size;
	bool is_live;
	uint32_t os_pid, clock;
	struct arena_anchor started;
	struct arena_origin from;
	bool is_fork;
	struct arena_region region[ARENA_REGION_COUNT];
	struct chunk_cursor {
		uint64_t sequence; /* 0: nothing read since it was given back */
		uint32_t thread, depth, read;
		bool broken; /* what it holds makes no sense: skipped until it is given back */
	} * cursors;
	struct chunk_news *news; /* of the last gathering */
	size_t news_count;
};

/* Events that have not been read yet: bytes [from, to) of a chunk. */
struct chunk_news {
	uint64_t sequence;
	uint32_t index, thread, from, to;
	bool is_sealed;
};

/* Checks the header and the layout. Fills `err` with what is wrong with it. */
int arena_reader_init(
	struct arena_reader *, const void *bytes, size_t size, bool is_live, struct error *err);
/* Lets go of the bytes; what was copied from the header stays. */
void arena_reader_deinit(struct arena_reader *);

/*
 * Finds chunks with something new, the oldest first, into `news`, among those whose sequence number
 * is at most `last`. While the process writes, that is what arena_reader_sequence said before: a
 * thread may fill the chunk that was just looked at, and open another that is looked at later,
 * whose events would then be read before the rest of the first one's.
 */
void arena_reader_gather(struct arena_reader *, uint64_t last);

/*
 * Copies what is new in one of them to `buffer` of ARENA_CHUNK_SIZE bytes and moves on. Returns the
 * number of bytes, 0 when the chunk was used for something else meanwhile.
 */
size_t arena_reader_take(struct arena_reader *, const struct chunk_news *, void *buffer);

/* The rest of this chunk is not to be read. */
void arena_reader_break(struct arena_reader *, const struct chunk_news *);

/* Gives back chunks that are sealed and read. */
void arena_reader_release(struct arena_reader *);

/* Records that may be read: of a region, below this. */
uint32_t arena_reader_used(const struct arena_reader *, enum arena_region_name);

/* Copies of records. False when there is none at that index, or it is in the making. */
bool arena_reader_node(const struct arena_reader *, uint32_t index, uint64_t *pc, uint32_t *caller);
bool arena_reader_module(const struct arena_reader *, uint32_t index, struct arena_module *ret);
bool arena_reader_sink(const struct arena_reader *, uint32_t index, struct arena_sink *ret);
/* `ret` is large. What it counts is within bounds. */
bool arena_reader_crash(const struct arena_reader *, uint32_t index, struct arena_crash *ret);
bool arena_reader_live(const struct arena_reader *, uint32_t index, struct arena_live *ret);
bool arena_reader_thread(const struct arena_reader *, uint32_t index, struct arena_thread *ret);

/* Lets a live process know its number in the recording. */
void arena_reader_tell_number(const struct arena_reader *, uint32_t process_id);

struct arena_reader_counts {
	uint64_t lost, waits, wait_ticks, generation;
	int32_t exit_code; /* that it said it would end with; -1: none */
	bool ended;	   /* the process began its orderly exit */
};

void arena_reader_counts(const struct arena_reader *, struct arena_reader_counts *ret);

/* The last sequence number given to a chunk: what is published now is in that or in an older one.
 */
uint64_t arena_reader_sequence(const struct arena_reader *);

/* How many numbers the process has given to threads. */
uint64_t arena_reader_threads(const struct arena_reader *);

/* The three clocks when the runtime last looked. */
void arena_reader_latest(const struct arena_reader *, struct arena_anchor *ret);

#endif
