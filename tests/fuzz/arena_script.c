/* Descriptions of arenas: see arena_script.h. */
#include "tests/fuzz/arena_script.h"

#include <string.h>

enum { NO_PID = 0x7ffffff0, EVENT_MAX = 4096 };
#define MOMENT UINT64_C(1000000000000)

bool arena_step_next(const uint8_t *script, size_t size, size_t *at, struct arena_step *ret)
{
	const uint8_t *bytes = script + *at;

	if (size - *at < STEP_HEAD)
		return false;
	*ret = (struct arena_step){
		bytes[0], bytes[1], (uint16_t)(bytes[2] | bytes[3] << 8), bytes + STEP_HEAD};
	if (ret->length > size - *at - STEP_HEAD)
		return false;
	*at += STEP_HEAD + (size_t)ret->length;
	return true;
}

size_t arena_step_add(uint8_t *script, size_t size, size_t room, const struct arena_step *step)
{
	if (room - size < STEP_HEAD + (size_t)step->length)
		return size;
	script[size] = step->tag;
	script[size + 1] = step->aux;
	script[size + 2] = (uint8_t)step->length;
	script[size + 3] = (uint8_t)(step->length >> 8);
	memmove(script + size + STEP_HEAD, step->bytes, step->length);
	return size + STEP_HEAD + step->length;
}

/* The order is that of the descriptions: new ones at the end. */
#define WORDS(X)                                                                                   \
	X(started)                                                                                 \
	X(latest)                                                                                  \
	X(on_full)                                                                                 \
	X(is_fork)                                                                                 \
	X(from)                                                                                    \
	X(exit_code)                                                                               \
	X(libuv)                                                                                   \
	X(process_id)                                                                              \
	X(used)                                                                                    \
	X(async_id)                                                                                \
	X(run_id)                                                                                  \
	X(thread_number)                                                                           \
	X(chunk_sequence)                                                                          \
	X(generation)                                                                              \
	X(lost)                                                                                    \
	X(waits)                                                                                   \
	X(wait_ticks)                                                                              \
	X(ended)                                                                                   \
	X(free_chunks)                                                                             \
	X(clock)                                                                                   \
	X(region)                                                                                  \
	X(size)                                                                                    \
	X(build)                                                                                   \
	X(header_size)                                                                             \
	X(is_paused)                                                                               \
	X(hand)                                                                                    \
	X(overwritten)                                                                             \
	X(overwritten_until)                                                                       \
	X(ancestors_lost)                                                                          \
	X(stacks_cut)                                                                              \
	X(free_ancestors)                                                                          \
	X(arming_id)                                                                               \
	X(context_id)

static const struct {
	size_t offset, size;
} words[] = {
#define X(name) {offsetof(struct arena_header, name), sizeof(((struct arena_header *)NULL)->name)},
	WORDS(X)
#undef X
};

unsigned arena_script_words(void)
{
	return sizeof words / sizeof *words;
}

void *arena_script_word(struct arena_header *header, uint8_t aux, size_t *ret_size)
{
	*ret_size = words[aux % arena_script_words()].size;
	return (char *)header + words[aux % arena_script_words()].offset;
}

/* As above. */
static const uint8_t regions[] = {ARENA_THREADS, ARENA_MODULES, ARENA_SINKS, ARENA_CRASHES,
	ARENA_LIVES, ARENA_NODES, ARENA_CHUNK_STATES, ARENA_CHUNKS, ARENA_DETAILS, ARENA_ANCESTORS,
	ARENA_TYPES};
_Static_assert(sizeof regions == ARENA_REGION_COUNT, "every region has its number");

enum arena_region_name arena_script_region(uint8_t aux)
{
	return regions[aux % ARENA_REGION_COUNT];
}

static size_t event_size(unsigned kind)
{
	static const size_t sizes[EVENT_COUNT] = {
#define X(tag, type) [EVENT_##tag] = sizeof(struct type),
		ACAUSAL_EVENTS(X)
#undef X
	};

	return kind < EVENT_COUNT && sizes[kind] ? sizes[kind] : sizeof(struct event_head);
}

void arena_script_init(struct arena_script *script, uint32_t chunks)
{
	memset(script, 0, sizeof *script);
	script->arena = arena_writer_create(chunks);
	memcpy(script->region, script->arena->header->region, sizeof script->region);
	script->arena->header->os_pid = NO_PID;
	script->arena->header->started = (struct arena_anchor){MOMENT, MOMENT, 1000 * MOMENT};
}

void arena_script_deinit(struct arena_script *script)
{
	arena_writer_destroy(script->arena);
}

