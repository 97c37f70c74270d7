/*
 * What happened to one resource, event by event: made, armed, made to fire, called and returned
 * from, disarmed, ended. Events of one moment come in the order of their kinds, and of one kind by
 * ID.
 */
#ifndef ACAUSAL_DEBUGGER_RESOURCE_EVENTS_H
#define ACAUSAL_DEBUGGER_RESOURCE_EVENTS_H

#include "debugger/recording/lookup.h"
#include "debugger/time/cursor.h"

/* X(TAG, name in JSON, words); the order is that of what happens at one moment. */
#define RESOURCE_EVENTS(X)                                                                         \
	X(CREATED, "created", "made")                                                              \
	X(ARMED, "armed", "armed")                                                                 \
	X(CAUSED, "caused", "made to fire")                                                        \
	X(DISARMED, "disarmed", "disarmed")                                                        \
	X(BEGAN, "began", "begins")                                                                \
	X(ENDED, "ended", "ends")                                                                  \
	X(DESTROYED, "destroyed", "destroyed")

#define X(tag, name, words) EVENT_##tag,
enum resource_event_kind { RESOURCE_EVENTS(X) RESOURCE_EVENT_KINDS };
#undef X

struct resource_event {
	struct cursor_place
		place; /* rank: the kind; id: of the run, arming or cause; else async_id */
	enum resource_event_kind kind;
	int64_t async_id;
	int64_t run_id;	   /* that began or ended, or in which it was done; may be UNKNOWN */
	int64_t thread_id; /* may be UNKNOWN */
	int64_t stack_id;  /* where that was done; UNKNOWN of a run */
	const char *api;   /* by which call; NULL: none, or not known */
	const char *end;   /* of an arming: stopped, replaced, closed */
};

const char *resource_event_name(enum resource_event_kind kind);
const char *resource_event_words(enum resource_event_kind kind);

/*
 * The event of a resource that came next after a place, or last before it. 1 and the event, 0 when
 * there is none, -1 an error. Without an index it reads tables from the place on.
 */
int resource_event_next(struct reader *recording, int64_t async_id,
	const struct cursor_place *place, struct resource_event *ret, struct error *err);
int resource_event_last(struct reader *recording, int64_t async_id,
	const struct cursor_place *place, struct resource_event *ret, struct error *err);

#endif
