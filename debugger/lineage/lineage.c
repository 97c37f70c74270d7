/*
 * The async stack: see lineage.h. Promises an end on any recording, however damaged: link edges
 * lead to smaller run IDs or are refused, other edges are watched for circles, and all are counted.
 * What is unknown ends the stack in words; a wrong parent is worse than none.
 */
#include "debugger/lineage/lineage.h"

#include "debugger/lineage/lineage_begin.h"
#include "debugger/lineage/lineage_context.h"
#include "debugger/lineage/lineage_edge.h"
#include "debugger/lineage/lineage_wait.h"
#include "debugger/text/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Edges and causes, so that an answer comes at once, when nothing else was asked for … */
#define LOOKED_UP_MAX 10000
/* … and when all were, or a number of segments. */
#define FULL_MAX 2000000

/* The frames of what went before must not lead on in a circle. */
static int check_order(struct walk *walk, const struct segment *segment)
{
	char from[64], to[64];
	int64_t target = segment->in.run.run_id;

	if (target == UNKNOWN)
		return 1;
	if (target == walk->remembered ||
		(segment->edge == EDGE_LINK && target >= segment->of_run_id))
		return walk_end(walk, LINEAGE_DAMAGED,
			"%s is said to come of %s, which is not before it: the recording is "
			"damaged",
			walk_run_words(segment->of_run_id, from, sizeof from),
			walk_run_words(target, to, sizeof to));
	if (walk->steps == walk->remember_at) {
		walk->remembered = target;
		walk->remember_at *= 2;
	}
	return 1;
}

/* Have as many segments and edges been taken as were asked for? */
static bool is_enough(const struct walk *walk)
{
	const struct lineage_options *options = walk->options;
	bool at_once = !options->full && options->depth == UNKNOWN;

	return walk->looked_up >= (at_once ? LOOKED_UP_MAX : FULL_MAX) ||
	       (options->depth != UNKNOWN && (int64_t)walk->folding.count > options->depth + 1);
}

/* One segment more. Returns 0 when that is one too many. */
static int take(struct walk *walk, const struct segment *segment, struct error *err)
{
	struct strbuf words = {0};
	char run[64];

	if (folding_push(&walk->folding, segment))
		return error_set(err, "out of memory");
	walk->steps++;
	walk->looked_up += 1 + segment->has_firing;
	if (walk->lineage->hops < INT64_MAX)
		walk->lineage->hops++;
	if (!is_enough(walk))
		return 1;
	quantity_add_count(&words,
		walk->options->depth == UNKNOWN ? walk->lineage->hops : walk->options->depth);
	walk_end(walk, LINEAGE_DEPTH, "stopped after %s segments: go on with 'acausal trace %s'",
		strbuf_string(&words),
		segment->of_run_id == UNKNOWN
			? "--depth N"
			: walk_run_words(segment->of_run_id, run, sizeof run));
	strbuf_deinit(&words);
	return 0;
}

/*
 * At a run with a fold row: after its segments are taken once, the rest of the streak is jumped.
 * Between two runs that have one there is none to be looked for.
 */
static int look_for_fold(struct walk *walk, struct error *err)
{
	struct fold_row *fold = &walk->fold;
	int64_t run_id = walk->current.run.run_id;

	if (walk->fold_left || walk->options->full || walk->options->by != EDGE_LINK ||
		run_id == UNKNOWN)
		return 0;
	if (run_id > walk->fold_from || run_id < fold->run_id) {
		if (lookup_fold_before(walk->recording, run_id, fold, err) < 0)
			return -1;
		walk->fold_from = run_id;
	}
	if (fold->run_id == run_id && fold->period >= 1 && fold->period <= FOLDING_PERIOD &&
		fold->times > 2 && fold->to_run_id != UNKNOWN && fold->to_run_id < run_id)
		walk->fold_left = fold->period;
	return 0;
}

/* Jumps when the segments of the fold row have been taken. */
static int use_fold(struct walk *walk, struct error *err)
{
	const struct fold_row *fold = &walk->fold;
	int64_t *hops = &walk->lineage->hops, jumped;
	int taken;

	if (!walk->fold_left || --walk->fold_left)
		return 0;
	if (walk->current.run.run_id <= fold->to_run_id)
		return 0;
	taken = folding_jump(&walk->folding, fold->period, fold->times - 1);
	if (taken != 1)
		return taken ? error_set(err, "out of memory") : 0;
	if (__builtin_mul_overflow(fold->period, fold->times - 1, &jumped) ||
		__builtin_add_overflow(*hops, jumped, hops))
		*hops = INT64_MAX;
	return execution_load(walk->recording, walk->cache, fold->to_run_id,
		       walk->current.run.thread_id, &walk->current, err) < 0
		       ? -1
		       : 0;
}

