/* An async stack as text for people, and as JSON for scripts. */
#ifndef ACAUSAL_DEBUGGER_RENDER_TRACE_H
#define ACAUSAL_DEBUGGER_RENDER_TRACE_H

#include "debugger/lineage/async_stack.h"
#include "debugger/session.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"

struct render_options {
	bool full;  /* also the frames that are set aside; all segments */
	bool whole; /* all segments, however many: text leaves the middle of a long stack out */
	enum recording_state state;
	const struct session *session; /* how commands are typed; NULL: no recording named */
	bool headless;		       /* what the point is has been said */
};

/* Text. What it reads beside the lineage is the source line of the point itself. */
void render_trace_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options);

/* The contract's object. */
void render_trace_json(
	struct json *json, const struct lineage *lineage, const struct render_options *options);

/* The array of a stack's frames, under `key`. */
void render_frames_json(struct json *json, const char *key, const struct frames *frames, bool full);

#endif
