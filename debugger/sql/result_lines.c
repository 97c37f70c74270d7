/*
 * Rows of a query on lines: see result_lines.h. Exact, so that what is read from a pipe or a file
 * is what the recording has; but nothing of a recording paints a terminal.
 */
#include "debugger/sql/result_lines.h"

#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <math.h>
#include <string.h>

struct lines {
	const struct result_style *style;
	sqlite3_stmt *row;
	FILE *out;
	bool is_exact;
	const char *separator, *row_separator;
	struct strbuf cell;
};

static void put(struct lines *lines, const char *bytes, size_t count)
{
	if (lines->is_exact) {
		fwrite(bytes, 1, count, lines->out);
		return;
	}
	strbuf_clear(&lines->cell);
	printable_add(&lines->cell, bytes, count, 0);
	fputs(strbuf_string(&lines->cell), lines->out);
}

static void put_string(struct lines *lines, const char *text)
{
	put(lines, text, strlen(text));
}

/* Quoted when it must be, quotes doubled. */
static void put_csv(struct lines *lines, const char *bytes, size_t count)
{
	const char *separator = lines->separator;
	bool quote = false;
	size_t i, plain = 0;

	for (i = 0; i < count; i++)
		quote = quote || !bytes[i] || strchr("\",\r\n", bytes[i]) ||
			strchr(separator, bytes[i]);
	if (!quote) {
		put(lines, bytes, count);
		return;
	}
	fputc('"', lines->out);
	for (i = 0; i < count; i++) {
		if (bytes[i] != '"')
			continue;
		put(lines, bytes + plain, i + 1 - plain);
		plain = i;
	}
	put(lines, bytes + plain, count - plain);
	fputc('"', lines->out);
}

static void put_html(struct lines *lines, const char *bytes, size_t count)
{
	static const char special[] = "<>&\"'";
	static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
	size_t i, plain = 0;

	for (i = 0; i < count; i++) {
		const char *found = bytes[i] ? strchr(special, bytes[i]) : NULL;

		if (!found)
			continue;
		put(lines, bytes + plain, i - plain);
		fputs(names[found - special], lines->out);
		plain = i + 1;
	}
	put(lines, bytes + plain, count - plain);
}

/* 'it''s' */
static void put_quoted(struct lines *lines, const char *bytes, size_t count)
{
	size_t i, plain = 0;

	fputc('\'', lines->out);
	for (i = 0; i < count; i++) {
		if (bytes[i] != '\'')
			continue;
		put(lines, bytes + plain, i + 1 - plain);
		plain = i;
	}
	put(lines, bytes + plain, count - plain);
	fputc('\'', lines->out);
}

/* So that the same number is read back. */
static void put_real(struct lines *lines, double real)
{
	char room[64];

	if (isinf(real))
		fputs(real < 0 ? "-9.0e+999" : "9.0e+999", lines->out);
	else
		fputs(sqlite3_snprintf(sizeof room, room, "%!.20g", real), lines->out);
}

/* 'it''s', X'ff', 1.5, NULL */
static void put_literal(struct lines *lines, int column)
{
	const char *bytes = sqlite3_column_blob(lines->row, column);
	size_t count = (size_t)sqlite3_column_bytes(lines->row, column), i;

	switch (sqlite3_column_type(lines->row, column)) {
	case SQLITE_NULL:
		fputs("NULL", lines->out);
		break;
	case SQLITE_BLOB:
		fputs("X'", lines->out);
		for (i = 0; i < count; i++)
			fprintf(lines->out, "%02x", (unsigned char)bytes[i]);
		fputc('\'', lines->out);
		break;
	case SQLITE_TEXT:
		put_quoted(lines, bytes ? bytes : "", count);
		break;
	case SQLITE_FLOAT:
		put_real(lines, sqlite3_column_double(lines->row, column));
		break;
	default:
		put_string(lines, (const char *)sqlite3_column_text(lines->row, column));
	}
}

/* A value's bytes, in the words for none of it; borrowed until the next step. */
static const char *bytes_of(struct lines *lines, int column, size_t *ret)
{
	const char *bytes = sqlite3_column_type(lines->row, column) == SQLITE_BLOB
				    ? sqlite3_column_blob(lines->row, column)
				    : (const char *)sqlite3_column_text(lines->row, column);

	if (sqlite3_column_type(lines->row, column) == SQLITE_NULL)
		bytes = lines->style->null_text;
	*ret = !bytes ? 0
	       : sqlite3_column_type(lines->row, column) == SQLITE_NULL
		       ? strlen(bytes)
		       : (size_t)sqlite3_column_bytes(lines->row, column);
	return bytes ? bytes : "";
}

