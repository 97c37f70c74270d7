/* A run of a callback with what it was a run of: inside which something was done. */
#ifndef ACAUSAL_DEBUGGER_EXECUTION_H
#define ACAUSAL_DEBUGGER_EXECUTION_H

#include "debugger/recording/frames.h"
#include "debugger/recording/lookup.h"

/* A run, and what it was a run of. */
struct execution {
	struct run_row run;
	const char *type, *class, *detail;
	bool armed_by_creation;
	const char *callback; /* the function that ran */
	bool is_root;	      /* a thread's own start */
	bool is_written; /* there is a row of it; else all but run_id and thread_id may be unknown
			  */
};

/* Nothing known. */
void execution_forget(struct execution *execution);

/* Of a thread's root run there need be no row. `thread_id` may be unknown. As a lookup_… */
int execution_load(struct reader *recording, struct frames_cache *cache, int64_t run_id,
	int64_t thread_id, struct execution *ret, struct error *err);

/* A stack that was taken inside of it. As frames_of_stack. */
int execution_stack(struct reader *recording, struct frames_cache *cache,
	const struct execution *in, int64_t stack_id, const struct frames **ret, struct error *err);

#endif
