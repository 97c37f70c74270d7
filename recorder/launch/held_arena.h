/*
 * A recorded process's arena as the recorder holds it: mapped, and with the sign in it that
 * somebody drains it. That sign turns by itself when the recorder dies, however it dies.
 *
 * Only the thread that made the first one may make and destroy them.
 */
#ifndef ACAUSAL_LAUNCH_HELD_ARENA_H
#define ACAUSAL_LAUNCH_HELD_ARENA_H

#include "recorder/base/error.h"
#include "recorder/wire/arena.h"

#include <stddef.h>

struct held_arena {
	struct arena_header *header; /* untrusted: the process writes it */
	size_t size;
	struct held_arena_node *node;
};

/*
 * Maps the arena behind `memfd`, which must have `size` bytes and be sealed against shrinking, and
 * begins to hold it. The descriptor stays the caller's.
 */
int held_arena_init(struct held_arena *arena, int memfd, size_t size, struct error *err);

/* Tells the process that its arena is not drained any more, so that it does not wait for room. */
void held_arena_resign(struct held_arena *arena);

/* Unmaps it. To be called when the process has ended, or after held_arena_resign. */
void held_arena_deinit(struct held_arena *arena);

#endif
