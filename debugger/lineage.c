/*
 * The async stack: see lineage.h. Promises an end on any recording, however damaged: link edges
 * lead to smaller run IDs or are refused, other edges are watched for circles, and all are counted.
 * What is unknown ends the stack in words; a wrong parent is worse than none.
 */
#include "debugger/lineage.h"

#include "debugger/folding.h"
#include "debugger/printable.h"
#include "debugger/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 10000	  /* segments, when no depth was asked for */
#define FULL_MAX  1000000 /* … and nothing is folded */
#define STEPS_MAX 2000000 /* edges taken one by one */

struct walk {
	struct lineage *lineage;
	struct reader *recording;
	struct frames_cache *cache;
	const struct lineage_options *options;
	struct folding folding;
	struct execution current; /* the run whose origin is looked for next */
	int64_t steps;
	int64_t remembered, remember_at; /* Brent's: an ID met before, and when to take the next */
	int64_t fold_left;		 /* segments until the fold row below is used; 0: none */
	struct fold_row fold;
};

const char *lineage_end_code(enum lineage_end end)
{
	static const char *const codes[] = {
#define X(tag, code) [LINEAGE_##tag] = code,
		LINEAGE_ENDS(X)
#undef X
	};

	return codes[end];
}

/* Sets why it ends. Returns 0: there is no further edge. */
static int __attribute__((format(printf, 3, 4)))
end_with(struct walk *walk, enum lineage_end end, const char *format, ...)
{
	va_list arguments;

	walk->lineage->end = end;
	va_start(arguments, format);
	vsnprintf(walk->lineage->ended, sizeof walk->lineage->ended, format, arguments);
	va_end(arguments);
	return 0;
}

static const char *run_words(int64_t run_id, char *room, size_t size)
{
	struct strbuf buffer = {0};

	point_add_run(&buffer, run_id);
	snprintf(room, size, "%s", strbuf_string(&buffer));
	strbuf_deinit(&buffer);
	return room;
}

/* Events that were lost before `ns` may have held what is looked for. 1: they are the end. */
static int end_with_gap(struct walk *walk, int64_t thread_id, int64_t ns, struct error *err)
{
	struct strbuf lost = {0}, moment = {0};
	struct gap_row gap;
	int found = lookup_gap_before(walk->recording, thread_id, ns, &gap, err);

	if (found != 1)
		return found;
	quantity_add_count(&lost, gap.lost == UNKNOWN ? 0 : gap.lost);
	quantity_add_moment(&moment, gap.from_ns == UNKNOWN ? 0 : gap.from_ns);
	end_with(walk, LINEAGE_GAP,
		"%s events were lost at %s, this run's arming probably among them",
		strbuf_string(&lost), strbuf_string(&moment));
	strbuf_deinit(&lost);
	strbuf_deinit(&moment);
	return 1;
}

/* Something that must be there is not. */
static int end_with_missing(
	struct walk *walk, const struct execution *from, const char *what, struct error *err)
{
	int found = end_with_gap(walk, UNKNOWN, from->run.began_ns, err);

	if (found)
		return found < 0 ? -1 : 0;
	switch (reader_state(walk->recording)) {
	case RECORDING_CUT:
		return end_with(walk, LINEAGE_CUT_SHORT,
			"the recording was cut short before %s was written", what);
	case RECORDING_GROWING:
		return end_with(walk, LINEAGE_NOT_WRITTEN_YET,
			"%s is not written yet: the recording is still growing", what);
	default:
		return end_with(walk, LINEAGE_DAMAGED, "%s is missing in the recording", what);
	}
}

static void forget(struct execution *execution)
{
	*execution = (struct execution){.callback_line = UNKNOWN};
	execution->run = (struct run_row){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NULL, false};
}

