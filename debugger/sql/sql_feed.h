/*
 * Lines of SQL as they are typed or stand in a file: statements, which end at a ';' however many
 * lines they take, and dot commands, which are a line each.
 */
#ifndef ACAUSAL_DEBUGGER_SQL_FEED_H
#define ACAUSAL_DEBUGGER_SQL_FEED_H

#include "debugger/sql/sql_run.h"

/* What does a dot command's line; dot_command_run. */
typedef int sql_feed_dot(struct sql_run *run, const char *line, struct error *err);

struct sql_feed {
	struct sql_run *run;
	sql_feed_dot *dot;
	struct strbuf text; /* what there is of a statement that is not yet whole */
	size_t text_line;   /* where that began */
	size_t line;	    /* that came last, from 1 */
};

/* A line without its newline. Returns the exit status of what it ended, else 0. */
int sql_feed_line(struct sql_feed *feed, const char *line, struct error *err);

/* The end: what there is of a statement is run without its ';'. Frees what the feed holds. */
int sql_feed_end(struct sql_feed *feed, struct error *err);

/* Forgets what there is of a statement. */
void sql_feed_forget(struct sql_feed *feed);

/* The lines of a file, to the first that fails or .quit. */
int sql_feed_file(struct sql_run *run, sql_feed_dot *dot, FILE *file, struct error *err);

/* The lines of a text. */
int sql_feed_text(struct sql_run *run, sql_feed_dot *dot, const char *text, struct error *err);

#endif
