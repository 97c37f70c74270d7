/*
 * One edge back: see lineage_edge.h. Says why when there is none: what is unknown ends the stack in
 * words; a wrong parent is worse than none. Must not fold or count.
 */
#include "debugger/lineage/lineage_edge.h"

#include "debugger/core/core_view.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <string.h>

/*
 * Events that a process lost before `ns` may have held what is looked for. 1: they are the end.
 */
static int end_with_gap(struct walk *walk, int64_t process_id, int64_t ns, struct error *err)
{
	struct strbuf lost = {0}, moment = {0};
	struct gap_row gap;
	int found = lookup_gap_before(walk->recording, process_id, ns, &gap, err);

	if (found != 1)
		return found;
	quantity_add_count(&lost, gap.lost == UNKNOWN ? 0 : gap.lost);
	quantity_add_moment(&moment, gap.from_ns == UNKNOWN ? 0 : gap.from_ns);
	if (gap.was_paused)
		walk_end(walk, LINEAGE_PAUSED,
			"recording was paused at %s, and this run was probably armed meanwhile",
			strbuf_string(&moment));
	else
		walk_end(walk, LINEAGE_GAP,
			"%s events were lost at %s, this run's arming probably among them",
			strbuf_string(&lost), strbuf_string(&moment));
	strbuf_deinit(&lost);
	strbuf_deinit(&moment);
	return 1;
}

/* A recorder had taken of the history that a core or an image carries: it has the rest. */
static int end_with_drained(struct walk *walk, const char *what)
{
	if (core_view_was_drained(walk->recording))
		return walk_end(walk, LINEAGE_NOT_IN_CORE,
			"%s is not in the core, because the recorder had taken it:"
			" 'acausal core -r RECORDING CORE' joins the two",
			what);
	return walk_end(walk, LINEAGE_BEFORE_RECORDING,
		"%s is not in here, because a recorder had taken it: it is in that one's"
		" recording, which was cut short",
		what);
}

static bool was_drained(struct reader *recording)
{
	return core_view_was_drained(recording) || reader_was_drained(recording);
}

/* Something older than what flight mode has kept of a process. */
static int end_with_overwritten(struct walk *walk, int64_t history_from_ns, const char *what)
{
	struct strbuf moment = {0};

	quantity_add_moment(&moment, history_from_ns);
	walk_end(walk, LINEAGE_OVERWRITTEN,
		"%s is older than the history that was kept, which begins at %s", what,
		strbuf_string(&moment));
	strbuf_deinit(&moment);
	return 0;
}

/*
 * Something of a process that must be there is not. `ns` is a moment at which it was still to be
 * told of, UNKNOWN when there is none.
 */
static int end_with_missing(struct walk *walk, const struct execution *from, int64_t process_id,
	int64_t ns, const char *what, struct error *err)
{
	struct process_row process;
	int found = lookup_process(walk->recording, process_id, &process, err);
	int64_t begins_ns = process.history_from_ns;
	bool drained = was_drained(walk->recording);

	if (found < 0)
		return -1;
	if (!drained && begins_ns != UNKNOWN && ns != UNKNOWN && ns <= begins_ns)
		return end_with_overwritten(walk, begins_ns, what);
	found = end_with_gap(
		walk, process_id, from->run.began_ns == UNKNOWN ? ns : from->run.began_ns, err);
	if (found)
		return found < 0 ? -1 : 0;
	if (drained)
		return end_with_drained(walk, what);
	if (begins_ns != UNKNOWN)
		return end_with_overwritten(walk, begins_ns, what);
	if (core_view_is_own(walk->recording))
		return walk_end(walk, LINEAGE_NOT_IN_CORE, "%s is not in the core", what);
	switch (reader_state(walk->recording)) {
	case RECORDING_CUT:
		return walk_end(walk, LINEAGE_CUT_SHORT,
			"the recording was cut short before %s was written", what);
	case RECORDING_GROWING:
		return walk_end(walk, LINEAGE_NOT_WRITTEN_YET,
			"%s is not written yet: the recording is still growing", what);
	default:
		return walk_end(walk, LINEAGE_DAMAGED, "%s is missing in the recording", what);
	}
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
	execution_forget(&segment->in);
}

