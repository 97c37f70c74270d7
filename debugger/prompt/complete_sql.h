/* Completion in an SQL query: tables, columns, functions, keywords. */
#ifndef ACAUSAL_DEBUGGER_COMPLETE_SQL_H
#define ACAUSAL_DEBUGGER_COMPLETE_SQL_H

#include "debugger/prompt/candidates.h"
#include "debugger/session.h"

/* The characters that part words in SQL. */
#define COMPLETE_SQL_BREAKS " \t\n\"'`()[]<>=+-*/%,;|&~.:"

/*
 * Adds what the word at query[start … end) may become. The session's recording must be open. Words
 * that SQLite knows are completed in the case that they are typed in.
 */
void complete_sql(struct candidates *candidates, struct session *session, const char *query,
	size_t start, size_t end);

#endif
