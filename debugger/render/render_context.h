/* Values of a context, in words and as JSON. */
#ifndef ACAUSAL_DEBUGGER_RENDER_CONTEXT_H
#define ACAUSAL_DEBUGGER_RENDER_CONTEXT_H

#include "debugger/lineage/context_values.h"
#include "debugger/text/json.h"
#include "debugger/text/strbuf.h"

/*
 * "request_id=7f3a, user=alice (set in run:62)"; of what was set in `run_id` itself "(set in it)".
 * Nothing when no value is in force. Of many only the first are named.
 */
void render_context_words(
	struct strbuf *words, const struct context_values *values, int64_t run_id);

/*
 * "; request_id=91c0 differs" for what was in force on the other side, and here has another value,
 * "; request_id=91c0 is lost here" for what has none.
 */
void render_context_difference(struct strbuf *words, const struct context_values *here,
	const struct context_values *there);

/* The object under "context": keys and values in force. */
void render_context_json(struct json *json, const struct context_values *values);

#endif
