/*
 * Looks through an arena for libuv: among the modules, and, because a program may carry a libuv of
 * its own, among what lives. Reads only; what it sees may be half-made, and then the next look
 * sees it whole.
 */
#include "recorder/launch/evidence.h"

#include "recorder/ingest/arena_reader.h"
#include "recorder/wire/names.h"

#include <string.h>

/* Records looked at; in a process that uses libuv at all, the first few tell. */
enum { LIVES_LOOKED_AT = 256 };

static bool has_module(const struct arena_reader *reader)
{
	uint32_t used = arena_reader_used(reader, ARENA_MODULES);
	struct arena_module module;

	for (uint32_t i = 0; i < used; i++) {
		const char *base;

		if (!arena_reader_module(reader, i, &module))
			continue;
		module.path[sizeof module.path - 1] = 0;
		base = strrchr(module.path, '/');
		if (!strncmp(base ? base + 1 : module.path, "libuv", 5))
			return true;
	}
	return false;
}

static bool has_resource(const struct arena_reader *reader)
{
	uint32_t used = arena_reader_used(reader, ARENA_LIVES);
	struct arena_live live;

	for (uint32_t i = 1; i < used && i < LIVES_LOOKED_AT; i++)
		if (arena_reader_live(reader, i, &live) && live.type != ACAUSAL_TYPE_NONE &&
			live.type != ACAUSAL_TYPE_MAIN && live.type != ACAUSAL_TYPE_PTHREAD)
			return true;
	return false;
}

enum evidence evidence_find(const struct held_arena *arena)
{
	enum evidence ret = EVIDENCE_NONE;
	struct arena_reader reader;
	struct error err;

	if (arena_reader_init(&reader, arena->header, arena->size, true, &err) != 0)
		return EVIDENCE_NONE;
	if (has_module(&reader) || has_resource(&reader))
		ret = EVIDENCE_LIBUV;
	else if (arena_reader_used(&reader, ARENA_CHUNK_STATES) >
		 reader.region[ARENA_CHUNK_STATES].count / 8)
		ret = EVIDENCE_PRESSING;
	arena_reader_deinit(&reader);
	return ret;
}