int walk_creation(struct walk *walk, const struct execution *from, int64_t async_id,
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
		found = end_with_missing(
			walk, from, id_process(async_id), UNKNOWN, strbuf_string(&what), err);
		strbuf_deinit(&what);
		return found;
	}
	segment_begin(ret, edge, from, resource.api, resource.created_ns);
	ret->armed.async_id = async_id;
	ret->armed.type = resource.type.name;
	ret->armed.class = resource.type.class;
	ret->armed.detail = resource.detail;
	return walk_stand(walk, ret, resource.run_id, resource.thread_id, resource.stack_id, err)
		       ? -1
		       : 1;
}

static int arming_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	struct strbuf what = {0};
	struct arming_row arming;
	int found = lookup_arming_of(walk->recording, &from->run, &arming, err);

	if (found < 0)
		return -1;
	if (!found) {
		strbuf_add_string(&what, "arming ");
		point_add_async(&what, from->run.arming_id); /* IDs are all shown alike */
		found = end_with_missing(walk, from, id_process(from->run.run_id), UNKNOWN,
			strbuf_string(&what), err);
		strbuf_deinit(&what);
		return found;
	}
	segment_begin(ret, EDGE_LINK, from, arming.api, arming.armed_ns);
	ret->armed.timeout_ms = arming.timeout_ms;
	ret->armed.repeat_ms = arming.repeat_ms;
	ret->armed.times = arming.times;
	return walk_stand(walk, ret, arming.run_id, arming.thread_id, arming.stack_id, err) ? -1
											    : 1;
}

#define COMMAND_BYTES 60 /* of a command line, in a sentence */

/* Nobody is known to have started the process. A known call stands in its main thread's row. */
static int end_at_start(struct walk *walk, const struct execution *from,
	const struct resource_row *main, const struct process_row *process, struct error *err)
{
	struct process_row parent;

	if (process->parent_process_id != UNKNOWN && !process->is_foreign &&
		main->created_ns == UNKNOWN)
		return end_with_missing(
			walk, from, process->process_id, UNKNOWN, "this process's start", err);
	if (lookup_process(walk->recording, process->parent_process_id, &parent, err) < 0)
		return -1;
	if (process->parent_process_id != UNKNOWN && !process->is_foreign &&
		parent.process_id == process->parent_process_id)
		return end_with_missing(walk, from, process->parent_process_id, process->started_ns,
			"the call that started this process", err);
	if (parent.history_from_ns != UNKNOWN && process->started_ns <= parent.history_from_ns)
		return end_with_overwritten(
			walk, parent.history_from_ns, "how its parent started this process");
	if (process->parent_process_id != UNKNOWN)
		return walk_end(walk, LINEAGE_UNKNOWN_LINK,
			"process %" PRId64 " was started by process %" PRId64
			", by a call that was not seen",
			process->process_id, process->parent_process_id);
	if (process->is_foreign)
		return walk_end(walk, LINEAGE_UNKNOWN_LINK,
			"process %" PRId64 " was started by one that is not in the recording",
			process->process_id);
	walk->lineage->complete = true;
	return 0;
}

int walk_start(struct walk *walk, const struct execution *from, const struct resource_row *main,
	enum lineage_edge edge, struct segment *ret, struct error *err)
{
	struct strbuf words = {0};
	struct process_row process;
	int found;

	if (lookup_process(walk->recording, id_process(main->async_id), &process, err) < 0)
		return -1;
	if (main->run_id == UNKNOWN && process.spawned_by_async_id == UNKNOWN)
		return end_at_start(walk, from, main, &process, err);
	found = walk_creation(walk, from,
		main->run_id == UNKNOWN ? process.spawned_by_async_id : main->async_id, edge, ret,
		err);
	if (found != 1 || main->run_id == UNKNOWN)
		return found;
	describe_process(&words, walk->recording, &process, COMMAND_BYTES);
	ret->armed.detail = reader_intern(walk->recording, strbuf_string(&words));
	strbuf_deinit(&words);
	return 1;
}

