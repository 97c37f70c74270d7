/*
 * The arena of this process: reserved, handed to the recorder, and its counters and free lists.
 *
 * Everything here may be called from any thread and from signal handlers, but for arena_make.
 * errno is left as it was.
 */
#ifndef ACAUSAL_RUNTIME_ARENA_H
#define ACAUSAL_RUNTIME_ARENA_H

#include "recorder/runtime/likely.h"
#include "recorder/wire/arena.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The page that fork empties in the child, however it forked: NULL there means "not recorded", or
 * not yet (forked.h), and every path of the recorder begins by asking it.
 */
struct arena_page {
	struct arena_header *header;
	char rest[4096 - sizeof(void *)];
};
extern struct arena_page arena_page;

/* Room in the regions that have private halves. */
enum { ARENA_THREAD_COUNT = 4096, ARENA_MODULE_COUNT = 4096 };

/* Regions of the arena; valid while arena_page.header is not NULL. */
struct arena_map {
	struct arena_thread *threads;
	struct arena_module *modules;
	struct arena_sink *sinks;
	struct arena_type *types;
	struct arena_crash *crashes;
	struct arena_live *lives;
	struct arena_detail *details;
	struct arena_ancestor *ancestors;
	struct arena_node *nodes;
	struct arena_chunk *chunks;
	unsigned char *chunk_bytes;
	uint32_t count[ARENA_REGION_COUNT];
	/* Chunks that events may fill; in flight mode each thread may have one more that is open.
	 */
	uint32_t history_chunks;
};
extern struct arena_map arena_map;

static inline struct arena_header *arena(void)
{
	return arena_page.header;
}

/* What an arena is to be. */
struct arena_request {
	const char *socket; /* "NAME" or "NAME.TOKEN": wire/arena.h; "": there is no recorder */
	enum arena_on_full on_full;
	uint64_t flight_size; /* bytes of events, where they are overwritten */
	bool is_fork;
	bool is_alone; /* there is no recorder, and never will be */
	struct arena_origin from;
	struct arena_anchor started; /* ticks 0: now */
};

/*
 * Makes the arena and hands it to the recorder that listens on the socket; in flight mode it needs
 * none. Keeps no descriptor. Returns NULL, with nothing left behind, when it cannot be done.
 * Signals must not reach a hook meanwhile where another arena has been: arena_map is that of the
 * new one at once.
 */
struct arena_header *arena_make(const struct arena_request *request);

/* The same moment in three clocks. Async-signal-safe. */
void arena_now(struct arena_anchor *ret);

/*
 * Takes over the first `count` records of a region from another arena, whose region begins at
 * `records`. For an arena that nothing has been written to.
 */
void arena_copy(struct arena_header *header, enum arena_region_name region, const void *records,
	uint64_t count);

/* Modules that were taken by this process or its ancestors until it was forked. */
uint64_t arena_modules_taken(void);

/* Arenas that were started in this memory, by this process and those that it was forked from. */
extern _Atomic uint32_t arena_number;

/*
 * Flight mode: what is full is overwritten, and ancestors and details are kept. It was asked for,
 * or the recorder has died (flight.h).
 */
extern _Atomic bool arena_in_flight;

/* From here on arena() gives it: once all is ready that any thread may then reach for. */
void arena_start(struct arena_header *header);

/* Whether somebody drains: the ingester holds its robust mutex, and has not died holding it. */
static inline bool arena_is_drained(const struct arena_header *header)
{
	uint32_t word = __atomic_load_n(
		(const uint32_t *)(const void *)header->ingester_life, __ATOMIC_ACQUIRE);

	return !(word & FUTEX_OWNER_DIED);
}

/* Something was made that a recording is kept for. */
static inline void arena_note_used(struct arena_header *header)
{
	if (!(atomic_load_explicit(&header->libuv, memory_order_relaxed) & ARENA_LIBUV_USED))
		atomic_fetch_or(&header->libuv, ARENA_LIBUV_USED);
}

/* The next ID of a counter, from 1. */
static inline uint64_t arena_next(struct arena_counter *counter)
{
	return atomic_fetch_add_explicit(&counter->value, 1, memory_order_relaxed) + 1;
}

/* Takes the next record never used before of a region. Returns its index, or UINT32_MAX if full. */
uint32_t arena_grow(enum arena_region_name region);

/*
 * The record with this index is about to be used, in a region that is not used from its beginning
 * on. False: there is no room for it.
 */
bool arena_reach(enum arena_region_name region, uint32_t index);

/* Ticks of the arena's clock, now. */
uint64_t arena_ticks_slow(void);
extern bool arena_uses_tsc; /* the fast way */

static inline uint64_t arena_ticks(void)
{
#if defined(__x86_64__)
	if (likely(arena_uses_tsc))
		return __builtin_ia32_rdtsc();
#endif
	return arena_ticks_slow();
}

/*
 * For the calling thread time stands still from now on: to read any clock would be its end (the
 * strict mode of seccomp forbids both rdtsc and the system call).
 */
void arena_stop_clock(void);
void arena_go_on_clock(void);

/*
 * All of the arena is part of core dumps from now on, so that the kernel need not be told as it
 * comes into use: soon that may be forbidden.
 */
void arena_dump_whole(void);

/* Renews header->latest; now and then, off the hot path. */
void arena_renew_anchor(void);

#endif
