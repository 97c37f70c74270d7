/* `why` of a run: who armed it, what made it fire, what it waited for, how it went, what it did. */
#ifndef ACAUSAL_DEBUGGER_WHY_RUN_H
#define ACAUSAL_DEBUGGER_WHY_RUN_H

#include "debugger/why/account.h"

/* 1; 0 when there is no such run; -1 an error. `thread_id` may be UNKNOWN. */
int why_run(struct account *account, int64_t run_id, int64_t thread_id, struct error *err);

#endif
