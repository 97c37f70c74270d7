/*
 * What wrappers and trampolines have in common: see hook.h.
 *
 * Nothing in here calls the program or libuv. All of it keeps errno, takes no lock, and does
 * nothing when the process is not recorded (a forked child, or one whose arena failed).
 */
#include "recorder/hooks/hook.h"

#include <string.h>

extern const char __start_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __start_acausal_trampolines[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_trampolines[] __attribute__((visibility("hidden")));
extern const char __start_acausal_passages[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_passages[] __attribute__((visibility("hidden")));

/* The libuv that this thread called last: whose a call that comes from our own code is. */
static __thread const struct libuv *bound __attribute__((tls_model("initial-exec")));

static bool lies_in(uintptr_t address, const char *low, const char *high)
{
	return address - (uintptr_t)low < (uintptr_t)high - (uintptr_t)low;
}

bool call_is_wrappers(uintptr_t caller)
{
	return lies_in(caller, __start_acausal_wrappers, __stop_acausal_wrappers);
}

void call_enter(struct call *call, enum acausal_api api)
{
	uintptr_t caller = call->from.pc;

	call->thread = NULL;
	call->ticks = 0;
	call->api = (uint16_t)api;
	if (unlikely(call_is_wrappers(caller)) && bound) {
		call->uv = bound;
		return;
	}
	if (unlikely(lies_in(caller, __start_acausal_trampolines, __stop_acausal_trampolines) ||
		     lies_in(caller, __start_acausal_passages, __stop_acausal_passages)) &&
		bound)
		call->uv = bound;
	else
		call->uv = bound = libuv_of(caller);
	if (caller - call->uv->text_low < call->uv->text_high - call->uv->text_low)
		return;
	call->thread = thread_self();
	if (call->thread && unlikely(call->thread->depth > 0))
		run_drop_left(call->thread, call->from.sp);
}

static uint64_t call_ticks(struct call *call)
{
	if (!call->ticks)
		call->ticks = arena_ticks();
	return call->ticks;
}

/* --- resources ---------------------------------------------------------------------------- */

static uint64_t loop_id_of(struct thread *thread, const void *loop)
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

	live->trigger_id = run_current_resource(thread);
	live->run_id = run_current(thread);
	live->loop_id = loop_id_of(thread, loop);
	live->stack = call_stack(call);
	live->type = (uint16_t)type;
	live->api = call->api;
	live->thread = thread->emit.thread;
	/* The ID before the time: see run_begin. */
	atomic_store_explicit(&live->async_id, 0, memory_order_relaxed);
	return arena_next(&arena()->async_id);
}

static void birth_write(struct thread *thread, const struct arena_live *live)
{
	struct event_resource *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	event->thread = live->thread;
	event->birth = (struct event_birth){
		.async_id = live->async_id,
		.trigger_id = live->trigger_id,
		.run_id = live->run_id,
		.created = live->created,
		.address = live->address,
		.loop_id = live->loop_id,
		.handle_id = live->handle_id,
		.stack = live->stack,
		.type = live->type,
		.api = live->api,
	};
	emit_commit(&thread->emit, EVENT_RESOURCE, 0, sizeof *event);
}

static void arming_write(struct thread *thread, const struct arena_live *live, enum acausal_end end,
	uint64_t run, uint64_t ticks, uint32_t stack)
{
	struct event_arming *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	*event = (struct event_arming){
		.thread = live->arming_thread,
		.arming_id = live->arming_id,
		.async_id = live->async_id,
		.run_id = live->arming_run_id,
		.armed = live->armed,
		.timeout_ms = live->timeout_ms,
		.repeat_ms = live->repeat_ms,
		.stack = live->arming_stack,
		.api = live->arming_api,
		.end = (uint16_t)end,
		.count = live->armings,
		.disarm_stack = stack,
		.disarm_run_id = run,
		.disarmed = ticks,
	};
	emit_commit(&thread->emit, EVENT_ARMING, 0, sizeof *event);
}

/* A request is over of which no callback was seen to run; its life is known all the same. */
static void request_over(struct thread *thread, uint32_t index, int64_t status)
{
	const struct arena_live *live = live_at(index);
	struct event_request *event = emit_begin(&thread->emit, sizeof *event);

	if (event) {
		*event = (struct event_request){
			.thread = live->thread,
			.birth =
				{
					.async_id = live->async_id,
					.trigger_id = live->trigger_id,
					.run_id = live->run_id,
					.created = live->created,
					.address = live->address,
					.loop_id = live->loop_id,
					.handle_id = live->handle_id,
					.stack = live->stack,
					.type = live->type,
					.api = live->api,
				},
			.execution = {.ended = arena_ticks(),
				.status = status,
				.bytes = EVENT_NO_STATUS},
		};
		emit_commit(&thread->emit, EVENT_REQUEST, 0, sizeof *event);
	}
	live_release(index);
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
	live = live_at(index);
	id = birth_fill(call, live, type, loop);
	live->created = call_ticks(call);
	live->flags = ARENA_LIVE_HANDLE;
	live_publish(index, id);
	birth_write(call->thread, live);
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
	live = live_at(index);
	live->type = (uint16_t)type;
	live->loop_id = loop_id_of(call->thread, handle->loop);
	live->thread = 0;
	live->flags = ARENA_LIVE_HANDLE;
	live_publish(index, arena_next(&arena()->async_id));
	birth_write(call->thread, live);
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

	if (event) {
		event->async_id = live_at(index)->async_id;
		event->destroyed = ticks;
		emit_commit(&thread->emit, EVENT_DESTROY, 0, sizeof *event);
	}
	live_release(index);
}

void resource_detail_bytes(
	struct call *call, uint32_t index, enum event_detail_kind kind, const void *bytes, size_t n)
{
	struct event_detail *event;

	if (!index || !bytes)
		return;
	if (n > 1024)
		n = 1024;
	event = emit_begin(&call->thread->emit, (sizeof *event + n + 7) & ~(size_t)7);
	if (!event)
		return;
	event->kind = kind;
	event->async_id = live_at(index)->async_id;
	event->length = (uint32_t)n;
	event->reserved = 0;
	memcpy(event->text, bytes, n);
	emit_commit(&call->thread->emit, EVENT_DETAIL, 0, sizeof *event + n);
}

void resource_detail_text(struct call *call, uint32_t index, const char *text)
{
	if (text)
		resource_detail_bytes(call, index, EVENT_DETAIL_TEXT, text, strlen(text));
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
	return index;
}

void request_refused(uint32_t index, const void *object)
{
	uint32_t former;

	if (!index || !arena())
		return;
	former = live_callbacks(index)->former;
	live_unlink(index, object);
	live_release(index);
	if (former)
		live_link(former, object);
}

/* --- armings ------------------------------------------------------------------------------ */

void handle_disarmed(struct call *call, uint32_t index, enum acausal_end end)
{
	struct arena_live *live = live_at(index);
	struct event_disarm *event;
	uint32_t stack;
	uint64_t run;

	/* Stopping a handle that is being closed does nothing; what is armed there is its end. */
	if (!index || !(live->flags & ARENA_LIVE_ARMED) || live->flags & ARENA_LIVE_CLOSING)
		return;
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	stack = call_stack(call);
	run = run_current(call->thread);
	if (!(live->flags & ARENA_LIVE_WRITTEN)) {
		arming_write(call->thread, live, end, run, call_ticks(call), stack);
		return;
	}
	event = emit_begin(&call->thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_disarm){
		.end = end,
		.arming_id = live->arming_id,
		.run_id = run,
		.disarmed = call_ticks(call),
		.stack = stack,
	};
	emit_commit(&call->thread->emit, EVENT_DISARM, 0, sizeof *event);
}

void handle_armed(struct call *call, uint32_t index, const struct arming *arming)
{
	struct arena_live *live = live_at(index);
	struct live_callbacks *callbacks = live_callbacks(index);
	uint32_t stack, count = 1;

	if (unlikely(live->flags & ARENA_LIVE_CLOSING)) {
		/* What libuv took it for in vain; it may call it all the same. */
		callbacks->callback = arming->callback;
		callbacks->second = arming->second;
		return;
	}
	stack = call_stack(call);
	if (live->flags & ARENA_LIVE_ARMED) {
		/* Armed again and again from one place without firing: one row with a count. */
		if (!(live->flags & ARENA_LIVE_WRITTEN) && live->arming_stack == stack &&
			live->arming_api == call->api &&
			live->callback == (uintptr_t)arming->callback)
			count = live->armings + 1;
		else
			handle_disarmed(call, index, ACAUSAL_END_REPLACED);
	}
	callbacks->callback = arming->callback;
	callbacks->second = arming->second;
	live->callback = (uintptr_t)arming->callback;
	live->second_callback = (uintptr_t)arming->second;
	live->arming_run_id = run_current(call->thread);
	live->arming_stack = stack;
	live->arming_api = call->api;
	live->arming_thread = call->thread->emit.thread;
	live->armings = count;
	live->timeout_ms = arming->timeout_ms;
	live->repeat_ms = arming->repeat_ms;
	live->arming_id = arena_next(&arena()->arming_id);
	live->armed = call_ticks(call);
	/* What made the arming before this one fire sooner says nothing of this one. */
	atomic_store_explicit(&live->first_cause, 0, memory_order_relaxed);
	live->seen_cause = atomic_load_explicit(&live->last_cause, memory_order_relaxed);
	live->flags = (live->flags & ~(uint32_t)(ARENA_LIVE_ONE_SHOT | ARENA_LIVE_WRITTEN)) |
		      ARENA_LIVE_ARMED | (arming->one_shot ? ARENA_LIVE_ONE_SHOT : 0);
	/* What was to make the arming before this one fire is no cause of this one. */
	if (unlikely(atomic_load_explicit(&live->first_cause, memory_order_relaxed))) {
		atomic_store_explicit(&live->first_cause, 0, memory_order_relaxed);
		live->seen_cause = atomic_load_explicit(&live->last_cause, memory_order_relaxed);
	}
}

/* The cause that a run answers: the first since the last run. */
static uint64_t cause_take(struct arena_live *live)
{
	uint64_t first = atomic_load_explicit(&live->first_cause, memory_order_relaxed), last;

	if (first)
		first = atomic_exchange(&live->first_cause, 0);
	last = atomic_load_explicit(&live->last_cause, memory_order_acquire);
	/* A send that found another one pending, which a run took before the callback was due. */
	if (!first && last > live->seen_cause)
		first = last;
	live->seen_cause = last;
	return first;
}

uint64_t resource_caused(struct call *call, uint32_t index, enum acausal_cause kind)
{
	struct arena_live *live = live_at(index);
	struct thread *thread = call->thread;
	struct event_cause *event;
	uint32_t stack = call_stack(call);
	uint64_t run = run_current(thread), id = arena_next(&arena()->cause_id), first = 0;

	/* Of several sends the first counts; of several uv_timer_again the last, which puts it off.
	 */
	if (kind == ACAUSAL_CAUSE_AGAIN)
		atomic_store_explicit(&live->first_cause, id, memory_order_relaxed);
	else
		atomic_compare_exchange_strong(&live->first_cause, &first, id);
	atomic_store_explicit(&live->last_cause, id, memory_order_release);
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return id;
	*event = (struct event_cause){
		.kind = kind,
		.cause_id = id,
		.first_id = first,
		.async_id = live->async_id,
		.run_id = run,
		.caused = call_ticks(call),
		.stack = stack,
		.api = call->api,
	};
	emit_commit(&thread->emit, EVENT_CAUSE, 0, sizeof *event);
	return id;
}

/* --- runs --------------------------------------------------------------------------------- */

/* Finds the record and the thread; true when there is a run to be opened. */
static bool fired_find(struct fired *fired, const void *object)
{
	uint32_t index = live_find(object);

	*fired = (struct fired){.index = index, .depth = -1, .bytes = EVENT_NO_STATUS};
	if (live_callback_table)
		fired->callbacks = *live_callbacks(index);
	if (index)
		fired->thread = thread_self();
	return fired->thread != NULL;
}

static void fired_run(struct fired *fired, const struct run_begin *begin, uintptr_t frame)
{
	fired->depth = run_begin(fired->thread, begin, frame);
}

/* An arming that was written as standing has ended by firing. */
static void disarm_write(struct thread *thread, uint64_t arming_id)
{
	struct event_disarm *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	*event = (struct event_disarm){
		.end = ACAUSAL_END_FIRED,
		.arming_id = arming_id,
		.disarmed = arena_ticks(),
	};
	emit_commit(&thread->emit, EVENT_DISARM, 0, sizeof *event);
}

/* Whether an arming is known that this firing comes from; it is written down when it is new. */
static uint64_t arming_fires(struct thread *thread, struct arena_live *live)
{
	bool one_shot = live->flags & ARENA_LIVE_ONE_SHOT;

	if (!(live->flags & ARENA_LIVE_ARMED))
		return 0;
	if (!(live->flags & ARENA_LIVE_WRITTEN)) {
		arming_write(thread, live, one_shot ? ACAUSAL_END_FIRED : ACAUSAL_END_NONE, 0,
			one_shot ? arena_ticks() : 0, 0);
		live->flags |= ARENA_LIVE_WRITTEN;
	} else if (one_shot) {
		/* It repeated until now. */
		disarm_write(thread, live->arming_id);
	}
	if (one_shot)
		live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	return live->arming_id;
}

/* The same for callbacks but that of closing, which may come after uv_close (rest of a batch). */
static uint64_t arming_calls(const struct fired *fired)
{
	struct arena_live *live = live_at(fired->index);

	if (unlikely(live->flags & ARENA_LIVE_CLOSING))
		return live_callbacks(fired->index)->last_arming_id;
	return arming_fires(fired->thread, live);
}

static void fired_callback(struct fired *fired, uintptr_t frame)
{
	struct arena_live *live = live_at(fired->index);
	struct run_begin begin = {.part = ACAUSAL_PART_CALLBACK};

	begin.async_id = live->async_id;
	begin.arming_id = fired->arming_id = arming_calls(fired);
	begin.cause_id = cause_take(live);
	begin.callback = fired->callbacks.callback;
	begin.live = fired->index;
	fired_run(fired, &begin, frame);
}

void fired_handle(struct fired *fired, const void *handle, uintptr_t frame)
{
	if (fired_find(fired, handle))
		fired_callback(fired, frame);
}

void fired_timer(struct fired *fired, const void *handle, bool repeats, uintptr_t frame)
{
	struct arena_live *live;

	if (!fired_find(fired, handle))
		return;
	live = live_at(fired->index);
	if (repeats)
		live->flags &= ~(uint32_t)ARENA_LIVE_ONE_SHOT;
	else
		live->flags |= ARENA_LIVE_ONE_SHOT;
	fired_callback(fired, frame);
}

void fired_alloc(struct fired *fired, const void *handle, uintptr_t frame)
{
	struct arena_live *live;
	struct run_begin begin = {.part = ACAUSAL_PART_ALLOC, .is_quiet = true};

	if (!fired_find(fired, handle))
		return;
	live = live_at(fired->index);
	begin.async_id = live->async_id;
	begin.arming_id = arming_calls(fired);
	begin.callback = fired->callbacks.second;
	begin.live = fired->index;
	fired_run(fired, &begin, frame);
}

void fired_close(struct fired *fired, const void *handle, uintptr_t frame)
{
	struct arena_live *live;
	struct run_begin begin = {.part = ACAUSAL_PART_CLOSE};

	if (!fired_find(fired, handle))
		return;
	/* The callback may free the handle, or make another one in its place. */
	live_unlink(fired->index, handle);
	fired->is_close = true;
	live = live_at(fired->index);
	if (!fired->callbacks.close)
		return;
	begin.async_id = live->async_id;
	begin.arming_id = arming_fires(fired->thread, live);
	begin.callback = fired->callbacks.close;
	begin.live = fired->index;
	fired_run(fired, &begin, frame);
}

void fired_request(struct fired *fired, const void *request, uintptr_t frame)
{
	struct arena_live *live;
	struct run_begin begin = {.is_request = true};

	if (!fired_find(fired, request))
		return;
	/* The callback may free the request, zero it, or submit it again. */
	live_unlink(fired->index, request);
	live = live_at(fired->index);
	fired->bytes = (int64_t)live->bytes;
	begin.part = live->type == ACAUSAL_TYPE_WORK ? ACAUSAL_PART_AFTER : ACAUSAL_PART_CALLBACK;
	begin.async_id = live->async_id;
	begin.cause_id = cause_take(live);
	begin.callback = begin.part == ACAUSAL_PART_AFTER ? fired->callbacks.second
							  : fired->callbacks.callback;
	begin.live = fired->index;
	if (unlikely(fired->callbacks.former))
		request_over(fired->thread, fired->callbacks.former, EVENT_NO_STATUS);
	if (begin.callback)
		fired_run(fired, &begin, frame);
	/* Also too deep to be a run: then the thread keeps nothing of it. */
	if (!begin.callback || fired->depth >= THREAD_RUNS)
		fired->is_silent = true;
}

void fired_work(struct fired *fired, const void *request, uintptr_t frame)
{
	struct arena_live *live;
	struct run_begin begin = {.part = ACAUSAL_PART_WORK};

	if (!fired_find(fired, request))
		return;
	live = live_at(fired->index);
	fired->is_work = true;
	begin.async_id = live->async_id;
	begin.callback = fired->callbacks.callback;
	begin.live = fired->index;
	fired_run(fired, &begin, frame);
}

/* The work part has ended, so the after part is due: this run is its cause. */
static void work_done(struct fired *fired)
{
	struct arena_live *live = live_at(fired->index);
	struct event_cause *event;
	uint64_t id = arena_next(&arena()->cause_id), run = run_current(fired->thread);

	atomic_store(&live->first_cause, id);
	event = emit_begin(&fired->thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_cause){
		.kind = ACAUSAL_CAUSE_WORK,
		.cause_id = id,
		.async_id = live->async_id,
		.run_id = run,
		.caused = arena_ticks(),
	};
	emit_commit(&fired->thread->emit, EVENT_CAUSE, 0, sizeof *event);
}

void fired_end(struct fired *fired, int64_t status, int64_t bytes)
{
	const struct run_result result = {status, bytes};

	/* Not when the callback forked and this is the child. */
	if (!fired->thread || !arena())
		return;
	if (fired->is_work && fired->depth >= 0 && fired->thread->depth == fired->depth + 1)
		work_done(fired);
	if (fired->depth >= 0)
		run_end(fired->thread, fired->depth, &result);
	if (fired->is_silent)
		request_over(fired->thread, fired->index, status);
	if (fired->is_close)
		resource_destroyed(fired->thread, fired->index, arena_ticks());
}

void fired_disarm(struct fired *fired)
{
	struct arena_live *live = live_at(fired->index);

	if (!fired->thread || !arena() || !(live->flags & ARENA_LIVE_ARMED) ||
		live->arming_id != fired->arming_id)
		return;
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	disarm_write(fired->thread, fired->arming_id);
}
