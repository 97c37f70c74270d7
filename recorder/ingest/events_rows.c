/*
 * Events to rows: threads, resources, their runs, what armed and what caused those. Times and IDs
 * are the process's in the event and the recording's in the row.
 */
#include "recorder/ingest/events_internal.h"

#include <stdlib.h>
#include <string.h>

static void note_skew(struct ingest_process *process, struct skew **skew, uint64_t id, int64_t ns)
{
	if (ns == ROW_UNKNOWN)
		return;
	if (!*skew)
		*skew = calloc(1, sizeof **skew);
	if (*skew)
		skew_add(*skew, (int64_t)id, ns, &process->ingest->max_skew_ns);
}

/* `flags` are those of the event. */
static bool take_birth(struct ingest_process *process, const struct event_birth *birth,
	unsigned flags, uint32_t thread, struct row_resource *row)
{
	bool inherited = flags & EVENT_INHERITED;
	int64_t loop_id;

	if (!birth->async_id || !events_id(process, birth->async_id, &row->async_id) ||
		!kin_id(process, inherited, birth->trigger_id, &row->trigger_id) ||
		!kin_id(process, inherited, birth->run_id, &row->run_id) ||
		!events_id(process, birth->handle_id, &row->handle_id) ||
		!events_id(process, birth->loop_id, &loop_id))
		return false;
	events_birthplace(process, events_thread_id(process, thread), birth->type, birth->api,
		birth->stack, loop_id, birth->address, row);
	row->type_id = 0;
	row->created_ns = events_ns(process, birth->created);
	row->lifetime_ns = ROW_UNKNOWN;
	row->has_ref = ROW_UNKNOWN;
	if (!inherited)
		note_skew(process, &process->async_skew, birth->async_id, row->created_ns);
	return true;
}

static bool take_execution(struct ingest_process *process, const struct event_execution *execution,
	uint32_t number, struct row_run *row)
{
	const struct thread *thread = threads_find(process, number);

	if (!execution->run_id || !events_id(process, execution->run_id, &row->run_id) ||
		!events_id(process, execution->cause_id, &row->cause_id) ||
		!events_id(process, execution->outer_run_id, &row->outer_run_id) ||
		execution->part >= ACAUSAL_PART_COUNT)
		return false;
	if (thread && row->outer_run_id == thread->root_run_id)
		row->outer_run_id = 0;
	row->entry_id = events_entry(process, number, execution->part, execution->callback);
	row->outer_stack_id = places_stack(&process->places, execution->outer_stack);
	row->began_ns = events_ns(process, execution->began);
	row->duration_ns = events_span(row->began_ns, events_ns(process, execution->ended));
	row->status = execution->status;
	row->bytes = execution->bytes;
	events_lived(process, number, events_ns(process, execution->ended));
	note_skew(process, &process->run_skew, execution->run_id, row->began_ns);
	return true;
}

/* A run whose link is known: it may be one more repeat of a chain. */
static int note_hop(struct ingest_process *process, const struct row_run *run, int64_t link_run_id,
	uint32_t origin_id, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct fold_shortcut shortcut;
	struct fold_hop hop = {.run_id = run->run_id,
		.link_run_id = link_run_id,
		.origin_id = origin_id,
		.entry_id = run->entry_id,
		.has_cause = run->cause_id != 0};

	if (history_folds_behind(process, (uint64_t)(run->run_id - process->base)) ||
		!fold_add(ingest->fold, &hop, &shortcut))
		return 0;
	return recording_write_fold(ingest->recording, shortcut.run_id, shortcut.period,
		shortcut.times, shortcut.to_run_id, err);
}

int events_on_thread(struct ingest_process *process, const struct found *found, struct error *err)
{
	return events_announce_thread(process, &found->event->THREAD, found->thread, err);
}

