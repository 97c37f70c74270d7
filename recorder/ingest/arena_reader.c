/* Reading an arena without trusting it: see arena_reader.h. Every word is loaded once. */
#include "recorder/ingest/arena_reader.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PUSH_TRIES = 1000, CHUNKS_MAX = 1 << 20 };

static struct arena_header *header_of(const struct arena_reader *reader)
{
	return (struct arena_header *)reader->bytes;
}

/* A plain word of memory that the program may be writing. */
#define LOAD(place) (*(const volatile __typeof__(place) *)&(place))

static bool region_fits(const struct arena_region *region, size_t size, size_t record, size_t align)
{
	return region->stride >= record && region->stride % align == 0 &&
	       region->offset % 64 == 0 && region->offset >= sizeof(struct arena_header) &&
	       region->offset <= size && region->count <= (size - region->offset) / region->stride;
}

int arena_reader_init(struct arena_reader *reader, const void *bytes, size_t size, bool is_live,
	struct error *err)
{
	static const struct {
		size_t size, align;
	} record[ARENA_REGION_COUNT] = {
		[ARENA_THREADS] = {sizeof(struct arena_thread), _Alignof(struct arena_thread)},
		[ARENA_MODULES] = {sizeof(struct arena_module), _Alignof(struct arena_module)},
		[ARENA_SINKS] = {sizeof(struct arena_sink), _Alignof(struct arena_sink)},
		[ARENA_CRASHES] = {sizeof(struct arena_crash), _Alignof(struct arena_crash)},
		[ARENA_LIVES] = {sizeof(struct arena_live), _Alignof(struct arena_live)},
		[ARENA_TYPES] = {sizeof(struct arena_type), _Alignof(struct arena_type)},
		[ARENA_DETAILS] = {sizeof(struct arena_detail), _Alignof(struct arena_detail)},
		[ARENA_ANCESTORS] = {sizeof(struct arena_ancestor),
			_Alignof(struct arena_ancestor)},
		[ARENA_NODES] = {sizeof(struct arena_node), _Alignof(struct arena_node)},
		[ARENA_CHUNK_STATES] = {sizeof(struct arena_chunk), _Alignof(struct arena_chunk)},
		[ARENA_CHUNKS] = {ARENA_CHUNK_SIZE, 8},
	};
	const struct arena_header *header = bytes;
	uint32_t version;

	memset(reader, 0, sizeof *reader);
	if (size < sizeof *header || (uintptr_t)bytes % 64)
		return error_set(err, "this arena is too small (%zu bytes) to be one", size);
	if (LOAD(header->magic) != ARENA_MAGIC)
		return error_set(err, "these bytes are no arena of a recorded process");
	version = LOAD(header->version);
	if (version != ARENA_VERSION)
		return error_set(err,
			"the program was recorded with version %u of the arena, this is version "
			"%u: "
			"use the acausal and libacausal.so of one build",
			version, ARENA_VERSION);
	reader->bytes = (unsigned char *)bytes;
	reader->size = size;
	reader->is_live = is_live;
	reader->os_pid = LOAD(header->os_pid);
	reader->clock = LOAD(header->clock);
	reader->started.ticks = LOAD(header->started.ticks);
	reader->started.monotonic_ns = LOAD(header->started.monotonic_ns);
	reader->started.realtime_ns = LOAD(header->started.realtime_ns);
	reader->from.os_pid = LOAD(header->from.os_pid);
	reader->from.is_shell = LOAD(header->from.is_shell);
	reader->from.started = LOAD(header->from.started);
	reader->from.spawn_id = LOAD(header->from.spawn_id);
	reader->is_fork = LOAD(header->is_fork) != 0;
	reader->overwrites = LOAD(header->on_full) == ARENA_OVERWRITES;
	if (reader->clock != ARENA_CLOCK_MONOTONIC && reader->clock != ARENA_CLOCK_TSC)
		return error_set(
			err, "the arena of process %u has an unknown clock", reader->os_pid);
	for (int i = 0; i < ARENA_REGION_COUNT; i++) {
		struct arena_region *region = &reader->region[i];

		region->offset = LOAD(header->region[i].offset);
		region->stride = LOAD(header->region[i].stride);
		region->count = LOAD(header->region[i].count);
		if (!region_fits(region, size, record[i].size, record[i].align))
			return error_set(err,
				"the arena of process %u is damaged: its region %d is not inside",
				reader->os_pid, i);
	}
	if (reader->region[ARENA_CHUNK_STATES].count > reader->region[ARENA_CHUNKS].count)
		reader->region[ARENA_CHUNK_STATES].count = reader->region[ARENA_CHUNKS].count;
	if (reader->region[ARENA_CHUNK_STATES].count > CHUNKS_MAX)
		reader->region[ARENA_CHUNK_STATES].count = CHUNKS_MAX;
	if (!reader->region[ARENA_CHUNK_STATES].count)
		return 0;
	reader->cursors = calloc(reader->region[ARENA_CHUNK_STATES].count, sizeof *reader->cursors);
	reader->news = calloc(reader->region[ARENA_CHUNK_STATES].count, sizeof *reader->news);
	reader->waiting = calloc(reader->region[ARENA_CHUNK_STATES].count, sizeof *reader->waiting);
	if (!reader->cursors || !reader->news || !reader->waiting) {
		arena_reader_deinit(reader);
		return error_set(err, "no memory to read the arena of process %u", reader->os_pid);
	}
	return 0;
}

