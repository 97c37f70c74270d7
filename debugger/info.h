/* `info`: everything known of one resource, run, thread, crash or log line. */
#ifndef ACAUSAL_DEBUGGER_INFO_H
#define ACAUSAL_DEBUGGER_INFO_H

#include "debugger/command.h"

extern const struct option_row info_options[];

int info_run(struct session *session, const struct invocation *invocation, struct error *err);

#endif
