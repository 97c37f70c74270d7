/*
 * Recorded lines, in the order in which they are wanted, with the resource whose run wrote each:
 * what a list and JSON show of them.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_LINES_H
#define ACAUSAL_DEBUGGER_LOG_LINES_H

#include "debugger/recording/lookup.h"
#include "debugger/text/pattern.h"

#include <stdbool.h>

/* A line. Strings are the recording's; the text lives until the next line is looked up. */
struct log_line {
	struct log_row row;
	int64_t async_id; /* UNKNOWN when the run is */
	const char *type;
	const char *with; /* what is shown before the text; NULL: nothing. Borrowed */
};

/* Runs that were looked up last: lines of one run follow each other. Begins zeroed. */
struct log_runs {
	struct {
		int64_t run_id, async_id;
		const char *type;
		bool is_set;
	} rows[1024];
};

/* 1 and the line, 0 there is none of that number, -1 an error. */
int log_line_load(struct reader *recording, struct log_runs *runs, int64_t log_id,
	struct log_line *ret, struct error *err);

/*
 * Calls `take` with the number of each line that matches (all without `match`), in order, until it
 * returns something else than 1: what is returned; 1 at the end of the lines.
 */
int log_lines_each(struct reader *recording, struct pattern *match,
	int (*take)(void *context, int64_t log_id, struct error *err), void *context,
	struct error *err);

#endif