void arena_reader_deinit(struct arena_reader *reader)
{
	free(reader->cursors);
	free(reader->news);
	free(reader->waiting);
	reader->cursors = NULL;
	reader->news = NULL;
	reader->waiting = NULL;
	reader->news_count = 0;
	reader->waiting_count = 0;
	reader->bytes = NULL;
}

uint32_t arena_reader_used(const struct arena_reader *reader, enum arena_region_name name)
{
	uint64_t used =
		atomic_load_explicit(&header_of(reader)->used[name].value, memory_order_acquire);
	uint32_t count = reader->region[name].count;

	return used < count ? (uint32_t)used : count;
}

static void *record_at(const struct arena_reader *reader, enum arena_region_name name, uint32_t i)
{
	const struct arena_region *region = &reader->region[name];

	return reader->bytes + region->offset + (size_t)i * region->stride;
}

/* In flight mode the process itself uses its chunks again. */
static bool gives_back(const struct arena_reader *reader)
{
	return reader->is_live && !reader->overwrites;
}

static int by_sequence(const void *a, const void *b)
{
	const struct chunk_news *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

void arena_reader_gather(struct arena_reader *reader, uint64_t last)
{
	uint32_t count = arena_reader_used(reader, ARENA_CHUNK_STATES);

	reader->news_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct arena_chunk *chunk = record_at(reader, ARENA_CHUNK_STATES, i);
		struct chunk_cursor *cursor = &reader->cursors[i];
		/* In this order: what a sealed chunk has used is final. */
		uint32_t state = atomic_load_explicit(&chunk->state, memory_order_acquire);
		uint32_t used;
		uint64_t sequence;

		if (state != ARENA_CHUNK_OPEN && state != ARENA_CHUNK_SEALED)
			continue;
		sequence = LOAD(chunk->sequence);
		if (!sequence || sequence > last)
			continue;
		if (cursor->sequence != sequence)
			*cursor = (struct chunk_cursor){.sequence = sequence,
				.thread = LOAD(chunk->thread),
				.depth = LOAD(chunk->depth)};
		if (cursor->is_waiting)
			continue;
		used = atomic_load_explicit(&chunk->used, memory_order_acquire);
		if (used > ARENA_CHUNK_SIZE) {
			used = ARENA_CHUNK_SIZE;
			cursor->broken = true;
		}
		if (cursor->broken)
			cursor->read = used;
		if (used <= cursor->read && (state == ARENA_CHUNK_OPEN || !gives_back(reader)))
			continue;
		reader->news[reader->news_count++] = (struct chunk_news){.sequence = sequence,
			.index = i,
			.thread = cursor->thread,
			.from = cursor->read,
			.to = used > cursor->read ? used : cursor->read,
			.is_sealed = state == ARENA_CHUNK_SEALED};
	}
	if (reader->news_count > 1)
		qsort(reader->news, reader->news_count, sizeof *reader->news, by_sequence);
}

