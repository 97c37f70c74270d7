/*
 * What was overwritten and is known all the same: see history.h. It becomes events, which the
 * ordinary handlers make rows of: before the process's own events are read what began, oldest
 * first; after them what must have ended and whose end is gone. Of what has an event nothing is
 * made up here, so that nothing is there twice.
 */
#include "recorder/ingest/history.h"

#include <stdlib.h>
#include <string.h>

/* A moment's work for the handlers of events.c. The event begins with its head, its flags set. */
static int tell(struct ingest_process *process, uint32_t thread, enum event_kind kind, void *event,
	size_t size, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct event_head *head = event;
	bool is_broken;

	head->kind = (uint8_t)kind;
	head->size = (uint16_t)size;
	if (events_read(process, thread, event, size, &is_broken, err))
		return -1;
	return recording_is_full(ingest->recording) ? window_flush(ingest, 0, err) : 0;
}

/* A wait is counted from an arming to its first run, and that may be one of those that are gone. */
static void forget_wait(struct ingest_process *process, uint64_t arming_id)
{
	int64_t id;

	if (events_id(process, arming_id, &id))
		window_first_wait(process->ingest, id, ROW_UNKNOWN);
}

static int tell_threads(struct ingest_process *process, struct history *history, struct error *err)
{
	uint32_t count = arena_reader_used(&process->arena, ARENA_THREADS);

	for (uint32_t i = 0; i < count; i++) {
		struct arena_thread slot;
		struct event_thread event;

		if (!arena_reader_thread(&process->arena, i, &slot) || !slot.number ||
			history_known(&history->threads, slot.number) & HISTORY_BORN)
			continue;
		history_note(&history->threads, slot.number, HISTORY_BORN);
		history_note(&history->runs, slot.root_run_id, HISTORY_BORN);
		threads_event_of(&slot, &event);
		if (tell(process, slot.number, EVENT_THREAD, &event, sizeof event, err))
			return -1;
	}
	return 0;
}

static int tell_detail(struct ingest_process *process, const struct arena_live *live,
	enum event_detail_kind kind, const void *bytes, uint32_t length, struct error *err)
{
	const struct event_detail event = {
		.kind = kind, .async_id = live->async_id, .length = length};
	uint64_t room[(sizeof event + ARENA_DETAIL_MAX) / 8] = {0};

	memcpy(room, &event, sizeof event);
	memcpy((char *)room + sizeof event, bytes, length);
	return tell(process, live->thread, EVENT_DETAIL, room, sizeof event + ((length + 7u) & ~7u),
		err);
}

static int tell_details(struct ingest_process *process, uint32_t index,
	const struct arena_live *live, struct error *err)
{
	struct arena_detail detail;

	if (!arena_reader_detail(&process->arena, index, live->async_id, &detail))
		return 0;
	if (detail.length &&
		tell_detail(process, live, detail.kind, detail.text, detail.length, err))
		return -1;
	return detail.fd < 0 ? 0
			     : tell_detail(process, live, EVENT_DETAIL_FD, &detail.fd,
				       sizeof detail.fd, err);
}

/* The arming in force. One that was not written yet is seen to at the end, as everywhere. */
static int tell_standing(struct ingest_process *process, struct history *history,
	const struct arena_live *live, struct error *err)
{
	const uint32_t armed = ARENA_LIVE_ARMED | ARENA_LIVE_WRITTEN;
	struct event_arming event = {.thread = live->arming_thread,
		.arming_id = live->arming_id,
		.async_id = live->async_id,
		.run_id = live->arming_run_id,
		.armed = live->armed,
		.timeout_ms = live->timeout_ms,
		.repeat_ms = live->repeat_ms,
		.stack = live->arming_stack,
		.api = live->arming_api,
		.end = ACAUSAL_END_NONE,
		.count = live->armings};

	if ((live->flags & armed) != armed ||
		history_known(&history->armings, live->arming_id) & HISTORY_BORN)
		return 0;
	history_note(&history->armings, live->arming_id, HISTORY_BORN);
	if (live->flags & ARENA_LIVE_ARMED_BEFORE)
		event.head.flags = EVENT_INHERITED;
	if (tell(process, live->arming_thread, EVENT_ARMING, &event, sizeof event, err))
		return -1;
	forget_wait(process, live->arming_id);
	return 0;
}

