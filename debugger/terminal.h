/* What our standard output is, and a pager for what does not fit on it. */
#ifndef ACAUSAL_DEBUGGER_TERMINAL_H
#define ACAUSAL_DEBUGGER_TERMINAL_H

#include "debugger/page.h"

#include <stdio.h>

/*
 * Sets the page's width and colours for what `out` is. A terminal, or a $COLUMNS that is exported,
 * gives the width and makes it strict; else it is 100, and nothing is shortened. Colour only on a
 * terminal, never with NO_COLOR or TERM=dumb.
 */
void terminal_begin(struct page *page, FILE *out);

/* Writes the page to `out`; through $PAGER or less when `out` is a terminal that is too low. */
void terminal_show(const struct page *page, FILE *out, int may_page);

#endif
