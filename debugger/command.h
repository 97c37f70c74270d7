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
	/* At the prompt, where Enter alone does the last command again: */
	COMMAND_REPEAT_NOT = 32,   /* not this one */
	COMMAND_REPEAT_ALONE = 64, /* without its arguments: that goes on where it ended */
};

/* What may stand in an argument's place, for completion. */
enum command_completion {
	COMPLETE_NOTHING,
	COMPLETE_POINT,
	COMPLETE_COMMAND,
	COMPLETE_FILE,
	COMPLETE_QUERY, /* a query's name, and then its parameters */
	COMPLETE_TYPE,	/* a resource's type */
	COMPLETE_SQL,
	COMPLETE_SETTING,    /* a setting's name, and then its values */
	COMPLETE_CONTEXT_KEY /* a name that a value of the context has */
};

/* Under which heading a list shows it. X(TAG, heading) */
#define COMMAND_GROUPS(X)                                                                          \
	X(RECORD, "record")                                                                        \
	X(STACK, "how it got here")                                                                \
	X(THINGS, "what there is")                                                                 \
	X(TIME, "a moment in time")                                                                \
	X(DATA, "the recording as data")                                                           \
	X(PROMPT, "the prompt")

#define X(tag, heading) GROUP_##tag,
enum command_group { COMMAND_GROUPS(X) GROUP_COUNT };
#undef X

struct command;

/* The commands there are, in the order of lists; ends with NULL. */
struct command_table {
	const struct command *const *rows;
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
	const char *name;
	const char *aliases; /* other names, parted by blanks; NULL: none. For the prompt also
				letters that would otherwise be ambiguous */
	enum command_group group;
	const char *usage;   /* what follows the name */
	const char *summary; /* one line, no full stop */
	const char
		*description; /* paragraphs, parted by empty lines; lines begun by a blank stay */
	const struct option_row *options;
	int flags;		     /* enum command_flag */
	int least_words, most_words; /* that are no options; -1: any number */
	enum command_completion completion, completion_next; /* of the first word, of others */

	/* Returns the exit status, 0, 1 or 2; `err` tells why when it is not 0. */
	int (*run)(struct session *session, const struct invocation *invocation, struct error *err);
};

/* What POINT is, for descriptions. */
#define COMMAND_POINT_WORDS                                                                        \
	"POINT is what to begin at:\n"                                                             \
	"\n"                                                                                       \
	"  42          an async ID: the creation of that resource (2:42 in process 2)\n"           \
	"  run:97      a run of a callback (run:2:97)\n"                                           \
	"  log:7       a line that the program wrote\n"                                            \
	"  crash       the last crash; crash:1 the first\n"                                        \
	"  thread:3    what a thread was doing when it was killed\n"                               \
	"  process:2   a process: the call that started it\n"                                      \
	"\n"                                                                                       \
	"Without one: the crash, else the thread that was killed, else the last log line."

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
