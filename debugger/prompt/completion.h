/*
 * What may stand where a word of a line is being typed: commands, options and their values, IDs of
 * the recording, types, queries, SQL. Knows no readline.
 */
#ifndef ACAUSAL_DEBUGGER_COMPLETION_H
#define ACAUSAL_DEBUGGER_COMPLETION_H

#include "debugger/command.h"
#include "debugger/prompt/candidates.h"

/*
 * Adds what line[start … end) may become. The recording is opened for it, and read in bounded time.
 */
void completion_find(struct candidates *candidates, const struct command_table *table,
	struct session *session, const char *line, size_t start, size_t end);

/* The characters that part the words of a line, where it ends at `end`. Borrowed for ever. */
const char *completion_breaks(const struct command_table *table, const char *line, size_t end);

#endif
