/*
 * `query`: see query.h. The SQL is ours or the user's own and trusted to be what he wants, the
 * recording is not: what a statement may do is decided in reader_guard.c, as for `sql`.
 */
#include "debugger/sql/query.h"

#include "debugger/recording/file_kind.h"
#include "debugger/sql/query_library.h"
#include "debugger/sql/result.h"
#include "debugger/sql/sql_functions.h"
#include "debugger/text/json.h"
#include "debugger/text/printable.h"
#include "debugger/text/spelling.h"
#include "debugger/text/terminal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row query_options[] = {
	{"format", 0, "text|json|csv", "a table for people, an array of objects, or CSV"},
	{"fail-on-rows", 0, NULL, "exit with 1 when there are rows: for continuous integration"},
	{"show", 0, NULL, "print the query's own text, to be read or copied"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* A run of a query. */
struct asking {
	struct session *session;
	const struct query *query;
	const char *values[QUERY_PARAMETERS_MAX]; /* as typed; NULL: not given */
	enum result_mode mode;
};

/* --- the list -----------------------------------------------------------------------------------
 */

/* "[verdict] [limit=50]", "POINT": what may and what must be given. */
static void add_parameters(struct strbuf *words, const struct query *query)
{
	int i;

	for (i = 0; i < query->parameter_count; i++) {
		const struct query_parameter *parameter = &query->parameters[i];

		strbuf_add_char(words, ' ');
		if (parameter->is_required)
			printable_add_string(words, parameter->name);
		else
			strbuf_printf(words, "[%s%s%s]", parameter->name,
				strcmp(parameter->fallback, "NULL") ? "=" : "",
				strcmp(parameter->fallback, "NULL") ? parameter->fallback : "");
	}
}

static void add_summary(struct strbuf *words, const struct query_entry *entry)
{
	if (entry->complaint.text[0])
		printable_add_string(words, entry->complaint.text);
	else if (entry->query.summary[0])
		printable_add_string(words, entry->query.summary);
	else
		strbuf_add_string(words, "it does not say what it is");
	if (entry->path) {
		strbuf_add_string(words, " [");
		printable_add_string(words, entry->path);
		strbuf_add_char(words, ']');
	}
}

static void list_text(struct session *session, const struct query_library *library)
{
	struct strbuf words = {0};
	struct page page = {0};
	size_t i;

	terminal_begin(&page, session->out);
	for (i = 0; i < library->count; i++) {
		const struct query_entry *entry = &library->entries[i];

		page_add(&page, PAGE_STRONG, entry->query.name);
		strbuf_clear(&words);
		add_parameters(&words, &entry->query);
		page.indent = 8;
		page_words(&page, PAGE_FAINT, strbuf_string(&words));
		page_end_line(&page);
		page_tab(&page, 8);
		strbuf_clear(&words);
		add_summary(&words, entry);
		page_words(&page, entry->complaint.text[0] ? PAGE_WARN : PAGE_PLAIN,
			strbuf_string(&words));
		page_end_line(&page);
	}
	terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
	strbuf_deinit(&words);
}

static void parameter_json(struct json *json, const struct query_parameter *parameter)
{
	static const char *const types[] = {
#define X(tag, name, words) name,
		QUERY_TYPES(X)
#undef X
	};
	bool none = parameter->is_required || !strcmp(parameter->fallback, "NULL");

	json_open(json, '{');
	json_key_string(json, "name", parameter->name);
	json_key_string(json, "type", types[parameter->type]);
	json_key_string(json, "default", none ? NULL : parameter->fallback);
	json_key(json, "required");
	json_boolean(json, parameter->is_required);
	json_key_string(json, "summary", parameter->words);
	json_close(json, '}');
}

static void list_json(struct session *session, const struct query_library *library)
{
	struct json json = {.out = session->out};
	size_t i;
	int p;

	json_open(&json, '[');
	for (i = 0; i < library->count; i++) {
		const struct query_entry *entry = &library->entries[i];

		json_newline(&json);
		json_open(&json, '{');
		json_key_string(&json, "name", entry->query.name);
		json_key_string(&json, "summary", entry->query.summary);
		json_key_string(&json, "path", entry->path);
		json_key(&json, "parameters");
		json_open(&json, '[');
		for (p = 0; p < entry->query.parameter_count; p++)
			parameter_json(&json, &entry->query.parameters[p]);
		json_close(&json, ']');
		json_close(&json, '}');
	}
	json_close(&json, ']');
	fputc('\n', session->out);
}

/* --- one of them --------------------------------------------------------------------------------
 */

static int not_there(const struct query_library *library, const char *name, struct error *err)
{
	size_t i, distance, least = spelling_limit(name);
	const char *nearest = NULL;
	struct strbuf names = {0};

	for (i = 0; i < library->count; i++) {
		strbuf_printf(&names, "%s%s", i ? ", " : "", library->entries[i].query.name);
		distance = spelling_distance(name, library->entries[i].query.name);
		if (distance >= least)
			continue;
		least = distance;
		nearest = library->entries[i].query.name;
	}
	if (nearest)
		error_set(err, "no query '%.60s': did you mean '%s'? There are %.600s", name,
			nearest, strbuf_string(&names));
	else
		error_set(err, "no query '%.60s': there are %.700s", name, strbuf_string(&names));
	strbuf_deinit(&names);
	return 1;
}

/* The words after the name: KEY=VALUE where KEY is a parameter, the others in their order. */
static int read_values(struct asking *asking, char **words, int count, struct error *err)
{
	const struct query *query = asking->query;
	int i, next = 0;

	for (i = 0; i < count; i++) {
		size_t length = strspn(words[i], "abcdefghijklmnopqrstuvwxyz"
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		int number = words[i][length] == '=' ? query_find_parameter(query, words[i], length)
						     : -1;

		if (number >= 0) {
			asking->values[number] = words[i] + length + 1;
			continue;
		}
		while (next < query->parameter_count && asking->values[next])
			next++;
		if (words[i][length] == '=' && length && isalpha((unsigned char)words[i][0]))
			return error_set(err,
				"query %s: it has no parameter '%.*s' ('query --show %s' tells "
				"them)",
				query->name, (int)(length < 60 ? length : 60), words[i],
				query->name);
		if (next == query->parameter_count)
			return error_set(err,
				"query %s: too many arguments, from '%.60s' on ('query --show %s'"
				" tells what it takes)",
				query->name, words[i], query->name);
		asking->values[next++] = words[i];
	}
	return 0;
}

static int bind_values(const struct asking *asking, sqlite3_stmt *statement, struct error *err)
{
	const struct query *query = asking->query;
	int i;

	for (i = 0; i < query->parameter_count; i++)
		if (query_bind(query, &query->parameters[i], asking->values[i], statement, err))
			return -1;
	for (i = 1; i <= sqlite3_bind_parameter_count(statement); i++) {
		const char *name = sqlite3_bind_parameter_name(statement, i);

		if (!name || query_find_parameter(query, name + 1, strlen(name + 1)) < 0)
			return error_set(err,
				"query %s: its SQL has a parameter %s that its comment does not "
				"tell"
				" (-- :name type = default)",
				query->name, name ? name : "without a name");
	}
	return 0;
}

static int failed(const struct asking *asking, struct error *err)
{
	sqlite3 *database = reader_database(asking->session->recording);
	struct strbuf words = {0};

	if (sqlite3_errcode(database) == SQLITE_INTERRUPT) {
		reader_error(asking->session->recording, NULL, err);
	} else {
		printable_add_string(&words, sqlite3_errmsg(database));
		error_set(err, "query %s: %.700s%s", asking->query->name, strbuf_string(&words),
			strstr(strbuf_string(&words), "not authorized")
				? ": a recording is only read"
				: "");
	}
	strbuf_deinit(&words);
	return 1;
}

/* Prepares its only statement. */
static int prepare(const struct asking *asking, sqlite3_stmt **ret, struct error *err)
{
	sqlite3 *database = reader_database(asking->session->recording);
	const char *rest;
	sqlite3_stmt *more = NULL;
	bool is_one;

	if (sqlite3_prepare_v2(database, asking->query->sql, -1, ret, &rest))
		return failed(asking, err);
	is_one = *ret && !sqlite3_prepare_v2(database, rest, -1, &more, NULL) && !more;
	sqlite3_finalize(more);
	if (is_one)
		return 0;
	sqlite3_finalize(*ret);
	error_set(err, "query %s: it must be one statement", asking->query->name);
	return 1;
}

static int run_one(const struct asking *asking, int64_t *rows, struct error *err)
{
	const struct result_style style = {.mode = asking->mode};
	sqlite3_stmt *statement;
	int status = prepare(asking, &statement, err);

	if (status)
		return status;
	if (bind_values(asking, statement, err)) {
		status = 2;
	} else if (result_write(statement, &style, asking->session->out, rows) != SQLITE_DONE) {
		status = failed(asking, err);
	} else if (!*rows && asking->mode == RESULT_WORDS) {
		fprintf(asking->session->out, "%s: no rows\n", asking->query->name);
	}
	sqlite3_finalize(statement);
	return status;
}

/* Opens the recording; a query is without bounds, and Ctrl-C ends it. */
static int run_on_recording(struct asking *asking, bool fail_on_rows, struct error *err)
{
	struct session *session = asking->session;
	int64_t rows = 0;
	int status = 1;

	if (session_acquire(session, err))
		return 1;
	if (!sql_functions_add(session->recording, err)) {
		reader_set_budget(session->recording, 0);
		status = run_one(asking, &rows, err);
		reader_set_budget(session->recording, READER_BUDGET);
	}
	session_release(session);
	if (!status && rows && fail_on_rows) {
		error_set(err, "query %s: %lld row%s", asking->query->name, (long long)rows,
			rows == 1 ? "" : "s");
		return 1;
	}
	return status;
}

static enum result_mode mode_of(const struct invocation *invocation)
{
	const char *word = option_value(&invocation->options, "format");

	if (!word || *word == 't')
		return RESULT_WORDS;
	return *word == 'j' ? RESULT_JSON : RESULT_CSV;
}

static int run_named(struct session *session, const struct invocation *invocation,
	const struct query_library *library, struct error *err)
{
	const struct option_values *options = &invocation->options;
	const struct query_entry *entry = query_library_find(library, options->words[0]);
	struct asking asking = {.session = session, .mode = mode_of(invocation)};

	enum file_kind kind = entry ? FILE_MISSING : file_kind_of(options->words[0]);

	if (kind == FILE_RECORDING || kind == FILE_CORE) {
		error_set(err, "query: '%s' is %s: type -r %s", options->words[0],
			file_kind_words(kind), options->words[0]);
		return 2;
	}
	if (!entry)
		return not_there(library, options->words[0], err);
	if (entry->complaint.text[0]) {
		*err = entry->complaint;
		return 1;
	}
	asking.query = &entry->query;
	if (option_value(options, "show")) {
		fputs(entry->query.sql, session->out);
		return 0;
	}
	if (read_values(&asking, options->words + 1, options->word_count - 1, err))
		return 2;
	return run_on_recording(&asking, option_value(options, "fail-on-rows"), err);
}

static int query_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	struct query_library library;
	int status = 0;

	if (query_library_init(&library, err)) {
		status = 1;
	} else if (invocation->options.word_count) {
		status = run_named(session, invocation, &library, err);
	} else if (option_value(&invocation->options, "show")) {
		error_set(err, "query: --show needs the name of a query");
		status = 2;
	} else if (mode_of(invocation) == RESULT_JSON) {
		list_json(session, &library);
	} else {
		list_text(session, &library);
	}
	query_library_deinit(&library);
	return status;
}

const struct command query_command = {
	.name = "query",
	.group = GROUP_DATA,
	.usage = "[options] [NAME [ARGUMENT | KEY=VALUE ...]]",
	.summary = "run a query of the library: leaks, stalls, latency and others",
	.description = "Without NAME it lists the library, with what each query takes; in "
		       "brackets what "
		       "may\nbe left out. Arguments are taken in that order, or by name.\n"
		       "\n"
		       "  acausal query leaks\n"
		       "  acausal query stalls at_least=50ms\n"
		       "  acausal query critical-path log:7\n"
		       "  acausal query leaks leaked --fail-on-rows     1 when something leaked: "
		       "for CI\n"
		       "  acausal query --show leaks                    its text: to read, or to "
		       "copy\n"
		       "\n"
		       "Queries of your own are files NAME.sql in $XDG_CONFIG_HOME/acausal/queries"
		       "\n(~/.config/acausal/queries); one with the name of ours replaces it. "
		       "Their comment"
		       "\nsays what they take, as ours does.",
	.options = query_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT,
	.most_words = -1,
	.completion = COMPLETE_QUERY,
	.run = query_run,
};
