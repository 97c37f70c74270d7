/*
 * Looks through an arena for libuv: for the mark that the runtime leaves when something of libuv is
 * made, and, in a process that was forked, among what it inherited. That libuv is loaded is no
 * evidence: many programs load it for what they do not do this time. Reads only; what it sees may
 * be half-made, and then the next look sees it whole.
 */
#include "recorder/launch/evidence.h"

#include "recorder/ingest/arena_reader.h"
#include "recorder/wire/names.h"

/* Records looked at; in a process that uses libuv at all, the first few tell. */
enum { LIVES_LOOKED_AT = 256 };

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
	if ((atomic_load_explicit(&arena->header->libuv, memory_order_relaxed) &
		    ARENA_LIBUV_USED) ||
		has_resource(&reader))
		ret = EVIDENCE_LIBUV;
	else if (arena_reader_used(&reader, ARENA_CHUNK_STATES) >
		 reader.region[ARENA_CHUNK_STATES].count / 8)
		ret = EVIDENCE_PRESSING;
	arena_reader_deinit(&reader);
	return ret;
}
