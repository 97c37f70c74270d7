/*
 * What `diff` stands on: texts and stacks that are equal when they are, ways that go round as one,
 * and rules that tell a difference from chance.
 */
#include "debugger/diff/compare.h"

#include "debugger/diff/code.h"
#include "debugger/recording/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_texts(void **state)
{
	struct lexicon lexicon;
	char word[32];
	uint32_t first;

	(void)state;
	lexicon_init(&lexicon);
	first = lexicon_text(&lexicon, "word 0");
	assert_int_not_equal(first, 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(word, sizeof word, "word %d", i);
		assert_string_equal(lexicon_words(&lexicon, lexicon_text(&lexicon, word)), word);
	}
	assert_int_equal(lexicon_text(&lexicon, "word 0"), first);
	assert_int_equal(lexicon.count, 5000);
	assert_int_equal(lexicon_text(&lexicon, NULL), 0);
	assert_null(lexicon_words(&lexicon, 0));
	lexicon_deinit(&lexicon);
}

static void test_stacks(void **state)
{
	struct lexicon lexicon;
	uint32_t main_name, call, inner;

	(void)state;
	lexicon_init(&lexicon);
	main_name = lexicon_text(&lexicon, "main");
	call = lexicon_text(&lexicon, "call");
	inner = lexicon_stack(&lexicon, lexicon_stack(&lexicon, 0, main_name), call);
	assert_int_equal(
		inner, lexicon_stack(&lexicon, lexicon_stack(&lexicon, 0, main_name), call));
	assert_int_not_equal(inner, lexicon_stack(&lexicon, 0, call));
	assert_int_equal(inner, lexicon_stack(&lexicon, inner, call));
	assert_int_equal(lexicon_function(&lexicon, lexicon_caller(&lexicon, inner)), main_name);
	lexicon_deinit(&lexicon);
}

static void test_plain_names(void **state)
{
	static const char *const names[][2] = {{"f", "f"}, {"f.cold", "f"}, {"f.part.0", "f"},
		{"f.isra.0.cold", "f"}, {"f.constprop.1", "f"}, {"a.b", "a.b"}, {".cold", ".cold"},
		{"x::y<a.b>::z", "x::y<a.b>::z"}, {"a.b.part.3", "a.b"}};
	char room[16];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_string_equal(code_plain_name(names[i][0], room, sizeof room), names[i][1]);
	/* No room to cut it: it stays. */
	assert_string_equal(
		code_plain_name("a_long_function.cold", room, 8), "a_long_function.cold");
}

/* --- the forest
 * -----------------------------------------------------------------------------------
 */

struct code_of_forest {
	uint32_t stack, api, callback, other;
};

static struct code_of_forest begin(struct forest *forest)
{
	struct code_of_forest code;

	forest_init(forest);
	code.api = lexicon_text(&forest->lexicon, "uv_timer_start");
	code.callback = lexicon_text(&forest->lexicon, "on_tick");
	code.other = lexicon_text(&forest->lexicon, "on_other");
	code.stack = lexicon_stack(&forest->lexicon, 0, code.callback);
	return code;
}

static void test_rounds(void **state)
{
	struct forest forest;
	struct code_of_forest code = begin(&forest);
	uint32_t root = forest_process(&forest, 0, 0), run, first, next;

	(void)state;
	run = forest_run(
		&forest, forest_call(&forest, root, NODE_ARMED, 0, 0, code.api), code.callback, 0);
	first = forest_run(&forest, forest_call(&forest, run, NODE_ARMED, code.stack, 0, code.api),
		code.callback, 0);
	/* Armed elsewhere, and so not the same. */
	assert_int_not_equal(run, first);
	for (int i = 0; i < 100; i++) {
		next = forest_run(&forest,
			forest_call(&forest, first, NODE_ARMED, code.stack, 0, code.api),
			code.callback, 0);
		assert_int_equal(next, first);
	}
	assert_int_not_equal(
		forest_run(&forest,
			forest_call(&forest, first, NODE_ARMED, code.stack, 0, code.api),
			code.other, 0),
		first);
	assert_int_equal(forest_call(&forest, 0, NODE_ARMED, code.stack, 0, code.api), 0);
	assert_int_equal(forest_run(&forest, 0, code.callback, 0), 0);
	forest_deinit(&forest);
}

/* However many ways there are, they have an end. */
static void test_bounds(void **state)
{
	struct forest forest;
	uint32_t node, call;
	char word[32];

	(void)state;
	forest_init(&forest);
	node = forest_process(&forest, 0, 0);
	for (int i = 0; node && i < 100000; i++) {
		snprintf(word, sizeof word, "function %d", i);
		call = forest_call(&forest, node, NODE_CREATED,
			lexicon_stack(&forest.lexicon, 0, lexicon_text(&forest.lexicon, word)), 0,
			0);
		node = forest_run(&forest, call, lexicon_text(&forest.lexicon, word), 0);
	}
	/* It is pooled, until there is no room for that either. */
	assert_int_equal(node, 0);
	assert_true(forest.full);
	assert_null(forest_side(&forest, 0, 0));
	forest_deinit(&forest);
}

