/* `acausal` alone: the recording here in short, and what to type next. */
#ifndef ACAUSAL_DEBUGGER_OVERVIEW_H
#define ACAUSAL_DEBUGGER_OVERVIEW_H

#include "debugger/command.h"

extern const struct command overview_command;

/* When there is no recording and none was asked for, it says how to make one. */
int overview_run(struct session *session, const struct invocation *invocation, struct error *err);

#endif
