/*
 * Writing events into chunks: lock-free, without allocation, from any thread and signal handler.
 *
 *	struct event_run *event = emit_begin(thread, sizeof *event);
 *	if (event) { fill; emit_commit(thread, EVENT_RUN, sizeof *event); }
 *
 * Between the two the thread holds an unpublished event: nothing in between may call the program,
 * wait, or begin another event. A signal handler may: it writes to a chunk of its own.
 */
#ifndef ACAUSAL_RUNTIME_EMIT_H
#define ACAUSAL_RUNTIME_EMIT_H

#include "recorder/runtime/arena.h"
#include "recorder/wire/events.h"

enum { EMIT_DEPTH = 4 }; /* signal handlers within signal handlers that still can write */

/* The open chunk of one thread at one nesting depth. */
struct emit_writer {
	unsigned char *bytes; /* NULL: none is open */
	struct arena_chunk *chunk;
	uint32_t used;
	/* Up to where an event may go that has nothing to be said before it; 0: something has. */
	uint32_t limit;
};

struct emit_state {
	struct emit_writer writer[EMIT_DEPTH];
	int depth;	 /* events begun and not committed */
	uint32_t thread; /* number, for the chunks */
	/* Events that could not be written since the last one that was; and were not to be. */
	struct emit_gap {
		uint32_t count;
		uint64_t from; /* ticks; of the first of them */
	} lost, paused;
	/* While a vfork child uses its parent's state: the child, and `depth` before it. */
	int guest, guest_depth;
	bool is_over; /* of a process that was forked from this one: nothing is written any more */
};

/*
 * Where to write `size` bytes; NULL when the event is lost, or recording is paused (then that is
 * counted, and said before the next event).
 */
void *emit_begin(struct emit_state *state, size_t size);

/* Publishes the event begun last. `size` may be less than what was asked for. */
void emit_commit(struct emit_state *state, enum event_kind kind, uint8_t flags, size_t size);

/*
 * For places that no signal handler comes to: an event that is still begun was left by siglongjmp
 * out of a handler, and will never be committed.
 */
void emit_settle(struct emit_state *state);

/*
 * A vfork child shares its parent's memory while the parent's thread stands still, and so writes
 * its events with that thread's state. It must say so around them, with its process ID: should it
 * be killed in the middle, the parent's next event finds the depth as it was. (No other check is
 * needed: what is left over is at most a raised depth, and an event at depth 0 that was never
 * published.)
 */
void emit_guest_begin(struct emit_state *state, int os_pid);
void emit_guest_end(struct emit_state *state);

/* In a forked child: the state is another process's. Nothing is written with it from now on. */
void emit_forget(struct emit_state *state);

/* Seals what is open: the thread ends. */
void emit_end(struct emit_state *state);

#endif
