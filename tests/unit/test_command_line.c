/* Options, words as typed at the prompt, and commands by name. */
#include "debugger/command_table.h"
#include "debugger/option.h"
#include "debugger/prompt/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct option_row rows[] = {
	{"full", 'f', NULL, ""},
	{"depth", 0, "N", ""},
	{"by", 0, "link|cause", ""},
	{NULL, 'r', "FILE", ""},
	{0},
};

static int parse(struct option_values *values, struct error *err, char **argv, bool stop)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return option_parse(rows, argc, argv, stop, values, err);
}

#define PARSE(...) parse(&values, &err, (char *[]){__VA_ARGS__, NULL}, false)

static void test_options(void **state)
{
	struct option_values values;
	struct error err;

	(void)state;
	assert_int_equal(PARSE("a", "--depth", "3", "b", "-rx.db", "--by=cause", "-f"), 0);
	assert_string_equal(option_value(&values, "depth"), "3");
	assert_string_equal(option_value(&values, "r"), "x.db");
	assert_string_equal(option_value(&values, "by"), "cause");
	assert_string_equal(option_value(&values, "full"), "");
	assert_int_equal(values.word_count, 2);
	assert_string_equal(values.words[0], "a");
	assert_string_equal(values.words[1], "b");
	assert_int_equal(PARSE("-r", "x", "--", "--full"), 0);
	assert_null(option_value(&values, "full"));
	assert_string_equal(values.words[0], "--full");
	assert_int_equal(PARSE("-"), 0); /* a word */
	assert_int_equal(values.word_count, 1);
	assert_int_equal(parse(&values, &err, (char *[]){"-f", "a", "-f", NULL}, true), 0);
	assert_int_equal(values.word_count, 2);
}

static void test_wrong_options(void **state)
{
	struct option_values values;
	struct error err;

	(void)state;
	assert_int_equal(PARSE("--nothing"), -1);
	assert_int_equal(PARSE("--ful"), -1);
	assert_int_equal(PARSE("--depth"), -1);
	assert_int_equal(PARSE("--full=1"), -1);
	assert_int_equal(PARSE("-fx"), -1);
	assert_int_equal(PARSE("--by", "magic"), -1);
	assert_int_equal(PARSE("--by", "lin"), -1);
	assert_int_equal(PARSE("-r"), -1);
}

static void splits(const char *line, int count, ...)
{
	struct words words;
	struct error err;
	va_list expected;
	int i;

	assert_int_equal(words_split(&words, line, &err), 0);
	assert_int_equal(words.count, count);
	va_start(expected, count);
	for (i = 0; i < count; i++)
		assert_string_equal(words.list[i], va_arg(expected, const char *));
	va_end(expected);
	words_deinit(&words);
}

static void test_words(void **state)
{
	struct words words;
	struct error err;

	(void)state;
	splits("", 0);
	splits("  trace \t 42 ", 2, "trace", "42");
	splits("a 'b c' \"d ' e\" f\\ g '' h'i'j", 6, "a", "b c", "d ' e", "f g", "", "hij");
	splits("'\\n' \"\\\"\"", 2, "\\n", "\"");
	assert_int_equal(words_split(&words, "a 'b", &err), -1);
	words_deinit(&words);
}

/* Every command can be found, and tells about itself. */
static void test_table(void **state)
{
	const struct command *const *row, *command;
	struct error err;

	(void)state;
	for (row = command_table.rows; (command = *row); row++) {
		int flags = command->flags & (COMMAND_SHELL | COMMAND_PROMPT);

		assert_true(flags);
		assert_ptr_equal(command_find(&command_table, command->name, flags), command);
		assert_non_null(command->run);
		assert_true(command->summary && command->usage && command->description);
		assert_null(strchr(command->summary, '.'));
		assert_true(strlen(command->summary) < 78);
	}
	assert_null(command_find(&command_table, "", COMMAND_SHELL));
	assert_null(command_find_beginning(&command_table, "x", COMMAND_PROMPT, &err));
	assert_string_equal(
		command_find_beginning(&command_table, "tr", COMMAND_PROMPT, &err)->name, "trace");
	assert_string_equal(command_find(&command_table, "bt", COMMAND_SHELL)->name, "trace");
	command_unknown(&command_table, "inof", COMMAND_SHELL, &err);
	assert_non_null(strstr(err.text, "'info'"));
	command_unknown(&command_table, "zzzzzzzz", COMMAND_SHELL, &err);
	assert_null(strstr(err.text, "did you mean"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
