/*
 * The parts of core_loops.c: handles and their requests (core_handles.c), the thread pool
 * (core_pool.c), threads that run loops (core_running.c). None of them fails: what cannot be read
 * is left out.
 */
#ifndef ACAUSAL_CORE_CORE_LOOPS_INTERNAL_H
#define ACAUSAL_CORE_CORE_LOOPS_INTERNAL_H

#include "recorder/core/core_loops.h"
#include "recorder/core/core_peek.h"

/* libuv's own flags of handles (uv-common.h). */
enum core_handle_flags {
	CORE_HANDLE_CLOSING = 1,
	CORE_HANDLE_ACTIVE = 4,
	CORE_HANDLE_REF = 8,
	CORE_HANDLE_INTERNAL = 16,
	CORE_HANDLE_READING = 0x1000,
};

enum {
	CORE_STEPS_MAX = 4 << 20,  /* along all lists */
	CORE_WORDS_MAX = 32 << 20, /* looked at in stacks and modules' data */
};

struct core_search {
	const struct core *core;
	struct core_peek *peek;
	struct core_loops *ret;
	size_t pending_count, steps, words, likely; /* how much was looked at, of all loops */
	/* Of each thread, the module whose libuv began it for its pool; NULL: none did. */
	const struct core_module **pools;
};

/* What is at a field of the structure at `base`. False: not in the core, or no such field. */
bool core_field_word(struct core_search *, const struct core_libuv *, uint64_t base,
	enum core_layout_field field, uint64_t *ret);
bool core_field_int(struct core_search *, const struct core_libuv *, uint64_t base,
	enum core_layout_field field, uint32_t *ret);

/* The same, 0 where that is false. */
uint64_t core_field(struct core_search *, const struct core_libuv *, uint64_t base,
	enum core_layout_field field);

/* The address of a field; 0: there is none. */
uint64_t core_field_at(const struct core_libuv *, uint64_t base, enum core_layout_field field);

/* Counts words that are to be looked at. False: enough was, and the result is cut. */
bool core_may_look(struct core_search *, size_t words);

/* A new one at the end; NULL: there are too many, or memory is short. Valid until the next. */
struct core_pending *core_pending_add(struct core_search *, struct core_loop *loop);

/* The same, filled with what every request has. */
struct core_pending *core_request_add(struct core_search *, struct core_loop *loop,
	const char *type, uint64_t address, uint64_t callback);

/*
 * The next node of a list, from `at` on, if that one's link leads back. False: the list is broken
 * there, or all lists together were too long.
 */
bool core_list_next(struct core_search *, uint64_t at, uint64_t *next);
bool core_list_previous(struct core_search *, uint64_t at, uint64_t *previous);

void core_handles_add(struct core_search *, struct core_loop *loop);

/* What the thread pool has of each loop, behind the loop's handles. After core_running_find. */
void core_pool_add(struct core_search *);

/* Which threads run which loops; makes `pools`. False for want of memory. */
bool core_running_find(struct core_search *);

#endif
