/*
 * SQL text, run statement by statement on a session's recording, its rows written as the settings
 * say. The query is the user's own; what a statement may do is decided in reader_guard.c.
 */
#ifndef ACAUSAL_DEBUGGER_SQL_RUN_H
#define ACAUSAL_DEBUGGER_SQL_RUN_H

#include "debugger/sql/sql_settings.h"

/* What is being run: a text that may come in pieces. */
struct sql_run {
	struct session *session;
	struct sql_settings *settings;
	bool is_single;	  /* its result is to be one: one statement that has rows, not more */
	bool is_typed;	  /* line by line, at a prompt of its own */
	bool quits;	  /* .quit */
	int statements;	  /* and dot commands, that have been run */
	int results;	  /* that have been written */
	int depth;	  /* of files that read files */
	const char *path; /* of the file that is read; NULL: none */
};

/* All statements of `text`, which begins at line `line`. Returns an exit status. */
int sql_run_text(struct sql_run *run, const char *text, size_t line, struct error *err);

/*
 * One query of our own, with up to one parameter; `plain` writes one value a line, with its own
 * lines kept.
 */
int sql_run_own(
	struct sql_run *run, const char *sql, const char *parameter, bool plain, struct error *err);

/* Where results go. */
FILE *sql_run_out(const struct sql_run *run);

/* A result has been written: what was for it alone is over. */
void sql_run_end_result(struct sql_run *run);

#endif
