/*
 * Lists of libraries to preload: ours is put where it belongs and taken out again, and what others
 * put there is as it was.
 */
#include "recorder/runtime/preload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char library[] = "/opt/lib/ours.so";

static void check(const char *value, bool leave_out, const char *asan, const char *expected)
{
	char text[512];
	size_t room = preload_room(value, library, asan), length;

	assert_true(room < sizeof text);
	memset(text, '#', sizeof text);
	length = preload_write(text, value, library, leave_out, asan);
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
	assert_int_equal(text[room], '#');
}

static void in_front(void **state)
{
	(void)state;
	check(NULL, false, "", "/opt/lib/ours.so");
	check("", false, "", "/opt/lib/ours.so");
	check("a.so", false, "", "/opt/lib/ours.so:a.so");
	check("a.so b.so:c.so", false, "", "/opt/lib/ours.so:a.so b.so:c.so");
}

static void once_only(void **state)
{
	(void)state;
	check("/opt/lib/ours.so", false, "", "/opt/lib/ours.so");
	check("/opt/lib/ours.so:a.so", false, "", "/opt/lib/ours.so:a.so");
	check("a.so:/opt/lib/ours.so", false, "", "/opt/lib/ours.so:a.so");
	check("a.so:/opt/lib/ours.so:b.so", false, "", "/opt/lib/ours.so:a.so:b.so");
	check("/opt/lib/ours.so:/opt/lib/ours.so", false, "", "/opt/lib/ours.so");
}

static void left_out(void **state)
{
	(void)state;
	check(NULL, true, "", "");
	check("/opt/lib/ours.so", true, "", "");
	check("/opt/lib/ours.so:a.so b.so", true, "", "a.so b.so");
	check("a.so:/opt/lib/ours.so", true, "", "a.so");
	check("a.so", true, "", "a.so");
	/* Names that only look like it. */
	check("/opt/lib/ours.so.1:/x/opt/lib/ours.so", true, "",
		"/opt/lib/ours.so.1:/x/opt/lib/ours.so");
}

static void asan_first(void **state)
{
	(void)state;
	check(NULL, false, "libasan.so.8", "libasan.so.8:/opt/lib/ours.so");
	check("a.so", false, "libasan.so.8", "libasan.so.8:/opt/lib/ours.so:a.so");
	check("/opt/lib/ours.so:a.so", false, "libasan.so.8", "libasan.so.8:/opt/lib/ours.so:a.so");
	check("libasan.so.8:/opt/lib/ours.so:a.so", false, "libasan.so.8",
		"libasan.so.8:/opt/lib/ours.so:a.so");
}

static void asan_of_ours_goes(void **state)
{
	(void)state;
	check("libasan.so.8:/opt/lib/ours.so", false, "", "/opt/lib/ours.so");
	check("libasan.so.8:/opt/lib/ours.so:a.so", false, "", "/opt/lib/ours.so:a.so");
	check("libasan.so.8:/opt/lib/ours.so:a.so", true, "", "a.so");
}

static void asan_of_others_stays(void **state)
{
	static const char *const lists[] = {"libasan.so.8", "/usr/lib/libasan.so.6:a.so",
		"a.so libasan.so.8:b.so", "libasan.so.8 a.so"};
	char with[512], without[512];
	size_t i;

	(void)state;
	check("libasan.so.8", false, "", "libasan.so.8 /opt/lib/ours.so");
	check("libasan.so.8:a.so", false, "libasan.so.8", "libasan.so.8 /opt/lib/ours.so:a.so");
	for (i = 0; i < sizeof lists / sizeof *lists; i++) {
		preload_write(with, lists[i], library, false, "");
		preload_write(without, with, library, true, "");
		assert_string_equal(without, lists[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_front),
		cmocka_unit_test(once_only),
		cmocka_unit_test(left_out),
		cmocka_unit_test(asan_first),
		cmocka_unit_test(asan_of_ours_goes),
		cmocka_unit_test(asan_of_others_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
