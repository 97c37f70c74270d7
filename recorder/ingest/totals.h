/*
 * Sums by type and creating stack, kept while recording: the table stack_total. The wait is that of
 * requests, from their creation to their callback, and of handles, from each arming to its first
 * run. One thread.
 */
#ifndef ACAUSAL_INGEST_TOTALS_H
#define ACAUSAL_INGEST_TOTALS_H

#include "recorder/ingest/intern.h"

enum { TOTALS_BUCKETS = 40 };

struct totals {
	struct intern keys; /* {type_id << 32 | stack_id, 0, 0} */
	struct total {
		int64_t created, destroyed, runs, wait_ns, wait_max_ns, run_ns, run_max_ns;
		uint32_t bucket[TOTALS_BUCKETS]; /* runs of [2^n, 2^(n+1)) ns */
	} * sums;
	uint32_t capacity;
};

void totals_init(struct totals *);
void totals_deinit(struct totals *);

/* The number of a sum, from 1; 0 when there are too many. */
uint32_t totals_number(struct totals *, uint32_t type_id, uint32_t stack_id);

/* These do nothing with number 0. */
void totals_created(struct totals *, uint32_t number, int64_t count);
void totals_destroyed(struct totals *, uint32_t number);
void totals_waited(struct totals *, uint32_t number, int64_t ns);
void totals_ran(struct totals *, uint32_t number, int64_t ns);

/* The buckets as a JSON array without its zeros at the end; `size` from 512 up. */
void totals_buckets(const struct total *, char *text, unsigned size);

#endif