static int load_resource(struct reader *recording, struct execution *ret, struct error *err)
{
	struct resource_row resource;
	int found = lookup_resource(recording, ret->run.async_id, &resource, err);

	if (found != 1)
		return found;
	ret->type = resource.type.name;
	ret->class = resource.type.class;
	ret->detail = resource.detail;
	ret->armed_by_creation = resource.type.armed_by_creation;
	return 1;
}

int lineage_execution(struct reader *recording, struct frames_cache *cache, int64_t run_id,
	int64_t thread_id, struct execution *ret, struct error *err)
{
	const struct frames *place;
	struct thread_row thread;
	int found;

	forget(ret);
	if (run_id == UNKNOWN)
		return 0;
	if (lookup_thread(recording, thread_id, &thread, err) < 0)
		return -1;
	if (thread.root_run_id == run_id)
		found = lookup_handle_run(recording, run_id, &ret->run, err);
	else
		found = lookup_run(recording, run_id, &ret->run, err);
	if (found < 0)
		return -1;
	ret->is_written = found;
	if (!found || ret->run.thread_id == UNKNOWN)
		ret->run.thread_id = thread_id;
	if (ret->run.root_run_id == UNKNOWN)
		ret->run.root_run_id = thread.root_run_id;
	ret->is_root = ret->run.root_run_id == run_id;
	if (!found && ret->is_root && thread.role && !strcmp(thread.role, "main")) {
		ret->run.async_id = run_id - id_number(run_id) + 1;
		ret->run.began_ns = thread.started_ns;
	}
	if (load_resource(recording, ret, err) < 0 ||
		frames_of_place(cache, recording, ret->run.callback_frame_id, &place, err))
		return -1;
	if (place->count) {
		ret->callback = place->rows[0].function;
		ret->callback_file = place->rows[0].file;
		ret->callback_line = place->rows[0].line;
	}
	return found || ret->is_root;
}

static int64_t difference(int64_t later, int64_t earlier)
{
	return later == UNKNOWN || earlier == UNKNOWN
		       ? UNKNOWN
		       : (int64_t)((uint64_t)later - (uint64_t)earlier);
}

/* Begins a segment: how `from` came of something that was done at `ns`. */
static void segment_begin(struct segment *segment, enum lineage_edge edge,
	const struct execution *from, const char *api, int64_t ns)
{
	*segment = (struct segment){.edge = edge, .api = api, .ns = ns};
	segment->wait_ns = difference(from->run.began_ns, ns);
	segment->of_run_id = from->run.run_id;
	segment->armed.async_id = from->run.async_id;
	segment->armed.type = from->type;
	segment->armed.class = from->class;
	segment->armed.detail = from->detail;
	segment->armed.timeout_ms = segment->armed.repeat_ms = UNKNOWN;
	segment->armed.times = 1;
	forget(&segment->in);
}

/* Where it was done: run, thread and stack. */
static int segment_stand(struct walk *walk, struct segment *segment, int64_t run_id,
	int64_t thread_id, int64_t stack_id, struct error *err)
{
	if (lineage_execution(walk->recording, walk->cache, run_id, thread_id, &segment->in, err) <
			0 ||
		frames_of_stack(walk->cache, walk->recording, stack_id, segment->in.is_root,
			&segment->frames, err))
		return -1;
	return 0;
}

/* The edge to the creation of a resource that `from` is a run of (or that a process came of). */
static int creation_edge(struct walk *walk, const struct execution *from, int64_t async_id,
	enum lineage_edge edge, struct segment *ret, struct error *err)
{
	struct resource_row resource;
	struct strbuf what = {0};
	int found = lookup_resource(walk->recording, async_id, &resource, err);

	if (found < 0)
		return -1;
	if (!found) {
		strbuf_add_string(&what, "resource ");
		point_add_async(&what, async_id);
		found = end_with_missing(walk, from, strbuf_string(&what), err);
		strbuf_deinit(&what);
		return found;
	}
	segment_begin(ret, edge, from, resource.api, resource.created_ns);
	ret->armed.async_id = async_id;
	ret->armed.type = resource.type.name;
	ret->armed.class = resource.type.class;
	ret->armed.detail = resource.detail;
	return segment_stand(walk, ret, resource.run_id, resource.thread_id, resource.stack_id, err)
		       ? -1
		       : 1;
}

