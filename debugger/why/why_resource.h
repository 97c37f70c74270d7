/* `why` of a resource: who made it, how it came to run, and why it ended, or did not. */
#ifndef ACAUSAL_DEBUGGER_WHY_RESOURCE_H
#define ACAUSAL_DEBUGGER_WHY_RESOURCE_H

#include "debugger/why/account.h"

int why_resource(struct account *account, const struct point *point, struct error *err);

#endif
