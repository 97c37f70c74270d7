/*
 * The processes that said hello: the command, what it became by exec, and whatever came of it.
 * Nothing is written until one of them is seen to use libuv, so that recording any other program
 * leaves nothing behind and moves nothing away; from then on all that they did and do is recorded.
 *
 * Any number of processes may come and go: what is kept of one that has ended and been read is a
 * few hundred bytes, and of those that ended before recording began only the last few are kept.
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
#include "recorder/launch/sightings.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	/* At a time. The kernel looks at 2,048 of a dying recorder's signs of life. */
	FOLLOWED_MAX = 1000,
	/* Ended, and kept in case libuv is seen later: some 20 kB each, when they were small. */
	FOLLOWED_ENDED_KEPT = 1000,
};

struct followed {
	struct output *output;
	struct ingest_options options;
	struct ingest *ingest; /* NULL before recording has begun, and after it has failed */
	struct followed_process **processes; /* in the order of coming */
	int count, capacity;
	int watch;	 /* readable when one of them has ended: epoll(7); -1 */
	pid_t command;	 /* the direct child: its end is told by followed_command_ended */
	int live_count;	 /* of those that have not ended */
	bool is_alone;	 /* the command alone is recorded */
	bool is_hasty;	 /* recording begins with the first process, which waits for its number */
	bool is_flight;	 /* the oldest events of each process may be overwritten */
	bool has_come;	 /* somebody said hello */
	bool uses_libuv; /* one of them does */
	bool has_begun;	 /* the recording was made */
	uint64_t checked_ns; /* when the recording was last seen to be at its place */
	bool has_failed;     /* nothing more is recorded; `failure` says why */
	struct error failure;
	uint64_t turned_away;	      /* processes that there was no room for … */
	struct error turned_away_why; /* … or whose arena could not be used; the last one */
	struct sightings sightings;   /* in those that have ended */
	uint64_t left_out;	      /* that ended before recording began, and were not kept */
};

/*
 * To be called just before the command is started: time 0 of the recording. `output` is borrowed,
 * and so are the strings in `options`, whose path is that of `output`.
 */
void followed_init(
	struct followed *followed, struct output *output, const struct ingest_options *options);

/* A process said hello. Takes `hello->memfd` over. */
void followed_add(struct followed *followed, const struct door_hello *hello);

/* A process came that cannot be recorded. */
void followed_turn_away(struct followed *followed, const struct error *err);

/* Takes in what happened since the last time, some of it. True when there was something. */
bool followed_drain(struct followed *followed);

/* The command has ended, with this status of wait(2). */
void followed_command_ended(struct followed *followed, int wait_status);

/* How many processes run, as far as that was seen. */
int followed_live(const struct followed *followed);

/* Whether it is one of them. */
bool followed_knows(const struct followed *followed, pid_t os_pid);

/* Makes the recording complete. False when there is none that could be, or it failed. */
bool followed_finish(struct followed *followed, struct ingest_summary *ret);

void followed_deinit(struct followed *followed);

#endif
