/*
 * Arenas as short descriptions, so that a fuzzer's changes mean something: a list of steps, each of
 * which puts an event, a record or a word of the header into an arena, or has the ingester read.
 *
 * A step is {tag, aux, length (16 bits, little-endian)} and `length` bytes. Any bytes are a list:
 * tags and indexes are taken modulo what there is, and a length that is too large ends it. What is
 * copied into a struct is cut to its size or filled up with zeros, and regions and words of
 * the header go by numbers of their own, so that descriptions keep their sense when the arena's
 * layout grows.
 */
#ifndef ACAUSAL_TESTS_ARENA_SCRIPT_H
#define ACAUSAL_TESTS_ARENA_SCRIPT_H

#include "tests/unit/arena_writer.h"

enum arena_step_tag {
	STEP_EVENT,   /* aux: number of its thread. Bits 3 and 4 of the tag are the depth; with
			 STEP_RAW the event's size is what its head says */
	STEP_RECORD,  /* aux: region; 32 bits of index, and the record, or several */
	STEP_HEADER,  /* aux: which word of the header */
	STEP_DRAIN,   /* the ingester reads */
	STEP_SEAL,    /* aux: number of the thread whose chunks are full */
	STEP_END,     /* the process ends; aux: enum arena_step_end, 32 bits of status */
	STEP_PROCESS, /* another process from here on, up to a few; aux: STEP_DEAD … */
	STEP_TAGS
};

enum { STEP_RAW = 0x80, STEP_DEPTH_SHIFT = 3, STEP_HEAD = 4 };
enum { STEP_DEAD = 1, STEP_ROOT = 2, STEP_BEFORE = 4, STEP_PARENT = 8 };

struct arena_step {
	uint8_t tag, aux;
	uint16_t length;
	const uint8_t *bytes;
};

/* The step at `*at`, which moves on; false at the end. */
bool arena_step_next(const uint8_t *script, size_t size, size_t *at, struct arena_step *ret);

/* Appends one, if there is room for it. Returns the new size. */
size_t arena_step_add(uint8_t *script, size_t size, size_t room, const struct arena_step *step);

/* Which word of the header `aux` names. */
void *arena_script_word(struct arena_header *header, uint8_t aux, size_t *ret_size);
unsigned arena_script_words(void);

/* Which region `aux` names. */
enum arena_region_name arena_script_region(uint8_t aux);

/* An arena that steps are made in. Its own view of the layout is not what the steps can change. */
struct arena_script {
	struct arena_writer *arena;
	struct arena_region region[ARENA_REGION_COUNT];
	uint64_t sequence;
	uint32_t open[256][4]; /* by thread and depth: index + 1 of the chunk being written */
};

/* With room for so many chunks, and one moment of the same clock each time. */
void arena_script_init(struct arena_script *script, uint32_t chunks);
void arena_script_deinit(struct arena_script *script);

/* Does one of the first three, or STEP_SEAL. */
void arena_script_apply(struct arena_script *script, const struct arena_step *step);

#endif
