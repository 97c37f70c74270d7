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
	int64_t source;		       /* lines shown around each frame's; 0: none */
};

/* Text. What it reads beside the lineage is the source line of the point itself. */
void render_trace_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options);

/* Only what stood at the point itself, and the sentence that leads on from there. */
void render_here_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options);

/* What the point is, and its first frames on one line. */
void render_brief_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options);

/*
 * One frame of it, numbered, with what is written there, in which run it stood, and on the way to
 * it, when that goes over a boundary, that one's sentence as above. `index` is of its segment and
 * `from` of the segment that one comes from, the same when there was none.
 */
void render_frame_text(struct page *page, const struct lineage *lineage,
	const struct render_options *options, size_t index, size_t from, const struct frame *frame,
	size_t number);

/* The contract's object. */
void render_trace_json(
	struct json *json, const struct lineage *lineage, const struct render_options *options);

/* The object of one frame. */
void render_frame_json(struct json *json, const struct lineage *lineage, size_t index,
	const struct frame *frame, size_t number);

/* The array of a stack's frames, under `key`. */
void render_frames_json(struct json *json, const char *key, const struct frames *frames, bool full);

#endif
