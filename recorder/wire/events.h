/*
 * Events: what the runtime writes into chunks and the ingester makes rows of. All are multiples
 * of 8 bytes and begin with `event_head`; whoever reads them checks kind and size, and skips a
 * kind it does not know by its size.
 *
 * An event carries every ID that it needs: no relation may be inferred from the order of events of
 * different threads. A run is written when it ends, a request when its callback has ended, an
 * arming when it first fires or when it ends without having fired.
 */
#ifndef ACAUSAL_WIRE_EVENTS_H
#define ACAUSAL_WIRE_EVENTS_H

#include "recorder/wire/names.h"

#include <stdint.h>

/* X(TAG, struct) */
#define ACAUSAL_EVENTS(X)                                                                          \
	X(THREAD, event_thread)                                                                    \
	X(THREAD_END, event_thread_end)                                                            \
	X(RESOURCE, event_resource)                                                                \
	X(RETYPE, event_retype)                                                                    \
	X(DESTROY, event_destroy)                                                                  \
	X(REQUEST, event_request)                                                                  \
	X(RUN, event_run)                                                                          \
	X(ARMING, event_arming)                                                                    \
	X(DISARM, event_disarm)                                                                    \
	X(CAUSE, event_cause)                                                                      \
	X(DETAIL, event_detail)                                                                    \
	X(LOG, event_log)                                                                          \
	X(GAP, event_gap)                                                                          \
	X(SPAWN, event_spawn)                                                                      \
	X(EXIT, event_exit)                                                                        \
	X(POLL, event_poll)                                                                        \
	X(POOL, event_pool)                                                                        \
	X(REF, event_ref)                                                                          \
	X(NAME, event_name)                                                                        \
	X(CONTEXT, event_context)                                                                  \
	X(CARRIED, event_carried)                                                                  \
	X(PROGRAM, event_program)

#define X(tag, ...) EVENT_##tag,
enum event_kind { EVENT_NONE, ACAUSAL_EVENTS(X) EVENT_COUNT };
#undef X

struct event_head {
	uint8_t kind;  /* enum event_kind */
	uint8_t flags; /* of the kind */
	uint16_t size; /* bytes of the whole event, with what follows the struct */
};

/* A thread begins: the first event that it writes. Its resource is made known by this too. */
struct event_thread {
	struct event_head head;
	uint32_t os_tid;
	uint32_t role;	  /* enum acausal_role */
	uint32_t foreign; /* 1: its maker is not known, and the link of its root run neither */
	uint64_t async_id, root_run_id, started;
	/* how it was made; zero for the main and for foreign threads */
	uint64_t trigger_id, run_id, created, address;
	uint32_t stack;
	uint16_t type, api;
	uint32_t maker; /* number of the thread that made it */
	uint32_t reserved;
	uint64_t callback; /* the thread's entry function */
	char name[16];
};

struct event_thread_end {
	struct event_head head;
	uint32_t reserved;
	uint64_t ended;
};

/*
 * In `flags` of RESOURCE, ARMING and REQUEST: the resource came along with fork. It has an ID in
 * this process; `trigger_id` and `run_id` of its birth, and `run_id` of its arming, count in the
 * process that `arena_header.from` names. A thread is one of this process; 0: of that other one.
 */
#define EVENT_INHERITED 2

/* In `flags` of RESOURCE: it did not keep its loop alive when it came along. */
#define EVENT_UNREF 4

/* What is the same in the birth of every resource. The creating thread is `thread`. */
struct event_birth {
	uint64_t async_id, trigger_id, run_id, created, address;
	uint64_t loop_id, handle_id;
	uint32_t stack;
	uint16_t type, api;
};

/* A handle or loop was made. */
struct event_resource {
	struct event_head head;
	uint32_t thread;
	struct event_birth birth;
};

/* What is known better now: type after uv_listen, trigger and server after uv_accept. 0: stays. */
struct event_retype {
	struct event_head head;
	uint32_t type;
	uint64_t async_id, trigger_id, handle_id;
};

