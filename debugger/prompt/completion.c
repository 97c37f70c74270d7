/*
 * What a word of a line may become: see completion.h. Which command it is, and which of its options
 * and arguments, comes from the command table; what it may be from where that kind of thing is
 * known.
 */
#include "debugger/prompt/completion.h"

#include "debugger/prompt/complete_point.h"
#include "debugger/prompt/complete_sql.h"
#include "debugger/prompt/settings.h"
#include "debugger/prompt/shell.h"
#include "debugger/prompt/words.h"
#include "debugger/sql/query_library.h"

#include <stdlib.h>
#include <string.h>

#define LOOKUP_BUDGET 2000000

/* The word, and what stands before it. */
struct place {
	struct candidates *candidates;
	const struct command_table *table;
	struct session *session;
	const char *line; /* from the command on */
	size_t start, end;
	char *text; /* the word */
	const struct command *command;
	struct words words; /* before it */
	int argument;	    /* how many words before it are no options, and not the command */
	int first_argument; /* where the first of them stands in `words` */
	const struct option_row *option; /* of which it is to be the value */
	bool options_ended;
	bool has_recording; /* else only what needs none is found */
	bool pipes;	    /* the word pipe, or a |, stands before the command */
	int unclosed;	    /* where a quote begins that is not closed; -1: nowhere */
};

static void add(struct place *place, const char *word, const char *words)
{
	candidates_add(place->candidates, place->text, strlen(place->text), word, words);
}

/* --- what there is of each kind ------------------------------------------------------------------
 */

static void add_commands(struct place *place)
{
	const struct command *const *row;

	for (row = place->table->rows; *row; row++)
		if ((*row)->flags & COMMAND_PROMPT)
			add(place, (*row)->name, (*row)->summary);
}

static void add_options(struct place *place)
{
	const struct option_row *row = place->command->options;
	char word[64];

	for (; row && (row->name || row->letter); row++) {
		if (row->name)
			snprintf(word, sizeof word, "--%s", row->name);
		else
			snprintf(word, sizeof word, "-%c", row->letter);
		add(place, word, row->help);
	}
}

