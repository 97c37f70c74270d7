/*
 * What the parts of oracle_check share: the truth of every process, the recording, and the list of
 * differences. All memory lives until the end.
 */
#ifndef ORACLE_CHECK_H
#define ORACLE_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the truth ---------------------------------------------------------------------------------
 */

struct act {
	uint64_t token;
	char *api, *site; /* "-": none, or by a tail call */
	size_t first;	  /* of a send */
};

struct arming {
	struct act armed, ended;
	int64_t timeout, repeat; /* -1: none */
	char end;
	int64_t arming_id; /* that it is in the recording; 0: not found */
};

struct thing {
	uint64_t number, loop, handle, trigger, address;
	struct act made;
	char *hook_type;
	bool is_inherited, has_worked, has_run;
	int has_ref;
	char pool, life;
	struct arming *armings;
	size_t arming_count;
	struct act *refs, *sends;
	size_t ref_count, send_count;
	const struct resource *resource; /* NULL: not found */
};

struct run {
	uint64_t token, outer, thing;
	struct act armed;
	long arming; /* index in its thing; -1: none */
	char *part, *function, *cause_kind;
	int64_t status, bytes;
	char cause;
	struct act *causes;
	size_t cause_count;
	const struct recorded *recorded; /* NULL: none in its place */
};

struct thread {
	struct process *process;
	int tid;
	char *kind, *function, *name;
	uint64_t token;
	struct act armed;
	struct run *runs;
	struct thing **things;
	size_t count, thing_count;
	const struct recorded *root;
};

struct exit {
	int pid, signal;
	bool by_callback;
	int64_t status;
};

struct process {
	int pid, parent;
	unsigned generation;
	uint64_t seed, handle;
	char how;
	struct act spawned;
	struct thread *threads;
	size_t thread_count;
	struct exit *exits;
	size_t exit_count;
	int64_t process_id; /* 0: not in the recording */
};

extern struct process *processes;
extern size_t process_count;

void truth_read(const char *folder);
struct thing *thing_of(uint64_t number);

/* What a token stands for. */
struct execution {
	struct process *process;
	const struct thread *root; /* its thread, when it is the thread's root run */
	const char *function;	   /* NULL for a root */
	const struct recorded *recorded;
};
/* NULL when there is none. */
struct execution *execution_of(uint64_t token);
int64_t run_of(uint64_t token); /* 0: none */

#define TRUTH_NONE    INT64_MIN
#define TRUTH_UNKNOWN (INT64_MIN / 2)

/* --- the recording -----------------------------------------------------------------------------
 */

/* 0 is NULL in all IDs. */
struct recorded {
	int64_t run_id, process_id, outer, outer_stack, link, link_stack, cause_id, cause_run;
	int64_t async_id, arming_id, callback, began, ended, status, bytes, trigger;
	int tid;
	bool is_root, joined;
	char *part, *api;
};

struct resource {
	int64_t async_id, process_id, trigger, run_id, stack, address, loop, handle;
	int64_t created, destroyed; /* -1: NULL */
	int has_ref;		    /* -1: NULL */
	int tid;
	char *class, *hook_type, *api;
	bool joined;
};

struct arming_row {
	int64_t arming_id, async_id, run_id, stack, timeout, repeat, ender, end_stack, times;
	char *api, *end;
};

struct cause_row {
	int64_t cause_id, async_id, run_id, stack, first;
	char *kind, *api;
};

struct ref_row {
	int64_t async_id, run_id;
	int has_ref;
};

struct pool_row {
	int64_t async_id, process_id, began, ended;
	int tid, estimated;
	char *role;
};

struct poll_row {
	int64_t process_id, entered, left;
	int tid;
};

struct thread_row {
	int64_t process_id;
	int tid;
	char *name;
};

struct process_row {
	int64_t process_id, parent, spawned_by;
	int pid;
	int64_t exit_code, exit_signal; /* -1: NULL */
};

#define ROWS(X)                                                                                    \
	X(recorded, recorded)                                                                      \
	X(resource, resource)                                                                      \
	X(arming_row, arming_row)                                                                  \
	X(cause_row, cause_row)                                                                    \
	X(ref_row, ref_row)                                                                        \
	X(pool_row, pool_row)                                                                      \
	X(poll_row, poll_row)                                                                      \
	X(thread_row, thread_row)                                                                  \
	X(process_row, process_row)
#define X(type, name)                                                                              \
	extern struct type *name##s;                                                               \
	extern size_t name##_count;
ROWS(X)
#undef X

extern int64_t max_skew_ns;

void recording_read(const char *path);
/* NULL when there is none. */
const struct resource *resource_of(int64_t async_id);
const struct cause_row *cause_of(int64_t cause_id);
/* Whether it came along with a fork; and whether it was that other one before, perhaps of several
 * forks. */
bool is_inherited(const struct resource *row);
bool was_before(const struct resource *row, const struct resource *former);
/* Functions at the inner end of a stack, inlined calls unfolded, and whether `function` is on it.
 */
const char *stack_inner(int64_t stack);
const char *stack_outer(int64_t stack);
bool stack_has(int64_t stack, const char *function);
const char *function_at(int64_t frame);

/* --- differences -------------------------------------------------------------------------------
 */

#define ASPECTS(X)                                                                                 \
	X(ORDER, "runs")                                                                           \
	X(PART, "parts")                                                                           \
	X(CALLBACK, "callbacks")                                                                   \
	X(LINK, "links")                                                                           \
	X(API, "apis")                                                                             \
	X(STACK, "stacks")                                                                         \
	X(OUTER, "outer runs")                                                                     \
	X(CAUSE, "causes")                                                                         \
	X(RESULT, "results")                                                                       \
	X(RESOURCE, "resources")                                                                   \
	X(TRIGGER, "triggers")                                                                     \
	X(HANDLE, "loops and handles")                                                             \
	X(LIFE, "lives")                                                                           \
	X(ARMING, "armings")                                                                       \
	X(END, "ends")                                                                             \
	X(TIMES, "times")                                                                          \
	X(REF, "references")                                                                       \
	X(SEND, "sends")                                                                           \
	X(POOL, "pool rows")                                                                       \
	X(POLL, "waits")                                                                           \
	X(THREAD, "threads")                                                                       \
	X(PROCESS, "processes")

#define X(tag, words) tag,
enum aspect { ASPECTS(X) ASPECT_COUNT };
#undef X

extern size_t compared[ASPECT_COUNT];

__attribute__((format(printf, 2, 3))) void differs(enum aspect aspect, const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
/* Room for one more behind `count`. */
void *grow(void *array, size_t count, size_t size);
/* A name that may be missing; two names. */
const char *or_nothing(const char *words);
bool is_same(const char *recorded, const char *truth);

/* --- comparing ---------------------------------------------------------------------------------
 */

void processes_join(void);  /* finds each process, its threads, runs and resources */
void armings_compare(void); /* first, as it finds them */
void runs_compare(void);
void things_compare(void);
void processes_compare(void);
/* The stack of an act: innermost the function that acted, outermost that of its execution. */
void stack_compare(int64_t stack, const struct act *act, const char *what, int64_t id);

#endif
