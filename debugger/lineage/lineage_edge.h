/* One edge of an async stack, from a run to what it came of. A part of lineage. */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_EDGE_H
#define ACAUSAL_DEBUGGER_LINEAGE_EDGE_H

#include "debugger/lineage/lineage_walk.h"

/*
 * What `from` came of, by the rule that was asked for, with a differing cause beside a link: 1 and
 * the segment, 0 when the stack ends here, -1 an error.
 */
int walk_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err);

/*
 * From the main thread of a process to what started the process: as walk_edge. `main` is its
 * resource.
 */
int walk_start(struct walk *walk, const struct execution *from, const struct resource_row *main,
	enum lineage_edge edge, struct segment *ret, struct error *err);

/* The edge to the creation of a resource that `from` is a run of, or that a process came of. */
int walk_creation(struct walk *walk, const struct execution *from, int64_t async_id,
	enum lineage_edge edge, struct segment *ret, struct error *err);

#endif
