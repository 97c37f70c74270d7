/*
 * Tables of libuv's real functions: one for each scope that leads to other functions, found once.
 *
 * What is remembered lies in slots that a writer takes by making their number odd. Readers take no
 * lock: what they read counts only if the number was even and is still the same. Any thread.
 */
#ifndef ACAUSAL_HOOKS_LIBUV_TABLE_H
#define ACAUSAL_HOOKS_LIBUV_TABLE_H

#include "recorder/hooks/libuv_module.h"
#include "recorder/wire/names.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Functions younger than the headers this is compiled with. */
#if UV_VERSION_HEX < 0x012a00
int uv_try_write2(
	uv_stream_t *handle, const uv_buf_t bufs[], unsigned int nbufs, uv_stream_t *send_handle);
#endif
#if UV_VERSION_HEX < 0x012e00
int uv_pipe_connect2(uv_connect_t *req, uv_pipe_t *handle, const char *name, size_t namelen,
	unsigned int flags, uv_connect_cb cb);
#endif

/* Those that are interposed, and those that the hooks ask. */
#define LIBUV_FUNCTIONS(X) ACAUSAL_LIBUV_FUNCTIONS(X) X(is_active) X(has_ref) X(fileno) X(version)

/*
 * No entry is NULL: a function that this libuv does not have returns UV_ENOSYS. The wrappers are
 * there for every function, so that a program that asks by dlsym or by a weak reference whether its
 * libuv has one finds it, and is told by that error.
 */
struct libuv {
#define X(name) __typeof__(&uv_##name) name;
	LIBUV_FUNCTIONS(X)
#undef X
	uint8_t number; /* from 1 */
};

enum { TABLE_MODULES = 4 };

/* The functions that some scope leads to. */
struct table {
	_Atomic uint32_t sequence; /* odd: being written */
	struct libuv uv;
	/* Where they are. More modules than that cannot be watched; they are not libuv's. */
	struct libuv_module module[TABLE_MODULES];
	struct libuv_text text[TABLE_MODULES];
	int modules;
};

/* What the global scope leads to, where there is a libuv in it; else NULL. */
extern struct table *_Atomic libuv_global_table __attribute__((visibility("hidden")));

/* The one where there is none: all its functions are absent ones. */
extern const struct libuv libuv_nothing __attribute__((visibility("hidden")));

/*
 * What a module is bound to, or the global scope when it is NULL. NULL when that is nothing. May
 * take the loader's lock.
 */
struct table *libuv_table_for(const struct libuv_module *module);

/* That of the libuv in the module loaded last that has one; NULL when there is none. */
struct table *libuv_table_newest(void);

/* One that is known already; NULL when none is. */
struct table *libuv_table_any(void);

/* Whether a module calls a function that the global scope does not have. */
bool libuv_table_lacks(const struct table *global, const struct libuv_module *module);

/* Whether a table that was found once is still there. */
bool libuv_table_is_ready(const struct table *table);

/* Whether an address lies in the code of a libuv that a table leads to. */
bool libuv_tables_hold(uintptr_t address);

/* Code was unloaded: tables that lead there are dropped. */
void libuv_tables_forget(void);

/*
 * The one that code is bound to which leaves by a jump, so that nobody knows where it is: that of
 * the module loaded last that has a libuv. Slow, and a guess where there are several.
 */
const struct libuv *libuv_newest(void);

/* By `number`; NULL when it is 0 or is there no more. */
const struct libuv *libuv_numbered(unsigned number);

/* The one libuv that was called so far; NULL when there are several. */
extern const struct libuv *_Atomic libuv_only __attribute__((visibility("hidden")));

/* Whether a function of libuv is one of LIBUV_FUNCTIONS; `name` with its uv_. */
bool libuv_is_wrapped(const char *name);

static inline bool libuv_lies_in(uintptr_t address, uintptr_t low, uintptr_t size)
{
	return address - low < size;
}

/* --- slots -------------------------------------------------------------------------------- */

static inline bool libuv_slot_take(_Atomic uint32_t *sequence)
{
	uint32_t seen = atomic_load_explicit(sequence, memory_order_relaxed);

	return !(seen & 1) && atomic_compare_exchange_strong_explicit(sequence, &seen, seen + 1,
				      memory_order_acquire, memory_order_relaxed);
}

static inline void libuv_slot_give(_Atomic uint32_t *sequence)
{
	atomic_fetch_add_explicit(sequence, 1, memory_order_release);
}

static inline void libuv_raise_to(_Atomic int *high, int to)
{
	int seen = atomic_load(high);

	while (seen < to && !atomic_compare_exchange_weak(high, &seen, to))
		;
}

#endif
