/* The end of history in a copy: see arena_cut.h. Bytes that are no events are left as they are. */
#include "recorder/snapshot/arena_cut.h"

#include "recorder/snapshot/arena_copy.h"
#include "recorder/wire/events.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add(struct arena_cut_ids *ids, uint64_t id)
{
	size_t room = ids->room ? 2 * ids->room : 256;
	uint64_t *list;

	if (ids->count == ids->room) {
		list = realloc(ids->list, room * sizeof *list);
		if (!list) {
			ids->is_short = true;
			return;
		}
		ids->list = list;
		ids->room = room;
	}
	ids->list[ids->count++] = id;
}

static void sort(struct arena_cut_ids *ids)
{
	if (ids->count)
		qsort(ids->list, ids->count, sizeof *ids->list, by_value);
}

/* In sorted ones. */
static bool has(const struct arena_cut_ids *ids, uint64_t id)
{
	return ids->count && bsearch(&id, ids->list, ids->count, sizeof *ids->list, by_value);
}

int arena_cut_init(struct arena_cut *cut, const struct arena_copy *copy, struct error *err)
{
	*cut = (struct arena_cut){.moment = copy->moment,
		.last_async_id = copy->last_async_id,
		.last_arming_id = copy->last_arming_id};
	for (uint64_t i = 1; i < copy->used[ARENA_LIVES]; i++) {
		const struct arena_live *live = arena_copy_at(copy, ARENA_LIVES, i);

		if (live->async_id)
			add(&cut->living, live->async_id);
	}
	if (cut->living.is_short) {
		arena_cut_deinit(cut);
		return error_set(err, "out of memory");
	}
	sort(&cut->living);
	return 0;
}

void arena_cut_deinit(struct arena_cut *cut)
{
	free(cut->living.list);
	free(cut->ended.list);
	free(cut->disarmed.list);
	*cut = (struct arena_cut){0};
}

int arena_cut_lives(struct arena_cut *cut, struct arena_copy *copy, struct error *err)
{
	if (cut->ended.is_short || cut->disarmed.is_short)
		return error_set(err, "out of memory");
	sort(&cut->ended);
	sort(&cut->disarmed);
	for (uint64_t i = 1; i < copy->used[ARENA_LIVES]; i++) {
		struct arena_live *live = arena_copy_at(copy, ARENA_LIVES, i);

		if (!live->async_id)
			continue;
		if (has(&cut->ended, live->async_id))
			memset(live, 0, sizeof *live);
		else if (live->flags & ARENA_LIVE_ARMED && has(&cut->disarmed, live->arming_id))
			live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	}
	return 0;
}

/* A request that was pending at the moment is so in the copy, whatever became of it. */
static bool is_request_of_later(const struct arena_cut *cut, const struct event_request *event)
{
	if (event->birth.created > cut->moment)
		return true;
	return event->execution.began > cut->moment && has(&cut->living, event->birth.async_id);
}

/* What has no time of its own is about something that an event with one has made known. */
static bool is_of_later(const struct arena_cut *cut, const struct event_head *head)
{
	uint64_t at = 0;

	/* The times stand in the first bytes of each; `size` of it was checked. */
#define TIME(kind, type, field)                                                                    \
	case EVENT_##kind:                                                                         \
		if (head->size >= sizeof(struct type))                                             \
			at = ((const struct type *)(const void *)head)->field;                     \
		break
	switch (head->kind) {
	case EVENT_REQUEST:
		return head->size >= sizeof(struct event_request) &&
		       is_request_of_later(cut, (const void *)head);
		TIME(THREAD, event_thread, started);
		TIME(THREAD_END, event_thread_end, ended);
		TIME(RESOURCE, event_resource, birth.created);
		TIME(DESTROY, event_destroy, destroyed);
		TIME(RUN, event_run, execution.began);
		TIME(ARMING, event_arming, armed);
		TIME(DISARM, event_disarm, disarmed);
		TIME(CAUSE, event_cause, caused);
		TIME(LOG, event_log, written);
		TIME(GAP, event_gap, from);
		TIME(SPAWN, event_spawn, spawned);
		TIME(POLL, event_poll, entered);
		TIME(POOL, event_pool, began);
		TIME(REF, event_ref, at);
		TIME(CONTEXT, event_context, set);
	default:
		break;
	}
#undef TIME
	return at > cut->moment;
}

/* Whether an event without a time is about what had not been made. */
static bool is_about_later(const struct arena_cut *cut, const struct event_head *head)
{
	const struct event_carried *carried = (const void *)head;

	if (head->kind == EVENT_CARRIED && head->size >= sizeof *carried)
		return carried->id >
		       (carried->is_arming ? cut->last_arming_id : cut->last_async_id);
	if (head->kind == EVENT_RETYPE && head->size >= sizeof(struct event_retype))
		return ((const struct event_retype *)(const void *)head)->async_id >
		       cut->last_async_id;
	if (head->kind == EVENT_DETAIL && head->size >= sizeof(struct event_detail))
		return ((const struct event_detail *)(const void *)head)->async_id >
		       cut->last_async_id;
	return false;
}

/* An arming that stood at the moment. */
static void forget_end(const struct arena_cut *cut, struct event_head *head)
{
	struct event_arming *event = (void *)head;

	if (head->kind != EVENT_ARMING || head->size < sizeof *event ||
		event->disarmed <= cut->moment)
		return;
	event->end = ACAUSAL_END_NONE;
	event->disarm_stack = 0;
	event->disarm_run_id = event->disarmed = 0;
}

/* What the event says to be over. */
static void note_end(struct arena_cut *cut, const struct event_head *head)
{
	const union {
		struct event_head head;
		struct event_destroy DESTROY;
		struct event_request REQUEST;
		struct event_arming ARMING;
		struct event_disarm DISARM;
	} *event = (const void *)head;

	if (head->kind == EVENT_DESTROY && head->size >= sizeof event->DESTROY)
		add(&cut->ended, event->DESTROY.async_id);
	else if (head->kind == EVENT_REQUEST && head->size >= sizeof event->REQUEST)
		add(&cut->ended, event->REQUEST.birth.async_id);
	else if (head->kind == EVENT_ARMING && head->size >= sizeof event->ARMING &&
		 event->ARMING.end)
		add(&cut->disarmed, event->ARMING.arming_id);
	else if (head->kind == EVENT_DISARM && head->size >= sizeof event->DISARM)
		add(&cut->disarmed, event->DISARM.arming_id);
}

uint32_t arena_cut_events(struct arena_cut *cut, unsigned char *bytes, uint32_t from, uint32_t to)
{
	uint32_t left = from;

	for (uint32_t at = from; at < to;) {
		struct event_head *head = (void *)(bytes + at);
		uint32_t size = head->size;

		if (to - at < sizeof *head || size < sizeof *head || size % 8 || size > to - at)
			return to;
		if (!is_of_later(cut, head) && !is_about_later(cut, head)) {
			forget_end(cut, head);
			note_end(cut, head);
			if (left != at)
				memmove(bytes + left, head, size);
			left += size;
		}
		at += size;
	}
	return left;
}
