/* Completion of a POINT: what an ID of this recording can still become. */
#ifndef ACAUSAL_DEBUGGER_COMPLETE_POINT_H
#define ACAUSAL_DEBUGGER_COMPLETE_POINT_H

#include "debugger/prompt/candidates.h"
#include "debugger/session.h"

/*
 * Adds the points that begin with `text`: kinds of them ("run:"), then IDs, found by bisection
 * however many there are. The session's recording must be open.
 */
void complete_point(struct candidates *candidates, struct session *session, const char *text);

#endif
