/*
 * Names of types to numbers: see own_types.h. A name that was met is looked for among all there
 * are, once for each process that has it.
 */
#include "recorder/ingest/own_types.h"

#include "recorder/ingest/intern.h"

#include <stdlib.h>
#include <string.h>

void own_types_init(struct own_types *types)
{
	*types = (struct own_types){0};
}

void own_types_deinit(struct own_types *types)
{
	free(types->names);
	free(types->hashes);
	*types = (struct own_types){0};
}

void own_types_process_deinit(struct own_types_process *process)
{
	free(process->numbers);
	process->numbers = NULL;
}

/* Of a name with zeros behind it. */
static uint64_t hash_of(const char name[ARENA_TYPE_NAME])
{
	uint64_t hash = 0, word;

	_Static_assert(ARENA_TYPE_NAME % sizeof word == 0, "a name is whole words");
	for (size_t at = 0; at < ARENA_TYPE_NAME; at += sizeof word) {
		memcpy(&word, name + at, sizeof word);
		hash = mix64(hash + word + 0x9e3779b97f4a7c15ull);
	}
	return hash;
}

static bool has_room(struct own_types *types)
{
	uint32_t capacity = types->capacity ? 2 * types->capacity : 16;
	char(*names)[ARENA_TYPE_NAME];
	uint64_t *hashes;

	if (types->count < types->capacity)
		return true;
	if (capacity > OWN_TYPES_MAX)
		return false;
	names = realloc(types->names, capacity * sizeof *names);
	if (!names)
		return false;
	types->names = names;
	hashes = realloc(types->hashes, capacity * sizeof *hashes);
	if (!hashes)
		return false;
	types->hashes = hashes;
	types->capacity = capacity;
	return true;
}

static uint32_t number_of(struct own_types *types, const char *record)
{
	char name[ARENA_TYPE_NAME] = {0};
	uint64_t hash;

	memcpy(name, record, strnlen(record, sizeof name - 1));
	if (!name[0])
		return 0;
	hash = hash_of(name);
	for (uint32_t i = 0; i < types->count; i++)
		if (types->hashes[i] == hash && !memcmp(types->names[i], name, sizeof name))
			return ACAUSAL_TYPE_OWN + i;
	if (!has_room(types))
		return 0;
	types->hashes[types->count] = hash;
	memcpy(types->names[types->count], name, sizeof name);
	return ACAUSAL_TYPE_OWN + types->count++;
}

uint32_t own_types_number(struct own_types *types, struct own_types_process *process,
	const struct arena_reader *arena, unsigned arena_type)
{
	struct arena_type record;
	uint32_t index = arena_type - ACAUSAL_TYPE_OWN;

	if (arena_type < ACAUSAL_TYPE_OWN || index >= OWN_TYPES_OF_PROCESS)
		return 0;
	if (process->numbers && process->numbers[index])
		return process->numbers[index];
	if (!arena_reader_type(arena, index, &record))
		return 0;
	if (!process->numbers)
		process->numbers = calloc(OWN_TYPES_OF_PROCESS, sizeof *process->numbers);
	if (!process->numbers)
		return 0;
	process->numbers[index] = (uint16_t)number_of(types, record.name);
	return process->numbers[index];
}