/* What has no room is the same by its callback and stack, whatever led to it. */
static void test_pool(void **state)
{
	struct forest forest;
	struct code_of_forest code = begin(&forest);
	uint32_t root = forest_process(&forest, 0, 0), first = 0, second = 0, call;
	char word[32];
	int i;

	(void)state;
	for (i = 0; !forest.full && i < 1000000; i++) {
		snprintf(word, sizeof word, "function %d", i);
		first = second;
		second = forest_call(&forest, root, NODE_ARMED, 0,
			lexicon_text(&forest.lexicon, word), code.api);
	}
	assert_true(forest.full);
	assert_false(forest_node(&forest, first)->is_pooled);
	assert_true(forest_node(&forest, second)->is_pooled);
	assert_int_equal(forest_node(&forest, second)->parent, root);
	/* One below a call of its own way, one below a pooled one. */
	first = forest_run(&forest, first, code.callback, 0);
	second = forest_run(&forest, second, code.callback, 0);
	assert_true(forest_node(&forest, first)->is_pooled);
	assert_int_not_equal(first, 0);
	call = forest_call(&forest, first, NODE_CREATED, code.stack, 0, code.api);
	assert_int_not_equal(call, 0);
	assert_int_equal(forest_node(&forest, call)->parent, first);
	assert_int_equal(forest_call(&forest, first, NODE_CREATED, code.stack, 0, code.api), call);
	first = forest_run(&forest, call, code.other, 0);
	assert_int_equal(
		forest_node(&forest, forest_node(&forest, first)->parent)->kind, NODE_POOL);
	forest_deinit(&forest);
}

/* --- samples ------------------------------------------------------------------------------------
 */

static void test_samples(void **state)
{
	struct samples few = {0}, many = {0}, longer = {0}, none = {0}, poor = {0};
	size_t room = 1 << 20, no_room = 0;

	(void)state;
	for (int64_t i = 1; i <= 101; i++)
		samples_add(&few, (102 - i) * 1000, &room);
	samples_sort(&few);
	assert_int_equal(samples_percentile(&few, 0), 1000);
	assert_int_equal(samples_percentile(&few, 50), 51000);
	assert_int_equal(samples_percentile(&few, 90), 91000);
	assert_int_equal(samples_percentile(&few, 100), 101000);
	assert_int_equal(few.longest_ns, 101000);
	for (int64_t i = 0; i < 100000; i++) {
		samples_add(&many, 1000 + i % 1000, &room);
		samples_add(&longer, 1500 + i % 1000, &room);
	}
	samples_sort(&many);
	samples_sort(&longer);
	assert_int_equal(many.count, SAMPLES_MAX);
	assert_int_equal(many.seen, 100000);
	assert_in_range(samples_percentile(&many, 50), 1350, 1650);
	assert_true(samples_shift(&many, &longer, 1) > 5);
	assert_true(samples_shift(&longer, &many, 1) < -5);
	assert_true(samples_shift(&many, &many, 1) < 0.1);
	assert_true(samples_shift(&many, &longer, 2) < 0);
	assert_int_equal(samples_percentile(&none, 50), 0);
	assert_true(samples_shift(&none, &many, 1) < 0.1);
	samples_add(&none, INT64_MAX, &room);
	samples_add(&none, INT64_MIN, &room);
	samples_sort(&none);
	assert_true(samples_percentile(&none, 100) > 0);
	for (int i = 0; i < 1000; i++)
		samples_add(&poor, i, &no_room);
	assert_int_equal(poor.count, 0);
	assert_int_equal(poor.seen, 1000);
	samples_deinit(&few);
	samples_deinit(&many);
	samples_deinit(&longer);
	samples_deinit(&none);
	samples_deinit(&poor);
}

/* --- the rules ----------------------------------------------------------------------------------
 */

/* A run of which one call is made, and that call; with what each recording has of them. */
struct scene {
	struct forest forest;
	uint32_t run, call, after;
};

static void set_scene(struct scene *scene)
{
	struct code_of_forest code = begin(&scene->forest);
	uint32_t root = forest_process(&scene->forest, 0, 0);

	scene->run = forest_run(&scene->forest,
		forest_call(&scene->forest, root, NODE_ARMED, 0, 0, code.api), code.callback, 0);
	scene->call =
		forest_call(&scene->forest, scene->run, NODE_CREATED, code.stack, 0, code.api);
	scene->after = forest_run(&scene->forest, scene->call, code.other, 0);
	for (int side = 0; side < FOREST_SIDES; side++) {
		forest_side(&scene->forest, root, side)->count = 1;
		forest_side(&scene->forest, forest_node(&scene->forest, scene->run)->parent, side)
			->count = 1;
	}
}

