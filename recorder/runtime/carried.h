/*
 * What is in force in an execution, as an object: the values of storages and the context
 * (recorder/acausal.h).
 *
 * It is immutable and has a count of references, so that to hand it on costs one reference however
 * many values there are. A thread has that of its execution in `thread->carried`; a live record
 * has, in a table of its own, that of where it was armed last. A process that never set a value
 * pays for one look at `carry_is_used`. How it is made and handed on: carry.h.
 *
 * Memory is the program's (malloc). What nobody refers to any more is freed, and its values given
 * back, in carry_settle alone: the place where that happens may be within a call that is not done
 * yet. Not in signal handlers.
 */
#ifndef ACAUSAL_RUNTIME_CARRIED_H
#define ACAUSAL_RUNTIME_CARRIED_H

#include "recorder/runtime/thread_state.h"

/* A value of one storage. */
struct carry_value {
	_Atomic uint32_t references;
	uint64_t storage; /* number, never used again */
	void *value;
	void (*destroy)(void *value);
};

/* A key of the context, on top of others. */
struct carry_context {
	_Atomic uint32_t references;
	uint32_t arena_number; /* of the process in whose recording `context_id` counts */
	struct carry_context *parent;
	uint64_t context_id, async_id, run_id, set;
	uint64_t repeats_id; /* the one that it stands for; 0: it was set itself */
	uint32_t stack, key_length, value_length;
	bool is_gone; /* the key was taken away */
	char text[];  /* key and value, each with a NUL */
};

struct carried {
	_Atomic uint32_t references;
	uint32_t count; /* of values */
	struct carry_context *context;
	struct carried *next; /* among those that nobody refers to */
	struct carry_value *values[];
};

extern _Atomic bool carry_is_used;

/* What each live record carries; an entry counts as a reference. */
extern struct carried **carry_table;

/* Reserves the table, after that of live records; false: there is no memory. */
bool carry_start(void);

/*
 * A copy of what is in force (NULL: nothing is) with room for so many values at least, and without
 * its context. NULL: no memory.
 */
struct carried *carried_copy(const struct carried *from, uint32_t least);

struct carry_context *carry_context_share(struct carry_context *context);
void carry_context_release(struct carry_context *context);
void carry_value_release(struct carry_value *value);

static inline struct carried *carry_share(struct carried *carried)
{
	if (carried)
		atomic_fetch_add_explicit(&carried->references, 1, memory_order_relaxed);
	return carried;
}

void carry_release(struct carried *carried);
void carry_release_several(struct carried *carried, uint32_t count);

/*
 * References that a thread takes at a time, and gives back with its own when the run ends: so that
 * to hand on what is in force costs no atomic operation, in most runs.
 */
enum { CARRY_CREDIT = 15 };

/* A reference to what is in force. */
static inline struct carried *carry_hand_on(struct thread *thread)
{
	struct carried *carried = thread->carried;

	if (!carried)
		return NULL;
	if (unlikely(thread->carried_credit == 0)) {
		atomic_fetch_add_explicit(&carried->references, CARRY_CREDIT, memory_order_relaxed);
		thread->carried_credit = CARRY_CREDIT;
	}
	thread->carried_credit--;
	return carried;
}

/*
 * Puts something else in force; its reference is the thread's from now on. Returns what was,
 * likewise.
 */
static inline struct carried *carry_put(struct thread *thread, struct carried *carried)
{
	struct carried *before = thread->carried;

	if (thread->carried_credit) {
		carry_release_several(before, thread->carried_credit);
		thread->carried_credit = 0;
	}
	thread->carried = carried;
	return before;
}

/* The same, and what was is not needed. */
static inline void carry_replace(struct thread *thread, struct carried *carried)
{
	struct carried *before = thread->carried;
	uint32_t count = thread->carried_credit + 1;

	thread->carried_credit = 0;
	thread->carried = carried;
	if (before)
		carry_release_several(before, count);
}

/* The record `index` is over. */
static inline void carry_over(uint32_t index)
{
	struct carried *carried;

	if (likely(!atomic_load_explicit(&carry_is_used, memory_order_relaxed)))
		return;
	carried = carry_table[index];
	if (carried) {
		carry_table[index] = NULL;
		carry_release(carried);
	}
}

/* Frees what nobody refers to. Calls the program: destroy of its values. errno is kept. */
void carry_free_dead(struct thread *thread);
extern struct carried *_Atomic carry_dead;

static inline void carry_settle(struct thread *thread)
{
	if (unlikely(atomic_load_explicit(&carry_dead, memory_order_relaxed)))
		carry_free_dead(thread);
}

/* Says what a resource or an arming carries, after the event of that itself. */
void carried_write(struct thread *thread, bool is_arming, uint64_t id, uint64_t context_id);

#endif
