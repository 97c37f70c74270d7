/* `help`: the commands, or one of them. */
#ifndef ACAUSAL_DEBUGGER_HELP_H
#define ACAUSAL_DEBUGGER_HELP_H

#include "debugger/command.h"

extern const struct option_row help_options[];

int help_run(struct session *session, const struct invocation *invocation, struct error *err);

/* What `acausal help` says, for the shell. */
void help_show_all(const struct command_table *table, FILE *out);

#endif
