/*
 * What the event loops in a core wait for, as text and as JSON: for a program that was not
 * recorded. It tells what is pending, and not how it came about.
 */
#ifndef ACAUSAL_DEBUGGER_RENDER_PENDING_H
#define ACAUSAL_DEBUGGER_RENDER_PENDING_H

#include "debugger/core/core_view.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"

/* Nothing when there is no loop. */
int render_pending_text(struct page *page, struct core_view *view, struct error *err);

/* The array "loops", within an object. */
int render_pending_json(struct json *json, struct core_view *view, struct error *err);

#endif
