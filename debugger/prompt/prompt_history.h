/*
 * What was typed, kept for the next time in $XDG_STATE_HOME/acausal/history (else
 * ~/.local/state). Each line is written when it is typed, so that nothing is lost by a crash, and
 * several prompts at a time add to the same file. Where it cannot be written nothing is kept.
 */
#ifndef ACAUSAL_DEBUGGER_PROMPT_HISTORY_H
#define ACAUSAL_DEBUGGER_PROMPT_HISTORY_H

#define PROMPT_HISTORY_MAX 1000 /* lines */

/* Reads what there is into readline's list. */
void prompt_history_begin(void);

/* Adds a line to the list and the file, unless it is the same as the one before. */
void prompt_history_add(const char *line);

#endif
