/*
 * Writes a description (arena_script.h) to the standard output, to begin to fuzz with:
 *
 *     arena_seed              one of everything that an arena can hold
 *     arena_seed limits       sizes, counts and indexes that are as large as they can be
 *     arena_seed CORE [EVENTS]  the arena of a core, its first events
 */
#include "tests/fuzz/arena_script.h"

#include "recorder/core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 16, RECORDS = 24 };

static uint8_t script[ROOM];
static size_t size = 1;

static void add(unsigned tag, unsigned aux, const void *bytes, size_t length)
{
	size = arena_step_add(script, size, sizeof script,
		&(struct arena_step){
			(uint8_t)tag, (uint8_t)aux, (uint16_t)length, (const uint8_t *)bytes});
}

/* Zeros at the end are left out. */
static size_t trimmed(const unsigned char *bytes, size_t length)
{
	while (length && !bytes[length - 1])
		length--;
	return (length + 7) & ~(size_t)7;
}

static void add_record(unsigned region, uint32_t index, const void *bytes, size_t length)
{
	static unsigned char room[1 << 16];

	length = trimmed(bytes, length < sizeof room - 8 ? length : sizeof room - 8);
	if (!length)
		return;
	memcpy(room, &index, sizeof index);
	memcpy(room + sizeof index, bytes, length);
	add(STEP_RECORD, region, room, sizeof index + length);
}

static void add_events(const unsigned char *bytes, size_t length, uint32_t thread, unsigned depth,
	unsigned *events)
{
	struct event_head head;

	for (size_t at = 0; at + sizeof head <= length && *events; at += head.size) {
		memcpy(&head, bytes + at, sizeof head);
		if (head.size < sizeof head || head.size > length - at)
			return;
		add(STEP_EVENT | depth << STEP_DEPTH_SHIFT, thread, bytes + at, head.size);
		--*events;
	}
}

static void add_arena(struct core_arena *arena, unsigned events)
{
	struct arena_reader *reader = &arena->reader;
	struct arena_header *header = (struct arena_header *)reader->bytes;
	static unsigned char chunk[ARENA_CHUNK_SIZE];

	for (unsigned i = 0; i < arena_script_words(); i++) {
		size_t length;
		const void *word = arena_script_word(header, (uint8_t)i, &length);

		if (word != header->used && word != header->region && length <= 64 &&
			word != &header->free_chunks)
			add(STEP_HEADER, i, word, length);
	}
	for (unsigned i = 0; i < ARENA_REGION_COUNT; i++) {
		enum arena_region_name name = arena_script_region((uint8_t)i);
		const struct arena_region *region = &reader->region[name];
		uint32_t used = arena_reader_used(reader, name);

		if (name == ARENA_CHUNKS || name == ARENA_CHUNK_STATES)
			continue;
		for (uint32_t record = 0; record < used && record < RECORDS; record++)
			add_record(i, record,
				reader->bytes + region->offset + (size_t)record * region->stride,
				region->stride);
	}
	arena_reader_gather(reader, UINT64_MAX);
	for (size_t i = 0; i < reader->news_count; i++) {
		const struct chunk_news *news = &reader->news[i];
		size_t length = arena_reader_take(reader, news, chunk);

		add_events(chunk, length, news->thread, reader->cursors[news->index].depth & 3,
			&events);
	}
}

/* A resource of the program's own, and what was in force where it was made: IDs that fit. */
static void add_contexts(void)
{
	struct event_resource resource = {
		.head = {EVENT_RESOURCE, 0, sizeof resource}, .thread = 1};
	struct event_context set = {.head = {EVENT_CONTEXT, 0, sizeof set + 16},
		.context_id = 2,
		.parent_id = 1,
		.async_id = 1,
		.run_id = 1,
		.set = 5,
		.key_length = 7,
		.value_length = 4};
	struct event_carried carried = {
		.head = {EVENT_CARRIED, 0, sizeof carried}, .id = 5, .context_id = 2};
	unsigned char bytes[sizeof set + 16] = {0};

	resource.birth = (struct event_birth){.async_id = 5,
		.trigger_id = 1,
		.run_id = 1,
		.created = 5,
		.type = ACAUSAL_TYPE_OWN + 1,
		.api = ACAUSAL_API_acausal_resource_init};
	add(STEP_EVENT, 1, &resource, sizeof resource);
	memcpy(bytes, &set, sizeof set);
	memcpy(bytes + sizeof set, "request7f3a", 11);
	add(STEP_EVENT, 1, bytes, sizeof bytes);
	add(STEP_EVENT, 1, &carried, sizeof carried);
	carried.is_arming = 1;
	add(STEP_EVENT, 1, &carried, sizeof carried);
}

/* IDs that belong together: the kind is the only thing in which one event differs from the next. */
static void add_everything(void)
{
	for (unsigned i = 0; i < ARENA_REGION_COUNT; i++) {
		uint64_t words[16] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1};

		if (arena_script_region((uint8_t)i) != ARENA_CHUNKS &&
			arena_script_region((uint8_t)i) != ARENA_CHUNK_STATES)
			add_record(i, 1, words, sizeof words);
	}
	for (unsigned kind = 1; kind <= EVENT_COUNT; kind++) {
		uint64_t words[20] = {
			kind, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2};

		add(STEP_EVENT, 1, words, sizeof words);
	}
	add_contexts();
	add(STEP_DRAIN, 0, "", 0);
	add(STEP_SEAL, 1, "", 0);
	add(STEP_END, 0, "\1\0\0\0", 4);
	add(STEP_PROCESS, STEP_PARENT, "", 0);
	add(STEP_EVENT, 1, "\1\0\0\0", 4);
}

/* Words of all ones; an index or a size among them is far outside. */
static void add_limits(void)
{
	struct arena_chunk chunk = {
		.state = ARENA_CHUNK_SEALED, .used = UINT32_MAX, .sequence = 3, .thread = 1};
	uint64_t words[20];

	memset(words, 0xff, sizeof words);
	for (unsigned kind = 1; kind <= EVENT_COUNT; kind++) {
		memcpy(words, &(uint64_t){kind | UINT64_C(1) << 32}, sizeof *words);
		add(STEP_EVENT, 1, words, sizeof words);
		for (size_t i = 1; i < sizeof words / sizeof *words; i++)
			words[i] = i % 2 ? UINT64_C(0x7fffffff00000001) * i : i;
		add(STEP_EVENT, 1, words, sizeof words);
		memset(words, 0xff, sizeof words);
	}
	for (unsigned i = 0; i < ARENA_REGION_COUNT; i++)
		if (arena_script_region((uint8_t)i) == ARENA_CHUNK_STATES)
			add_record(i, 1, &chunk, sizeof chunk);
		else
			add_record(i, 1, words, sizeof words);
	add(STEP_END, 0, "\13\0\0\0", 4);
}

int main(int argc, char **argv)
{
	struct error err = {""};
	struct core *core;

	script[0] = STEP_ROOT;
	if (argc < 2) {
		add_everything();
	} else if (!strcmp(argv[1], "limits")) {
		add_limits();
	} else if (core_open(&core, argv[1], NULL, &err) || !core->arena.reader.bytes) {
		fprintf(stderr, "arena_seed: %s\n", err.text);
		return 1;
	} else {
		script[0] |= STEP_DEAD;
		add_arena(&core->arena, argc > 2 ? (unsigned)atoi(argv[2]) : 1000);
		core_close(core);
	}
	return fwrite(script, 1, size, stdout) == size ? 0 : 1;
}
