/*
 * What is in force in an execution, and is handed on to what it makes and arms: how it is set,
 * asked for and handed on. The object itself: carried.h.
 *
 * Every function here concerns the calling thread; none is for signal handlers but those that get.
 */
#ifndef ACAUSAL_RUNTIME_CARRY_H
#define ACAUSAL_RUNTIME_CARRY_H

#include "recorder/runtime/aside.h"
#include "recorder/runtime/carried.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/run.h"

/*
 * Whether it is known what is in force: not in runs nested too deeply, nor in callbacks that have
 * no trampoline, but for what they call with values of its own. Elsewhere nothing may be set
 * either: it would be in force outside.
 */
static inline bool carry_is_known(struct thread *thread)
{
	const struct run_nesting *nesting = run_nesting(thread);

	return likely(nesting && !nesting->frame) ||
	       aside_is_within(thread, nesting ? nesting->frame : UINTPTR_MAX);
}

/* What is in force, as far as that is known; NULL: nothing. */
static inline struct carried *carry_now(struct thread *thread)
{
	return carry_is_known(thread) ? thread->carried : NULL;
}

/* --- values ---------------------------------------------------------------------------------- */

/* Takes the value over, with one reference; NULL: no memory, it is still the caller's. */
struct carry_value *carry_value_make(uint64_t storage, void *value, void (*destroy)(void *));

/*
 * What is in force now, but for one storage, whose value becomes that one (NULL: none), or but for
 * the context. Takes the reference over. False: no memory; then it is given back, unless that would
 * destroy what the caller still owns: carry_value_forget says so.
 */
bool carry_set_value(struct thread *thread, uint32_t place, struct carry_value *value);
void carry_value_forget(struct carry_value *value);

/* Sets or (value NULL) takes away a key, as done by the stack `stack`. 0, or an error number. */
int carry_set_context(struct thread *thread, const char *key, const char *value, uint32_t stack);

/* The value of a storage, by its place and number; NULL: none. */
void *carry_get(struct thread *thread, uint32_t place, uint64_t storage);
const char *carry_get_context(struct thread *thread, const char *key);

/* As carry_put, and says so in the recording where the context differs. */
struct carried *carry_change(struct thread *thread, struct carried *carried);

/* --- where things are made, armed and run ---------------------------------------------------- */

void carry_take(struct thread *thread, uint32_t index, bool is_arming);

/* The record `index` is being made, or armed, by what runs on the thread. */
static inline void carry_made(struct thread *thread, uint32_t index)
{
	if (unlikely(atomic_load_explicit(&carry_is_used, memory_order_relaxed)))
		carry_take(thread, index, false);
}

static inline void carry_armed(struct thread *thread, uint32_t index)
{
	if (unlikely(atomic_load_explicit(&carry_is_used, memory_order_relaxed)))
		carry_take(thread, index, true);
}

/* In the child of a fork: the context of what came along, in IDs of this process. */
uint64_t carry_context_here(struct thread *thread, uint32_t index);

#endif
