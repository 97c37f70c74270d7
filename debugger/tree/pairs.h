/*
 * Runs by another ID, in the place of an index that a recording does not have yet: of a run the
 * resource, of a run with its arming in one row the run that armed it. 16 bytes each, in memory.
 */
#ifndef ACAUSAL_DEBUGGER_PAIRS_H
#define ACAUSAL_DEBUGGER_PAIRS_H

#include "debugger/recording/reader.h"

struct pair {
	int64_t key, run_id;
};

struct pairs {
	struct pair *rows; /* by key and run */
	size_t count, capacity;
};

/* Of the two columns that `sql` gives. An error also when there are more than fit into memory. */
int pairs_init(struct pairs *pairs, struct reader *recording, const char *sql, struct error *err);
void pairs_deinit(struct pairs *pairs);

/* The index of the first of `key` whose run is greater than `after`, or where it would be. */
size_t pairs_first(const struct pairs *pairs, int64_t key, int64_t after);

#endif
