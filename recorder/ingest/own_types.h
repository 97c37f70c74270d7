/*
 * The types of resources that programs have named themselves (acausal.h): the records in the arenas
 * become types of the recording, one for each name, whichever process has it.
 *
 * Memory is bounded by limits here, not by what an arena claims. Knows no SQLite. One thread.
 */
#ifndef ACAUSAL_INGEST_OWN_TYPES_H
#define ACAUSAL_INGEST_OWN_TYPES_H

#include "recorder/ingest/arena_reader.h"
#include "recorder/wire/names.h"

enum {
	OWN_TYPES_MAX = 4096,	   /* of the recording */
	OWN_TYPES_OF_PROCESS = 256 /* records read of one process */
};

/* Of the whole recording. Type number ACAUSAL_TYPE_OWN + i has the name at i. */
struct own_types {
	char (*names)[ARENA_TYPE_NAME];
	uint64_t *hashes; /* beside them */
	uint32_t count, capacity;
};

/* Of a process: numbers by index in its ARENA_TYPES; 0: not read yet. */
struct own_types_process {
	uint16_t *numbers; /* OWN_TYPES_OF_PROCESS; NULL: it has none that was asked for */
};

void own_types_init(struct own_types *);
void own_types_deinit(struct own_types *);
void own_types_process_deinit(struct own_types_process *);

/*
 * The number in the recording of a type of the program's own, ACAUSAL_TYPE_OWN or more. 0 when the
 * arena has no such type, there are too many, or there is no memory.
 */
uint32_t own_types_number(struct own_types *, struct own_types_process *,
	const struct arena_reader *, unsigned arena_type);

#endif
