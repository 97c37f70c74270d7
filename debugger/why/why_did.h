/* `why`: what a run did. */
#ifndef ACAUSAL_DEBUGGER_WHY_DID_H
#define ACAUSAL_DEBUGGER_WHY_DID_H

#include "debugger/why/account.h"

/* What it made, armed, fired and wrote, and what ran inside of it. */
int why_did(struct account *account, const struct execution *in, struct error *err);

#endif
