/*
 * Events to rows: what the program wrote. Pieces become lines (lines.h), lines get their origin,
 * and a process that has ended leaves what its threads had of a line.
 */
#include "recorder/ingest/events_internal.h"

#include <stdlib.h>
#include <string.h>

/* The sink of a record in the process's arena; 0 when there is none. */
static uint32_t sink_number(struct ingest_process *process, uint32_t index)
{
	struct ingest *ingest = process->ingest;
	struct arena_sink record;
	uint32_t number, before;

	if (index < process->sink_capacity && process->sinks[index])
		return process->sinks[index];
	/* Made known before the first event that names it. */
	if (!index || index >= SINKS_MAX || !arena_reader_sink(&process->arena, index, &record))
		return 0;
	if (index >= process->sink_capacity) {
		uint32_t capacity = process->sink_capacity ? process->sink_capacity : 16;
		uint32_t *more;

		while (capacity <= index)
			capacity *= 2;
		more = realloc(process->sinks, capacity * sizeof *more);
		if (!more)
			return 0;
		memset(more + process->sink_capacity, 0,
			(capacity - process->sink_capacity) * sizeof *more);
		process->sinks = more;
		process->sink_capacity = capacity;
	}
	before = record.before < index ? process->sinks[record.before] : 0;
	number =
		sinks_number(&ingest->terms.sinks, &record, events_ns(process, record.met), before);
	process->sinks[index] = number;
	return number;
}

static struct row_log row_of(struct ingest *ingest, const struct line *line, size_t length)
{
	struct recording_terms *terms = &ingest->terms;
	struct row_log row = {.log_id = line->log_id,
		.written_ns = line->written_ns,
		.run_id = line->run_id,
		.stack_id = line->stack_id,
		.length = (uint32_t)length,
		.full_length = ROW_UNKNOWN};
	uint64_t sink = line->sink_id ? line->sink_id : 1ull << 63 | (uint32_t)line->fd;
	uint32_t writer;
	bool is_new;

	writer = intern_number(&terms->writers,
		(struct intern_key){
			{(uint64_t)line->process_id << 32 | line->thread, sink, line->stream}},
		&is_new);
	row.log_origin_id = intern_number(&terms->log_origins,
		(struct intern_key){{(uint64_t)line->thread_id << 32 | writer,
			(uint64_t)((uint32_t)line->fd + 1u) << 32 | (uint64_t)line->api << 1 |
				line->at_flush,
			(uint64_t)line->process_id << 32 | line->sink_id}},
		&is_new);
	if (line->left_out)
		row.full_length = line->left_out < INT64_MAX - length
					  ? (int64_t)(line->left_out + length)
					  : INT64_MAX;
	row.counted_by = line->sink_id
				 ? terms->sinks.sinks[line->sink_id - 1].counted_by
				 : (uint64_t)line->process_id << 32 | ((uint32_t)line->fd + 1u);
	return row;
}

int events_write_line(
	void *user, const struct line *line, const char *text, size_t length, struct error *err)
{
	struct ingest *ingest = user;
	struct row_log row = row_of(ingest, line, length);

	crashes_note_line(ingest, line, text, length);
	return row.log_id ? recording_keep_log(ingest->recording, &row, text, err)
			  : recording_add_log(ingest->recording, &row, text, err);
}

int events_keep_line(
	void *user, struct line *line, const char *text, size_t length, struct error *err)
{
	struct ingest *ingest = user;
	struct row_log row = row_of(ingest, line, length);

	if (recording_keep_log(ingest->recording, &row, text, err))
		return -1;
	line->log_id = row.log_id;
	return 0;
}

static int add_piece(struct ingest_process *process, uint32_t number, const struct event_log *event,
	const char *text, struct error *err)
{
	struct line piece = {.process_id = process->process_id,
		.thread = number,
		.fd = event->fd < 0 ? -1 : event->fd,
		.stream = event->writer,
		.api = event->api < ACAUSAL_API_COUNT ? event->api : 0,
		.since_ns = process->ingest->now_ns,
		.mark = process->ingest->mark,
		.at_flush = event->head.flags & EVENT_LOG_FLUSH,
		.left_out = event->left_out};

	if (!events_id(process, event->run_id, &piece.run_id))
		return OUTCOME_SENSELESS;
	piece.sink_id = sink_number(process, event->sink);
	piece.thread_id = events_thread_id(process, number);
	piece.stack_id = places_stack(&process->places, event->stack);
	piece.written_ns = events_ns(process, event->written);
	return lines_add(&process->ingest->lines, &piece, text, event->length,
		event->head.flags & EVENT_LOG_MESSAGE, err);
}

int events_on_log(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_log *event = &found->event->LOG;

	if (event->length > found->tail_size)
		return OUTCOME_SENSELESS;
	if (event->kept) {
		struct thread *thread = threads_find(process, found->thread);

		if (thread)
			thread->kept = event->kept;
	}
	return add_piece(process, found->thread, event, found->tail, err);
}

int events_take_partial(
	struct ingest_process *process, const struct arena_thread *slot, struct error *err)
{
	const struct arena_partial *partial = &slot->partial;
	uint32_t length = atomic_load_explicit(&partial->length, memory_order_relaxed);
	const struct thread *thread;
	struct event_log event = {.head.flags = partial->flags,
		.fd = partial->fd,
		.run_id = partial->run_id,
		.written = partial->written,
		.writer = partial->writer,
		.stack = partial->stack,
		.length = length,
		.sink = partial->sink,
		.api = partial->api};

	if (!length)
		return OUTCOME_DONE;
	if (length > sizeof partial->text || !slot->number)
		return OUTCOME_SENSELESS;
	/* Its event was published, and the process died before it could say so. */
	thread = threads_find(process, slot->number);
	if (thread && partial->number && thread->kept == partial->number)
		return OUTCOME_DONE;
	return add_piece(process, slot->number, &event, partial->text, err);
}
