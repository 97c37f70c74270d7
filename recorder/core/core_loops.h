/*
 * The event loops in a core of a program that was never recorded, and what each waits for. They are
 * found by what they look like: a loop has a handle of its own inside, which points back to it.
 *
 * The layout is that of libuv 1.x, whose public structures keep their places. All that is read is
 * untrusted: lists are walked with bounds. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_LOOPS_H
#define ACAUSAL_CORE_CORE_LOOPS_H

#include "recorder/core/core_modules.h"

#define CORE_LOOPS_UNKNOWN INT64_MIN

struct core_pending {
	const char *type;		     /* 'uv_timer_t' … */
	bool is_request;		     /* of the handle that stands before it */
	bool is_active, is_closing, has_ref; /* of a handle */
	uint64_t address, data;
	uint64_t callback; /* of the program; 0: none */
	int64_t fd;	   /* CORE_LOOPS_UNKNOWN: it has none, as with all below */
	int64_t due_ms,
		repeat_ms; /* of an active timer; due from the loop's own time on, may be < 0 */
	int64_t signal;	   /* that is waited for */
	int64_t os_pid;	   /* of a child process */
};

struct core_loop {
	uint64_t address, data;
	uint64_t active_handles, active_requests; /* as libuv counts them */
	size_t first, count;			  /* of `pending` */
};

struct core_loops {
	struct core_loop *loops;
	size_t loop_count;
	struct core_pending *pending;
	size_t pending_count;
	bool is_cut; /* there may be more: not all memory was looked through, or a list was too long
		      */
};

int core_loops_find(struct core_loops *ret, const struct core_modules *modules, struct error *err);
void core_loops_deinit(struct core_loops *);

#endif