static int arming_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	struct arming_row arming;
	char what[64];
	int found = lookup_arming_of(walk->recording, &from->run, &arming, err);

	if (found < 0)
		return -1;
	if (!found) {
		snprintf(what, sizeof what, "arming %" PRId64, from->run.arming_id);
		return end_with_missing(walk, from, what, err);
	}
	segment_begin(ret, EDGE_LINK, from, arming.api, arming.armed_ns);
	ret->armed.timeout_ms = arming.timeout_ms;
	ret->armed.repeat_ms = arming.repeat_ms;
	ret->armed.times = arming.times;
	return segment_stand(walk, ret, arming.run_id, arming.thread_id, arming.stack_id, err) ? -1
											       : 1;
}

/* A thread's root run: who made the thread, or the process. */
static int root_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	struct thread_row thread;
	struct process_row process;

	if (lookup_thread(walk->recording, from->run.thread_id, &thread, err) < 0)
		return -1;
	if (thread.is_foreign)
		return end_with(walk, LINEAGE_FOREIGN_THREAD,
			"thread %" PRId64 " was made by a call that is not recorded",
			thread.thread_id);
	if (!thread.role || strcmp(thread.role, "main")) {
		if (from->run.async_id == UNKNOWN)
			return end_with_missing(walk, from, "this thread's start", err);
		return creation_edge(walk, from, from->run.async_id, EDGE_LINK, ret, err);
	}
	if (lookup_process(walk->recording, thread.process_id, &process, err) < 0)
		return -1;
	if (process.spawned_by_async_id == UNKNOWN) {
		walk->lineage->complete = true;
		return 0;
	}
	return creation_edge(walk, from, process.spawned_by_async_id, EDGE_LINK, ret, err);
}

static int unknown_edge(struct walk *walk, const struct execution *from, struct error *err)
{
	struct resource_row resource;
	int found = end_with_gap(walk, UNKNOWN, from->run.began_ns, err);

	if (found)
		return found < 0 ? -1 : 0;
	found = lookup_resource(walk->recording, from->run.async_id, &resource, err);
	if (found < 0)
		return -1;
	if (!found && reader_state(walk->recording) == RECORDING_COMPLETE)
		return end_with(walk, LINEAGE_BEFORE_RECORDING, "armed before recording began");
	if (!found)
		return end_with_missing(walk, from, "the resource", err);
	return end_with(walk, LINEAGE_UNKNOWN_LINK, "who armed this run was not seen");
}

/* What armed `from`: 1 and the segment, 0 when the stack ends here, -1 an error. */
static int link_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	char what[64];

	if (from->run.run_id == UNKNOWN)
		return end_with(walk, LINEAGE_OUTSIDE, "not inside any recorded run");
	if (from->is_root)
		return root_edge(walk, from, ret, err);
	if (!from->is_written)
		return end_with_missing(
			walk, from, run_words(from->run.run_id, what, sizeof what), err);
	if (from->run.arming_id != UNKNOWN)
		return arming_edge(walk, from, ret, err);
	if (from->armed_by_creation)
		return creation_edge(walk, from, from->run.async_id, EDGE_LINK, ret, err);
	return unknown_edge(walk, from, err);
}

static int load_firing(
	struct walk *walk, const struct execution *from, struct firing *ret, struct error *err)
{
	int found = lookup_cause(walk->recording, from->run.cause_id, &ret->row, err);

