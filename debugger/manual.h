/* Help and manual pages, from the command table. */
#ifndef ACAUSAL_DEBUGGER_MANUAL_H
#define ACAUSAL_DEBUGGER_MANUAL_H

#include <stdio.h>

struct command;
struct command_table;

/*
 * Each is filled to the width of the terminal, or to 80 columns where there is none, and paged
 * where the terminal is lower.
 */
/* A command's own help. */
void manual_show(const struct command *command, FILE *out);

/* All commands of the shell, or of the prompt, one line each, and what to do with them. */
void manual_list_shell(const struct command_table *table, FILE *out);
void manual_list_prompt(const struct command_table *table, FILE *out);

/* A page for man(1): of a command, acausal-NAME(1), or with NULL of the program, acausal(1). */
void manual_write_roff(const struct command_table *table, const struct command *command, FILE *out);

#endif
