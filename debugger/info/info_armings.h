/* `info` of a resource: who armed it, and who kept its loop alive. */
#ifndef ACAUSAL_DEBUGGER_INFO_ARMINGS_H
#define ACAUSAL_DEBUGGER_INFO_ARMINGS_H

#include "debugger/info/inquiry.h"

/* How often it was armed; of the newest by whom, and who stopped, replaced or closed that. */
int info_armings(struct inquiry *inquiry, int64_t async_id, struct error *err);

/* Who called uv_ref and uv_unref on it last; nothing when nobody did. */
int info_references(struct inquiry *inquiry, int64_t async_id, int64_t has_ref, struct error *err);

#endif
