/*
 * `frame`, `up` and `down`: see frame.h. They move through the stack that `trace` showed last, by
 * its numbers, as if it were one stack: a boundary is crossed like a call.
 */
#include "debugger/frame/frame.h"

#include "debugger/frame/selection.h"
#include "debugger/render/render_trace.h"
#include "debugger/text/terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row frame_options[] = {
	{"of", 0, "POINT", "of the async stack of POINT, which is the current one from then on"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static const struct option_row move_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* "3" or, as it stands on the screen, "#3". */
static int read_number(
	const struct invocation *invocation, size_t otherwise, size_t *ret, struct error *err)
{
	const char *word = invocation->options.word_count ? invocation->options.words[0] : NULL;
	const char *digits = word && *word == '#' ? word + 1 : word;
	char *end;
	long long number;

	*ret = otherwise;
	if (!word)
		return 0;
	number = strtoll(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || *end)
		return error_set(err,
			"%s: a frame's number is wanted, as 'trace' shows it, not '%s'",
			invocation->command->name, word);
	*ret = number > INT32_MAX ? INT32_MAX : (size_t)number;
	return 0;
}

static void show(struct session *session, const struct invocation *invocation,
	const struct selection *selection, const struct selected *before,
	const struct selected *now)
{
	const char *format = option_value(&invocation->options, "format");
	struct render_options options = {.full = selection->options.full,
		.state = reader_state(session->recording),
		.session = session};
	struct json json = {.out = session->out};
	struct page page = {0};

	if (format && *format == 'j') {
		render_frame_json(
			&json, &selection->lineage, now->segment, now->frame, now->number);
		fputc('\n', session->out);
		return;
	}
	terminal_begin(&page, session->out);
	render_frame_text(&page, &selection->lineage, &options, now->segment, before->segment,
		now->frame, now->number);
	terminal_show(&page, session->out, false);
	page_deinit(&page);
}

static int no_frames(
	const struct invocation *invocation, const struct selection *selection, struct error *err)
{
	struct strbuf point = {0};

	point_add(&point, &selection->lineage.point);
	error_set(err, "%s: the stack of %s has no frames", invocation->command->name,
		strbuf_string(&point));
	strbuf_deinit(&point);
	return 1;
}

static int frame_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *of = option_value(&invocation->options, "of");
	struct selected before, now;
	struct selection *selection;
	struct point point;
	size_t number;

	if (of && session_point(session, of, &point, err))
		return 2;
	if (selection_load(session, of ? &point : NULL, &selection, err))
		return 1;
	if (!selection_frame(selection, selection->number, &before))
		return no_frames(invocation, selection, err);
	if (read_number(invocation, selection->number, &number, err))
		return 2;
	selection_frame(selection, number, &now);
	if (invocation->options.word_count && now.number != number) {
		error_set(err, "frame: there is no #%zu: the last is #%zu", number, now.number);
		return 1;
	}
	show(session, invocation, selection, &before, &now);
	selection_choose(selection, now.number);
	return 0;
}

/* By how many frames, outwards or inwards; as far as there are some, but not by none. */
static int move(
	struct session *session, const struct invocation *invocation, bool out, struct error *err)
{
	struct selected before, now;
	struct selection *selection;
	size_t steps, number;

	if (read_number(invocation, 1, &steps, err))
		return 2;
	if (selection_load(session, NULL, &selection, err))
		return 1;
	if (!selection_frame(selection, selection->number, &before))
		return no_frames(invocation, selection, err);
	number = out ? before.number + steps : before.number > steps ? before.number - steps : 0;
	selection_frame(selection, number, &now);
	if (steps && now.number == before.number) {
		error_set(err, "%s: #%zu is the %s frame", invocation->command->name, now.number,
			out ? "outermost" : "innermost");
		return 1;
	}
	show(session, invocation, selection, &before, &now);
	selection_choose(selection, now.number);
	return 0;
}

static int up_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	return move(session, invocation, true, err);
}

static int down_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	return move(session, invocation, false, err);
}

const struct command frame_command = {
	.name = "frame",
	.aliases = "f",
	.group = GROUP_STACK,
	.usage = "[options] [N]",
	.summary = "show one frame of the async stack, and select it",
	.description =
		"N is the number that 'trace' shows, through all segments. Shows the function, its"
		"\nplace, what is written there and in which run it stood; when another segment is"
		"\nreached, also the sentence of the boundary in between. Without N it shows the"
		"\nframe that is selected: after 'trace', the innermost of the program's own.\n"
		"\nThe stack is the one that was shown last, else that of the crash, as without"
		"\nPOINT for 'trace'. 'up', 'down' and 'list' go on from the selected frame; \".\""
		"\nremains what was traced.\n"
		"\nJSON: version, point, number, segment (0 is what stood at the point), edge,"
		"\nasync_id, type, run_id, thread_id, callback and ns of that segment, and frame, "
		"as"
		"\n'trace' has them.",
	.options = frame_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = frame_run,
};

const struct command up_command = {
	.name = "up",
	.group = GROUP_STACK,
	.usage = "[options] [N]",
	.summary = "select the frame N (1) further out: its caller, or who armed it",
	.description = "Goes over boundaries as over calls. See 'frame'.",
	.options = move_options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = up_run,
};

const struct command down_command = {
	.name = "down",
	.group = GROUP_STACK,
	.usage = "[options] [N]",
	.summary = "select the frame N (1) further in",
	.description = "See 'frame'.",
	.options = move_options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = down_run,
};
