/*
 * What is not final yet: handles until they are destroyed, armings until they end, causes until a
 * run names them. A row that becomes final within about a second is written once; one that does not
 * is written as it is and changed later.
 *
 * Every ID is either in its window, or in a batch, or in the recording; a change that finds it in
 * none is kept until it comes, because threads publish what they write independently.
 */
#include "recorder/ingest/ingest_internal.h"

#include <stdio.h>

enum {
	HELD_RESOURCES = 1 << 16,
	HELD_ARMINGS = 1 << 16,
	HELD_CAUSES = 1 << 15,
	HELD_NS = 1000000000,
	SHOT_NS = 100000, /* from the end of an arming by firing to the run, at most */
};

static const int64_t give_up_ns = 5000000000; /* how long a change waits for its row */

struct held_resource {
	struct held_entry entry;
	struct row_resource row;
	uint32_t type_id, origin_type_id, stack_id, total;
};

struct held_arming {
	struct held_entry entry;
	struct row_arming row;
};

struct held_cause {
	struct held_entry entry;
	struct row_cause row;
};

bool window_init(struct ingest *ingest)
{
	return held_init(&ingest->resources, sizeof(struct held_resource), HELD_RESOURCES) &&
	       held_init(&ingest->armings, sizeof(struct held_arming), HELD_ARMINGS) &&
	       held_init(&ingest->causes, sizeof(struct held_cause), HELD_CAUSES);
}

void window_deinit(struct ingest *ingest)
{
	held_deinit(&ingest->resources);
	held_deinit(&ingest->armings);
	held_deinit(&ingest->causes);
}

static struct known_resource *known_resource(struct ingest *ingest, int64_t async_id)
{
	return &ingest->known_resources[(uint64_t)async_id & (CACHE_RESOURCES - 1)];
}

static struct known_arming *known_arming(struct ingest *ingest, int64_t arming_id)
{
	return &ingest->known_armings[(uint64_t)arming_id & (CACHE_ARMINGS - 1)];
}

static int write_resource(struct ingest *ingest, struct held_resource *held, struct error *err)
{
	if (!held->total)
		held->total = totals_number(&ingest->totals, held->type_id, held->stack_id);
	totals_created(&ingest->totals, held->total, 1);
	if (held->row.lifetime_ns != ROW_UNKNOWN)
		totals_destroyed(&ingest->totals, held->total);
	*known_resource(ingest, held->row.async_id) =
		(struct known_resource){.async_id = held->row.async_id,
			.birth_run_id = held->type_id >= ACAUSAL_TYPE_OWN ? held->row.run_id : 0,
			.total = held->total,
			.origin_id = held->row.origin_id};
	held->row.type_id = held->type_id == held->origin_type_id ? 0 : held->type_id;
	if (recording_add_resource(ingest->recording, &held->row, err))
		return -1;
	held_remove(&ingest->resources, held->entry.id);
	return 0;
}

static int write_arming(struct ingest *ingest, struct held_arming *held, struct error *err)
{
	if (recording_add_arming(ingest->recording, &held->row, err))
		return -1;
	held_remove(&ingest->armings, held->entry.id);
	return 0;
}

static int write_cause(struct ingest *ingest, struct held_cause *held, struct error *err)
{
	if (recording_add_cause(ingest->recording, &held->row, err))
		return -1;
	held_remove(&ingest->causes, held->entry.id);
	return 0;
}

int window_add_resource(struct ingest *ingest, const struct row_resource *row, uint32_t type_id,
	uint32_t stack_id, struct error *err)
{
	struct held_resource *held;

	if (held_find(&ingest->resources, row->async_id))
		return OUTCOME_SENSELESS;
	held = held_add(&ingest->resources, row->async_id, ingest->now_ns, ingest->mark);
	if (!held) {
		if (write_resource(ingest, held_oldest(&ingest->resources), err))
			return -1;
		held = held_add(&ingest->resources, row->async_id, ingest->now_ns, ingest->mark);
		if (!held)
			return OUTCOME_SENSELESS;
	}
	held->row = *row;
	held->type_id = held->origin_type_id = type_id;
	held->stack_id = stack_id;
	return 0;
}

static void retype_held(
	struct held_resource *held, uint32_t type_id, int64_t trigger_id, int64_t handle_id)
{
	if (type_id) {
		held->type_id = type_id;
		held->total = 0;
	}
	if (trigger_id)
		held->row.trigger_id = trigger_id;
	if (handle_id)
		held->row.handle_id = handle_id;
}

