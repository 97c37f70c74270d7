/* `help`: the commands, or one of them. */
#ifndef ACAUSAL_DEBUGGER_HELP_H
#define ACAUSAL_DEBUGGER_HELP_H

#include "debugger/command.h"

extern const struct command help_command;

/* What `acausal help` says, for the shell. */
void help_show_all(const struct command_table *table, FILE *out);

#endif
