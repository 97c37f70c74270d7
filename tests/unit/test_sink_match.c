/*
 * Shell patterns of sinks: compared with what libc's fnmatch says of the same, and the ways in
 * which a list of them is taken.
 */
#include "recorder/hooks/sink_match.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void one_pattern(void **state)
{
	(void)state;
	assert_true(sink_match("\n*.txt", "/var/log/a.txt"));
	assert_false(sink_match("\n*.txt", "/var/log/a.txt.1"));
	assert_false(sink_match("\n*.txt", "/var/log.txt/a"));
	assert_true(sink_match("\na.txt", "/var/log/a.txt"));
	assert_true(sink_match("\n/var/*/a.txt", "/var/log/a.txt"));
	assert_false(sink_match("\n/var/*.txt", "/var/log/a.txt"));
	assert_false(sink_match("\n/var/log?a.txt", "/var/log/a.txt"));
	assert_false(sink_match("\n/var/log[/]a.txt", "/var/log/a.txt"));
	assert_false(sink_match("\nlog/a.txt", "/var/log/a.txt"));
	assert_true(sink_match("\nstd*", "stdout"));
	assert_true(sink_match("\nsyslog", "syslog"));
	assert_true(sink_match("\n[a-c]x[!0-9]", "/bxy"));
	assert_false(sink_match("\n[a-c]x[!0-9]", "/bx7"));
	assert_true(sink_match("\n[]x]", "]"));
	assert_true(sink_match("\n[a", "[a"));
	assert_true(sink_match("\n\\*", "/*"));
	assert_false(sink_match("\n\\*", "/a"));
}

static void lists(void **state)
{
	(void)state;
	assert_false(sink_match("", "a"));
	assert_false(sink_match("\n", ""));
	assert_false(sink_match("\n\n", "a"));
	assert_true(sink_match("\nb\na", "a"));
	assert_true(sink_match("\na\nb", "a"));
	assert_false(sink_match("\nb\nc", "a"));
	/* Each ends at its newline. */
	assert_false(sink_match("\na\nb", "ab"));
	assert_false(sink_match("\n[a\nb]", "b"));
	assert_true(sink_match("\n/x\na", "/y/a"));
}

/* Patterns of few different characters, which often match; all that are short, and many others. */
static void as_libc(void **state)
{
	static const char letters[] = "ab*?[]!-\\/";
	uint64_t seed = 1;
	unsigned equal = 0, matched = 0;
	int round;

	(void)state;
	for (round = 0; round < 300000; round++) {
		char list[10] = "\n", text[6] = "";
		int i, n;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		n = 1 + (int)(seed >> 60) % 7;
		for (i = 0; i < n; i++)
			list[1 + i] = letters[(seed >> (20 + 4 * i)) % 10];
		/* Where POSIX leaves open what is meant: classes, a slash in a set, what ends in \.
		 */
		if (strstr(list, "[.") || strstr(list, "[=") || strchr(list, '\\') ||
			(strchr(list, '[') && strchr(list, '/')))
			continue;
		n = (int)(seed >> 48) % 5;
		for (i = 0; i < n; i++)
			text[i] = "ab/]"[(seed >> (8 + 3 * i)) % 4];
		/* Without a slash in the pattern it is the last component that counts. */
		if (!strchr(list, '/') && strchr(text, '/'))
			continue;
		n = fnmatch(list + 1, text, FNM_PATHNAME) == 0;
		if (sink_match(list, text) != (bool)n)
			fail_msg("'%s' and '%s': fnmatch says %d", list + 1, text, n);
		equal++;
		matched += (unsigned)n;
	}
	assert_true(equal > 50000 && matched > 1000);
}

/* Many stars take no time that grows with their number's power. */
static void many_stars(void **state)
{
	char text[513];

	(void)state;
	memset(text, 'a', 512);
	text[512] = 0;
	assert_false(sink_match("\n*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
	assert_true(sink_match("\n*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*", text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_pattern),
		cmocka_unit_test(lists),
		cmocka_unit_test(as_libc),
		cmocka_unit_test(many_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
