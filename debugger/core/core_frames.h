/* The frames of a core's stacks, with functions and places, in the form that recorded ones have. */
#ifndef ACAUSAL_DEBUGGER_CORE_FRAMES_H
#define ACAUSAL_DEBUGGER_CORE_FRAMES_H

#include "debugger/recording/frames.h"
#include "recorder/core/core.h"
#include "recorder/symbols/symbols.h"

struct core_frames;

int core_frames_create(struct core_frames **ret, struct error *err);
void core_frames_destroy(struct core_frames *);

/*
 * The first `count` frames of the stack; all of them, and why it ends there, when that is how many
 * it has. Frames that are set aside are marked as in recorded stacks, `is_root` being whether the
 * stack is that of a thread's start. Lives as long as the `core_frames`. NULL when memory is short.
 */
const struct frames *core_frames_make(
	struct core_frames *, const struct core_stack *stack, size_t count, bool is_root);

/* The function that begins at an address. NULL when memory is short. */
const struct frame *core_frames_place(
	struct core_frames *, const struct core_modules *modules, uint64_t address);

#endif