static int tell_live(struct ingest_process *process, struct history *history, uint32_t index,
	const struct arena_live *live, struct error *err)
{
	struct event_resource event = {.thread = live->thread,
		.birth = {.async_id = live->async_id,
			.trigger_id = live->trigger_id,
			.run_id = live->run_id,
			.created = live->created,
			.address = live->address,
			.loop_id = live->loop_id,
			.handle_id = live->handle_id,
			.stack = live->stack,
			.type = live->type,
			.api = live->api}};

	if (tell_details(process, index, live, err))
		return -1;
	/* Of a request that was not answered nothing else has told yet. */
	if (!(live->flags & ARENA_LIVE_HANDLE))
		return 0;
	if (!(history_known(&history->resources, live->async_id) & HISTORY_BORN)) {
		history_note(&history->resources, live->async_id, HISTORY_BORN);
		if (live->flags & ARENA_LIVE_INHERITED)
			event.head.flags |= EVENT_INHERITED;
		if (live->flags & ARENA_LIVE_UNREF)
			event.head.flags |= EVENT_UNREF;
		if (tell(process, live->thread, EVENT_RESOURCE, &event, sizeof event, err))
			return -1;
	}
	return tell_standing(process, history, live, err);
}

static int tell_lives(struct ingest_process *process, struct history *history, struct error *err)
{
	uint32_t count = arena_reader_used(&process->arena, ARENA_LIVES);

	for (uint32_t i = 1; i < count; i++) {
		struct arena_live live;

		if (arena_reader_live(&process->arena, i, &live) &&
			tell_live(process, history, i, &live, err))
			return -1;
	}
	return 0;
}

static struct event_birth birth_of(const struct arena_ancestor *ancestor)
{
	return (struct event_birth){.async_id = ancestor->async_id,
		.trigger_id = ancestor->trigger_id,
		.run_id = ancestor->birth_run_id,
		.created = ancestor->created,
		.address = ancestor->address,
		.loop_id = ancestor->loop_id,
		.handle_id = ancestor->handle_id,
		.stack = ancestor->birth_stack,
		.type = ancestor->type,
		.api = ancestor->birth_api};
}

static struct event_execution execution_of(const struct arena_ancestor *ancestor)
{
	return (struct event_execution){.run_id = ancestor->run_id,
		.outer_run_id = ancestor->outer_run_id,
		.began = ancestor->began,
		.ended = ancestor->ended,
		.callback = ancestor->callback,
		.status = EVENT_NO_STATUS,
		.bytes = EVENT_NO_STATUS,
		.outer_stack = ancestor->outer_stack,
		.part = ancestor->part};
}

/* A thread whose slot is another's by now. What it was for, and its name, went with that. */
static int tell_root(struct ingest_process *process, struct history *history,
	const struct arena_ancestor *ancestor, struct error *err)
{
	bool is_main = ancestor->type == ACAUSAL_TYPE_MAIN;
	struct event_thread event = {.role = is_main ? ACAUSAL_ROLE_MAIN : ACAUSAL_ROLE_COUNT,
		.foreign = !is_main && !ancestor->created,
		.async_id = ancestor->async_id,
		.root_run_id = ancestor->run_id,
		.started = ancestor->began,
		.trigger_id = ancestor->trigger_id,
		.run_id = ancestor->birth_run_id,
		.created = ancestor->created,
		.address = ancestor->address,
		.stack = ancestor->birth_stack,
		.type = ancestor->type,
		.api = ancestor->birth_api,
		.maker = ancestor->birth_thread,
		.callback = ancestor->callback};
	struct event_thread_end end = {.ended = ancestor->ended};
	uint32_t known = history_known(&history->threads, ancestor->thread);

	if (!(known & HISTORY_BORN) &&
		tell(process, ancestor->thread, EVENT_THREAD, &event, sizeof event, err))
		return -1;
	history_note(&history->threads, ancestor->thread, HISTORY_BORN);
	if (!ancestor->ended || known & (HISTORY_ENDED | HISTORY_ALIVE))
		return 0;
	history_note(&history->threads, ancestor->thread, HISTORY_ENDED);
	return tell(process, ancestor->thread, EVENT_THREAD_END, &end, sizeof end, err);
}

