/*
 * What is known of a process before its events are read: see history.h. Looks at everything that is
 * alive, at each ancestor, and twice through the events: for what they begin, and then for what
 * they end, because the events of two threads come in no order.
 *
 * Of what began after history did, every event is there: only what is older is remembered.
 */
#include "recorder/ingest/events_internal.h"
#include "recorder/ingest/history.h"

#include <stdlib.h>
#include <string.h>

enum { KNOWN_MAX = 1 << 23 }; /* IDs in a map */

/* Notes it of an ID that is in the map already. */
static void note_of_known(struct idmap *map, uint64_t id, uint32_t known)
{
	uint32_t before;

	if (idmap_get(map, id, &before))
		idmap_put(map, id, before | known);
}

/* A beginning that an event tells of: of those that can have lost their end, or are asked for. */
static void note_born(const struct history *history, struct idmap *map, uint64_t id, uint64_t ticks)
{
	if (ticks < history->until)
		history_note(map, id, HISTORY_BORN);
	else
		note_of_known(map, id, HISTORY_BORN | HISTORY_LATE);
}

static void find_beginnings(struct history *history, const union event *event, uint32_t thread)
{
	switch (event->head.kind) {
	case EVENT_THREAD:
		note_born(history, &history->threads, thread, event->THREAD.started);
		note_of_known(&history->runs, event->THREAD.root_run_id, HISTORY_BORN);
		break;
	case EVENT_RESOURCE:
		note_born(history, &history->resources, event->RESOURCE.birth.async_id,
			event->RESOURCE.birth.created);
		break;
	case EVENT_REQUEST:
		note_of_known(&history->resources, event->REQUEST.birth.async_id,
			HISTORY_BORN | HISTORY_ENDED);
		note_of_known(&history->runs, event->REQUEST.execution.run_id, HISTORY_BORN);
		break;
	case EVENT_RUN:
		note_of_known(&history->runs, event->RUN.execution.run_id, HISTORY_BORN);
		break;
	case EVENT_ARMING:
		if (event->ARMING.end == ACAUSAL_END_NONE)
			note_born(history, &history->armings, event->ARMING.arming_id,
				event->ARMING.armed);
		else
			note_of_known(&history->armings, event->ARMING.arming_id,
				HISTORY_BORN | HISTORY_ENDED);
		break;
	default:
		break;
	}
}

static void find_ends(struct history *history, const union event *event, uint32_t thread)
{
	switch (event->head.kind) {
	case EVENT_THREAD_END:
		note_of_known(&history->threads, thread, HISTORY_ENDED);
		break;
	case EVENT_DESTROY:
		note_of_known(&history->resources, event->DESTROY.async_id, HISTORY_ENDED);
		break;
	case EVENT_DISARM:
		note_of_known(&history->armings, event->DISARM.arming_id, HISTORY_ENDED);
		break;
	case EVENT_RUN:
		if (event->RUN.execution.began <= history->until)
			break;
		note_of_known(&history->resources, event->RUN.async_id, HISTORY_LATE);
		note_of_known(&history->armings, event->RUN.arming_id, HISTORY_LATE);
		break;
	case EVENT_ARMING:
		if (event->ARMING.armed > history->until)
			note_of_known(&history->resources, event->ARMING.async_id, HISTORY_LATE);
		break;
	default:
		break;
	}
}

/* The events of one chunk, as events_read would tell them apart. */
static void look_through(struct history *history, const unsigned char *bytes, size_t size,
	uint32_t thread, void (*look)(struct history *, const union event *event, uint32_t thread))
{
	static const size_t least[EVENT_COUNT] = {
#define X(tag, type) [EVENT_##tag] = sizeof(struct type),
		ACAUSAL_EVENTS(X)
#undef X
	};
	union event event;

	for (size_t at = 0; at < size; at += event.head.size) {
		memcpy(&event.head, bytes + at, sizeof event.head);
		if (event.head.size < 8 || event.head.size % 8 || event.head.size > size - at)
			return;
		if (event.head.kind == EVENT_NONE || event.head.kind >= EVENT_COUNT ||
			event.head.size < least[event.head.kind])
			continue;
		memcpy(&event, bytes + at, least[event.head.kind]);
		look(history, &event, thread);
	}
}

static void look_through_all(struct ingest_process *process, struct history *history,
	void (*look)(struct history *, const union event *event, uint32_t thread))
{
	struct arena_reader *arena = &process->arena;
	uint64_t *buffer = process->ingest->buffer;

	for (size_t i = 0; i < arena->news_count; i++) {
		const struct chunk_news *news = &arena->news[i];
		size_t size = arena_reader_look(arena, news, buffer);

		look_through(history, (const unsigned char *)buffer, size, news->thread, look);
	}
}

