/* Where the cursor has come to, as text for people and as JSON. */
#ifndef ACAUSAL_DEBUGGER_WHERE_H
#define ACAUSAL_DEBUGGER_WHERE_H

#include "debugger/lineage/lineage.h"
#include "debugger/time/cursor.h"
#include "debugger/time/resource_events.h"

/* What is shown of it. */
struct where {
	struct session *session;
	const struct cursor *cursor;
	/* What it stands at: a point, the call that armed a run, or an event of a resource; or
	 * NULL. */
	const struct point *point;
	const struct lineage *armed; /* back along the link of its segments[0]: segments[1] */
	const struct resource_event *event;
	bool as_json;
};

/* Prints it. */
int where_show(const struct where *where, struct error *err);

/* What the JSON of the commands that move the cursor has, for their descriptions. */
#define WHERE_JSON_WORDS                                                                           \
	"JSON: version, ns, process_id, thread_id; event (null, or kind, async_id, run_id, "       \
	"api);\n"                                                                                  \
	"run (null, or run_id, async_id, type, callback, part, began_ns, ended_ns, "               \
	"outer_run_id,\n"                                                                          \
	"status); link of that run (null, or run_id, thread_id, api, ns) and cause, likewise."

#endif
