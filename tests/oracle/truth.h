/*
 * What the oracle knows of its own causality: who armed whom, written down by the program itself.
 *
 * Each execution of a callback takes a token when it begins; each arming keeps the token of the
 * execution that armed. Each resource is a thing, with its armings, their ends, and whether it
 * keeps its loop alive. At the end all is written to a file of this process, in the order of each
 * thread, for oracle_check to compare with a recording.
 *
 * Tokens and the numbers of things are unique among all processes of a run.
 */
#ifndef ORACLE_TRUTH_H
#define ORACLE_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An act: by which execution, by which function of libuv or libc, in which function of ours. */
struct arm {
	uint64_t token; /* 0: never */
	const char *api;
	const char *site; /* NULL: by a tail call, so that the function is not on the stack */
};

#define ARM(api)      ((struct arm){truth_now(), (api), __func__})
#define ARM_TAIL(api) ((struct arm){truth_now(), (api), NULL})

/* Put after a call that must not become a tail call. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

/* What is known of the cause of an execution. */
enum truth_cause {
	CAUSE_NONE = '-',    /* it has none */
	CAUSE_ONE_OF = '=',  /* it is one of the acts */
	CAUSE_PERHAPS = '~', /* none, or one of the acts */
};

/* Acts that may be the cause of something. */
struct acts {
	struct arm *list;
	size_t count, room;
};

/* --- things ------------------------------------------------------------------------------------
 */

enum truth_end {
	END_STANDS = '-',
	END_FIRED = 'f',
	END_STOPPED = 's',
	END_REPLACED = 'r',
	END_CLOSED = 'c',
};

struct truth_arming {
	struct arm armed, ended;
	int64_t timeout_ms, repeat_ms; /* -1: it has none */
	int64_t later_ms;	       /* the repeat in force by now */
	enum truth_end end;
	bool one_shot, has_fired;
};

enum truth_pool {
	POOL_NEVER = '-',
	POOL_FILE = 'p',    /* a thread of the pool had it; nothing of ours ran there */
	POOL_WORK = 'w',    /* the same, and our function ran there */
	POOL_CANCELED = 'c' /* taken back before */
};

/* Whether the resource has ended when the process has. */
enum truth_life {
	LIFE_ALIVE = 'a',
	LIFE_GONE = 'g',
	LIFE_UNKNOWN = '?',
};

/* A resource. Only the thread of its loop touches it, but for `sends`. */
struct truth_thing {
	struct truth_thing *next; /* made by the same thread */
	uint64_t number;
	struct arm made;
	const char *hook_type;
	const void *address;
	uint64_t loop, handle; /* numbers of things, or 0 */
	uint64_t trigger;      /* number of the thing; 0: that of the execution that made it */
	enum truth_life life;
	bool refused, knows_sends, is_inherited;
	int has_ref; /* -1: what has none */
	enum truth_pool pool;
	int runs;
	struct truth_arming *armings;
	size_t arming_count, arming_room;
	size_t standing; /* index + 1 of the arming in force; 0: none */
	size_t former;	 /* of the one that stood until it was closed */
	bool is_closing;
	struct acts refs;  /* `api` is the function */
	struct acts sends; /* all, when `knows_sends` */
	size_t *firsts;	   /* of each send: index of the first of those that one run answers */
};

/* A thing is made by the calling thread; hook_type as in the recording. */
struct truth_thing *truth_thing(const char *hook_type, const void *address, struct arm made,
	const struct truth_thing *loop, const struct truth_thing *handle);
/* What was armed before it fired is replaced. Does nothing when it is being closed. */
void truth_arm(struct truth_thing *thing, struct arm arm, int64_t timeout_ms, int64_t repeat_ms,
	bool one_shot);
/* What stands and has not fired yet will repeat so. */
void truth_repeat(struct truth_thing *thing, int64_t repeat_ms);
void truth_end(struct truth_thing *thing, enum truth_end end, struct arm by);
/* uv_close; `calls` whether there is a callback. */
void truth_close(struct truth_thing *thing, struct arm by, bool calls);
void truth_ref(struct truth_thing *thing, struct arm by, bool has_ref);
/* Whether it is of this process, and not of the one that this was forked from. */
bool truth_is_mine(const struct truth_thing *thing);
/* In the child of a fork: the thing that `thing` of the parent is here. */
struct truth_thing *truth_inherit(
	const struct truth_thing *thing, struct arm fork, const struct truth_thing *loop);

/* --- executions --------------------------------------------------------------------------------
 */

#define TRUTH_NONE    INT64_MIN	      /* the callback is not told */
#define TRUTH_UNKNOWN (INT64_MIN / 2) /* the program does not know what will be recorded */

struct truth_run {
	const char *part; /* of the contract: callback, work, after, close */
	struct truth_thing *thing;
	struct arm armed;
	bool is_armed; /* by an arming of the thing: the one that stands */
	enum truth_cause cause;
	const char *cause_kind;
	const struct acts *causes; /* copied */
	int64_t status, bytes;	   /* TRUTH_NONE, TRUTH_UNKNOWN */
};

/* Any thread. */
uint64_t truth_now(void);

/*
 * Begins an execution on this thread, which becomes known when it is not yet. `function` and the
 * strings of `run` are kept, not copied. Returns the execution that it stands in, for truth_leave.
 * By value: a callback with a local variable whose address is known elsewhere ends in no tail call.
 */
uint64_t truth_enter(const char *function, const struct truth_run *run);
void truth_leave(uint64_t outer);

/* A thread of ours begins in `function`; `armed` by whoever made it (token 0: the main thread). */
void truth_thread(const char *kind, const char *function, struct arm armed);
/* It is called so from now on; copied. */
void truth_name_thread(const char *name);

/* Open executions on this thread. */
int truth_depth(void);

void acts_add(struct acts *acts, struct arm act);
void acts_clear(struct acts *acts);

/* --- processes ---------------------------------------------------------------------------------
 */

/* Where a process came from, as it can be handed on in words. */
struct truth_origin {
	uint64_t token;	 /* the execution that asked for it; 0: nothing recorded did */
	uint64_t handle; /* number of the uv_process_t, or 0 */
	char api[24], site[40];
	char how; /* 's' a new program, 'f' a fork that goes on, 'x' an exec of the same process */
	int parent; /* os_pid */
};

/* Called first. `generation` counts the programs that this process has been before. */
void truth_begin(unsigned generation, const struct truth_origin *origin);
/*
 * In the child of a fork, by the thread that forked: forgets all but what had been made by then,
 * which it shares. `function` will be the root run's.
 */
void truth_forked(const struct truth_origin *origin);
/* Held while forking, so that the child finds whole lists. */
void truth_lock(void);
void truth_unlock(void);

/* How a child of ours ended, as its exit callback said, or else waitpid, which nobody records. */
void truth_child_ended(int os_pid, int64_t status, int signal, bool by_callback);

/*
 * Writes everything to a new file of `folder`. With `also_lies`, for each word of LIES in
 * truth_write.c another one of the folder FOLDER-WORD, where one fact of that kind is spoilt if
 * there is one, to show that the comparison fails. Returns 0 or -1.
 */
int truth_write(const char *folder, uint64_t seed, bool also_lies);

#endif
