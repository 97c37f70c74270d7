/* Two async stacks, laid side by side, in words. */
#ifndef ACAUSAL_DEBUGGER_DIFF_PATH_VIEW_H
#define ACAUSAL_DEBUGGER_DIFF_PATH_VIEW_H

#include "debugger/diff/lexicon.h"
#include "debugger/diff/match.h"
#include "debugger/diff/view.h"
#include "debugger/lineage/lineage.h"

/* A function of a segment; or the call at its end, of which the run of `before` came. */
struct path_line {
	uint32_t name; /* equal for what is the same */
	const struct segment *segment, *before;
	const struct frame *frame;    /* NULL: the call */
	const struct path_line *like; /* the line of the other path; NULL: there is none */
};

/* From main on. */
struct path {
	struct path_line *lines;
	size_t count, capacity;
	size_t rounds; /* segments that went round and are left out */
	bool is_folded, is_cut;
};

struct path_pair {
	struct diff_view *view;
	struct match match;
	struct lexicon lexicon;
	struct keys segments;
	struct lineage lineages[FOREST_SIDES];
	bool has_lineage[FOREST_SIDES];
	struct path paths[FOREST_SIDES];
	size_t common; /* lines from main on, until they part */
	bool is_same;
};

void path_view_text(struct page *page, const struct path_pair *pair);
void path_view_json(struct json *json, const struct path_pair *pair);

#endif
