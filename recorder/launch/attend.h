/* What the recorder does while the command and what came of it run. */
#ifndef ACAUSAL_LAUNCH_ATTEND_H
#define ACAUSAL_LAUNCH_ATTEND_H

#include "recorder/launch/child.h"
#include "recorder/launch/door.h"
#include "recorder/launch/followed.h"

/*
 * From the start of the command to its end and, with `others`, to the end of all that are followed,
 * or to a signal that asks us to stop. `command` is how it is called in what is said of it.
 */
void attend(struct followed *followed, struct door *door, struct child *child, const char *command,
	bool others);

#endif