size_t arena_reader_take(struct arena_reader *reader, const struct chunk_news *news, void *buffer)
{
	const struct arena_chunk *chunk = record_at(reader, ARENA_CHUNK_STATES, news->index);
	size_t size = news->to - news->from;

	memcpy(buffer, (unsigned char *)record_at(reader, ARENA_CHUNKS, news->index) + news->from,
		size);
	atomic_thread_fence(memory_order_acquire);
	if (LOAD(chunk->sequence) != news->sequence ||
		atomic_load_explicit(&chunk->state, memory_order_relaxed) == ARENA_CHUNK_TAKEN)
		return 0;
	reader->cursors[news->index].read = news->to;
	return size;
}

size_t arena_reader_look(struct arena_reader *reader, const struct chunk_news *news, void *buffer)
{
	const struct arena_chunk *chunk = record_at(reader, ARENA_CHUNK_STATES, news->index);

	if (reader->cursors[news->index].broken)
		return 0;
	memcpy(buffer, record_at(reader, ARENA_CHUNKS, news->index), news->to);
	atomic_thread_fence(memory_order_acquire);
	return LOAD(chunk->sequence) == news->sequence ? news->to : 0;
}

void arena_reader_break(struct arena_reader *reader, const struct chunk_news *news)
{
	reader->cursors[news->index].broken = true;
}

/* Head of the list: index + 1 in the low half, a tag against ABA in the high half. */
static bool push_free(struct arena_reader *reader, uint32_t index)
{
	struct arena_free_list *list = &header_of(reader)->free_chunks;
	struct arena_chunk *chunk = record_at(reader, ARENA_CHUNK_STATES, index);
	uint64_t head = atomic_load_explicit(&list->head, memory_order_relaxed);

	for (int i = 0; i < PUSH_TRIES; i++) {
		*(volatile uint32_t *)&chunk->next_free = (uint32_t)head;
		if (atomic_compare_exchange_weak_explicit(&list->head, &head,
			    ((head >> 32) + 1) << 32 | (index + 1), memory_order_release,
			    memory_order_relaxed))
			return true;
	}
	return false;
}

void arena_reader_done(struct arena_reader *reader, const struct chunk_news *news, uint64_t mark)
{
	struct chunk_cursor *cursor = &reader->cursors[news->index];
	uint32_t capacity = reader->region[ARENA_CHUNK_STATES].count;

	if (!gives_back(reader) || !news->is_sealed || cursor->sequence != news->sequence ||
		(cursor->read < news->to && !cursor->broken) || reader->waiting_count == capacity)
		return;
	cursor->is_waiting = true;
	reader->waiting[(reader->waiting_first + reader->waiting_count++) % capacity] =
		(struct chunk_waiting){
			.sequence = news->sequence, .mark = mark, .index = news->index};
}

/* False when it cannot be given back now. */
static bool give_back(struct arena_reader *reader, const struct chunk_waiting *waiting)
{
	struct chunk_cursor *cursor = &reader->cursors[waiting->index];
	struct arena_chunk *chunk = record_at(reader, ARENA_CHUNK_STATES, waiting->index);

	/* Used for something else although it was not given back: by whoever wrote that. */
	if (cursor->sequence != waiting->sequence)
		return true;
	atomic_store_explicit(&chunk->used, 0, memory_order_relaxed);
	atomic_store_explicit(&chunk->state, ARENA_CHUNK_FREE, memory_order_release);
	if (!push_free(reader, waiting->index)) {
		atomic_store_explicit(&chunk->state, ARENA_CHUNK_SEALED, memory_order_release);
		return false;
	}
	*cursor = (struct chunk_cursor){0};
	return true;
}