static void find_lives(struct ingest_process *process, struct history *history)
{
	uint32_t count = arena_reader_used(&process->arena, ARENA_LIVES);

	for (uint32_t i = 1; i < count; i++) {
		struct arena_live live;

		if (!arena_reader_live(&process->arena, i, &live))
			continue;
		history_note(&history->resources, live.async_id, HISTORY_ALIVE);
		if (live.flags & ARENA_LIVE_ARMED)
			history_note(&history->armings, live.arming_id, HISTORY_ALIVE);
	}
}

static void find_threads(struct ingest_process *process, struct history *history)
{
	uint32_t count = arena_reader_used(&process->arena, ARENA_THREADS);

	for (uint32_t i = 0; i < count; i++) {
		struct arena_thread slot;
		uint32_t known;

		if (!arena_reader_thread(&process->arena, i, &slot))
			continue;
		/* What has ended is asked about as well: what is told of it is not told again. */
		known = slot.state == ARENA_THREAD_ENDED ? HISTORY_ASKED : HISTORY_ALIVE;
		history_note(&history->threads, slot.number, known);
		history_note(&history->runs, slot.root_run_id, known);
		if (slot.state == ARENA_THREAD_ENDED)
			continue;
		for (uint32_t run = 0; run < slot.depth && run < ARENA_OPEN_RUNS; run++)
			history_note(&history->runs, slot.open[run].run_id, HISTORY_ALIVE);
	}
}

/* Whether what it says can be: what it came of must be older. */
static bool is_sensible(const struct ingest_process *process, const struct arena_ancestor *ancestor)
{
	uint64_t link = ancestor->arming_id ? ancestor->arming_run_id : ancestor->birth_run_id;
	uint32_t before = ancestor->arming_id ? ARENA_LIVE_ARMED_BEFORE : ARENA_LIVE_INHERITED;

	if (ancestor->run_id >> PROCESS_SHIFT || !ancestor->async_id || !ancestor->thread ||
		ancestor->part >= ACAUSAL_PART_COUNT)
		return false;
	if (link >= ancestor->run_id && !(ancestor->inherited & before))
		return false;
	/* In the parent's place there may be another by now, and that may be younger. */
	return !ancestor->parent ||
	       (ancestor->parent < process->arena.region[ARENA_ANCESTORS].count &&
		       ancestor->parent_run_id < ancestor->run_id);
}

static int by_run(const void *a, const void *b)
{
	const struct history_ancestor *x = a, *y = b;

	return (x->run_id > y->run_id) - (x->run_id < y->run_id);
}

static int find_ancestors(
	struct ingest_process *process, struct history *history, struct error *err)
{
	uint32_t used = arena_reader_used(&process->arena, ARENA_ANCESTORS), capacity = 0;
	struct arena_ancestor ancestor;

	for (uint32_t i = 1; i < used; i++) {
		if (!arena_reader_ancestor(&process->arena, i, &ancestor))
			continue;
		if (!is_sensible(process, &ancestor) ||
			history_known(&history->runs, ancestor.run_id) & HISTORY_WANTED) {
			process->ingest->lost++;
			continue;
		}
		if (history->count == capacity) {
			struct history_ancestor *more;

			capacity = capacity ? 2 * capacity : 64;
			more = realloc(history->ancestors, capacity * sizeof *more);
			if (!more)
				return error_set(err, "no memory for the history of process %u",
					process->arena.os_pid);
			history->ancestors = more;
		}
		history->ancestors[history->count++] =
			(struct history_ancestor){ancestor.run_id, i};
		history_note(&history->runs, ancestor.run_id,
			ancestor.folded ? HISTORY_WANTED | HISTORY_FOLDED : HISTORY_WANTED);
		history_note(&history->armings, ancestor.arming_id, HISTORY_WANTED);
		if (ancestor.is_root)
			history_note(&history->threads, ancestor.thread, HISTORY_WANTED);
		else
			history_note(&history->resources, ancestor.async_id, HISTORY_WANTED);
	}
	if (history->count > 1)
		qsort(history->ancestors, history->count, sizeof *history->ancestors, by_run);
	return 0;
}

int history_know(struct ingest_process *process, struct history *history, struct error *err)
{
	idmap_init(&history->runs, KNOWN_MAX);
	idmap_init(&history->resources, KNOWN_MAX);
	idmap_init(&history->armings, KNOWN_MAX);
	idmap_init(&history->threads, KNOWN_MAX);
	find_lives(process, history);
	find_threads(process, history);
	if (find_ancestors(process, history, err))
		return -1;
	arena_reader_gather(&process->arena, UINT64_MAX);
	look_through_all(process, history, find_beginnings);
	look_through_all(process, history, find_ends);
	return 0;
}
