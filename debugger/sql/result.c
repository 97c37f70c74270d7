/* Rows of a query: see result.h. Here is JSON; tables and lines have files of their own. */
#include "debugger/sql/result.h"

#include "debugger/sql/result_lines.h"
#include "debugger/sql/result_table.h"
#include "debugger/text/json.h"

bool result_has_headings(const struct result_style *style)
{
	switch (style->headings) {
	case RESULT_HEADINGS_ON:
		return true;
	case RESULT_HEADINGS_OFF:
		return false;
	default:
		break;
	}
	/* As in SQLite's shell, but for CSV, of which scripts rely on it. */
	return style->mode == RESULT_COLUMN || style->mode == RESULT_WORDS ||
	       style->mode == RESULT_TABLE || style->mode == RESULT_BOX ||
	       style->mode == RESULT_MARKDOWN || style->mode == RESULT_CSV;
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

int result_write(
	sqlite3_stmt *statement, const struct result_style *style, FILE *out, int64_t *ret_rows)
{
	int code;

	*ret_rows = 0;
	if (style->mode == RESULT_JSON)
		code = write_json(statement, out, ret_rows);
	else if (style->mode <= RESULT_MARKDOWN)
		code = result_table_write(statement, style, out, ret_rows);
	else
		code = result_lines_write(statement, style, out, ret_rows);
	fflush(out);
	return code;
}
