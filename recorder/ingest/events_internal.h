/*
 * What the files of the events share: events.c tells them apart, events_rows.c makes rows of runs
 * and of what they are runs of, events_facts.c of what else is known. Nothing else includes it.
 */
#ifndef ACAUSAL_INGEST_EVENTS_INTERNAL_H
#define ACAUSAL_INGEST_EVENTS_INTERNAL_H

#include "recorder/ingest/ingest_internal.h"

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

/* One kind of event: makes rows of it. Returns an enum outcome. */
typedef int events_handler(struct ingest_process *, const struct found *, struct error *err);

/* events_rows.c */
events_handler events_on_thread, events_on_thread_end, events_on_resource, events_on_retype,
	events_on_destroy, events_on_request, events_on_run, events_on_arming, events_on_disarm,
	events_on_cause;

/* events_facts.c */
events_handler events_on_detail, events_on_gap, events_on_poll, events_on_pool, events_on_ref,
	events_on_name;

/* events_context.c */
events_handler events_on_context, events_on_carried;

/* events_log.c */
events_handler events_on_log;

/* events_process.c */
events_handler events_on_spawn, events_on_exit, events_on_program;

/* The main thread is announced: what the process came of goes into its resource's row. */
void events_take_spawn(struct ingest_process *, struct row_resource *main, uint32_t *stack_id);

/* From where a cause of this kind came. */
uint32_t events_cause_origin(struct ingest_process *, uint32_t thread_number,
	enum acausal_cause kind, unsigned api, uint32_t stack_node);

#endif
