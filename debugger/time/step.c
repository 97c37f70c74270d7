/*
 * Steps in time: see step.h. Without a watch the events are the beginnings of runs on the cursor's
 * thread; with one, all that happens to the watched resources, wherever.
 */
#include "debugger/time/step.h"

#include "debugger/text/printable.h"
#include "debugger/time/moment.h"
#include "debugger/time/run_search.h"
#include "debugger/time/standing.h"
#include "debugger/time/where.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct option_row options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static const struct option_row rback_options[] = {
	{"by", 0, "link|cause",
		"to the call that armed the run (the default), or to what made it fire"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum direction { STEP, NEXT, BACK };

/* What the last step came to. */
struct stop {
	struct point point; /* a run; POINT_DEFAULT: none */
	struct resource_event event;
	bool is_event;
};

static int read_count(const struct option_values *values, int64_t *ret, struct error *err)
{
	char *end;

	*ret = 1;
	if (!values->word_count)
		return 0;
	*ret = strtoll(values->words[0], &end, 10);
	if (*end || *ret < 1 || *ret > 100000000)
		return error_set(err, "'%s' is no number of steps", values->words[0]);
	return 0;
}

/* Steps from nowhere begin at the start of the program, and those backwards at the end. */
static int begin(
	struct session *session, struct cursor *cursor, enum direction direction, struct error *err)
{
	int64_t ns = 0, thread_id;

	if (cursor->is_set)
		return 0;
	if (direction == BACK && moment_default(session->recording, &ns, err))
		return -1;
	if (standing_thread(session, cursor, ns, &thread_id, err) ||
		standing_at(session, cursor, thread_id, ns, err))
		return -1;
	if (direction != BACK)
		cursor->place.rank = EVENT_BEGAN - 1; /* the program's own start comes first */
	return 0;
}

/* --- runs on one thread ----------------------------------------------------------------------- */

/* Of the runs that began at the cursor's moment, behind which it stands. */
static int64_t run_order(const struct cursor_place *place)
{
	if (place->rank == EVENT_BEGAN)
		return place->id;
	return place->rank < EVENT_BEGAN ? INT64_MIN + 1 : INT64_MAX;
}

static int no_run(const struct cursor *cursor, enum direction direction, struct error *err)
{
	return error_set(err,
		direction == BACK ? "no callback began before that on thread:%" PRId64
				    ": it is the thread's beginning ('rback' goes to who made it)"
				  : "no callback begins after that on thread:%" PRId64
				    " ('goto thread:N' takes another)",
		cursor->thread_id);
}

/* Behind the run that the cursor is in, with all that is nested in it. */
static int skip_run(struct session *session, const struct cursor *cursor, struct run_search *ret,
	struct error *err)
{
	struct run_row run;

	if (cursor->run_id == UNKNOWN)
		return 0;
	if (lookup_run(session->recording, cursor->run_id, &run, err) < 0)
		return -1;
	if (run.run_id == run.root_run_id || run.began_ns == UNKNOWN)
		return 0;
	if (run.duration_ns == UNKNOWN)
		return error_set(err,
			"the run that the cursor is in never ended: nothing follows it on"
			" thread:%" PRId64,
			cursor->thread_id);
	/* Where the cursor stands behind its end already, as after a watch, there it stays. */
	if (__builtin_add_overflow(run.began_ns, run.duration_ns, &run.began_ns) ||
		run.began_ns < ret->ns)
		return 0;
	ret->ns = run.began_ns;
	ret->run_id = cursor->run_id;
	return 0;
}

static int step_on_thread(struct session *session, struct cursor *cursor, enum direction direction,
	struct stop *stop, struct error *err)
{
	struct run_search search = {cursor->thread_id, cursor->process_id, cursor->place.ns,
		run_order(&cursor->place), 0};
	int64_t run_id, began_ns;
	int found;

	if (direction == NEXT && skip_run(session, cursor, &search, err))
		return -1;
	found = direction == BACK
			? run_search_last(session->recording, &search, &run_id, &began_ns, err)
			: run_search_next(session->recording, &search, &run_id, &began_ns, err);
	if (found != 1)
		return found ? -1 : no_run(cursor, direction, err);
	cursor->place = (struct cursor_place){began_ns, EVENT_BEGAN, run_id};
	cursor->run_id = run_id;
	stop->point = (struct point){POINT_RUN, run_id};
	stop->is_event = false;
	return 0;
}

/* --- events of watched resources -------------------------------------------------------------- */

static int no_event(const struct cursor *cursor, enum direction direction, struct error *err)
{
	struct strbuf words = {0};
	size_t i;

	for (i = 0; i < cursor->watch_count; i++) {
		strbuf_add_string(&words, i ? ", " : "");
		point_add_async(&words, cursor->watches[i]);
	}
	error_set(err, "nothing happened to %s %s that ('unwatch' ends the watch)",
		strbuf_string(&words), direction == BACK ? "before" : "after");
	strbuf_deinit(&words);
	return -1;
}

static int step_to_event(struct session *session, struct cursor *cursor, enum direction direction,
	struct stop *stop, struct error *err)
{
	struct run_search behind = {
		cursor->thread_id, cursor->process_id, cursor->place.ns, INT64_MIN, 0};
	struct cursor_place from = cursor->place;
	struct resource_event event;
	bool has_event = false;
	struct point point;
	size_t i;
	int found;

	if (direction == NEXT) {
		if (skip_run(session, cursor, &behind, err))
			return -1;
		if (behind.run_id != INT64_MIN) {
			from = (struct cursor_place){behind.ns, EVENT_ENDED, behind.run_id};
		}
	}
	for (i = 0; i < cursor->watch_count; i++) {
		found = direction == BACK ? resource_event_last(session->recording,
						    cursor->watches[i], &from, &event, err)
					  : resource_event_next(session->recording,
						    cursor->watches[i], &from, &event, err);
		if (found < 0)
			return -1;
		if (!found)
			continue;
		if (!has_event || (cursor_compare(&event.place, &stop->event.place) < 0) ==
					  (direction != BACK))
			stop->event = event;
		has_event = true;
	}
	if (!has_event)
		return no_event(cursor, direction, err);
	cursor->place = stop->event.place;
	cursor->process_id = id_process(stop->event.async_id);
	cursor->run_id = stop->event.run_id;
	if (stop->event.thread_id != UNKNOWN)
		cursor->thread_id = stop->event.thread_id;
	stop->is_event = true;
	point = (struct point){POINT_RUN, stop->event.run_id};
	stop->point =
		stop->event.kind == EVENT_BEGAN ? point : (struct point){POINT_DEFAULT, UNKNOWN};
	return 0;
}

/* ---------------------------------------------------------------------------------------------- */

static void look_at(struct session *session, const struct cursor *cursor)
{
	if (cursor->run_id != UNKNOWN)
		session_look_at(session, &(struct point){POINT_RUN, cursor->run_id});
}

/* As many steps as there are, of those that were asked for. */
static int steps(struct session *session, struct cursor *cursor, enum direction direction,
	int64_t count, struct stop *stop, struct error *err)
{
	int64_t i;

	if (begin(session, cursor, direction, err))
		return -1;
	for (i = 0; i < count; i++)
		if (cursor->watch_count ? step_to_event(session, cursor, direction, stop, err)
					: step_on_thread(session, cursor, direction, stop, err))
			return i ? 1 : -1;
	return 0;
}

static int run_steps(struct session *session, const struct invocation *invocation,
	enum direction direction, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct cursor *cursor = cursor_of(session);
	struct where where = {
		.session = session, .cursor = cursor, .as_json = format && *format == 'j'};
	struct stop stop = {.point = {POINT_DEFAULT, UNKNOWN}};
	struct error why = {""}, other;
	int64_t count;
	int result;

	if (!cursor)
		return error_set(err, "out of memory"), 1;
	if (read_count(&invocation->options, &count, err))
		return 2;
	result = steps(session, cursor, direction, count, &stop, &why);
	if (result >= 0) {
		look_at(session, cursor);
		where.point = stop.point.kind == POINT_RUN ? &stop.point : NULL;
		where.event = stop.is_event ? &stop.event : NULL;
		if (where_show(&where, &other)) {
			*err = other;
			return 1;
		}
	}
	/* Fewer than were asked for: there they are, and why no more. */
	if (result)
		*err = why;
	return result ? 1 : 0;
}

static int step_any(struct session *session, const struct invocation *invocation,
	enum direction direction, struct error *err)
{
	int status;

	cursor_begin(session);
	status = run_steps(session, invocation, direction, err);
	cursor_end(session);
	return status;
}

static int step_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	return step_any(session, invocation, STEP, err);
}