int window_destroy(struct ingest *ingest, int64_t async_id, int64_t at_ns, struct error *err)
{
	struct held_resource *held = held_find(&ingest->resources, async_id);

	if (held) {
		held->row.lifetime_ns = events_span(held->row.created_ns, at_ns);
		return write_resource(ingest, held, err);
	}
	totals_destroyed(&ingest->totals, window_total(ingest, async_id));
	return recording_add_change(ingest->recording,
		&(struct change){.kind = CHANGE_DESTROYED,
			.id = async_id,
			.at_ns = at_ns,
			.since_ns = ingest->now_ns,
			.mark = ingest->mark},
		err);
}

int window_retype(struct ingest *ingest, int64_t async_id, uint32_t type_id, int64_t trigger_id,
	int64_t handle_id, struct error *err)
{
	struct held_resource *held = held_find(&ingest->resources, async_id);
	uint32_t old, new;

	if (held) {
		retype_held(held, type_id, trigger_id, handle_id);
		return 0;
	}
	old = window_total(ingest, async_id);
	if (type_id && old) {
		uint32_t stack_id = (uint32_t)ingest->totals.keys.keys[old - 1].word[0];

		new = totals_number(&ingest->totals, type_id, stack_id);
		totals_created(&ingest->totals, old, -1);
		totals_created(&ingest->totals, new, 1);
		*known_resource(ingest, async_id) =
			(struct known_resource){.async_id = async_id, .total = new};
	}
	return recording_add_change(ingest->recording,
		&(struct change){.kind = CHANGE_RETYPED,
			.id = async_id,
			.type_id = type_id,
			.trigger_id = trigger_id,
			.handle_id = handle_id,
			.since_ns = ingest->now_ns,
			.mark = ingest->mark},
		err);
}

int window_reference(struct ingest *ingest, int64_t async_id, bool has_ref, struct error *err)
{
	struct held_resource *held = held_find(&ingest->resources, async_id);

	if (held) {
		if (held->row.has_ref != ROW_UNKNOWN)
			held->row.has_ref = has_ref;
		return 0;
	}
	return recording_add_change(ingest->recording,
		&(struct change){.kind = CHANGE_REFERENCED,
			.id = async_id,
			.has_ref = has_ref,
			.since_ns = ingest->now_ns,
			.mark = ingest->mark},
		err);
}

uint32_t window_total(struct ingest *ingest, int64_t async_id)
{
	struct known_resource *known = known_resource(ingest, async_id);
	struct held_resource *held;
	uint32_t type_id, stack_id;

	if (known->async_id == async_id) /* written: most runs are of what lives long */
		return known->total;
	held = held_find(&ingest->resources, async_id);
	if (held) {
		if (!held->total)
			held->total = totals_number(&ingest->totals, held->type_id, held->stack_id);
		return held->total;
	}
	if (!recording_find_resource(ingest->recording, async_id, &type_id, &stack_id))
		return 0;
	*known = (struct known_resource){
		.async_id = async_id, .total = totals_number(&ingest->totals, type_id, stack_id)};
	return known->total;
}

int window_add_arming(struct ingest *ingest, const struct row_arming *row, struct error *err)
{
	struct held_arming *held;

	if (held_find(&ingest->armings, row->arming_id))
		return OUTCOME_SENSELESS;
	*known_arming(ingest, row->arming_id) =
		(struct known_arming){row->arming_id, row->run_id, row->armed_ns, row->origin_id};
	/* What has fired has a run, which will come: see window_take_shot. */
	if (row->end_code != ACAUSAL_END_NONE && row->end_code != ACAUSAL_END_FIRED)
		return recording_add_arming(ingest->recording, row, err);
	held = held_add(&ingest->armings, row->arming_id, ingest->now_ns, ingest->mark);
	if (!held) {
		if (write_arming(ingest, held_oldest(&ingest->armings), err))
			return -1;
		held = held_add(&ingest->armings, row->arming_id, ingest->now_ns, ingest->mark);
		if (!held)
			return OUTCOME_SENSELESS;
	}
	held->row = *row;
	return 0;
}

/* Whether nothing is lost when they share a row: see packed_shot in schema/tables.sql. */
static bool is_shot(const struct row_arming *arming, const struct row_run *run)
{
	int64_t waited_ns = events_span(arming->armed_ns, run->began_ns);

	return arming->end_code == ACAUSAL_END_FIRED && arming->async_id == run->async_id &&
	       arming->repeat_ms == ROW_UNKNOWN && arming->times == ROW_UNKNOWN &&
	       !arming->disarmed_run_id && !arming->disarmed_stack_id &&
	       run->status == ROW_UNKNOWN && run->bytes == ROW_UNKNOWN &&
	       waited_ns != ROW_UNKNOWN && arming->stood_ns != ROW_UNKNOWN &&
	       arming->stood_ns <= waited_ns && waited_ns - arming->stood_ns < SHOT_NS;
}

