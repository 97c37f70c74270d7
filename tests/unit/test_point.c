/* POINT: what is read is what is written, and nothing else is taken. */
#include "debugger/recording/lookup.h"
#include "debugger/recording/point.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void reads(const char *text, enum point_kind kind, int64_t id)
{
	struct point point;
	struct error err;

	assert_int_equal(point_parse(text, &point, &err), 0);
	assert_int_equal(point.kind, kind);
	assert_true(point.id == id);
}

static void refuses(const char *text)
{
	struct point point;
	struct error err = {""};

	assert_int_equal(point_parse(text, &point, &err), -1);
	assert_string_not_equal(err.text, "");
}

static void test_kinds(void **state)
{
	(void)state;
	reads(NULL, POINT_DEFAULT, UNKNOWN);
	reads("42", POINT_ASYNC, 42);
	reads("#42", POINT_ASYNC, 42);
	reads("1:42", POINT_ASYNC, 42);
	reads("2:42", POINT_ASYNC, (INT64_C(1) << 40) + 42);
	reads("#2:42", POINT_ASYNC, (INT64_C(1) << 40) + 42);
	reads("run:97", POINT_RUN, 97);
	reads("run:3:97", POINT_RUN, (INT64_C(2) << 40) + 97);
	reads("log:7", POINT_LOG, 7);
	reads("crash", POINT_CRASH, UNKNOWN);
	reads("crash:2", POINT_CRASH, 2);
	reads("thread:3", POINT_THREAD, 3);
	reads("process:2", POINT_PROCESS, 2);
}

static void test_refused(void **state)
{
	static const char *const texts[] = {"", "#", "0", "-1", "+1", "4x", "x", "1:", ":1", "1:0",
		"0:1", "1:2:3", "run", "run:", "run:x", "run:0", "run:1:2:3", "log",
		"log:", "log:1:2", "thread", "crash:", "crash:x", "crashes", "run:#1", " 1", "1 ",
		"99999999999999999999", "9223372036854775808", "1:1099511627776", "99999999999:1",
		"##1"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		refuses(texts[i]);
}

static void test_round_trip(void **state)
{
	static const char *const texts[] = {"42", "2:42", "run:97", "run:3:1099511627775", "log:7",
		"crash", "crash:2", "thread:3", "process:2", "4194304:1"};
	struct strbuf buffer = {0};
	struct point point;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_int_equal(point_parse(texts[i], &point, &err), 0);
		strbuf_clear(&buffer);
		point_add(&buffer, &point);
		assert_string_equal(strbuf_string(&buffer), texts[i]);
	}
	strbuf_deinit(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