/* A thread's root run: who made the thread, or the process. */
static int root_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	struct resource_row main;
	struct thread_row thread;

	if (lookup_thread(walk->recording, from->run.thread_id, &thread, err) < 0)
		return -1;
	if (thread.is_foreign && core_view_was_drained(walk->recording))
		return end_with_drained(walk, "how this thread was made");
	if (thread.is_foreign)
		return walk_end(walk, LINEAGE_FOREIGN_THREAD,
			"thread %" PRId64 " was made by a call that is not recorded",
			thread.thread_id);
	if (!thread.role || strcmp(thread.role, "main")) {
		if (from->run.async_id == UNKNOWN)
			return end_with_missing(walk, from, id_process(from->run.run_id), UNKNOWN,
				"this thread's start", err);
		return walk_creation(walk, from, from->run.async_id, EDGE_LINK, ret, err);
	}
	/* While it is not written, its ID is known all the same. */
	if (lookup_resource(walk->recording, from->run.run_id - id_number(from->run.run_id) + 1,
		    &main, err) < 0)
		return -1;
	return walk_start(walk, from, &main, EDGE_LINK, ret, err);
}

/* Since when all of a run's process is there; UNKNOWN: since it began. */
static int64_t history_from(const struct walk *walk, int64_t run_id)
{
	struct process_row process;

	return lookup_process(walk->recording, id_process(run_id), &process, NULL) == 1
		       ? process.history_from_ns
		       : UNKNOWN;
}

static int unknown_edge(struct walk *walk, const struct execution *from, struct error *err)
{
	struct resource_row resource;
	int found = end_with_gap(walk, id_process(from->run.run_id), from->run.began_ns, err);

	if (found)
		return found < 0 ? -1 : 0;
	found = lookup_resource(walk->recording, from->run.async_id, &resource, err);
	if (found < 0)
		return -1;
	if (!found && reader_state(walk->recording) == RECORDING_COMPLETE &&
		!core_view_is_own(walk->recording) && !was_drained(walk->recording) &&
		history_from(walk, from->run.run_id) == UNKNOWN)
		return walk_end(walk, LINEAGE_BEFORE_RECORDING, "armed before recording began");
	if (!found)
		return end_with_missing(
			walk, from, id_process(from->run.run_id), UNKNOWN, "the resource", err);
	return walk_end(walk, LINEAGE_UNKNOWN_LINK, "who armed this run was not seen");
}

/* What armed `from`: 1 and the segment, 0 when the stack ends here, -1 an error. */
static int link_edge(
	struct walk *walk, const struct execution *from, struct segment *ret, struct error *err)
{
	char what[64];

	if (from->run.run_id == UNKNOWN)
		return walk_end(walk, LINEAGE_OUTSIDE, "not inside any recorded run");
	if (from->is_root)
		return root_edge(walk, from, ret, err);
	if (!from->is_written)
		return end_with_missing(walk, from, id_process(from->run.run_id), walk->stood_ns,
			walk_run_words(from->run.run_id, what, sizeof what), err);
	if (from->run.arming_id != UNKNOWN)
		return arming_edge(walk, from, ret, err);
	if (from->armed_by_creation)
		return walk_creation(walk, from, from->run.async_id, EDGE_LINK, ret, err);
	return unknown_edge(walk, from, err);
}

static int load_firing(
	struct walk *walk, const struct execution *from, struct firing *ret, struct error *err)
{
	int found = lookup_cause(walk->recording, from->run.cause_id, &ret->row, err);

	ret->count = ret->row.times;
	ret->context = NULL;
	if (found != 1)
		return found;
	if (execution_load(walk->recording, walk->cache, ret->row.run_id, ret->row.thread_id,
		    &ret->in, err) < 0)
		return -1;
	ret->is_work = ret->row.kind && !strcmp(ret->row.kind, "work") &&
		       ret->in.run.async_id == from->run.async_id;
	if (ret->row.stack_id == UNKNOWN)
		found = frames_of_place(walk->cache, walk->recording, ret->in.run.callback_frame_id,
			&ret->frames, err);
	else
		found = execution_stack(walk->recording, walk->cache, &ret->in, ret->row.stack_id,
			&ret->frames, err);
	return found ? -1 : 1;
}

int walk_edge(
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