void arena_reader_release(struct arena_reader *reader, uint64_t mark)
{
	uint32_t capacity = reader->region[ARENA_CHUNK_STATES].count;
	bool freed = false;
	struct arena_counter *room;

	while (reader->waiting_count && reader->waiting[reader->waiting_first].mark < mark &&
		give_back(reader, &reader->waiting[reader->waiting_first])) {
		reader->waiting_first = (reader->waiting_first + 1) % capacity;
		reader->waiting_count--;
		freed = true;
	}
	if (!freed)
		return;
	room = &header_of(reader)->room;
	atomic_fetch_add_explicit(&room->value, 1, memory_order_seq_cst);
	syscall(SYS_futex, (uint32_t *)&room->value, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool arena_reader_is_short(const struct arena_reader *reader, uint64_t *mark)
{
	uint32_t capacity = reader->region[ARENA_CHUNK_STATES].count;
	uint32_t last = reader->waiting_first + (reader->waiting_count - 1) / 2;

	if (!reader->waiting_count)
		return false;
	*mark = reader->waiting[last % capacity].mark;
	return reader->waiting_count > capacity / 4 ||
	       (arena_reader_used(reader, ARENA_CHUNK_STATES) == capacity &&
		       !(uint32_t)atomic_load_explicit(
			       &header_of(reader)->free_chunks.head, memory_order_relaxed));
}

bool arena_reader_node(
	const struct arena_reader *reader, uint32_t index, uint64_t *pc, uint32_t *caller)
{
	struct arena_node *node;

	if (!index || index >= reader->region[ARENA_NODES].count)
		return false;
	node = record_at(reader, ARENA_NODES, index);
	*pc = atomic_load_explicit(&node->pc, memory_order_acquire);
	*caller = LOAD(node->caller);
	return *pc && *caller < index;
}

bool arena_reader_module(
	const struct arena_reader *reader, uint32_t index, struct arena_module *ret)
{
	struct arena_module *module;

	if (index >= reader->region[ARENA_MODULES].count)
		return false;
	module = record_at(reader, ARENA_MODULES, index);
	if (!atomic_load_explicit(&module->ready, memory_order_acquire))
		return false;
	memcpy(ret, module, sizeof *ret);
	if (ret->build_id_size > ARENA_BUILD_ID_MAX)
		ret->build_id_size = 0;
	ret->path[ARENA_PATH_MAX - 1] = 0;
	return ret->start < ret->end;
}

bool arena_reader_sink(const struct arena_reader *reader, uint32_t index, struct arena_sink *ret)
{
	struct arena_sink *sink;

	if (!index || index >= reader->region[ARENA_SINKS].count)
		return false;
	sink = record_at(reader, ARENA_SINKS, index);
	if (!atomic_load_explicit(&sink->ready, memory_order_acquire))
		return false;
	memcpy(ret, sink, sizeof *ret);
	ret->path[ARENA_SINK_PATH_MAX - 1] = 0;
	return true;
}

bool arena_reader_type(const struct arena_reader *reader, uint32_t index, struct arena_type *ret)
{
	struct arena_type *type;

	if (index >= reader->region[ARENA_TYPES].count)
		return false;
	type = record_at(reader, ARENA_TYPES, index);
	if (!atomic_load_explicit(&type->ready, memory_order_acquire))
		return false;
	memcpy(ret, type, sizeof *ret);
	ret->name[ARENA_TYPE_NAME - 1] = 0;
	return true;
}

bool arena_reader_crash(const struct arena_reader *reader, uint32_t index, struct arena_crash *ret)
{
	struct arena_crash *crash;

	if (index >= reader->region[ARENA_CRASHES].count)
		return false;
	crash = record_at(reader, ARENA_CRASHES, index);
	if (atomic_load_explicit(&crash->state, memory_order_acquire) < ARENA_CRASH_NOTED)
		return false;
	memcpy((void *)ret, (const void *)crash, sizeof *ret);
	if (ret->register_count < 1 || ret->register_count > ARENA_CRASH_REGISTERS ||
		ret->stack_length > ARENA_CRASH_STACK || ret->message_length > ARENA_CRASH_MESSAGE)
		return false;
	return ret->state == ARENA_CRASH_NOTED || ret->state == ARENA_CRASH_FATAL;
}

bool arena_reader_live(const struct arena_reader *reader, uint32_t index, struct arena_live *ret)
{
	struct arena_live *live;
	uint64_t id;

	if (!index || index >= reader->region[ARENA_LIVES].count)
		return false;
	live = record_at(reader, ARENA_LIVES, index);
	id = atomic_load_explicit(&live->async_id, memory_order_acquire);
	if (!id)
		return false;
	memcpy(ret, live, sizeof *ret);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&live->async_id, memory_order_relaxed) == id &&
	       ret->async_id == id;
}

bool arena_reader_thread(
	const struct arena_reader *reader, uint32_t index, struct arena_thread *ret)
{
	struct arena_thread *thread;

	if (index >= reader->region[ARENA_THREADS].count)
		return false;
	thread = record_at(reader, ARENA_THREADS, index);
	if (atomic_load_explicit(&thread->state, memory_order_acquire) == ARENA_THREAD_FREE)
		return false;
	memcpy(ret, thread, sizeof *ret);
	return ret->state != ARENA_THREAD_FREE;
}

bool arena_reader_detail(const struct arena_reader *reader, uint32_t index, uint64_t async_id,
	struct arena_detail *ret)
{
	struct arena_detail *detail;

	if (!index || index >= reader->region[ARENA_DETAILS].count || !async_id)
		return false;
	detail = record_at(reader, ARENA_DETAILS, index);
	if (atomic_load_explicit(&detail->async_id, memory_order_acquire) != async_id)
		return false;
	memcpy(ret, detail, sizeof *ret);
	return ret->async_id == async_id && ret->length <= ARENA_DETAIL_MAX;
}

bool arena_reader_ancestor(
	const struct arena_reader *reader, uint32_t index, struct arena_ancestor *ret)
{
	struct arena_ancestor *ancestor;
	uint64_t id;

	if (!index || index >= reader->region[ARENA_ANCESTORS].count)
		return false;
	ancestor = record_at(reader, ARENA_ANCESTORS, index);
	id = atomic_load_explicit(&ancestor->run_id, memory_order_acquire);
	if (!id)
		return false;
	memcpy((void *)ret, (const void *)ancestor, sizeof *ret);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&ancestor->run_id, memory_order_relaxed) == id &&
	       ret->run_id == id;
}