static int next_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	return step_any(session, invocation, NEXT, err);
}

static int back_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	return step_any(session, invocation, BACK, err);
}

/* --- to the reason ---------------------------------------------------------------------------- */

/* One edge back: *ret is the lineage that it was read from, and the cursor stands at the call. */
static int go_back(struct session *session, struct cursor *cursor, enum lineage_edge by,
	struct lineage *ret, struct error *err)
{
	struct lineage_options by_edge = {.by = by, .depth = 1};
	struct point point = {POINT_RUN, cursor->run_id};
	const struct segment *link;

	if (cursor->run_id == UNKNOWN)
		return error_set(err, "the cursor is in no run that something could have armed");
	if (lineage_init(ret, session->recording, session->cache, &point, &by_edge, err))
		return -1;
	link = ret->count > 1 ? &ret->segments[1] : NULL;
	if (!link)
		error_set(err, "there is nothing further back: %s",
			ret->complete ? "this is the program's own start" : ret->ended);
	else if (link->ns == UNKNOWN || link->in.run.run_id == UNKNOWN)
		error_set(err, "it is not known in which run, or when, this was armed");
	if (!link || link->ns == UNKNOWN || link->in.run.run_id == UNKNOWN) {
		lineage_deinit(ret);
		return -1;
	}
	cursor->place = (struct cursor_place){link->ns, CURSOR_RANK_LAST, 0};
	cursor->run_id = link->in.run.run_id;
	cursor->process_id = id_process(cursor->run_id);
	if (link->in.run.thread_id != UNKNOWN)
		cursor->thread_id = link->in.run.thread_id;
	return 0;
}

