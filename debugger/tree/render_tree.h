/* What came of a point as text and as JSON. */
#ifndef ACAUSAL_DEBUGGER_RENDER_TREE_H
#define ACAUSAL_DEBUGGER_RENDER_TREE_H

#include "debugger/session.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"
#include "debugger/tree/bunches.h"

struct tree_view {
	struct session *session; /* borrowed, as all here */
	const struct bunches *bunches;
	enum lineage_edge by;
	bool full;
	int64_t limit; /* bunches that are shown; UNKNOWN: all */
};

int render_tree_text(const struct tree_view *view, struct page *page, struct error *err);

/* An object with a flat array of bunches, a parent before its children. */
int render_tree_json(const struct tree_view *view, struct json *json, struct error *err);

/*
 * Where the code is that made, armed or caused what a bunch has: the innermost frame that says
 * something; NULL when that is not known. *ret is as frames_of_stack gives it.
 */
int render_tree_place(const struct tree_view *view, const struct bunch *bunch,
	const struct frame **ret, struct error *err);

#endif
