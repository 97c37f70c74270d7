/* `info` of a resource: what adds up over many rows. */
#ifndef ACAUSAL_DEBUGGER_INFO_SUMS_H
#define ACAUSAL_DEBUGGER_INFO_SUMS_H

#include "debugger/info/inquiry.h"

/* Of a stream: bytes read by its runs and written by its requests. */
int info_bytes(struct inquiry *inquiry, const struct resource_row *resource, struct error *err);

/* Of a loop: how long it waited in the kernel. */
int info_polls(struct inquiry *inquiry, int64_t loop_id, struct error *err);

/* What else of its type was made from the same stack. */
int info_alike(struct inquiry *inquiry, const struct resource_row *resource, struct error *err);

#endif