struct event_destroy {
	struct event_head head;
	uint32_t reserved;
	uint64_t async_id, destroyed;
};

/*
 * A function that was called: its address is in bits 0 to 47. With this bit, bits 48 to 62 are
 * those of the generation of modules at that time; without it that is the latest one.
 */
#define ENTRY_DATED (1ull << 63)

/* What is the same in every run. The thread is that of the chunk. */
struct event_execution {
	uint64_t run_id, cause_id, outer_run_id, began, ended;
	uint64_t callback; /* see ENTRY_DATED */
	int64_t status;	   /* libuv's result; EVENT_NO_STATUS when the callback gets none */
	int64_t bytes;	   /* read or written; EVENT_NO_STATUS when not known */
	uint32_t outer_stack;
	uint32_t part; /* enum acausal_part */
};

#define EVENT_NO_STATUS INT64_MIN

/*
 * A request, with its run. `execution.run_id` is 0 when its callback never ran (there was none, or
 * the request was abandoned): then `execution.ended` is when it was over.
 */
struct event_request {
	struct event_head head;
	uint32_t thread; /* that made it */
	struct event_birth birth;
	struct event_execution execution;
};

/*
 * A run of a handle's callback, or of the work part of a uv_work_t. With EVENT_RUN_UNENDED it was
 * left by longjmp or an exception, and `ended` is when that was noticed.
 */
struct event_run {
	struct event_head head;
	uint32_t reserved;
	uint64_t async_id, arming_id; /* arming 0: armed by creation, or not known */
	struct event_execution execution;
};

#define EVENT_RUN_UNENDED 1 /* head.flags */

/* An arming; `end` is enum acausal_end, NONE when it stands on (EVENT_DISARM will follow). */
struct event_arming {
	struct event_head head;
	uint32_t thread; /* that armed */
	uint64_t arming_id, async_id, run_id, armed;
	uint64_t timeout_ms, repeat_ms; /* EVENT_NO_TIME when it has none */
	uint32_t stack;
	uint16_t api, end;
	uint32_t count;	       /* times armed in all, when it was armed again before it fired */
	uint32_t disarm_stack; /* when ended and not fired */
	uint64_t disarm_run_id, disarmed;
};

#define EVENT_NO_TIME UINT64_MAX

/* The end of an arming that had been written as standing. */
struct event_disarm {
	struct event_head head;
	uint32_t end; /* enum acausal_end */
	uint64_t arming_id, run_id, disarmed;
	uint32_t stack, reserved;
};

/*
 * Somebody made a callback fire. Of several sends that one run answers, the run names the first;
 * the others name that one in `first_id`.
 */
struct event_cause {
	struct event_head head;
	uint32_t kind; /* enum acausal_cause */
	uint64_t cause_id, first_id, async_id, run_id, caused;
	uint32_t stack;
	uint16_t api, reserved;
	uint32_t times;	 /* that a timer was put off before it fired; this was the last. 0: once */
	uint32_t thread; /* that made the call; 0: the one that writes this */
};

/* Words about a resource: a path, a peer, a name. `length` bytes follow, padded to 8. */
struct event_detail {
	struct event_head head;
	uint32_t kind; /* enum event_detail_kind */
	uint64_t async_id;
	uint32_t length, reserved;
	char text[];
};

enum event_detail_kind {
	EVENT_DETAIL_TEXT,
	EVENT_DETAIL_SOCKADDR, /* struct sockaddr */
	EVENT_DETAIL_NUMBER,   /* int64_t */
	EVENT_DETAIL_FD,       /* int64_t: the descriptor, which goes beside the words */
};

/*
 * Text that the program wrote; `length` bytes follow, padded to 8. One call that wrote much is
 * several of these, one after the other. Whoever reads them puts lines together: those of one
 * writer are of one process, thread, `sink` and `writer`, and a line is the run's, stack's and
 * moment's of its first byte. A writer whose sink has changed has ended its line.
 */
