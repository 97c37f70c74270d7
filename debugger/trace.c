/* `trace`: see trace.h. Puts together what others do: point, lineage, rendering. */
#include "debugger/trace.h"

#include "debugger/frame/selection.h"
#include "debugger/lineage/lineage.h"
#include "debugger/render/render_trace.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>

static const struct option_row trace_options[] = {
	{"full", 0, NULL,
		"fold nothing and leave nothing out; show also the frames by which C starts a "
		"thread"
		" and those of the recorder"},
	{"depth", 0, "N", "at most N segments after the first"},
	{"by", 0, "link|cause|trigger",
		"go back by who armed it (the default), by what made it fire, or by what made the"
		" resource"},
	{"source", 0, "N",
		"show N lines of source around the line of each frame, where it is here"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

#define SOURCE_MAX 1000

/* A number of `most` or less; *ret stays as it is when the option was not given. */
static int read_count(const struct option_values *values, const char *name, int64_t most,
	int64_t *ret, struct error *err)
{
	const char *word = option_value(values, name);
	char *end;

	if (!word)
		return 0;
	*ret = strtoll(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || *ret > most)
		return error_set(err, "trace: --%s takes a number, not '%s'", name, word);
	return 0;
}

static int read_options(
	const struct option_values *values, struct lineage_options *ret, struct error *err)
{
	const char *by = option_value(values, "by");

	ret->full = option_value(values, "full");
	ret->depth = UNKNOWN;
	ret->by = EDGE_LINK;
	if (by)
		ret->by = *by == 'c' ? EDGE_CAUSE : *by == 't' ? EDGE_TRIGGER : EDGE_LINK;
	return read_count(values, "depth", 100000000, &ret->depth, err);
}

static void show(struct session *session, const struct lineage *lineage,
	const struct render_options *options, bool as_json, bool may_page)
{
	struct json json = {.out = session->out};
	struct page page = {0};

	if (as_json) {
		render_trace_json(&json, lineage, options);
		fputc('\n', session->out);
		return;
	}
	terminal_begin(&page, session->out);
	render_trace_text(&page, lineage, options);
	terminal_show(&page, session->out, may_page);
	page_deinit(&page);
}

static int trace_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct lineage_options options;
	struct render_options render;
	struct lineage lineage;
	struct point point;
	int64_t source = 0;

	if (read_options(&invocation->options, &options, err) ||
		read_count(&invocation->options, "source", SOURCE_MAX, &source, err) ||
		session_point(session,
			invocation->options.word_count ? invocation->options.words[0] : NULL,
			&point, err))
		return 2;
	if (lineage_init(&lineage, session->recording, session->cache, &point, &options, err))
		return 1;
	session_look_at(session, &lineage.point);
	render = (struct render_options){.full = options.full,
		.whole = options.depth != UNKNOWN,
		.state = reader_state(session->recording),
		.session = session,
		.source = source};
	show(session, &lineage, &render, format && *format == 'j', !session->at_prompt);
	selection_take(session, &lineage, &options);
	return 0;
}

int trace_print_crash(const char *path)
{
	struct lineage_options options = {.by = EDGE_LINK, .depth = UNKNOWN};
	struct point point = {POINT_CRASH, UNKNOWN};
	struct render_options render = {0};
	struct session session;
	struct lineage lineage;
	struct error err;
	int result = -1;

	session_init(&session, path);
	/* Elsewhere it has to be named to be found. */
	session.path_typed = strcmp(path, "acausal.db") || getenv("ACAUSAL_RECORDING");
	render.session = &session;
	if (!session_acquire(&session, &err)) {
		result = lineage_init(
			&lineage, session.recording, session.cache, &point, &options, &err);
		if (!result) {
			render.state = reader_state(session.recording);
			show(&session, &lineage, &render, false, false);
			lineage_deinit(&lineage);
		}
		session_release(&session);
	}
	session_deinit(&session);
	return result;
}

const struct command trace_command = {
	.name = "trace",
	.aliases = "bt where t tr",
	.group = GROUP_STACK,
	.usage = "[options] [POINT]",
	.summary = "show the async stack of a point: how the program got there",
	.description =
		"Shows the stack at POINT, then the stack of the call that armed "
		"the callback it"
		"\nran in, and so on, back to main. Lines that begin with -- stand "
		"between two"
		"\ncallbacks: which call armed the run above, in which run, and how "
		"long before."
		"\nA cause that differs from the arming (!!) is shown beside it; "
		"repeats are"
		" folded."
		"\nAt the prompt 'frame', 'up', 'down' and 'list' go on from what it shows.\n"
		"\n" COMMAND_POINT_WORDS,
	.options = trace_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = trace_run,
};