static struct node_side *of(struct scene *scene, uint32_t node, int side)
{
	return forest_side(&scene->forest, node, side);
}

/* `runs` of the run around it, in `in` of which the call was made `times` times. */
static void have(struct scene *scene, int side, int64_t runs, int64_t in, int64_t times)
{
	struct node_side *call;

	of(scene, scene->run, side)->count = runs;
	if (!in)
		return;
	call = of(scene, scene->call, side);
	call->count = in * times;
	call->parents = in;
	call->squares = (double)(in - 1) * (double)times * (double)times;
	call->in_run = times;
}

static bool is_cut_off;

/* The kinds of what differs, in words: "created", "only_other (rare)". */
static void differs_in(struct scene *scene, const char *expected)
{
	static const char *const kinds[] = {
#define X(tag, code) code,
		DIFFERENCES(X)
#undef X
	};
	const struct compare_options options = {COMPARE_BY_ALL, NULL, is_cut_off};
	struct comparison comparison;
	struct error err;
	char words[256] = "";

	assert_int_equal(compare(&comparison, &scene->forest, &options, &err), 0);
	for (size_t i = 0; i < comparison.count; i++)
		snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s%s",
			i ? " " : "", kinds[comparison.rows[i].kind],
			comparison.rows[i].is_rare ? " (rare)" : "");
	assert_string_equal(words, expected);
	comparison_deinit(&comparison);
	forest_deinit(&scene->forest);
}

static void compare_calls(int64_t runs, int64_t in, int64_t times, int64_t other_runs,
	int64_t other_in, int64_t other_times, const char *expected)
{
	struct scene scene;

	set_scene(&scene);
	have(&scene, 0, runs, in, times);
	have(&scene, 1, other_runs, other_in, other_times);
	differs_in(&scene, expected);
}

static void test_numbers(void **state)
{
	(void)state;
	compare_calls(100, 100, 1, 100, 100, 1, "");
	/* Load and length. */
	compare_calls(100, 100, 2, 1000, 1000, 2, "");
	compare_calls(100, 100, 1, 100, 100, 2, "created");
	compare_calls(100, 100, 4, 100, 100, 5, "");
	/* In a few of many it is chance. */
	compare_calls(1000, 5, 50, 1000, 3, 50, "");
	compare_calls(1000, 100, 1, 1000, 300, 1, "created");
	/* At the start, once: three and four are no difference, three and thirty are. */
	compare_calls(1, 1, 3, 1, 1, 4, "");
	compare_calls(1, 1, 3, 1, 1, 30, "created");
	/* A few runs do not tell how much they differ by. */
	compare_calls(4, 4, 1, 2, 2, 3, "");
	compare_calls(2, 2, 1, 2, 2, 30, "created");
	/* Only in one. */
	compare_calls(100, 0, 0, 100, 100, 1, "only_other");
	compare_calls(100, 100, 1, 100, 0, 0, "only_base");
	compare_calls(1, 0, 0, 1, 1, 1, "only_other");
	compare_calls(1000, 0, 0, 1000, 1, 1, "only_other (rare)");
	compare_calls(1000, 0, 0, 1000, 9, 1, "only_other (rare)");
	compare_calls(1000, 0, 0, 1000, 10, 1, "only_other");
	/* There it had little occasion. */
	compare_calls(10, 0, 0, 1000, 100, 1, "only_other (rare)");
}

static void compare_shares(
	int64_t alive, int64_t of_all, int64_t other_alive, int64_t of_other, const char *expected)
{
	struct scene scene;

	set_scene(&scene);
	have(&scene, 0, of_all, of_all, 1);
	have(&scene, 1, of_other, of_other, 1);
	of(&scene, scene.call, 0)->alive = alive;
	of(&scene, scene.call, 1)->alive = other_alive;
	differs_in(&scene, expected);
}

static void test_shares(void **state)
{
	(void)state;
	compare_shares(0, 100, 0, 200, "");
	compare_shares(0, 100, 100, 100, "alive");
	compare_shares(0, 1, 1, 1, "alive");
	compare_shares(10, 100, 12, 100, "");
	compare_shares(1, 100, 2, 100, "");
	compare_shares(10, 1000, 100, 1000, "alive");
	/* A program that was cut off still has what it just made. */
	is_cut_off = true;
	compare_shares(0, 1, 1, 1, "");
	compare_shares(0, 4, 4, 4, "");
	compare_shares(0, 40, 40, 40, "alive");
	is_cut_off = false;
}

