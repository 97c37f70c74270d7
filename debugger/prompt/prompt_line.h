/* One line after another for the prompt: with readline on a terminal, else as they come. */
#ifndef ACAUSAL_DEBUGGER_PROMPT_LINE_H
#define ACAUSAL_DEBUGGER_PROMPT_LINE_H

#include "debugger/command.h"

/* Sets up editing, history (in $XDG_STATE_HOME/acausal) and completion by the table. */
void prompt_line_begin(const struct command_table *table);

/* Keeps the history. */
void prompt_line_end(void);

/* The next line without its newline, to be freed; NULL at the end. */
char *prompt_line_read(void);

/* Remembers a line. */
void prompt_line_remember(const char *line);

#endif
