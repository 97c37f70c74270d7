/* Says why a command that ran left no recording, or what is missing in it. */
#ifndef ACAUSAL_LAUNCH_EXPLAIN_H
#define ACAUSAL_LAUNCH_EXPLAIN_H

#include "recorder/launch/followed.h"
#include "recorder/launch/program.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * The profile of a security module by which the process `os_pid` is kept from us: one of its own.
 * "" when there is none. To be asked before the process is reaped.
 */
void explain_find_profile(pid_t os_pid, char *ret, size_t size);

/*
 * Writes one line: why there is no recording although `command` ran. `profile` is what
 * explain_find_profile gave.
 */
void explain_nothing(const struct followed *followed, const struct program *program,
	const char *command, const char *profile);

/* Writes a line for each use of libuv that a recording is known to lack; mostly none. */
void explain_missing(const struct followed *followed);

#endif
