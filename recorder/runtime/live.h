/*
 * Live resources: from the address of a program's object to what is known of it.
 *
 * A record has two halves with one index: the shared one in the arena (struct arena_live), for the
 * ingester and for cores, and a private one with what the trampolines call. The private half and
 * the index by address survive fork as they are, so that handles go on working in the child, be it
 * recorded or not; and they tell it what was there when it was forked, while the parent goes on
 * changing the shared half (runtime/forked.c).
 *
 * Lock-free; look-ups are async-signal-safe. The caller sees to it that an object is not made and
 * closed at the same time by two threads, as libuv itself demands.
 */
#ifndef ACAUSAL_RUNTIME_LIVE_H
#define ACAUSAL_RUNTIME_LIVE_H

#include "recorder/runtime/arena.h"
#include "recorder/wire/events.h"

/* What the program gave to be called. */
struct live_callbacks {
	void *callback;
	void *second; /* alloc of a read, after of a work, memory of a write */
	union {
		void *close;
		void *argument; /* of a thread's entry */
		size_t size;	/* of a write's memory */
	};
	/* Of a request: the record of the one before it in the same place, should this be refused.
	 */
	uint32_t former;
	uint8_t type;	     /* enum acausal_type */
	uint8_t uv;	     /* the libuv that made it: `struct libuv.number` */
	bool is_closing : 1; /* uv_close was called */
	bool is_unref : 1;   /* ARENA_LIVE_UNREF */
	bool is_untold : 1;  /* of a handle: the event of its birth could not be written yet */
	/* Of a terminal: 1 or 2 when that is the descriptor that it was made of. */
	uint8_t standard;
	/* Of a handle that is being closed: the arming that stood until then. */
	uint64_t last_arming_id;
	union {
		/* … and the cause that closing is of the requests it cancelled; 0: of none yet. */
		uint64_t close_cause_id;
		/* Of a signal handle until then: number of the last send that it has answered. */
		uint64_t sends;
	};
	/* Which resource this is, and which arming stands (0: none does). */
	uint64_t async_id, arming_id;
};

_Static_assert(sizeof(struct live_callbacks) == 64, "a record is a cache line");

/*
 * What a resource of the program's own, which has no object, is found by: no address is like that.
 * In the child of a fork it is what it was.
 */
#define LIVE_OWN (1ull << 63)

static inline const void *live_own_key(uint64_t async_id)
{
	return (const void *)(uintptr_t)(LIVE_OWN | async_id << 3);
}

static inline bool live_is_own(uintptr_t address)
{
	return address & LIVE_OWN;
}

/* Index of the record of the object at `address`; 0 when none is known. */
uint32_t live_find(const void *address);

/*
 * A new record for `address` (NULL: it will not be found by address). The shared half is zeroed but
 * for its address, and not yet visible: live_publish. Returns 0 when there is no room.
 */
uint32_t live_take(const void *address);

/* Makes the record visible under its ID, as the last thing of its making. */
void live_publish(uint32_t index, uint64_t async_id);

/*
 * Around what is written into the shared half about an arming that begins, so that the child of a
 * fork at any moment sees whether it is whole; and when the arming in force has ended.
 */
static inline void live_arming_begin(uint32_t index);
static inline void live_arming_end(uint32_t index, uint64_t arming_id);
static inline void live_disarmed(uint32_t index);

/* Forgets the address: the object may be reused from now on. The record stays. */
void live_unlink(uint32_t index, const void *address);

/* Undoes live_unlink. */
void live_link(uint32_t index, const void *address);

/* Gives the record back, and its references to ancestors. Not in signal handlers. */
void live_release(uint32_t index);

/* The calling thread ends: what it kept for itself is everybody's again. */
void live_thread_end(void);

static inline struct arena_live *live_at(uint32_t index)
{
	return &arena_map.lives[index];
}

/* How the resource came to be, for its event. */
static inline struct event_birth live_birth(uint32_t index)
{
	const struct arena_live *live = live_at(index);

	return (struct event_birth){
		.async_id = atomic_load_explicit(&live->async_id, memory_order_relaxed),
		.trigger_id = live->trigger_id,
		.run_id = live->run_id,
		.created = live->created,
		.address = live->address,
		.loop_id = live->loop_id,
		.handle_id = live->handle_id,
		.stack = live->stack,
		.type = live->type,
		.api = live->api,
	};
}

extern struct live_callbacks *live_callback_table;

static inline struct live_callbacks *live_callbacks(uint32_t index)
{
	return &live_callback_table[index];
}

static inline void live_arming_begin(uint32_t index)
{
	__atomic_store_n(&live_at(index)->arming_id, 0, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_release);
}

static inline void live_arming_end(uint32_t index, uint64_t arming_id)
{
	__atomic_store_n(&live_at(index)->arming_id, arming_id, __ATOMIC_RELEASE);
	live_callbacks(index)->arming_id = arming_id;
}

static inline void live_disarmed(uint32_t index)
{
	live_callbacks(index)->arming_id = 0;
}

/* Reserves the private halves. Called once, before anything else here. */
bool live_start(void);

/* --- in the child of a fork, while it is alone and no signal can come ------------------------ */

/*
 * What the fork left behind of other threads' doings in the index is thrown away, and what this
 * thread kept of the parent's arena is forgotten.
 */
void live_restart(void);

/* Calls `visit` for each address in the index; those for which it says false are taken out. */
void live_each(bool (*visit)(void *user, uintptr_t address, uint32_t index), void *user);

/* Of the records from 1 to `last`, those whose private half has no async_id are free. */
void live_free_rest(uint32_t last);

#endif
