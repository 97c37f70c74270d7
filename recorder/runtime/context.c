/*
 * Contexts, as the recording learns of them: see context.h.
 */
#include "recorder/runtime/context.h"

#include "recorder/runtime/emit.h"

#include <string.h>

void context_write(struct thread *thread, const struct carry_context *context)
{
	const struct carry_context *parent = context->parent;
	size_t length = (size_t)context->key_length + context->value_length;
	size_t size = (sizeof(struct event_context) + length + 7) & ~(size_t)7;
	struct event_context *event = emit_begin(&thread->emit, size);

	if (!event)
		return;
	event->stack = context->stack;
	event->context_id = context->context_id;
	event->parent_id = parent ? parent->context_id : 0;
	event->async_id = context->async_id;
	event->run_id = context->run_id;
	event->set = context->set;
	event->repeats_id = context->repeats_id;
	event->key_length = context->key_length;
	event->value_length = context->value_length;
	memcpy(event->text, context->text, context->key_length);
	memcpy(event->text + context->key_length, context->text + context->key_length + 1,
		context->value_length);
	memset(event->text + length, 0, size - sizeof *event - length);
	emit_commit(&thread->emit, EVENT_CONTEXT, context->is_gone ? EVENT_CONTEXT_GONE : 0, size);
}

uint64_t context_id_here(struct thread *thread, struct carry_context *context)
{
	uint32_t number = atomic_load_explicit(&arena_number, memory_order_relaxed);
	struct carry_context *way[CONTEXT_KEYS];
	int count = 0;

	if (!context)
		return 0;
	if (likely(context->arena_number == number))
		return context->context_id;
	while (context && context->arena_number != number && count < CONTEXT_KEYS) {
		way[count++] = context;
		context = context->parent;
	}
	while (count-- > 0) {
		context = way[count];
		context->context_id = arena_next(&arena()->context_id);
		/* They count in the process that set it. */
		context->async_id = context->run_id = context->repeats_id = 0;
		context->stack = 0;
		context->set = arena()->started.ticks;
		context->arena_number = number;
		context_write(thread, context);
	}
	return context->context_id;
}

void context_mark(
	struct thread *thread, struct carry_context *context, uint64_t async_id, uint64_t run_id)
{
	struct carry_context mark = {.parent = context, .is_gone = true};

	/* Its ID is the smaller one. */
	(void)context_id_here(thread, context);
	mark.context_id = arena_next(&arena()->context_id);
	mark.async_id = async_id;
	mark.run_id = run_id;
	mark.set = arena_ticks();
	context_write(thread, &mark);
}
