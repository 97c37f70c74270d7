/*
 * The recording's place in the file system: what stands there before, and where that goes.
 */
#ifndef ACAUSAL_LAUNCH_OUTPUT_H
#define ACAUSAL_LAUNCH_OUTPUT_H

#include "recorder/base/error.h"

#include <limits.h>
#include <stdbool.h>

struct output {
	char path[PATH_MAX]; /* of the recording; symbolic links followed */
	bool is_moved;	     /* an older recording stands in `path`.old now, and came from here */
	int lock;	     /* descriptor that keeps other recorders away; -1 */
};

/*
 * Looks whether a recording can be made at `path`, and changes nothing. It can when there is
 * nothing, or an older recording that nobody writes now; any other file is left alone, and so it
 * is an error.
 */
int output_init(struct output *output, const char *path, struct error *err);

/* Is the file at `path` a recording? */
bool output_is_recording(const char *path);

/* Makes room: an older recording becomes FILE.old, in the place of the one before it. */
int output_make_room(struct output *output, struct error *err);

/* To be called once the file is there: no other `acausal record` will move it while we live. */
void output_lock(struct output *output);

/* Whether the recording is still at its place, by now. -1: it was moved, removed or replaced. */
int output_check(const struct output *output, struct error *err);

/* Removes the new recording and puts the older one back. Its writer must have closed it. */
void output_take_back(struct output *output);

/* Bytes of the recording; -1 when it is not there. */
long long output_size(const struct output *output);

#endif
