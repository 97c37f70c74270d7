/*
 * Recorded lines as a list for people, and as JSON for scripts.
 *
 * A list has a line for each: moment, thread, log:N, #ID and text. What is written between #ID and
 * the text marks lines of which something is to be said, and the foot says what. On a terminal a
 * text is cut where the line ends; elsewhere it is whole, but for more than some thousand bytes.
 */
#ifndef ACAUSAL_DEBUGGER_RENDER_LOG_H
#define ACAUSAL_DEBUGGER_RENDER_LOG_H

#include "debugger/log/log_lines.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"
#include "debugger/text/pattern.h"

#define LOG_CELLS   4	/* moment, thread, point, resource */
#define LOG_BLOCK   256 /* lines that are aligned together */
#define LOG_MATCHES 16	/* that are highlighted in a line */

/* A line that waits to be shown: as much of it as may be seen. */
struct log_shown {
	char cells[LOG_CELLS][48];
	struct strbuf text; /* as in the recording */
	struct strbuf with; /* printable; before the text */
	struct pattern_range matches[LOG_MATCHES];
	size_t match_count;
	size_t left_before; /* bytes of the line before `text` */
	int64_t length;	    /* of the whole line */
	bool has_rest, at_flush, is_uncertain, is_cut;
};

/* Begins as {.page = page, .match = the pattern or NULL}. */
struct log_list {
	struct page *page;     /* borrowed */
	struct pattern *match; /* borrowed */
	struct log_shown *waiting;
	size_t count;
	size_t widths[LOG_CELLS], with_width;
	bool any_flush, any_uncertain, any_unknown; /* what the foot has to say */
};

/* Adds a line; one that is not sure is marked. Lines show on the page some at a time. */
int log_list_add(
	struct log_list *list, const struct log_line *line, bool is_uncertain, struct error *err);

/* Puts those on the page that wait. */
void log_list_flush(struct log_list *list);

/* What the marks mean. */
void log_list_foot(struct log_list *list);
void log_list_deinit(struct log_list *list);

/* The keys of a line, within an object that is open. */
void render_log_json(struct json *json, const struct log_line *line);

#endif