void arena_reader_tell_number(const struct arena_reader *reader, uint32_t process_id)
{
	if (reader->is_live)
		atomic_store_explicit(
			&header_of(reader)->process_id, process_id, memory_order_relaxed);
}

void arena_reader_counts(const struct arena_reader *reader, struct arena_reader_counts *ret)
{
	struct arena_header *header = header_of(reader);

	ret->lost = atomic_load_explicit(&header->lost.value, memory_order_relaxed);
	ret->waits = atomic_load_explicit(&header->waits.value, memory_order_relaxed);
	ret->wait_ticks = atomic_load_explicit(&header->wait_ticks.value, memory_order_relaxed);
	ret->generation = atomic_load_explicit(&header->generation.value, memory_order_relaxed);
	ret->exit_code = atomic_load_explicit(&header->exit_code, memory_order_relaxed);
	ret->ended = atomic_load_explicit(&header->ended.value, memory_order_relaxed) != 0;
	ret->overwritten_until =
		atomic_load_explicit(&header->overwritten_until.value, memory_order_relaxed);
	ret->process_id = atomic_load_explicit(&header->process_id, memory_order_relaxed);
	ret->is_paused = atomic_load_explicit(&header->is_paused, memory_order_relaxed);
	ret->paused_at = atomic_load_explicit(&header->paused_at, memory_order_relaxed);
}

uint64_t arena_reader_threads(const struct arena_reader *reader)
{
	return atomic_load_explicit(&header_of(reader)->thread_number.value, memory_order_relaxed);
}

uint64_t arena_reader_sequence(const struct arena_reader *reader)
{
	return atomic_load_explicit(&header_of(reader)->chunk_sequence.value, memory_order_acquire);
}

void arena_reader_latest(const struct arena_reader *reader, struct arena_anchor *ret)
{
	const struct arena_header *header = header_of(reader);

	ret->ticks = LOAD(header->latest.ticks);
	ret->monotonic_ns = LOAD(header->latest.monotonic_ns);
	ret->realtime_ns = LOAD(header->latest.realtime_ns);
}
