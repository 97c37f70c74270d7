/*
 * Collects paths from the modules of arenas: see sightings.h. The arenas are not trusted, and the
 * number of paths is bounded.
 */
#include "recorder/launch/sightings.h"

#include "recorder/ingest/arena_reader.h"

#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 1 << 14 };

static uint64_t hash_of(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3ull;
	return hash;
}

/* The place of a path in the table, or the free one where it would be. There is always one free. */
static uint32_t *place_of(const struct sightings *sightings, const char *path, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (sightings->capacity - 1);

	for (;; at = (at + 1) & (sightings->capacity - 1)) {
		uint32_t *place = &sightings->table[at];

		if (!*place || (sightings->files[*place - 1].hash == hash &&
				       !strcmp(sightings->files[*place - 1].path, path)))
			return place;
	}
}

/* Twice the room, a quarter of it used at most. */
static bool grow(struct sightings *sightings)
{
	uint32_t capacity = sightings->capacity ? 2 * sightings->capacity : 256;
	uint32_t *table = calloc(capacity, sizeof *table);
	struct sighting *files = realloc(sightings->files, capacity / 2 * sizeof *sightings->files);

	if (files)
		sightings->files = files;
	if (!table || !files) {
		free(table);
		return false;
	}
	free(sightings->table);
	sightings->table = table;
	sightings->capacity = capacity;
	for (uint32_t i = 0; i < sightings->count; i++)
		*place_of(sightings, files[i].path, files[i].hash) = i + 1;
	return true;
}

static void add_file(struct sightings *sightings, const char *path, bool is_executable)
{
	uint64_t hash = hash_of(path);
	uint32_t *place;
	char *copy;

	if (sightings->count == sightings->capacity / 2 &&
		(sightings->count >= FILES_MAX || !grow(sightings)))
		return;
	place = place_of(sightings, path, hash);
	if (!*place) {
		copy = strdup(path);
		if (!copy)
			return;
		sightings->files[sightings->count++] =
			(struct sighting){.path = copy, .hash = hash};
		*place = sightings->count;
	}
	sightings->files[*place - 1].is_executable |= is_executable;
}

void sightings_add(struct sightings *sightings, const struct held_arena *arena,
	const char *executable, bool did_exec)
{
	struct arena_reader_counts counts;
	struct arena_reader reader;
	struct arena_module module;
	struct error err;
	uint32_t used, libuv;

	if (executable)
		add_file(sightings, executable, true);
	if (arena_reader_init(&reader, arena->header, arena->size, true, &err) != 0)
		return;
	used = arena_reader_used(&reader, ARENA_MODULES);
	for (uint32_t i = 0; i < used; i++) {
		if (!arena_reader_module(&reader, i, &module))
			continue;
		module.path[sizeof module.path - 1] = 0;
		if (module.path[0])
			add_file(sightings, module.path, false);
	}
	arena_reader_counts(&reader, &counts);
	/* _exit and exec leave the end out, and are its own doing all the same. */
	sightings->is_cut_short |= !counts.ended && counts.exit_code < 0 && !did_exec;
	libuv = atomic_load_explicit(&arena->header->libuv, memory_order_relaxed);
	sightings->libuv |= libuv;
	sightings->has_unseen_calls |=
		(libuv & (ARENA_LIBUV_RAN | ARENA_LIBUV_CALLED)) == ARENA_LIBUV_RAN;
	arena_reader_deinit(&reader);
}

void sightings_deinit(struct sightings *sightings)
{
	for (uint32_t i = 0; i < sightings->count; i++)
		free(sightings->files[i].path);
	free(sightings->files);
	free(sightings->table);
	*sightings = (struct sightings){0};
}
