/*
 * Folding: what is shown, with its repeats written out again, is what was pushed, whatever was
 * pushed and however much of it was jumped.
 */
#include "debugger/lineage/folding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PUSHED_MAX 400

/* Letters stand for segments: those of one letter are the same code. */
static const struct frames letters[26];

static struct segment of_letter(char letter, int64_t run_id)
{
	struct segment segment = {.edge = EDGE_LINK, .of_run_id = run_id};

	segment.frames = &letters[letter - 'a'];
	return segment;
}

static void push(struct folding *folding, const char *text)
{
	static int64_t run_id;

	for (; *text; text++) {
		struct segment segment = of_letter(*text, ++run_id);

		assert_int_equal(folding_push(folding, &segment), 0);
	}
}

/* "ab(ab)3c": in brackets what came that many times more. */
static void shown(const struct folding *folding, char *text)
{
	size_t i, j;

	for (i = 0; i < folding->count; i++) {
		const struct segment *segment = &folding->segments[i];

		*text++ = (char)('a' + (segment->frames - letters));
		if (!segment->folded_times)
			continue;
		*text++ = '(';
		for (j = (size_t)segment->folded_segments; j-- > 0;)
			*text++ = (char)('a' + (segment[-(ptrdiff_t)j].frames - letters));
		text += sprintf(text, ")%lld", (long long)segment->folded_times);
	}
	*text = '\0';
}

static void ends_as(struct folding *folding, const char *expected)
{
	char text[PUSHED_MAX * 4];

	assert_int_equal(folding_finish(folding), 0);
	shown(folding, text);
	assert_string_equal(text, expected);
	free(folding->segments);
}

static void becomes(const char *pushed, const char *expected)
{
	struct folding folding = {0};

	push(&folding, pushed);
	ends_as(&folding, expected);
}

static void test_streaks(void **state)
{
	(void)state;
	becomes("", "");
	becomes("abc", "abc");
	becomes("aa", "aa");
	becomes("aaa", "a(a)2");
	becomes("xaaaay", "xa(a)3y");
	becomes("abababab", "ab(ab)3");
	becomes("xabababay", "xab(ab)2ay");
	becomes("abcabcabcabd", "abc(abc)2abd");
	becomes("abab", "abab");
	becomes("aaabbb", "a(a)2b(b)2");
	becomes("aaabaaab", "a(a)2ba(a)2b"); /* what was folded once is no part of another repeat */
	becomes("abcdefghabcdefghabcdefgh", "abcdefgh(abcdefgh)2");
	becomes("abcdefghiabcdefghiabcdefghi",
		"abcdefghiabcdefghiabcdefghi"); /* too long a period */
}

static void test_off(void **state)
{
	struct folding folding = {.off = true};

	(void)state;
	push(&folding, "aaaaa");
	ends_as(&folding, "aaaaa");
}

static void test_here(void **state)
{
	struct folding folding = {0};
	struct segment here = of_letter('a', 1);

	(void)state;
	here.edge = EDGE_HERE;
	assert_int_equal(folding_push(&folding, &here), 0);
	push(&folding, "aaa");
	ends_as(&folding, "aa(a)2");
}

static void test_jumps(void **state)
{
	struct folding first = {0}, in_streak = {0}, multiple = {0}, unfit = {0}, few = {0};

	(void)state;
	push(&first, "xab");
	assert_int_equal(folding_jump(&first, 2, 1000), 1);
	push(&first, "abay");
	ends_as(&first, "xab(ab)1001ay");

	push(&in_streak, "xabababa"); /* in the middle of a repeat */
	assert_int_equal(folding_jump(&in_streak, 2, 10), 1);
	push(&in_streak, "by");
	ends_as(&in_streak, "xab(ab)13y");

	push(&multiple, "aaaaaa");
	assert_int_equal(folding_jump(&multiple, 3, 5), 1);
	ends_as(&multiple, "a(a)20");

	push(&unfit, "aaab"); /* the last two are not both there any more */
	assert_int_equal(folding_jump(&unfit, 2, 5), 0);
	push(&unfit, "c");
	ends_as(&unfit, "a(a)2bc");

	push(&few, "ab");
	assert_int_equal(folding_jump(&few, 2, 1), 0);
	assert_int_equal(folding_jump(&few, 3, 9), 0);
	ends_as(&few, "ab");
}

/* Random texts of few letters: written out again they are what they were. */
static void test_any(void **state)
{
	int round;

	(void)state;
	srandom(1);
	for (round = 0; round < 20000; round++) {
		char pushed[PUSHED_MAX + 1] = "", again[PUSHED_MAX + 1] = "";
		struct folding folding = {0};
		size_t length = 0, i, total = (size_t)random() % PUSHED_MAX;

		while (length < total) { /* a pattern, some times */
			size_t period = 1 + (size_t)random() % 9, times = 1 + (size_t)random() % 5;
			char pattern[10] = "";

			for (i = 0; i < period; i++)
				pattern[i] = (char)('a' + random() % 3);
			while (times-- && length + period < PUSHED_MAX) {
				strcpy(pushed + length, pattern);
				length += period;
			}
			total = length + period >= PUSHED_MAX ? 0 : total;
		}
		push(&folding, pushed);
		assert_int_equal(folding_finish(&folding), 0);
		for (i = 0, length = 0; i < folding.count; i++) {
			const struct segment *segment = &folding.segments[i];
			int64_t times;

			again[length++] = (char)('a' + (segment->frames - letters));
			for (times = segment->folded_times; times > 0; times--) {
				memcpy(again + length, again + length - segment->folded_segments,
					(size_t)segment->folded_segments);
				length += (size_t)segment->folded_segments;
			}
		}
		assert_string_equal(again, pushed);
		free(folding.segments);
	}
}

/* What a recording claims may be more than can be counted: then it is not taken in. */
static void test_times_run_over(void **state)
{
	struct folding folding = {0};

	(void)state;
	push(&folding, "aaaa");
	assert_int_equal(folding_jump(&folding, 1, INT64_MAX), 0);
	push(&folding, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	ends_as(&folding, "a(a)43");
	folding = (struct folding){0};
	push(&folding, "aaaa");
	assert_int_equal(folding_jump(&folding, 1, INT64_MAX - 3), 1);
	push(&folding, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	ends_as(&folding, "a(a)9223372036854775807");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streaks),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_here),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_times_run_over),
		cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
