/* Processes in a few words, printable. */
#ifndef ACAUSAL_DEBUGGER_DESCRIBE_PROCESS_H
#define ACAUSAL_DEBUGGER_DESCRIBE_PROCESS_H

#include "debugger/recording/lookup.h"
#include "debugger/text/strbuf.h"

/*
 * The words of a command line, of at most `most` bytes, and then " …". `json` is an array of them;
 * what is none stays as it is, and NULL adds nothing.
 */
void describe_command(
	struct strbuf *buffer, struct reader *recording, const char *json, size_t most);

/* "sh -c true": in a sentence, where the command itself goes without its folder. */
void describe_command_briefly(
	struct strbuf *buffer, struct reader *recording, const char *json, size_t most);

/* The command line in brief, as far as that is known, else the executable's name. */
void describe_process(struct strbuf *buffer, struct reader *recording,
	const struct process_row *process, size_t most);

/*
 * "all since +81.2 s; before that, what led to what is still alive": of a process of which
 * something was overwritten.
 */
void describe_history(struct strbuf *buffer, struct reader *recording, int64_t history_from_ns);

/*
 * "exit status 3", "ended by SIGSEGV", "became process 3 by exec", "ended, how is not known",
 * "still there when the recording ended"; nothing while it may run on.
 */
int describe_process_end(struct strbuf *buffer, struct reader *recording,
	const struct process_row *process, struct error *err);

#endif
