/*
 * Where values of a context were lost or replaced on the way to a point: at the boundaries of an
 * async stack, where one run armed another, or made it fire.
 */
#ifndef ACAUSAL_DEBUGGER_CONTEXT_PATH_H
#define ACAUSAL_DEBUGGER_CONTEXT_PATH_H

#include "debugger/lineage/async_stack.h"

enum context_change_kind {
	CONTEXT_LOST,	  /* it was in force there, and the run began without */
	CONTEXT_REPLACED, /* … and the run began with another value */
	CONTEXT_LATE,	  /* it was set there only after the run was armed */
};

/* A key at a boundary. `run_id` began without the value that was in force in `in`. */
struct context_change {
	enum context_change_kind kind;
	enum lineage_edge edge; /* what `in` did for the run: EDGE_LINK or EDGE_CAUSE */
	int64_t run_id, thread_id;
	char *key, *value, *there;		/* `value` is the run's, NULL when lost; owned */
	int64_t there_run_id, there_context_id; /* where `there` was set */
	struct execution in;			/* who armed it or made it fire … */
	const char *api; /* … by this, at `ns`; of a late one `set_ns` is later */
	int64_t ns, set_ns;
	const struct frames *frames; /* the stack of that; of a late one unknown … */
	int64_t stack_id;	     /* … and this where it was set */
	bool is_work;		     /* the thread pool's part of the same uv_work_t made it fire */
	int64_t async_id;	     /* of the run */
	const struct frames *armed;  /* where the run was armed */
	size_t place;		     /* in the order in which they were met */
};

/* As they are met, newest first, until context_path_sort. Begins zeroed. */
struct context_path {
	struct context_change *rows;
	size_t count, capacity;
	bool is_full;		/* there are more */
	int64_t rows_read_left; /* that may be read; later ones are then not known, and not told */
};

/* Adds the changes along an async stack, of one key unless that is NULL; none twice. */
int context_path_add(struct context_path *path, struct reader *recording,
	const struct lineage *lineage, const char *key, struct error *err);

/* What was lost comes first, then what was replaced, then what came too late. */
void context_path_sort(struct context_path *path);
void context_path_deinit(struct context_path *path);

#endif
