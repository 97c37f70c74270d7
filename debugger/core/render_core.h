/* A core dump as text for people, and as JSON for scripts. */
#ifndef ACAUSAL_DEBUGGER_RENDER_CORE_H
#define ACAUSAL_DEBUGGER_RENDER_CORE_H

#include "debugger/core/core_view.h"
#include "debugger/session.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"

struct core_show {
	struct core_view *view;
	struct reader *recording;      /* NULL: there is none; borrowed */
	struct frames_cache *cache;    /* of the recording; borrowed */
	const struct session *session; /* how commands are typed */
	bool is_joined;		       /* the recording is not of the core's own history */
	bool full;		       /* as of `trace` */
	const char *why_not;	       /* why there is no recording though there was history */
};

/* -1 only for want of memory. */
int render_core_text(struct page *page, const struct core_show *show, struct error *err);

/* The contract's object. */
int render_core_json(struct json *json, const struct core_show *show, struct error *err);

#endif
