/* `info` of a resource: how often and how long it ran. */
#ifndef ACAUSAL_DEBUGGER_INFO_RUNS_H
#define ACAUSAL_DEBUGGER_INFO_RUNS_H

#include "debugger/info/inquiry.h"

/* Of a handle: its runs, summed up. */
int info_runs(struct inquiry *inquiry, int64_t async_id, struct error *err);

/* Of a request: its one run. */
int info_request_run(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err);

/* When a thread of the pool had a request; nothing when none did. */
int info_pool(struct inquiry *inquiry, const struct resource_row *resource, struct error *err);

#endif
