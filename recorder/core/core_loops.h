/*
 * The event loops in a core of a program that was never recorded, and what each waits for: handles,
 * requests, what the thread pool has. Loops are found by what they look like: a loop has a handle
 * of its own inside, which points back to it and calls libuv.
 *
 * All that is read is untrusted. Lists are walked with bounds, each link must lead back, and each
 * thing must point to the loop or handle that it was found at: what does not is left out, and
 * counted where that can be. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_LOOPS_H
#define ACAUSAL_CORE_CORE_LOOPS_H

#include "recorder/core/core_layout.h"

#define CORE_LOOPS_UNKNOWN INT64_MIN

/* Where a request of the thread pool is. X(TAG, name, words) */
#define CORE_PLACES(X)                                                                             \
	X(NONE, NULL, NULL) /* it is none of the pool's */                                         \
	X(QUEUED, "queued", "waits for a pool thread")                                             \
	X(IN_HAND, "running", "a pool thread has it")                                              \
	X(FINISHED, "finished", "finished, not delivered")                                         \
	X(CANCELLED, "cancelled", "cancelled, not delivered")

#define X(tag, ...) CORE_PLACE_##tag,
enum core_place { CORE_PLACES(X) CORE_PLACE_COUNT };
#undef X

struct core_pending {
	const char *type; /* 'uv_timer_t' … */
	bool is_request;  /* of the handle that stands before it, or of the loop */
	bool is_active, is_closing, has_ref; /* of a handle */
	bool is_listening, is_reading;	     /* of a stream or uv_udp_t */
	bool was_sent;			     /* of a uv_async_t: its callback is to be called */
	bool is_written; /* of a write or send: it is done, and the callback is to be called */
	enum core_place place;
	const char *operation; /* of a uv_fs_t: 'open'; NULL: another kind, or not known */
	char *text;	       /* path, or host and service; owned; NULL: none */
	uint64_t address, data;
	uint64_t callback;	/* of the program; 0: none */
	uint64_t pool_callback; /* of a uv_work_t, called in a pool thread */
	int64_t fd;		/* CORE_LOOPS_UNKNOWN: it has none, as with all below */
	int64_t events;		/* that are polled for, as uv.h has them */
	int64_t due_ms,
		repeat_ms;   /* of an active timer; due from the loop's own time on, may be < 0 */
	int64_t interval_ms; /* of a uv_fs_poll_t */
	int64_t signal;	     /* that is waited for */
	int64_t os_pid;	     /* of a child process */
	int64_t queue_size;  /* bytes that wait to be written */
	int64_t os_tid;	     /* of the pool thread that has it */
};

struct core_loop {
	const struct core_libuv *libuv; /* of core_loops.libuvs */
	uint64_t address, data;
	int64_t fd;				  /* of its epoll */
	uint64_t active_handles, active_requests; /* as libuv counts them, … */
	uint64_t found_handles, found_requests;	  /* … and how many of these are in `pending` */
	uint64_t left_out;			  /* handles whose memory does not make sense */
	bool is_broken; /* the list of its handles is damaged, or too long to be walked */
	struct core_pending *pending;
	size_t count, capacity;
	/* The thread that runs it, where that can be proved. */
	int64_t os_tid; /* CORE_LOOPS_UNKNOWN */
	bool is_waiting;
	int64_t wait_ms; /* at most; -1: for good */
	uint64_t calls;	 /* what it has called, by a program counter in it; 0: nothing */
};

struct core_loops {
	struct core_loop *loops;
	size_t loop_count;
	struct core_libuv **libuvs;
	size_t libuv_count;
	bool is_cut; /* there may be more: not all memory was looked through, or there is too much
		      */
};

int core_loops_find(struct core_loops *ret, const struct core *core, struct error *err);
void core_loops_deinit(struct core_loops *);

#endif
