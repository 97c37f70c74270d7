/* Options of a command: see option.h. Keeps no state; prints nothing. */
#include "debugger/option.h"

#include <string.h>

static size_t find_row(const struct option_row *rows, const char *name, size_t length)
{
	size_t i;

	for (i = 0; rows[i].name || rows[i].letter; i++) {
		if (rows[i].name && strlen(rows[i].name) == length &&
			!strncmp(rows[i].name, name, length))
			return i;
		if (length == 1 && rows[i].letter == *name)
			return i;
	}
	return OPTIONS_MAX;
}

/* Choices stand in an argument's name as "text|json". */
static int check_choice(const struct option_row *row, const char *value, struct error *err)
{
	if (!strchr(row->argument, '|') || option_is_among(value, row->argument))
		return 0;
	return error_set(
		err, "'%s' is no choice for --%s: it takes %s", value, row->name, row->argument);
}

/*
 * What `word` names, a row's number or OPTIONS_MAX. Sets where the name stands in it. A long name
 * after one dash, as gdb has them, is one only if it is that whole name.
 */
static size_t read_name(
	const struct option_row *rows, const char *word, const char **ret_name, size_t *ret_length)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t length = strcspn(name, "="), i;

	*ret_name = name;
	*ret_length = length;
	i = length > 1 || word[1] == '-' ? find_row(rows, name, length) : OPTIONS_MAX;
	if (i != OPTIONS_MAX || word[1] == '-')
		return i;
	*ret_length = 1;
	return find_row(rows, name, 1);
}

/* One option word. Returns how many words after it were taken, or -1. */
static int parse_one(const struct option_row *rows, const char *word, const char *next,
	struct option_values *ret, struct error *err)
{
	const char *name, *value = NULL;
	size_t length, i = read_name(rows, word, &name, &length);
	bool is_long = word[1] == '-' || length > 1;
	int taken = 0;

	if (i == OPTIONS_MAX)
		return error_set(err, "unknown option '%s'", word);
	if (name[length])
		value = name + length + (is_long ? 1 : 0);
	if (!rows[i].argument && value)
		return error_set(err,
			is_long ? "option '--%.*s' takes no value" : "unknown option '-%.*s...'",
			(int)length, name);
	if (rows[i].argument && !value) {
		value = next;
		taken = 1;
	}
	if (rows[i].argument && !value)
		return error_set(err, "option '%s' needs its %s", word, rows[i].argument);
	if (rows[i].argument && check_choice(&rows[i], value, err))
		return -1;
	if (ret->given_count == OPTIONS_GIVEN_MAX)
		return error_set(err, "more than %d options", OPTIONS_GIVEN_MAX);
	ret->values[i] = value ? value : "";
	ret->given[ret->given_count].row = &rows[i];
	ret->given[ret->given_count++].value = ret->values[i];
	return taken;
}

/* A number below zero is none, nor is a comment of SQL. */
static bool is_option(const char *word)
{
	if (word[0] != '-' || !word[1])
		return false;
	if (word[1] == '-')
		return !strchr(" \t\n", word[2]);
	return word[1] < '0' || word[1] > '9';
}

int option_parse(const struct option_row *rows, int argc, char **argv, bool stop_at_word,
	struct option_values *ret, struct error *err)
{
	int i, taken;

	*ret = (struct option_values){.rows = rows, .words = argv};
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!is_option(argv[i])) {
			if (stop_at_word)
				break;
			argv[ret->word_count++] = argv[i];
			continue;
		}
		taken = parse_one(rows, argv[i], i + 1 < argc ? argv[i + 1] : NULL, ret, err);
		if (taken < 0)
			return -1;
		i += taken;
	}
	while (i < argc)
		argv[ret->word_count++] = argv[i++];
	return 0;
}

const char *option_value(const struct option_values *values, const char *name)
{
	size_t i = find_row(values->rows, name, strlen(name));

	return i == OPTIONS_MAX ? NULL : values->values[i];
}

const struct option_row *option_row_of(const struct option_row *rows, const char *word)
{
	const char *name;
	size_t length, i;

	if (!rows || !is_option(word))
		return NULL;
	i = read_name(rows, word, &name, &length);
	return i == OPTIONS_MAX ? NULL : &rows[i];
}

bool option_is_among(const char *word, const char *choices)
{
	size_t length = strlen(word);

	while (*choices) {
		size_t end = strcspn(choices, "|");

		if (end == length && !strncmp(choices, word, length))
			return true;
		choices += end + (choices[end] == '|');
	}
	return false;
}
