/*
 * Where in time the prompt stands: a moment, on a thread of a process; and which resources stop
 * steps. Kept in the session, as SESSION_CURSOR.
 */
#ifndef ACAUSAL_DEBUGGER_CURSOR_H
#define ACAUSAL_DEBUGGER_CURSOR_H

#include "debugger/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CURSOR_WATCHES_MAX 32

/*
 * Events at one moment are in the order of (rank, id), see resource_events.h; a step goes to what
 * comes after (ns, rank, id) or before it. A cursor that was set by a time stands behind all events
 * of it.
 */
struct cursor_place {
	int64_t ns;
	int rank;
	int64_t id;
};

#define CURSOR_RANK_LAST 1000 /* behind all events of that moment */

struct cursor {
	bool is_set;
	struct cursor_place place;
	int64_t process_id, thread_id;
	int64_t run_id; /* that it stands at the beginning of, or in; or UNKNOWN */
	int64_t watches[CURSOR_WATCHES_MAX]; /* async IDs */
	size_t watch_count;
};

/* That of the session, made when it is asked for first; NULL when memory runs out. */
struct cursor *cursor_of(struct session *session);

/* The moment that it stands at; UNKNOWN while it is nowhere. */
int64_t cursor_ns(struct session *session);

/* Order of places: less than, equal to or greater than 0. */
int cursor_compare(const struct cursor_place *a, const struct cursor_place *b);

/* For as long as a command of this folder runs, statements of any length may run. */
void cursor_begin(struct session *session);
void cursor_end(struct session *session);

#endif
