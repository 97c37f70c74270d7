/*
 * Where code was: addresses become frames of modules, nodes of an arena become stacks. Frames and
 * stacks are numbered for the whole recording, so that equal stacks of two processes are one.
 *
 * Frames and stacks that are new are handed out in the order of their numbers by whoever writes
 * rows. Memory is bounded by limits here, not by what an arena claims. One thread.
 */
#ifndef ACAUSAL_INGEST_PLACES_H
#define ACAUSAL_INGEST_PLACES_H

#include "recorder/ingest/arena_reader.h"
#include "recorder/ingest/intern.h"

enum { PLACES_MODULES_MAX = 8192, PLACES_MAPPINGS_MAX = 8192 };

struct places_module {
	char *path;				   /* NULL when not known */
	char build_id[2 * ARENA_BUILD_ID_MAX + 1]; /* hexadecimal, empty when there is none */
};

struct places_mapping {
	uint32_t module_id, process_id;
	uint64_t start, end, bias;
};

/* Of the whole recording. Numbers count from 1. */
struct places {
	struct places_module *modules;
	struct places_mapping *mappings;
	uint32_t module_count, mapping_count, mapping_capacity;
	struct intern frames; /* {module_id << 32 | flags, address, 0} */
	struct intern stacks; /* {caller stack_id << 32 | frame_id, 0, 0} */
};

enum places_frame_flag {
	PLACES_EXACT = 1, /* the very instruction, no return address */
	PLACES_END = 2,	  /* the address is an enum node_end instead */
};

/* Of one process. */
struct places_process {
	struct places *places;
	const struct arena_reader *arena;
	uint32_t process_id;
	const char *executable; /* may be NULL; borrowed */
	struct local_module {
		uint64_t start, end, bias;
		uint32_t generation, module_id;
		uint32_t gone;	/* generation since which it is there no more; 0: it is there */
		uint32_t index; /* of its record in the arena; UINT32_MAX: it has none */
	} * modules;
	uint32_t module_count, modules_read;
	uint32_t *stack_of_node;
	uint32_t node_capacity;
	struct idmap frame_of_pc;
	unsigned maps_missed; /* look-ups in vain in the process's own list of what it mapped */
};

void places_init(struct places *);
void places_deinit(struct places *);

void places_process_init(struct places_process *, struct places *, const struct arena_reader *,
	uint32_t process_id, const char *executable);
void places_process_deinit(struct places_process *);

/* The stack that a node of the arena names; 0 for none, or for one that makes no sense. */
uint32_t places_stack(struct places_process *, uint32_t node);

/*
 * The stack of these frames, innermost first: addresses as nodes have them (wire/arena.h), the last
 * one perhaps an enum node_end. 0: none.
 */
uint32_t places_stack_of(struct places_process *, const uint64_t *pcs, unsigned count);

/*
 * The module that the process has said was at `address` when generation `generation` was current.
 * NULL: it has said of none.
 */
const struct local_module *places_module(
	struct places_process *, uint64_t address, uint32_t generation);

/* The frame of a function's first instruction, see ENTRY_DATED; 0 for none. */
uint32_t places_entry_frame(struct places_process *, uint64_t function);

#endif
