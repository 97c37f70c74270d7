/*
 * Keeping chains of ancestors short: what repeats is folded, as `struct arena_ancestor` says, and
 * the far end of what does not is let go.
 *
 * Any thread. Only one of them does it at a time, and nobody waits: who comes second leaves it to
 * the next occasion. A thread that is thrown out of it (siglongjmp) ends all folding; then chains
 * are cut where they would be folded.
 */
#ifndef ACAUSAL_RUNTIME_ANCESTOR_FOLD_H
#define ACAUSAL_RUNTIME_ANCESTOR_FOLD_H

#include "recorder/runtime/ancestor.h"

enum {
	ANCESTOR_FOLD_PERIOD = 8, /* hops after which a chain may repeat, at most */
	ANCESTOR_FOLD_LIST = 8192 /* ancestors that are looked at, at most */
};

/*
 * Folds the chain that begins with `head`, which the caller has a reference to, as far as its first
 * `length` ancestors go; of one that is longer than `most`, the older half is let go. Writes anew
 * how deep each of them is.
 */
void ancestor_fold(uint32_t head, uint32_t length, uint32_t most);

/* Keeps others from folding, if nobody does just now: chains stay as they are. Not for long. */
bool ancestor_fold_hold(void);
void ancestor_fold_let_go(void);

/* In the child of a fork, while it is alone. */
void ancestor_fold_restart(void);

#endif