bool window_take_shot(struct ingest *ingest, const struct row_run *run, struct row_arming *ret)
{
	struct held_arming *held = held_find(&ingest->armings, run->arming_id);

	if (!held || !is_shot(&held->row, run))
		return false;
	*ret = held->row;
	held_remove(&ingest->armings, held->entry.id);
	return true;
}

static int disarm_held(struct ingest *ingest, struct held_arming *held, const struct change *end,
	struct error *err)
{
	held->row.stood_ns = events_span(held->row.armed_ns, end->at_ns);
	held->row.end_code = end->end_code;
	held->row.disarmed_run_id = end->run_id;
	held->row.disarmed_stack_id = end->stack_id;
	return write_arming(ingest, held, err);
}

int window_disarm(struct ingest *ingest, const struct change *end, struct error *err)
{
	struct held_arming *held = held_find(&ingest->armings, end->id);

	return held ? disarm_held(ingest, held, end, err)
		    : recording_add_change(ingest->recording, end, err);
}

int64_t window_first_wait(struct ingest *ingest, int64_t arming_id, int64_t began_ns)
{
	struct known_arming *known = known_arming(ingest, arming_id);
	int64_t waited_ns;

	if (known->arming_id != arming_id)
		return ROW_UNKNOWN;
	waited_ns = events_span(known->armed_ns, began_ns);
	known->armed_ns = ROW_UNKNOWN;
	return waited_ns;
}

bool window_find_arming(
	struct ingest *ingest, int64_t arming_id, int64_t *run_id, uint32_t *origin_id)
{
	struct known_arming *known = known_arming(ingest, arming_id);
	struct held_arming *held;

	if (known->arming_id != arming_id) {
		struct known_arming found = {.arming_id = arming_id, .armed_ns = ROW_UNKNOWN};

		held = held_find(&ingest->armings, arming_id);
		if (held) {
			found.run_id = held->row.run_id;
			found.origin_id = held->row.origin_id;
		} else if (!recording_find_arming(
				   ingest->recording, arming_id, &found.run_id, &found.origin_id)) {
			return false;
		}
		*known = found;
	}
	*run_id = known->run_id;
	*origin_id = known->origin_id;
	return true;
}

bool window_find_birth(
	struct ingest *ingest, int64_t async_id, int64_t *run_id, uint32_t *origin_id)
{
	const struct known_resource *known = known_resource(ingest, async_id);
	const struct held_resource *held;

	if (known->async_id == async_id) {
		*run_id = known->birth_run_id;
		*origin_id = known->origin_id;
		return *run_id != 0;
	}
	held = held_find(&ingest->resources, async_id);
	if (!held || held->type_id < ACAUSAL_TYPE_OWN)
		return false;
	*run_id = held->row.run_id;
	*origin_id = held->row.origin_id;
	return *run_id != 0;
}

int window_add_cause(struct ingest *ingest, const struct row_cause *row, struct error *err)
{
	struct held_cause *held;

	if (held_find(&ingest->causes, row->cause_id))
		return OUTCOME_SENSELESS;
	/* One that was coalesced into another makes no run happen. */
	if (row->first_id)
		return recording_add_cause(ingest->recording, row, err);
	held = held_add(&ingest->causes, row->cause_id, ingest->now_ns, ingest->mark);
	if (!held) {
		if (write_cause(ingest, held_oldest(&ingest->causes), err))
			return -1;
		held = held_add(&ingest->causes, row->cause_id, ingest->now_ns, ingest->mark);
		if (!held)
			return OUTCOME_SENSELESS;
	}
	held->row = *row;
	return 0;
}

int window_caused(struct ingest *ingest, int64_t cause_id, int64_t run_id, struct error *err)
{
	struct known_cause *known = &ingest->known_causes[(uint64_t)cause_id & (CACHE_CAUSES - 1)];
	struct held_cause *held;

	if (known->cause_id == cause_id && known->run_id <= run_id)
		return 0; /* one cause may have many runs: the first is known */
	*known = (struct known_cause){cause_id, run_id};
	held = held_find(&ingest->causes, cause_id);
	if (held) {
		held->row.caused_run_id = run_id;
		return write_cause(ingest, held, err);
	}
	return recording_add_change(ingest->recording,
		&(struct change){.kind = CHANGE_CAUSED,
			.id = cause_id,
			.run_id = run_id,
			.since_ns = ingest->now_ns,
			.mark = ingest->mark},
		err);
}

bool window_has_resource(struct ingest *ingest, int64_t async_id)
{
	return held_find(&ingest->resources, async_id) ||
	       recording_has_async_id(ingest->recording, async_id);
}

bool window_has_arming(struct ingest *ingest, int64_t arming_id)
{
	return held_find(&ingest->armings, arming_id) ||
	       recording_has_arming(ingest->recording, arming_id);
}

