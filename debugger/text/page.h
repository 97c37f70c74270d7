/*
 * Text for people, line by line, with colours and a width. A page is gathered in memory, and shown
 * (terminal.h) when it is whole, so that a failure half-way shows nothing.
 *
 * Texts given to it must be printable (printable.h) or our own.
 */
#ifndef ACAUSAL_DEBUGGER_PAGE_H
#define ACAUSAL_DEBUGGER_PAGE_H

#include "debugger/text/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

enum page_style {
	PAGE_PLAIN,
	PAGE_STRONG,   /* what the eye looks for first */
	PAGE_BAD,      /* a crash */
	PAGE_WARN,     /* a differing cause, an incomplete end */
	PAGE_GOOD,     /* a complete end */
	PAGE_FAINT,    /* what is only there to be complete */
	PAGE_BOUNDARY, /* between segments */
	PAGE_PLACE,    /* file and line */
	PAGE_STYLES
};

struct page {
	struct strbuf text;
	size_t columns; /* to aim for */
	size_t measure; /* where page_right ends: not so far that the eye loses the line */
	bool strict;	/* shorten and wrap to stay within; else long lines are let be */
	bool colour;
	size_t column;	  /* where the line stands */
	size_t indent;	  /* of what page_words wraps */
	size_t new_lines; /* lines ended so far */
};

void page_deinit(struct page *page);

/* Adds to the line as it is. */
void page_add(struct page *page, enum page_style style, const char *text);
void page_printf(struct page *page, enum page_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds words; on a strict page a word that does not fit begins a line, indented by page->indent. */
void page_words(struct page *page, enum page_style style, const char *text);

/* Spaces up to a column; at least one when the line is longer than that already. */
void page_tab(struct page *page, size_t column);

/*
 * Puts `text` at the right end of the line, after `fill` repeated. When there is no room it goes on
 * a line of its own: at the right too, but after blanks, which would tear it off: where wrapped
 * words begin.
 */
void page_right(struct page *page, enum page_style fill_style, char fill, enum page_style style,
	const char *text);

/* Columns that are left on the line. */
size_t page_room(const struct page *page);

void page_end_line(struct page *page);

#endif