	if (found != 1)
		return found;
	if (lineage_execution(walk->recording, walk->cache, ret->row.run_id, ret->row.thread_id,
		    &ret->in, err) < 0)
		return -1;
	ret->is_work = ret->row.kind && !strcmp(ret->row.kind, "work") &&
		       ret->in.run.async_id == from->run.async_id;
	if (ret->row.stack_id == UNKNOWN)
		return frames_of_place(walk->cache, walk->recording, ret->in.run.callback_frame_id,
			       &ret->frames, err)
			       ? -1
			       : 1;
	return frames_of_stack(walk->cache, walk->recording, ret->row.stack_id, ret->in.is_root,
		       &ret->frames, err)
		       ? -1
		       : 1;
}

/* The edge of `from` by the rule that was asked for, with a differing cause beside a link. */
static int next_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	struct firing firing;
	int found, caused = load_firing(walk, from, &firing, err);

	if (caused < 0)
		return -1;
	if (caused && walk->options->by == EDGE_CAUSE && firing.row.run_id != UNKNOWN) {
		segment_begin(ret, EDGE_CAUSE, from, firing.row.api, firing.row.caused_ns);
		ret->in = firing.in;
		ret->frames = firing.frames;
		return 1;
	}
	found = link_edge(walk, from, ret, err);
	if (found == 1 && caused && walk->options->by == EDGE_LINK &&
		(firing.row.run_id != ret->in.run.run_id || firing.frames != ret->frames)) {
		ret->has_firing = true;
		ret->firing = firing;
	}
	return found;
}

/* The frames of what went before must not lead on in a circle. */
static int check_order(struct walk *walk, const struct segment *segment)
{
	char from[64], to[64];
	int64_t target = segment->in.run.run_id;

	if (target == UNKNOWN)
		return 1;
	if (target == walk->remembered ||
		(segment->edge == EDGE_LINK && target >= segment->of_run_id &&
			id_process(target) == id_process(segment->of_run_id)))
		return end_with(walk, LINEAGE_DAMAGED,
			"%s is said to come of %s, which is not before it: the recording is "
			"damaged",
			run_words(segment->of_run_id, from, sizeof from),
			run_words(target, to, sizeof to));
	if (walk->steps == walk->remember_at) {
		walk->remembered = target;
		walk->remember_at *= 2;
	}
	return 1;
}

static int64_t segments_max(const struct walk *walk)
{
	if (walk->options->depth != UNKNOWN)
		return walk->options->depth;
	return walk->options->full ? FULL_MAX : SHOWN_MAX;
}

/* One segment more. Returns 0 when that is one too many. */
static int take(struct walk *walk, const struct segment *segment, struct error *err)
{
	struct strbuf words = {0};
	char run[64];

	if (folding_push(&walk->folding, segment))
		return error_set(err, "out of memory");
	walk->steps++;
	walk->lineage->hops++;
	if ((int64_t)walk->folding.count - 1 <= segments_max(walk) && walk->steps < STEPS_MAX)
		return 1;
	quantity_add_count(&words, walk->steps < STEPS_MAX ? segments_max(walk) : walk->steps);
	end_with(walk, LINEAGE_DEPTH, "stopped after %s segments: go on with 'acausal trace %s'",
		strbuf_string(&words),
		segment->of_run_id == UNKNOWN ? "--depth N"
					      : run_words(segment->of_run_id, run, sizeof run));
	strbuf_deinit(&words);
	return 0;
}