struct event_log {
	struct event_head head; /* flags: EVENT_LOG_… */
	int32_t fd;		/* -1: syslog */
	uint64_t run_id, written;
	uint64_t writer; /* of several on one descriptor: the stdio stream; 0: none */
	/*
	 * Bytes of the line that follow `text` and were not kept; not its newline, which is the
	 * first byte of the next event when it was written. Not 0 only where `text` does not end
	 * in a newline.
	 */
	uint64_t left_out;
	uint32_t stack, length;
	uint32_t sink; /* record of ARENA_SINKS; 0: not known */
	uint16_t api;
	uint16_t kept; /* number of the struct arena_partial that its line was kept in; 0: none */
	char text[];
};

#define EVENT_LOG_FLUSH 1 /* seen only when a buffer was flushed: the run is the flush's */
/* The line ends where the text does (a datagram); of several events only the last one has this. */
#define EVENT_LOG_MESSAGE 2

/*
 * A process is about to be made, or (exec) to become another. What comes of it says so in
 * `arena_header.from`; nothing may come of it.
 */
struct event_spawn {
	struct event_head head;
	uint32_t stack;
	uint64_t spawn_id, run_id, spawned;
	uint64_t async_id; /* of the uv_process_t; 0: it was not uv_spawn */
	uint16_t api, reserved;
	uint32_t thread; /* that asked for it */
};

/* How a child process ended, as its parent heard. */
struct event_exit {
	struct event_head head;
	uint32_t os_pid;
	int32_t exit_code, signal; /* -1: none */
	uint64_t async_id;	   /* of the uv_process_t; 0: none */
};

/* A loop waited in the kernel. */
struct event_poll {
	struct event_head head;
	int32_t timeout_ms; /* -1: for ever */
	uint64_t loop_id, entered, left;
};

/* A thread of the pool, which writes this, had a request. */
struct event_pool {
	struct event_head head;
	uint32_t estimated; /* 1: `began` is the later of its submission and the end before it */
	uint64_t async_id, began, ended;
};

/* A handle keeps its loop alive from now on, or no more. */
struct event_ref {
	struct event_head head;
	uint32_t has_ref;
	uint64_t async_id, run_id, at;
};

/*
 * What the process runs: its executable's path and then its arguments, each of those with a NUL
 * behind it. Before anything that has a stack; not of a process that came by fork alone.
 */
struct event_program {
	struct event_head head;
	uint32_t path_length, arguments_length;
	uint32_t is_cut; /* 1: there were more arguments */
	char text[];	 /* path, arguments; padded to 8 */
};

/* A thread has another name. */
struct event_name {
	struct event_head head;
	uint32_t thread; /* number */
	char name[16];
};

/*
 * A value was set, on top of what `parent_id` has. Key and value follow, without NULs, padded to 8.
 * In the run it is in force from then on. One that is GONE and has no key sets nothing: what
 * `parent_id` has is in force from then on, as when a function is called with other values, and
 * after it. What is no part of a context of this process's making has an ID of its own all the
 * same: a forked child announces again, with `run_id` 0, what it inherited.
 */
struct event_context {
	struct event_head head; /* flags: EVENT_CONTEXT_… */
	uint32_t stack;
	uint64_t context_id, parent_id, async_id, run_id, set;
	/*
	 * Not 0: nothing was set, this stands for that one on top of others, since one of those
	 * that lay below it was set anew. `async_id` and `run_id` are 0: where it was set, that one
	 * says.
	 */
	uint64_t repeats_id;
	uint32_t key_length, value_length;
	char text[];
};

#define EVENT_CONTEXT_GONE 1 /* the key is taken away; there is no value */

/* What was in force where a resource was made or armed; nothing is said where nothing was. */
struct event_carried {
	struct event_head head;
	uint32_t is_arming; /* `id` is an arming's; else a resource's */
	uint64_t id, context_id;
};

/* In `flags` of GAP: recording was paused. What is missing was not lost. */
#define EVENT_GAP_PAUSED 1

/* Events of this thread that could not be written, or were not to be. */
struct event_gap {
	struct event_head head;
	uint32_t lost;
	uint64_t from, to;
};

#endif
