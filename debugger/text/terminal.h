/* What our standard output is, and a pager for what does not fit on it. */
#ifndef ACAUSAL_DEBUGGER_TERMINAL_H
#define ACAUSAL_DEBUGGER_TERMINAL_H

#include "debugger/text/page.h"
#include "debugger/text/shell_command.h"

#include <stdio.h>

/*
 * Sets the page's width and colours for what `out` is. A terminal, or a $COLUMNS that is exported,
 * gives the width and makes it strict; else it is 100, and nothing is shortened. Colour only on a
 * terminal, never with NO_COLOR or TERM=dumb.
 */
void terminal_begin(struct page *page, FILE *out);

/* Is it a terminal, or what terminal_open has given for one? */
bool terminal_is(FILE *out);

/*
 * Writes the page to `out`; through $PAGER or less when `out` is a terminal that is too low. What
 * terminal_open has given pages by itself.
 */
void terminal_show(const struct page *page, FILE *out, int may_page);

/*
 * The same for a page that is too long to be gathered: what there is of it goes out from time to
 * time, through the pager once it is higher than the terminal. Begins as {.out = stream}.
 */
struct terminal_flow {
	FILE *out;		    /* borrowed */
	struct shell_command pager; /* once there is one */
	size_t written;		    /* lines */
	void (*signal_before)(int);
	bool may_page, is_over; /* nobody reads any more */
};

/* Writes what the page holds, if that is much, and empties it. False: nobody reads any more. */
bool terminal_flow_write(struct terminal_flow *flow, struct page *page);

/* Writes the rest. */
void terminal_flow_end(struct terminal_flow *flow, struct page *page);

/*
 * What the user wants instead of what the terminal says. One for the program, as the terminal is;
 * zero-initialised it leaves everything to the terminal.
 */
enum terminal_choice { TERMINAL_AUTO, TERMINAL_ON, TERMINAL_OFF };
struct terminal_wishes {
	size_t columns;			    /* 0: those of the terminal */
	enum terminal_choice colour, pager; /* TERMINAL_ON and _AUTO are the same for the pager */
};
extern struct terminal_wishes terminal_wishes;

/*
 * A stream for all that one command at the prompt writes, whatever it writes: what there is of it
 * is shown when it ends, or goes through the pager from when it is higher than the terminal. Other
 * functions here take it for the terminal. `on_quit` is called when nobody reads any more: the
 * reader has left the pager. NULL when our standard output is no terminal, or somebody else's input
 * is not typed, or the user wants no pager: then stdout will do. At most one is open.
 */
FILE *terminal_open(void (*on_quit)(void));

/*
 * Shows what there is, waits until the pager has been left, and begins again: for whoever needs
 * the terminal. Without an open stream it does nothing.
 */
void terminal_settle(void);

/* The same, and closes it. True when the reader left the pager before the end. */
bool terminal_close(FILE *stream);

#endif
