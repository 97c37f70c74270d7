/* A line that was typed, as words: the quoting of a shell, and nothing else of it. */
#ifndef ACAUSAL_DEBUGGER_WORDS_H
#define ACAUSAL_DEBUGGER_WORDS_H

#include "recorder/base/error.h"

#define WORDS_MAX 64

struct words {
	char *storage;
	char *list[WORDS_MAX + 1]; /* ends with NULL */
	int offsets[WORDS_MAX];	   /* where each began in the line */
	int count;
};

/*
 * Splits at blanks; '…', "…" and \ quote. An error when a quote is not closed or there are too many
 * words. To be ended with words_deinit, also after an error.
 */
int words_split(struct words *words, const char *line, struct error *err);
void words_deinit(struct words *words);

/*
 * Where the | stands that parts a command from a command of the shell: the first that is not quoted
 * and follows a blank, and is not ||, which SQL has. -1: nowhere.
 */
int words_find_pipe(const char *line);

#endif
