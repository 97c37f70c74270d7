/* `core`: a core dump's threads, each with its async stack. */
#ifndef ACAUSAL_DEBUGGER_CORE_COMMAND_H
#define ACAUSAL_DEBUGGER_CORE_COMMAND_H

#include "debugger/command.h"

extern const struct option_row core_options[];

int core_run(struct session *session, const struct invocation *invocation, struct error *err);

#endif
