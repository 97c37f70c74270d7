/* `live`: see live.h. Reads the words; what was alive is gathered by live_groups.c. */
#include "debugger/time/live.h"

#include "debugger/text/terminal.h"
#include "debugger/time/cursor.h"
#include "debugger/time/moment.h"
#include "debugger/time/render_live.h"

static const struct option_row live_options[] = {
	{"type", 0, "TYPE", "only this type: timer, uv_timer_t, Timeout"},
	{"all", 0, NULL, "one by one, not coalesced"},
	{"full", 0, NULL, "all groups, however many"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* The ID of something whose group is wanted. */
static int read_id(struct session *session, const struct point *point, struct live_options *options,
	struct error *err)
{
	struct resource_row resource;
	int found;

	if (options->one_group)
		return error_set(err, "live: the group of one ID is listed, not of two");
	found = lookup_resource(session->recording, point->id, &resource, err);
	if (found != 1)
		return found ? -1 : point_not_there(session->recording, point, err);
	options->one_group = options->list = true;
	options->like_type_id = resource.type.type_id;
	options->like_stack_id = resource.stack_id;
	return 0;
}

/* TIME, of one word or two, and ID, in any order. */
static int read_words(struct session *session, const struct option_values *values, int64_t *at_ns,
	struct live_options *options, struct error *err)
{
	bool has_time = false;
	int i, taken, no_time;

	options->type = option_value(values, "type");
	options->list = option_value(values, "all");
	for (i = 0; i < values->word_count; i += taken) {
		struct moment moment;
		struct point point;

		no_time = moment_read_words(
			&values->words[i], values->word_count - i, &moment, &taken, err);
		if ((no_time || taken == 1) && !point_parse(values->words[i], &point, NULL) &&
			point.kind == POINT_ASYNC) {
			taken = 1;
			if (read_id(session, &point, options, err))
				return -1;
			continue;
		}
		if (no_time)
			return -1;
		if (has_time)
			return error_set(err, "live: '%s' is one TIME too many", values->words[i]);
		has_time = true;
		if (moment_resolve(session->recording, &moment, cursor_ns(session), at_ns, err))
			return -1;
	}
	if (has_time)
		return 0;
	*at_ns = cursor_ns(session);
	return *at_ns == UNKNOWN ? moment_default(session->recording, at_ns, err) : 0;
}

static int show(
	struct session *session, const struct live_view *view, bool as_json, struct error *err)
{
	struct json json = {.out = session->out};
	struct page page = {0};
	int result;

	if (as_json) {
		result = render_live_json(&json, view, err);
		fputc('\n', session->out);
		return result;
	}
	terminal_begin(&page, session->out);
	result = render_live_text(&page, view, err);
	if (!result)
		terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
	return result;
}

static int run_live(struct session *session, const struct option_values *values, struct error *err)
{
	const char *format = option_value(values, "format");
	struct live_options options = {0};
	struct live_set set = {0};
	struct lacks lacks = {0};
	struct live_view view = {session, &set, &lacks, option_value(values, "full")};
	int64_t at_ns;
	int result = read_words(session, values, &at_ns, &options, err);

	if (result)
		return 2;
	result = live_set_gather(&set, session->recording, at_ns, &options, err);
	if (!result)
		result = lacks_find(&lacks, session->recording, at_ns, err);
	if (!result)
		result = show(session, &view, format && *format == 'j', err);
	lacks_deinit(&lacks);
	live_set_deinit(&set);
	return result ? 1 : 0;
}

static int live_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	int status;

	cursor_begin(session);
	status = run_live(session, &invocation->options, err);
	cursor_end(session);
	return status;
}

const struct command live_command = {
	.name = "live",
	.group = GROUP_TIME,
	.usage = "[options] [TIME] [ID]",
	.summary = "show what was alive, armed and on its way at a moment",
	.description =
		"What had been made by TIME and was not destroyed yet, in the processes that were"
		"\nthere; without TIME at the prompt's cursor, else at the last crash, else at the "
		"end."
		"\nWhat is of one type and was made by one stack is coalesced. With the ID of one "
		"of"
		"\nthem, that group is listed one by one.\n"
		"\nOf a handle it says whether it was armed, when its timer was due, and whether "
		"it had"
		"\nno reference (unref'd); of a request, where it was: in the queue of the thread "
		"pool,"
		"\nin the pool, done and waiting for the loop. Of one that the kernel has, it is "
		"not"
		"\nrecorded when the kernel was done with it.\n"
		"\n" MOMENT_WORDS "\n"
		"\n5 alone is an ID; a time is 5s or +5.\n"
		"\nJSON: version, ns, process_ids, total and groups with count, states, "
		"unreferenced,"
		"\nnext_due_ns, oldest_id, oldest_ns, newest_id, newest_ns, and of a group type, "
		"class,"
		"\nstack_id and frames; with --all or ID also resources; lacks, sentences on what "
		"the"
		"\nrecording does not have; vague, true when an index was wanting.",
	.options = live_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 3,
	.completion = COMPLETE_POINT,
	.run = live_run,
};
