/*
 * Functions without a name are told by their module and address, which are the same in the same
 * build of the module only.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_BUILDS_H
#define ACAUSAL_DEBUGGER_DIFF_BUILDS_H

#include "debugger/diff/view.h"

/* A line for each module that has such functions and that the recordings have other builds of. */
int diff_builds(struct page *page, const struct diff_view *view, struct error *err);

#endif
