/* `why`: who had the threads of the pool while a request was in its queue. */
#ifndef ACAUSAL_DEBUGGER_WHY_POOL_H
#define ACAUSAL_DEBUGGER_WHY_POOL_H

#include "debugger/why/account.h"

/* `run_id` is that of the request's callback. */
int why_pool(struct account *account, int64_t async_id, int64_t run_id, int64_t from_ns,
	int64_t to_ns, struct error *err);

#endif
