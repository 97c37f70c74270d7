/*
 * The async stack: from a point of interest back to a root run, in segments. A pure function of
 * (recording, point, options); it neither prints nor asks. Everything that shows or exports async
 * stacks works on what it gives.
 */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_H
#define ACAUSAL_DEBUGGER_LINEAGE_H

#include "debugger/lineage/async_stack.h"

/*
 * `point` may be unresolved. An error when there is no such thing in the recording. Frames are
 * borrowed from `cache`, strings from the recording. To be ended with lineage_deinit.
 */
int lineage_init(struct lineage *lineage, struct reader *recording, struct frames_cache *cache,
	const struct point *point, const struct lineage_options *options, struct error *err);
void lineage_deinit(struct lineage *lineage);

#endif
