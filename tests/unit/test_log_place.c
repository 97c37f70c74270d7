/* Which recorded line is the one at a place in a file: table by table, and against all that can be.
 */
#include "debugger/log/log_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 8

/* A candidate: writer, low, high. */
#define C(writer, low, high)                                                                       \
	{                                                                                          \
		0, 1, writer, low, high, false, false                                              \
	}
#define FREE(writer) C(writer, PLACE_BEFORE, PLACE_BEHIND)

static const struct {
	const char *name;
	int64_t line, lines[MOST]; /* ends with 0 */
	struct place_candidate candidates[MOST];
	size_t count;
	bool has_bounds;
	enum place_sure sure;
	enum place_why why;
	size_t chosen;
} cases[] = {
	{"never recorded", 5, {5}, {FREE(1)}, 0, false, PLACE_NOT_FOUND, PLACE_NOTHING, 0},
	{"once", 5, {5}, {FREE(1)}, 1, false, PLACE_EXACT, PLACE_ONCE, 0},
	{"counted", 7, {3, 7, 9}, {FREE(1), FREE(1), FREE(1)}, 3, false, PLACE_EXACT, PLACE_COUNTED,
		1},
	{"two writers", 7, {3, 7}, {FREE(1), FREE(2)}, 2, false, PLACE_AMBIGUOUS, PLACE_WRITERS, 0},
	{"lost some", 7, {3, 7}, {FREE(1), FREE(1), FREE(1)}, 3, false, PLACE_AMBIGUOUS,
		PLACE_FEWER, 0},
	{"somebody else's", 7, {3, 7}, {FREE(1)}, 1, false, PLACE_AMBIGUOUS, PLACE_MORE, 0},
	{"… nothing around it", 7, {3, 7}, {FREE(1)}, 1, true, PLACE_AMBIGUOUS, PLACE_MORE, 0},
	{"… but between two lines", 7, {3, 7}, {C(1, 6, 8)}, 1, true, PLACE_NARROWED, PLACE_BETWEEN,
		0},
	{"… or not between them", 3, {3, 7}, {C(1, 6, 8)}, 1, true, PLACE_AMBIGUOUS,
		PLACE_ELSEWHERE, 0},
	{"… two where one was recorded", 7, {7, 8}, {C(1, 6, 9)}, 1, true, PLACE_AMBIGUOUS,
		PLACE_MORE, 0},
	{"… two behind the last that is known", 8, {7, 8}, {C(1, 6, PLACE_BEHIND)}, 1, true,
		PLACE_AMBIGUOUS, PLACE_MORE, 0},
	{"… two before the first that is known", 1, {1, 2}, {C(1, PLACE_BEFORE, 4)}, 1, true,
		PLACE_AMBIGUOUS, PLACE_MORE, 0},
	{"two writers, apart", 7, {3, 7}, {C(1, 2, 4), C(2, 6, 8)}, 2, true, PLACE_NARROWED,
		PLACE_BETWEEN, 1},
	{"two writers, one of whom may be anywhere", 7, {3, 7}, {C(1, 6, 8), FREE(2)}, 2, true,
		PLACE_AMBIGUOUS, PLACE_WRITERS, 0},
	{"cut short at its beginning", 4, {4, 8}, {C(1, PLACE_BEFORE, 3), C(1, 3, 6), C(1, 6, 9)},
		3, true, PLACE_NARROWED, PLACE_BETWEEN, 1},
	{"… before the first line that is known", 2, {2},
		{C(1, PLACE_BEFORE, 3), C(1, PLACE_BEFORE, 3)}, 2, true, PLACE_NARROWED,
		PLACE_BETWEEN, 1},
	{"not all written yet", 7, {7}, {C(1, 6, PLACE_BEHIND), C(1, 6, PLACE_BEHIND)}, 2, true,
		PLACE_NARROWED, PLACE_BETWEEN, 0},
	{"some missing between two lines", 7, {7}, {C(1, 6, 9), C(1, 6, 9)}, 2, true,
		PLACE_AMBIGUOUS, PLACE_FEWER, 0},
	{"another file's", 7, {7}, {C(1, PLACE_BEHIND, PLACE_BEFORE), C(2, 6, 8)}, 2, true,
		PLACE_NARROWED, PLACE_BETWEEN, 1},
	{"turned round", 7, {3, 7}, {C(1, 9, 2), C(1, 9, 2)}, 2, true, PLACE_AMBIGUOUS,
		PLACE_ELSEWHERE, 0},
	{"one that was cut", 5, {5}, {{0, 1, 1, 0, PLACE_BEHIND, false, true}}, 1, false,
		PLACE_NARROWED, PLACE_CUT, 0},
	{"several that were cut", 5, {5, 6},
		{{0, 1, 1, 0, PLACE_BEHIND, false, true}, {0, 1, 1, 0, PLACE_BEHIND, false, true}},
		2, false, PLACE_AMBIGUOUS, PLACE_CUT, 0},
	{"in any order", 5, {5, 6},
		{{0, 1, 1, 0, PLACE_BEHIND, true, false}, {0, 1, 1, 0, PLACE_BEHIND, true, false}},
		2, false, PLACE_AMBIGUOUS, PLACE_UNORDERED, 0},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t lines = 0;
		struct place_question question;
		struct place_answer answer;

		while (lines < MOST && cases[i].lines[lines])
			lines++;
		question = (struct place_question){cases[i].line, cases[i].lines, lines,
			cases[i].candidates, cases[i].count, cases[i].has_bounds};
		answer = log_place_decide(&question);
		if (answer.sure != cases[i].sure || answer.why != cases[i].why)
			fail_msg("%s: sure %d, why %d", cases[i].name, answer.sure, answer.why);
		if (answer.sure == PLACE_EXACT || answer.sure == PLACE_NARROWED)
			assert_int_equal(answer.chosen, cases[i].chosen);
	}
}

