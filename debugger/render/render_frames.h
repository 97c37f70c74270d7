/* Frames as lines of text: function, file and line, module; aligned, and fitted to the page. */
#ifndef ACAUSAL_DEBUGGER_RENDER_FRAMES_H
#define ACAUSAL_DEBUGGER_RENDER_FRAMES_H

#include "debugger/recording/frames.h"
#include "debugger/source/source_text.h"
#include "debugger/text/page.h"

struct frame_lines {
	struct page *page;	/* borrowed */
	const char *executable; /* goes without saying; may be NULL */
	bool full;		/* also the frames that are set aside */
	bool numbered;
	size_t number;		/* of the next frame */
	size_t function_column; /* where functions begin */
	size_t place_column;	/* where files begin; see frame_lines_measure */
	int64_t context;	/* lines of source shown around that of each frame; 0: none */
};

/* How much a place says of where the program stood. */
enum frame_detail {
	FRAME_LINE,   /* file and line */
	FRAME_COLUMN, /* and the column */
	FRAME_SOURCE  /* and what is written there */
};

/* Moves place_column behind the functions of these frames, within reason. */
void frame_lines_measure(struct frame_lines *lines, const struct frames *frames);

/* Adds a line for each. The first has as much detail as `detail` says. */
void frame_lines_add(
	struct frame_lines *lines, const struct frames *frames, enum frame_detail detail);

/* One frame alone, with its number. */
void frame_lines_add_one(
	struct frame_lines *lines, const struct frame *frame, enum frame_detail detail);

/* Whether a frame has a number: it is shown, and a place. */
bool frame_is_numbered(const struct frame *frame, bool full);

/* How many of them have one. */
size_t frame_lines_count(const struct frame_lines *lines, const struct frames *frames);

/* "on_retry", else why there is no name: an address. */
void frame_add_function(struct strbuf *buffer, const struct frame *frame);

/*
 * Source around a line, from `first` to `last`, each line with its number; `marked` is pointed at,
 * 0: none. Returns the number of the last line shown, 0 when the file has none of them.
 */
int64_t frame_lines_add_source(const struct frame_lines *lines, const struct source_text *text,
	int64_t first, int64_t last, int64_t marked);

/* All frames on the line that is begun, "a src/a.c:1 < b src/b.c:2", as far as there is room. */
void frame_lines_add_inline(const struct frame_lines *lines, const struct frames *frames);

#endif
