/* TIME as it is typed: what it is read as, and what is refused. */
#include "debugger/time/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After these. */
#include <cmocka.h>

static void assert_moment(const char *text, enum moment_kind kind, int64_t ns)
{
	struct error err = {""};
	struct moment moment;

	if (moment_read(text, &moment, &err))
		fail_msg("'%s' was refused: %s", text, err.text);
	if (moment.kind != kind || moment.ns != ns)
		fail_msg("'%s' was read as kind %d, %lld ns", text, moment.kind,
			(long long)moment.ns);
}

static void assert_refused(const char *text)
{
	struct error err = {""};
	struct moment moment;

	if (!moment_read(text, &moment, &err))
		fail_msg("'%s' was taken for kind %d, %lld ns", text, moment.kind,
			(long long)moment.ns);
	assert_non_null(strstr(err.text, "is no TIME"));
}

static void durations_are_read(void **state)
{
	(void)state;
	assert_moment("+1.2s", MOMENT_ABSOLUTE, 1200000000);
	assert_moment("1.2s", MOMENT_ABSOLUTE, 1200000000);
	assert_moment("+81.200331 s", MOMENT_ABSOLUTE, 81200331000);
	assert_moment("81.200331", MOMENT_ABSOLUTE, 81200331000);
	assert_moment("81", MOMENT_ABSOLUTE, 81000000000);
	assert_moment(".5", MOMENT_ABSOLUTE, 500000000);
	assert_moment("350ms", MOMENT_ABSOLUTE, 350000000);
	assert_moment("1.5us", MOMENT_ABSOLUTE, 1500);
	assert_moment("2.5µs", MOMENT_ABSOLUTE, 2500);
	assert_moment("7ns", MOMENT_ABSOLUTE, 7);
	assert_moment("1.5min", MOMENT_ABSOLUTE, 90000000000);
	assert_moment("2m", MOMENT_ABSOLUTE, 120000000000);
	assert_moment("0.25h", MOMENT_ABSOLUTE, 900000000000);
	assert_moment("0.0000000019", MOMENT_ABSOLUTE, 1);
	assert_moment("start", MOMENT_START, 0);
	assert_moment("end", MOMENT_END, 0);
}

static void a_moment_of_two_words_is_one(void **state)
{
	static char *const words[] = {"+81.5", "s", "130ms", "5", "2026-11-22", "00:10:00"};
	struct error err = {""};
	struct moment moment;
	int taken = 0;

	(void)state;
	assert_int_equal(moment_read_words((char **)words, 4, &moment, &taken, &err), 0);
	assert_int_equal(moment.ns, 81500000000);
	assert_int_equal(taken, 2);
	assert_int_equal(moment_read_words((char **)words + 2, 4, &moment, &taken, &err), 0);
	assert_int_equal(moment.ns, 130000000);
	assert_int_equal(taken, 1);
	assert_int_equal(moment_read_words((char **)words + 4, 2, &moment, &taken, &err), 0);
	assert_int_equal(moment.kind, MOMENT_CLOCK);
	assert_int_equal(taken, 2);
	assert_int_equal(moment_read_words((char **)words, 1, &moment, &taken, &err), 0);
	assert_int_equal(taken, 1);
	assert_refused("1 5");
	assert_refused("1 5s");
}

static void what_is_relative_is_read(void **state)
{
	(void)state;
	assert_moment("-5ms", MOMENT_RELATIVE, -5000000);
	assert_moment("- 5 ms", MOMENT_RELATIVE, -5000000);
	assert_moment(".-5ms", MOMENT_RELATIVE, -5000000);
	assert_moment(".+5ms", MOMENT_RELATIVE, 5000000);
}

static void clocks_are_read(void **state)
{
	(void)state;
	assert_moment("1970-01-01T00:00:00Z", MOMENT_CLOCK, 0);
	assert_moment("2000-02-29T12:00:00Z", MOMENT_CLOCK, 951825600000000000);
	assert_moment("2026-11-22T00:10:05.25Z", MOMENT_CLOCK, 1795306205250000000);
	assert_moment("2026-11-22 00:10:05", MOMENT_CLOCK, 1795306205000000000);
	assert_moment("2026-11-22T01:10+01:00", MOMENT_CLOCK, 1795306200000000000);
	assert_moment("2026-11-21T19:10:00-0500", MOMENT_CLOCK, 1795306200000000000);
}

static void all_else_is_refused(void **state)
{
	static const char *const texts[] = {"", "s", "+", "-", ".", "+-5", "5x", "5 5 s x", "1.2.3",
		"run:5", "999999999999999999999", "99999999999999h", "2026-13-01T00:00:00Z",
		"2026-11-22T24:00:00Z", "2026-11-22", "ends", "1e9", "0x10", "+1,5s", "--5ms"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_refused(texts[i]);
}

static void what_is_printed_is_read(void **state)
{
	static const int64_t moments[] = {0, 1, 999, 1000, 123456789, 1000000000, 81200331567,
		3600000000000, 8999999999999999};

	(void)state;
	for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
		struct strbuf words = {0};

		moment_add(&words, moments[i]);
		assert_moment(strbuf_string(&words), MOMENT_ABSOLUTE, moments[i]);
		strbuf_deinit(&words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(a_moment_of_two_words_is_one),
		cmocka_unit_test(what_is_relative_is_read),
		cmocka_unit_test(clocks_are_read),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(what_is_printed_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
