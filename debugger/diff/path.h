/* Two async stacks compared: where they part on the way from main. */
#ifndef ACAUSAL_DEBUGGER_DIFF_PATH_H
#define ACAUSAL_DEBUGGER_DIFF_PATH_H

#include "debugger/diff/view.h"
#include "debugger/recording/point.h"

/*
 * Shows the async stack of `base` beside that of `other`, or of what in the other recording has the
 * same when that is NULL. Returns the exit status: with `by_code` 1 when they differ.
 */
int diff_path(struct diff_view *view, const struct point *base, const struct point *other,
	bool as_json, bool by_code, struct error *err);

#endif
