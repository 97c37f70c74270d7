/* What `log` is asked for: see log_input.h. Opens the files that are named, and reads none. */
#include "debugger/log/log_input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_LINES_MOST 1000000
#define INPUT_BYTES_MOST (256 << 20)
#define COLONS_MOST	 8 /* of a line on the input: a path may have such of its own */

/* ":LINE" at a colon, up to the end or another colon; the same with what else stands there. Returns
 * where it ends, NULL when it is none. */
static const char *read_line_number(const char *colon, int64_t *ret)
{
	size_t digits = strspn(colon + 1, "0123456789");
	const char *end = colon + 1 + digits;

	if (!digits || digits > 18 || (*end && *end != *colon))
		return NULL;
	*ret = strtoll(colon + 1, NULL, 10);
	return *ret > 0 ? end : NULL;
}

static bool is_there(const char *path)
{
	struct stat status;

	return !stat(path, &status);
}

/* Is it a column's number, and nothing else? */
static bool is_column(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && (!text[digits] || (text[digits] == ':' && !text[digits + 1]));
}

/* A path that is there, and a line; NULL when none is. `ret_first` is the shortest path that could
 * be. */
static const char *split_place(char *place, int64_t *ret_line, char **ret_first)
{
	char *colon = place + strlen(place);
	const char *rest;
	bool found;

	*ret_first = NULL;
	while (colon > place) {
		if (*--colon != ':' || colon == place ||
			!(rest = read_line_number(colon, ret_line)))
			continue;
		*colon = '\0';
		found = is_there(place);
		if (found)
			return rest;
		*colon = ':';
		*ret_first = colon;
	}
	return NULL;
}

static int refuse_place(char *place, char *first, struct error *err)
{
	if (first) {
		*first = '\0';
		error_set(err, "log: no such file: '%s'", place);
		return 1;
	}
	if (is_there(place))
		error_set(err, "log: --file takes a file and a line of it, as '%s:LINE'", place);
	else
		error_set(err, "log: --file takes PATH:LINE, not '%s'", place);
	return 2;
}

int log_input_place(struct log_search *search, const char *place, struct error *err)
{
	char *copy = strdup(place), *first;
	const char *rest;
	int64_t line;
	int source, status = 0;

	if (!copy) {
		error_set(err, "out of memory");
		return 1;
	}
	rest = split_place(copy, &line, &first);
	if (!rest) {
		status = refuse_place(copy, first, err);
		free(copy);
		return status;
	}
	rest += *rest == ':';
	source = log_search_source(search, copy, err);
	if (source < 0) {
		status = 1;
	} else if (!log_search_add_place(search, source, line,
			   *rest && !is_column(rest) ? rest : NULL, strlen(rest), 0)) {
		error_set(err, "out of memory");
		status = 1;
	}
	free(copy);
	return status;
}

/* The file and the line that grep -n has before a text, ':' behind each of them, or '-' before a
 * line of context. The index of the source, or -1; *ret_said is where the text begins. */
static int find_source(struct log_search *search, char *line, size_t length, char behind,
	int64_t *ret_number, size_t *ret_said)
{
	char *colon = line, *end = line + length;
	const char *rest;
	int source = -1, tried;

	for (tried = 0; tried < COLONS_MOST && source < 0; colon++, tried++) {
		colon = memchr(colon, behind, (size_t)(end - colon));
		if (!colon)
			break;
		rest = colon > line ? read_line_number(colon, ret_number) : NULL;
		if (!rest || !*rest)
			continue;
		*colon = '\0';
		if (is_there(line))
			source = log_search_source(search, line, NULL);
		*colon = behind;
		*ret_said = (size_t)(rest + 1 - line);
	}
	return source;
}

/* A line of the input. 1 added, 0 it says nothing, -1 memory ran out. */
static int add_line(struct log_search *search, const char *line, size_t length)
{
	char *plain = malloc(length + 1);
	int64_t number = 0;
	size_t said = 0, plain_length;
	bool added;
	int source;

	if (!plain)
		return -1;
	plain_length = log_text_uncolour(line, length, plain);
	plain[plain_length] = '\0';
	/* grep's line between groups is none */
	if (!log_text_trim(plain, plain_length) || !strcmp(plain, "--")) {
		free(plain);
		return 0;
	}
	source = find_source(search, plain, plain_length, ':', &number, &said);
	if (source < 0)
		source = find_source(search, plain, plain_length, '-', &number, &said);
	added = source < 0
			? log_search_add(search, line, length)
			: log_search_add_place(search, source, number, plain, plain_length, said);
	free(plain);
	return added ? 1 : -1;
}

int log_input_lines(struct log_search *search, FILE *in, struct error *err)
{
	char *line = NULL;
	size_t room = 0, bytes = 0;
	int64_t number = 0;
	ssize_t length;
	int result = 0, added;

	while (!result && (length = getline(&line, &room, in)) >= 0) {
		number++;
		if (length && line[length - 1] == '\n')
			line[--length] = '\0';
		bytes += (size_t)length;
		if (search->count == INPUT_LINES_MOST || bytes > INPUT_BYTES_MOST) {
			result = error_set(err,
				"log: too much input: at most %d lines and %d MiB, of which line"
				" %lld is too much",
				INPUT_LINES_MOST, INPUT_BYTES_MOST >> 20, (long long)number);
			continue;
		}
		added = add_line(search, line, (size_t)length);
		if (added < 0)
			result = error_set(err, "out of memory");
		else if (added)
			search->queries[search->count - 1].number = number;
	}
	free(line);
	return result;
}
