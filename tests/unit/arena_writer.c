/* Synthetic arenas: see arena_writer.h. */
#include "tests/unit/arena_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS = 64, DEPTHS = 4 };

struct writer {
	struct arena_writer public;
	uint32_t open[WRITERS][DEPTHS]; /* index + 1 of the chunk being written */
};

static void *record(struct arena_writer *writer, enum arena_region_name name, uint32_t index)
{
	const struct arena_region *region = &writer->header->region[name];

	return writer->bytes + region->offset + (size_t)index * region->stride;
}

struct arena_writer *arena_writer_create(uint32_t chunks)
{
	static const uint32_t stride[ARENA_REGION_COUNT] = {
		[ARENA_THREADS] = sizeof(struct arena_thread),
		[ARENA_MODULES] = sizeof(struct arena_module),
		[ARENA_SINKS] = sizeof(struct arena_sink),
		[ARENA_TYPES] = sizeof(struct arena_type),
		[ARENA_CRASHES] = sizeof(struct arena_crash),
		[ARENA_LIVES] = sizeof(struct arena_live),
		[ARENA_DETAILS] = sizeof(struct arena_detail),
		[ARENA_ANCESTORS] = sizeof(struct arena_ancestor),
		[ARENA_NODES] = sizeof(struct arena_node),
		[ARENA_CHUNK_STATES] = sizeof(struct arena_chunk),
		[ARENA_CHUNKS] = ARENA_CHUNK_SIZE,
	};
	uint32_t count[ARENA_REGION_COUNT] = {64, 64, 64, 256, 8, 4096, 4096, 4096, 4096, 0, 0};
	struct writer *writer = calloc(1, sizeof *writer);
	struct arena_writer *public = &writer->public;
	uint64_t offset = (sizeof(struct arena_header) + 63) & ~63ull;
	struct timespec now;

	count[ARENA_CHUNK_STATES] = count[ARENA_CHUNKS] = chunks;
	for (int i = 0; i < ARENA_REGION_COUNT; i++)
	public->size += ((uint64_t)stride[i] * count[i] + 63) & ~63ull;
	public->size += offset;
	public->bytes = mmap(
		NULL, public->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (public->bytes == MAP_FAILED)
		abort();
	public->header = (struct arena_header *)public->bytes;
	for (int i = 0; i < ARENA_REGION_COUNT; i++) {
		public->header->region[i] = (struct arena_region){offset, stride[i], count[i]};
		offset += ((uint64_t)stride[i] * count[i] + 63) & ~63ull;
	}
	public->header->magic = ARENA_MAGIC;
	public->header->version = ARENA_VERSION;
	public->header->header_size = sizeof(struct arena_header);
	public->header->size = public->size;
	public->header->os_pid = (uint32_t)getpid();
	public->header->clock = ARENA_CLOCK_MONOTONIC;
	public->header->exit_code = -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	public->now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	public->header->started = (struct arena_anchor){public->now, public->now, 0};
	public->header->used[ARENA_SINKS].value = 1;
	public->header->used[ARENA_LIVES].value = 1;
	public->header->used[ARENA_ANCESTORS].value = 1;
	public->header->used[ARENA_NODES].value = 1;
	return public;
}

void arena_writer_destroy(struct arena_writer *writer)
{
	munmap(writer->bytes, writer->size);
	free(writer);
}

uint32_t arena_writer_node(struct arena_writer *writer, uint32_t caller, uint64_t address)
{
	uint32_t index = (uint32_t)writer->header->used[ARENA_NODES].value++;
	struct arena_node *node = record(writer, ARENA_NODES, index);

	node->caller = caller;
	node->pc = address;
	return index;
}

uint32_t arena_writer_module(
	struct arena_writer *writer, uint64_t start, uint64_t end, uint64_t bias, const char *path)
{
	uint32_t index = (uint32_t)writer->header->used[ARENA_MODULES].value++;
	struct arena_module *module = record(writer, ARENA_MODULES, index);