/* "text|json", each after `before`. */
static void add_choices(struct place *place, const char *before, const char *choices)
{
	char word[96];

	while (*choices) {
		size_t length = strcspn(choices, "|");

		snprintf(word, sizeof word, "%s%.*s", before, (int)length, choices);
		if (strspn(choices, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != length) /* N is a number */
			add(place, word, NULL);
		choices += length + (choices[length] == '|');
	}
}

/* The names that a query gives, of one column. */
static void add_names(struct place *place, const char *before, const char *sql)
{
	sqlite3_stmt *statement;
	struct strbuf word = {0};

	if (sqlite3_prepare_v2(
		    reader_database(place->session->recording), sql, -1, &statement, NULL))
		return;
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(statement, 0);

		if (!name ||
			name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_.-")])
			continue;
		strbuf_clear(&word);
		strbuf_printf(&word, "%s%s", before, name);
		add(place, strbuf_string(&word), NULL);
	}
	strbuf_deinit(&word);
	sqlite3_finalize(statement);
}

static void add_types(struct place *place, const char *before)
{
	add_names(place, before, "SELECT name FROM main.type ORDER BY name");
}

static void add_context_keys(struct place *place)
{
	add_names(place, "",
		"SELECT DISTINCT key FROM (SELECT key FROM main.context LIMIT 10000) ORDER BY key");
}

static void add_settings(struct place *place)
{
	const char *name, *values, *summary;
	size_t i;

	for (i = 0; (name = settings_name(i, &values, &summary)); i++) {
		if (!place->argument)
			add(place, name, summary);
		else if (!strcmp(place->words.list[place->first_argument], name))
			add_choices(place, "", values);
	}
}

/* --- queries of the library ---------------------------------------------------------------------
 */

static void add_value_of(
	struct place *place, const struct query_parameter *parameter, const char *before)
{
	struct candidates points = {0};
	size_t i, length = strlen(before);

	if (!strcmp(parameter->name, "type"))
		add_types(place, before);
	if (parameter->type != QUERY_ID && parameter->type != QUERY_POINT)
		return;
	complete_point(&points, place->session, place->text + length);
	for (i = 0; i < points.count; i++) {
		struct strbuf word = {0};

		strbuf_printf(&word, "%s%s", before, points.list[i].word);
		add(place, strbuf_string(&word), points.list[i].words);
		strbuf_deinit(&word);
	}
	if (points.common && !length && !place->candidates->common)
		place->candidates->common = strdup(points.common);
	place->candidates->is_cut |= points.is_cut;
	candidates_clear(&points);
}

/* KEY=, or the value of the parameter whose turn it is, or that KEY= names. */
static void add_parameters(struct place *place, const struct query *query)
{
	size_t length = strcspn(place->text, "=");
	int number = place->text[length] ? query_find_parameter(query, place->text, length) : -1;
	int i, turn = place->argument - 1;
	char before[48];

	if (number >= 0) {
		snprintf(before, sizeof before, "%.*s", (int)length + 1, place->text);
		add_value_of(place, &query->parameters[number], before);
		return;
	}
	if (turn < query->parameter_count)
		add_value_of(place, &query->parameters[turn], "");
	for (i = 0; i < query->parameter_count; i++) {
		snprintf(before, sizeof before, "%s=", query->parameters[i].name);
		add(place, before, query->parameters[i].words);
	}
}

static void add_queries(struct place *place)
{
	struct query_library library;
	const struct query_entry *entry;
	struct error err;
	size_t i;

	if (!query_library_init(&library, &err)) {
		for (i = 0; !place->argument && i < library.count; i++)
			add(place, library.entries[i].query.name, library.entries[i].query.summary);
		entry = place->argument ? query_library_find(&library,
						  place->words.list[place->first_argument])
					: NULL;
		if (entry && !entry->complaint.text[0])
			add_parameters(place, &entry->query);
	}
	query_library_deinit(&library);
}

/* --- which of them it is ------------------------------------------------------------------------
 */

/* What a name in an option's row means: "FILE", "ID". */
static void add_value_named(struct place *place, const char *argument, const char *before)
{
	if (strchr(argument, '|'))
		add_choices(place, before, argument);
	else if (*before)
		return;
	else if (!strncmp(argument, "FILE", 4) || !strncmp(argument, "PATH", 4) ||
		 !strcmp(argument, "CORE"))
		place->candidates->wants_files = true;
	else if (!strcmp(argument, "COMMAND"))
		add_commands(place);
	else if (!place->has_recording)
		return;
	else if (!strcmp(argument, "ID") || !strcmp(argument, "POINT"))
		complete_point(place->candidates, place->session, place->text);
	else if (!strcmp(argument, "TYPE"))
		add_types(place, "");
	else if (!strncmp(argument, "KEY", 3))
		add_context_keys(place);
}

static void add_kind(struct place *place, enum command_completion kind)
{
	switch (kind) {
	case COMPLETE_COMMAND:
		add_commands(place);
		return;
	case COMPLETE_FILE:
		place->candidates->wants_files = true;
		return;
	case COMPLETE_SETTING:
		add_settings(place);
		return;
	default:
		break;
	}
	if (!place->has_recording)
		return;
	switch (kind) {
	case COMPLETE_POINT:
		complete_point(place->candidates, place->session, place->text);
		break;
	case COMPLETE_QUERY:
		add_queries(place);
		break;
	case COMPLETE_TYPE:
		add_types(place, "");
		break;
	case COMPLETE_CONTEXT_KEY:
		add_context_keys(place);
		break;
	default:
		break;
	}
}

/* An option, or the value after "--name=". */
static void add_option(struct place *place)
{
	char *equals = strchr(place->text, '=');
	const struct option_row *row =
		equals ? option_row_of(place->command->options, place->text) : NULL;
	char before[64];

	if (!equals) {
		add_options(place);
	} else if (row && row->argument) {
		snprintf(before, sizeof before, "%.*s", (int)(equals - place->text) + 1,
			place->text);
		add_value_named(place, row->argument, before);
	}
}

/* Where the query begins in the line: behind the command and its options. */
static size_t begin_of_query(const struct place *place)
{
	if (place->argument)
		return (size_t)place->words.offsets[place->first_argument];
	return place->unclosed < 0 ? place->start : (size_t)place->unclosed + 1;
}

static void add_argument(struct place *place)
{
	const struct command *command = place->command;

	if (place->option) {
		add_value_named(place, place->option->argument, "");
	} else if (command->completion == COMPLETE_SQL && place->has_recording &&
		   (place->argument || *place->text != '-' || place->options_ended)) {
		size_t query = begin_of_query(place);

		complete_sql(place->candidates, place->session, place->line + query,
			place->start - query, place->end - query);
	} else if (*place->text == '-' && !place->options_ended) {
		add_option(place);
	} else if (!place->argument || command->completion == COMPLETE_QUERY) {
		add_kind(place, command->completion);
	} else {
		add_kind(place, command->completion_next);
	}
}

/* Goes over the words between the command and the one that is typed. */
static void read_words(struct place *place)
{
	const struct option_row *row;
	int i;

	for (i = 1; i < place->words.count; i++) {
		const char *word = place->words.list[i];
		bool is_rest = place->argument && place->command->flags & COMMAND_REST;

		row = place->options_ended || is_rest
			      ? NULL
			      : option_row_of(place->command->options, word);
		place->option = NULL;
		if (row) {
			bool has_value =
				word[1] == '-' ? strchr(word, '=') != NULL : word[2] != '\0';

			if (row->argument && !has_value && ++i >= place->words.count)
				place->option = row;
		} else if (!strcmp(word, "--") && !is_rest) {
			place->options_ended = true;
		} else if (!place->argument++) {
			place->first_argument = i;
		}
	}
}

/* The line without what may stand before the command. Returns how much that is. */
static size_t prefix_length(const char *line)
{
	static const char *const prefixes[] = {"acausal ", "pipe ", "| ", NULL};
	size_t length = strspn(line, " \t");
	int i;

	for (i = 0; prefixes[i]; i++) {
		if (!strncmp(line + length, prefixes[i], strlen(prefixes[i]))) {
			length += strlen(prefixes[i]);
			length += strspn(line + length, " \t");
			i = -1;
		}
	}
	return length;
}

/* Behind a | that gives what is printed to the shell; in SQL it does only behind pipe. */
static bool is_of_shell(const struct place *place, const char *before)
{
	bool is_text = place->command && place->command->flags & COMMAND_REST;

	return (place->pipes || !is_text) && words_find_pipe(before) >= 0;
}

static void find_in(struct place *place)
{
	char *before = strndup(place->line, place->start);
	struct error err;
	int code;

	if (!before)
		return;
	code = words_split(&place->words, before, &err);
	if (place->words.count)
		place->command = command_find_beginning(
			place->table, place->words.list[0], COMMAND_PROMPT, NULL);
	if (*place->line == '!' || (!code && is_of_shell(place, before))) {
		place->candidates->wants_files = true;
	} else if (!place->words.count) {
		add_commands(place);
	} else if (place->command) {
		place->unclosed = code ? place->words.offsets[place->words.count] : -1;
		read_words(place);
		add_argument(place);
	}
	words_deinit(&place->words);
	free(before);
}

void completion_find(struct candidates *candidates, const struct command_table *table,
	struct session *session, const char *line, size_t start, size_t end)
{
	size_t prefix = prefix_length(line);
	struct place place = {.candidates = candidates, .table = table, .session = session};

	if (start < prefix)
		return;
	place.pipes = memchr(line, 'p', prefix) || memchr(line, '|', prefix);
	place.line = line + prefix;
	place.start = start - prefix;
	place.end = end - prefix;
	place.text = strndup(place.line + place.start, place.end - place.start);
	if (!place.text)
		return;
	place.has_recording = !session_acquire(session, NULL);
	if (place.has_recording)
		reader_set_budget(session->recording, LOOKUP_BUDGET);
	find_in(&place);
	if (place.has_recording)
		reader_set_budget(session->recording, READER_BUDGET);
	session_release(session);
	free(place.text);
}

const char *completion_breaks(const struct command_table *table, const char *line, size_t end)
{
	static const char usual[] = " \t\n\"'";
	const struct command *command;
	char name[32];
	size_t length, word = end;

	while (word && !strchr(" \t", line[word - 1]))
		word--;
	if (line[word] == '-') /* an option has none of these */
		return usual;
	line += prefix_length(line);
	length = strcspn(line, " \t");
	if (!length || length >= sizeof name || !line[length])
		return *line == '!' ? " \t\n\"'!" : usual;
	memcpy(name, line, length);
	name[length] = '\0';
	command = command_find_beginning(table, name, COMMAND_PROMPT, NULL);
	return command && command->completion == COMPLETE_SQL ? COMPLETE_SQL_BREAKS : usual;
}
