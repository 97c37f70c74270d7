/*
 * One line after another for the prompt, of a terminal, with readline: edited, completed, and
 * remembered for the next time (prompt_history.h). Ctrl-C empties the line.
 */
#ifndef ACAUSAL_DEBUGGER_PROMPT_LINE_H
#define ACAUSAL_DEBUGGER_PROMPT_LINE_H

#include "debugger/command.h"

/* Both are borrowed until prompt_line_end. */
void prompt_line_begin(const struct command_table *table, struct session *session);
void prompt_line_end(void);

/* The next line without its newline, to be freed; NULL at the end. */
char *prompt_line_read(void);

/* For session->ask: at a prompt of its own, on an input that is no terminal without one. */
char *prompt_line_ask(struct session *session, const char *prompt, bool *ret_interrupted);

/* Remembers a line, unless the user does not want that. */
void prompt_line_remember(const char *line);

/* The next command of an input that is no terminal, to be freed; NULL at the end. */
char *prompt_line_next(FILE *file);

#endif
