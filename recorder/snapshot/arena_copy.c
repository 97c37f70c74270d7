/* Copying an arena that is being written: see arena_copy.h. Ancestors and links: arena_links.c. */
#include "recorder/snapshot/arena_copy.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BLOCK = 1 << 18, /* bytes read at a time */
	PAGE = 4096,
	ALIGNMENT = 64, /* of records */
	TRIES = 200,	/* to find a record at rest … */
	EAGER = 20,	/* … so many of them without a rest of our own */
};

static const struct arena_region *region_of(
	const struct arena_copy *copy, enum arena_region_name name)
{
	return &copy->layout.region[name];
}

void *arena_copy_at(const struct arena_copy *copy, enum arena_region_name name, uint64_t index)
{
	return copy->bytes + region_of(copy, name)->offset + index * region_of(copy, name)->stride;
}

int arena_copy_read(const struct arena_copy *copy, enum arena_region_name name, uint64_t index,
	uint64_t count, void *ret, struct error *err)
{
	const struct arena_region *region = region_of(copy, name);

	return process_arena_read(copy->from, region->offset + index * region->stride, ret,
		(size_t)(count * region->stride), err);
}

int arena_copy_count(const struct arena_copy *copy, enum arena_region_name name, uint64_t *ret,
	struct error *err)
{
	uint64_t used, count = region_of(copy, name)->count;

	if (process_arena_read(copy->from,
		    offsetof(struct arena_header, used) + name * sizeof(struct arena_counter),
		    &used, sizeof used, err))
		return -1;
	*ret = used < count ? used : count;
	return 0;
}

/* Memory of the copy that is zero already stays untouched: it may be a hole. */
static void put(void *to, const void *from, size_t size)
{
	if (memcmp(to, from, size) != 0)
		memcpy(to, from, size);
}

/* A record that is in the making says so, as wire/arena.h has it. */
static bool is_whole(enum arena_region_name name, const void *record)
{
	const struct arena_ancestor *ancestor = record;
	const struct arena_live *live = record;

	if (name == ARENA_ANCESTORS)
		return !ancestor->run_id || !ancestor->parent || ancestor->parent_run_id;
	if (name == ARENA_LIVES)
		return !live->async_id || !(live->flags & ARENA_LIVE_ARMED) || live->arming_id;
	return true;
}

/* Counts of who refers to a record, and lists of free ones, are not read again by anybody. */
static bool is_same(enum arena_region_name name, const void *a, const void *b, size_t size)
{
	const size_t from = offsetof(struct arena_ancestor, parent);
	const size_t to = offsetof(struct arena_ancestor, next_free);
	const struct arena_ancestor *one = a, *other = b;

	if (name != ARENA_ANCESTORS)
		return !memcmp(a, b, size);
	return one->run_id == other->run_id &&
	       !memcmp((const char *)a + from, (const char *)b + from, to - from);
}

static void rest(int tries)
{
	const struct timespec nap = {0, 200000};

	if (tries >= EAGER)
		nanosleep(&nap, NULL);
}

int arena_copy_settle(const struct arena_copy *copy, enum arena_region_name name, uint64_t index,
	void *ret, struct error *err)
{
	size_t size = region_of(copy, name)->stride;

	for (int i = 0; i < TRIES; i++) {
		if (arena_copy_read(copy, name, index, 1, copy->again, err) ||
			arena_copy_read(copy, name, index, 1, ret, err))
			return -1;
		if (is_same(name, copy->again, ret, size) && is_whole(name, ret))
			return 0;
		rest(i);
	}
	memset(ret, 0, size);
	return 1;
}

/* Of records from 1 or 0 on: each of them as it was at some moment. */
static int copy_settled(
	struct arena_copy *copy, enum arena_region_name name, uint64_t count, struct error *err)
{
	size_t size = region_of(copy, name)->stride;
	uint64_t most = size < BLOCK ? BLOCK / size : 1;

