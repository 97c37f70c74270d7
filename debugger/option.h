/* Options of a command, from its row in the command table: parsed, and told in help and manual. */
#ifndef ACAUSAL_DEBUGGER_OPTION_H
#define ACAUSAL_DEBUGGER_OPTION_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_MAX	  16
#define OPTIONS_GIVEN_MAX 64 /* on one command line */

/* A list of these ends with one without a name and a letter. */
struct option_row {
	const char *name;     /* without "--"; NULL: only a letter */
	char letter;	      /* 0: none */
	const char *argument; /* what it is called in help; NULL: it takes none */
	const char *help;
};

/* What a command line said. Borrows from the argument vector. */
struct option_values {
	const struct option_row *rows;
	const char *values[OPTIONS_MAX]; /* NULL: not given; "": given, takes no argument */
	char **words;			 /* the words that are no options */
	int word_count;
	struct { /* all of them, in their order: one may be given again */
		const struct option_row *row;
		const char *value;
	} given[OPTIONS_GIVEN_MAX];
	int given_count;
};

/*
 * Parses `argv[0 … argc)`, moving what is no option to its front. Options and words may be mixed;
 * "--" ends options. With `stop_at_word` the first word ends options too. One dash will do before
 * a long option that is written in full (-batch).
 */
int option_parse(const struct option_row *rows, int argc, char **argv, bool stop_at_word,
	struct option_values *ret, struct error *err);

/*
 * The value of --name or -name (one letter), the last when there are more; NULL when it was not
 * given or there is no such option.
 */
const char *option_value(const struct option_values *values, const char *name);

/* The row of the option that `word` names ("--by", "--by=link", "-r"); NULL when there is none. */
const struct option_row *option_row_of(const struct option_row *rows, const char *word);

/* Is `word` one of `choices` ("text|json")? */
bool option_is_among(const char *word, const char *choices);

#endif
