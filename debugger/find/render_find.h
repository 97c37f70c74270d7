/* What was found as text and as JSON. */
#ifndef ACAUSAL_DEBUGGER_RENDER_FIND_H
#define ACAUSAL_DEBUGGER_RENDER_FIND_H

#include "debugger/find/search.h"
#include "debugger/session.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"

struct find_view {
	struct session *session; /* borrowed, as all here */
	const struct terms *terms;
	const struct search *search;
	bool all;      /* single resources, and not their kinds */
	int64_t limit; /* lines of them */
};

int render_find_text(const struct find_view *view, struct page *page, struct error *err);
int render_find_json(const struct find_view *view, struct json *json, struct error *err);

#endif