static int run_rback(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	const char *by = option_value(&invocation->options, "by");
	struct cursor *cursor = cursor_of(session);
	struct where where = {
		.session = session, .cursor = cursor, .as_json = format && *format == 'j'};
	struct lineage lineages[2];
	struct error why = {""};
	int64_t count, i;
	int result = 0;

	if (!cursor)
		return error_set(err, "out of memory"), 1;
	if (read_count(&invocation->options, &count, err))
		return 2;
	if (begin(session, cursor, BACK, err))
		return 1;
	for (i = 0; i < count; i++) {
		if (go_back(session, cursor, by && *by == 'c' ? EDGE_CAUSE : EDGE_LINK,
			    &lineages[i & 1], &why))
			break;
		if (where.armed)
			lineage_deinit(&lineages[(i + 1) & 1]);
		where.armed = &lineages[i & 1];
	}
	if (where.armed) {
		look_at(session, cursor);
		result = where_show(&where, err);
		lineage_deinit(&lineages[(i + 1) & 1]);
	}
	if (!result && i < count) {
		*err = why;
		result = -1;
	}
	return result ? 1 : 0;
}

static int rback_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	int status;

	cursor_begin(session);
	status = run_rback(session, invocation, err);
	cursor_end(session);
	return status;
}

#define STEP_WORDS                                                                                 \
	"A step stops where a callback begins, on the cursor's thread; with 'watch ID' instead"    \
	"\nat every event of that resource, on whatever thread and in whatever process. N steps"   \
	"\nare one stop. Without a cursor it begins at the start of the program, and backwards at" \
	"\nthe last crash, else at the end.\n"                                                     \
	"\n" WHERE_JSON_WORDS

const struct command step_command = {
	.name = "step",
	.aliases = "s",
	.group = GROUP_TIME,
	.usage = "[options] [N]",
	.summary = "go on to where the next callback begins, also one inside of this",
	.description = STEP_WORDS,
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = step_run,
};

const struct command next_command = {
	.name = "next",
	.aliases = "n",
	.group = GROUP_TIME,
	.usage = "[options] [N]",
	.summary = "go on to where the next callback begins after this one has ended",
	.description = "As 'step', but past all that runs inside of the run that the cursor is "
		       "in.\n\n" STEP_WORDS,
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = next_run,
};

const struct command back_command = {
	.name = "back",
	.aliases = "reverse-step rs",
	.group = GROUP_TIME,
	.usage = "[options] [N]",
	.summary = "go back to where the callback before began: 'step' reversed",
	.description = "The last callback that began before the cursor, on its thread. From the "
		       "middle of a"
		       "\nrun that may be the beginning of it.\n\n" STEP_WORDS,
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = back_run,
};

const struct command rback_command = {
	.name = "rback",
	.group = GROUP_TIME,
	.usage = "[options] [N]",
	.summary = "go back to the reason: the call that armed the run the cursor is in",
	.description =
		"'back' goes back in time, 'rback' to the reason: to the moment, the thread and the"
		"\nrun in which the callback was armed that runs here; with --by cause to what "
		"made it"
		"\nfire (as uv_async_send), where that is another. N such steps are the N-th "
		"segment of"
		"\nthe async stack that 'trace' shows.\n"
		"\n" WHERE_JSON_WORDS,
	.options = rback_options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = rback_run,
};