	for (uint64_t from = 0; from < count; from += most) {
		uint64_t part = count - from < most ? count - from : most;

		if (arena_copy_read(copy, name, from, part, copy->buffer, err) ||
			arena_copy_read(copy, name, from, part, copy->again, err))
			return -1;
		for (uint64_t i = 0; i < part; i++) {
			unsigned char *record = copy->buffer + i * size;

			if (!is_same(name, record, copy->again + i * size, size) ||
				!is_whole(name, record)) {
				memset(record, 0, size);
				/* This uses `again`, whose records up to here are done with. */
				if (arena_copy_settle(copy, name, from + i, record, err) < 0 ||
					arena_copy_read(copy, name, from + i, part - i,
						copy->again + i * size, err))
					return -1;
			}
			put(arena_copy_at(copy, name, from + i), record, size);
		}
	}
	return 0;
}

/* What is written once, or never looked at while it is written. */
static int copy_plain(struct arena_copy *copy, uint64_t offset, uint64_t size, struct error *err)
{
	while (size) {
		size_t part = size < BLOCK ? (size_t)size : (size_t)BLOCK;

		if (process_arena_read(copy->from, offset, copy->buffer, part, err))
			return -1;
		for (size_t at = 0; at < part; at += PAGE)
			put(copy->bytes + offset + at, copy->buffer + at,
				part - at < PAGE ? part - at : (size_t)PAGE);
		offset += part;
		size -= part;
	}
	return 0;
}

int arena_copy_init(
	struct arena_copy *copy, const struct process_arena *from, void *bytes, struct error *err)
{
	size_t room = BLOCK;

	*copy = (struct arena_copy){.from = from, .bytes = bytes};
	memcpy(bytes, &from->header, sizeof from->header);
	if (arena_reader_init(&copy->layout, bytes, from->size, false, err))
		return -1;
	for (int i = 0; i < ARENA_REGION_COUNT; i++)
		if (copy->layout.region[i].stride > room)
			room = copy->layout.region[i].stride;
	room = (room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (room > 16 * BLOCK)
		return error_set(err,
			"the arena of process %d is damaged: a record of it has %zu"
			" bytes",
			(int)from->os_pid, room);
	copy->buffer = aligned_alloc(ALIGNMENT, room);
	copy->again = aligned_alloc(ALIGNMENT, room);
	if (copy->buffer && copy->again)
		return 0;
	return error_set(err, "no memory to copy the arena of process %d", (int)from->os_pid);
}

void arena_copy_deinit(struct arena_copy *copy)
{
	arena_reader_deinit(&copy->layout);
	arena_links_destroy(copy->links);
	free(copy->chunks_before);
	free(copy->vanished);
	free(copy->buffer);
	free(copy->again);
	*copy = (struct arena_copy){0};
}

int arena_copy_ancestors(struct arena_copy *copy, struct error *err)
{
	uint64_t *used = &copy->used[ARENA_ANCESTORS];

	return arena_copy_count(copy, ARENA_ANCESTORS, used, err) ||
			       copy_settled(copy, ARENA_ANCESTORS, *used, err)
		       ? -1
		       : 0;
}

int arena_copy_lives(struct arena_copy *copy, struct error *err)
{
	uint64_t *used = &copy->used[ARENA_LIVES];

	copy->began = process_arena_ticks(copy->from);
	if (arena_copy_mark_chunks(copy, err) || arena_copy_count(copy, ARENA_LIVES, used, err) ||
		copy_settled(copy, ARENA_LIVES, *used, err))
		return -1;
	return arena_links_check(copy, err);
}

int arena_copy_set_moment(struct arena_copy *copy, struct error *err)
{
	struct arena_anchor *latest = &((struct arena_header *)(void *)copy->bytes)->latest;
	struct timespec monotonic, realtime;

	copy->moment = process_arena_ticks(copy->from);
	if (process_arena_read(copy->from, offsetof(struct arena_header, async_id),
		    &copy->last_async_id, sizeof copy->last_async_id, err) ||
		process_arena_read(copy->from, offsetof(struct arena_header, arming_id),
			&copy->last_arming_id, sizeof copy->last_arming_id, err))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &realtime);
	latest->ticks = copy->moment;
	latest->monotonic_ns =
		(uint64_t)monotonic.tv_sec * 1000000000u + (uint64_t)monotonic.tv_nsec;
	latest->realtime_ns = (uint64_t)realtime.tv_sec * 1000000000u + (uint64_t)realtime.tv_nsec;
	return 0;
}

/* Made before the moment, and armed after it. */
static void put_unarmed(struct arena_live *to, struct arena_live *live, size_t size)
{
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	live->arming_id = live->arming_run_id = live->armed = 0;
	live->arming_ancestor = 0;
	live->arming_context_id = 0;
	put(to, live, size);
}

