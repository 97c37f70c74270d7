/*
 * What an ended process left behind in its arena: callbacks that had begun and not ended, requests
 * that were never answered, handles never closed, armings that still stood, lines without an end.
 * Of a process that still runs when the recording is finished, the same.
 *
 * Something may have been written as an event a moment before the process died and stand here too:
 * what the recording has already is left as it is.
 */
#include "recorder/ingest/ingest_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* A count that an arena tells, kept from running over when it is summed up. */
static int64_t believable(uint64_t count)
{
	return count < INT64_MAX >> 24 ? (int64_t)count : 0;
}

int64_t ending_lost(const struct ingest *ingest)
{
	int64_t lost = ingest->lost + ingest->closed_lost;

	for (uint32_t i = 0; i < ingest->open_count; i++) {
		struct arena_reader_counts counts;

		if (ingest->open[i]->is_closed)
			continue;
		arena_reader_counts(&ingest->open[i]->arena, &counts);
		lost += believable(counts.lost);
	}
	return lost;
}

static int announce(
	struct ingest_process *process, const struct arena_thread *slot, struct error *err)
{
	struct event_thread event;

	threads_event_of(slot, &event);
	return events_announce_thread(process, &event, slot->number, err);
}

int ending_write_open_run(struct ingest_process *process, uint32_t number,
	const struct arena_run *open, int64_t outer_run_id, int64_t *run_id, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct row_run row = {.duration_ns = ROW_UNKNOWN,
		.status = ROW_UNKNOWN,
		.bytes = ROW_UNKNOWN,
		.outer_run_id = outer_run_id};

	if (!open->run_id || !open->async_id || open->part >= ACAUSAL_PART_COUNT ||
		!events_id(process, open->run_id, &row.run_id) ||
		!events_id(process, open->async_id, &row.async_id) ||
		!events_id(process, open->arming_id, &row.arming_id) ||
		!events_id(process, open->cause_id, &row.cause_id))
		return OUTCOME_SENSELESS;
	*run_id = row.run_id;
	if (recording_has_run(ingest->recording, row.run_id, row.async_id))
		return 0;
	row.entry_id = events_entry(process, number, open->part, open->callback);
	row.outer_stack_id = places_stack(&process->places, open->outer_stack);
	row.began_ns = events_ns(process, open->began);
	if (row.cause_id && window_caused(ingest, row.cause_id, row.run_id, err))
		return -1;
	return recording_add_run(ingest->recording, &row, err);
}

static int close_thread(struct ingest_process *process, const struct arena_thread *slot,
	bool was_killed, struct error *err)
{
	const struct thread *thread = threads_find(process, slot->number);
	uint32_t depth = slot->depth < ARENA_OPEN_RUNS ? slot->depth : ARENA_OPEN_RUNS;
	bool is_alive = slot->state == ARENA_THREAD_LIVE || slot->state == ARENA_THREAD_ASKED;
	int64_t outer = 0, last;

	if (!thread)
		return OUTCOME_SENSELESS;
	if (!thread->is_announced && announce(process, slot, err) < 0)
		return -1;
	thread = threads_find(process, slot->number);
	last = thread->root_run_id;
	for (uint32_t i = 0; i < depth; i++) {
		int64_t run_id = 0;
		int outcome = ending_write_open_run(
			process, slot->number, &slot->open[i], outer, &run_id, err);

		if (outcome < 0)
			return -1;
		if (outcome)
			break;
		outer = last = run_id;
	}
	if (was_killed && is_alive && last)
		return recording_write_last_run(
			process->ingest->recording, thread->thread_id, last, err);
	return 0;
}

static int write_standing_arming(
	struct ingest_process *process, const struct arena_live *live, struct error *err)
{
	struct row_arming row = {.stood_ns = ROW_UNKNOWN, .times = ROW_UNKNOWN};
	bool before = live->flags & ARENA_LIVE_ARMED_BEFORE;

