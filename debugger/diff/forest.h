/*
 * Async stacks of two recordings as one tree, by what the code did and not by IDs and times: below
 * a run stand the calls made in it that created or armed something, below such a call the runs that
 * came of it, and so on from main outwards. A node is the same for both recordings when all
 * functions on the way to it are.
 *
 * A run that came, in the same way, of a run above it is that run once more: how often something
 * went round does not matter. So the forest is finite, but for its bounds, which `full` tells of.
 *
 * What has no room left is pooled: below a run of its callback, whatever way led to that, stand the
 * calls made in it, and what comes of those is pooled in turn. A way has a node of its own on both
 * sides or on neither, so that what is pooled can be compared too.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_FOREST_H
#define ACAUSAL_DEBUGGER_DIFF_FOREST_H

#include "debugger/diff/lexicon.h"
#include "debugger/diff/samples.h"

#define FOREST_SIDES	2 /* recordings: the base and the other one */
#define FOREST_STATUSES 4 /* that are told apart, of one node */

enum node_kind {
	NODE_PROCESS, /* the main thread of a process */
	NODE_UNKNOWN, /* what it came of is not known */
	NODE_CREATED, /* a call that created resources */
	NODE_ARMED,   /* a call that armed them */
	NODE_RUN,     /* runs of a callback, or of a thread */
	NODE_POOL     /* what pooled runs came of: all ways that are not told apart */
};

/* What one recording has of a node. */
struct node_side {
	int64_t count;	  /* of calls or runs */
	int64_t parents;  /* … in so many runs, of a call */
	int64_t last_run; /* the last of those, … */
	int64_t in_run;	  /* … and how often in it */
	double squares;	  /* of how often in each of the others */
	int64_t first_id; /* an async ID, arming ID or run ID, by kind */
	int64_t stack_id, callback_frame_id;
	int64_t alive; /* of a creation: not destroyed */
	int64_t alive_id;
	struct {
		int64_t status, count, run_id;
	} statuses[FOREST_STATUSES]; /* that are errors, as they came */
	int64_t failed;		     /* all that are */
	struct samples ran, waited;
	int64_t longest_id; /* the run that took longest */
};

struct node {
	enum node_kind kind;
	uint32_t parent; /* a smaller number; 0: none */
	uint32_t stack;	 /* of a call */
	uint32_t type;
	uint32_t name;	/* the function called; of a run its callback; the program of a process */
	uint32_t part;	/* of a run */
	uint32_t local; /* the node without its way: what runs of equal code share */
	uint32_t depth;
	bool is_pooled;
	struct node_side *sides[FOREST_SIDES]; /* NULL: not there */
};

struct forest {
	struct lexicon lexicon;
	struct keys keys, locals;
	struct keys folds; /* runs that are one above them … */
	uint32_t *folded;  /* … which one */
	size_t fold_capacity;
	struct node *nodes; /* node N is nodes[N - 1] */
	size_t capacity, room;
	size_t pooled;	   /* of the nodes */
	bool full, failed; /* bounds were reached, and so it is pooled; memory ran out */
};

void forest_init(struct forest *forest);
void forest_deinit(struct forest *forest);

struct node *forest_node(const struct forest *forest, uint32_t node);
size_t forest_count(const struct forest *forest);

/* Numbers of nodes, made when they are new; 0 when there is no room or no parent. */
uint32_t forest_process(struct forest *forest, uint32_t parent, uint32_t program);
uint32_t forest_unknown(struct forest *forest);
uint32_t forest_call(struct forest *forest, uint32_t parent, enum node_kind kind, uint32_t stack,
	uint32_t type, uint32_t api);
uint32_t forest_run(struct forest *forest, uint32_t call, uint32_t callback, uint32_t part);

/* What `side` has of a node, made when it is new; NULL for node 0 and when memory runs out. */
struct node_side *forest_side(struct forest *forest, uint32_t node, int side);

#endif