/* `count` runs of the callback, each a little longer than the one before. */
static void take(struct scene *scene, int side, int64_t count, int64_t ns)
{
	struct node_side *after = of(scene, scene->after, side);

	have(scene, side, count, count, 1);
	after->count = count;
	for (int64_t i = 0; i < count; i++)
		samples_add(&after->ran, ns + i % 16 * (ns / 32), &scene->forest.room);
}

static void compare_times(
	int64_t count, int64_t ns, int64_t other_count, int64_t other_ns, const char *expected)
{
	struct scene scene;

	set_scene(&scene);
	take(&scene, 0, count, ns);
	take(&scene, 1, other_count, other_ns);
	differs_in(&scene, expected);
}

static void test_times(void **state)
{
	(void)state;
	compare_times(100, 1000000, 100, 1000000, "");
	compare_times(100, 1000000, 100, 1300000, "");
	compare_times(100, 1000000, 100, 2000000, "run_time");
	compare_times(100, 2000000, 400, 1000000, "run_time");
	/* What a busy machine does. */
	compare_times(9, 25000, 18, 90000, "");
	compare_times(40, 75000, 40, 120000, "");
	compare_times(400, 75000, 400, 300000, "run_time");
	/* Microseconds count when there are many of them. */
	compare_times(100, 1000, 100, 3000, "");
	compare_times(10000, 1000, 10000, 3000, "run_time");
	/* Too few to say, unless it is much. */
	compare_times(3, 1000000, 3, 9000000, "");
	compare_times(1, 1000000, 1, 900000000, "run_time");
}

/* The same call by another way, and a moment of what goes round: once of once tells nothing. */
static void test_order(void **state)
{
	struct scene scene;
	struct code_of_forest code;
	uint32_t again, call;

	(void)state;
	set_scene(&scene);
	have(&scene, 0, 1, 0, 0);
	have(&scene, 1, 1, 1, 1);
	code.other = lexicon_text(&scene.forest.lexicon, "on_other");
	code.api = lexicon_text(&scene.forest.lexicon, "uv_timer_start");
	code.stack = forest_node(&scene.forest, scene.call)->stack;
	again = forest_run(&scene.forest,
		forest_call(&scene.forest, scene.run, NODE_ARMED, 0, 0, code.api), code.other, 0);
	call = forest_call(&scene.forest, again, NODE_CREATED, code.stack, 0, code.api);
	for (int side = 0; side < FOREST_SIDES; side++) {
		of(&scene, forest_node(&scene.forest, again)->parent, side)->count = 1;
		of(&scene, forest_node(&scene.forest, again)->parent, side)->parents = 1;
		of(&scene, again, side)->count = 1;
	}
	of(&scene, call, 0)->count = of(&scene, call, 0)->parents = 1;
	differs_in(&scene, "only_other (rare) only_base (rare)");
}

static void test_status(void **state)
{
	struct scene scene;

	(void)state;
	set_scene(&scene);
	take(&scene, 0, 100, 1000);
	take(&scene, 1, 100, 1000);
	of(&scene, scene.after, 0)->statuses[0].status = -104;
	of(&scene, scene.after, 0)->statuses[0].count = 2;
	of(&scene, scene.after, 1)->statuses[0].status = -2;
	of(&scene, scene.after, 1)->statuses[0].count = 50;
	differs_in(&scene, "status");
}

/* A slower machine is no difference, and what became slower beyond it is. */
static void test_drift(void **state)
{
	struct scene scene;
	uint32_t call, run;
	char word[32];

	(void)state;
	set_scene(&scene);
	take(&scene, 0, 100, 1000000);
	take(&scene, 1, 100, 8000000);
	for (int i = 0; i < 8; i++) {
		snprintf(word, sizeof word, "function %d", i);
		call = forest_call(&scene.forest, scene.run, NODE_CREATED,
			lexicon_stack(&scene.forest.lexicon, 0,
				lexicon_text(&scene.forest.lexicon, word)),
			0, 0);
		run = forest_run(&scene.forest, call, lexicon_text(&scene.forest.lexicon, word), 0);
		for (int side = 0; side < FOREST_SIDES; side++) {
			*of(&scene, call, side) = (struct node_side){.count = 100, .parents = 100};
			of(&scene, call, side)->in_run = 1;
			of(&scene, call, side)->squares = 99;
			of(&scene, run, side)->count = 100;
			for (int64_t j = 0; j < 100; j++)
				samples_add(&of(&scene, run, side)->ran,
					(side ? 2000000 : 1000000) + j % 16 * 20000,
					&scene.forest.room);
		}
	}
	differs_in(&scene, "run_time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_plain_names),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_drift),
	};

	return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