static int tell_request(struct ingest_process *process, struct history *history,
	const struct arena_ancestor *ancestor, struct error *err)
{
	struct event_request event = {.thread = ancestor->birth_thread,
		.birth = birth_of(ancestor),
		.execution = execution_of(ancestor)};

	history_note(&history->resources, ancestor->async_id, HISTORY_BORN | HISTORY_ENDED);
	if (ancestor->inherited & ARENA_LIVE_INHERITED)
		event.head.flags = EVENT_INHERITED;
	return tell(process, ancestor->thread, EVENT_REQUEST, &event, sizeof event, err);
}

/* Whether the run that an arming led to was its last. */
static bool is_one_shot(const struct arena_ancestor *ancestor)
{
	bool repeats = ancestor->repeat_ms && ancestor->repeat_ms != EVENT_NO_TIME;

	return ancestor->part == ACAUSAL_PART_CLOSE ||
	       (ancestor->type == ACAUSAL_TYPE_TIMER && !repeats) ||
	       ancestor->arming_api == ACAUSAL_API_uv_signal_start_oneshot;
}

static int tell_arming(struct ingest_process *process, struct history *history,
	const struct arena_ancestor *ancestor, struct error *err)
{
	struct event_arming event = {.thread = ancestor->arming_thread,
		.arming_id = ancestor->arming_id,
		.async_id = ancestor->async_id,
		.run_id = ancestor->arming_run_id,
		.armed = ancestor->armed,
		.timeout_ms = ancestor->timeout_ms,
		.repeat_ms = ancestor->repeat_ms,
		.stack = ancestor->arming_stack,
		.api = ancestor->arming_api,
		.end = ACAUSAL_END_NONE};
	uint32_t known = history_known(&history->armings, ancestor->arming_id);

	if (!ancestor->arming_id || !ancestor->armed || known & HISTORY_BORN)
		return 0;
	history_note(&history->armings, ancestor->arming_id, HISTORY_BORN);
	if (ancestor->inherited & ARENA_LIVE_ARMED_BEFORE)
		event.head.flags = EVENT_INHERITED;
	if (is_one_shot(ancestor) && !(known & (HISTORY_ALIVE | HISTORY_ENDED))) {
		history_note(&history->armings, ancestor->arming_id, HISTORY_ENDED);
		event.end = ACAUSAL_END_FIRED;
		event.disarmed = ancestor->began;
	}
	if (tell(process, ancestor->arming_thread, EVENT_ARMING, &event, sizeof event, err))
		return -1;
	if (event.end == ACAUSAL_END_NONE)
		forget_wait(process, ancestor->arming_id);
	return 0;
}

/* Without a type its birth was not kept. A request that is alive is told of at the end. */
static int tell_birth(struct ingest_process *process, struct history *history,
	const struct arena_ancestor *ancestor, struct error *err)
{
	const uint32_t told = ancestor->is_request ? HISTORY_BORN | HISTORY_ALIVE : HISTORY_BORN;
	struct event_resource event = {
		.thread = ancestor->birth_thread, .birth = birth_of(ancestor)};

	if (!ancestor->type || history_known(&history->resources, ancestor->async_id) & told)
		return 0;
	history_note(&history->resources, ancestor->async_id, HISTORY_BORN);
	if (ancestor->inherited & ARENA_LIVE_INHERITED)
		event.head.flags = EVENT_INHERITED;
	return tell(process, ancestor->birth_thread, EVENT_RESOURCE, &event, sizeof event, err);
}

/*
 * A run that has not ended is told of by its thread's slot, or at the end by its ancestor. What has
 * an event of its own may have lost that of its arming all the same: it came before.
 */
