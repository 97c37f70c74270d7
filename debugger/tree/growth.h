/*
 * What came of a point, as a tree of single things, before anything is folded: runs, what they
 * made, armed and caused, the runs of that, and so on. Grown level by level until a depth, a number
 * of things or a budget of rows is reached; what was not followed is marked.
 */
#ifndef ACAUSAL_DEBUGGER_GROWTH_H
#define ACAUSAL_DEBUGGER_GROWTH_H

#include "debugger/lineage/segment.h"
#include "debugger/recording/point.h"
#include "debugger/tree/kinds.h"
#include "debugger/tree/sprout.h"

#define GROWTH_NONE UINT32_MAX

struct shoot {
	struct sprout sprout;
	uint32_t parent, first_child, last_child, next; /* GROWTH_NONE: none */
	uint32_t kind_key;				/* what code it is of: kinds.h */
	uint32_t generation;				/* runs above it, and the first */
	uint64_t below[2];   /* which kinds are below and here, a bit each, modulo 128 */
	bool is_unfollowed;  /* a run that may have done more than is here */
	bool has_unfollowed; /* one is here or below */
	bool is_leaf;	     /* a run that a cause made happen: what came of it is elsewhere */
	bool has_more;	     /* of its children not all are here */
};

struct growth_options {
	enum lineage_edge by; /* EDGE_LINK, EDGE_CAUSE or EDGE_TRIGGER */
	int64_t depth;	      /* generations of runs; UNKNOWN: any number */
	size_t most;	      /* things in all */
	int64_t budget;	      /* rows that may be read; UNKNOWN: any number */
};

struct growth {
	struct point point;   /* resolved, as it was asked for */
	struct shoot *shoots; /* the first is where it begins; a parent is before its children */
	uint32_t count, capacity;
	struct kinds *kinds;
	bool is_cut;		 /* something was not followed, for want of room or time */
	uint64_t unfollowed;	 /* runs, of those that are here */
	int64_t looked_until_ns; /* a run was looked through only so far; else UNKNOWN */
	int64_t looked_run_id;	 /* … this one */
};

/* To be ended with growth_deinit, also after an error. */
int growth_init(struct growth *growth, struct reader *recording, struct frames_cache *cache,
	const struct point *point, const struct growth_options *options, struct error *err);
void growth_deinit(struct growth *growth);

#endif
