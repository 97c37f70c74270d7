/*
 * What is in force, made, asked for and handed on: see carry.h.
 */
#include "recorder/runtime/carry.h"

#include "recorder/runtime/emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- making it ------------------------------------------------------------------------------- */

struct carry_value *carry_value_make(uint64_t storage, void *value, void (*destroy)(void *))
{
	struct carry_value *made = malloc(sizeof *made);

	if (made)
		*made = (struct carry_value){
			.references = 1, .storage = storage, .value = value, .destroy = destroy};
	return made;
}

void carry_value_forget(struct carry_value *value)
{
	free(value);
}

bool carry_set_value(struct thread *thread, uint32_t place, struct carry_value *value)
{
	struct carried *copy = carried_copy(thread->carried, place + 1);

	if (!copy)
		return false;
	copy->context = carry_context_share(thread->carried ? thread->carried->context : NULL);
	carry_value_release(copy->values[place]);
	copy->values[place] = value;
	atomic_store(&carry_is_used, true);
	carry_release(carry_put(thread, copy));
	return true;
}

/* --- the context ----------------------------------------------------------------------------- */

static void context_write(struct thread *thread, const struct carry_context *context)
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

/* Its ID here, where it may have come along with a fork; its parents' are asked first. */
static uint64_t context_id_here(struct thread *thread, struct carry_context *context)
{
	uint32_t number = atomic_load_explicit(&arena_number, memory_order_relaxed);
	struct carry_context *way[CARRY_KEYS + 1];
	int count = 0;

	if (!context)
		return 0;
	if (likely(context->arena_number == number))
		return context->context_id;
	while (context && context->arena_number != number && count <= CARRY_KEYS) {
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

/* Another one with this key and value on top of `parent`, whose reference it takes over. */
static struct carry_context *context_make(const char *key, size_t key_length, const char *value,
	size_t value_length, struct carry_context *parent)
{
	struct carry_context *made = malloc(sizeof *made + key_length + value_length + 2);

	if (!made)
		return NULL;
	*made = (struct carry_context){
		.references = 1,
		.arena_number = atomic_load(&arena_number),
		.parent = parent,
		.key_length = (uint32_t)key_length,
		.value_length = (uint32_t)value_length,
		.is_gone = !value,
	};
	memcpy(made->text, key, key_length + 1);
	memcpy(made->text + key_length + 1, value ? value : "", value_length + 1);
	return made;
}

static bool is_key(const struct carry_context *context, const char *key, size_t length)
{
	return context->key_length == length && memcmp(context->text, key, length) == 0;
}

/*
 * The chain without a key: what lies above it is made anew, so that a key that is set over and over
 * takes no more room than once. Returns 0 and a reference, or an error number.
 */
static int context_without(struct thread *thread, struct carry_context *chain, const char *key,
	size_t length, struct carry_context **ret)
{
	struct carry_context *above[CARRY_KEYS], *at, *base, *copy;
	int count = 0;

	for (at = chain; at && !is_key(at, key, length); at = at->parent) {
		if (count == CARRY_KEYS - 1)
			return ENOSPC;
		above[count++] = at;
	}
	if (!at) {
		*ret = carry_context_share(chain);
		return 0;
	}
	base = carry_context_share(at->parent);
	while (count-- > 0) {
		const struct carry_context *of = above[count];

		copy = context_make(of->text, of->key_length,
			of->is_gone ? NULL : of->text + of->key_length + 1, of->value_length, base);
		if (!copy) {
			carry_context_release(base);
			return ENOMEM;
		}
		(void)context_id_here(thread, base);
		copy->context_id = arena_next(&arena()->context_id);
		copy->stack = of->stack;
		copy->set = arena_ticks();
		copy->repeats_id = of->repeats_id ? of->repeats_id : of->context_id;
		context_write(thread, copy);
		base = copy;
	}
	*ret = base;
	return 0;
}

int carry_set_context(struct thread *thread, const char *key, const char *value, uint32_t stack)
{
	struct carry_context *chain = thread->carried ? thread->carried->context : NULL;
	struct carry_context *base, *made;
	size_t length = strlen(key);
	struct carried *copy;
	int error;

	/* What came along with a fork gets its IDs here before it is copied. */
	(void)context_id_here(thread, chain);
	error = context_without(thread, chain, key, length, &base);
	if (error)
		return error;
	made = context_make(key, length, value, value ? strlen(value) : 0, base);
	copy = made ? carried_copy(thread->carried, 0) : NULL;
	if (!copy) {
		if (!made)
			carry_context_release(base);
		carry_context_release(made);
		return ENOMEM;
	}
	made->context_id = arena_next(&arena()->context_id);
	made->stack = stack;
	made->async_id = run_context_resource(thread);
	made->run_id = run_current(thread);
	made->set = arena_ticks();
	context_write(thread, made);
	copy->context = made;
	atomic_store(&carry_is_used, true);
	carry_release(carry_put(thread, copy));
	return 0;
}

/* What `context` has is in force from now on, though nothing was set. */
static void context_mark(struct thread *thread, struct carry_context *context)
{
	struct carry_context mark = {.parent = context, .is_gone = true};

	/* Its ID is the smaller one. */
	(void)context_id_here(thread, context);
	mark.context_id = arena_next(&arena()->context_id);
	mark.async_id = run_context_resource(thread);
	mark.run_id = run_current(thread);
	mark.set = arena_ticks();
	context_write(thread, &mark);
}

struct carried *carry_change(struct thread *thread, struct carried *carried)
{
	struct carried *before = carry_put(thread, carried);
	struct carry_context *context = carried ? carried->context : NULL;

	if (context != (before ? before->context : NULL))
		context_mark(thread, context);
	return before;
}

/* --- asking ---------------------------------------------------------------------------------- */

void *carry_get(const struct thread *thread, uint32_t place, uint64_t storage)
{
	const struct carried *carried = thread->carried;
	const struct carry_value *value;

	if (!carried || place >= carried->count || thread->depth > THREAD_RUNS)
		return NULL;
	value = carried->values[place];
	return value && value->storage == storage ? value->value : NULL;
}

const char *carry_get_context(const struct thread *thread, const char *key)
{
	const struct carry_context *context = thread->carried ? thread->carried->context : NULL;
	size_t length = strlen(key);

	if (thread->depth > THREAD_RUNS)
		return NULL;
	for (; context; context = context->parent)
		if (is_key(context, key, length))
			return context->is_gone ? NULL : context->text + context->key_length + 1;
	return NULL;
}

/* --- handing on ------------------------------------------------------------------------------ */

void carry_take(struct thread *thread, uint32_t index, bool is_arming)
{
	struct arena_live *live = live_at(index);
	/* Where it is not known what runs, it is not known either what is in force there. */
	bool is_known = run_context(thread) != 0;
	struct carried *carried = is_known ? thread->carried : NULL;
	struct carried *former = carry_table[index];
	uint64_t context_id = 0;

	if (carried && carried->context)
		context_id = context_id_here(thread, carried->context);
	if (is_arming)
		live->arming_context_id = context_id;
	else
		live->context_id = context_id;
	if (carried == former)
		return;
	carry_table[index] = carry_share(carried);
	carry_release(former);
}

uint64_t carry_context_here(struct thread *thread, uint32_t index)
{
	struct carried *carried = carry_table ? carry_table[index] : NULL;

	return carried ? context_id_here(thread, carried->context) : 0;
}
