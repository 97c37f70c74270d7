/* `trace`: see trace.h. Puts together what others do: point, lineage, rendering. */
#include "debugger/trace.h"

#include "debugger/lineage.h"
#include "debugger/render_trace.h"
#include "debugger/terminal.h"

#include <stdlib.h>
#include <string.h>

const struct option_row trace_options[] = {
	{"full", 0, NULL,
		"fold nothing and leave nothing out; show also the frames by which C starts a "
		"thread"
		" and those of the recorder"},
	{"depth", 0, "N", "at most N segments after the first"},
	{"by", 0, "link|cause|trigger",
		"go back by who armed it (the default), by what made it fire, or by what made the"
		" resource"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static int read_options(
	const struct option_values *values, struct lineage_options *ret, struct error *err)
{
	const char *depth = option_value(values, "depth"), *by = option_value(values, "by");
	char *end;

	ret->full = option_value(values, "full");
	ret->depth = UNKNOWN;
	ret->by = EDGE_LINK;
	if (by)
		ret->by = *by == 'c' ? EDGE_CAUSE : *by == 't' ? EDGE_TRIGGER : EDGE_LINK;
	if (!depth)
		return 0;
	ret->depth = strtoll(depth, &end, 10);
	if (*depth < '0' || *depth > '9' || *end || ret->depth > 100000000)
		return error_set(err, "trace: --depth takes a number, not '%s'", depth);
	return 0;
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

int trace_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct lineage_options options;
	struct render_options render;
	struct lineage lineage;
	struct point point;

	if (read_options(&invocation->options, &options, err) ||
		point_parse(invocation->options.word_count ? invocation->options.words[0] : NULL,
			&point, err))
		return 2;
	if (lineage_init(&lineage, session->recording, session->cache, &point, &options, err))
		return 1;
	render = (struct render_options){options.full, options.depth != UNKNOWN,
		reader_state(session->recording), session, false};
	show(session, &lineage, &render, format && *format == 'j', !session->at_prompt);
	lineage_deinit(&lineage);
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
