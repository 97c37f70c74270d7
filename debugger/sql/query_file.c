/* A query of the library: see query_file.h. Knows no recording and no folder. */
#include "debugger/sql/query_file.h"

#include "debugger/recording/point.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *words;
} types[] = {
#define X(tag, name, words) {name, words},
	QUERY_TYPES(X)
#undef X
};

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

static void copy(char *ret, size_t size, const char *text, size_t length)
{
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	snprintf(ret, size, "%.*s", (int)length, text);
}

/* Up to two blanks, or the end of the line. */
static size_t part_length(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i + 1 < length; i++)
		if (text[i] == ' ' && text[i + 1] == ' ')
			return i;
	return length;
}

static int parse_type(const char *text, size_t length, enum query_type *ret)
{
	int i;

	for (i = 0; i < QUERY_TYPE_COUNT; i++) {
		if (strlen(types[i].name) != length || strncmp(types[i].name, text, length))
			continue;
		*ret = (enum query_type)i;
		return 0;
	}
	return -1;
}

/* "at_least duration = 10ms   words", without what stood before it. */
static int parse_parameter(struct query *query, const char *line, size_t length, struct error *err)
{
	struct query_parameter *parameter = &query->parameters[query->parameter_count];
	const char *end = line + length;
	size_t taken = name_length(line);

	if (query->parameter_count == QUERY_PARAMETERS_MAX)
		return error_set(err, "query %s: more than %d parameters", query->name,
			QUERY_PARAMETERS_MAX);
	*parameter = (struct query_parameter){.is_required = true};
	copy(parameter->name, sizeof parameter->name, line, taken);
	line += taken + strspn(line + taken, " ");
	taken = strcspn(line, " \n");
	if (!*parameter->name || parse_type(line, taken, &parameter->type))
		return error_set(err,
			"query %s: parameter :%s has no type: text, integer, real, duration, id or"
			" point",
			query->name, parameter->name);
	line += taken;
	if (end - line > 3 && !strncmp(line, " = ", 3)) {
		line += 3;
		taken = part_length(line, (size_t)(end - line));
		copy(parameter->fallback, sizeof parameter->fallback, line, taken);
		parameter->is_required = false;
		line += taken;
	}
	while (line < end && *line == ' ')
		line++;
	copy(parameter->words, sizeof parameter->words, line, (size_t)(end - line));
	query->parameter_count++;
	return 0;
}

int query_parse(struct query *ret, const char *name, const char *sql, struct error *err)
{
	bool is_first = true;

	*ret = (struct query){.sql = sql};
	snprintf(ret->name, sizeof ret->name, "%s", name);
	while (!strncmp(sql, "--", 2)) {
		size_t length = strcspn(sql, "\n"), blank = 2 + (size_t)(sql[2] == ' ');
		const char *line = sql + (blank < length ? blank : length);
		const char *colon = memchr(line, ':', (size_t)(sql + length - line));

		if (*line == ':' && name_length(line + 1) &&
			parse_parameter(ret, line + 1, (size_t)(sql + length - line) - 1, err))
			return -1;
		if (is_first && colon && colon > line && colon[1] == ' ')
			copy(ret->summary, sizeof ret->summary, colon + 2,
				(size_t)(sql + length - colon) - 2);
		is_first = false;
		sql += length + (sql[length] == '\n');
	}
	return 0;
}

int query_find_parameter(const struct query *query, const char *name, size_t length)
{
	int i;

	for (i = 0; i < query->parameter_count; i++)
		if (strlen(query->parameters[i].name) == length &&
			!strncmp(query->parameters[i].name, name, length))
			return i;
	return -1;
}

static int parse_integer(const char *text, int64_t *ret)
{
	char *end;
	long long number;

	number = strtoll(text, &end, 10);
	*ret = number;
	return end == text || *end || isspace((unsigned char)*text) || number == LLONG_MAX ||
			       number == LLONG_MIN
		       ? -1
		       : 0;
}

/* "10ms", "1.5 s", "250 us", "7ns"; a number alone is nanoseconds. */
static int parse_duration(const char *text, int64_t *ret)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9},
		{"h", 3600e9}};
	double number;
	char *end;
	size_t i;

	number = strtod(text, &end);
	if (end == text || !isdigit((unsigned char)*text))
		return -1;
	end += strspn(end, " ");
	for (i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(units[i].unit, end))
			continue;
		number *= units[i].ns;
		if (!(number >= 0 && number < 9e18))
			return -1;
		*ret = (int64_t)(number + 0.5);
		return 0;
	}
	return -1;
}

static int parse_id(const char *text, int64_t *ret)
{
	struct point point;

	if (point_parse(text, &point, NULL) || point.kind != POINT_ASYNC)
		return -1;
	*ret = point.id;
	return 0;
}

/* The value as what the parameter takes. -1: it is none. */
static int bind_value(enum query_type type, const char *value, sqlite3_stmt *statement, int number)
{
	struct point point;
	int64_t integer = 0;
	double real;
	char *end;

	switch (type) {
	case QUERY_INTEGER:
		return parse_integer(value, &integer) ||
				       sqlite3_bind_int64(statement, number, integer)
			       ? -1
			       : 0;
	case QUERY_DURATION:
		return parse_duration(value, &integer) ||
				       sqlite3_bind_int64(statement, number, integer)
			       ? -1
			       : 0;
	case QUERY_ID:
		return parse_id(value, &integer) || sqlite3_bind_int64(statement, number, integer)
			       ? -1
			       : 0;
	case QUERY_REAL:
		real = strtod(value, &end);
		return end == value || *end || !isfinite(real) ||
				       sqlite3_bind_double(statement, number, real)
			       ? -1
			       : 0;
	case QUERY_POINT:
		if (point_parse(value, &point, NULL))
			return -1;
		/* fall through */
	default:
		return sqlite3_bind_text(statement, number, value, -1, SQLITE_TRANSIENT) ? -1 : 0;
	}
}

int query_bind(const struct query *query, const struct query_parameter *parameter,
	const char *value, sqlite3_stmt *statement, struct error *err)
{
	char name[40];
	int number;

	snprintf(name, sizeof name, ":%s", parameter->name);
	number = sqlite3_bind_parameter_index(statement, name);
	if (!value && parameter->is_required)
		return error_set(err, "query %s: it needs its '%s', %s", query->name,
			parameter->name, types[parameter->type].words);
	if (!value && !strcmp(parameter->fallback, "NULL"))
		return 0;
	if (number && !bind_value(parameter->type, value ? value : parameter->fallback, statement,
			      number))
		return 0;
	if (!number)
		return error_set(err,
			"query %s: its SQL has no parameter :%s, which its comment names",
			query->name, parameter->name);
	return error_set(err, "query %s: '%s' takes %s, not '%.60s'", query->name, parameter->name,
		types[parameter->type].words, value ? value : parameter->fallback);
}
