/*
 * Callbacks as they run: see fired.h.
 *
 * Nothing in here calls libuv, nor the program, but for hooks of its own (listener.h). Everything
 * does nothing when the process is not recorded, also when it ceases to be while a callback runs:
 * in the child of a fork.
 */
#include "recorder/hooks/fired.h"

#include "recorder/hooks/arming.h"
#include "recorder/hooks/birth.h"
#include "recorder/hooks/resource.h"
#include "recorder/runtime/carried.h"
#include "recorder/runtime/listener.h"

/* Finds the record and the thread; true when there is a run to be opened. */
static bool fired_find(struct fired *fired, const void *object)
{
	uint32_t index = live_find(object);

	*fired = (struct fired){.index = index, .depth = -1, .bytes = EVENT_NO_STATUS};
	/* First: in the child of a fork this changes the record. */
	if (index)
		fired->thread = thread_self();
	/* A request that a forked child thought lost with its thread; it had been done already. */
	if (unlikely(fired->thread && !live_at(index)->async_id))
		live_publish(index, arena_next(&arena()->async_id));
	if (live_callback_table)
		fired->callbacks = *live_callbacks(index);
	return fired->thread != NULL;
}

static void fired_run(struct fired *fired, const struct run_begin *begin, uintptr_t frame)
{
	fired->entry = frame;
	fired->depth = run_begin(fired->thread, begin, frame);
	fired->is_request = begin->is_request;
	if (listener_is_any() && !begin->is_quiet)
		listener_before(fired->thread);
}

/* Whether an arming is known that this firing comes from; it is written down when it is new. */
static uint64_t arming_fires(struct thread *thread, uint32_t index)
{
	struct arena_live *live = live_at(index);
	bool one_shot = live->flags & ARENA_LIVE_ONE_SHOT;

	if (!(live->flags & ARENA_LIVE_ARMED))
		return 0;
	if (!(live->flags & ARENA_LIVE_WRITTEN)) {
		if (likely(arming_write(thread, live,
			    one_shot ? ACAUSAL_END_FIRED : ACAUSAL_END_NONE, 0,
			    one_shot ? arena_ticks() : 0, 0)))
			live->flags |= ARENA_LIVE_WRITTEN;
	} else if (one_shot) {
		/* It repeated until now. */
		disarm_write(thread, live->arming_id, ACAUSAL_END_FIRED, 0, arena_ticks(), 0);
	}
	if (one_shot) {
		live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
		live_disarmed(index);
	}
	return live->arming_id;
}

/* The same for callbacks but that of closing, which may come after uv_close (rest of a batch). */
static uint64_t arming_calls(const struct fired *fired)
{
	struct arena_live *live = live_at(fired->index);

	if (unlikely(live->flags & ARENA_LIVE_CLOSING))
		return live_callbacks(fired->index)->last_arming_id;
	return arming_fires(fired->thread, fired->index);
}

static void fired_callback(struct fired *fired, uintptr_t frame)
{
	struct arena_live *live = live_at(fired->index);
	struct run_begin begin = {.part = ACAUSAL_PART_CALLBACK};

	birth_tell(fired->thread, fired->index);
	begin.async_id = live->async_id;
	begin.arming_id = fired->arming_id = arming_calls(fired);
	begin.cause_id = cause_take(live);
	begin.callback = fired->callbacks.callback;
	begin.live = fired->index;
	begin.is_late = live->flags & ARENA_LIVE_CLOSING;
	fired_run(fired, &begin, frame);
}

void fired_handle(struct fired *fired, const void *handle, uintptr_t frame)
{
	if (fired_find(fired, handle))
		fired_callback(fired, frame);
}

void fired_timer(struct fired *fired, const void *handle, uint64_t repeat_ms, uintptr_t frame)
{
	struct arena_live *live;

	if (!fired_find(fired, handle))
		return;
	live = live_at(fired->index);
	/* The parent may have changed what the child of a fork has read of it. */
	if (unlikely(live->flags & ARENA_LIVE_ARMED_BEFORE))
		live->repeat_ms = repeat_ms ? repeat_ms : EVENT_NO_TIME;
	if (repeat_ms)
		live->flags &= ~(uint32_t)ARENA_LIVE_ONE_SHOT;
	else
		live->flags |= ARENA_LIVE_ONE_SHOT;
	if (unlikely(live->put_off_times))
		timer_settle(fired->thread, live);
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
	begin.is_late = live->flags & ARENA_LIVE_CLOSING;
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
	begin.arming_id = arming_fires(fired->thread, fired->index);
	begin.callback = fired->callbacks.close;
	begin.live = fired->index;
	fired_run(fired, &begin, frame);
}

