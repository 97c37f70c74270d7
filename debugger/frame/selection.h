/*
 * The async stack that was shown last, and a frame of it: what `frame`, `up`, `down` and `list` go
 * on from. Kept with the session as SESSION_SELECTION.
 */
#ifndef ACAUSAL_DEBUGGER_SELECTION_H
#define ACAUSAL_DEBUGGER_SELECTION_H

#include "debugger/lineage/lineage.h"
#include "debugger/session.h"

struct selection {
	struct lineage lineage;
	struct lineage_options options;
	bool is_empty; /* there is no stack, only what was listed */
	bool is_kept;  /* the lineage is good for more than one command */
	size_t number; /* of the frame, as `trace` numbers them */

	struct {			/* what `list` showed last; none when `file` is NULL */
		char *file, *directory; /* as the recording names it */
		int64_t first, last;
		int64_t marked; /* 0: none */
	} listed;
};

/* A frame of an async stack, with its place in it. */
struct selected {
	size_t segment, number;
	const struct frame *frame;
};

/*
 * For a command that has shown an async stack: it is the selected one from then on. Takes what
 * `lineage` holds. The frame is the innermost of the program's own, or stays what it was when the
 * same stack is shown again.
 */
void selection_take(
	struct session *session, struct lineage *lineage, const struct lineage_options *options);

/*
 * The selection, made of `point` when that is not NULL, else of what was shown last, else of what
 * session_point gives. A stack that was not the selected one is what was looked at last, too.
 * Borrowed; good until the recording is released.
 */
int selection_load(struct session *session, const struct point *point, struct selection **ret,
	struct error *err);

/* For what needs no stack: the selection as it is, else an empty one. NULL when memory is short. */
struct selection *selection_as_is(struct session *session);

/* Selects a frame; `list` begins anew at it. */
void selection_choose(struct selection *selection, size_t number);

/* Frame `number`, or the last one when there are not so many. False when there is none at all. */
bool selection_frame(const struct selection *selection, size_t number, struct selected *ret);

#endif