static int tell_run(struct ingest_process *process, struct history *history,
	const struct arena_ancestor *ancestor, struct error *err)
{
	struct event_run event = {.async_id = ancestor->async_id,
		.arming_id = ancestor->arming_id,
		.execution = execution_of(ancestor)};

	if (tell_birth(process, history, ancestor, err) ||
		tell_arming(process, history, ancestor, err))
		return -1;
	if (!ancestor->ended ||
		history_known(&history->runs, ancestor->run_id) & (HISTORY_BORN | HISTORY_ALIVE))
		return 0;
	history_note(&history->runs, ancestor->run_id, HISTORY_BORN);
	return tell(process, ancestor->thread, EVENT_RUN, &event, sizeof event, err);
}

static int tell_ancestor(struct ingest_process *process, struct history *history,
	const struct arena_ancestor *ancestor, struct error *err)
{
	bool has_row = history_known(&history->resources, ancestor->async_id) & HISTORY_BORN;
	bool is_told =
		history_known(&history->runs, ancestor->run_id) & (HISTORY_BORN | HISTORY_ALIVE);

	if (ancestor->is_root)
		return tell_root(process, history, ancestor, err);
	/* What has a row already cannot be one with its run: work that its work part told of. */
	if (!ancestor->is_request || !ancestor->type || has_row || is_told || !ancestor->ended)
		return tell_run(process, history, ancestor, err);
	history_note(&history->runs, ancestor->run_id, HISTORY_BORN);
	return tell_request(process, history, ancestor, err);
}

static int tell_ancestors(
	struct ingest_process *process, struct history *history, struct error *err)
{
	for (uint32_t i = 0; i < history->count; i++) {
		struct arena_ancestor ancestor;

		if (arena_reader_ancestor(
			    &process->arena, history->ancestors[i].index, &ancestor) &&
			ancestor.run_id == history->ancestors[i].run_id &&
			tell_ancestor(process, history, &ancestor, err))
			return -1;
	}
	return history_write_folds(process, history, err);
}

bool history_folds_behind(const struct ingest_process *process, uint64_t run_id)
{
	return process->history && history_known(&process->history->runs, run_id) & HISTORY_FOLDED;
}

static void free_history(struct history *history)
{
	if (!history)
		return;
	idmap_deinit(&history->runs);
	idmap_deinit(&history->resources);
	idmap_deinit(&history->armings);
	idmap_deinit(&history->threads);
	free(history->ancestors);
	free(history);
}

void history_destroy(struct ingest_process *process)
{
	free_history(process->history);
	process->history = NULL;
}

int history_begin(struct ingest_process *process, struct error *err)
{
	struct arena_reader_counts counts;
	struct history *history;

	/* While somebody drains, nothing is overwritten, and events may be yet to come. */
	if (process->arena.is_live && !process->arena.overwrites)
		return 0;
	arena_reader_counts(&process->arena, &counts);
	if (!counts.overwritten_until && arena_reader_used(&process->arena, ARENA_ANCESTORS) <= 1)
		return 0;
	process->history = history = calloc(1, sizeof *history);
	if (!history)
		return error_set(
			err, "no memory for the history of process %u", process->arena.os_pid);
	history->until = counts.overwritten_until;
	process->ingest->has_overwritten |= history->until != 0;
	if (history_know(process, history, err))
		return -1;
	if (history->until && recording_write_process_history(process->ingest->recording,
				      process->process_id, events_ns(process, history->until), err))
		return -1;
	return tell_threads(process, history, err) || tell_lives(process, history, err) ||
			       tell_ancestors(process, history, err)
		       ? -1
		       : 0;
}

/* Began before, is not there any more, nothing happened to it since, and no event tells its end. */
static bool has_vanished(uint32_t known)
{
	return (known & (HISTORY_BORN | HISTORY_ENDED | HISTORY_ALIVE | HISTORY_LATE)) ==
	       HISTORY_BORN;
}

/* Calls `end` for each ID in the map that has vanished. */
static int end_vanished(struct ingest_process *process, const struct idmap *map,
	int (*end)(struct ingest_process *, uint64_t id, uint64_t until, struct error *err),
	struct error *err)
{
	for (uint32_t i = 0; map->slots && i <= map->mask; i++)
		if (map->slots[i].key && has_vanished(map->slots[i].value) &&
			end(process, map->slots[i].key, process->history->until, err))
			return -1;
	return 0;
}

