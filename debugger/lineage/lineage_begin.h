/* Where an async stack begins. A part of lineage. */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_BEGIN_H
#define ACAUSAL_DEBUGGER_LINEAGE_BEGIN_H

#include "debugger/lineage/lineage_walk.h"

/*
 * The point itself: segments[0]. `next` is the resource to go on with by trigger, unknown when
 * there is none.
 */
int walk_begin(struct walk *walk, struct segment *here, int64_t *next, struct error *err);

#endif
