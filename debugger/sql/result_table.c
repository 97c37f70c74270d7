/*
 * Rows of a query as a table: see result_table.h. The first rows are gathered, for the widths of
 * the columns; what comes after them is written as it comes. All text is made printable.
 */
#include "debugger/sql/result_table.h"

#include "debugger/sql/result_words.h"
#include "debugger/text/page.h"
#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MEASURED_ROWS 1000
#define CELL_MAX      4000 /* bytes of a text that a table shows */
#define LEAST_WIDTH   12   /* that a text is shortened to */

/* What stands around and between cells. NULL: no such line. */
struct borders {
	const char *left, *between, *right;
	const char *fill; /* of lines */
	const char *top[3], *middle[3], *bottom[3];
};

static const struct borders none = {.left = "", .between = "  ", .right = ""};
static const struct borders ascii = {
	"| ", " | ", " |", "-", {"+-", "-+-", "-+"}, {"+-", "-+-", "-+"}, {"+-", "-+-", "-+"}};
static const struct borders lines = {
	"│ ", " │ ", " │", "─", {"┌─", "─┬─", "─┐"}, {"├─", "─┼─", "─┤"}, {"└─", "─┴─", "─┘"}};
static const struct borders markdown = {
	.left = "| ", .between = " | ", .right = " |", .fill = "-", .middle = {"|", "|", "|"}};

struct table {
	const struct result_style *style;
	const struct borders *borders;
	int columns;
	enum result_meaning *meanings;
	size_t *widths;
	bool *numeric;	     /* to the right */
	struct strbuf cells; /* each with a NUL behind, row by row */
	size_t rows;
	struct page page;
	bool shown, is_fitted;
};

/* A | in a cell of Markdown is written \|. */
static void escape_bars(struct strbuf *buffer, size_t from)
{
	char *cell = buffer->data && strchr(buffer->data + from, '|') ? strdup(buffer->data + from)
								      : NULL;
	const char *c;

	if (!cell)
		return;
	strbuf_truncate(buffer, from);
	for (c = cell; *c; c++) {
		strbuf_add_string(buffer, *c == '|' ? "\\" : "");
		strbuf_add_char(buffer, *c);
	}
	free(cell);
}

static void add_value(
	const struct table *table, struct strbuf *buffer, sqlite3_stmt *row, int column)
{
	const char *text;

	if (sqlite3_column_type(row, column) == SQLITE_NULL) {
		printable_add_string(buffer, table->style->null_text);
		return;
	}
	if (sqlite3_column_type(row, column) == SQLITE_INTEGER &&
		result_add_words(
			buffer, table->meanings[column], sqlite3_column_int64(row, column)))
		return;
	text = sqlite3_column_type(row, column) == SQLITE_BLOB
		       ? sqlite3_column_blob(row, column)
		       : (const char *)sqlite3_column_text(row, column);
	if (text)
		printable_add(buffer, text, (size_t)sqlite3_column_bytes(row, column), CELL_MAX);
}

static void add_cell(
	const struct table *table, struct strbuf *buffer, sqlite3_stmt *row, int column)
{
	size_t before = buffer->length;

	add_value(table, buffer, row, column);
	if (table->borders == &markdown)
		escape_bars(buffer, before);
}

