/*
 * What is in force, as an object: see carried.h.
 *
 * References are counted by whoever holds it: a thread, a live record, the program.
 */
#include "recorder/runtime/carried.h"

#include "recorder/runtime/emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Atomic bool carry_is_used;
struct carried **carry_table;
struct carried *_Atomic carry_dead;

/* Leaks are looked for from here too, where a sanitizer looks for them. */
extern void __lsan_register_root_region(const void *, size_t) __attribute__((weak));

bool carry_start(void)
{
	size_t size = arena_map.count[ARENA_LIVES] * sizeof *carry_table;
	void *table = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		return false;
	carry_table = table;
	if (__lsan_register_root_region)
		__lsan_register_root_region(table, size);
	return true;
}

/* --- references ------------------------------------------------------------------------------ */

void carry_release_several(struct carried *carried, uint32_t count)
{
	struct carried *head;

	if (atomic_fetch_sub_explicit(&carried->references, count, memory_order_acq_rel) != count)
		return;
	head = atomic_load_explicit(&carry_dead, memory_order_relaxed);
	do
		carried->next = head;
	while (!atomic_compare_exchange_weak_explicit(
		&carry_dead, &head, carried, memory_order_release, memory_order_relaxed));
}

void carry_release(struct carried *carried)
{
	if (carried)
		carry_release_several(carried, 1);
}

void carry_value_release(struct carry_value *value)
{
	if (!value || atomic_fetch_sub_explicit(&value->references, 1, memory_order_acq_rel) != 1)
		return;
	if (value->destroy && value->value)
		value->destroy(value->value);
	free(value);
}

void carry_context_release(struct carry_context *context)
{
	while (context &&
		atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) == 1) {
		struct carry_context *parent = context->parent;

		free(context);
		context = parent;
	}
}

struct carry_context *carry_context_share(struct carry_context *context)
{
	if (context)
		atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
	return context;
}

static void carried_free(struct carried *carried)
{
	uint32_t i;

	carry_context_release(carried->context);
	for (i = 0; i < carried->count; i++)
		carry_value_release(carried->values[i]);
	free(carried);
}

void carry_free_dead(struct thread *thread)
{
	struct carried *carried = atomic_exchange(&carry_dead, NULL), *outside = NULL;
	int saved = errno;

	/* What the program does in there is nobody's. */
	if (thread)
		outside = carry_put(thread, NULL);
	while (carried) {
		struct carried *next = carried->next;

		carried_free(carried);
		carried = next;
	}
	/* Another one in the child, when the program has forked in there. */
	if (thread && thread_current)
		carry_replace(thread_current, outside);
	errno = saved;
}

struct carried *carried_copy(const struct carried *from, uint32_t least)
{
	uint32_t count = from && from->count > least ? from->count : least, i;
	struct carried *copy = calloc(1, sizeof *copy + count * sizeof copy->values[0]);

	if (!copy)
		return NULL;
	atomic_store_explicit(&copy->references, 1, memory_order_relaxed);
	copy->count = count;
	for (i = 0; from && i < from->count; i++)
		if ((copy->values[i] = from->values[i]))
			atomic_fetch_add_explicit(
				&from->values[i]->references, 1, memory_order_relaxed);
	return copy;
}

void carried_write(struct thread *thread, bool is_arming, uint64_t id, uint64_t context_id)
{
	struct event_carried *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	event->is_arming = is_arming;
	event->id = id;
	event->context_id = context_id;
	emit_commit(&thread->emit, EVENT_CARRIED, 0, sizeof *event);
}
