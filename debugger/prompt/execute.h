/*
 * Lines of the prompt, as they are typed or stand in a file:
 *
 *     trace 42               a command of the table
 *     trace 42 | grep read   what it prints, given to the shell; not of a command whose argument is
 *                            one text, as SQL is: there a | is the text's, unless …
 *     pipe sql … | sort      … the line begins with pipe, or with a |
 *     !ls                    a command of the shell
 *     # words                nothing
 */
#ifndef ACAUSAL_DEBUGGER_EXECUTE_H
#define ACAUSAL_DEBUGGER_EXECUTE_H

#include "debugger/command.h"

/*
 * Does one line. Returns its exit status; `err` tells why when it is not 0, but is empty after a
 * command of the shell, whose status counts as in a shell. Prints no error, so that whoever knows
 * where the line is from can say it.
 */
int execute_line(const struct command_table *table, struct session *session, const char *line,
	struct error *err);

/*
 * The same for a line that was typed or given, with all that is around it: an interruption that
 * came before is forgotten, `pages` lets the pager show what is long, what went wrong is printed.
 */
int execute_whole(
	const struct command_table *table, struct session *session, const char *line, bool pages);

/* Prints why something failed, after what it has printed before. Returns `status`. */
int execute_tell(struct session *session, int status, const struct error *err);

/* What Enter alone does after this line, to be freed; NULL: nothing. */
char *execute_again(const struct command_table *table, const char *line);

/* Ends what is being done. Signal safe. */
void execute_interrupt(void);

/* Whether that was called since the line began that was typed, or it was forgotten. */
bool execute_was_interrupted(void);
void execute_forget_interrupt(void);

#endif
