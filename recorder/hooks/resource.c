/*
 * Resources as they are made, renamed and ended: see resource.h.
 *
 * Nothing in here calls libuv; the program is called where it has hooks of its own (listener.h).
 */
#include "recorder/hooks/resource.h"

#include "recorder/hooks/arming.h"
#include "recorder/hooks/birth.h"
#include "recorder/runtime/carry.h"
#include "recorder/runtime/detail.h"
#include "recorder/runtime/listener.h"

#include <string.h>

uint64_t loop_id_of(struct thread *thread, const void *loop)
{
	uint32_t index;

	if (!loop)
		return 0;
	if (thread->loop_address == loop && live_at(thread->loop_live)->async_id == thread->loop_id)
		return thread->loop_id;
	index = live_find(loop);
	if (!index)
		return 0;
	thread->loop_address = loop;
	thread->loop_live = index;
	thread->loop_id = live_at(index)->async_id;
	return thread->loop_id;
}

/* Fills the record's birth; its ID is returned, to be published when all is in its place. */
static uint64_t birth_fill(
	struct call *call, struct arena_live *live, enum acausal_type type, const void *loop)
{
	struct thread *thread = call->thread;

	live->stack = call_stack(call);
	live->trigger_id = run_context_resource(thread);
	live->run_id = run_context(thread);
	live->ancestor = lineage_now(thread);
	live->loop_id = loop_id_of(thread, loop);
	live->type = (uint16_t)type;
	live->api = call->api;
	live->thread = thread->emit.thread;
	/* A loop calls nobody, and lives for long. */
	if (type != ACAUSAL_TYPE_LOOP)
		carry_made(thread, (uint32_t)(live - arena_map.lives));
	/* The ID before the time: see run_begin. */
	atomic_store_explicit(&live->async_id, 0, memory_order_relaxed);
	return arena_next(&arena()->async_id);
}

void request_over(struct thread *thread, uint32_t index, int64_t status)
{
	const struct arena_live *live = live_at(index);
	const uint64_t async_id = live->async_id;
	struct event_request *event =
		live->async_id ? emit_begin(&thread->emit, sizeof *event) : NULL;

	if (event) {
		*event = (struct event_request){
			.thread = live->thread,
			.birth = live_birth(index),
			.execution = {.ended = arena_ticks(),
				.status = status,
				.bytes = EVENT_NO_STATUS},
		};
		emit_commit(&thread->emit, EVENT_REQUEST,
			live->flags & ARENA_LIVE_INHERITED ? EVENT_INHERITED : 0, sizeof *event);
		if (unlikely(live->context_id))
			carried_write(thread, false, live->async_id, live->context_id);
	}
	live_release(index);
	if (listener_is_any())
		listener_over(thread, async_id);
}

/* An object is made where another lives that was never closed: that one has ended unseen. */
static void forget_former(struct call *call, const void *object)
{
	uint32_t index = live_find(object);
	struct arena_live *live;

	if (likely(!index))
		return;
	live = live_at(index);
	live_unlink(index, object);
	if (live->flags & ARENA_LIVE_HANDLE) {
		handle_disarmed(call, index, ACAUSAL_END_NONE);
		resource_destroyed(call->thread, index, call_ticks(call));
	} else {
		request_over(call->thread, index, EVENT_NO_STATUS);
	}
}

uint32_t handle_made(
	struct call *call, const void *object, enum acausal_type type, const void *loop)
{
	struct arena_live *live;
	uint32_t index;
	uint64_t id;

	forget_former(call, object);
	index = live_take(object);
	if (!index)
		return 0;
	live_callbacks(index)->uv = call->uv->number;
	live = live_at(index);
	id = birth_fill(call, live, type, loop);
	live->created = call_ticks(call);
	live->flags = ARENA_LIVE_HANDLE;
	live_publish(index, id);
	birth_write(call->thread, index);
	if (listener_is_any())
		listener_made(call->thread, index, object);
	return index;
}

