/*
 * What is in force, made, asked for and handed on: see carry.h.
 */
#include "recorder/runtime/carry.h"

#include "recorder/runtime/context.h"

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
	const struct carried *now = carry_now(thread);
	struct carried *copy = carried_copy(now, place + 1);

	if (!copy)
		return false;
	copy->context = carry_context_share(now ? now->context : NULL);
	carry_value_release(copy->values[place]);
	copy->values[place] = value;
	atomic_store(&carry_is_used, true);
	carry_replace(thread, copy);
	return true;
}

/* --- the context ----------------------------------------------------------------------------- */

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
	struct carry_context *above[CONTEXT_KEYS], *at, *base, *copy;
	int count = 0;

	for (at = chain; at && !is_key(at, key, length); at = at->parent) {
		if (count == CONTEXT_KEYS - 1)
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

		copy = context_make(of->text, of->key_length, of->text + of->key_length + 1,
			of->value_length, base);
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
	const struct carried *now = carry_now(thread);
	struct carry_context *chain = now ? now->context : NULL, *base, *made;
	size_t length = strlen(key);
	struct carried *copy;
	int error;

	if (!value && !carry_get_context(thread, key))
		return 0;
	/* That a key was taken away is told once; what it was taken from does not have it. */
	if (chain && chain->is_gone)
		chain = chain->parent;
	/* What came along with a fork gets its IDs here before it is copied. */
	(void)context_id_here(thread, chain);
	error = context_without(thread, chain, key, length, &base);
	if (error)
		return error;
	made = context_make(key, length, value, value ? strlen(value) : 0, base);
	copy = made ? carried_copy(now, 0) : NULL;
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
	arena_note_used(arena());
	copy->context = made;
	atomic_store(&carry_is_used, true);
	carry_replace(thread, copy);
	return 0;
}

struct carried *carry_change(struct thread *thread, struct carried *carried)
{
	struct carried *before = carry_put(thread, carried);
	struct carry_context *context = carried ? carried->context : NULL;

	if (context != (before ? before->context : NULL))
		context_mark(thread, context, run_context_resource(thread), run_current(thread));
	return before;
}

/* --- asking ---------------------------------------------------------------------------------- */

void *carry_get(struct thread *thread, uint32_t place, uint64_t storage)
{
	const struct carried *carried = carry_now(thread);
	const struct carry_value *value;

	if (!carried || place >= carried->count)
		return NULL;
	value = carried->values[place];
	return value && value->storage == storage ? value->value : NULL;
}

const char *carry_get_context(struct thread *thread, const char *key)
{
	const struct carried *carried = carry_now(thread);
	const struct carry_context *context = carried ? carried->context : NULL;
	size_t length = strlen(key);

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
	struct carried *carried = unlikely(thread->is_astray) ? NULL : carry_now(thread);
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
	carry_table[index] = carried ? carry_hand_on(thread) : NULL;
	carry_release(former);
}

uint64_t carry_context_here(struct thread *thread, uint32_t index)
{
	struct carried *carried = carry_table ? carry_table[index] : NULL;

	return carried ? context_id_here(thread, carried->context) : 0;
}
