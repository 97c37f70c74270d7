/* `why`: what a run waited for, from its arming to its beginning. */
#ifndef ACAUSAL_DEBUGGER_WHY_WAIT_H
#define ACAUSAL_DEBUGGER_WHY_WAIT_H

#include "debugger/why/account.h"

/* `armed` is the segment that armed `in`, with its wait. */
int why_wait(struct account *account, const struct segment *armed, const struct execution *in,
	struct error *err);

#endif