/*
 * Random files of several writers, whose lines are the text or such as occur once: what was lost at
 * the beginning or the end. Whatever is named must be the very line.
 */
struct written {
	int writer, text; /* 0: the text that is asked for; else one that occurs once */
	int64_t line;	  /* in the file; 0: lost */
};

static unsigned int seed;

static int below(int limit)
{
	seed = seed * 1103515245 + 12345;
	return (int)(seed >> 16) % limit;
}

static void bound(struct written *all, size_t count, size_t i, struct place_candidate *ret)
{
	size_t j;

	ret->low = PLACE_BEFORE;
	ret->high = PLACE_BEHIND;
	for (j = i; j--;)
		if (all[j].writer == all[i].writer && all[j].text && all[j].line) {
			ret->low = all[j].line;
			break;
		}
	for (j = i + 1; j < count; j++)
		if (all[j].writer == all[i].writer && all[j].text && all[j].line) {
			ret->high = all[j].line;
			break;
		}
}

#define WRITTEN 24

/* `order` is that of recording; the file's is another merge of the same writers. */
static size_t one_world(int writers, int from, int to)
{
	struct written all[WRITTEN], *file[WRITTEN];
	struct place_candidate candidates[WRITTEN];
	size_t of[WRITTEN], count = 0, line_count = 0, named = 0, i, j;
	int64_t lines[WRITTEN];
	bool taken[WRITTEN] = {false};

	for (i = 0; i < WRITTEN; i++)
		all[i] = (struct written){below(writers), below(3) ? 0 : (int)i + 1, 0};
	for (i = 0; i < WRITTEN; i++) {
		/* The next line of a writer who has one left. */
		int writer;

		do {
			writer = below(writers);
			for (j = 0; j < WRITTEN && (taken[j] || all[j].writer != writer); j++)
				;
		} while (j == WRITTEN);
		taken[j] = true;
		file[i] = &all[j];
	}
	for (i = (size_t)from; i < (size_t)to; i++) {
		file[i]->line = (int64_t)i - from + 1;
		if (!file[i]->text)
			lines[line_count++] = file[i]->line;
	}
	for (i = 0; i < WRITTEN; i++) {
		if (all[i].text)
			continue;
		candidates[count] =
			(struct place_candidate){(int64_t)i, 1, all[i].writer, 0, 0, false, false};
		bound(all, WRITTEN, i, &candidates[count]);
		of[count++] = i;
	}
	for (i = 0; i < line_count; i++) {
		struct place_question question = {
			lines[i], lines, line_count, candidates, count, true};
		struct place_answer answer = log_place_decide(&question);

		if (answer.sure != PLACE_EXACT && answer.sure != PLACE_NARROWED)
			continue;
		named++;
		assert_int_equal(all[of[answer.chosen]].line, lines[i]);
	}
	return named;
}

static void test_worlds(void **state)
{
	size_t named[4] = {0};

	(void)state;
	for (seed = 1; seed < 40000; seed++) {
		unsigned int kept = seed;
		int writers = 1 + below(3), from = below(2) ? below(10) : 0;

		named[writers] += one_world(writers, from, WRITTEN - (below(2) ? below(10) : 0));
		seed = kept;
	}
	/* It does name lines, of one writer more than of three. */
	assert_true(named[3] > 1000);
	assert_true(named[1] > named[3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
