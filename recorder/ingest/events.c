/*
 * Events are told apart here, and what they refer to by number is found: IDs, times, threads,
 * origins. Each event is checked by its kind's size and for IDs that a process can have; what makes
 * no sense is skipped and counted. No relation is taken from the order of events of different
 * threads. The rows are made in events_rows.c and events_facts.c.
 */
#include "recorder/ingest/events_internal.h"

#include <stdlib.h>
#include <string.h>

bool events_id(const struct ingest_process *process, uint64_t number, int64_t *ret)
{
	*ret = 0;
	if (number >> PROCESS_SHIFT)
		return false;
	if (number)
		*ret = process->base + (int64_t)number;
	return true;
}

int64_t events_ns(const struct ingest_process *process, uint64_t ticks)
{
	return ticks ? timeline_ns(&process->ingest->timeline, process->arena.clock, ticks)
		     : ROW_UNKNOWN;
}

int64_t events_span(int64_t from_ns, int64_t to_ns)
{
	int64_t span;

	if (from_ns == ROW_UNKNOWN || to_ns == ROW_UNKNOWN ||
		__builtin_sub_overflow(to_ns, from_ns, &span))
		return ROW_UNKNOWN;
	return span > 0 ? span : 0;
}

uint32_t events_thread_id(struct ingest_process *process, uint32_t number)
{
	const struct thread *thread = threads_find(process, number);

	return thread ? thread->thread_id : 0;
}

void events_lived(struct ingest_process *process, uint32_t number, int64_t ns)
{
	struct thread *thread = threads_find(process, number);

	if (thread && ns != ROW_UNKNOWN && ns > thread->lived_ns)
		thread->lived_ns = ns;
}

/* `kind` is what stands beside the api in an origin's key. */
static uint32_t origin_number(struct ingest *ingest, uint64_t thread_id, uint64_t kind,
	unsigned api, uint32_t stack_id, int64_t loop_id, bool *is_new)
{
	if (api >= ACAUSAL_API_COUNT)
		api = 0;
	return intern_number(&ingest->terms.origins,
		(struct intern_key){
			{thread_id << 32 | stack_id, kind << 32 | api, (uint64_t)loop_id}},
		is_new);
}

uint32_t events_origin(
	struct ingest_process *process, uint32_t thread_id, unsigned api, uint32_t stack_node)
{
	bool is_new;

	return origin_number(process->ingest, thread_id, 0, api,
		places_stack(&process->places, stack_node), 0, &is_new);
}

uint32_t events_type(struct ingest_process *process, unsigned type)
{
	if (type < ACAUSAL_TYPE_COUNT)
		return type;
	return own_types_number(
		&process->ingest->terms.own_types, &process->own_types, &process->arena, type);
}

int64_t events_first_ref(unsigned type)
{
	static const char *const classes[] = {
#define X(tag, name, class, hook_type, armed) [ACAUSAL_TYPE_##tag] = class,
		ACAUSAL_TYPES(X)
#undef X
	};
	const char *class = type < ACAUSAL_TYPE_COUNT ? classes[type] : NULL;

	return class && (!strcmp(class, "handle") || !strcmp(class, "process")) ? 1 : ROW_UNKNOWN;
}

uint32_t events_cause_origin(struct ingest_process *process, uint32_t thread_number,
	enum acausal_cause kind, unsigned api, uint32_t stack_node)
{
	bool is_new;

	return origin_number(process->ingest, events_thread_id(process, thread_number),
		ORIGIN_CAUSE + kind, api, places_stack(&process->places, stack_node), 0, &is_new);
}

/* What addresses are counted from: one that no program has stays out of it. */
static void note_address(struct recording_terms *terms, uint32_t origin_id, uint64_t address)
{
	uint32_t at = origin_id - 1 - terms->origins.forgotten;

	if (!origin_id || !address || address >> 48)
		return;
	if (at >= terms->origin_address_capacity) {
		uint32_t capacity = terms->origin_address_capacity;
		int64_t *addresses;

		capacity = capacity ? capacity : 256;
		while (capacity <= at)
			capacity *= 2;
		addresses = realloc(terms->origin_addresses, capacity * sizeof *addresses);
		if (!addresses)
			return;
		memset(addresses + terms->origin_address_capacity, 0,
			(capacity - terms->origin_address_capacity) * sizeof *addresses);
		terms->origin_addresses = addresses;
		terms->origin_address_capacity = capacity;
	}
	terms->origin_addresses[at] = (int64_t)address;
}

