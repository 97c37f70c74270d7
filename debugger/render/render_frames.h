/* Frames as lines of text: function, file and line, module; aligned, and fitted to the page. */
#ifndef ACAUSAL_DEBUGGER_RENDER_FRAMES_H
#define ACAUSAL_DEBUGGER_RENDER_FRAMES_H

#include "debugger/recording/frames.h"
#include "debugger/text/page.h"

struct frame_lines {
	struct page *page;	/* borrowed */
	const char *executable; /* goes without saying; may be NULL */
	bool full;		/* also the frames that are set aside */
	bool numbered;
	size_t number;		/* of the next frame */
	size_t function_column; /* where functions begin */
	size_t place_column;	/* where files begin; see frame_lines_measure */
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

/* How many lines that would be. */
size_t frame_lines_count(const struct frame_lines *lines, const struct frames *frames);

/* All frames on the line that is begun, "a src/a.c:1 < b src/b.c:2", as far as there is room. */
void frame_lines_add_inline(const struct frame_lines *lines, const struct frames *frames);

#endif