/*
 * One that is there no more has ended: before the moment, as its events then say, or after it, and
 * belongs to the copy. What was armed anew is taken as it is now if that was before the moment.
 */
static int look_again(
	struct arena_copy *copy, uint64_t index, const struct arena_live *seen, struct error *err)
{
	size_t size = region_of(copy, ARENA_LIVES)->stride;
	struct arena_live *live = arena_copy_at(copy, ARENA_LIVES, index), *now;
	int result = 0;

	if (seen->async_id == live->async_id && seen->arming_id == live->arming_id &&
		seen->flags == live->flags)
		return 0;
	now = calloc(1, size);
	if (!now)
		return error_set(err, "out of memory");
	if (seen->async_id)
		result = arena_copy_settle(copy, ARENA_LIVES, index, now, err);
	if (now->async_id && now->created <= copy->moment && now->armed <= copy->moment)
		put(live, now, size);
	else if (now->async_id && now->created <= copy->moment && now->async_id != live->async_id)
		put_unarmed(live, now, size);
	else if (now->async_id != live->async_id && live->async_id)
		copy->vanished[copy->vanished_count++] = (uint32_t)index;
	free(now);
	return result < 0 ? -1 : 0;
}

int arena_copy_lives_again(struct arena_copy *copy, struct error *err)
{
	size_t size = region_of(copy, ARENA_LIVES)->stride;
	uint64_t most = size < BLOCK ? BLOCK / size : 1, *used = &copy->used[ARENA_LIVES];

	if (arena_copy_count(copy, ARENA_LIVES, used, err))
		return -1;
	copy->vanished = calloc(*used + 1, sizeof *copy->vanished);
	if (!copy->vanished)
		return error_set(err, "out of memory");
	for (uint64_t from = 0; from < *used; from += most) {
		uint64_t part = *used - from < most ? *used - from : most;

		if (arena_copy_read(copy, ARENA_LIVES, from, part, copy->buffer, err))
			return -1;
		for (uint64_t i = 0; i < part; i++) {
			const struct arena_live *live = (void *)(copy->buffer + i * size);

			if (look_again(copy, from + i, live, err))
				return -1;
		}
	}
	return arena_links_check(copy, err);
}

/* Only where something is alive: what was never touched would be made by being read. */
int arena_copy_details(struct arena_copy *copy, struct error *err)
{
	const struct arena_header *header = &copy->from->header;
	const struct arena_region *region = region_of(copy, ARENA_DETAILS);
	uint64_t step = PAGE / region->stride, count = copy->used[ARENA_LIVES];
	uint32_t life;

	memcpy(&life, header->ingester_life, sizeof life);
	if (header->on_full != ARENA_OVERWRITES && !(life & FUTEX_OWNER_DIED))
		return 0;
	if (!step)
		step = 1;
	if (count > region->count)
		count = region->count;
	copy->used[ARENA_DETAILS] = count;
	for (uint64_t from = 0; from < count; from += step) {
		uint64_t part = count - from < step ? count - from : step, i;

		for (i = 0; i < part; i++)
			if (((struct arena_live *)arena_copy_at(copy, ARENA_LIVES, from + i))
					->async_id)
				break;
		if (i < part && copy_plain(copy, region->offset + from * region->stride,
					part * region->stride, err))
			return -1;
	}
	return 0;
}

/* Whether the part of a slot has stayed the same from one reading to the next. */
#define SAME(a, b, from, to)                                                                       \
	(!memcmp((const char *)(a) + offsetof(struct arena_thread, from),                          \
		(const char *)(b) + offsetof(struct arena_thread, from),                           \
		offsetof(struct arena_thread, to) - offsetof(struct arena_thread, from)))

/* How many of the innermost runs' outer ones, themselves included, are the same in both. */
static uint32_t settled_runs(const struct arena_thread *a, const struct arena_thread *b)
{
	uint32_t depth = a->depth < b->depth ? a->depth : b->depth, same = 0;

	while (same < depth && same < ARENA_OPEN_RUNS &&
		!memcmp(&a->open[same], &b->open[same], sizeof a->open[same]))
		same++;
	return same;
}

/*
 * A thread that runs one callback after the other never stands still, but what it was in at the
 * moment that was set, it has left or is in still: runs that keep changing are of later.
 */
