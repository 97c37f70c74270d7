/*
 * A world: one loop on one thread, full of handles and requests that do random things to one
 * another until their budget is spent. What every file of the oracle shares.
 *
 * All functions here are for the world's own thread, unless they say otherwise.
 */
#ifndef ORACLE_WORLD_H
#define ORACLE_WORLD_H

#include "tests/oracle/truth.h"

#include <stdatomic.h>
#include <uv.h>

enum { MAX_WORLDS = 4, MAX_OPEN = 48, MAX_CANCELABLE = 16, MAX_PROCESSES = 2 };

enum kind {
	TIMER,
	IDLE,
	PREPARE,
	CHECK,
	LOCAL_ASYNC, /* sent to by its own thread only */
	REMOTE_ASYNC,
	SIGNAL,
	POLL,
	FS_EVENT,
	FS_POLL,
	SERVER,
	STREAM,
	UDP,
	PROCESS,
	WATCHDOG,
};

/* A handle and what is known of it. The handle is the first member: one address. */
struct object {
	union uv_any_handle handle;
	struct world *world;
	enum kind kind;
	uint64_t born;
	struct arm armed, closing;
	int runs, limit;
	int descriptors[2]; /* of a poll handle */
	bool connected;
	enum truth_cause cause;
	struct tokens causes; /* what the next run will answer */
	struct tokens
		earlier; /* of a remote one: sends that came too late for the run that took them */
	struct object *next_buried;
};

/* A request and what is known of it. */
struct request {
	union uv_any_req req;
	struct world *world;
	struct arm armed;
	uint64_t canceled, worked; /* executions */
	int steps, file;
	unsigned pause_us;	/* of the work part */
	uv_dirent_t entries[4]; /* of a folder being read */
	struct request *next_buried;
};

struct world {
	uv_loop_t own, *loop;
	int number;
	uint64_t random;
	int budget;
	uint64_t deadline; /* of uv_hrtime */
	bool ending;
	char folder[96];
	struct object *open[MAX_OPEN];
	int open_count;
	struct request *cancelable[MAX_CANCELABLE];
	int cancelable_count;
	struct object *watchdog, *remote;
	bool remote_open; /* under the lock of remote_begin */
	int processes;
	struct object *buried;
	struct request *buried_requests;
	char buffer[4096];
};

typedef void act(struct world *world);

/* --- chance ------------------------------------------------------------------------------------
 */

unsigned below(struct world *world, unsigned limit);
bool one_in(struct world *world, unsigned n);

#define ENTER_OBJECT(object) const uint64_t outer = object_enter((object), __func__)
#define ENTER_CLOSE(object)  const uint64_t outer = object_enter_close((object), __func__)
#define ENTER_REQUEST(request, part)                                                               \
	const uint64_t outer = request_enter((request), (part), __func__)
#define LEAVE() truth_leave(outer)

/* --- handles -----------------------------------------------------------------------------------
 */

/* A fresh object, or NULL when there are many. To be followed by uv_*_init and object_open. */
struct object *object_new(struct world *world, enum kind kind, int limit);
/* The handle is initialised. `object` may be one whose close callback is running. */
void object_open(struct object *object, enum kind kind);
/* The handle could not be initialised. */
void object_drop(struct object *object);
/* Takes it from the open ones, as its uv_close follows; returns the object. */
struct object *object_forget(struct object *object);
/* Closes it, one way or another. */
void object_close(struct object *object);
bool object_is_open(const struct object *object);
/* A random open one, or NULL. */
struct object *object_any(struct world *world, enum kind kind);
void on_close(uv_handle_t *handle);
/* Begins the run of a callback, and of a close callback; the result is for LEAVE. */
uint64_t object_enter(struct object *object, const char *function);
uint64_t object_enter_close(struct object *object, const char *function);
/* Counts a run; true when it was the last one that it should have. */
bool object_done(struct object *object);

/* --- requests ----------------------------------------------------------------------------------
 */

struct request *request_new(struct world *world);
/* Begins the run of its callback; it may not be cancelled any more, nor found by others. */
uint64_t request_enter(struct request *request, const char *part, const char *function);
/* May be cancelled from now on, until request_forget. */
void request_cancelable(struct request *request);
void request_forget(struct request *request);
/* Frees it, sometimes after spoiling its bytes. */
void request_free(struct request *request);
/* Is freed at the end of the world only: nobody tells when libuv has done with it. */
void request_bury(struct request *request);

/* --- the rest ----------------------------------------------------------------------------------
 */

/* Does some random things, through more or fewer frames. */
void play(struct world *world);
/* The same and then perhaps a nested uv_run; the last thing that a callback may do with its
 * object, which may be gone afterwards. */
void play_and_nest(struct world *world);

/* The async handle of a world that other threads may send to. */
void remote_begin(struct world *world);
void remote_end(struct world *world);
/* Sends to the remote async handle of a world, when it is open. Any thread. */
void send_to_world(unsigned number);
/* Runs a new world on this thread until it ends. */
void world_live(int number, uint64_t seed, const char *folder);
extern struct world worlds[MAX_WORLDS];
extern char base_folder[64];
extern uint64_t base_seed;
/* Number of a world that may be begun by the caller, or -1. Any thread. */
int world_take(void);
/* Joins all threads that were made. Main thread, at the end. */
void threads_join(void);

/* Starts, stops or spoils a timer in one of many ways. */
void timer_poke(struct object *object);
extern uv_close_cb close_again_callback; /* on_close of which the handle is made anew */

/* Actions, by file. */
act act_timer, act_timer_tail, act_spinner, act_local_async, act_send_local, act_send_signal;
act act_signal, act_raise, act_poll, act_poll_feed, act_fs_event, act_fs_poll, act_poke;
act act_pipe_pair, act_tcp, act_named_pipe, act_connect_nowhere, act_write, act_shutdown;
act act_udp, act_udp_send, act_spawn;
act act_fs_chain, act_fs_sync, act_directory, act_work, act_burst, act_work_tail, act_dns;
act act_random, act_cancel;
act act_thread, act_world, act_send_world, act_inner_loop, act_walk, act_once;

#endif
