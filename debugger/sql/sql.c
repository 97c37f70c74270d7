/*
 * `sql`: see sql.h. Reads its query, from the command line, the input or a prompt of its own, and
 * hands it on (sql_feed.h).
 */
#include "debugger/sql/sql.h"

#include "debugger/recording/file_kind.h"
#include "debugger/sql/dot_command.h"
#include "debugger/sql/sql_feed.h"
#include "debugger/sql/sql_functions.h"
#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_row sql_options[] = {
	{"format", 0, "text|json|csv", "an aligned table, an array of objects, or CSV"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* The recording is open: from now on with our functions, and no statement is too long. */
static int begin(struct session *session, struct error *err)
{
	if (sql_functions_add(session->recording, err))
		return 1;
	reader_set_budget(session->recording, 0);
	return 0;
}

static void end(struct session *session)
{
	if (session->recording)
		reader_set_budget(session->recording, READER_BUDGET);
}

/* --- a prompt of its own ------------------------------------------------------------------------
 */

static void complain(const struct error *err)
{
	struct strbuf said = {0};

	printable_add_string(&said, err->text);
	fprintf(stderr, "acausal: %s\n", strbuf_string(&said));
	strbuf_deinit(&said);
}

/*
 * The next line; NULL at the end. While somebody is typing the recording is not held: what a
 * recorder adds meanwhile is there for the next statement.
 */
static char *ask(struct sql_feed *feed, bool *ret_interrupted, struct error *err)
{
	struct session *session = feed->run->session;
	char *line;

	end(session);
	session_release(session);
	terminal_settle();
	fflush(session->out);
	line = session->ask(session, feed->text.length ? "...> " : "sql> ", ret_interrupted);
	reader_clear_interrupt();
	if (session_acquire(session, err) || begin(session, err)) {
		free(line);
		return NULL;
	}
	return line;
}

/* Words that SQL has no use for and that one types nevertheless. */
static bool is_leaving(const struct sql_feed *feed, const char *line)
{
	line += strspn(line, " \t");
	return !feed->text.length && (!strncmp(line, "quit", 4) || !strncmp(line, "exit", 4)) &&
	       !line[4 + strspn(line + 4, " \t;")];
}

/* Returns the status of the last statement that failed, where nobody types. */
static int run_prompt(struct sql_run *run, struct error *err)
{
	struct sql_feed feed = {.run = run, .dot = dot_command_run};
	bool interrupted = false;
	int status = 0, one;
	char *line;

	run->is_typed = true;
	err->text[0] = '\0';
	while (!run->quits && (line = ask(&feed, &interrupted, err))) {
		if (interrupted)
			sql_feed_forget(&feed);
		run->quits = is_leaving(&feed, line);
		one = run->quits ? 0 : sql_feed_line(&feed, line, err);
		free(line);
		if (one) {
			fflush(sql_run_out(run));
			complain(err);
			err->text[0] = '\0';
			status = one;
		}
	}
	if (err->text[0] || run->quits) {
		sql_feed_forget(&feed);
		status = err->text[0] ? 1 : 0;
	}
	one = sql_feed_end(&feed, err);
	return one || err->text[0] ? 1 : isatty(STDIN_FILENO) ? 0 : status;
}

/* --- a query that is given ----------------------------------------------------------------------
 */

static int run_words(struct sql_run *run, const struct option_values *options, struct error *err)
{
	struct strbuf query = {0};
	const char *text;
	int i, status;

	for (i = 0; i < options->word_count; i++) {
		if (i)
			strbuf_add_char(&query, ' ');
		strbuf_add_string(&query, options->words[i]);
	}
	text = strbuf_string(&query) + strspn(strbuf_string(&query), " \t\n");
	if (options->word_count == 1 && file_kind_of(text) == FILE_RECORDING) {
		error_set(err, "sql: '%s' is a recording, not a query: type -r %s", text, text);
		status = 2;
	} else {
		status = sql_feed_text(run, dot_command_run, text, err);
	}
	strbuf_deinit(&query);
	return status;
}

static int run_input(struct sql_run *run, const struct option_values *options, struct error *err)
{
	bool asks = run->session->at_prompt || isatty(STDIN_FILENO);
	int status;

	if (!options->word_count && asks && run->session->ask)
		return run_prompt(run, err);
	if (!options->word_count && asks) {
		error_set(err, "sql: type a query: sql 'SELECT * FROM process', or .tables");
		return 2;
	}
	status = options->word_count ? run_words(run, options, err)
				     : sql_feed_file(run, dot_command_run, stdin, err);
	if (status || run->statements || run->quits)
		return status;
	error_set(err, "sql: the query is empty");
	return 2;
}

static int sql_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *word = option_value(&invocation->options, "format");
	struct sql_settings *settings = sql_settings_of(session);
	struct sql_run run = {.session = session, .settings = settings};
	struct result_style style;
	int status;

	if (!settings)
		return error_set(err, "out of memory"), 1;
	if (begin(session, err))
		return 1;
	style = settings->style;
	if (word) {
		memset(&settings->style, 0, sizeof settings->style);
		settings->style.mode = *word == 'j'   ? RESULT_JSON
				       : *word == 'c' ? RESULT_CSV
						      : RESULT_COLUMN;
		run.is_single = *word != 't' && invocation->options.word_count;
	}
	status = run_input(&run, &invocation->options, err);
	if (word)
		settings->style = style;
	end(session);
	return status;
}

const struct command sql_command = {
	.name = "sql",
	.group = GROUP_DATA,
	.usage = "[options] [QUERY]",
	.summary = "ask the recording in SQL",
	.description =
		"Runs QUERY, or what stands on the input, on the recording, which is only read. "
		"Without\na query, on a terminal, it asks for one after the other, as SQLite's own "
		"shell does: a\nstatement ends at its ';', Ctrl-D ends it.\n"
		"\n"
		"  acausal sql 'SELECT type, count(*) FROM resource_named GROUP BY type'\n"
		"  acausal sql --format csv < query.sql\n"
		"  acausal sql \"SELECT * FROM async_stack('crash')\"\n"
		"\n"
		"The tables are documented in schema/README.md. Lines that begin with a dot are "
		"for "
		"the\nshell itself: .tables lists the tables, .schema [NAME] shows their columns, "
		".mode box\nand others set how rows are written, .timer on tells how long that "
		"took, .help lists\nthem all. At the prompt they hold for the session.\n"
		"\n"
		"'text REGEXP pattern' matches as 'log' does. At the prompt a | in the query is "
		"SQL's: "
		"'pipe' gives the rows to a command of the shell.",
	.options = sql_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING | COMMAND_REST,
	.most_words = -1,
	.completion = COMPLETE_SQL,
	.completion_next = COMPLETE_SQL,
	.run = sql_run,
};