static enum acausal_type type_of_handle(const uv_handle_t *handle)
{
	switch (handle->type) {
	case UV_ASYNC:
		return ACAUSAL_TYPE_ASYNC;
	case UV_CHECK:
		return ACAUSAL_TYPE_CHECK;
	case UV_FS_EVENT:
		return ACAUSAL_TYPE_FS_EVENT;
	case UV_FS_POLL:
		return ACAUSAL_TYPE_FS_POLL;
	case UV_IDLE:
		return ACAUSAL_TYPE_IDLE;
	case UV_NAMED_PIPE:
		return ACAUSAL_TYPE_PIPE;
	case UV_POLL:
		return ACAUSAL_TYPE_POLL;
	case UV_PREPARE:
		return ACAUSAL_TYPE_PREPARE;
	case UV_PROCESS:
		return ACAUSAL_TYPE_PROCESS;
	case UV_SIGNAL:
		return ACAUSAL_TYPE_SIGNAL;
	case UV_TCP:
		return ACAUSAL_TYPE_TCP;
	case UV_TIMER:
		return ACAUSAL_TYPE_TIMER;
	case UV_TTY:
		return ACAUSAL_TYPE_TTY;
	case UV_UDP:
		return ACAUSAL_TYPE_UDP;
	default:
		return ACAUSAL_TYPE_NONE;
	}
}

uint32_t handle_known(struct call *call, const void *object)
{
	const uv_handle_t *handle = object;
	uint32_t index = live_find(object);
	enum acausal_type type;
	struct arena_live *live;

	if (likely(index) || !object)
		return index;
	type = type_of_handle(handle);
	if (type == ACAUSAL_TYPE_NONE)
		return 0;
	index = live_take(object);
	if (!index)
		return 0;
	live_callbacks(index)->uv = call->uv->number;
	live = live_at(index);
	live->type = (uint16_t)type;
	live->loop_id = loop_id_of(call->thread, handle->loop);
	live->thread = 0;
	live->flags = ARENA_LIVE_HANDLE;
	live_publish(index, arena_next(&arena()->async_id));
	birth_write(call->thread, index);
	return index;
}

void handle_retype(struct call *call, uint32_t index, enum acausal_type type, uint64_t trigger,
	uint64_t handle)
{
	struct arena_live *live = live_at(index);
	struct event_retype *event;

	if (type)
		live->type = (uint16_t)type;
	if (trigger)
		live->trigger_id = trigger;
	if (handle)
		live->handle_id = handle;
	event = emit_begin(&call->thread->emit, sizeof *event);
	if (!event)
		return;
	event->type = type;
	event->async_id = live->async_id;
	event->trigger_id = trigger;
	event->handle_id = handle;
	emit_commit(&call->thread->emit, EVENT_RETYPE, 0, sizeof *event);
}

void resource_destroyed(struct thread *thread, uint32_t index, uint64_t ticks)
{
	struct event_destroy *event = emit_begin(&thread->emit, sizeof *event);
	const uint64_t async_id = live_at(index)->async_id;

	if (event) {
		event->async_id = async_id;
		event->destroyed = ticks;
		emit_commit(&thread->emit, EVENT_DESTROY, 0, sizeof *event);
	}
	live_release(index);
	if (listener_is_any())
		listener_over(thread, async_id);
}

enum { DETAIL_MAX = 1024 }; /* bytes of words that are kept */

/* Words of no more than DETAIL_MAX bytes. */
static void detail_write(struct thread *thread, uint32_t index, const struct detail_words *words)
{
	const size_t count = sizeof words->piece / sizeof *words->piece;
	size_t size = sizeof(struct event_detail), i;
	struct event_detail *event;
	char *to;

	if (unlikely(atomic_load_explicit(&arena_in_flight, memory_order_relaxed)))
		detail_keep(index, words);
	for (i = 0; i < count; i++)
		size += words->piece[i].size;
	event = emit_begin(&thread->emit, (size + 7) & ~(size_t)7);
	if (!event)
		return;
	event->kind = words->kind;
	event->async_id = live_at(index)->async_id;
	event->length = (uint32_t)(size - sizeof *event);
	event->reserved = 0;
	to = event->text;
	for (i = 0; i < count; i++)
		if (words->piece[i].size)
			to = mempcpy(to, words->piece[i].bytes, words->piece[i].size);
	emit_commit(&thread->emit, EVENT_DETAIL, 0, size);
}

