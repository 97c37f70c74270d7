/* Texts of log lines, names of rotated files, and patterns. */
#include "debugger/log/log_sinks.h"
#include "debugger/log/log_text.h"
#include "debugger/text/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void untags(const char *text, size_t length, int64_t async_id)
{
	size_t bare = 0;
	int64_t id = 0;
	bool has = log_text_untag(text, strlen(text), &bare, &id);

	if (has != (async_id != 0) || (has && (bare != length || id != async_id)))
		fail_msg("'%s': %d, %zu, %lld", text, has, bare, (long long)id);
}

static void test_tags(void **state)
{
	(void)state;
	untags("text [#42]", 4, 42);
	untags(" [#1]", 0, 1);
	untags("a [#2] [#3]", 6, 3);
	untags("text [#2:42]", 4, (INT64_C(1) << 40) + 42);
	untags("", 0, 0);
	untags("]", 0, 0);
	untags("text [#42] ", 0, 0);
	untags("text[#42]", 0, 0);
	untags("text [42]", 0, 0);
	untags("text [#]", 0, 0);
	untags("text [#0]", 0, 0);
	untags("text [#042]", 0, 0);
	untags("text [#:42]", 0, 0);
	untags("text [#2:]", 0, 0);
	untags("text [#99999999999999999999]", 0, 0);
	untags("text [#9999999999999999999:1]", 0, 0);
}

static void test_starts(void **state)
{
	static const char line[] = "Nov 26 host prog[7]: a  text";
	struct log_text_start starts[64];
	size_t count = log_text_starts(line, strlen(line), starts, 64), i;
	bool whole = false, text = false;

	(void)state;
	for (i = 0; i < count; i++) {
		const char *rest = line + starts[i].offset;

		assert_true(starts[i].hash == log_text_hash(rest, strlen(rest)));
		whole |= !starts[i].offset;
		text |= !strcmp(rest, "a  text");
		assert_false(!strcmp(rest, "rog[7]: a  text"));
	}
	assert_true(whole && text);
	assert_int_equal(log_text_starts(line, strlen(line), starts, 3), 3);
	assert_int_equal(starts[0].offset, 0);
	assert_int_equal(log_text_starts("", 0, starts, 64), 1);
	assert_int_equal(log_text_trim("a\r\r", 3), 1);
	assert_int_equal(log_text_trim("\r", 1), 0);
}

static void uncolours(const char *text, size_t length, const char *plain)
{
	char bytes[64];
	size_t count = log_text_uncolour(text, length, bytes);

	assert_int_equal(count, strlen(plain));
	assert_memory_equal(bytes, plain, count);
}

static void test_colours(void **state)
{
	(void)state;
	uncolours("", 0, "");
	uncolours("plain", 5, "plain");
	uncolours("a \033[01;31m\033[Kred\033[m\033[K b", 24, "a red b");
	uncolours("\033[38:2:1:2:3mx", 14, "x");
	/* what moves a cursor, and what is not whole, is no colour */
	uncolours("\033[2Jx", 5, "\033[2Jx");
	uncolours("x\033[31", 5, "x\033[31");
	uncolours("x\033[", 3, "x\033[");
	uncolours("\033", 1, "\033");
	assert_int_equal(log_text_numbered("12:text", 7), 3);
	assert_int_equal(log_text_numbered("12-text", 7), 3);
	assert_int_equal(log_text_numbered("12 text", 7), 0);
	assert_int_equal(log_text_numbered(":text", 5), 0);
	assert_int_equal(log_text_numbered("12", 2), 0);
	assert_int_equal(log_text_numbered("1234567890123456789:", 20), 0);
}

static void test_stems(void **state)
{
	static const char *const names[][2] = {
		{"/var/log/app.log", "/var/log/app.log"},
		{"/var/log/app.log.1", "/var/log/app.log"},
		{"/var/log/app.log.1.old", "/var/log/app.log"},
		{"/var/log/app.log-20261126", "/var/log/app.log"},
		{"/var/log/app.log-20261126.2", "/var/log/app.log"},
		{"/var/log/app.log.2026-11-26", "/var/log/app.log"},
		{"/var/log/app.log.2026-11-26_10:30", "/var/log/app.log"},
		{"/var/log/app-2026-11-26.log", "/var/log/app.log"},
		{"/var/log/app.1.log", "/var/log/app.log"},
		{"/var/log.1/app.log~", "/var/log.1/app.log"},
		{"/1", "/1"},
		{"/.1", "/.1"},
		{"/a/", "/a/"},
		{"", ""},
		{"/x/.log", "/x/.log"},
		{"/x/messages", "/x/messages"},
	};
	struct strbuf stem = {0};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		strbuf_clear(&stem);
		log_sinks_add_stem(&stem, names[i][0]);
		assert_string_equal(strbuf_string(&stem), names[i][1]);
	}
	strbuf_deinit(&stem);
}