static int walk_runs(struct walk *walk, struct error *err)
{
	struct segment segment;
	int found;

	for (;;) {
		if (look_for_fold(walk, err))
			return -1;
		found = walk_edge(walk, &walk->current, &segment, err);
		if (found == 1)
			found = check_order(walk, &segment);
		if (found == 1)
			found = take(walk, &segment, err);
		if (found != 1)
			return found;
		walk->current = segment.in;
		walk->stood_ns = segment.ns;
		if (segment.in.run.run_id == UNKNOWN)
			return walk_end(walk, LINEAGE_UNKNOWN_LINK,
				"in which run this was done was not seen");
		if (use_fold(walk, err))
			return -1;
	}
}

/* By trigger: from a resource to the one in whose execution it was made. */
static int walk_triggers(struct walk *walk, int64_t async_id, struct error *err)
{
	struct resource_row resource;
	struct segment segment;
	int found = 1;

	while (found == 1) {
		if (async_id == UNKNOWN)
			return walk_end(walk, LINEAGE_OUTSIDE, "not inside any recorded run");
		found = lookup_resource(walk->recording, async_id, &resource, err);
		if (found < 0)
			return -1;
		if ((found && resource.type.class && !strcmp(resource.type.class, "root")) ||
			id_number(async_id) == 1)
			found = walk_start(
				walk, &walk->current, &resource, EDGE_TRIGGER, &segment, err);
		else
			found = walk_creation(
				walk, &walk->current, async_id, EDGE_TRIGGER, &segment, err);
		if (found != 1)
			return found;
		segment.of_run_id = segment.wait_ns = UNKNOWN;
		if (async_id == walk->remembered)
			return walk_end(walk, LINEAGE_DAMAGED,
				"the triggers go round in a circle: the recording is damaged");
		if (walk->steps == walk->remember_at) {
			walk->remembered = async_id;
			walk->remember_at *= 2;
		}
		found = take(walk, &segment, err);
		walk->current = segment.in;
		async_id = resource.trigger_id;
	}
	return found;
}

static int walk_all(struct walk *walk, struct error *err)
{
	struct segment here;
	int64_t next;
	int result;

	if (walk_begin(walk, &here, &next, err))
		return -1;
	if (folding_push(&walk->folding, &here))
		return error_set(err, "out of memory");
	walk->current = here.in;
	walk->stood_ns = here.ns;
	if (walk->options->by == EDGE_TRIGGER)
		result = walk_triggers(walk, next, err);
	else
		result = walk_runs(walk, err);
	if (folding_finish(&walk->folding) && result >= 0)
		result = error_set(err, "out of memory");
	return result < 0 ? -1 : 0;
}

int lineage_init(struct lineage *lineage, struct reader *recording, struct frames_cache *cache,
	const struct point *point, const struct lineage_options *options, struct error *err)
{
	struct walk walk = {.lineage = lineage,
		.recording = recording,
		.cache = cache,
		.options = options,
		.folding = {.off = options->full},
		.remembered = UNKNOWN,
		.remember_at = 1,
		.fold = {.run_id = UNKNOWN},
		.fold_from = UNKNOWN};
	size_t i;

	*lineage = (struct lineage){.point = *point};
	if (point_resolve(recording, &lineage->point, err))
		return -1;
	if (walk_all(&walk, err)) {
		free(walk.folding.segments);
		return -1;
	}
	lineage->segments = walk.folding.segments;
	lineage->count = walk.folding.count;
	if (options->depth != UNKNOWN && (int64_t)lineage->count > options->depth + 1)
		lineage->count = (size_t)options->depth + 1;
	for (i = 0; i < lineage->count; i++)
		lineage->firings +=
			lineage->segments[i].has_firing && !lineage->segments[i].firing.is_work;
	if (lineage_add_waits(lineage, recording, cache, err) ||
		lineage_add_contexts(lineage, recording, err)) {
		lineage_deinit(lineage);
		return -1;
	}
	return 0;
}

void lineage_deinit(struct lineage *lineage)
{
	free(lineage->segments);
	free(lineage->waits);
	lineage_free_contexts(lineage);
	lineage->waits = NULL;
	lineage->segments = NULL;
	lineage->count = 0;
}
