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

/* One option word. Returns how many words after it were taken, or -1. */
static int parse_one(const struct option_row *rows, const char *word, const char *next,
	struct option_values *ret, struct error *err)
{
	bool is_long = word[1] == '-';
	const char *name = word + (is_long ? 2 : 1), *value = NULL;
	size_t length = is_long ? strcspn(name, "=") : 1;
	size_t i = find_row(rows, name, length);
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
	ret->values[i] = value ? value : "";
	return taken;
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
		if (argv[i][0] != '-' || !argv[i][1]) {
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