int events_announce_thread(struct ingest_process *process, const struct event_thread *event,
	uint32_t number, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct thread *thread = threads_find(process, number);
	struct row_resource resource = {.lifetime_ns = ROW_UNKNOWN, .has_ref = ROW_UNKNOWN};
	struct row_run root = {
		.duration_ns = ROW_UNKNOWN, .status = ROW_UNKNOWN, .bytes = ROW_UNKNOWN};
	struct row_thread row = {.process_id = process->process_id};
	uint32_t type = events_type(process, event->type);
	uint32_t stack_id = places_stack(&process->places, event->stack);
	char name[sizeof event->name + 1];

	if (!thread || thread->is_announced || !event->async_id || !event->root_run_id ||
		!events_id(process, event->async_id, &resource.async_id) ||
		!events_id(process, event->root_run_id, &root.run_id) ||
		!events_id(process, event->trigger_id, &resource.trigger_id) ||
		!events_id(process, event->run_id, &resource.run_id))
		return OUTCOME_SENSELESS;
	thread->is_announced = true;
	thread->async_id = resource.async_id;
	thread->root_run_id = root.run_id;
	memcpy(name, thread->name[0] ? thread->name : event->name, sizeof event->name);
	name[sizeof event->name] = 0;
	row.thread_id = thread->thread_id;
	row.os_tid = event->os_tid;
	row.role = event->role < ACAUSAL_ROLE_COUNT ? (int)event->role : -1;
	row.name = name;
	row.root_run_id = root.run_id;
	row.started_ns = events_ns(process, event->started);
	row.is_foreign = event->foreign != 0;
	if (recording_write_thread(ingest->recording, &row, err))
		return -1;
	events_birthplace(process, events_thread_id(process, event->maker), event->type, event->api,
		event->stack, 0, event->address, &resource);
	resource.created_ns = events_ns(process, event->created ? event->created : event->started);
	if (type == ACAUSAL_TYPE_MAIN)
		events_take_spawn(process, &resource, &stack_id);
	root.async_id = resource.async_id;
	root.entry_id = events_entry(process, number, ACAUSAL_PART_CALLBACK, event->callback);
	root.began_ns = row.started_ns;
	note_skew(process, &process->async_skew, event->async_id, resource.created_ns);
	note_skew(process, &process->run_skew, event->root_run_id, root.began_ns);
	if (recording_add_run(ingest->recording, &root, err))
		return -1;
	return window_add_resource(ingest, &resource, type, stack_id, err);
}

int threads_end(struct ingest_process *process, uint32_t number, int64_t at_ns, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct thread *thread = threads_find(process, number);
	struct change change = {.kind = CHANGE_RUN_ENDED,
		.at_ns = at_ns,
		.since_ns = ingest->now_ns,
		.mark = ingest->mark};

	if (!thread || !thread->is_announced || thread->has_ended)
		return OUTCOME_SENSELESS;
	events_lived(process, number, change.at_ns);
	threads_ended(process, thread);
	change.id = thread->root_run_id;
	if (recording_add_change(ingest->recording, &change, err))
		return -1;
	change.kind = CHANGE_THREAD_ENDED;
	change.id = thread->thread_id;
	if (recording_add_change(ingest->recording, &change, err) ||
		lines_end_thread(&ingest->lines, process->process_id, number, err))
		return -1;
	return window_destroy(ingest, thread->async_id, change.at_ns, err);
}

int events_on_thread_end(
	struct ingest_process *process, const struct found *found, struct error *err)
{
	return threads_end(
		process, found->thread, events_ns(process, found->event->THREAD_END.ended), err);
}

int events_on_resource(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_resource *event = &found->event->RESOURCE;
	struct row_resource row;

	if (!take_birth(process, &event->birth, event->head.flags, event->thread, &row))
		return OUTCOME_SENSELESS;
	if (events_use_libuv(process, event->birth.type, err))
		return -1;
	row.has_ref = events_first_ref(event->birth.type);
	if (row.has_ref == 1 && event->head.flags & EVENT_UNREF)
		row.has_ref = 0;
	return window_add_resource(process->ingest, &row, events_type(process, event->birth.type),
		places_stack(&process->places, event->birth.stack), err);
}

int events_on_retype(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_retype *event = &found->event->RETYPE;
	uint32_t type = events_type(process, event->type);
	int64_t async_id, trigger_id, handle_id;

	if (!event->async_id || (event->type && !type) ||
		!events_id(process, event->async_id, &async_id) ||
		!events_id(process, event->trigger_id, &trigger_id) ||
		!events_id(process, event->handle_id, &handle_id))
		return OUTCOME_SENSELESS;
	return window_retype(process->ingest, async_id, type, trigger_id, handle_id, err);
}

int events_on_destroy(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_destroy *event = &found->event->DESTROY;
	int64_t async_id;

	if (!event->async_id || !events_id(process, event->async_id, &async_id))
		return OUTCOME_SENSELESS;
	return window_destroy(process->ingest, async_id, events_ns(process, event->destroyed), err);
}

int events_on_request(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_request *event = &found->event->REQUEST;
	struct ingest *ingest = process->ingest;
	struct row_request row = {0};
	uint32_t type = events_type(process, event->birth.type);
	uint32_t total;

	if (!take_birth(process, &event->birth, event->head.flags, event->thread, &row.resource))
		return OUTCOME_SENSELESS;
	if (event->execution.run_id &&
		!take_execution(process, &event->execution, found->thread, &row.run))
		return OUTCOME_SENSELESS;
	if (events_use_libuv(process, type, err))
		return -1;
	total = totals_number(
		&ingest->totals, type, places_stack(&process->places, event->birth.stack));
	totals_created(&ingest->totals, total, 1);
	totals_destroyed(&ingest->totals, total);
	if (!event->execution.run_id) {
		row.resource.lifetime_ns = events_span(
			row.resource.created_ns, events_ns(process, event->execution.ended));
		return recording_add_resource(ingest->recording, &row.resource, err);
	}
	totals_waited(
		&ingest->totals, total, events_span(row.resource.created_ns, row.run.began_ns));
	totals_ran(&ingest->totals, total, row.run.duration_ns);
	if (row.run.cause_id && window_caused(ingest, row.run.cause_id, row.run.run_id, err))
		return -1;
	if (note_hop(process, &row.run, row.resource.run_id, row.resource.origin_id, err))
		return -1;
	return recording_add_request(ingest->recording, &row, err);
}

