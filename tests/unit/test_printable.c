/* Text made fit for a terminal, its width, and how it is shortened. */
#include "debugger/text/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void becomes(const char *bytes, size_t count, const char *expected)
{
	struct strbuf buffer = {0};

	printable_add(&buffer, bytes, count, 0);
	assert_string_equal(strbuf_string(&buffer), expected);
	strbuf_deinit(&buffer);
}

#define BECOMES(bytes, expected) becomes(bytes, sizeof(bytes) - 1, expected)

static void test_kept(void **state)
{
	(void)state;
	BECOMES("", "");
	BECOMES("plain text, with \\ and \"", "plain text, with \\ and \"");
	BECOMES("gr\xc3\xbc\xc3\x9f \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
		"gr\xc3\xbc\xc3\x9f \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80");
}

static void test_escaped(void **state)
{
	(void)state;
	BECOMES("a\nb\tc\rd", "a\\nb\\tc\\rd");
	BECOMES("\033[31m", "\\x1b[31m");
	BECOMES("\0\177", "\\x00\\x7f");
	BECOMES("\xc2\x9b"
		"2J",
		"\\u{9b}2J"); /* CSI as one character of C1 */
	BECOMES("\xe2\x80\xae"
		"x",
		"\\u{202e}x"); /* right-to-left override */
	BECOMES("\xef\xbb\xbf", "\\u{feff}");
}

static void test_invalid(void **state)
{
	(void)state;
	BECOMES("\xff\xfe", "\\xff\\xfe");
	BECOMES("\xc3(", "\\xc3(");
	BECOMES("\xe4\xb8", "\\xe4\\xb8");		     /* cut off */
	BECOMES("\xc0\xaf", "\\xc0\\xaf");		     /* overlong */
	BECOMES("\xed\xa0\x80", "\\xed\\xa0\\x80");	     /* a surrogate */
	BECOMES("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond Unicode */
}

static void test_limit(void **state)
{
	struct strbuf buffer = {0};

	(void)state;
	printable_add(&buffer, "abcdef", 6, 3);
	assert_string_equal(strbuf_string(&buffer), "abc... (6 bytes in all)");
	strbuf_clear(&buffer);
	printable_add(&buffer,
		"a\xc3\xbc"
		"b",
		4, 2); /* not in the middle of a character */
	assert_string_equal(strbuf_string(&buffer), "a\xc3\xbc... (4 bytes in all)");
	strbuf_deinit(&buffer);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(printable_width("abc"), 3);
	assert_int_equal(printable_width("gr\xc3\xbc\xc3\x9f"), 4);
	assert_int_equal(printable_width("\xe4\xb8\xad\xe6\x96\x87"), 4);
	assert_int_equal(printable_width("e\xcc\x81"), 1); /* combining */
}

static void test_shorten(void **state)
{
	struct strbuf buffer = {0};
	size_t columns, keep;

	(void)state;
	printable_shorten(&buffer, "src/deep/folder/file.c:12", 16, 9);
	assert_string_equal(strbuf_string(&buffer), "src/...file.c:12");
	for (columns = 0; columns < 30; columns++) {
		for (keep = 0; keep < 30; keep++) {
			strbuf_clear(&buffer);
			printable_shorten(&buffer,
				"a\xe4\xb8\xad\xe6\x96\x87/\xe4\xb8\xad\xe6\x96\x87/xyz.c:1234",
				columns, keep);
			assert_true(printable_width(strbuf_string(&buffer)) <= columns);
		}
	}
	strbuf_deinit(&buffer);
}

/* Any bytes: the result holds no control character, and goes through unchanged a second time. */
static void test_any(void **state)
{
	struct strbuf once = {0}, twice = {0};
	char bytes[64];
	int round;
	size_t i;

	(void)state;
	srandom(1);
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)random();
		strbuf_clear(&once);
		strbuf_clear(&twice);
		printable_add(&once, bytes, sizeof bytes, (size_t)random() % 70);
		for (i = 0; i < once.length; i++)
			assert_true((unsigned char)once.data[i] >= 0x20 && once.data[i] != 0x7f);
		printable_add_string(&twice, strbuf_string(&once));
		assert_string_equal(strbuf_string(&once), strbuf_string(&twice));
	}
	strbuf_deinit(&once);
	strbuf_deinit(&twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_any),
	};

	printable_locale();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
