/* `source`: commands from a file. */
#ifndef ACAUSAL_DEBUGGER_SOURCE_H
#define ACAUSAL_DEBUGGER_SOURCE_H

#include "debugger/command.h"

#include <stdio.h>

extern const struct command source_command;

/*
 * Does the commands of a file, up to the first that fails, that an interruption ends, or `quit`.
 * Returns that one's status; `err` names file and line.
 */
int source_file(const struct command_table *table, struct session *session, const char *path,
	struct error *err);

/* The same with all that is around it, as execute_whole. */
int source_whole(const struct command_table *table, struct session *session, const char *path);

/*
 * Reads one command: a line without its end, and those that a \ at the end of it adds. The line is
 * kept in *line as by getline. Returns how many lines were read, 0 at the end of the file, -1 when
 * they are far too long.
 */
int source_read(FILE *file, char **line, size_t *size);

#endif
