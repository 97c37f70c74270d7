/*
 * Where `log` puts the lines that it finds: a list, JSON, or the async stacks of the lines. Lines
 * go out as they come, whatever their number.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_SHOW_H
#define ACAUSAL_DEBUGGER_LOG_SHOW_H

#include "debugger/log/log_search.h"
#include "debugger/log/log_with.h"
#include "debugger/log/render_log.h"
#include "debugger/session.h"
#include "debugger/text/terminal.h"

#define LOG_TRACES	  10   /* different async stacks that are shown, unless told otherwise */
#define LOG_TRACES_LOOKED 1000 /* lines whose stacks are compared for that */

struct log_show {
	struct session *session;
	bool as_json, traces;
	int64_t limit; /* UNKNOWN: none */
	struct log_runs runs;
	struct log_with with; /* values that are shown with each line */
	struct log_list list;
	struct page page;
	struct terminal_flow flow;
	struct json json;
	int64_t count;	 /* lines shown, or gathered to be traced */
	bool has_more;	 /* than the limit */
	bool has_begun;	 /* traces are being shown: what is said before them stands apart */
	int64_t *traced; /* lines whose stacks are wanted */
};

/* `match` highlights; NULL. */
void log_show_begin(struct log_show *show, struct session *session, struct pattern *match);

/*
 * A line; `search` and `query` say how it was found, or are NULL. 1 go on, 0 it is enough, -1 an
 * error.
 */
int log_show_line(struct log_show *show, int64_t log_id, const struct log_search *search,
	const struct search_query *query, struct error *err);

/* The end of it: what waits, the async stacks, the foot. `err` as with any function. */
int log_show_end(struct log_show *show, struct error *err);

/* A sentence below the list, or before the traces. */
void log_show_sentence(struct log_show *show, enum page_style style, const char *words);

void log_show_deinit(struct log_show *show);

#endif
