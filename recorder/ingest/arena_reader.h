/*
 * An arena as bytes that are not trusted: whoever reads it through this never leaves its bounds and
 * never sees a word change after it was checked. Knows no SQLite and makes no rows.
 *
 * The memory is borrowed and must stay mapped, and not shrink, until `arena_reader_deinit`. In a
 * live arena chunks that were read are given back to the program, once whoever reads them says that
 * it needs them no more, but not in flight mode; a dead one is only read. One thread.
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
	bool overwrites; /* flight mode: nobody drains it, and it is whole only when it is still */
	struct arena_region region[ARENA_REGION_COUNT];
	struct chunk_cursor {
		uint64_t sequence; /* 0: nothing read since it was given back */
		uint32_t thread, depth, read;
		bool broken;	 /* what it holds makes no sense: skipped until it is given back */
		bool is_waiting; /* to be given back */
	} * cursors;
	struct chunk_news *news; /* of the last gathering */
	size_t news_count;
	/* A ring of the chunks that are sealed and read, in the order of their reading. */
	struct chunk_waiting {
		uint64_t sequence, mark;
		uint32_t index;
	} * waiting;
	uint32_t waiting_first, waiting_count;
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

/*
 * The same of all of it, read or not, and stays where it is: for who has to know what there is
 * before it is read. 0 also when it cannot be told into events.
 */
size_t arena_reader_look(struct arena_reader *, const struct chunk_news *, void *buffer);

/* The rest of this chunk is not to be read. */
void arena_reader_break(struct arena_reader *, const struct chunk_news *);

/*
 * This much of the chunk has been seen to. If it is sealed it waits to be given back, with a mark
 * that is not less than those before it.
 */
void arena_reader_done(struct arena_reader *, const struct chunk_news *, uint64_t mark);

/* Gives back the chunks that wait with a mark of less than `mark`. */
void arena_reader_release(struct arena_reader *, uint64_t mark);

/*
 * Whether so many chunks wait that the program may soon have to: a quarter of all there are, or the
 * only ones that it could get. Then `*mark` is that of the last one in the older half of them.
 */
bool arena_reader_is_short(const struct arena_reader *, uint64_t *mark);

/* Records that may be read: of a region, below this. */
uint32_t arena_reader_used(const struct arena_reader *, enum arena_region_name);

/* Copies of records. False when there is none at that index, or it is in the making. */
bool arena_reader_node(const struct arena_reader *, uint32_t index, uint64_t *pc, uint32_t *caller);
bool arena_reader_module(const struct arena_reader *, uint32_t index, struct arena_module *ret);
bool arena_reader_sink(const struct arena_reader *, uint32_t index, struct arena_sink *ret);
bool arena_reader_type(const struct arena_reader *, uint32_t index, struct arena_type *ret);
/* `ret` is large. What it counts is within bounds. */
bool arena_reader_crash(const struct arena_reader *, uint32_t index, struct arena_crash *ret);
bool arena_reader_live(const struct arena_reader *, uint32_t index, struct arena_live *ret);
bool arena_reader_thread(const struct arena_reader *, uint32_t index, struct arena_thread *ret);
/* Of the live record at that index, when that is this resource's. What it counts is within bounds.
 */
bool arena_reader_detail(
	const struct arena_reader *, uint32_t index, uint64_t async_id, struct arena_detail *ret);
/* Its `parent` may be any number. */
bool arena_reader_ancestor(const struct arena_reader *, uint32_t index, struct arena_ancestor *ret);

/* Lets a live process know its number in the recording. */
void arena_reader_tell_number(const struct arena_reader *, uint32_t process_id);

struct arena_reader_counts {
	uint64_t lost, waits, wait_ticks, generation;
	int32_t exit_code;	    /* that it said it would end with; -1: none */
	bool ended;		    /* the process began its orderly exit */
	uint64_t overwritten_until; /* ticks; 0: nothing was overwritten */
	uint32_t process_id;	    /* that a recorder gave it; 0: none did */
	uint32_t is_paused;	    /* enum arena_pause */
	uint64_t paused_at;	    /* ticks */
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