void resource_detail(struct thread *thread, uint32_t index, enum event_detail_kind kind,
	const void *bytes, size_t n)
{
	struct detail_words words = {.kind = kind};

	if (!index || !bytes)
		return;
	words.piece[0].bytes = bytes;
	words.piece[0].size = n < DETAIL_MAX ? n : DETAIL_MAX;
	detail_write(thread, index, &words);
}

void resource_detail_text(struct call *call, uint32_t index, const char *text)
{
	if (text)
		resource_detail(call->thread, index, EVENT_DETAIL_TEXT, text, strlen(text));
}

void resource_detail_pair(struct call *call, uint32_t index, const char *from, const char *to)
{
	static const char arrow[] = " -> ";
	const size_t between = sizeof arrow - 1, most = (DETAIL_MAX - between) / 2;
	struct detail_words words = {.kind = EVENT_DETAIL_TEXT};

	if (!index || !from || !to)
		return;
	words.piece[0].bytes = from;
	words.piece[0].size = strnlen(from, most);
	words.piece[1].bytes = arrow;
	words.piece[1].size = between;
	words.piece[2].bytes = to;
	words.piece[2].size = strnlen(to, most);
	detail_write(call->thread, index, &words);
}

void resource_detail_file(struct call *call, uint32_t index, int fd)
{
	char text[16] = "fd ", digits[12];
	unsigned number = (unsigned)fd;
	int length = 3, count = 0;

	if (fd < 0)
		return;
	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (count > 0)
		text[length++] = digits[--count];
	resource_detail(call->thread, index, EVENT_DETAIL_TEXT, text, (size_t)length);
}

void handle_ref_changed(struct call *call, uint32_t index, bool has_ref)
{
	struct arena_live *live = live_at(index);
	struct thread *thread = call->thread;
	uint64_t run = run_context(thread);
	struct event_ref *event;

	live_callbacks(index)->is_unref = !has_ref;
	if (has_ref)
		live->flags &= ~(uint32_t)ARENA_LIVE_UNREF;
	else
		live->flags |= ARENA_LIVE_UNREF;
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return;
	event->has_ref = has_ref;
	event->async_id = live->async_id;
	event->run_id = run;
	event->at = call_ticks(call);
	emit_commit(&thread->emit, EVENT_REF, 0, sizeof *event);
}

uint32_t request_made(struct call *call, const void *object, enum acausal_type type,
	const void *loop, const void *stream, void *callback)
{
	struct arena_live *live;
	uint32_t index, of, former = live_find(object);
	uint64_t id;

	/* A request that waits still may be tried once more: the first stands when that is refused.
	 */
	if (unlikely(former) && !(live_at(former)->flags & ARENA_LIVE_HANDLE)) {
		live_unlink(former, object);
	} else if (unlikely(former)) {
		forget_former(call, object);
		former = 0;
	}
	index = live_take(object);
	if (!index) {
		if (former)
			live_link(former, object);
		return 0;
	}
	live_callbacks(index)->former = former;
	live_callbacks(index)->uv = call->uv->number;
	live = live_at(index);
	id = birth_fill(call, live, type, loop);
	live->created = call_ticks(call);
	if (stream && (of = live_find(stream)) != 0) {
		live->handle_id = live_at(of)->async_id;
		if (!live->loop_id)
			live->loop_id = live_at(of)->loop_id;
	}
	live->callback = (uintptr_t)callback;
	live_callbacks(index)->callback = callback;
	live_publish(index, id);
	if (listener_is_any())
		listener_made(call->thread, index, object);
	return index;
}

void request_refused(uint32_t index, const void *object)
{
	uint64_t async_id;
	uint32_t former;

	if (!index || !arena())
		return;
	former = live_callbacks(index)->former;
	async_id = live_at(index)->async_id;
	live_unlink(index, object);
	live_release(index);
	if (former)
		live_link(former, object);
	if (listener_is_any() && thread_current)
		listener_over(thread_current, async_id);
}