static int64_t address_delta(
	const struct recording_terms *terms, uint32_t origin_id, uint64_t address)
{
	uint32_t at = origin_id - 1 - terms->origins.forgotten;
	int64_t base =
		origin_id && at < terms->origin_address_capacity ? terms->origin_addresses[at] : 0;
	int64_t delta;

	return !address || __builtin_sub_overflow((int64_t)address, base, &delta) ? ROW_UNKNOWN
										  : delta;
}

void events_birthplace_of(struct ingest *ingest, uint32_t thread_id, unsigned type, unsigned api,
	uint32_t stack_id, int64_t loop_id, uint64_t address, struct row_resource *row)
{
	struct recording_terms *terms = &ingest->terms;
	bool is_new;

	row->origin_id = origin_number(ingest, thread_id, type, api, stack_id, loop_id, &is_new);
	if (is_new)
		note_address(terms, row->origin_id, address);
	row->address_delta = address_delta(terms, row->origin_id, address);
}

void events_birthplace(struct ingest_process *process, uint32_t thread_id, unsigned type,
	unsigned api, uint32_t stack_node, int64_t loop_id, uint64_t address,
	struct row_resource *row)
{
	events_birthplace_of(process->ingest, thread_id, events_type(process, type), api,
		places_stack(&process->places, stack_node), loop_id, address, row);
}

uint32_t events_entry(
	struct ingest_process *process, uint32_t thread_number, unsigned part, uint64_t callback)
{
	uint64_t thread = events_thread_id(process, thread_number);
	uint32_t frame = places_entry_frame(&process->places, callback);
	bool is_new;

	return intern_number(&process->ingest->terms.entries,
		(struct intern_key){{thread << 32 | part, frame, 0}}, &is_new);
}

int events_read(struct ingest_process *process, uint32_t number, const unsigned char *bytes,
	size_t size, bool *is_broken, struct error *err)
{
	static const struct {
		size_t size;
		events_handler *handle;
	} kinds[EVENT_COUNT] = {
		[EVENT_THREAD] = {sizeof(struct event_thread), events_on_thread},
		[EVENT_THREAD_END] = {sizeof(struct event_thread_end), events_on_thread_end},
		[EVENT_RESOURCE] = {sizeof(struct event_resource), events_on_resource},
		[EVENT_RETYPE] = {sizeof(struct event_retype), events_on_retype},
		[EVENT_DESTROY] = {sizeof(struct event_destroy), events_on_destroy},
		[EVENT_REQUEST] = {sizeof(struct event_request), events_on_request},
		[EVENT_RUN] = {sizeof(struct event_run), events_on_run},
		[EVENT_ARMING] = {sizeof(struct event_arming), events_on_arming},
		[EVENT_DISARM] = {sizeof(struct event_disarm), events_on_disarm},
		[EVENT_CAUSE] = {sizeof(struct event_cause), events_on_cause},
		[EVENT_DETAIL] = {sizeof(struct event_detail), events_on_detail},
		[EVENT_LOG] = {sizeof(struct event_log), events_on_log},
		[EVENT_GAP] = {sizeof(struct event_gap), events_on_gap},
		[EVENT_SPAWN] = {sizeof(struct event_spawn), events_on_spawn},
		[EVENT_EXIT] = {sizeof(struct event_exit), events_on_exit},
		[EVENT_POLL] = {sizeof(struct event_poll), events_on_poll},
		[EVENT_POOL] = {sizeof(struct event_pool), events_on_pool},
		[EVENT_REF] = {sizeof(struct event_ref), events_on_ref},
		[EVENT_NAME] = {sizeof(struct event_name), events_on_name},
		[EVENT_CONTEXT] = {sizeof(struct event_context), events_on_context},
		[EVENT_CARRIED] = {sizeof(struct event_carried), events_on_carried},
		[EVENT_PROGRAM] = {sizeof(struct event_program), events_on_program},
	};
	union event event;
	struct found found = {.event = &event, .thread = number};

	for (size_t at = 0; at < size;) {
		int outcome = OUTCOME_SENSELESS;

		memcpy(&event.head, bytes + at, sizeof event.head);
		if (event.head.size < 8 || event.head.size % 8 || event.head.size > size - at) {
			process->ingest->lost++;
			*is_broken = true;
			return 0;
		}
		if (event.head.kind != EVENT_NONE && event.head.kind < EVENT_COUNT &&
			event.head.size >= kinds[event.head.kind].size) {
			size_t known = kinds[event.head.kind].size;

			memcpy(&event, bytes + at, known);
			found.tail = (const char *)bytes + at + known;
			found.tail_size = event.head.size - known;
			outcome = kinds[event.head.kind].handle(process, &found, err);
		}
		if (outcome == OUTCOME_FAILED)
			return -1;
		process->ingest->lost += outcome == OUTCOME_SENSELESS;
		at += event.head.size;
	}
	*is_broken = false;
	return 0;
}