static void fired_cancelled(
	struct fired *fired, const void *request, uint64_t cancelled_by, uintptr_t frame)
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
	begin.cause_id = cancelled_by ? cancelled_by : cause_take(live);
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

void fired_request(struct fired *fired, const void *request, uintptr_t frame)
{
	fired_cancelled(fired, request, 0, frame);
}

/*
 * Whoever closed the handle, as a cause; written down when the first request learns of it. 0 when
 * the handle is not being closed: libuv cancels writes also when connecting has failed.
 */
static uint64_t closing_cause(const void *handle)
{
	struct thread *thread = thread_self();
	uint32_t index = live_find(handle);
	struct live_callbacks *callbacks = live_callbacks(index);
	const struct arena_live *live = live_at(index);
	struct event_cause *event;

	if (!thread || !index || !(live->flags & ARENA_LIVE_CLOSING) ||
		live->flags & ARENA_LIVE_ARMED_BEFORE)
		return 0;
	/* The event's thread is the one that writes it. */
	if (callbacks->close_cause_id || live->arming_thread != thread->emit.thread)
		return callbacks->close_cause_id;
	callbacks->close_cause_id = arena_next(&arena()->cause_id);
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return callbacks->close_cause_id;
	*event = (struct event_cause){
		.kind = ACAUSAL_CAUSE_CLOSE,
		.cause_id = callbacks->close_cause_id,
		.async_id = live->async_id,
		.run_id = live->arming_run_id,
		.caused = live->armed,
		.stack = live->arming_stack,
		.api = live->arming_api,
	};
	emit_commit(&thread->emit, EVENT_CAUSE, 0, sizeof *event);
	return callbacks->close_cause_id;
}

void fired_request_to(
	struct fired *fired, const void *request, const void *handle, int status, uintptr_t frame)
{
	uint64_t cause = 0;

	if (unlikely(status == UV_ECANCELED) && arena())
		cause = closing_cause(handle);
	fired_cancelled(fired, request, cause, frame);
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

static void fired_run_end(const struct fired *fired, const struct run_result *result)
{
	struct thread *thread = fired->thread;
	bool is_told = listener_is_any() && run_is_open(thread, fired->depth, fired->entry);

	if (is_told && thread->depth == fired->depth + 1)
		listener_after(thread);
	run_end(thread, fired->depth, fired->entry, result);
	if (is_told && fired->is_request && !fired->is_silent)
		listener_over(thread, fired->callbacks.async_id);
}

void fired_end(struct fired *fired, int64_t status, int64_t bytes)
{
	const struct run_result result = {status, bytes};

	/* Not when the callback forked and this is the child, be it recorded or not. */
	if (!fired->thread || fired->thread != thread_current || !arena())
		return;
	if (fired->is_work && fired->depth >= 0 && fired->thread->depth == fired->depth + 1 &&
		run_is_open(fired->thread, fired->depth, fired->entry))
		work_done(fired);
	if (fired->depth >= 0)
		fired_run_end(fired, &result);
	if (fired->is_silent)
		request_over(fired->thread, fired->index, status);
	if (fired->is_close)
		resource_destroyed(fired->thread, fired->index, arena_ticks());
	carry_settle(fired->thread);
}

void fired_disarm(struct fired *fired)
{
	struct arena_live *live = live_at(fired->index);

	if (!fired->thread || fired->thread != thread_current || !arena() ||
		!(live->flags & ARENA_LIVE_ARMED) || live->arming_id != fired->arming_id)
		return;
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	live_disarmed(fired->index);
	disarm_write(fired->thread, fired->arming_id, ACAUSAL_END_FIRED, 0, arena_ticks(), 0);
}

void fired_stopped(struct fired *fired)
{
	struct arena_live *live = live_at(fired->index);
	const uint32_t armed_once = ARENA_LIVE_ARMED | ARENA_LIVE_ONE_SHOT;

	/* A loop that the callback ran may have closed the handle; then the record is another's. */
	if (!fired->thread || fired->thread != thread_current || !arena() ||
		live->async_id != fired->callbacks.async_id ||
		(live->flags & (armed_once | ARENA_LIVE_CLOSING)) != armed_once)
		return;
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	live_disarmed(fired->index);
	arming_write(fired->thread, live, ACAUSAL_END_STOPPED, 0, arena_ticks(), 0);
}