	module->start = start;
	module->end = end;
	module->bias = bias;
	strncpy(module->path, path, sizeof module->path - 1);
	module->ready = 1;
	return index;
}

struct arena_thread *arena_writer_thread(struct arena_writer *writer, uint32_t index)
{
	if (writer->header->used[ARENA_THREADS].value <= index)
		writer->header->used[ARENA_THREADS].value = index + 1;
	return record(writer, ARENA_THREADS, index);
}

struct arena_live *arena_writer_live(struct arena_writer *writer, uint32_t index)
{
	if (writer->header->used[ARENA_LIVES].value <= index)
		writer->header->used[ARENA_LIVES].value = index + 1;
	return record(writer, ARENA_LIVES, index);
}

struct arena_sink *arena_writer_sink(struct arena_writer *writer, uint32_t index)
{
	if (writer->header->used[ARENA_SINKS].value <= index)
		writer->header->used[ARENA_SINKS].value = index + 1;
	return record(writer, ARENA_SINKS, index);
}

struct arena_type *arena_writer_type(struct arena_writer *writer, uint32_t index)
{
	if (writer->header->used[ARENA_TYPES].value <= index)
		writer->header->used[ARENA_TYPES].value = index + 1;
	return record(writer, ARENA_TYPES, index);
}

struct arena_crash *arena_writer_crash(struct arena_writer *writer, uint32_t index)
{
	if (writer->header->used[ARENA_CRASHES].value <= index)
		writer->header->used[ARENA_CRASHES].value = index + 1;
	return record(writer, ARENA_CRASHES, index);
}

struct arena_ancestor *arena_writer_ancestor(struct arena_writer *writer, uint32_t index)
{
	if (writer->header->used[ARENA_ANCESTORS].value <= index)
		writer->header->used[ARENA_ANCESTORS].value = index + 1;
	return record(writer, ARENA_ANCESTORS, index);
}

struct arena_detail *arena_writer_detail(struct arena_writer *writer, uint32_t index)
{
	return record(writer, ARENA_DETAILS, index);
}

static struct arena_chunk *chunk_state(struct arena_writer *writer, uint32_t index)
{
	return record(writer, ARENA_CHUNK_STATES, index);
}

uint32_t arena_writer_free_chunks(struct arena_writer *writer)
{
	uint32_t count = writer->header->region[ARENA_CHUNKS].count -
			 (uint32_t)writer->header->used[ARENA_CHUNK_STATES].value;
	uint32_t at = (uint32_t)writer->header->free_chunks.head;

	for (; at && count <= writer->header->region[ARENA_CHUNKS].count; count++)
		at = chunk_state(writer, at - 1)->next_free;
	return count;
}

/* Index + 1 of a free chunk, 0 when there is none. */
static uint32_t take_chunk(struct arena_writer *writer)
{
	struct arena_header *header = writer->header;
	uint64_t head = header->free_chunks.head;
	uint32_t index = (uint32_t)head;

	if (index) {
		header->free_chunks.head =
			((head >> 32) + 1) << 32 | chunk_state(writer, index - 1)->next_free;
		return index;
	}
	if (header->used[ARENA_CHUNK_STATES].value >= header->region[ARENA_CHUNKS].count)
		return 0;
	return (uint32_t)++header->used[ARENA_CHUNK_STATES].value;
}

bool arena_writer_put(struct arena_writer *public, uint32_t thread, uint32_t depth,
	enum event_kind kind, void *event, size_t size, const void *tail, size_t tail_size)
{
	struct writer *writer = (struct writer *)public;
	uint32_t *open = &writer->open[thread % WRITERS][depth % DEPTHS];
	size_t whole = (size + tail_size + 7) & ~(size_t)7;
	struct event_head *head = event;
	struct arena_chunk *chunk;
	unsigned char *bytes;

	if (*open && chunk_state(public, *open - 1)->used + whole > ARENA_CHUNK_SIZE) {
		chunk_state(public, *open - 1)->state = ARENA_CHUNK_SEALED;
		*open = 0;
	}
	if (!*open) {
		*open = take_chunk(public);
		if (!*open)
			return false;
		chunk = chunk_state(public, *open - 1);
		chunk->used = 0;
		chunk->sequence = ++public->header->chunk_sequence.value;
		chunk->thread = thread;
		chunk->depth = depth;
		chunk->state = ARENA_CHUNK_OPEN;
	}
	chunk = chunk_state(public, *open - 1);
	bytes = (unsigned char *)record(public, ARENA_CHUNKS, *open - 1) + chunk->used;
	head->kind = (uint8_t)kind;
	head->size = (uint16_t)whole;
	memset(bytes, 0, whole);
	memcpy(bytes, event, size);
	if (tail_size)
		memcpy(bytes + size, tail, tail_size);
	atomic_fetch_add_explicit(&chunk->used, (uint32_t)whole, memory_order_release);
	return true;
}

void arena_writer_seal(struct arena_writer *public, uint32_t thread)
{
	struct writer *writer = (struct writer *)public;

	for (int depth = 0; depth < DEPTHS; depth++) {
		uint32_t *open = &writer->open[thread % WRITERS][depth];

		if (*open)
			chunk_state(public, *open - 1)->state = ARENA_CHUNK_SEALED;
		*open = 0;
	}
}

void arena_writer_keep(struct arena_writer *public, uint32_t thread)
{
	struct writer *writer = (struct writer *)public;
	uint32_t open = writer->open[thread % WRITERS][0];

	if (open)
		chunk_state(public, open - 1)->is_kept = 1;
}

void arena_writer_overwrite(struct arena_writer *public, uint64_t until)
{
	struct arena_header *header = public->header;

	for (uint32_t thread = 0; thread < WRITERS; thread++)
		arena_writer_seal(public, thread);
	for (uint32_t i = 0; i < header->used[ARENA_CHUNK_STATES].value; i++) {
		struct arena_chunk *chunk = chunk_state(public, i);

		if (chunk->is_kept)
			continue;
		chunk->state = ARENA_CHUNK_TAKEN;
		chunk->sequence = ++header->chunk_sequence.value;
		memset(record(public, ARENA_CHUNKS, i), 0, ARENA_CHUNK_SIZE);
		header->overwritten.value++;
	}
	header->overwritten_until.value = until;
}
