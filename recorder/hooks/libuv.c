/*
 * Whose a call is: see libuv.h. Remembers, of each module that was met calling, which libuv it is
 * bound to and which part of it is libuv's own code.
 */
#include "recorder/hooks/libuv.h"

#include "recorder/hooks/libuv_table.h"
#include "recorder/runtime/arena.h"
#include "recorder/runtime/likely.h"
#include "recorder/runtime/start.h"

#include <errno.h>
#include <stddef.h>

enum { CALLERS = 64 };

/* A module that calls. What each call reads is one cache line. */
struct caller {
	_Alignas(64) _Atomic uint32_t sequence; /* odd: being written */
	_Atomic bool is_jumped_from;		/* it calls no libuv itself */
	_Atomic uintptr_t low, size;		/* size 0: free */
	_Atomic uintptr_t text_low, text_size, near_low, near_size;
	struct table *_Atomic table;
	struct libuv_module module; /* for writers only */
};

_Static_assert(offsetof(struct caller, module) == 64, "what is read is one cache line");

static struct caller callers[CALLERS];
static _Atomic int callers_high; /* slots below have been used */

static enum libuv_side side_of(uintptr_t address, const struct libuv_text *text)
{
	if (libuv_lies_in(address, text->low, text->size))
		return LIBUV_ITSELF;
	return libuv_lies_in(address, text->near_low, text->near_size) ? LIBUV_NEAR : LIBUV_PROGRAM;
}

static void caller_remember(const struct libuv_module *module, const struct libuv_text *text,
	struct table *table, bool is_jumped_from)
{
	struct caller *caller;
	int i;

	for (i = 0; i < CALLERS; i++) {
		caller = &callers[i];
		if (atomic_load(&caller->size) == 0 && libuv_slot_take(&caller->sequence)) {
			if (atomic_load(&caller->size) == 0)
				break;
			libuv_slot_give(&caller->sequence);
		}
	}
	if (i == CALLERS)
		return;
	atomic_store(&caller->low, module->low);
	atomic_store(&caller->text_low, text->low);
	atomic_store(&caller->text_size, text->size);
	atomic_store(&caller->near_low, text->near_low);
	atomic_store(&caller->near_size, text->near_size);
	atomic_store(&caller->table, table);
	atomic_store(&caller->is_jumped_from, is_jumped_from);
	caller->module = *module;
	atomic_store(&caller->size, module->high - module->low);
	libuv_slot_give(&caller->sequence);
	libuv_raise_to(&callers_high, i + 1);
}

static void note(enum arena_libuv what)
{
	if (arena())
		atomic_fetch_or(&arena()->libuv, (uint32_t)what);
}

__attribute__((noinline)) static const struct libuv *caller_add(
	uintptr_t address, enum libuv_side *side)
{
	struct libuv_text text = {0};
	struct libuv_module module;
	struct table *table;
	bool is_module, is_jumped_from = false;
	int saved = errno;

	runtime_start();
	is_module = libuv_module_at(address, &module);
	if (is_module)
		text = libuv_module_text(&module);
	table = atomic_load(&libuv_global_table);
	/* Code that was made at run time got the wrapper's address from the global scope. */
	if (!table && !is_module)
		table = libuv_table_any();
	if (!table && is_module)
		is_jumped_from = !libuv_module_calls(&module, libuv_is_wrapped);
	if (is_jumped_from)
		table = libuv_table_newest();
	if (!table || (is_module && libuv_table_lacks(table, &module)))
		table = libuv_table_for(is_module ? &module : NULL);
	if (!table)
		table = libuv_table_any();
	if (is_module && table)
		caller_remember(&module, &text, table, is_jumped_from);
	*side = is_jumped_from ? LIBUV_JUMPED : side_of(address, &text);
	/* In a module that has other code as well, this may be either, and the next call the other.
	 */
	note(*side == LIBUV_PROGRAM || is_jumped_from || text.near_size ? ARENA_LIBUV_CALLED
									: ARENA_LIBUV_RAN);
	errno = saved;
	return table ? &table->uv : &libuv_nothing;
}

const struct libuv *libuv_of(uintptr_t address, enum libuv_side *side)
{
	int count = atomic_load_explicit(&callers_high, memory_order_relaxed), i;

	for (i = 0; i < count; i++) {
		struct caller *caller = &callers[i];
		uint32_t sequence = atomic_load_explicit(&caller->sequence, memory_order_acquire);
		struct libuv_text text;
		struct table *table;
		bool is_jumped_from;

#define READ(member) atomic_load_explicit(&caller->member, memory_order_relaxed)
		if (!libuv_lies_in(address, READ(low), READ(size)))
			continue;
		text = (struct libuv_text){
			READ(text_low), READ(text_size), READ(near_low), READ(near_size)};
		table = READ(table);
		is_jumped_from = READ(is_jumped_from);
#undef READ
		atomic_thread_fence(memory_order_acquire);
		if (unlikely((sequence & 1) || atomic_load_explicit(&caller->sequence,
						       memory_order_relaxed) != sequence))
			continue;
		*side = is_jumped_from ? LIBUV_JUMPED : side_of(address, &text);
		return &table->uv;
	}
	return caller_add(address, side);
}

extern const char __start_acausal_wrappers[] __attribute__((visibility("hidden")));
extern const char __stop_acausal_wrappers[] __attribute__((visibility("hidden")));

/* A function of libuv that ends in a call leaves by a jump: back to the wrapper that called it. */
static bool is_wrapper(uintptr_t address)
{
	return libuv_lies_in(address, (uintptr_t)__start_acausal_wrappers,
		(uintptr_t)(__stop_acausal_wrappers - __start_acausal_wrappers));
}

bool libuv_is_text(uintptr_t address)
{
	int count = atomic_load_explicit(&callers_high, memory_order_relaxed);
	int i;

	for (i = 0; i < count; i++)
		if (libuv_lies_in(address, atomic_load(&callers[i].text_low),
			    atomic_load(&callers[i].text_size)) &&
			atomic_load(&callers[i].size))
			return true;
	if (is_wrapper(address))
		return true;
	return libuv_tables_hold(address);
}

void libuv_forget_callers(void)
{
	int i;

	libuv_tables_forget();
	for (i = 0; i < CALLERS; i++) {
		struct caller *caller = &callers[i];
		struct table *table;

		if (!atomic_load(&caller->size) || !libuv_slot_take(&caller->sequence))
			continue;
		table = atomic_load(&caller->table);
		if (!libuv_module_is_loaded(&caller->module) || !libuv_table_is_ready(table))
			atomic_store(&caller->size, 0);
		libuv_slot_give(&caller->sequence);
	}
}