static bool is_number(sqlite3_stmt *row, int column)
{
	int type = sqlite3_column_type(row, column);

	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

/* The width that the user has set for a column; 0: none. */
static size_t set_width(const struct table *table, int column)
{
	int width = column < RESULT_WIDTHS_MAX ? table->style->widths[column] : 0;

	return width == INT_MIN ? 0 : (size_t)abs(width);
}

static bool is_to_the_right(const struct table *table, int column)
{
	if (set_width(table, column))
		return table->style->widths[column] < 0;
	return table->numeric[column];
}

static void print_cell(struct table *table, int column, enum page_style style, const char *text)
{
	size_t width = printable_width(text), wanted = table->widths[column];
	struct page *page = &table->page;
	struct strbuf shortened = {0};
	bool is_last = column + 1 == table->columns;

	if (result_is_below(table->meanings[column])) {
		if (table->meanings[column] == RESULT_STACK)
			result_add_stack(page, text);
		else
			result_add_advice(page, text);
		return;
	}
	if ((set_width(table, column) || table->is_fitted) && width > wanted) {
		printable_shorten(&shortened, text, wanted, wanted / 2);
		text = strbuf_string(&shortened);
		width = printable_width(text);
	}
	page_add(page, PAGE_FAINT, column ? table->borders->between : table->borders->left);
	if (is_to_the_right(table, column))
		for (; width < wanted; width++)
			page_add(page, PAGE_PLAIN, " ");
	page_add(page, style, text);
	/* Blanks at the end of a line are nobody's. */
	for (; width < wanted && !(is_last && table->borders == &none); width++)
		page_add(page, PAGE_PLAIN, " ");
	if (is_last)
		page_add(page, PAGE_FAINT, table->borders->right);
	strbuf_deinit(&shortened);
}

/*
 * A line between rows: with its left end, its crossings and its right end. In Markdown it says,
 * with a colon, which columns stand at the right.
 */
static void print_line(struct table *table, const char *const ends[3])
{
	bool is_markdown = table->borders == &markdown;
	struct page *page = &table->page;
	size_t i, width;
	int column;

	if (!ends[0])
		return;
	page_add(page, PAGE_FAINT, ends[0]);
	for (column = 0; column < table->columns; column++) {
		page_add(page, PAGE_FAINT, column ? ends[1] : "");
		width = table->widths[column] + (is_markdown ? 2 : 0);
		for (i = 0; i < width; i++) {
			bool colon =
				is_markdown && is_to_the_right(table, column) && i + 1 == width;

			page_add(page, PAGE_FAINT, colon ? ":" : table->borders->fill);
		}
	}
	page_add(page, PAGE_FAINT, ends[2]);
	page_end_line(page);
}

static void print_heading(struct table *table, sqlite3_stmt *row)
{
	struct strbuf name = {0};
	int i;

	print_line(table, table->borders->top);
	if (!result_has_headings(table->style))
		return;
	for (i = 0; i < table->columns; i++) {
		if (result_is_below(table->meanings[i]))
			continue;
		strbuf_clear(&name);
		result_add_name(&name, table->meanings[i], sqlite3_column_name(row, i));
		print_cell(table, i, PAGE_STRONG, strbuf_string(&name));
	}
	page_end_line(&table->page);
	print_line(table, table->borders->middle);
	strbuf_deinit(&name);
}

/*
 * For people, on a terminal: texts are shortened, the widest first, until a row fits on a line.
 * What is data stays whole.
 */
static void fit(struct table *table)
{
	size_t total = 0;
	int column, widest;

	for (column = 0; column < table->columns; column++)
		if (!result_is_below(table->meanings[column]))
			total += table->widths[column] + (column ? 2 : 0);
	if (table->style->mode != RESULT_WORDS || !table->page.strict)
		return;
	while (total > table->page.columns) {
		widest = -1;
		for (column = 0; column < table->columns; column++)
			if (!table->numeric[column] && !result_is_below(table->meanings[column]) &&
				(widest < 0 || table->widths[column] > table->widths[widest]))
				widest = column;
		if (widest < 0 || table->widths[widest] <= LEAST_WIDTH)
			return;
		table->widths[widest]--;
		table->is_fitted = true;
		total--;
	}
}

/* The last cell of the row that begins at `cell`. */
static const char *last_cell(const struct table *table, const char *cell)
{
	int column;

	for (column = 0; column + 1 < table->columns; column++)
		cell += strlen(cell) + 1;
	return cell;
}

/* Has the row after the one that ends with `stack` the same stack? Then that is shown below it. */
static bool is_shared(const struct table *table, size_t row, const char *stack)
{
	return row + 1 < table->rows && *stack &&
	       !strcmp(stack, last_cell(table, stack + strlen(stack) + 1));
}

/* The stack of a row, unless it is that of the next one too. */
static void print_stack(struct table *table, size_t row, const char *stack, int *sharing)
{
	++*sharing;
	if (is_shared(table, row, stack))
		return;
	if (*sharing > 1 && *stack) {
		page_end_line(&table->page);
		page_printf(&table->page, PAGE_FAINT, "    all %d:", *sharing);
	}
	result_add_stack(&table->page, stack);
	*sharing = 0;
}

/*
 * Does the last column begin beyond the terminal's right edge? Then rows torn into several lines
 * cannot be read, but one value a line can.
 */
static bool is_too_wide(const struct table *table, FILE *out)
{
	size_t begin = 0;
	int column;

	if (table->style->mode != RESULT_COLUMN || !terminal_is(out))
		return false;
	for (column = 0; column + 1 < table->columns; column++) {
		if (set_width(table, column))
			return false;
		begin += table->widths[column] + 2;
	}
	return begin >= table->page.columns;
}

static void print_values(struct table *table, sqlite3_stmt *row)
{
	const char *cell = strbuf_string(&table->cells);
	struct page *page = &table->page;
	size_t i, width, widest = 0;
	struct strbuf name = {0};
	int column;

	for (column = 0; column < table->columns; column++) {
		width = printable_width(sqlite3_column_name(row, column));
		widest = width > widest ? width : widest;
	}
	for (i = 0; i < table->rows; i++) {
		if (i)
			page_end_line(page);
		for (column = 0; column < table->columns; column++) {
			strbuf_clear(&name);
			printable_add_string(&name, sqlite3_column_name(row, column));
			page_add(page, PAGE_STRONG, strbuf_string(&name));
			page_tab(page, widest + 2);
			page_add(page, PAGE_PLAIN, cell);
			page_end_line(page);
			cell += strlen(cell) + 1;
		}
	}
	strbuf_deinit(&name);
}

/* The rows gathered so far. */
static void print_gathered(struct table *table, sqlite3_stmt *row)
{
	const char *cell = strbuf_string(&table->cells);
	int column, sharing = 0;
	size_t i;

	fit(table);
	print_heading(table, row);
	for (i = 0; i < table->rows; i++) {
		for (column = 0; column < table->columns; column++) {
			if (table->meanings[column] == RESULT_STACK)
				print_stack(table, i, cell, &sharing);
			else
				print_cell(table, column, PAGE_PLAIN, cell);
			cell += strlen(cell) + 1;
		}
		page_end_line(&table->page);
	}
	table->shown = true;
}

static void gather(struct table *table, sqlite3_stmt *row)
{
	int i;

	for (i = 0; i < table->columns; i++) {
		size_t begin = table->cells.length, width;

		add_cell(table, &table->cells, row, i);
		strbuf_add(&table->cells, "", 1);
		width = printable_width(table->cells.data + begin);
		if (!set_width(table, i) && width > table->widths[i])
			table->widths[i] = width;
		if (sqlite3_column_type(row, i) != SQLITE_NULL && !is_number(row, i))
			table->numeric[i] = false;
	}
	table->rows++;
}

static void flush_page(struct table *table, FILE *out)
{
	fputs(strbuf_string(&table->page.text), out);
	strbuf_clear(&table->page.text);
}

static void print_row(struct table *table, sqlite3_stmt *row, FILE *out)
{
	struct strbuf cell = {0};
	int i;

	for (i = 0; i < table->columns; i++) {
		strbuf_clear(&cell);
		add_cell(table, &cell, row, i);
		print_cell(table, i, PAGE_PLAIN, strbuf_string(&cell));
	}
	page_end_line(&table->page);
	flush_page(table, out);
	strbuf_deinit(&cell);
}

static int table_init(struct table *table, sqlite3_stmt *row, const struct result_style *style)
{
	size_t count;
	int i;

	*table = (struct table){.style = style, .columns = sqlite3_column_count(row)};
	table->borders = style->mode == RESULT_TABLE	  ? &ascii
			 : style->mode == RESULT_BOX	  ? &lines
			 : style->mode == RESULT_MARKDOWN ? &markdown
							  : &none;
	count = table->columns ? (size_t)table->columns : 1;
	table->widths = calloc(count, sizeof *table->widths);
	table->numeric = calloc(count, sizeof *table->numeric);
	table->meanings = calloc(count, sizeof *table->meanings);
	if (!table->widths || !table->numeric || !table->meanings)
		return -1;
	for (i = 0; i < table->columns; i++) {
		struct strbuf name = {0};

		if (style->mode == RESULT_WORDS)
			table->meanings[i] = result_meaning_of(
				sqlite3_column_name(row, i), i + 1 == table->columns);
		result_add_name(&name, table->meanings[i], sqlite3_column_name(row, i));
		table->widths[i] = set_width(table, i);
		if (!table->widths[i] && result_has_headings(style))
			table->widths[i] = printable_width(strbuf_string(&name));
		table->numeric[i] = true;
		strbuf_deinit(&name);
	}
	return 0;
}

static void table_deinit(struct table *table)
{
	strbuf_deinit(&table->cells);
	page_deinit(&table->page);
	free(table->meanings);
	free(table->widths);
	free(table->numeric);
}

/* The end: what was gathered and not yet shown, and the last line. */
static void finish(struct table *table, sqlite3_stmt *row, int code, FILE *out)
{
	bool is_whole = code == SQLITE_DONE;
	bool wanted =
		table->style->mode == RESULT_WORDS ? table->rows > 0 : is_whole || table->rows;

	if (!table->columns || (!table->shown && !wanted))
		return;
	if (table->shown) {
		print_line(table, table->borders->bottom);
		flush_page(table, out);
		return;
	}
	if (is_too_wide(table, out))
		print_values(table, row);
	else
		print_gathered(table, row);
	print_line(table, table->borders->bottom);
	terminal_show(&table->page, out, is_whole);
}

int result_table_write(
	sqlite3_stmt *row, const struct result_style *style, FILE *out, int64_t *rows)
{
	struct table table;
	int code = SQLITE_NOMEM;

	if (table_init(&table, row, style)) {
		table_deinit(&table);
		return code;
	}
	terminal_begin(&table.page, out);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		++*rows;
		if (table.rows < MEASURED_ROWS && !table.cells.failed) {
			gather(&table, row);
			continue;
		}
		if (!table.shown) {
			print_gathered(&table, row);
			flush_page(&table, out);
		}
		print_row(&table, row, out);
	}
	finish(&table, row, code, out);
	table_deinit(&table);
	return code;
}
