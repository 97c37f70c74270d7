/* What in the other recording has the same async stack as a point of the base. */
#ifndef ACAUSAL_DEBUGGER_DIFF_MATCH_H
#define ACAUSAL_DEBUGGER_DIFF_MATCH_H

#include "debugger/diff/view.h"
#include "debugger/recording/point.h"

enum match_kind {
	MATCH_GIVEN,   /* it was named */
	MATCH_SAME,    /* the same async stack, the how manieth it is */
	MATCH_FEWER,   /* the same, and there are fewer: the last one */
	MATCH_NEAREST, /* none is the same: the nearest of what is around it */
	MATCH_KIND     /* the same kind of thing: the crash, the thread of that number */
};

struct match {
	enum match_kind kind;
	struct point base, other; /* as resolved */
	int64_t place;		  /* the how manieth */
};

/*
 * Finds it by gathering both recordings. `base` may be unresolved. An error when there is no such
 * point, or nothing that it could be compared with.
 */
int match_point(
	struct match *ret, struct diff_view *view, const struct point *base, struct error *err);

#endif
