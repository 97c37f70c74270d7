/*
 * What the dot commands of `sql` have set (.mode, .headers, .timer …). At the prompt they are kept
 * for the session, also when it goes over to another recording.
 */
#ifndef ACAUSAL_DEBUGGER_SQL_SETTINGS_H
#define ACAUSAL_DEBUGGER_SQL_SETTINGS_H

#include "debugger/session.h"
#include "debugger/sql/result_style.h"

#include <sqlite3.h>

/* A value for a parameter of queries, ":limit" or "?1". */
struct sql_parameter {
	struct sql_parameter *next;
	char *name, *value;
};

struct sql_settings {
	struct result_style style; /* its texts are these: */
	char *null_text, *separator, *row_separator, *table;
	bool timer;	   /* say how long a statement took */
	bool explain;	   /* show a statement's plan before its rows */
	FILE *output;	   /* where results go; NULL: where the session's do */
	char *output_path; /* its name */
	bool once;	   /* only the next result */
	struct sql_parameter *parameters;
};

/* The session's; made when there are none yet. NULL: out of memory. */
struct sql_settings *sql_settings_of(struct session *session);

/* Takes a copy of `text` for one of the texts, and lets style know. NULL is the mode's own. */
int sql_settings_text(
	struct sql_settings *settings, char **which, const char *text, struct error *err);

/* Sends results to a file, made anew; NULL: to where the session's go. */
int sql_settings_output(
	struct sql_settings *settings, const char *path, bool once, struct error *err);

/* Sets a parameter; without a value it is forgotten, without a name all are. */
int sql_settings_parameter(
	struct sql_settings *settings, const char *name, const char *value, struct error *err);

/*
 * Gives a statement's parameters their values: as numbers when they are written so, NULL, a text in
 * or without quotes. Those that have none stay NULL.
 */
void sql_settings_bind(const struct sql_settings *settings, sqlite3_stmt *statement);

#endif
