/*
 * Events to rows: values that a program sets for what comes of it (acausal.h), and where they were
 * handed on. What was in force where something alive was made or armed stands in its live record as
 * well: of what never ran, and of what told it before and was overwritten.
 */
#include "recorder/ingest/events_internal.h"

int events_on_context(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_context *event = &found->event->CONTEXT;
	const uint64_t length = (uint64_t)event->key_length + event->value_length;
	struct row_context row = {
		.key_length = event->key_length, .value_length = event->value_length};
	struct row_carried repeat;

	row.is_gone = event->head.flags & EVENT_CONTEXT_GONE;
	if (!event->context_id || event->parent_id >= event->context_id ||
		(!event->key_length && !row.is_gone) || event->key_length > ARENA_CONTEXT_KEY ||
		event->value_length > ARENA_CONTEXT_VALUE || length > found->tail_size ||
		(row.is_gone && event->value_length) ||
		!events_id(process, event->context_id, &row.context_id) ||
		!events_id(process, event->parent_id, &row.parent_id) ||
		!events_id(process, event->async_id, &row.async_id) ||
		!events_id(process, event->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	row.set_ns = events_ns(process, event->set);
	row.stack_id = places_stack(&process->places, event->stack);
	if (recording_add_context(process->ingest->recording, &row, found->tail, err))
		return -1;
	if (!event->repeats_id || event->repeats_id >= event->context_id ||
		!events_id(process, event->repeats_id, &repeat.context_id))
		return OUTCOME_DONE;
	repeat.id = row.context_id;
	return recording_add_context_repeat(process->ingest->recording, &repeat, err);
}

static int carry(struct ingest_process *process, bool is_arming, uint64_t id, uint64_t context_id,
	struct error *err)
{
	struct recording *recording = process->ingest->recording;
	struct row_carried row;

	if (!id || !context_id || !events_id(process, id, &row.id) ||
		!events_id(process, context_id, &row.context_id))
		return OUTCOME_SENSELESS;
	return is_arming ? recording_add_arming_context(recording, &row, err)
			 : recording_add_resource_context(recording, &row, err);
}

int events_on_carried(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_carried *event = &found->event->CARRIED;

	if (event->is_arming > 1)
		return OUTCOME_SENSELESS;
	return carry(process, event->is_arming, event->id, event->context_id, err);
}

int events_carry_live(
	struct ingest_process *process, const struct arena_live *live, struct error *err)
{
	bool is_armed = live->flags & ARENA_LIVE_ARMED;
	int outcome = OUTCOME_DONE;

	if (live->context_id)
		outcome = carry(process, false, live->async_id, live->context_id, err);
	if (outcome < 0 || !is_armed || !live->arming_context_id)
		return outcome;
	return carry(process, true, live->arming_id, live->arming_context_id, err);
}
