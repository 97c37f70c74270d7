/* The head of an async stack: what the point is, where and when, and inside of what. */
#ifndef ACAUSAL_DEBUGGER_RENDER_HEADING_H
#define ACAUSAL_DEBUGGER_RENDER_HEADING_H

#include "debugger/lineage/async_stack.h"
#include "debugger/text/page.h"

/* One to three lines. */
void render_heading(struct page *page, const struct lineage *lineage, enum recording_state state);

#endif
