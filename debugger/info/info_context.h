/* `info`: the values of a context in force. Nothing where the recording has no context at all. */
#ifndef ACAUSAL_DEBUGGER_INFO_CONTEXT_H
#define ACAUSAL_DEBUGGER_INFO_CONTEXT_H

#include "debugger/info/inquiry.h"

/* Where a resource was made. */
int info_context_of_resource(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err);

/* In a run, at a moment; UNKNOWN: at its end. */
int info_context_in_run(
	struct inquiry *inquiry, const struct run_row *run, int64_t at_ns, struct error *err);

#endif
