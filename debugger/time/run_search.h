/*
 * The run of a thread that began next after a moment, or last before it. Runs of one thread begin
 * in the order of their IDs, but other threads' are between them: what lies between is read, and
 * nothing more.
 */
#ifndef ACAUSAL_DEBUGGER_RUN_SEARCH_H
#define ACAUSAL_DEBUGGER_RUN_SEARCH_H

#include "debugger/recording/lookup.h"

struct run_search {
	int64_t thread_id, process_id;
	int64_t ns,
		run_id; /* runs that began at `ns` come by their IDs: after or before this one */
	int64_t most;	/* rows to read; 0: as many as it takes */
};

/* 1 and the run, 0 when there is none (or `most` were read without meeting it), -1 an error. */
int run_search_next(struct reader *recording, const struct run_search *search, int64_t *ret_run_id,
	int64_t *ret_began_ns, struct error *err);
int run_search_last(struct reader *recording, const struct run_search *search, int64_t *ret_run_id,
	int64_t *ret_began_ns, struct error *err);

#endif
