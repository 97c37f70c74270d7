/* What our standard output is, and a pager for what does not fit on it. */
#ifndef ACAUSAL_DEBUGGER_TERMINAL_H
#define ACAUSAL_DEBUGGER_TERMINAL_H

#include "debugger/text/page.h"

#include <stdio.h>

/*
 * Sets the page's width and colours for what `out` is. A terminal, or a $COLUMNS that is exported,
 * gives the width and makes it strict; else it is 100, and nothing is shortened. Colour only on a
 * terminal, never with NO_COLOR or TERM=dumb.
 */
void terminal_begin(struct page *page, FILE *out);

/* Writes the page to `out`; through $PAGER or less when `out` is a terminal that is too low. */
void terminal_show(const struct page *page, FILE *out, int may_page);

/*
 * The same for a page that is too long to be gathered: what there is of it goes out from time to
 * time, through the pager once it is higher than the terminal. Begins as {.out = stream}.
 */
struct terminal_flow {
	FILE *out;	/* borrowed */
	FILE *pager;	/* once there is one */
	size_t written; /* lines */
	void (*signal_before)(int);
	bool may_page, is_over; /* nobody reads any more */
};

/* Writes what the page holds, if that is much, and empties it. False: nobody reads any more. */
bool terminal_flow_write(struct terminal_flow *flow, struct page *page);

/* Writes the rest. */
void terminal_flow_end(struct terminal_flow *flow, struct page *page);

#endif