static int copy_slot(struct arena_copy *copy, uint64_t index, struct error *err)
{
	struct arena_thread *slot = (void *)copy->buffer, *before = (void *)copy->again;
	struct arena_thread *ret = arena_copy_at(copy, ARENA_THREADS, index);
	bool has_head = false;

	for (int i = 0; i < EAGER; i++) {
		uint32_t depth;
		bool is_still;

		if (arena_copy_read(copy, ARENA_THREADS, index, 1, before, err) ||
			arena_copy_read(copy, ARENA_THREADS, index, 1, slot, err))
			return -1;
		depth = slot->depth < ARENA_OPEN_RUNS ? slot->depth : (uint32_t)ARENA_OPEN_RUNS;
		slot->depth = settled_runs(slot, before);
		is_still = !memcmp(&slot->partial, &before->partial, sizeof slot->partial);
		if (!SAME(slot, before, state, depth) || !SAME(slot, before, foreign, open) ||
			(has_head && slot->depth < ret->depth))
			continue;
		if (!is_still)
			slot->partial.length = 0;
		put(ret, slot, sizeof *ret);
		has_head = true;
		if (slot->depth == depth && is_still)
			break;
	}
	if (ret->started > copy->moment)
		memset((void *)ret, 0, sizeof *ret);
	for (uint32_t run = 0; run < ret->depth; run++)
		if (ret->open[run].began > copy->moment)
			ret->depth = run;
	return 0;
}

int arena_copy_threads(struct arena_copy *copy, struct error *err)
{
	uint64_t *used = &copy->used[ARENA_THREADS];

	if (arena_copy_count(copy, ARENA_THREADS, used, err))
		return -1;
	for (uint64_t i = 0; i < *used; i++)
		if (copy_slot(copy, i, err))
			return -1;
	return arena_links_check(copy, err);
}

/* Records are large, and most were never used. */
int arena_copy_crashes(struct arena_copy *copy, struct error *err)
{
	const struct arena_region *region = region_of(copy, ARENA_CRASHES);

	copy->used[ARENA_CRASHES] = copy->from->header.used[ARENA_CRASHES].value;
	for (uint64_t i = 0; i < region->count; i++) {
		uint64_t offset = region->offset + i * region->stride;
		uint32_t state;

		if (process_arena_read(copy->from, offset, &state, sizeof state, err))
			return -1;
		if (state >= ARENA_CRASH_NOTED && copy_plain(copy, offset, region->stride, err))
			return -1;
	}
	return 0;
}

int arena_copy_lists(struct arena_copy *copy, struct error *err)
{
	static const enum arena_region_name lists[] = {
		ARENA_NODES, ARENA_MODULES, ARENA_SINKS, ARENA_TYPES};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct arena_region *region = region_of(copy, lists[i]);
		uint64_t *used = &copy->used[lists[i]];

		if (arena_copy_count(copy, lists[i], used, err) ||
			copy_plain(copy, region->offset, *used * region->stride, err))
			return -1;
	}
	return 0;
}

int arena_copy_finish(struct arena_copy *copy, struct error *err)
{
	struct arena_header *header = (void *)copy->bytes;
	const struct arena_header was = *header;

	if (process_arena_read(copy->from, 0, header, sizeof *header, err))
		return -1;
	header->magic = was.magic;
	header->version = was.version;
	header->header_size = was.header_size;
	header->size = was.size;
	header->address = was.address;
	header->os_pid = was.os_pid;
	header->clock = was.clock;
	header->started = was.started;
	header->latest = was.latest;
	header->on_full = was.on_full;
	header->from = was.from;
	memcpy(header->region, was.region, sizeof was.region);
	for (int i = 0; i < ARENA_REGION_COUNT; i++)
		header->used[i].value = copy->used[i];
	header->free_lives.head = header->free_chunks.head = header->free_threads.head =
		header->free_ancestors.head = 0;
	header->overwritten_until.value = copy->overwritten_until;
	/* Where events were overwritten meanwhile there is no telling when they ended. */
	for (uint32_t i = 0; i < copy->vanished_count && copy->overwritten_until >= copy->began;
		i++)
		memset(arena_copy_at(copy, ARENA_LIVES, copy->vanished[i]), 0,
			region_of(copy, ARENA_LIVES)->stride);
	arena_links_finish(copy);
	return 0;
}
