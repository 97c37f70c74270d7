/*
 * The events of an arena that is being written: see arena_copy.h. A chunk that is overwritten while
 * it is read shows that by its sequence number, and is left out.
 */
#include "recorder/snapshot/arena_copy.h"
#include "recorder/snapshot/arena_cut.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_TRIES = 3 };

/* The states of chunks in the order of age, so that we keep ahead of who overwrites the oldest. */
struct aged {
	uint64_t sequence;
	uint32_t index;
};

static int by_age(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static bool holds_events(const struct arena_chunk *chunk)
{
	return (chunk->state == ARENA_CHUNK_OPEN || chunk->state == ARENA_CHUNK_SEALED) &&
	       chunk->sequence && chunk->used <= ARENA_CHUNK_SIZE;
}

int arena_copy_mark_chunks(struct arena_copy *copy, struct error *err)
{
	uint64_t count;

	if (copy->layout.region[ARENA_CHUNK_STATES].stride != sizeof *copy->chunks_before)
		return error_set(err,
			"the arena of process %d is damaged: its chunks are of an unknown kind",
			(int)copy->from->os_pid);
	if (arena_copy_count(copy, ARENA_CHUNK_STATES, &count, err))
		return -1;
	copy->chunks_before = aligned_alloc(
		_Alignof(struct arena_chunk), (count + 1) * sizeof *copy->chunks_before);
	if (!copy->chunks_before)
		return error_set(
			err, "no memory to copy the arena of process %d", (int)copy->from->os_pid);
	copy->chunks_before_count = (uint32_t)count;
	return arena_copy_read(copy, ARENA_CHUNK_STATES, 0, count, copy->chunks_before, err);
}

/* Whether what was read in between is of that chunk as it was before: it may have grown since. */
static bool is_still(const struct arena_chunk *before, const struct arena_chunk *now)
{
	return holds_events(now) && now->sequence == before->sequence &&
	       now->state >= before->state && now->used >= before->used;
}

/* How much of it had been written when it began. */
static uint32_t used_before(
	const struct arena_copy *copy, uint32_t index, const struct arena_chunk *chunk)
{
	return index < copy->chunks_before_count &&
			       copy->chunks_before[index].sequence == chunk->sequence
		       ? copy->chunks_before[index].used
		       : 0;
}

static void miss(struct arena_copy *copy, uint64_t sealed)
{
	if (sealed > copy->overwritten_until)
		copy->overwritten_until = sealed;
}

/* One that is overwritten meanwhile stays free in the copy. `chunk` is changed. */
static int copy_chunk(struct arena_copy *copy, uint32_t index, struct arena_chunk *chunk,
	struct arena_cut *cut, struct error *err)
{
	const struct arena_region *bytes = &copy->layout.region[ARENA_CHUNKS];
	const uint64_t sealed = chunk->sealed;
	struct arena_chunk now;

	for (int i = 0; i < CHUNK_TRIES && holds_events(chunk); i++, *chunk = now) {
		if (process_arena_read(copy->from, bytes->offset + (uint64_t)index * bytes->stride,
			    copy->buffer, chunk->used, err) ||
			arena_copy_read(copy, ARENA_CHUNK_STATES, index, 1, &now, err))
			return -1;
		if (!is_still(chunk, &now))
			continue;
		chunk->used = arena_cut_events(
			cut, copy->buffer, used_before(copy, index, chunk), chunk->used);
		chunk->next_free = 0;
		memcpy(arena_copy_at(copy, ARENA_CHUNKS, index), copy->buffer, chunk->used);
		memcpy(arena_copy_at(copy, ARENA_CHUNK_STATES, index), chunk, sizeof *chunk);
		return 0;
	}
	miss(copy, sealed);
	return 0;
}

int arena_copy_chunks(struct arena_copy *copy, struct error *err)
{
	uint64_t count, aged_count = 0;
	struct arena_chunk *states = NULL;
	struct aged *aged = NULL;
	struct arena_cut cut;
	int result = -1;

	if (arena_copy_count(copy, ARENA_CHUNK_STATES, &count, err) ||
		arena_cut_init(&cut, copy, err))
		return -1;
	copy->used[ARENA_CHUNK_STATES] = copy->used[ARENA_CHUNKS] = count;
	states = aligned_alloc(_Alignof(struct arena_chunk), (count + 1) * sizeof *states);
	aged = calloc(count + 1, sizeof *aged);
	if (!states || !aged) {
		error_set(
			err, "no memory to copy the arena of process %d", (int)copy->from->os_pid);
		goto out;
	}
	/* In this order: what was overwritten before the states were read is counted. */
	if (arena_copy_read(copy, ARENA_CHUNK_STATES, 0, count, states, err) ||
		process_arena_read(copy->from, offsetof(struct arena_header, overwritten_until),
			&copy->overwritten_until, sizeof copy->overwritten_until, err))
		goto out;
	for (uint32_t i = 0; i < count; i++)
		if (holds_events(&states[i]))
			aged[aged_count++] = (struct aged){states[i].sequence, i};
		else if (states[i].state == ARENA_CHUNK_TAKEN)
			miss(copy, states[i].sealed);
	qsort(aged, aged_count, sizeof *aged, by_age);
	for (uint64_t i = 0; i < aged_count; i++)
		if (copy_chunk(copy, aged[i].index, &states[aged[i].index], &cut, err))
			goto out;
	result = arena_cut_lives(&cut, copy, err);
out:
	arena_cut_deinit(&cut);
	free(states);
	free(aged);
	return result;
}