static void put_value(struct lines *lines, int column)
{
	size_t count;
	const char *bytes;

	if (lines->style->mode == RESULT_QUOTE || lines->style->mode == RESULT_INSERT) {
		put_literal(lines, column);
		return;
	}
	bytes = bytes_of(lines, column, &count);
	if (lines->style->mode == RESULT_CSV)
		put_csv(lines, bytes, count);
	else if (lines->style->mode == RESULT_HTML)
		put_html(lines, bytes, count);
	else
		put(lines, bytes, count);
}

static void put_heading(struct lines *lines, int column)
{
	const char *name = sqlite3_column_name(lines->row, column);

	name = name ? name : "";
	if (lines->style->mode == RESULT_CSV)
		put_csv(lines, name, strlen(name));
	else if (lines->style->mode == RESULT_HTML)
		put_html(lines, name, strlen(name));
	else if (lines->style->mode == RESULT_QUOTE)
		put_quoted(lines, name, strlen(name));
	else
		put_string(lines, name);
}

/* All values, or headings, of a row that is one line. */
static void put_row(struct lines *lines, void (*put_cell)(struct lines *lines, int column))
{
	int i, columns = sqlite3_column_count(lines->row);

	for (i = 0; i < columns; i++) {
		fputs(i ? lines->separator : "", lines->out);
		put_cell(lines, i);
	}
	fputs(lines->row_separator, lines->out);
}

static void put_insert(struct lines *lines)
{
	int i, columns = sqlite3_column_count(lines->row);
	const char *table = lines->style->table ? lines->style->table : "result";

	fprintf(lines->out, "INSERT INTO ");
	put_string(lines, table);
	if (result_has_headings(lines->style)) {
		for (i = 0; i < columns; i++) {
			fputs(i ? "," : " (\"", lines->out);
			fputs(i ? "\"" : "", lines->out);
			put_heading(lines, i);
			fputc('"', lines->out);
		}
		fputc(')', lines->out);
	}
	fputs(" VALUES (", lines->out);
	for (i = 0; i < columns; i++) {
		fputs(i ? "," : "", lines->out);
		put_literal(lines, i);
	}
	fputs(");\n", lines->out);
}

static void put_html_row(struct lines *lines, bool headings)
{
	int i, columns = sqlite3_column_count(lines->row);

	fputs("<tr>", lines->out);
	for (i = 0; i < columns; i++) {
		fputs(headings ? "<th>" : "<td>", lines->out);
		if (headings)
			put_heading(lines, i);
		else
			put_value(lines, i);
		fputs(headings ? "</th>" : "</td>", lines->out);
	}
	fputs("</tr>\n", lines->out);
}

/* "  name = value", a blank line between two rows. */
static void put_lines(struct lines *lines, bool is_first)
{
	int i, columns = sqlite3_column_count(lines->row);
	size_t width = 5;

	for (i = 0; i < columns; i++) {
		const char *name = sqlite3_column_name(lines->row, i);

		if (name && strlen(name) > width)
			width = strlen(name) < 60 ? strlen(name) : 60;
	}
	fputs(is_first ? "" : "\n", lines->out);
	for (i = 0; i < columns; i++) {
		const char *name = sqlite3_column_name(lines->row, i);

		fprintf(lines->out, "%*s",
			name && strlen(name) < width ? (int)(width - strlen(name)) : 0, "");
		put_heading(lines, i);
		fputs(" = ", lines->out);
		put_value(lines, i);
		fputc('\n', lines->out);
	}
}

static void put_one(struct lines *lines, bool is_first)
{
	switch (lines->style->mode) {
	case RESULT_LINE:
		put_lines(lines, is_first);
		break;
	case RESULT_INSERT:
		put_insert(lines);
		break;
	case RESULT_HTML:
		put_html_row(lines, false);
		break;
	default:
		put_row(lines, put_value);
	}
}

static const char *usual_separator(enum result_mode mode)
{
	return mode == RESULT_LIST ? "|" : mode == RESULT_TABS ? "\t" : ",";
}

int result_lines_write(
	sqlite3_stmt *row, const struct result_style *style, FILE *out, int64_t *rows)
{
	struct lines lines = {
		style, row, out, !terminal_is(out), style->separator, style->row_separator, {0}};
	bool in_line = style->mode != RESULT_LINE && style->mode != RESULT_INSERT;
	int code;

	if (!lines.separator || style->mode == RESULT_QUOTE)
		lines.separator = usual_separator(style->mode);
	if (!lines.row_separator || style->mode == RESULT_QUOTE)
		lines.row_separator = style->mode == RESULT_CSV ? "\r\n" : "\n";
	if (in_line && result_has_headings(style) && sqlite3_column_count(row)) {
		if (style->mode == RESULT_HTML)
			put_html_row(&lines, true);
		else
			put_row(&lines, put_heading);
	}
	while ((code = sqlite3_step(row)) == SQLITE_ROW)
		put_one(&lines, !(*rows)++);
	strbuf_deinit(&lines.cell);
	return code;
}