/* A change that came before its row finds it in the window now. */
static int apply_change(struct ingest *ingest, struct change *change, struct error *err)
{
	struct change copy = *change;
	struct held_resource *resource;
	struct held_arming *arming;
	struct held_cause *cause;

	switch (change->kind) {
	case CHANGE_DESTROYED:
		resource = held_find(&ingest->resources, change->id);
		if (!resource)
			return 0;
		change->kind = CHANGE_DONE;
		resource->row.lifetime_ns = events_span(resource->row.created_ns, copy.at_ns);
		return write_resource(ingest, resource, err);
	case CHANGE_RETYPED:
		resource = held_find(&ingest->resources, change->id);
		if (!resource)
			return 0;
		change->kind = CHANGE_DONE;
		retype_held(resource, copy.type_id, copy.trigger_id, copy.handle_id);
		return 0;
	case CHANGE_REFERENCED:
		resource = held_find(&ingest->resources, change->id);
		if (!resource)
			return 0;
		change->kind = CHANGE_DONE;
		if (resource->row.has_ref != ROW_UNKNOWN)
			resource->row.has_ref = copy.has_ref;
		return 0;
	case CHANGE_DISARMED:
		arming = held_find(&ingest->armings, change->id);
		if (!arming)
			return 0;
		change->kind = CHANGE_DONE;
		return disarm_held(ingest, arming, &copy, err);
	case CHANGE_CAUSED:
		cause = held_find(&ingest->causes, change->id);
		if (!cause)
			return 0;
		change->kind = CHANGE_DONE;
		cause->row.caused_run_id = copy.run_id;
		return write_cause(ingest, cause, err);
	default:
		return 0;
	}
}

static bool is_due(const struct held_entry *entry, uint64_t mark, int64_t now_ns)
{
	return entry && (entry->mark <= mark || now_ns - entry->since_ns > HELD_NS);
}

static void lower_to(uint64_t *mark, const struct held_entry *entry)
{
	if (entry && entry->mark < *mark)
		*mark = entry->mark;
}

uint64_t window_mark(struct ingest *ingest, uint64_t written)
{
	uint64_t mark = ingest->mark + 1;
	size_t count;
	const struct change *changes = recording_changes(ingest->recording, &count);

	lower_to(&mark, held_oldest(&ingest->resources));
	lower_to(&mark, held_oldest(&ingest->armings));
	lower_to(&mark, held_oldest(&ingest->causes));
	if (lines_mark(&ingest->lines) < mark)
		mark = lines_mark(&ingest->lines);
	for (size_t i = 0; i < count; i++)
		if (changes[i].mark < mark && changes[i].mark > written &&
			ingest->now_ns - changes[i].since_ns <= HELD_NS)
			mark = changes[i].mark;
	return mark;
}

int window_flush(struct ingest *ingest, uint64_t mark, struct error *err)
{
	const bool all = mark == WINDOW_ALL;
	struct held_entry *entry;
	struct change *changes;
	size_t count;
	int64_t lost, given_up = 0;
	char text[32];

	changes = recording_changes(ingest->recording, &count);
	for (size_t i = 0; i < count; i++)
		if (apply_change(ingest, &changes[i], err))
			return -1;
	while (is_due(entry = held_oldest(&ingest->resources), mark, ingest->now_ns))
		if (write_resource(ingest, (struct held_resource *)entry, err))
			return -1;
	while (is_due(entry = held_oldest(&ingest->armings), mark, ingest->now_ns))
		if (write_arming(ingest, (struct held_arming *)entry, err))
			return -1;
	while (is_due(entry = held_oldest(&ingest->causes), mark, ingest->now_ns))
		if (write_cause(ingest, (struct held_cause *)entry, err))
			return -1;
	if (lines_keep(&ingest->lines, all ? 0 : mark, ingest->now_ns - HELD_NS, events_keep_line,
		    err))
		return -1;
	lost = ending_lost(ingest);
	if (lost != ingest->lost_noted) {
		snprintf(text, sizeof text, "%lld", (long long)lost);
		if (recording_set_meta(ingest->recording, "lost_events", text, err))
			return -1;
		ingest->lost_noted = lost;
	}
	if (ingest->max_skew_ns != ingest->skew_noted) {
		snprintf(text, sizeof text, "%lld", (long long)ingest->max_skew_ns);
		if (recording_set_meta(ingest->recording, "max_skew_ns", text, err))
			return -1;
		ingest->skew_noted = ingest->max_skew_ns;
	}
	ingest->flushed_ns = ingest->now_ns;
	if (recording_flush(ingest->recording, all ? INT64_MAX : ingest->now_ns - give_up_ns,
		    &given_up, err))
		return -1;
	/* The end of what began before history did has no row to go to. */
	if (!ingest->has_overwritten)
		ingest->lost += given_up;
	return 0;
}
