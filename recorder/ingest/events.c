/*
 * Events to rows. Each event is checked by its kind's size and for IDs that a process can have;
 * what makes no sense is skipped and counted. No relation is taken from the order of events of
 * different threads.
 */
#include "recorder/ingest/ingest_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { THREADS_MAX = 1 << 20 };

union event {
	struct event_head head;
#define X(tag, type) struct type tag;
	ACAUSAL_EVENTS(X)
#undef X
};

/* An event with where it was found. `tail` is what follows its struct. */
struct found {
	const union event *event;
	const char *tail;
	size_t tail_size;
	uint32_t thread; /* number of the thread that wrote it */
};

bool events_id(const struct ingest_process *process, uint64_t number, int64_t *ret)
{
	*ret = number ? process->base + (int64_t)number : 0;
	return number < 1ull << PROCESS_SHIFT;
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

struct thread *events_thread(struct ingest_process *process, uint32_t number)
{
	uint32_t index;
	struct thread *thread;

	if (!number)
		return NULL;
	if (idmap_get(&process->thread_of_number, number, &index))
		return &process->threads[index];
	if (process->thread_count == process->thread_capacity) {
		uint32_t capacity = process->thread_capacity ? 2 * process->thread_capacity : 16;
		struct thread *threads =
			capacity > THREADS_MAX
				? NULL
				: realloc(process->threads, capacity * sizeof *threads);

		if (!threads)
			return NULL;
		process->threads = threads;
		process->thread_capacity = capacity;
	}
	if (!idmap_put(&process->thread_of_number, number, process->thread_count))
		return NULL;
	thread = &process->threads[process->thread_count++];
	*thread = (struct thread){.number = number, .thread_id = ++process->ingest->thread_count};
	return thread;
}

uint32_t events_thread_id(struct ingest_process *process, uint32_t number)
{
	const struct thread *thread = events_thread(process, number);

	return thread ? thread->thread_id : 0;
}

/* `kind` is what stands beside the api in an origin's key. */
static uint32_t origin_number(struct ingest_process *process, uint32_t thread_number, uint64_t kind,
	unsigned api, uint32_t stack_node, int64_t loop_id, bool *is_new)
{
	uint64_t thread = events_thread_id(process, thread_number);
	uint32_t stack = places_stack(&process->places, stack_node);

	if (api >= ACAUSAL_API_COUNT)
		api = 0;
	return intern_number(&process->ingest->terms.origins,
		(struct intern_key){{thread << 32 | stack, kind << 32 | api, (uint64_t)loop_id}},
		is_new);
}

uint32_t events_origin(
	struct ingest_process *process, uint32_t thread_number, unsigned api, uint32_t stack_node)
{
	bool is_new;

	return origin_number(process, thread_number, 0, api, stack_node, 0, &is_new);
}

/* What addresses are counted from: one that no program has stays out of it. */
static void note_address(struct recording_terms *terms, uint32_t origin_id, uint64_t address)
{
	if (!address || address >> 48)
		return;
	if (origin_id > terms->origin_address_capacity) {
		uint32_t capacity = terms->origin_address_capacity;
		int64_t *addresses;

		capacity = capacity ? capacity : 256;
		while (capacity < origin_id)
			capacity *= 2;
		addresses = realloc(terms->origin_addresses, capacity * sizeof *addresses);
		if (!addresses)
			return;
		memset(addresses + terms->origin_address_capacity, 0,
			(capacity - terms->origin_address_capacity) * sizeof *addresses);
		terms->origin_addresses = addresses;
		terms->origin_address_capacity = capacity;
	}
	terms->origin_addresses[origin_id - 1] = (int64_t)address;
}

uint32_t events_birthplace(struct ingest_process *process, uint32_t thread_number, unsigned type,
	unsigned api, uint32_t stack_node, int64_t loop_id, uint64_t address)
{
	bool is_new;
	uint32_t number = origin_number(process, thread_number,
		type < ACAUSAL_TYPE_COUNT ? type : 0, api, stack_node, loop_id, &is_new);

	if (is_new)
		note_address(&process->ingest->terms, number, address);
	return number;
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

static void note_skew(struct ingest_process *process, struct skew **skew, uint64_t id, int64_t ns)
{
	if (ns == ROW_UNKNOWN)
		return;
	if (!*skew)
		*skew = calloc(1, sizeof **skew);
	if (*skew)
		skew_add(*skew, (int64_t)id, ns, &process->ingest->max_skew_ns);
}

static bool take_birth(struct ingest_process *process, const struct event_birth *birth,
	uint32_t thread, struct row_resource *row)
{
	int64_t loop_id;

	if (!birth->async_id || !events_id(process, birth->async_id, &row->async_id) ||
		!events_id(process, birth->trigger_id, &row->trigger_id) ||
		!events_id(process, birth->run_id, &row->run_id) ||
		!events_id(process, birth->handle_id, &row->handle_id) ||
		!events_id(process, birth->loop_id, &loop_id))
		return false;
	row->origin_id = events_birthplace(
		process, thread, birth->type, birth->api, birth->stack, loop_id, birth->address);
	row->type_id = 0;
	row->created_ns = events_ns(process, birth->created);
	row->lifetime_ns = ROW_UNKNOWN;
	row->address = (int64_t)birth->address;
	note_skew(process, &process->async_skew, birth->async_id, row->created_ns);
	return true;
}

static bool take_execution(struct ingest_process *process, const struct event_execution *execution,
	uint32_t number, struct row_run *row)
{
	const struct thread *thread = events_thread(process, number);

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
	note_skew(process, &process->run_skew, execution->run_id, row->began_ns);
	return true;
}

/* A run whose link is known: it may be one more repeat of a chain. */
static int note_hop(struct ingest *ingest, const struct row_run *run, int64_t link_run_id,
	uint32_t origin_id, struct error *err)
{
	struct fold_shortcut shortcut;
	struct fold_hop hop = {.run_id = run->run_id,
		.link_run_id = link_run_id,
		.origin_id = origin_id,
		.entry_id = run->entry_id,
		.has_cause = run->cause_id != 0};

	if (!fold_add(ingest->fold, &hop, &shortcut))
		return 0;
	return recording_write_fold(ingest->recording, shortcut.run_id, shortcut.period,
		shortcut.times, shortcut.to_run_id, err);
}

static int on_thread(struct ingest_process *process, const struct found *found, struct error *err)
{
	return events_announce_thread(process, &found->event->THREAD, found->thread, err);
}

int events_announce_thread(struct ingest_process *process, const struct event_thread *event,
	uint32_t number, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct thread *thread = events_thread(process, number);
	struct row_resource resource = {.lifetime_ns = ROW_UNKNOWN};
	struct row_run root = {
		.duration_ns = ROW_UNKNOWN, .status = ROW_UNKNOWN, .bytes = ROW_UNKNOWN};
	struct row_thread row = {.process_id = process->process_id};
	unsigned type = event->type < ACAUSAL_TYPE_COUNT ? event->type : 0;
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
	memcpy(name, event->name, sizeof event->name);
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
	resource.origin_id = events_birthplace(
		process, event->maker, type, event->api, event->stack, 0, event->address);
	resource.created_ns = events_ns(process, event->created ? event->created : event->started);
	resource.address = (int64_t)event->address;
	root.async_id = resource.async_id;
	root.entry_id = events_entry(process, number, ACAUSAL_PART_CALLBACK, event->callback);
	root.began_ns = row.started_ns;
	note_skew(process, &process->async_skew, event->async_id, resource.created_ns);
	note_skew(process, &process->run_skew, event->root_run_id, root.began_ns);
	if (recording_add_run(ingest->recording, &root, err))
		return -1;
	return window_add_resource(
		ingest, &resource, type, places_stack(&process->places, event->stack), err);
}

static int on_thread_end(
	struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_thread_end *event = &found->event->THREAD_END;
	struct ingest *ingest = process->ingest;
	const struct thread *thread = events_thread(process, found->thread);
	struct change change = {.kind = CHANGE_RUN_ENDED,
		.at_ns = events_ns(process, event->ended),
		.since_ns = ingest->now_ns};

	if (!thread || !thread->is_announced)
		return OUTCOME_SENSELESS;
	change.id = thread->root_run_id;
	if (recording_add_change(ingest->recording, &change, err))
		return -1;
	change.kind = CHANGE_THREAD_ENDED;
	change.id = thread->thread_id;
	if (recording_add_change(ingest->recording, &change, err))
		return -1;
	return window_destroy(ingest, thread->async_id, change.at_ns, err);
}

static int on_resource(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_resource *event = &found->event->RESOURCE;
	struct row_resource row;

	if (!take_birth(process, &event->birth, event->thread, &row))
		return OUTCOME_SENSELESS;
	return window_add_resource(process->ingest, &row,
		event->birth.type < ACAUSAL_TYPE_COUNT ? event->birth.type : 0,
		places_stack(&process->places, event->birth.stack), err);
}

static int on_retype(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_retype *event = &found->event->RETYPE;
	int64_t async_id, trigger_id, handle_id;

	if (!event->async_id || event->type >= ACAUSAL_TYPE_COUNT ||
		!events_id(process, event->async_id, &async_id) ||
		!events_id(process, event->trigger_id, &trigger_id) ||
		!events_id(process, event->handle_id, &handle_id))
		return OUTCOME_SENSELESS;
	return window_retype(process->ingest, async_id, event->type, trigger_id, handle_id, err);
}

static int on_destroy(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_destroy *event = &found->event->DESTROY;
	int64_t async_id;

	if (!event->async_id || !events_id(process, event->async_id, &async_id))
		return OUTCOME_SENSELESS;
	return window_destroy(process->ingest, async_id, events_ns(process, event->destroyed), err);
}

static int on_request(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_request *event = &found->event->REQUEST;
	struct ingest *ingest = process->ingest;
	struct row_request row = {0};
	unsigned type = event->birth.type < ACAUSAL_TYPE_COUNT ? event->birth.type : 0;
	uint32_t total;

	if (!take_birth(process, &event->birth, event->thread, &row.resource))
		return OUTCOME_SENSELESS;
	if (event->execution.run_id &&
		!take_execution(process, &event->execution, found->thread, &row.run))
		return OUTCOME_SENSELESS;
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
	if (note_hop(ingest, &row.run, row.resource.run_id, row.resource.origin_id, err))
		return -1;
	return recording_add_request(ingest->recording, &row, err);
}

static int on_run(struct ingest_process *process, const struct found *found, struct error *err)
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
	if (event->execution.part != ACAUSAL_PART_WORK)
		totals_ran(&ingest->totals, window_total(ingest, row.async_id), row.duration_ns);
	if (row.cause_id && window_caused(ingest, row.cause_id, row.run_id, err))
		return -1;
	if (row.arming_id && window_find_arming(ingest, row.arming_id, &link_run_id, &origin_id) &&
		note_hop(ingest, &row, link_run_id, origin_id, err))
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

static int on_arming(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_arming *event = &found->event->ARMING;
	struct row_arming row;

	if (!event->arming_id || !event->async_id || event->end >= ACAUSAL_END_COUNT ||
		!events_id(process, event->arming_id, &row.arming_id) ||
		!events_id(process, event->async_id, &row.async_id) ||
		!events_id(process, event->run_id, &row.run_id) ||
		!events_id(process, event->disarm_run_id, &row.disarmed_run_id))
		return OUTCOME_SENSELESS;
	row.origin_id = events_origin(process, event->thread, event->api, event->stack);
	row.disarmed_stack_id = places_stack(&process->places, event->disarm_stack);
	row.armed_ns = events_ns(process, event->armed);
	row.timeout_ms = milliseconds(event->timeout_ms);
	row.repeat_ms = milliseconds(event->repeat_ms);
	row.times = event->count > 1 ? event->count : ROW_UNKNOWN;
	row.stood_ns = event->end == ACAUSAL_END_NONE
			       ? ROW_UNKNOWN
			       : events_span(row.armed_ns, events_ns(process, event->disarmed));
	row.end_code = event->end;
	return window_add_arming(process->ingest, &row, err);
}

static int on_disarm(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_disarm *event = &found->event->DISARM;
	struct change change = {.kind = CHANGE_DISARMED, .since_ns = process->ingest->now_ns};

	if (!event->arming_id || event->end >= ACAUSAL_END_COUNT ||
		!events_id(process, event->arming_id, &change.id) ||
		!events_id(process, event->run_id, &change.run_id))
		return OUTCOME_SENSELESS;
	change.end_code = event->end;
	change.at_ns = events_ns(process, event->disarmed);
	change.stack_id = places_stack(&process->places, event->stack);
	return window_disarm(process->ingest, &change, err);
}

static int on_cause(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_cause *event = &found->event->CAUSE;
	struct row_cause row = {0};
	bool is_new;

	if (!event->cause_id || event->kind >= ACAUSAL_CAUSE_COUNT ||
		!events_id(process, event->cause_id, &row.cause_id) ||
		!events_id(process, event->first_id, &row.first_id) ||
		!events_id(process, event->async_id, &row.async_id) ||
		!events_id(process, event->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	if (row.first_id == row.cause_id)
		row.first_id = 0;
	row.caused_ns = events_ns(process, event->caused);
	row.origin_id = origin_number(process, found->thread, ORIGIN_CAUSE + event->kind,
		event->api, event->stack, 0, &is_new);
	return window_add_cause(process->ingest, &row, err);
}

/* A peer's address in words; 0 when it is of no family that has any. */
static size_t address_words(const char *bytes, size_t size, char *text, size_t text_size)
{
	char host[INET6_ADDRSTRLEN];
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} address;

	memset(&address, 0, sizeof address);
	memcpy(&address, bytes, size < sizeof address ? size : sizeof address);
	if (address.any.sa_family == AF_INET && size >= sizeof address.in) {
		inet_ntop(AF_INET, &address.in.sin_addr, host, sizeof host);
		return (size_t)snprintf(text, text_size, "%s:%u", host, ntohs(address.in.sin_port));
	}
	if (address.any.sa_family == AF_INET6 && size >= sizeof address.in6) {
		inet_ntop(AF_INET6, &address.in6.sin6_addr, host, sizeof host);
		return (size_t)snprintf(
			text, text_size, "[%s]:%u", host, ntohs(address.in6.sin6_port));
	}
	if (address.any.sa_family == AF_UNIX && size > offsetof(struct sockaddr_un, sun_path)) {
		size_t length = size - offsetof(struct sockaddr_un, sun_path);

		if (length > sizeof address.un.sun_path)
			length = sizeof address.un.sun_path;
		if (!address.un.sun_path[0]) /* abstract: shown as ss does */
			address.un.sun_path[0] = '@';
		return (size_t)snprintf(text, text_size, "%.*s", (int)length, address.un.sun_path);
	}
	return 0;
}

static int on_detail(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_detail *event = &found->event->DETAIL;
	struct recording *recording = process->ingest->recording;
	int64_t async_id, number = 0;
	char words[160];
	size_t length;

	if (!event->async_id || event->length > found->tail_size ||
		!events_id(process, event->async_id, &async_id))
		return OUTCOME_SENSELESS;
	switch (event->kind) {
	case EVENT_DETAIL_TEXT:
		return recording_write_detail(recording, async_id, found->tail, event->length, err);
	case EVENT_DETAIL_SOCKADDR:
		length = address_words(found->tail, event->length, words, sizeof words);
		return length ? recording_write_detail(recording, async_id, words, length, err) : 0;
	case EVENT_DETAIL_NUMBER:
		memcpy(&number, found->tail,
			event->length < sizeof number ? event->length : sizeof number);
		length = (size_t)snprintf(words, sizeof words, "%lld", (long long)number);
		return recording_write_detail(recording, async_id, words, length, err);
	default:
		return OUTCOME_SENSELESS;
	}
}

static int on_log(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_log *event = &found->event->LOG;
	struct row_log row = {.process_id = process->process_id, .fd = event->fd};
	size_t from = 0;

	if (event->length > found->tail_size || !events_id(process, event->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	row.thread_id = events_thread_id(process, found->thread);
	row.stack_id = places_stack(&process->places, event->stack);
	row.written_ns = events_ns(process, event->written);
	while (from < event->length) {
		const char *text = found->tail + from;
		const char *end = memchr(text, '\n', event->length - from);

		row.length = (uint32_t)(end ? (size_t)(end - text) : event->length - from);
		row.full_length = row.length;
		/* Of a write that was cut the last piece is longer than what is here. */
		if (!end && event->full_length > event->length && event->full_length <= INT64_MAX)
			row.full_length += (int64_t)(event->full_length - event->length);
		if (recording_add_log(process->ingest->recording, &row, text, err))
			return -1;
		from += row.length + (end != NULL);
	}
	return 0;
}

static int on_crash(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_crash *event = &found->event->CRASH;
	struct row_crash row = {.process_id = process->process_id,
		.signal = event->signal,
		.code = event->code,
		/* Else si_addr is something else, or says nothing. */
		.has_fault_address =
			event->signal != SIGABRT && event->code > 0 && event->code != SI_KERNEL,
		.fault_address = event->fault_address};

	if (!events_id(process, event->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	row.thread_id = events_thread_id(process, found->thread);
	row.stack_id = places_stack(&process->places, event->stack);
	row.crashed_ns = events_ns(process, event->crashed);
	process->has_crashed = true;
	return recording_write_crash(process->ingest->recording, &row, err);
}

static int on_gap(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_gap *event = &found->event->GAP;

	return recording_write_gap(process->ingest->recording,
		events_thread_id(process, found->thread), events_ns(process, event->from),
		events_ns(process, event->to), event->lost, err);
}

static int on_nothing(struct ingest_process *process, const struct found *found, struct error *err)
{
	(void)process, (void)found, (void)err;
	return 0;
}

int events_read(struct ingest_process *process, uint32_t number, const unsigned char *bytes,
	size_t size, bool *is_broken, struct error *err)
{
	static const struct {
		size_t size;
		int (*handle)(struct ingest_process *, const struct found *, struct error *);
	} kinds[EVENT_COUNT] = {
		[EVENT_THREAD] = {sizeof(struct event_thread), on_thread},
		[EVENT_THREAD_END] = {sizeof(struct event_thread_end), on_thread_end},
		[EVENT_RESOURCE] = {sizeof(struct event_resource), on_resource},
		[EVENT_RETYPE] = {sizeof(struct event_retype), on_retype},
		[EVENT_DESTROY] = {sizeof(struct event_destroy), on_destroy},
		[EVENT_REQUEST] = {sizeof(struct event_request), on_request},
		[EVENT_RUN] = {sizeof(struct event_run), on_run},
		[EVENT_ARMING] = {sizeof(struct event_arming), on_arming},
		[EVENT_DISARM] = {sizeof(struct event_disarm), on_disarm},
		[EVENT_CAUSE] = {sizeof(struct event_cause), on_cause},
		[EVENT_DETAIL] = {sizeof(struct event_detail), on_detail},
		[EVENT_LOG] = {sizeof(struct event_log), on_log},
		[EVENT_CRASH] = {sizeof(struct event_crash), on_crash},
		[EVENT_GAP] = {sizeof(struct event_gap), on_gap},
		[EVENT_SPAWN] = {sizeof(struct event_spawn), on_nothing},
		[EVENT_EXIT] = {sizeof(struct event_exit), on_nothing},
		[EVENT_POLL] = {sizeof(struct event_poll), on_nothing},
		[EVENT_POOL] = {sizeof(struct event_pool), on_nothing},
		[EVENT_REF] = {sizeof(struct event_ref), on_nothing},
		[EVENT_NAME] = {sizeof(struct event_name), on_nothing},
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