/* At a run with a fold row: after its segments are taken once, the rest of the streak is jumped. */
static int look_for_fold(struct walk *walk, struct error *err)
{
	struct fold_row *fold = &walk->fold;
	int64_t run_id = walk->current.run.run_id;
	int found;

	if (walk->fold_left || walk->options->full || walk->options->by != EDGE_LINK ||
		run_id == UNKNOWN)
		return 0;
	found = lookup_fold(walk->recording, run_id, fold, err);
	if (found < 0)
		return -1;
	if (found && fold->period >= 1 && fold->period <= FOLDING_PERIOD && fold->times > 2 &&
		fold->to_run_id != UNKNOWN && fold->to_run_id < run_id)
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
	return lineage_execution(walk->recording, walk->cache, fold->to_run_id,
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
		found = next_edge(walk, &walk->current, &segment, err);
		if (found == 1)
			found = check_order(walk, &segment);
		if (found == 1)
			found = take(walk, &segment, err);
		if (found != 1)
			return found;
		walk->current = segment.in;
		if (segment.in.run.run_id == UNKNOWN)
			return end_with(walk, LINEAGE_UNKNOWN_LINK,
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
			return end_with(walk, LINEAGE_OUTSIDE, "not inside any recorded run");
		found = lookup_resource(walk->recording, async_id, &resource, err);
		if (found < 0)
			return -1;
		if ((found && resource.type.class && !strcmp(resource.type.class, "root")) ||
			id_number(async_id) == 1) {
			walk->lineage->complete = true;
			return 0;
		}
		found = creation_edge(walk, &walk->current, async_id, EDGE_TRIGGER, &segment, err);
		if (found != 1)
			return found;
		segment.of_run_id = segment.wait_ns = UNKNOWN;
		if (async_id == walk->remembered)
			return end_with(walk, LINEAGE_DAMAGED,
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

static int not_there(struct walk *walk, struct error *err)
{
	struct strbuf words = {0};
	const char *why = "";

	point_add(&words, &walk->lineage->point);
	if (reader_state(walk->recording) == RECORDING_GROWING)
		why = " (yet: it is still growing)";
	else if (reader_state(walk->recording) == RECORDING_CUT)
		why = " (it was cut short)";
	error_set(
		err, "%s is not in %s%s", strbuf_string(&words), reader_path(walk->recording), why);
	strbuf_deinit(&words);
	return -1;
}

static int begin_at_run(struct walk *walk, struct segment *here, int64_t run_id, int64_t thread_id,
	struct error *err)
{
	int found =
		lineage_execution(walk->recording, walk->cache, run_id, thread_id, &here->in, err);

	if (found < 0)
		return -1;
	if (!found && walk->lineage->point.kind == POINT_RUN)
		return not_there(walk, err);
	here->ns = here->in.run.began_ns;
	return frames_of_place(
		walk->cache, walk->recording, here->in.run.callback_frame_id, &here->frames, err);
}

/* A main thread was not made by anything in its process: its root run is what there is. */
static int begin_at_main(struct walk *walk, struct segment *here, int64_t *next, struct error *err)
{
	static const char sql[] = "SELECT thread_id FROM main.thread WHERE process_id = ?1"
				  " AND role = 'main' ORDER BY thread_id LIMIT 1";
	struct thread_row thread;
	int64_t thread_id = UNKNOWN;

	*next = walk->lineage->point.id;
	if (reader_integer(walk->recording, STATEMENT_MAIN_THREAD, sql,
		    id_process(walk->lineage->point.id), UNKNOWN, &thread_id, err) < 0 ||
		lookup_thread(walk->recording, thread_id, &thread, err) < 0)
		return -1;
	return begin_at_run(walk, here, thread.root_run_id, thread_id, err);
}

/* The first segment of a resource: its creation. `next` is its trigger. */
static int begin_at_resource(
	struct walk *walk, struct segment *here, int64_t *next, struct error *err)
{
	struct lineage *lineage = walk->lineage;
	const struct resource_row *resource = &lineage->resource;
	int found = lookup_resource(walk->recording, lineage->point.id, &lineage->resource, err);

	if (found != 1)
		return found ? -1 : not_there(walk, err);
	if (resource->type.class && !strcmp(resource->type.class, "root"))
		return begin_at_main(walk, here, next, err);
	here->ns = resource->created_ns;
	here->api = resource->api;
	*next = resource->trigger_id;
	return segment_stand(
		walk, here, resource->run_id, resource->thread_id, resource->stack_id, err);
}

static int begin_at_crash(struct walk *walk, struct segment *here, struct error *err)
{
	struct crash_row *crash = &walk->lineage->crash;
	int found = lookup_crash(walk->recording, walk->lineage->point.id, crash, err);

	if (found != 1)
		return found ? -1 : not_there(walk, err);
	here->ns = crash->crashed_ns;
	return segment_stand(walk, here, crash->run_id, crash->thread_id, crash->stack_id, err);
}

static int begin_at_log(struct walk *walk, struct segment *here, struct error *err)
{
	struct log_row *log = &walk->lineage->log;
	int found = lookup_log(walk->recording, walk->lineage->point.id, log, err);

	if (found != 1)
		return found ? -1 : not_there(walk, err);
	here->ns = log->written_ns;
	return segment_stand(walk, here, log->run_id, log->thread_id, log->stack_id, err);
}

static int begin_at_thread(struct walk *walk, struct segment *here, struct error *err)
{
	struct thread_row *thread = &walk->lineage->thread;
	int found = lookup_thread(walk->recording, walk->lineage->point.id, thread, err);

	if (found != 1)
		return found ? -1 : not_there(walk, err);
	return begin_at_run(walk, here,
		thread->last_run_id == UNKNOWN ? thread->root_run_id : thread->last_run_id,
		thread->thread_id, err);
}

/* The segment "here". `next` is the resource to go on with by trigger. */
static int begin(struct walk *walk, struct segment *here, int64_t *next, struct error *err)
{
	struct lineage *lineage = walk->lineage;
	int result;

	*here = (struct segment){.edge = EDGE_HERE, .of_run_id = UNKNOWN, .wait_ns = UNKNOWN};
	here->ns = UNKNOWN;
	here->armed.async_id = here->armed.timeout_ms = here->armed.repeat_ms = UNKNOWN;
	forget(&here->in);
	*next = UNKNOWN;
	switch (lineage->point.kind) {
	case POINT_ASYNC:
		result = begin_at_resource(walk, here, next, err);
		break;
	case POINT_RUN:
		result = begin_at_run(walk, here, lineage->point.id, UNKNOWN, err);
		break;
	case POINT_CRASH:
		result = begin_at_crash(walk, here, err);
		break;
	case POINT_LOG:
		result = begin_at_log(walk, here, err);
		break;
	default:
		result = begin_at_thread(walk, here, err);
		break;
	}
	if (result)
		return -1;
	if (lineage->point.kind != POINT_ASYNC)
		*next = here->in.run.async_id;
	if (!here->frames &&
		frames_of_stack(walk->cache, walk->recording, UNKNOWN, false, &here->frames, err))
		return -1;
	if (lookup_thread(walk->recording, here->in.run.thread_id, &lineage->thread, err) < 0)
		return -1;
	lineage->process_id = lineage->thread.process_id;
	if (lineage->process_id == UNKNOWN && here->in.run.run_id != UNKNOWN)
		lineage->process_id = id_process(here->in.run.run_id);
	return lookup_process(walk->recording, lineage->process_id, &lineage->process, err) < 0 ? -1
												: 0;
}

static int walk_all(struct walk *walk, struct error *err)
{
	struct segment here;
	int64_t next;
	int result;

	if (begin(walk, &here, &next, err))
		return -1;
	if (folding_push(&walk->folding, &here))
		return error_set(err, "out of memory");
	walk->current = here.in;
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
		.remember_at = 1};
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
	if (lineage->end == LINEAGE_DEPTH && (int64_t)lineage->count - 1 > segments_max(&walk))
		lineage->count = (size_t)segments_max(&walk) + 1;
	for (i = 0; i < lineage->count; i++)
		lineage->firings +=
			lineage->segments[i].has_firing && !lineage->segments[i].firing.is_work;
	return 0;
}

void lineage_deinit(struct lineage *lineage)
{
	free(lineage->segments);
	lineage->segments = NULL;
	lineage->count = 0;
}
