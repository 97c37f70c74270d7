/*
 * What was seen in the processes that ended, for the line that says why nothing was recorded, or
 * not all: which files their code came from, and their dealings with libuv.
 */
#ifndef ACAUSAL_LAUNCH_SIGHTINGS_H
#define ACAUSAL_LAUNCH_SIGHTINGS_H

#include "recorder/launch/held_arena.h"

#include <stdbool.h>
#include <stdint.h>

struct sighting {
	char *path; /* as the process named it, perhaps from its folder */
	uint64_t hash;
	bool is_executable; /* of some process; else it was loaded into one */
};

/* Zeroed: nothing was seen. */
struct sightings {
	struct sighting *files; /* each path once, in the order of coming */
	uint32_t count;
	uint32_t *table; /* index + 1 by hash; 0 is free */
	uint32_t capacity;
	uint32_t libuv;	       /* enum arena_libuv, of all of them */
	bool has_unseen_calls; /* one had a libuv that only calls that were not seen set going */
	bool is_cut_short; /* one did not end in order: what it had loaded is not known for sure */
};

/*
 * A process has ended, or become another by exec; `executable` may be NULL. What there is no memory
 * for is left out.
 */
void sightings_add(struct sightings *sightings, const struct held_arena *arena,
	const char *executable, bool did_exec);

void sightings_deinit(struct sightings *sightings);

#endif
