/* `find`: see find.h. Puts together what others do: terms, marks, search, rendering. */
#include "debugger/find/find.h"

#include "debugger/find/render_find.h"
#include "debugger/text/printable.h"
#include "debugger/text/spelling.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIMIT	  40 /* lines */
#define LIMIT_MAX 10000000
#define NEAR_MAX  4 /* names that are suggested */

static const struct option_row find_options[] = {
	{"all", 0, NULL, "single resources, the newest first, and not their kinds"},
	{"limit", 0, "N", "at most N lines; else 40"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static int read_limit(const struct option_values *values, int64_t *ret, struct error *err)
{
	const char *text = option_value(values, "limit");
	char *end;

	*ret = LIMIT;
	if (!text)
		return 0;
	*ret = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || *ret > LIMIT_MAX)
		return error_set(err, "find: --limit takes a number, not '%s'", text);
	return 0;
}

static int show(struct session *session, const struct invocation *invocation,
	const struct find_view *view, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct json json = {.out = session->out};
	struct page page = {0};
	int result;

	if (format && *format == 'j') {
		result = render_find_json(view, &json, err);
		fputc('\n', session->out);
		return result;
	}
	terminal_begin(&page, session->out);
	result = render_find_text(view, &page, err);
	if (!result)
		terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
	return result;
}

/* Names that a word may have meant: the nearest first. */
struct near {
	char *names[NEAR_MAX];
	size_t distances[NEAR_MAX], count;
};

static bool begins_like(const char *name, const char *word)
{
	size_t length = strlen(word);

	return length > 3 && !strncasecmp(name, word, length / 2 + 1);
}

static void offer(struct near *near, const char *name, const char *word)
{
	size_t distance = spelling_distance(name, word), i, at;

	if (distance >= spelling_limit(word)) {
		if (!begins_like(name, word))
			return;
		distance = 50; /* after those that are near */
	}
	for (i = 0; i < near->count; i++)
		if (!strcmp(near->names[i], name))
			return;
	for (at = near->count; at > 0 && near->distances[at - 1] > distance;)
		at--;
	if (at == NEAR_MAX)
		return;
	if (near->count == NEAR_MAX)
		free(near->names[--near->count]);
	memmove(near->names + at + 1, near->names + at, (near->count - at) * sizeof near->names[0]);
	memmove(near->distances + at + 1, near->distances + at,
		(near->count - at) * sizeof near->distances[0]);
	near->names[at] = strdup(name);
	near->distances[at] = distance;
	near->count++;
	if (!near->names[at]) /* for want of memory what is behind it is not suggested either */
		while (near->count > at)
			free(near->names[--near->count]);
}

static void offer_names(struct near *near, struct reader *recording, const char *word)
{
	static const char sql[] =
		"SELECT name FROM main.type UNION SELECT hook_type FROM main.type"
		" UNION SELECT name FROM main.api UNION SELECT name FROM main.thread"
		" UNION SELECT function FROM main.source LIMIT 200000";
	sqlite3_stmt *row;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return;
	while (sqlite3_step(row) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(row, 0);

		if (name && strlen(name) < 200)
			offer(near, name, word);
	}
	sqlite3_finalize(row);
}

/* Says what was not found, and what may have been meant. Returns -1. */
static int nothing(struct session *session, const struct marks *marks, struct error *err)
{
	const struct term *missing = NULL;
	struct near near = {.count = 0};
	struct strbuf words = {0};
	const char *value;
	size_t i;
	int t;

	for (t = 0; t < marks->terms->count && !missing; t++)
		if (!((marks->met | marks->whole) >> t & 1))
			missing = &marks->terms->rows[t];
	if (!missing) {
		if (marks->terms->count > 1)
			return error_set(err, "nothing matches all of that: each of it alone"
					      " matches something");
		return error_set(err, "no resource matches '%s'", marks->terms->rows[0].word);
	}
	value = missing->key == TERM_ANY ? missing->word : strchr(missing->word, '=') + 1;
	if (missing->key != TERM_CONTEXT)
		offer_names(&near, session->recording, value);
	printable_add_string(&words, missing->word);
	strbuf_add_string(&words, near.count ? "'; did you mean " : "'");
	for (i = 0; i < near.count; i++) {
		strbuf_add_string(&words, i ? ", " : "");
		printable_add_string(&words, near.names[i]);
		free(near.names[i]);
	}
	strbuf_add_string(&words, near.count ? "?" : "");
	error_set(err, "%s: nothing matches '%s", reader_path(session->recording),
		strbuf_string(&words));
	strbuf_deinit(&words);
	return -1;
}

static int search_and_show(struct session *session, const struct invocation *invocation,
	const struct terms *terms, int64_t limit, struct error *err)
{
	bool all = option_value(&invocation->options, "all");
	struct find_view view = {session, terms, NULL, all, limit};
	struct search search = {0};
	struct marks marks;
	int result;

	reader_set_budget(session->recording, 0);
	result = marks_init(&marks, session->recording, terms, err);
	if (!result)
		result = search_init(
			&search, session->recording, &marks, all ? (size_t)limit : 0, err);
	view.search = &search;
	if (!result)
		result = search.total ? show(session, invocation, &view, err)
				      : nothing(session, &marks, err);
	reader_set_budget(session->recording, READER_BUDGET);
	search_deinit(&search);
	marks_deinit(&marks);
	return result;
}

static int find_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	struct terms terms;
	int64_t limit;
	int status;

	if (read_limit(&invocation->options, &limit, err))
		return 2;
	if (terms_init(&terms, invocation->options.words, invocation->options.word_count, err))
		status = 2;
	else
		status = search_and_show(session, invocation, &terms, limit, err) ? 1 : 0;
	terms_deinit(&terms);
	return status;
}

const struct command find_command = {
	.name = "find",
	.group = GROUP_THINGS,
	.usage = "[options] WORD...",
	.summary = "find resources by type, function, file, detail, context or thread",
	.description =
		"Finds the resources that each WORD matches: in the name of their type, in a\n"
		"function or a file (http.c:80 for a line of it) anywhere in a stack that made\n"
		"or armed them or of their callback, in the function that was called for it, in\n"
		"their detail (a path, a peer's address, a signal), in a context that was in\n"
		"force, or as the name of a thread or a process. Those with the same type and\n"
		"creating stack are one line with their number and the newest; where the match\n"
		"is nearest comes first.\n"
		"\n"
		"KEY=WORD looks in one place only:\n"
		"\n"
		"  type=tcp  function=on_read  file=http.c:80  module=libuv  api=uv_fs_open\n"
		"  detail=/etc/*              stars as in a shell\n"
		"  thread=worker  process=x   made on it, in it\n"
		"  context=request_id=7f3a    or request_id=7f3a alone\n"
		"  address=0x55d0c3f012a0     the address of the handle or request\n"
		"  alive=end                  never destroyed\n"
		"\n"
		"A WORD matches anywhere, in upper and lower case; between slashes\n"
		"(/^on_.*read$/) it is a regular expression.\n"
		"\n"
		"JSON: count resources, and kinds with type, count, alive,\n"
		"newest_id, oldest_id, by (creation, arming, run: through what it was\n"
		"found), api, function, file, line, stack_id of the creation,\n"
		"matching_function, matching_file, matching_line; with --all resources\n"
		"with async_id, created_ns, destroyed_ns, detail instead.",
	.options = find_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.least_words = 1,
	.most_words = -1,
	.completion = COMPLETE_TYPE,
	.run = find_run,
};
