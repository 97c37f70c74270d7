/* Help and manual pages, from the command table. */
#ifndef ACAUSAL_DEBUGGER_MANUAL_H
#define ACAUSAL_DEBUGGER_MANUAL_H

#include <stdio.h>

struct command;
struct command_table;

/* A command's own help, as text. */
void manual_show(const struct command *command, FILE *out);

/* All commands, one line each. `flags`: those of the shell or of the prompt. */
void manual_list(const struct command_table *table, int flags, FILE *out);

/* A page for man(1): of a command, acausal-NAME(1), or with NULL of the program, acausal(1). */
void manual_write_roff(const struct command_table *table, const struct command *command, FILE *out);

#endif
