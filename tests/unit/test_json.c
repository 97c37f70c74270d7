/* The writer of JSON: commas, escapes, numbers that JavaScript cannot hold. */
#include "debugger/text/json.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct output {
	char *text;
	size_t size;
	struct json json;
};

static void begin(struct output *output)
{
	output->text = NULL;
	output->json = (struct json){.out = open_memstream(&output->text, &output->size)};
	assert_non_null(output->json.out);
}

static void becomes(struct output *output, const char *expected)
{
	fclose(output->json.out);
	assert_string_equal(output->text, expected);
	free(output->text);
}

static void test_structure(void **state)
{
	struct output output;
	struct json *json = &output.json;

	(void)state;
	begin(&output);
	json_open(json, '{');
	json_key_integer(json, "a", 1);
	json_key(json, "b");
	json_open(json, '[');
	json_null(json);
	json_boolean(json, true);
	json_open(json, '{');
	json_close(json, '}');
	json_close(json, ']');
	json_newline(json);
	json_key_string(json, "c", NULL);
	json_close(json, '}');
	becomes(&output, "{\"a\": 1, \"b\": [null, true, {}],\n\"c\": null}");
}

static void test_numbers(void **state)
{
	struct output output;
	struct json *json = &output.json;

	(void)state;
	begin(&output);
	json_open(json, '[');
	json_integer(json, JSON_UNKNOWN);
	json_integer(json, INT64_C(1) << 53);
	json_integer(json, (INT64_C(1) << 53) + 1);
	json_integer(json, -(INT64_C(1) << 53) - 1);
	json_real(json, 0.1);
	json_real(json, 1e300 * 1e300);
	json_close(json, ']');
	becomes(&output,
		"[null, 9007199254740992, \"9007199254740993\", \"-9007199254740993\", 0.1,"
		" null]");
}

static void test_strings(void **state)
{
	struct output output;
	struct json *json = &output.json;

	(void)state;
	begin(&output);
	json_open(json, '[');
	json_string(json, "q\" b\\ n\n t\t \033 \xc3\xbc");
	json_bytes(json, "\xff\0x", 3);
	json_bytes(json, "\xc2\x9b", 2);
	json_close(json, ']');
	becomes(&output, "[\"q\\\" b\\\\ n\\n t\\t \\u001b \xc3\xbc\", \"\\\\xff\\u0000x\","
			 " \"\\u009b\"]");
}

/* Whatever bytes a string is of, SQLite's reader finds the result valid. */
static void test_any(void **state)
{
	sqlite3_stmt *statement;
	sqlite3 *database;
	char bytes[48];
	int round;
	size_t i;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(database, "SELECT json_valid(?1)", -1, &statement, NULL),
		SQLITE_OK);
	srandom(1);
	for (round = 0; round < 20000; round++) {
		struct output output;

		for (i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)random();
		begin(&output);
		json_bytes(&output.json, bytes, sizeof bytes);
		fclose(output.json.out);
		sqlite3_bind_text(statement, 1, output.text, -1, SQLITE_TRANSIENT);
		assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
		assert_int_equal(sqlite3_column_int(statement, 0), 1);
		sqlite3_reset(statement);
		free(output.text);
	}
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
