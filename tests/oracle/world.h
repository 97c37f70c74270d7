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

enum { MAX_WORLDS = 4, MAX_OPEN = 48, MAX_CANCELABLE = 16, MAX_PROCESSES = 2, MAX_LEVEL = 2 };

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

/* Of an object that has none of these. */
#define NO_TIMES -1, -1

/* A handle and what is known of it. The handle is the first member: one address. */
struct object {
	union uv_any_handle handle;
	struct world *world;
	enum kind kind;
	struct truth_thing *thing;
	struct arm armed, closing;
	int runs, limit;
	int descriptors[2]; /* of a poll handle */
	bool connected;
	enum truth_cause cause;
	const char *cause_kind;
	struct acts causes; /* what the next run will answer */
	/* of a remote one: sends that came too late for the run that took them */
	struct acts earlier;
	bool of_parent; /* came along with a fork */
	struct object *next_buried;
};

/* A request and what is known of it. */
struct request {
	union uv_any_req req;
	struct world *world;
	struct truth_thing *thing;
	struct arm armed, canceled;
	uint64_t worked; /* execution of the work part */
	int64_t bytes;	 /* asked to be written */
	int steps, file;
	unsigned pause_us;	/* of the work part */
	uv_dirent_t entries[4]; /* of a folder being read */
	struct request *next_buried;
};

struct world {
	uv_loop_t own, *loop;
	struct truth_thing *loop_thing;
	int number;
	uint64_t random;
	int budget;
	uint64_t deadline; /* of uv_hrtime */
	bool ending;
	char folder[160];
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

/* Callbacks begin with one of these, which say what libuv told them. */
#define ENTER_OBJECT_WITH(object, status, bytes)                                                   \
	const uint64_t outer = object_enter((object), __func__, (status), (bytes))
#define ENTER_OBJECT(object) ENTER_OBJECT_WITH((object), TRUTH_NONE, TRUTH_NONE)
#define ENTER_CLOSE(object)  const uint64_t outer = object_enter_close((object), __func__)
#define ENTER_REQUEST_WITH(request, part, status, bytes)                                           \
	const uint64_t outer = request_enter((request), (part), __func__, (status), (bytes))
#define LEAVE() truth_leave(outer)

/* --- handles -----------------------------------------------------------------------------------
 */

/* A fresh object, or NULL when there are many. To be followed by uv_*_init and object_open. */
struct object *object_new(struct world *world, enum kind kind, int limit);
/* The handle was initialised by `api`. `object` may be one whose close callback is running. */
#define OBJECT_OPEN(object, kind, api) object_open((object), (kind), ARM(api))
void object_open(struct object *object, enum kind kind, struct arm made);
/* The thing that it is in this process. */
struct truth_thing *object_thing(struct object *object);
/* A callback of it is armed: what its runs are linked to from now on. */
void object_armed(struct object *object, struct arm arm, int64_t timeout_ms, int64_t repeat_ms,
	bool one_shot);
/* It is armed no more. */
#define OBJECT_STOPPED(object) truth_end(object_thing(object), END_STOPPED, ARM(""))
/* uv_close follows, with a callback or without. */
void object_closing(struct object *object, struct arm by, bool calls);
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
uint64_t object_enter(struct object *object, const char *function, int64_t status, int64_t bytes);
uint64_t object_enter_close(struct object *object, const char *function);
/* Counts a run; true when it was the last one that it should have. */
bool object_done(struct object *object);

/* --- requests ----------------------------------------------------------------------------------
 */

struct request *request_new(struct world *world);
/*
 * It is asked for, of `on` when that is a stream or the like, as a new resource. What it was before
 * has had its callback, or was refused.
 */
#define REQUEST_ARM(request, api, on)	   request_armed((request), ARM(api), (on))
#define REQUEST_ARM_TAIL(request, api, on) request_armed((request), ARM_TAIL(api), (on))
void request_armed(struct request *request, struct arm arm, struct object *on);
/* Begins the run of its callback; it may not be cancelled any more, nor found by others. */
uint64_t request_enter(struct request *request, const char *part, const char *function,
	int64_t status, int64_t bytes);
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
/* Held while forking, so that the child finds nothing half done. */
void worlds_lock(void);
void worlds_unlock(void);
/* In the child of a fork: there are no other threads, and no signals are sent. */
void threads_forget(void);

/* This process. */
struct process_identity {
	int level; /* 0: the one that was begun by hand */
	unsigned generation;
	bool is_fork;
	const char *truth_folder;
	char executable[256];
	struct arm fork; /* by which the loop came along */
};
extern struct process_identity process_identity;
struct truth_origin process_read_origin(char **words, int *level, unsigned *generation);
/* Becomes the program once more, and does not return. */
void process_exec(uint64_t seed);
/* The end of a fork that went on; does not return. */
__attribute__((noreturn)) void process_leave(uint64_t seed);
/* Waits for the children that no handle waits for. */
void processes_join(void);

/* Runs a new world on this thread until it ends. */
void world_live(int number, uint64_t seed, const char *folder);
/* Behind those of threads, one for each fork that goes on in another. */
extern struct world worlds[MAX_WORLDS + MAX_LEVEL + 1];
extern char base_folder[128];
extern uint64_t base_seed;
/* Number of a world that may be begun by the caller, or -1. Any thread. */
int world_take(void);
/* Joins all threads that were made. Main thread, at the end. */
void threads_join(void);

/* Starts, stops or spoils a timer in one of many ways; the same for a signal handle. */
void timer_poke(struct object *object);
void signal_poke(struct object *object);
/* An async handle of this thread is going to be sent to. */
void local_sent(struct object *object, struct arm arm);
/* Sends one of the signals of signals.c to this process. Any thread, also in a signal handler. */
void signals_raise(unsigned random);
void signals_forget(void);
/* The handle is going to be closed. */
void signal_forget(struct object *object);
extern uv_close_cb close_again_callback; /* on_close of which the handle is made anew */

/* Waits for the pool to have done all work; in the child of a fork, none is under way. */
void works_wait(void);
void works_forget(void);

/* Actions, by file. */
act act_timer, act_timer_tail, act_spinner, act_local_async, act_send_local, act_send_signal;
act act_signal, act_raise, act_raise_in_handler, act_poll, act_poll_feed, act_fs_event, act_fs_poll,
	act_poke, act_ref;
act act_pipe_pair, act_tcp, act_named_pipe, act_accept, act_connect_nowhere, act_write,
	act_shutdown;
act act_udp, act_udp_send, act_spawn, act_child, act_exec_in_fork, act_fork;
act act_fs_chain, act_fs_sync, act_directory, act_work, act_burst, act_work_tail, act_dns;
act act_random, act_cancel;
act act_thread, act_world, act_send_world, act_inner_loop, act_walk, act_once;

#endif
