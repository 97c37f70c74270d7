/*
 * Numbers for keys: the same key has the same number, through growing; what is forgotten comes
 * again under a new number, and no number is given twice.
 */
#include "recorder/ingest/intern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { KEYS = 5000 };

static struct intern_key key_of(uint64_t i)
{
	return (struct intern_key){{i, i * 7, 1}};
}

static void the_same_key_has_the_same_number(void **state)
{
	struct intern intern;
	bool is_new;

	(void)state;
	intern_init(&intern, KEYS);
	for (uint64_t i = 0; i < KEYS; i++) {
		assert_int_equal(intern_number(&intern, key_of(i), &is_new), i + 1);
		assert_true(is_new);
	}
	for (uint64_t i = 0; i < KEYS; i++) {
		assert_int_equal(intern_number(&intern, key_of(i), &is_new), i + 1);
		assert_false(is_new);
	}
	assert_int_equal(intern_number(&intern, key_of(KEYS), &is_new), 0);
	intern_deinit(&intern);
}

static void what_is_forgotten_comes_again_under_a_new_number(void **state)
{
	struct intern intern;
	uint32_t last = 0;
	bool is_new;

	(void)state;
	intern_init(&intern, KEYS);
	for (int round = 0; round < 5; round++) {
		for (uint64_t i = 0; i < KEYS; i++) {
			const uint32_t number = intern_number(&intern, key_of(i), &is_new);

			assert_true(is_new);
			assert_int_equal(number, ++last);
			assert_int_equal(intern_key(&intern, number)->word[1], i * 7);
		}
		assert_int_equal(intern_number(&intern, key_of(3), &is_new), last - KEYS + 4);
		assert_false(is_new);
		/* The limit is of those that are kept. */
		assert_int_equal(intern_number(&intern, key_of(KEYS), &is_new), 0);
		intern_forget(&intern);
	}
	assert_int_equal(intern.count, 5 * KEYS);
	intern_deinit(&intern);
}

static void an_empty_table_can_be_forgotten(void **state)
{
	struct intern intern;
	bool is_new;

	(void)state;
	intern_init(&intern, 10);
	intern_forget(&intern);
	assert_int_equal(intern_number(&intern, key_of(1), &is_new), 1);
	intern_deinit(&intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_key_has_the_same_number),
		cmocka_unit_test(what_is_forgotten_comes_again_under_a_new_number),
		cmocka_unit_test(an_empty_table_can_be_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
