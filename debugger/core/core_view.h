/*
 * A core as the debugger sees it: its threads' native stacks, joined with the recording that tells
 * how each came to where it stood. That is one that was made while the program ran, or a temporary
 * one made of the history that the core itself carries. Kept with the opened recording, so that
 * whatever shows a thread or the crash of it shows the core's stack.
 *
 * The recording stays untrusted, and so is the core. One thread.
 */
#ifndef ACAUSAL_DEBUGGER_CORE_VIEW_H
#define ACAUSAL_DEBUGGER_CORE_VIEW_H

#include "debugger/recording/frames.h"
#include "debugger/recording/reader.h"
#include "recorder/core/core.h"

struct core_view;

/* Where a thread of the core stood. */
struct core_stand {
	const struct core_thread *thread;
	bool crashed;	   /* it got the signal that ended the process */
	int64_t thread_id; /* in the recording; UNKNOWN: it is not known there, or there is none */
	int64_t run_id;	   /* that it was in; UNKNOWN: not known */
	int64_t crash_id;  /* of the crash that the recording has of it; UNKNOWN: none */
	bool is_in_callback;
	/* The stack, down to where the innermost callback began. */
	const struct frames *frames;
};

/* Opens a core, alone at first. `executable` may be NULL: the one that the core names. */
int core_view_create(
	struct core_view **ret, const char *path, const char *executable, struct error *err);
void core_view_destroy(struct core_view *);

const struct core *core_view_core(const struct core_view *);

/* The program's file, as far as that is known. */
const char *core_view_executable(const struct core_view *);

/* Whether the core carries history of its own. */
bool core_view_is_recorded(const struct core_view *);

/*
 * Joins the view with an opened recording, which owns it from then on. An error when the recording
 * does not have the core's process; the view then stays the caller's.
 */
int core_view_join(struct core_view *, struct reader *recording, struct error *err);

/*
 * Makes a recording of the core's own history and opens it, joined. It has no name any more when
 * this returns, and is gone with the reader. As above.
 */
int core_view_record(struct core_view *, struct reader **ret, struct error *err);

/* What is joined with a recording; NULL: nothing. */
struct core_view *core_view_of(const struct reader *recording);

/* Whether the recording is of the core's own history, and so may lack what was older, … */
bool core_view_is_own(const struct reader *recording);
/* … and whether a recorder had taken of it. */
bool core_view_was_drained(const struct reader *recording);

/* Of each of the core's threads, 0 to `file.thread_count` - 1; NULL when memory is short. */
const struct core_stand *core_view_stand(struct core_view *, size_t index);

/* The function of the program that begins at an address; NULL when memory is short. */
const struct frame *core_view_place(struct core_view *, uint64_t address);

/* Of a thread of the recording; NULL when it is none of the core's. */
const struct core_stand *core_view_stand_of(const struct reader *recording, int64_t thread_id);

#endif
