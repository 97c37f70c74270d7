/*
 * The code of one recording in words that another one shares: its stacks and callbacks by the names
 * of their functions, whatever their addresses and lines are.
 *
 * A function without a name is its module and address, and so the same in the same build only. What
 * stands outside of main, the recorder's own frames, and what a compiler adds to a function's name
 * when it splits one, count for nothing.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_CODE_H
#define ACAUSAL_DEBUGGER_DIFF_CODE_H

#include "debugger/diff/lexicon.h"
#include "debugger/recording/id_map.h"
#include "debugger/recording/reader.h"

struct code_type {
	uint32_t name;
	bool armed_by_creation, is_root;
};

/* From where something was asked for. */
struct code_origin {
	uint32_t stack, api;
	int64_t stack_id, type_id;
};

/* What was run. */
struct code_entry {
	uint32_t callback, part;
	int64_t callback_frame_id;
	bool is_close;
};

struct code_frame {
	uint32_t first, count; /* of its functions, outermost first, among `names` */
	bool is_aside;	       /* no part of any stack */
	bool is_start;	       /* how C starts a program or a thread */
};

struct code {
	struct reader *recording;
	struct lexicon *lexicon;
	struct id_map frame_map, stack_map, origin_map, entry_map, type_map;
	struct code_frame *frames;
	struct code_origin *origins;
	struct code_entry *entries;
	struct code_type *types;
	uint32_t *names;
	size_t frame_count, frame_room, origin_count, origin_room, entry_count, entry_room;
	size_t type_count, type_room, name_count, name_room;
	bool full; /* there was more than there is room for */
};

/* Reads all of it. To be ended with code_deinit, also after an error. */
int code_init(
	struct code *code, struct reader *recording, struct lexicon *lexicon, struct error *err);
void code_deinit(struct code *code);

/* NULL or 0 for what is not there. */
const struct code_type *code_type(struct code *code, int64_t type_id);
const struct code_origin *code_origin(struct code *code, int64_t origin_id);
const struct code_entry *code_entry(struct code *code, int64_t entry_id);
uint32_t code_stack(struct code *code, int64_t stack_id);

/* The function itself that a frame is in, not one that was inlined into it. */
uint32_t code_function(struct code *code, int64_t frame_id);

/* Whether a name stands for a function without one. */
bool code_is_unnamed(const char *name);

/* A function's name as it counts, in `room` when it has to be cut. */
const char *code_plain_name(const char *function, char *room, size_t size);

#endif
