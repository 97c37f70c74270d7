/* A point's like in another recording: see match.h. */
#include "debugger/diff/match.h"

#include "debugger/lineage/lineage.h"
#include "debugger/recording/lookup.h"

/* The run in which a log line was written, or a crash happened. */
static int run_of(
	struct reader *recording, const struct point *point, int64_t *ret, struct error *err)
{
	struct crash_row crash;
	struct log_row log;
	int found;

	if (point->kind == POINT_LOG) {
		found = lookup_log(recording, point->id, &log, err);
		*ret = log.run_id;
	} else {
		found = lookup_crash(recording, point->id, &crash, err);
		*ret = crash.run_id;
	}
	return found ? found : point_not_there(recording, point, err);
}

/* One number of a table that has no index for it. 1, 0 when there is none, -1. */
static int number_of(struct reader *recording, const char *sql, int64_t first, int64_t second,
	int64_t *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(row, 1, first);
	sqlite3_bind_int64(row, 2, second);
	reader_set_budget(recording, 0);
	found = reader_step(recording, row, err);
	if (found == 1)
		*ret = lookup_column(row, 0);
	reader_set_budget(recording, READER_BUDGET);
	sqlite3_finalize(row);
	return found == 1 && *ret == UNKNOWN ? 0 : found;
}

/* The line of the other run that is the how manieth of it the base's is of its own. */
static int match_line(
	struct match *match, const struct diff_view *view, int64_t base_run, struct error *err)
{
	static const char count[] =
		"SELECT count(*) FROM main.packed_log WHERE run_id = ?1 AND log_id < ?2";
	static const char line[] = "SELECT log_id FROM main.packed_log WHERE run_id = ?1"
				   " ORDER BY log_id LIMIT 1 OFFSET ?2";
	int64_t before, log_id;
	int found;

	if (number_of(view->sessions[0]->recording, count, base_run, match->base.id, &before, err) <
		0)
		return -1;
	found = number_of(
		view->sessions[1]->recording, line, match->other.id, before, &log_id, err);
	if (found < 0)
		return -1;
	if (found)
		match->other = (struct point){POINT_LOG, log_id};
	return 0;
}

#define WAY_MAX 64 /* nodes that are looked for one by one */

static bool is_there(const struct node *node)
{
	return node->sides[1] && node->sides[1]->first_id != UNKNOWN;
}

/* What the other recording has below `parent` that is as `like`, but for its stack if need be. */
static uint32_t child_like(const struct forest *forest, uint32_t parent, const struct node *like)
{
	uint32_t number, similar = 0;

	for (number = parent + 1; number <= forest_count(forest); number++) {
		const struct node *node = forest_node(forest, number);

		if (node->parent != parent || node->kind != like->kind ||
			node->type != like->type || node->part != like->part || !is_there(node))
			continue;
		if (node->name == like->name && node->stack == like->stack)
			return number;
		if (!similar && (node->name == like->name || node->kind == NODE_RUN))
			similar = number;
	}
	return similar;
}

/*
 * The nearest that the other recording has: from where the ways part it goes on by what is made the
 * same there, if only from another stack.
 */
static uint32_t nearest(const struct forest *forest, uint32_t node)
{
	uint32_t way[WAY_MAX], at = node, next;
	size_t count = 0;

	while (at && !is_there(forest_node(forest, at))) {
		if (count < WAY_MAX)
			way[count++] = at;
		else
			count = 0;
		at = forest_node(forest, at)->parent;
	}
	while (at && count > 0 &&
		(next = child_like(forest, at, forest_node(forest, way[--count]))))
		at = next;
	return at;
}

static struct point point_of(const struct forest *forest, uint32_t number, int64_t id)
{
	const struct node *node = forest_node(forest, number);
	bool is_call = node->kind == NODE_CREATED || node->kind == NODE_ARMED;

	return (struct point){is_call ? POINT_ASYNC : POINT_RUN, id};
}

static int match_in(struct match *match, struct forest *forest, struct diff_view *view,
	int64_t async_id, int64_t run_id, struct error *err)
{
	struct gather_watch base = {async_id, run_id, 0, 0, 0, 0, UNKNOWN};
	struct gather_watch other = {UNKNOWN, UNKNOWN, 0, 0, 0, 0, UNKNOWN};
	uint32_t node;

	if (gather(forest, 0, view->sessions[0]->recording, &base, &view->gathered[0], err))
		return -1;
	other.wanted_node = base.node;
	other.wanted_place = match->place = base.place;
	if (gather(forest, 1, view->sessions[1]->recording, &other, &view->gathered[1], err))
		return -1;
	if (base.node && other.found_id != UNKNOWN) {
		int64_t count = forest_node(forest, base.node)->sides[1]->count;

		match->other = point_of(forest, base.node, other.found_id);
		match->kind = count < base.place ? MATCH_FEWER : MATCH_SAME;
		return 0;
	}
	if (!base.node && forest->full)
		return error_set(err,
			"diff: %s has more different async stacks than can be looked through: name"
			" what it is to be compared with",
			view->sessions[0]->path);
	node = nearest(forest, base.node);
	if (!node)
		return error_set(err,
			"diff: nothing in %s is on the way to what was asked for: name what it is"
			" to be compared with",
			view->sessions[1]->path);
	match->other = point_of(forest, node, forest_node(forest, node)->sides[1]->first_id);
	match->kind = MATCH_NEAREST;
	return 0;
}

/* By the async stack of a resource or run, gathered from both recordings. */
static int match_stack(struct match *match, struct diff_view *view, struct error *err)
{
	struct point *base = &match->base;
	int64_t run_id = base->kind == POINT_RUN ? base->id : UNKNOWN;
	struct forest forest;
	int result;

	if (base->kind == POINT_CRASH || base->kind == POINT_LOG) {
		if (run_of(view->sessions[0]->recording, base, &run_id, err) < 0)
			return -1;
		if (run_id == UNKNOWN)
			return error_set(err,
				"diff: it is not known in which run that was: name what it is to be"
				" compared with");
	}
	forest_init(&forest);
	result = match_in(
		match, &forest, view, base->kind == POINT_ASYNC ? base->id : UNKNOWN, run_id, err);
	forest_deinit(&forest);
	if (!result && base->kind == POINT_LOG && match->kind != MATCH_NEAREST)
		result = match_line(match, view, run_id, err);
	return result;
}

int match_point(
	struct match *ret, struct diff_view *view, const struct point *base, struct error *err)
{
	struct reader *other = view->sessions[1]->recording;

	*ret = (struct match){.base = *base, .kind = MATCH_KIND};
	if (point_resolve(view->sessions[0]->recording, &ret->base, err))
		return -1;
	switch (ret->base.kind) {
	case POINT_CRASH:
		ret->other = (struct point){POINT_CRASH, UNKNOWN};
		if (!point_resolve(other, &ret->other, NULL))
			return 0;
		return match_stack(ret, view, err);
	case POINT_THREAD:
	case POINT_PROCESS:
		ret->other = ret->base;
		return 0;
	default:
		return match_stack(ret, view, err);
	}
}
