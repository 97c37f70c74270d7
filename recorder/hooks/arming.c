/*
 * Armings and causes: see arming.h.
 *
 * Nothing in here calls the program or libuv. An arming is written when it first fires or when it
 * ends without; until then it stands in the handle's live record.
 */
#include "recorder/hooks/arming.h"

#include "recorder/hooks/birth.h"
#include "recorder/runtime/carry.h"

bool arming_write(struct thread *thread, const struct arena_live *live, enum acausal_end end,
	uint64_t run, uint64_t ticks, uint32_t stack)
{
	struct event_arming *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return false;
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
	emit_commit(&thread->emit, EVENT_ARMING,
		live->flags & ARENA_LIVE_ARMED_BEFORE ? EVENT_INHERITED : 0, sizeof *event);
	if (unlikely(live->arming_context_id))
		carried_write(thread, true, live->arming_id, live->arming_context_id);
	return true;
}

void disarm_write(struct thread *thread, uint64_t arming_id, enum acausal_end end, uint64_t run,
	uint64_t ticks, uint32_t stack)
{
	struct event_disarm *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	*event = (struct event_disarm){
		.end = end,
		.arming_id = arming_id,
		.run_id = run,
		.disarmed = ticks,
		.stack = stack,
	};
	emit_commit(&thread->emit, EVENT_DISARM, 0, sizeof *event);
}

void handle_disarmed(struct call *call, uint32_t index, enum acausal_end end)
{
	struct arena_live *live = live_at(index);
	struct thread *thread = call->thread;
	uint32_t stack;
	uint64_t run;

	/* Stopping a handle that is being closed does nothing; what is armed there is its end. */
	if (!index || !(live->flags & ARENA_LIVE_ARMED) || live->flags & ARENA_LIVE_CLOSING)
		return;
	stack = call_stack(call);
	run = run_context(thread);
	if (unlikely(live->put_off_times))
		timer_settle(thread, live);
	if (live->flags & ARENA_LIVE_WRITTEN)
		disarm_write(thread, live->arming_id, end, run, call_ticks(call), stack);
	else
		arming_write(thread, live, end, run, call_ticks(call), stack);
	/* Last: a process that is killed in between has it twice rather than not at all. */
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
	live_disarmed(index);
}

void handle_armed(struct call *call, uint32_t index, const struct arming *arming)
{
	struct arena_live *live = live_at(index);
	struct live_callbacks *callbacks = live_callbacks(index);
	uint32_t stack, ancestor, count = 1;
	uint64_t id;

	if (unlikely(live->flags & ARENA_LIVE_CLOSING)) {
		/* What libuv took it for in vain; it may call it all the same. */
		callbacks->callback = arming->callback;
		callbacks->second = arming->second;
		return;
	}
	birth_tell(call->thread, index);
	stack = call_stack(call);
	if (live->flags & ARENA_LIVE_ARMED) {
		/* Armed again and again from one place without firing: one row with a count. */
		if (!(live->flags & (ARENA_LIVE_WRITTEN | ARENA_LIVE_ARMED_BEFORE)) &&
			live->arming_stack == stack && live->arming_api == call->api &&
			live->callback == (uintptr_t)arming->callback)
			count = live->armings + 1;
		else
			handle_disarmed(call, index, ACAUSAL_END_REPLACED);
	}
	ancestor = lineage_now(call->thread);
	callbacks->callback = arming->callback;
	callbacks->second = arming->second;
	live->callback = (uintptr_t)arming->callback;
	live->second_callback = (uintptr_t)arming->second;
	live_arming_begin(index);
	arming_ancestor_set(live, ancestor);
	live->arming_run_id = run_context(call->thread);
	carry_armed(call->thread, index);
	live->arming_stack = stack;
	live->arming_api = call->api;
	live->arming_thread = call->thread->emit.thread;
	live->armings = count;
	live->timeout_ms = arming->timeout_ms;
	live->repeat_ms = arming->repeat_ms;
	id = arena_next(&arena()->arming_id);
	live->armed = call_ticks(call);
	live_arming_end(index, id);
	live->flags = (live->flags & ~(uint32_t)(ARENA_LIVE_ONE_SHOT | ARENA_LIVE_WRITTEN |
						 ARENA_LIVE_ARMED_BEFORE)) |
		      ARENA_LIVE_ARMED | (arming->one_shot ? ARENA_LIVE_ONE_SHOT : 0);
	/* What was to make the arming before this one fire is no cause of this one. */
	if (unlikely(atomic_load_explicit(&live->first_cause, memory_order_relaxed))) {
		if (live->put_off_times)
			timer_settle(call->thread, live);
		atomic_store_explicit(&live->first_cause, 0, memory_order_relaxed);
		live->seen_cause = atomic_load_explicit(&live->last_cause, memory_order_relaxed);
	}
}

