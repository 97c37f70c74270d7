/*
 * A command of the shell, run as the foreground job beside us: a pager, what a result is piped to,
 * what is typed after `!`. It has the signals as they were for us, SIGPIPE above all, which whoever
 * starts it may ignore. One thread.
 */
#ifndef ACAUSAL_DEBUGGER_SHELL_COMMAND_H
#define ACAUSAL_DEBUGGER_SHELL_COMMAND_H

#include "recorder/base/error.h"

#include <stdio.h>
#include <sys/types.h>

struct shell_command {
	pid_t pid;
	FILE *input; /* what is written to it is its standard input; NULL when it shares ours */
};

/* Starts `sh -c TEXT` reading what is written to ret->input. SIGPIPE must be ignored by then. */
int shell_command_feed(struct shell_command *ret, const char *text, struct error *err);

/* Starts it with our own input; NULL as text starts $SHELL. */
int shell_command_start(struct shell_command *ret, const char *text, struct error *err);

/*
 * Closes its input, if that is still open, and waits for it. Returns its exit status; 128 + N when
 * signal N ended it, as a shell says it.
 */
int shell_command_end(struct shell_command *command);

#endif