static int end_resource(
	struct ingest_process *process, uint64_t id, uint64_t until, struct error *err)
{
	struct event_destroy event = {.async_id = id, .destroyed = until};

	return tell(process, 0, EVENT_DESTROY, &event, sizeof event, err);
}

static int end_arming(
	struct ingest_process *process, uint64_t id, uint64_t until, struct error *err)
{
	struct event_disarm event = {.end = ACAUSAL_END_NONE, .arming_id = id, .disarmed = until};

	return tell(process, 0, EVENT_DISARM, &event, sizeof event, err);
}

static int end_thread(
	struct ingest_process *process, uint64_t number, uint64_t until, struct error *err)
{
	struct event_thread_end event = {.ended = until};

	return tell(process, (uint32_t)number, EVENT_THREAD_END, &event, sizeof event, err);
}

/* What is alive and has an old birth: a later event that told more of it may be gone. */
static int renew_live(
	struct ingest_process *process, const struct arena_live *live, struct error *err)
{
	struct event_retype event = {.type = live->type,
		.async_id = live->async_id,
		.trigger_id = live->trigger_id,
		.handle_id = live->handle_id};
	int64_t async_id;

	/* What it was forked with counts in another process. */
	if (live->flags & ARENA_LIVE_INHERITED)
		event.trigger_id = 0;
	if (tell(process, 0, EVENT_RETYPE, &event, sizeof event, err))
		return -1;
	if (!events_id(process, live->async_id, &async_id) || events_first_ref(live->type) != 1)
		return 0;
	return window_reference(process->ingest, async_id, !(live->flags & ARENA_LIVE_UNREF), err);
}

static int renew_lives(struct ingest_process *process, struct error *err)
{
	const struct history *history = process->history;
	uint32_t count = arena_reader_used(&process->arena, ARENA_LIVES);

	for (uint32_t i = 1; i < count; i++) {
		struct arena_live live;
		uint32_t known;

		if (!arena_reader_live(&process->arena, i, &live) ||
			!(live.flags & ARENA_LIVE_HANDLE) || live.created >= history->until)
			continue;
		known = history_known(&history->resources, live.async_id);
		if (known & HISTORY_BORN && !(known & HISTORY_ENDED) &&
			renew_live(process, &live, err))
			return -1;
	}
	return 0;
}

int history_end(struct ingest_process *process, struct error *err)
{
	const struct history *history = process->history;

	if (!history || !history->until)
		return 0;
	return end_vanished(process, &history->resources, end_resource, err) ||
			       end_vanished(process, &history->armings, end_arming, err) ||
			       end_vanished(process, &history->threads, end_thread, err) ||
			       renew_lives(process, err)
		       ? -1
		       : 0;
}

int history_end_runs(struct ingest_process *process, struct error *err)
{
	const struct history *history = process->history;

	for (uint32_t i = 0; history && i < history->count; i++) {
		uint64_t run_id = history->ancestors[i].run_id;
		struct arena_ancestor ancestor;
		const struct thread *thread;
		struct arena_run open;
		int64_t outer, written;

		if (history_known(&history->runs, run_id) & (HISTORY_BORN | HISTORY_ALIVE) ||
			!arena_reader_ancestor(
				&process->arena, history->ancestors[i].index, &ancestor) ||
			ancestor.run_id != run_id || ancestor.is_root)
			continue;
		open = (struct arena_run){.run_id = run_id,
			.async_id = ancestor.async_id,
			.arming_id = ancestor.arming_id,
			.began = ancestor.began,
			.callback = ancestor.callback,
			.outer_stack = ancestor.outer_stack,
			.part = ancestor.part};
		thread = threads_find(process, ancestor.thread);
		if (!events_id(process, ancestor.outer_run_id, &outer) ||
			(thread && outer == thread->root_run_id))
			outer = 0;
		if (ending_write_open_run(process, ancestor.thread, &open, outer, &written, err) <
			0)
			return -1;
	}
	return 0;
}
