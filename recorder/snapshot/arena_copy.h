/*
 * Copying an arena while its process goes on writing to it. Each record that arrives is whole: it
 * is read twice and must be the same, and what is in the making is waited for. What refers to what
 * is settled by IDs, which are never given twice, and not by places, which are used again.
 *
 * The steps are to be taken in the order in which they stand here; image_process.c says why.
 */
#ifndef ACAUSAL_SNAPSHOT_ARENA_COPY_H
#define ACAUSAL_SNAPSHOT_ARENA_COPY_H

#include "recorder/ingest/arena_reader.h"
#include "recorder/snapshot/process_arena.h"

struct arena_copy {
	const struct process_arena *from;
	unsigned char *bytes;	    /* zero at first; borrowed, as large as the arena */
	struct arena_reader layout; /* of the copy: where its regions are */
	uint64_t used[ARENA_REGION_COUNT];
	uint64_t began;	 /* ticks, before what is alive was looked at */
	uint64_t moment; /* ticks: what came later is not in the copy; 0: not set yet */
	uint64_t last_async_id, last_arming_id; /* that had been given about then */
	uint64_t overwritten_until; /* ticks: as in the header, of what the copy does not have */
	uint32_t *vanished;	    /* lives that were gone after that moment, by index */
	uint32_t vanished_count;
	struct arena_chunk *chunks_before; /* states, about when it began */
	uint32_t chunks_before_count;
	struct arena_links *links;
	unsigned char *buffer, *again;
};

/* Copies the header, and checks what it says of the layout. */
int arena_copy_init(
	struct arena_copy *, const struct process_arena *from, void *bytes, struct error *err);
void arena_copy_deinit(struct arena_copy *);

int arena_copy_ancestors(struct arena_copy *, struct error *err);

/* What is alive, and the ancestors that it names. */
int arena_copy_lives(struct arena_copy *, struct error *err);

/* Sets the moment. */
int arena_copy_set_moment(struct arena_copy *, struct error *err);

/* Goes over what is alive once more, for what was made just before the moment. */
int arena_copy_lives_again(struct arena_copy *, struct error *err);
int arena_copy_details(struct arena_copy *, struct error *err);
int arena_copy_threads(struct arena_copy *, struct error *err);
int arena_copy_crashes(struct arena_copy *, struct error *err);

/* Events, without those of what began after the moment. */
int arena_copy_chunks(struct arena_copy *, struct error *err);

/* What is only ever added to. */
int arena_copy_lists(struct arena_copy *, struct error *err);

/* What the process counts, as it is now, and what follows from that. */
int arena_copy_finish(struct arena_copy *, struct error *err);

/* --- of the files that this is made of ------------------------------------------------------ */

/* Where a record of the copy is. */
void *arena_copy_at(const struct arena_copy *, enum arena_region_name, uint64_t index);

/* Reads `count` records as they are now. */
int arena_copy_read(const struct arena_copy *, enum arena_region_name, uint64_t index,
	uint64_t count, void *ret, struct error *err);

/* Reads one until it is whole and still; 1: it never was, and `ret` is all zero. */
int arena_copy_settle(const struct arena_copy *, enum arena_region_name, uint64_t index, void *ret,
	struct error *err);

/* Notes how much of each chunk has been written by now. */
int arena_copy_mark_chunks(struct arena_copy *, struct error *err);

/* The region's high-water mark now, within its bounds. */
int arena_copy_count(
	const struct arena_copy *, enum arena_region_name, uint64_t *ret, struct error *err);

/* Sees to it that the ancestors that are named by what is alive, or by threads, are the right ones.
 */
int arena_links_check(struct arena_copy *, struct error *err);
/* The same of the ancestors themselves, at the end. */
void arena_links_finish(struct arena_copy *);
void arena_links_destroy(struct arena_links *);

#endif