static void *record(const struct arena_script *script, enum arena_region_name name, uint32_t index)
{
	const struct arena_region *region = &script->region[name];

	return script->arena->bytes + region->offset + (size_t)index * region->stride;
}

/* Index + 1 of a chunk that is free, 0 when there is none. */
static uint32_t take_chunk(struct arena_script *script)
{
	struct arena_header *header = script->arena->header;

	for (uint32_t i = 0; i < script->region[ARENA_CHUNKS].count; i++) {
		struct arena_chunk *chunk = record(script, ARENA_CHUNK_STATES, i);

		if (chunk->state != ARENA_CHUNK_FREE)
			continue;
		chunk->used = 0;
		chunk->sequence = ++script->sequence;
		chunk->state = ARENA_CHUNK_OPEN;
		if (header->used[ARENA_CHUNK_STATES].value <= i)
			header->used[ARENA_CHUNK_STATES].value = i + 1;
		if (header->chunk_sequence.value < script->sequence)
			header->chunk_sequence.value = script->sequence;
		return i + 1;
	}
	return 0;
}

static struct arena_chunk *open_chunk(struct arena_script *script, uint32_t index)
{
	return index ? record(script, ARENA_CHUNK_STATES, index - 1) : NULL;
}

/* Where so many bytes of events go; NULL when there is no room. */
static unsigned char *find_room(
	struct arena_script *script, uint8_t thread, unsigned depth, size_t size)
{
	uint32_t *open = &script->open[thread][depth];
	struct arena_chunk *chunk = open_chunk(script, *open);

	if (chunk && (chunk->state != ARENA_CHUNK_OPEN || chunk->used > ARENA_CHUNK_SIZE - size)) {
		chunk->state = ARENA_CHUNK_SEALED;
		chunk = NULL;
	}
	if (!chunk) {
		*open = take_chunk(script);
		chunk = open_chunk(script, *open);
		if (!chunk)
			return NULL;
		chunk->thread = thread;
		chunk->depth = depth;
	}
	return (unsigned char *)record(script, ARENA_CHUNKS, *open - 1) + chunk->used;
}

static void put_event(struct arena_script *script, const struct arena_step *step)
{
	size_t size = step->length < EVENT_MAX ? step->length : EVENT_MAX;
	size_t least = event_size(step->length ? step->bytes[0] : 0);
	unsigned depth = step->tag >> STEP_DEPTH_SHIFT & 3;
	size_t whole = ((size > least ? size : least) + 7) & ~(size_t)7;
	unsigned char *to = find_room(script, step->aux, depth, whole);
	uint16_t told = (uint16_t)whole;

	if (!to)
		return;
	memset(to, 0, whole);
	memcpy(to, step->bytes, size);
	if (!(step->tag & STEP_RAW))
		memcpy(to + offsetof(struct event_head, size), &told, sizeof told);
	open_chunk(script, script->open[step->aux][depth])->used += (uint32_t)whole;
}

static void put_record(struct arena_script *script, const struct arena_step *step)
{
	enum arena_region_name name = arena_script_region(step->aux);
	const struct arena_region *region = &script->region[name];
	struct arena_counter *used = &script->arena->header->used[name];
	size_t room, taken, records;
	uint32_t index;

	if (step->length < sizeof index || !region->count)
		return;
	memcpy(&index, step->bytes, sizeof index);
	index %= region->count;
	room = (size_t)(region->count - index) * region->stride;
	taken = step->length - sizeof index;
	taken = taken < room ? taken : room;
	memcpy(record(script, name, index), step->bytes + sizeof index, taken);
	records = index + (taken + region->stride - 1) / region->stride;
	if (used->value < records)
		used->value = records;
}

static void put_word(struct arena_script *script, const struct arena_step *step)
{
	size_t size;
	void *word = arena_script_word(script->arena->header, step->aux, &size);

	memcpy(word, step->bytes, step->length < size ? step->length : size);
}

static void seal(struct arena_script *script, uint8_t thread)
{
	for (unsigned depth = 0; depth < 4; depth++) {
		struct arena_chunk *chunk = open_chunk(script, script->open[thread][depth]);

		if (chunk)
			chunk->state = ARENA_CHUNK_SEALED;
		script->open[thread][depth] = 0;
	}
}

void arena_script_apply(struct arena_script *script, const struct arena_step *step)
{
	switch ((step->tag & 7) % STEP_TAGS) {
	case STEP_EVENT:
		put_event(script, step);
		break;
	case STEP_RECORD:
		put_record(script, step);
		break;
	case STEP_HEADER:
		put_word(script, step);
		break;
	case STEP_SEAL:
		seal(script, step->aux);
		break;
	default: /* not the arena's */
		break;
	}
}
