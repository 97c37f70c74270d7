/*
 * Children of fork: a recorded process that finds itself without an arena, because the page that
 * leads to it was emptied, is a child, and begins anew with an arena of its own. It does so when it
 * first has something to record, so that a child which soon executes another program pays nothing.
 *
 * What it brings along: stacks and modules with their numbers, and the resources that were alive,
 * each under a new ID. IDs and all else count from 1 again.
 */
#ifndef ACAUSAL_RUNTIME_FORKED_H
#define ACAUSAL_RUNTIME_FORKED_H

#include "recorder/runtime/arena.h"

/* This process is recorded, with this arena: remembered for its children. */
void forked_start(struct arena_header *header);

/*
 * Who this process is to its children: the recorded process that last began an arena in this
 * memory, which for the child of a fork that has not begun anew is its parent. `spawn_id` is 0.
 * False when there is none.
 */
bool forked_self(struct arena_origin *ret);

/*
 * For a child that is not recorded, and goes on in a hook that counts on an arena: it gets one that
 * nobody reads, so that its parent's stays as it is. Its own children are not recorded either.
 * Async-signal-safe.
 */
void forked_idle(void);

/*
 * Whether the caller is a child of vfork: it has its parent's memory, arena and thread, but is
 * another process. Only where the process has an arena.
 */
bool forked_shares_memory(void);

#endif
