/*
 * Commands, by a table that serves the shell and the prompt: names, help, completion, manual pages
 * and what they need come from it alone. The table itself is in command_table.c.
 */
#ifndef ACAUSAL_DEBUGGER_COMMAND_H
#define ACAUSAL_DEBUGGER_COMMAND_H

#include "debugger/option.h"
#include "debugger/session.h"

enum command_flag {
	COMMAND_SHELL = 1,     /* may be given to the program */
	COMMAND_PROMPT = 2,    /* may be typed at the prompt */
	COMMAND_RECORDING = 4, /* needs an open recording */
	COMMAND_RAW = 8,       /* parses its arguments itself, options too */
	COMMAND_REST = 16,     /* at the prompt the words after its options are one text */
};

enum command_completion {
	COMPLETE_NOTHING,
	COMPLETE_POINT,
	COMPLETE_COMMAND,
	COMPLETE_FILE,
	COMPLETE_QUERY
};

struct command;

/* The commands there are; ends with a row without a name. */
struct command_table {
	const struct command *rows;
	void (*show_help)(const struct command *command, FILE *out); /* for COMMAND --help */
};

struct invocation {
	const struct command *command;
	const struct command_table *table;
	struct option_values options;
	char **arguments; /* all of them, for COMMAND_RAW */
	int argument_count;
};

struct command {
	const char *name, *alias;
	const char *usage;   /* what follows the name */
	const char *summary; /* one line, no full stop */
	const char
		*description; /* paragraphs, parted by empty lines; lines begun by a blank stay */
	const struct option_row *options;
	int flags;		     /* enum command_flag */
	int least_words, most_words; /* that are no options; -1: any number */
	enum command_completion completion;

	/* Returns the exit status, 0, 1 or 2; `err` tells why when it is not 0. */
	int (*run)(struct session *session, const struct invocation *invocation, struct error *err);
};

/* By name or alias; NULL when there is none of that name that has one of `flags`. */
const struct command *command_find(const struct command_table *table, const char *name, int flags);

/*
 * The same, but a beginning that only one name has will do. When there is none, or more than one,
 * `err` says so, and what may have been meant.
 */
const struct command *command_find_beginning(
	const struct command_table *table, const char *name, int flags, struct error *err);

/* Says that there is no such command, and what may have been meant. Returns -1. */
int command_unknown(
	const struct command_table *table, const char *name, int flags, struct error *err);

/*
 * Parses the arguments (without the command's name; reordered) and runs it. Returns its exit
 * status; `err->text` is empty when there is nothing to say.
 */
int command_run(const struct command_table *table, const struct command *command,
	struct session *session, int argc, char **argv, struct error *err);

#endif