	if (!live->arming_id || !events_id(process, live->arming_id, &row.arming_id) ||
		!events_id(process, live->async_id, &row.async_id) ||
		!kin_id(process, before, live->arming_run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	if (window_has_arming(process->ingest, row.arming_id))
		return 0;
	row.origin_id = events_origin(process, events_thread_id(process, live->arming_thread),
		live->arming_api, live->arming_stack);
	row.armed_ns = events_ns(process, live->armed);
	row.timeout_ms = live->timeout_ms > INT64_MAX ? ROW_UNKNOWN : (int64_t)live->timeout_ms;
	row.repeat_ms = live->repeat_ms > INT64_MAX ? ROW_UNKNOWN : (int64_t)live->repeat_ms;
	if (live->armings > 1)
		row.times = live->armings;
	return window_add_arming(process->ingest, &row, err);
}

static int write_live(
	struct ingest_process *process, const struct arena_live *live, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct row_resource row = {.lifetime_ns = ROW_UNKNOWN, .has_ref = ROW_UNKNOWN};
	uint32_t type = events_type(process, live->type);
	bool inherited = live->flags & ARENA_LIVE_INHERITED;
	int64_t loop_id;

	if (!events_id(process, live->async_id, &row.async_id) ||
		!kin_id(process, inherited, live->trigger_id, &row.trigger_id) ||
		!kin_id(process, inherited, live->run_id, &row.run_id) ||
		!events_id(process, live->handle_id, &row.handle_id) ||
		!events_id(process, live->loop_id, &loop_id))
		return OUTCOME_SENSELESS;
	if (!window_has_resource(ingest, row.async_id)) {
		int outcome;

		if (events_use_libuv(process, type, err))
			return -1;
		events_birthplace(process, events_thread_id(process, live->thread), live->type,
			live->api, live->stack, loop_id, live->address, &row);
		row.created_ns = events_ns(process, live->created);
		if (events_first_ref(type) == 1)
			row.has_ref = !(live->flags & ARENA_LIVE_UNREF);
		outcome = window_add_resource(
			ingest, &row, type, places_stack(&process->places, live->stack), err);
		if (outcome)
			return outcome;
	}
	return live->flags & ARENA_LIVE_ARMED ? write_standing_arming(process, live, err) : 0;
}

/*
 * What got lost and was never told with its place: after the last event of its thread, or what is
 * no event of any thread. When that was is not known.
 */
static int write_gap(struct ingest_process *process, struct error *err)
{
	int64_t lost = believable(process->counts.lost) - process->told_lost;

	return lost <= 0 ? 0
			 : recording_write_gap(process->ingest->recording, 0, ROW_UNKNOWN,
				   ROW_UNKNOWN, lost, false, err);
}

int ending_write(struct ingest_process *process, struct error *err)
{
	int code, signal;

	kin_exit_of(process, &code, &signal);
	return recording_write_process_end(process->ingest->recording, process->process_id,
		process->ended_ns, code, signal, err);
}

/* The times that its threads waited for room. */
static void sum_waits(const struct ingest_process *process)
{
	uint64_t from = process->arena.started.ticks, waited = process->counts.wait_ticks;
	int64_t span = events_span(events_ns(process, from), events_ns(process, from + waited));

	process->ingest->closed_waits += process->counts.waits;
	if (span > 0)
		process->ingest->closed_wait_ns += (uint64_t)span;
}

int ending_close(struct ingest_process *process, struct error *err)
{
	struct ingest *ingest = process->ingest;
	uint32_t threads, lives;
	int outcome, code, signal;
	bool was_killed;

	if (process->is_closed)
		return 0;
	arena_reader_counts(&process->arena, &process->counts);
	crashes_find(process);
	kin_exit_of(process, &code, &signal);
	was_killed = process->has_crashed || (process->has_ended && signal > 0);
	if (history_end(process, err))
		return -1;
	if (window_flush(ingest, 0, err)) /* so that what has been written can be looked up */
		return -1;
	threads = arena_reader_used(&process->arena, ARENA_THREADS);
	lives = arena_reader_used(&process->arena, ARENA_LIVES);
	for (uint32_t i = 0; i < threads; i++) {
		struct arena_thread slot;

		if (!arena_reader_thread(&process->arena, i, &slot))
			continue;
		outcome = close_thread(process, &slot, was_killed, err);
		if (outcome < 0)
			return -1;
		ingest->lost += outcome;
		outcome = events_take_partial(process, &slot, err);
		if (outcome < 0)
			return -1;
		ingest->lost += outcome;
	}
	if (history_end_runs(process, err) || unseen_ends_write(process, err) ||
		lines_end_process(&ingest->lines, process->process_id, err) ||
		crashes_write(process, err))
		return -1;
	for (uint32_t i = 1; i < lives; i++) {
		struct arena_live live;

		if (!arena_reader_live(&process->arena, i, &live))
			continue;
		outcome = write_live(process, &live, err);
		if (outcome < 0)
			return -1;
		ingest->lost += outcome;
		outcome = events_carry_live(process, &live, err);
		if (outcome < 0)
			return -1;
		ingest->lost += outcome;
		if (recording_is_full(ingest->recording) && window_flush(ingest, 0, err))
			return -1;
	}
	if (threads_write_unknown(process, err))
		return -1;
	if (write_gap(process, err) || (process->has_ended && ending_write(process, err)))
		return -1;
	if (process->run_skew)
		skew_scan(process->run_skew, &ingest->max_skew_ns);
	if (process->async_skew)
		skew_scan(process->async_skew, &ingest->max_skew_ns);
	if (process->arming_skew)
		skew_scan(process->arming_skew, &ingest->max_skew_ns);
	if (process->cause_skew)
		skew_scan(process->cause_skew, &ingest->max_skew_ns);
	ingest->closed_lost += believable(process->counts.lost);
	sum_waits(process);
	process->is_closed = true;
	/* Thousands of processes may come and go in one recording. */
	places_process_deinit(&process->places);
	own_types_process_deinit(&process->own_types);
	history_destroy(process);
	arena_reader_deinit(&process->arena);
	threads_deinit(&process->threads);
	free(process->sinks);
	free(process->said);
	process->said = NULL;
	process->sinks = NULL;
	process->sink_capacity = 0;
	free(process->run_skew);
	free(process->async_skew);
	free(process->arming_skew);
	free(process->cause_skew);
	process->run_skew = process->async_skew = NULL;
	process->arming_skew = process->cause_skew = NULL;
	return 0;
}
