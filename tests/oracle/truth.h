/*
 * What the oracle knows of its own causality: who armed whom, written down by the program itself.
 *
 * Each execution of a callback takes a token when it begins; each arming keeps the token of the
 * execution that armed. At the end all is written to a file, a line for each execution in the
 * order of its thread, for oracle_check to compare with a recording.
 */
#ifndef ORACLE_TRUTH_H
#define ORACLE_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An arming: by which execution, by which function of libuv, in which function of ours. */
struct arm {
	uint64_t token; /* 0: never armed */
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
	CAUSE_ONE_OF = '=',  /* it is one of the tokens */
	CAUSE_PERHAPS = '~', /* none, or one of the tokens */
	CAUSE_UNKNOWN = '?', /* the program cannot tell */
};

struct tokens {
	uint64_t *list;
	size_t count, room;
};

struct truth_run {
	const char *part;    /* of the contract: callback, work, after, close */
	const void *address; /* of the handle or request */
	struct arm armed;
	uint64_t born; /* execution that made the handle or request */
	enum truth_cause cause;
	const struct tokens *causes; /* copied */
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

/* Open executions on this thread. */
int truth_depth(void);

void tokens_add(struct tokens *tokens, uint64_t token);
void tokens_clear(struct tokens *tokens);

/*
 * Writes everything to `path`, after all other threads have ended. `lie` spoils one line, to show
 * that the comparison fails: 1 a link, 2 a function, 3 leaves a line out. Returns 0 or -1.
 */
int truth_write(const char *path, uint64_t seed, int lie);

#endif
