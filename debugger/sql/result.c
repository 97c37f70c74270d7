/*
 * Rows of a query: see result.h. Text is made printable; JSON and CSV are exact, but for bytes that
 * are no UTF-8 in JSON.
 */
#include "debugger/sql/result.h"

#include "debugger/sql/result_words.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"
#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>

#define MEASURED_ROWS 1000
#define CELL_MAX      4000 /* bytes of a text that a table shows */

struct table {
	int columns;
	enum result_meaning *meanings; /* of the columns; NULL: none are looked for */
	size_t *widths;
	bool *numeric;
	struct strbuf cells; /* each with a NUL behind, row by row */
	size_t rows;
	struct page page;
	bool shown;
};

static enum result_meaning meaning_of(const struct table *table, int column)
{
	return table->meanings ? table->meanings[column] : RESULT_PLAIN;
}

static void add_cell(
	const struct table *table, struct strbuf *buffer, sqlite3_stmt *row, int column)
{
	const char *text;

	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return;
	if (sqlite3_column_type(row, column) == SQLITE_INTEGER &&
		result_add_words(
			buffer, meaning_of(table, column), sqlite3_column_int64(row, column)))
		return;
	text = sqlite3_column_type(row, column) == SQLITE_BLOB
		       ? sqlite3_column_blob(row, column)
		       : (const char *)sqlite3_column_text(row, column);
	if (text)
		printable_add(buffer, text, (size_t)sqlite3_column_bytes(row, column), CELL_MAX);
}

