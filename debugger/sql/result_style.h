/* How the rows of a query are written: the modes that SQLite's own shell has, and ours. */
#ifndef ACAUSAL_DEBUGGER_RESULT_STYLE_H
#define ACAUSAL_DEBUGGER_RESULT_STYLE_H

#include <stdbool.h>
#include <stddef.h>

/* X(TAG, name, what it is). The first is what there is to begin with. */
#define RESULT_MODES(X)                                                                            \
	X(COLUMN, "column", "aligned under headings; a value a line where that is too wide")       \
	X(WORDS, "words", "the same, with units, and IDs as they are typed")                       \
	X(TABLE, "table", "a table with lines of ASCII")                                           \
	X(BOX, "box", "a table with lines of Unicode")                                             \
	X(MARKDOWN, "markdown", "a table of Markdown")                                             \
	X(LIST, "list", "a row a line, values parted by |")                                        \
	X(TABS, "tabs", "the same, parted by tabs")                                                \
	X(LINE, "line", "a value a line")                                                          \
	X(QUOTE, "quote", "values as SQL writes them")                                             \
	X(INSERT, "insert", "INSERT statements; TABLE may follow")                                 \
	X(HTML, "html", "rows of an HTML table")                                                   \
	X(JSON, "json", "an array of objects")                                                     \
	X(CSV, "csv", "comma-separated values, RFC 4180")

#define X(tag, name, words) RESULT_##tag,
enum result_mode { RESULT_MODES(X) RESULT_MODE_COUNT };
#undef X

enum result_headings {
	RESULT_HEADINGS_USUAL, /* what the mode has */
	RESULT_HEADINGS_ON,
	RESULT_HEADINGS_OFF
};

#define RESULT_WIDTHS_MAX 64

/* Zero-initialised is RESULT_COLUMN with nothing special. Texts are borrowed; NULL is the mode's.
 */
struct result_style {
	enum result_mode mode;
	enum result_headings headings;
	const char *null_text;
	const char *separator, *row_separator; /* of list, tabs and CSV */
	const char *table;		       /* that INSERT names */
	int widths[RESULT_WIDTHS_MAX]; /* of columns; 0: as needed; negative: to the right */
};

/* Does the mode write a line of headings? */
bool result_has_headings(const struct result_style *style);

#endif