static void test_choice(void **state)
{
	struct log_sink rows[] = {
		{1, 8, 100, 5000, 0, "file", "/l/app.log", "/l/app.log.1", 0, 0, 0},
		{2, 8, 101, 6000, 0, "file", "/l/app.log", NULL, 0, 1, 1},
		{3, 8, 102, UNKNOWN, 0, "file", "/l/other.log", NULL, 0, 2, 2},
		{4, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "pipe", NULL, NULL, 0, 3, 3},
	};
	struct log_sinks sinks = {.rows = rows, .count = 4};
	static const struct {
		struct log_identity file;
		enum sinks_choice choice;
		bool chosen[4];
	} cases[] = {
		{{"/l/app.log.7", 8, 100, 5000}, SINKS_BY_IDENTITY, {true, false, false, false}},
		{{"/l/app.log", 8, 101, 6000}, SINKS_BY_IDENTITY, {false, true, false, false}},
		/* an inode that was given again */
		{{"/l/new", 8, 100, 7000}, SINKS_ALL, {true, true, true, true}},
		{{"/l/app.log", 9, 100, 5000}, SINKS_BY_PATH, {true, true, false, false}},
		{{"/l/app.log.1", 9, 7, 7}, SINKS_BY_PATH, {true, false, false, false}},
		{{"/l/app.log.3", 9, 7, 7}, SINKS_BY_ROTATION, {true, true, false, false}},
		{{"/elsewhere/app.log.3", 9, 7, 7}, SINKS_BY_ROTATION, {true, true, false, false}},
		/* its birth is not known: the name must be right too */
		{{"/l/other.log.1", 8, 102, 1}, SINKS_BY_IDENTITY, {false, false, true, false}},
		{{"/l/third.log", 8, 102, 1}, SINKS_ALL, {true, true, true, true}},
	};
	bool chosen[4];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (log_sinks_choose(&sinks, &cases[i].file, chosen) != cases[i].choice)
			fail_msg("%s: chosen in another way", cases[i].file.path);
		assert_memory_equal(chosen, cases[i].chosen, sizeof chosen);
	}
}

/* Does it match, and where? -1: no pattern; -2: it takes too long. */
static int matches(const char *pattern, const char *text, size_t length, bool literal)
{
	struct pattern_options options = {false, literal};
	struct pattern_range range = {0, 0};
	struct pattern *match;
	struct error err = {""};
	int found;

	if (pattern_create(&match, pattern, &options, &err)) {
		assert_non_null(strstr(err.text, "is no regular expression"));
		assert_null(strchr(err.text, '\n'));
		return -1;
	}
	found = pattern_find(match, text, length, 0, &range, &err);
	pattern_destroy(match);
	assert_true(found != 1 || range.end <= length);
	return found < 0 ? -2 : found ? (int)range.begin : 1000;
}

static void test_patterns(void **state)
{
	char many[60];

	(void)state;
	assert_int_equal(matches("b+", "abbc", 4, false), 1);
	assert_int_equal(matches("^$", "", 0, false), 0);
	assert_int_equal(matches("x", "abc", 3, false), 1000);
	assert_int_equal(matches("a.c", "a.c abc", 7, true), 0);
	assert_int_equal(matches("b.b", "abb b.b", 7, true), 4);
	assert_int_equal(matches("\xc3\xbc", "gr\xc3\xbcn", 5, false), 2);
	/* what is no UTF-8 stands in nobody's way; nor does a NUL */
	assert_int_equal(matches("abc", "\xff\xfe abc", 6, false), 3);
	assert_int_equal(matches("abc", "a\0 abc", 6, false), 3);
	assert_int_equal(matches("(", "", 0, false), -1);
	assert_int_equal(matches("[z-a]", "", 0, false), -1);
	assert_int_equal(matches("\\C", "", 0, false), -1);
	assert_int_equal(matches("\xff", "", 0, false), -1);
	memset(many, 'a', sizeof many);
	assert_int_equal(matches("^(a+)+$b?!", many, sizeof many, false) == 0, 0);
	assert_int_equal(matches("((a+)+)+!", many, sizeof many, false), 1000);
	assert_int_equal(matches("(a|a|a?)+[^a]$", many, sizeof many, false), -2);
}

/* Patterns of anything: whatever they are, they end. */
static void test_any_pattern(void **state)
{
	static const char letters[] = "ab()[]{}|*+?.^$\\1,-:<>=!#P\xc3\xbc\xff (";
	char pattern[24], text[64];
	unsigned int seed, i;

	(void)state;
	for (seed = 1; seed < 20000; seed++) {
		unsigned int random = seed * 2654435761u;

		for (i = 0; i < sizeof pattern - 1; i++) {
			random = random * 1103515245 + 12345;
			pattern[i] = letters[(random >> 16) % (sizeof letters - 1)];
		}
		pattern[seed % sizeof pattern] = '\0';
		pattern[sizeof pattern - 1] = '\0';
		for (i = 0; i < sizeof text; i++) {
			random = random * 1103515245 + 12345;
			text[i] = letters[(random >> 16) % sizeof letters];
		}
		matches(pattern, text, sizeof text, seed & 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_stems),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_any_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