int events_on_run(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_run *event = &found->event->RUN;
	struct ingest *ingest = process->ingest;
	struct row_shot shot;
	struct row_run row;
	int64_t link_run_id;
	uint32_t origin_id;

	if (!event->async_id || !events_id(process, event->async_id, &row.async_id) ||
		!events_id(process, event->arming_id, &row.arming_id) ||
		!take_execution(process, &event->execution, found->thread, &row))
		return OUTCOME_SENSELESS;
	/* The work part is one of a request, which has not come yet and has its own sum. */
	if (event->execution.part != ACAUSAL_PART_WORK) {
		uint32_t total = window_total(ingest, row.async_id);

		totals_ran(&ingest->totals, total, row.duration_ns);
		if (row.arming_id)
			totals_waited(&ingest->totals, total,
				window_first_wait(ingest, row.arming_id, row.began_ns));
	}
	if (row.cause_id && window_caused(ingest, row.cause_id, row.run_id, err))
		return -1;
	if ((row.arming_id ? window_find_arming(ingest, row.arming_id, &link_run_id, &origin_id)
			   : window_find_birth(ingest, row.async_id, &link_run_id, &origin_id)) &&
		note_hop(process, &row, link_run_id, origin_id, err))
		return -1;
	if (row.arming_id && window_take_shot(ingest, &row, &shot.arming)) {
		shot.run = row;
		return recording_add_shot(ingest->recording, &shot, err);
	}
	return recording_add_run(ingest->recording, &row, err);
}

/* libuv counts in unsigned milliseconds; SQLite's integers end at INT64_MAX. */
static int64_t milliseconds(uint64_t time)
{
	return time == EVENT_NO_TIME ? ROW_UNKNOWN : time > INT64_MAX ? INT64_MAX : (int64_t)time;
}

int events_on_arming(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_arming *event = &found->event->ARMING;
	bool inherited = event->head.flags & EVENT_INHERITED;
	struct row_arming row;

	if (!event->arming_id || !event->async_id || event->end >= ACAUSAL_END_COUNT ||
		!events_id(process, event->arming_id, &row.arming_id) ||
		!events_id(process, event->async_id, &row.async_id) ||
		!kin_id(process, inherited, event->run_id, &row.run_id) ||
		!events_id(process, event->disarm_run_id, &row.disarmed_run_id))
		return OUTCOME_SENSELESS;
	row.origin_id = events_origin(
		process, events_thread_id(process, event->thread), event->api, event->stack);
	row.disarmed_stack_id = places_stack(&process->places, event->disarm_stack);
	row.armed_ns = events_ns(process, event->armed);
	row.timeout_ms = milliseconds(event->timeout_ms);
	row.repeat_ms = milliseconds(event->repeat_ms);
	row.times = event->count > 1 ? event->count : ROW_UNKNOWN;
	row.stood_ns = event->end == ACAUSAL_END_NONE
			       ? ROW_UNKNOWN
			       : events_span(row.armed_ns, events_ns(process, event->disarmed));
	row.end_code = event->end;
	/* What came along with a fork has times of the parent's. */
	if (!inherited)
		note_skew(process, &process->arming_skew, event->arming_id, row.armed_ns);
	return window_add_arming(process->ingest, &row, err);
}

int events_on_disarm(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_disarm *event = &found->event->DISARM;
	struct change change = {.kind = CHANGE_DISARMED,
		.since_ns = process->ingest->now_ns,
		.mark = process->ingest->mark};

	if (!event->arming_id || event->end >= ACAUSAL_END_COUNT ||
		!events_id(process, event->arming_id, &change.id) ||
		!events_id(process, event->run_id, &change.run_id))
		return OUTCOME_SENSELESS;
	change.end_code = event->end;
	change.at_ns = events_ns(process, event->disarmed);
	change.stack_id = places_stack(&process->places, event->stack);
	return window_disarm(process->ingest, &change, err);
}

int events_on_cause(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_cause *event = &found->event->CAUSE;
	struct row_cause row = {0};

	if (!event->cause_id || event->kind >= ACAUSAL_CAUSE_COUNT ||
		!events_id(process, event->cause_id, &row.cause_id) ||
		!events_id(process, event->first_id, &row.first_id) ||
		!events_id(process, event->async_id, &row.async_id) ||
		!events_id(process, event->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	if (row.first_id == row.cause_id)
		row.first_id = 0;
	row.caused_ns = events_ns(process, event->caused);
	note_skew(process, &process->cause_skew, event->cause_id, row.caused_ns);
	row.times = event->times > 1 ? (int64_t)event->times : ROW_UNKNOWN;
	row.origin_id = events_cause_origin(process, event->thread ? event->thread : found->thread,
		event->kind, event->api, event->stack);
	return window_add_cause(process->ingest, &row, err);
}
