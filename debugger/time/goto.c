/* `at` and `goto`: see goto.h. */
#include "debugger/time/goto.h"

#include "debugger/time/moment.h"
#include "debugger/time/standing.h"
#include "debugger/time/where.h"

#include <inttypes.h>
#include <stdio.h>

static const struct option_row options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static bool wants_json(const struct invocation *invocation)
{
	const char *format = option_value(&invocation->options, "format");

	return format && *format == 'j';
}

/* The words as one: a moment is printed with a blank before its unit. */
static void join(const struct option_values *values, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s%s", values->words[0], values->word_count > 1 ? " " : "",
		values->word_count > 1 ? values->words[1] : "");
}

static int go_to_moment(struct session *session, struct cursor *cursor, const char *words,
	bool as_json, struct error *err)
{
	struct where where = {.session = session, .cursor = cursor, .as_json = as_json};
	struct moment moment;
	int64_t ns, thread_id;

	if (moment_read(words, &moment, err) ||
		moment_resolve(session->recording, &moment, cursor_ns(session), &ns, err))
		return 2;
	if (standing_thread(session, cursor, ns, &thread_id, err) ||
		standing_at(session, cursor, thread_id, ns, err) || where_show(&where, err))
		return 1;
	return 0;
}

/* A thread, at the cursor's moment while it is there, else at its own beginning. */
static int go_to_thread(struct session *session, struct cursor *cursor, int64_t thread_id,
	bool as_json, struct error *err)
{
	struct where where = {.session = session, .cursor = cursor, .as_json = as_json};
	struct point point = {POINT_THREAD, thread_id};
	int64_t ns = cursor_ns(session);
	struct thread_row thread;
	int found = lookup_thread(session->recording, thread_id, &thread, err);

	if (found != 1)
		return found ? -1 : point_not_there(session->recording, &point, err);
	if (ns == UNKNOWN || (thread.started_ns != UNKNOWN && ns < thread.started_ns) ||
		(thread.ended_ns != UNKNOWN && ns > thread.ended_ns))
		ns = thread.started_ns == UNKNOWN ? 0 : thread.started_ns;
	session_look_at(session, &point);
	if (standing_at(session, cursor, thread_id, ns, err))
		return -1;
	return where_show(&where, err);
}

static int go_to_process(struct session *session, struct cursor *cursor, int64_t process_id,
	bool as_json, struct error *err)
{
	int64_t thread_id;
	int found = standing_main_thread(session->recording, process_id, &thread_id, err);

	if (found < 0)
		return -1;
	if (!found)
		return point_not_there(
			session->recording, &(struct point){POINT_PROCESS, process_id}, err);
	return go_to_thread(session, cursor, thread_id, as_json, err);
}

/* Where a run begins, a resource was made, a line was written, a crash happened. */
static int go_to_event(struct session *session, struct cursor *cursor, const struct point *wanted,
	bool as_json, struct error *err)
{
	struct lineage_options by_link = {.by = EDGE_LINK, .depth = 0};
	struct where where = {.session = session, .cursor = cursor, .as_json = as_json};
	struct lineage lineage;
	const struct segment *here;
	struct point point;

	if (lineage_init(&lineage, session->recording, session->cache, wanted, &by_link, err))
		return -1;
	here = &lineage.segments[0];
	point = lineage.point;
	if (here->ns == UNKNOWN) {
		lineage_deinit(&lineage);
		return error_set(err, "it is not known when that was");
	}
	cursor->is_set = true;
	cursor->place = (struct cursor_place){here->ns, CURSOR_RANK_LAST, 0};
	if (point.kind == POINT_RUN)
		cursor->place = (struct cursor_place){here->ns, EVENT_BEGAN, point.id};
	else if (point.kind == POINT_ASYNC)
		cursor->place = (struct cursor_place){here->ns, EVENT_CREATED, point.id};
	cursor->process_id = lineage.process_id;
	cursor->thread_id = here->in.run.thread_id != UNKNOWN ? here->in.run.thread_id
							      : lineage.thread.thread_id;
	cursor->run_id = here->in.run.run_id;
	lineage_deinit(&lineage);
	session_look_at(session, &point);
	where.point = &point;
	return where_show(&where, err);
}

static int go_to_point(struct session *session, struct cursor *cursor, struct point *point,
	bool as_json, struct error *err)
{
	if (point_resolve(session->recording, point, err))
		return -1;
	switch (point->kind) {
	case POINT_THREAD:
		return go_to_thread(session, cursor, point->id, as_json, err);
	case POINT_PROCESS:
		return go_to_process(session, cursor, point->id, as_json, err);
	default:
		return go_to_event(session, cursor, point, as_json, err);
	}
}

static int at_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	struct cursor *cursor = cursor_of(session);
	char words[128];
	int status;

	if (!cursor) {
		error_set(err, "out of memory");
		return 1;
	}
	join(&invocation->options, words, sizeof words);
	cursor_begin(session);
	status = go_to_moment(session, cursor, words, wants_json(invocation), err);
	cursor_end(session);
	return status;
}

static int goto_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	struct cursor *cursor = cursor_of(session);
	bool as_json = wants_json(invocation);
	struct moment moment;
	struct point point;
	char words[128];
	int status;

	if (!cursor) {
		error_set(err, "out of memory");
		return 1;
	}
	join(&invocation->options, words, sizeof words);
	cursor_begin(session);
	if (!session_point(session, words, &point, NULL))
		status = go_to_point(session, cursor, &point, as_json, err) ? 1 : 0;
	else if (!moment_read(words, &moment, NULL))
		status = go_to_moment(session, cursor, words, as_json, err);
	else
		status = point_parse(words, &point, err) ? 2 : 1;
	cursor_end(session);
	return status;
}

const struct command at_command = {
	.name = "at",
	.group = GROUP_TIME,
	.usage = "[options] TIME",
	.summary = "put the cursor at a moment, and show what its thread was in",
	.description =
		"Time is a parameter here: 'live' and 'running' tell of the moment where the cursor"
		"\nis, 'step' and 'back' move it from event to event. It stands on one thread; "
		"another"
		"\nis taken with 'goto thread:N'.\n"
		"\n" MOMENT_WORDS "\n"
		"\n" WHERE_JSON_WORDS,
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.least_words = 1,
	.most_words = 2,
	.run = at_run,
};

const struct command goto_command = {
	.name = "goto",
	.group = GROUP_TIME,
	.usage = "[options] POINT | TIME",
	.summary = "put the cursor where a run began, a line was written, it crashed",
	.description = "  goto run:97      where a run begins, on its thread\n"
		       "  goto 42          where a resource was made\n"
		       "  goto log:7       where a line was written\n"
		       "  goto crash       where it crashed\n"
		       "  goto thread:3    to that thread, at the same moment while it is there\n"
		       "  goto process:2   to the main thread of a process, likewise\n"
		       "  goto +1.2s       to a moment, as 'at' does\n"
		       "\n5 alone is an ID; a time is 5s or +5.\n"
		       "\n" WHERE_JSON_WORDS,
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.least_words = 1,
	.most_words = 2,
	.completion = COMPLETE_POINT,
	.run = goto_run,
};
