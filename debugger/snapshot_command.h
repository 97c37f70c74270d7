/* `snapshot`: a recording of a process that runs, or of an image that it wrote of itself. */
#ifndef ACAUSAL_DEBUGGER_SNAPSHOT_COMMAND_H
#define ACAUSAL_DEBUGGER_SNAPSHOT_COMMAND_H

#include "debugger/command.h"

extern const struct option_row snapshot_options[];

int snapshot_run(struct session *session, const struct invocation *invocation, struct error *err);

#endif
