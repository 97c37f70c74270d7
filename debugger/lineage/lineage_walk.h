/* On the way back: what the parts of lineage share. No one else includes this. */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_WALK_H
#define ACAUSAL_DEBUGGER_LINEAGE_WALK_H

#include "debugger/lineage/async_stack.h"
#include "debugger/lineage/folding.h"

struct walk {
	struct lineage *lineage;
	struct reader *recording;
	struct frames_cache *cache;
	const struct lineage_options *options;
	struct folding folding;
	struct execution current; /* the run whose origin is looked for next */
	int64_t stood_ns;	  /* a moment at which that ran */
	int64_t steps, looked_up;
	int64_t remembered, remember_at; /* Brent's: an ID met before, and when to take the next */
	int64_t fold_left;		 /* segments until the fold row below is used; 0: none */
	struct fold_row fold;		 /* the nearest one at or before … */
	int64_t fold_from;		 /* … this run */
};

/* Sets why the stack ends, in words. Returns 0: there is no further edge. */
int walk_end(struct walk *walk, enum lineage_end end, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "run:97", in `room`. */
const char *walk_run_words(int64_t run_id, char *room, size_t size);

/* Where a segment's frames stood: run, thread and stack. */
int walk_stand(struct walk *walk, struct segment *segment, int64_t run_id, int64_t thread_id,
	int64_t stack_id, struct error *err);

#endif