static bool is_number(sqlite3_stmt *row, int column)
{
	int type = sqlite3_column_type(row, column);

	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static void print_cell(struct table *table, int column, enum page_style style, const char *text)
{
	size_t width = printable_width(text), wanted = table->widths[column];
	struct page *page = &table->page;

	if (meaning_of(table, column) == RESULT_STACK) {
		result_add_stack(page, text);
		return;
	}
	if (column)
		page_add(page, PAGE_PLAIN, "  ");
	if (table->numeric[column])
		while (width < wanted--)
			page_add(page, PAGE_PLAIN, " ");
	page_add(page, style, text);
	if (!table->numeric[column])
		while (width < wanted--)
			page_add(page, PAGE_PLAIN, " ");
}

static void print_heading(struct table *table, sqlite3_stmt *row)
{
	struct strbuf name = {0};
	int i;

	for (i = 0; i < table->columns; i++) {
		if (meaning_of(table, i) == RESULT_STACK)
			continue;
		strbuf_clear(&name);
		result_add_name(&name, meaning_of(table, i), sqlite3_column_name(row, i));
		print_cell(table, i, PAGE_STRONG, strbuf_string(&name));
	}
	page_end_line(&table->page);
	strbuf_deinit(&name);
}

/* The rows gathered so far. */
static void print_gathered(struct table *table, sqlite3_stmt *row)
{
	const char *cell = strbuf_string(&table->cells);
	size_t i;
	int column;

	print_heading(table, row);
	for (i = 0; i < table->rows; i++) {
		for (column = 0; column < table->columns; column++) {
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
		if (width > table->widths[i])
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

static int write_text(sqlite3_stmt *row, bool words, FILE *out, int64_t *rows)
{
	struct table table = {.columns = sqlite3_column_count(row)};
	size_t count = table.columns ? (size_t)table.columns : 1;
	struct strbuf name = {0};
	int code, i;

	table.widths = calloc(count, sizeof *table.widths);
	table.numeric = calloc(count, sizeof *table.numeric);
	table.meanings = words ? calloc(count, sizeof *table.meanings) : NULL;
	if (!table.widths || !table.numeric || (words && !table.meanings)) {
		free(table.meanings);
		free(table.widths);
		free(table.numeric);
		return SQLITE_NOMEM;
	}
	terminal_begin(&table.page, out);
	for (i = 0; i < table.columns; i++) {
		if (words)
			table.meanings[i] = result_meaning_of(
				sqlite3_column_name(row, i), i + 1 == table.columns);
		strbuf_clear(&name);
		result_add_name(&name, meaning_of(&table, i), sqlite3_column_name(row, i));
		table.widths[i] = printable_width(strbuf_string(&name));
		table.numeric[i] = true;
	}
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
	if (!table.shown && table.columns &&
		(words ? table.rows > 0 : code == SQLITE_DONE || table.rows)) {
		print_gathered(&table, row);
		terminal_show(&table.page, out, code == SQLITE_DONE);
	}
	strbuf_deinit(&name);
	strbuf_deinit(&table.cells);
	page_deinit(&table.page);
	free(table.meanings);
	free(table.widths);
	free(table.numeric);
	return code;
}

static void write_json_value(struct json *json, sqlite3_stmt *row, int column)
{
	switch (sqlite3_column_type(row, column)) {
	case SQLITE_NULL:
		json_null(json);
		break;
	case SQLITE_INTEGER:
		if (sqlite3_column_int64(row, column) == JSON_UNKNOWN)
			json_string(json, "-9223372036854775808");
		else
			json_integer(json, sqlite3_column_int64(row, column));
		break;
	case SQLITE_FLOAT:
		json_real(json, sqlite3_column_double(row, column));
		break;
	default: {
		const char *bytes = sqlite3_column_blob(row, column);

		json_bytes(json, bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, column));
	}
	}
}

static int write_json(sqlite3_stmt *row, FILE *out, int64_t *rows)
{
	struct json json = {.out = out};
	int code, i, columns = sqlite3_column_count(row);

	json_open(&json, '[');
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		++*rows;
		json_newline(&json);
		json_open(&json, '{');
		for (i = 0; i < columns; i++) {
			json_key(&json, sqlite3_column_name(row, i));
			write_json_value(&json, row, i);
		}
		json_close(&json, '}');
	}
	json_close(&json, ']');
	fputc('\n', out);
	return code;
}

/* RFC 4180: quoted when it must be, quotes doubled. */
static void write_csv_field(FILE *out, const char *bytes, size_t count)
{
	bool quote = false;
	size_t i;

	for (i = 0; i < count; i++)
		quote = quote || strchr("\",\r\n", bytes[i]);
	if (!quote) {
		fwrite(bytes, 1, count, out);
		return;
	}
	fputc('"', out);
	for (i = 0; i < count; i++) {
		if (bytes[i] == '"')
			fputc('"', out);
		fputc(bytes[i], out);
	}
	fputc('"', out);
}

static int write_csv(sqlite3_stmt *row, FILE *out, int64_t *rows)
{
	int code, i, columns = sqlite3_column_count(row);

	for (i = 0; i < columns; i++) {
		const char *name = sqlite3_column_name(row, i);

		fputs(i ? "," : "", out);
		write_csv_field(out, name, strlen(name));
	}
	fputs("\r\n", out);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		++*rows;
		for (i = 0; i < columns; i++) {
			const char *bytes = sqlite3_column_type(row, i) == SQLITE_BLOB
						    ? sqlite3_column_blob(row, i)
						    : (const char *)sqlite3_column_text(row, i);

			fputs(i ? "," : "", out);
			if (bytes)
				write_csv_field(out, bytes, (size_t)sqlite3_column_bytes(row, i));
		}
		fputs("\r\n", out);
	}
	return code;
}

int result_write_rows(
	sqlite3_stmt *statement, enum result_format format, FILE *out, int64_t *ret_rows)
{
	int code;

	*ret_rows = 0;
	if (format == RESULT_JSON)
		code = write_json(statement, out, ret_rows);
	else if (format == RESULT_CSV)
		code = write_csv(statement, out, ret_rows);
	else
		code = write_text(statement, format == RESULT_WORDS, out, ret_rows);
	fflush(out);
	return code;
}

int result_write(sqlite3_stmt *statement, enum result_format format, FILE *out)
{
	int64_t rows;

	return result_write_rows(statement, format, out, &rows);
}
