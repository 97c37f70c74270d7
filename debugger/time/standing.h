/* Moving the cursor: to a moment of a thread, with the run that it was in then. */
#ifndef ACAUSAL_DEBUGGER_STANDING_H
#define ACAUSAL_DEBUGGER_STANDING_H

#include "debugger/time/cursor.h"

/* Puts the cursor on a thread at a moment, behind all that happened then. */
int standing_at(struct session *session, struct cursor *cursor, int64_t thread_id, int64_t ns,
	struct error *err);

/* The thread to look at in a moment: the cursor's while it is there, else a main thread's. */
int standing_thread(struct session *session, const struct cursor *cursor, int64_t ns, int64_t *ret,
	struct error *err);

/* The main thread of a process: 1 and its ID, 0 when it is not there, -1 an error. */
int standing_main_thread(
	struct reader *recording, int64_t process_id, int64_t *ret, struct error *err);

#endif
