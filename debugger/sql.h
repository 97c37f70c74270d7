/* `sql`: a query of the user's own, read only. */
#ifndef ACAUSAL_DEBUGGER_SQL_H
#define ACAUSAL_DEBUGGER_SQL_H

#include "debugger/command.h"

extern const struct option_row sql_options[];

int sql_run(struct session *session, const struct invocation *invocation, struct error *err);

#endif