/*
 * Which send a run answers. Senders are on any thread and in signal handlers; libuv lets the first
 * of them through and coalesces the others until the loop's thread has consumed that one, just
 * before it calls the trampoline. A sender
 *
 *   1. notes itself in `first_cause`, if nobody is noted there, and writes its event;
 *   2. right before the real call does so once more, should a run have taken what was noted
 *      meanwhile: this send comes after that run and makes another one;
 *   3. leaves its ID in `last_cause`, and calls.
 *
 * A run takes `first_cause` away. When nobody is noted there, the send is one whose note an earlier
 * run took between 2 and 3: it is in `last_cause`, if that has changed. What remains is a sender
 * that does all of 2, 3 and the call while the loop's thread is between consuming and taking: then
 * the run it makes has no cause, which is less than what happened, but not untrue. Whoever is
 * named had begun to send before the run began.
 *
 * The record cannot be another resource's: nobody may send to a handle that is closed. For that
 * reason nothing is noted after the call, when the handle may be gone.
 */
uint64_t cause_take(struct arena_live *live)
{
	uint64_t first = atomic_load_explicit(&live->first_cause, memory_order_relaxed), last;

	if (first)
		first = atomic_exchange(&live->first_cause, 0);
	last = atomic_load_explicit(&live->last_cause, memory_order_acquire);
	if (!first && last > live->seen_cause)
		first = last;
	live->seen_cause = last;
	return first;
}

void cause_write(
	struct call *call, uint64_t id, enum acausal_cause kind, uint64_t first, uint64_t async_id)
{
	struct thread *thread = call->thread;
	uint32_t stack = call_stack(call);
	uint64_t run = run_current(thread);
	struct event_cause *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	*event = (struct event_cause){
		.kind = kind,
		.cause_id = id,
		.first_id = first,
		.async_id = async_id,
		.run_id = run,
		.caused = call_ticks(call),
		.stack = stack,
		.api = call->api,
	};
	emit_commit(&thread->emit, EVENT_CAUSE, 0, sizeof *event);
}

void timer_put_off(struct call *call, uint32_t index)
{
	struct arena_live *live = live_at(index);

	live->put_off_stack = call_stack(call);
	live->put_off_run_id = run_context(call->thread);
	live->put_off_at = call_ticks(call);
	live->put_off_thread = call->thread->emit.thread;
	if (live->put_off_times == 0)
		atomic_store_explicit(
			&live->first_cause, arena_next(&arena()->cause_id), memory_order_relaxed);
	if (live->put_off_times < UINT32_MAX)
		live->put_off_times++;
}

void timer_settle(struct thread *thread, struct arena_live *live)
{
	struct event_cause *event = emit_begin(&thread->emit, sizeof *event);

	if (event) {
		*event = (struct event_cause){
			.kind = ACAUSAL_CAUSE_AGAIN,
			.cause_id = live->first_cause,
			.async_id = live->async_id,
			.run_id = live->put_off_run_id,
			.caused = live->put_off_at,
			.stack = live->put_off_stack,
			.api = ACAUSAL_API_uv_timer_again,
			.times = live->put_off_times,
			.thread = live->put_off_thread,
		};
		emit_commit(&thread->emit, EVENT_CAUSE, 0, sizeof *event);
	}
	live->put_off_times = 0;
}

uint64_t resource_caused(struct call *call, uint32_t index, enum acausal_cause kind)
{
	struct arena_live *live = live_at(index);
	uint64_t id = arena_next(&arena()->cause_id), first = 0, none = 0;

	/* Of several sends the first counts. */
	atomic_compare_exchange_strong(&live->first_cause, &first, id);
	cause_write(call, id, kind, first, live->async_id);
	if (kind == ACAUSAL_CAUSE_SEND &&
		unlikely(!atomic_load_explicit(&live->first_cause, memory_order_relaxed)))
		atomic_compare_exchange_strong(&live->first_cause, &none, id);
	atomic_store_explicit(&live->last_cause, id, memory_order_release);
	return id;
}
