/* Where in time the prompt stands: see cursor.h. */
#include "debugger/time/cursor.h"

#include <stdlib.h>

struct cursor *cursor_of(struct session *session)
{
	struct cursor *cursor = session_attached(session, SESSION_CURSOR);

	if (!cursor && (cursor = calloc(1, sizeof *cursor))) {
		cursor->place.ns = cursor->process_id = cursor->thread_id = UNKNOWN;
		cursor->run_id = UNKNOWN;
		session_attach(session, SESSION_CURSOR, cursor, free);
	}
	return cursor;
}

int64_t cursor_ns(struct session *session)
{
	const struct cursor *cursor = session_attached(session, SESSION_CURSOR);

	return cursor && cursor->is_set ? cursor->place.ns : UNKNOWN;
}

int cursor_compare(const struct cursor_place *a, const struct cursor_place *b)
{
	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->id == b->id ? 0 : a->id < b->id ? -1 : 1;
}

void cursor_begin(struct session *session)
{
	reader_set_budget(session->recording, 0);
}

void cursor_end(struct session *session)
{
	reader_set_budget(session->recording, READER_BUDGET);
}
