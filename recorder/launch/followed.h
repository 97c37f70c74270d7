/*
 * The processes that said hello: one process as a rule, and one more for each exec of it. Nothing
 * is written until one of them is seen to use libuv, so that recording any other program leaves
 * nothing behind and moves nothing away; from then on all that they did and do is recorded.
 *
 * A failure to record is kept, to be told at the end: the program runs on.
 */
#ifndef ACAUSAL_LAUNCH_FOLLOWED_H
#define ACAUSAL_LAUNCH_FOLLOWED_H

#include "recorder/base/error.h"
#include "recorder/ingest/ingest.h"
#include "recorder/launch/door.h"
#include "recorder/launch/held_arena.h"
#include "recorder/launch/output.h"

#include <stdbool.h>

enum { FOLLOWED_MAX = 64 };

struct followed {
	struct output *output;
	struct ingest_options options;
	struct ingest *ingest; /* NULL before recording has begun, and after it has failed */
	struct followed_process {
		struct held_arena arena;
		struct ingest_process *process; /* NULL before recording has begun */
		pid_t os_pid;
		char *executable, *arguments; /* NULL: not known */
	} processes[FOLLOWED_MAX];	      /* the last is the one that runs */
	int count;
	bool has_come;	 /* somebody said hello */
	bool uses_libuv; /* one of them does */
	bool has_begun;	 /* the recording was made */
	bool has_failed; /* nothing more is recorded; `failure` says why */
	struct error failure;
};

/*
 * To be called just before the command is started: time 0 of the recording. `output` is borrowed,
 * and so are the strings in `options`, whose path is that of `output`.
 */
void followed_init(
	struct followed *followed, struct output *output, const struct ingest_options *options);

/* A process said hello. Takes `hello->memfd` over. */
void followed_add(struct followed *followed, const struct door_hello *hello);

/* Notes a failure, once; the processes are told that nobody records them any more. */
void followed_fail(struct followed *followed, const struct error *err);

/* Takes in what happened since the last time, some of it. True when there was something. */
bool followed_drain(struct followed *followed);

/* The process that ran last has ended, with this status of wait(2). */
void followed_end(struct followed *followed, int wait_status);

/* Makes the recording complete. False when there is none that could be, or it failed. */
bool followed_finish(struct followed *followed, struct ingest_summary *ret);

void followed_deinit(struct followed *followed);

#endif
