/* `diff`: see diff.h. Opens the other recording and puts together what the others of this folder
 * do. */
#include "debugger/diff/diff.h"

#include "debugger/diff/builds.h"
#include "debugger/diff/path.h"
#include "debugger/diff/view.h"
#include "debugger/recording/lookup.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>

static const struct option_row diff_options[] = {
	{"by", 0, "created|runs|time",
		"show first what differs in the resources created, in runs, or in times"},
	{"type", 0, "TYPE", "only resources of this type: uv_timer_t, or timer"},
	{"limit", 0, "N", "at most N differences of a kind (10)"},
	{"all", 'a', NULL, "also what is in one of them only and may be so by chance"},
	{"exit-code", 0, NULL, "exit status 1 when they differ"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE",
		"the recording to compare with; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static int read_limit(const struct option_values *values, int64_t *ret, struct error *err)
{
	const char *limit = option_value(values, "limit");
	char *end;

	*ret = 10;
	if (!limit)
		return 0;
	*ret = strtoll(limit, &end, 10);
	if (*limit < '0' || *limit > '9' || *end || *ret > 1000000)
		return error_set(err, "diff: --limit takes a number, not '%s'", limit);
	return 0;
}

static enum compare_by by_option(const struct option_values *values)
{
	const char *by = option_value(values, "by");

	return !by	    ? COMPARE_BY_ALL
	       : *by == 'c' ? COMPARE_BY_CREATED
	       : *by == 'r' ? COMPARE_BY_RUNS
			    : COMPARE_BY_TIME;
}

static bool as_json(const struct option_values *values)
{
	const char *format = option_value(values, "format");

	return format && *format == 'j';
}

/* Whether the first program of one of them was still there at the end: what it had then is no leak.
 */
static int find_cut_off(const struct diff_view *view, bool *ret, struct error *err)
{
	struct process_row process;
	int side, found;

	for (side = 0; side < FOREST_SIDES; side++) {
		found = lookup_process(view->sessions[side]->recording, 1, &process, err);
		if (found < 0)
			return -1;
		*ret |= !found || process.exit_code == UNKNOWN;
	}
	return 0;
}

/* Both recordings as one tree. */
static int gather_both(struct diff_view *view, struct forest *forest, struct error *err)
{
	int side;

	for (side = 0; side < FOREST_SIDES; side++)
		if (gather(forest, side, view->sessions[side]->recording, NULL,
			    &view->gathered[side], err))
			return -1;
	return 0;
}

static int show_all(struct diff_view *view, const struct option_values *values, struct error *err)
{
	struct session *session = view->sessions[0];
	struct json json = {.out = session->out};
	struct page page = {0};
	int result = 0;

	if (as_json(values)) {
		diff_view_json(&json, view);
		fputc('\n', session->out);
		return 0;
	}
	terminal_begin(&page, session->out);
	result = diff_view_text(&page, view, err) || diff_builds(&page, view, err);
	if (!result)
		terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
	return result;
}

/* Everything in the one and the other. Returns the exit status. */
static int diff_all(struct diff_view *view, const struct option_values *values, struct error *err)
{
	struct compare_options options = {by_option(values), option_value(values, "type"), false};
	struct comparison comparison = {0};
	struct forest forest;
	int status = 1;

	forest_init(&forest);
	view->forest = &forest;
	view->comparison = &comparison;
	view->all = option_value(values, "all");
	if (!find_cut_off(view, &options.is_cut_off, err) && !gather_both(view, &forest, err) &&
		!compare(&comparison, &forest, &options, err) && !show_all(view, values, err))
		status = option_value(values, "exit-code") && comparison.count != comparison.rare;
	comparison_deinit(&comparison);
	forest_deinit(&forest);
	return status;
}

/* The points that were typed. `other` is left as it is without a third word. */
static int read_points(const struct session *session, const struct option_values *values,
	struct point *base, struct point *other, struct error *err)
{
	if (values->word_count > 1 && session_point(session, values->words[1], base, err))
		return -1;
	return values->word_count > 2 ? point_parse(values->words[2], other, err) : 0;
}

static int diff_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct option_values *values = &invocation->options;
	struct diff_view view = {.sessions = {session}};
	struct point base = {.id = UNKNOWN}, other = {.id = UNKNOWN};
	struct session compared;
	int status = 1;

	if (read_limit(values, &view.limit, err) ||
		read_points(session, values, &base, &other, err))
		return 2;
	session_init(&compared, values->words[0]);
	compared.out = session->out;
	view.sessions[1] = &compared;
	if (!session_acquire(&compared, err)) {
		status = values->word_count > 1
				 ? diff_path(&view, &base, values->word_count > 2 ? &other : NULL,
					   as_json(values), option_value(values, "exit-code"), err)
				 : diff_all(&view, values, err);
		session_release(&compared);
	}
	session_deinit(&compared);
	return status;
}

const struct command diff_command = {
	.name = "diff",
	.group = GROUP_DATA,
	.usage = "[options] OTHER [POINT [OTHER_POINT]]",
	.summary = "compare two recordings: what happens in one only, what is slower",
	.description =
		"Compares the recording (-r FILE, the base) with OTHER, for instance that of the"
		"\nversion before with that of the one after: acausal diff -r old.db new.db. OTHER"
		"\nmay be a core or a snapshot too. What was called and what ran is matched by its"
		"\nasync stack, that is by the names of all functions from main to it; how often"
		"\nsomething went round does not matter, nor do addresses and lines, so that"
		"\nanother build can be compared. Functions without a name are their module and"
		"\naddress.\n"
		"\n"
		"What is shown is beyond what two recordings of the same program differ by.\n"
		"\n"
		"  only in one      in every run of what is around it, unless that goes round or"
		"\n                   the other one calls the same by another way; or so often"
		"\n                   that it is one in a thousand that it is chance (others:"
		"\n                   --all)\n"
		"  numbers, errors  for one run of what is around it: by half as many, and by"
		"\n                   four standard errors. Numbers that the load makes, as of"
		"\n                   reads of few handles, are not compared\n"
		"  time             of the runs, and before them: of requests since they were"
		"\n                   made, of timers since their time. The median by half as long"
		"\n                   (waits twice), by 100 us (waits 1 ms) or 10 ms in all, and by"
		"\n                   the ranks of all, after what everything took longer\n"
		"\n"
		"With POINT it compares two async stacks, and tells where they part on the way from"
		"\nmain: that of POINT with that of OTHER_POINT in the other recording, or with"
		"\nthe one there that has the same async stack, the third if POINT is the third; "
		"when nothing has,"
		"\nwith what comes nearest.\n"
		"\n" COMMAND_POINT_WORDS,
	.options = diff_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.least_words = 1,
	.most_words = 3,
	.completion = COMPLETE_FILE,
	.completion_next = COMPLETE_POINT,
	.run = diff_run,
};
