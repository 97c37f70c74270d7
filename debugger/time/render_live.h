/* What was alive at a moment, as text for people and as JSON. */
#ifndef ACAUSAL_DEBUGGER_RENDER_LIVE_H
#define ACAUSAL_DEBUGGER_RENDER_LIVE_H

#include "debugger/session.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"
#include "debugger/time/lacks.h"
#include "debugger/time/live_groups.h"

struct live_view {
	struct session *session;
	const struct live_set *set;
	const struct lacks *lacks;
	bool full; /* all groups */
};

int render_live_text(struct page *page, const struct live_view *view, struct error *err);
int render_live_json(struct json *json, const struct live_view *view, struct error *err);

#endif
