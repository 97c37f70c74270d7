/*
 * The program that is to be recorded, looked at before it runs: whether it is there, and whether a
 * preloaded library will get into it at all.
 */
#ifndef ACAUSAL_LAUNCH_PROGRAM_H
#define ACAUSAL_LAUNCH_PROGRAM_H

#include "recorder/base/error.h"

#include <stdbool.h>

/* Exit statuses of `record` when the command was not run, those of env(1). */
enum { PROGRAM_FAILED = 125, PROGRAM_NOT_EXECUTABLE = 126, PROGRAM_NOT_FOUND = 127 };

struct program {
	char path[4096]; /* what to give to exec */
	bool is_script;	 /* it is run by an interpreter */
	char asan[64];	 /* its AddressSanitizer library, which must come first; or "" */
};

/*
 * Looks for `command` as a shell does (in PATH when it has no slash). 0, or one of the statuses
 * above after filling `err`.
 */
int program_find(struct program *ret, const char *command, struct error *err);

#endif
