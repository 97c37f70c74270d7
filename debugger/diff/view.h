/* What is shown of a comparison, and of what. */
#ifndef ACAUSAL_DEBUGGER_DIFF_VIEW_H
#define ACAUSAL_DEBUGGER_DIFF_VIEW_H

#include "debugger/diff/compare.h"
#include "debugger/diff/gather.h"
#include "debugger/session.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"

/* All borrowed. Of each pair the first is of the base. */
struct diff_view {
	struct session *sessions[FOREST_SIDES];
	struct gathered gathered[FOREST_SIDES];
	const struct forest *forest;
	const struct comparison *comparison;
	int64_t limit; /* differences of a kind that are shown */
	bool all;      /* also those that may be chance */
};

/* The name of a side's recording, printable and short. */
void diff_view_name(struct strbuf *words, const struct diff_view *view, int side);

/* An error when a recording cannot be read further. */
int diff_view_text(struct page *page, const struct diff_view *view, struct error *err);
void diff_view_json(struct json *json, const struct diff_view *view);

#endif
