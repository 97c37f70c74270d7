/*
 * The runs that were going on in a process at a moment: of each thread a nest, the outermost of
 * which is its root run.
 */
#ifndef ACAUSAL_DEBUGGER_NEST_H
#define ACAUSAL_DEBUGGER_NEST_H

#include "debugger/recording/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nest_run {
	int64_t run_id, async_id, thread_id, began_ns;
	int64_t ended_ns; /* UNKNOWN: never */
	bool is_work;	  /* the work part of a request, on a thread of the pool */
};

/* By thread, of each the innermost first. Zero-initialised is empty. */
struct nest {
	struct nest_run *runs;
	size_t count, capacity;
};

/* All of a process, those of requests too. To be ended with nest_deinit, also after an error. */
int nest_gather(struct nest *nest, struct reader *recording, int64_t process_id, int64_t at_ns,
	struct error *err);
void nest_deinit(struct nest *nest);

/* The runs of one thread, innermost first; NULL when there are none. */
const struct nest_run *nest_of_thread(const struct nest *nest, int64_t thread_id, size_t *count);

#endif
