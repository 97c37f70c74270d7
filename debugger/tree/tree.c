/* `tree` and `children`: see tree.h. Puts together what others do: growth, bunches, rendering. */
#include "debugger/tree/tree.h"

#include "debugger/text/terminal.h"
#include "debugger/tree/render_tree.h"

#include <stdlib.h>

#define LIMIT	    200	    /* lines */
#define THINGS	    120000  /* that are looked at … */
#define THINGS_FULL 1000000 /* … and with --full: 200 MB */
#define BUDGET	    7000000 /* rows that are read */

static const struct option_row tree_options[] = {
	{"full", 0, NULL, "fold nothing and leave nothing out, as far as memory allows"},
	{"depth", 0, "N", "at most N callbacks below POINT"},
	{"limit", 0, "N", "at most N lines; else 200"},
	{"by", 0, "link|cause|trigger",
		"go on with what was armed (the default), with what was made to fire, or with the"
		" resources that were made"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static const struct option_row children_options[] = {
	{"full", 0, NULL, "fold nothing and leave nothing out, as far as memory allows"},
	{"limit", 0, "N", "at most N lines; else 200"},
	{"by", 0, "link|cause|trigger",
		"what was armed (the default), what was made to fire, or the resources that were"
		" made"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static int read_number(
	const struct invocation *invocation, const char *name, int64_t *ret, struct error *err)
{
	const char *text = option_value(&invocation->options, name);
	char *end;

	if (!text)
		return 0;
	*ret = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || *ret > 100000000)
		return error_set(err, "%s: --%s takes a number, not '%s'",
			invocation->command->name, name, text);
	return 0;
}

static int read_options(const struct invocation *invocation, struct growth_options *growth,
	struct tree_view *view, struct error *err)
{
	const char *by = option_value(&invocation->options, "by");

	view->full = option_value(&invocation->options, "full");
	view->limit = view->full ? UNKNOWN : LIMIT;
	view->by = EDGE_LINK;
	if (by)
		view->by = *by == 'c' ? EDGE_CAUSE : *by == 't' ? EDGE_TRIGGER : EDGE_LINK;
	growth->by = view->by;
	growth->most = view->full ? THINGS_FULL : THINGS;
	growth->budget = view->full ? UNKNOWN : BUDGET;
	return read_number(invocation, "depth", &growth->depth, err) ||
			       read_number(invocation, "limit", &view->limit, err)
		       ? -1
		       : 0;
}

static int show(struct session *session, const struct invocation *invocation,
	const struct tree_view *view, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct json json = {.out = session->out};
	struct page page = {0};
	int result;

	if (format && *format == 'j') {
		result = render_tree_json(view, &json, err);
		fputc('\n', session->out);
		return result;
	}
	terminal_begin(&page, session->out);
	result = render_tree_text(view, &page, err);
	if (!result)
		terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
	return result;
}

static int run(struct session *session, const struct invocation *invocation,
	struct growth_options *options, struct error *err)
{
	struct tree_view view = {.session = session};
	struct bunches bunches = {0};
	struct growth growth;
	struct point point;
	int status = 1;

	if (read_options(invocation, options, &view, err) ||
		session_point(session,
			invocation->options.word_count ? invocation->options.words[0] : NULL,
			&point, err))
		return 2;
	if (!growth_init(&growth, session->recording, session->cache, &point, options, err) &&
		!bunches_init(&bunches, &growth, view.full, err)) {
		view.bunches = &bunches;
		session_look_at(session, &growth.point);
		status = show(session, invocation, &view, err) ? 1 : 0;
	}
	bunches_deinit(&bunches);
	growth_deinit(&growth);
	return status;
}

static int tree_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	struct growth_options options = {.depth = UNKNOWN};

	return run(session, invocation, &options, err);
}

static int children_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	struct growth_options options = {.depth = 1};

	return run(session, invocation, &options, err);
}

#define TREE_WORDS                                                                                 \
	"Things of the same kind (made, armed or run by the same code on the same type\n"          \
	"of resource) that have the same below them are one line with their number and\n"          \
	"the first of them. Of a callback that comes of itself again and again, as a\n"            \
	"timer that arms itself, only the first is shown, and with it all that came of\n"          \
	"any of them. What hangs alone on the line above stands below it after \"->\".\n"          \
	"\n"                                                                                       \
	"A line that begins with !! is a cause: something that was sent or cancelled,\n"           \
	"and the callback that this made run, which somebody else had armed; its own\n"            \
	"tree tells what came of it. --by cause goes on with it here.\n"                           \
	"\n"                                                                                       \
	"JSON: an array nodes, each with node, parent, kind (resource, arming,\n"                  \
	"run, cause), the id and async_id of the first, count, repeats (of\n"                      \
	"itself, below), leads_back (to such repeats), type, callback, part,\n"                    \
	"api, function, file, line, status, and ns, wait_ns, duration_ns\n"                        \
	"as min, median, max; and what was left out: left_out nodes,\n"                            \
	"unfollowed runs, cut when there was too much."                                            \
	"\n\n" COMMAND_POINT_WORDS

const struct command tree_command = {
	.name = "tree",
	.group = GROUP_STACK,
	.usage = "[options] [POINT]",
	.summary = "show what came of a point: what it made and armed, what that led to",
	.description =
		"Shows what a resource or a run made, armed and caused, which callbacks came of\n"
		"that, what they made and armed, and so on: 'trace' the other way round. Of a\n"
		"resource that is all its callbacks, whoever armed them.\n"
		"\n" TREE_WORDS,
	.options = tree_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = tree_run,
};

const struct command children_command = {
	.name = "children",
	.group = GROUP_STACK,
	.usage = "[options] [POINT]",
	.summary = "show what came of a point directly",
	.description =
		"Shows what a run made, armed and caused, with the callbacks that came of it, or\n"
		"the callbacks of a resource: the first level of 'tree'.\n"
		"\n" TREE_WORDS,
	.options = children_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = children_run,
};
