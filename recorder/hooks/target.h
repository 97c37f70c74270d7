/*
 * The file that a process is about to execute, looked at before it is: whether this library can be
 * loaded there. What cannot load it would complain on the program's stderr, or not start at all.
 */
#ifndef ACAUSAL_HOOKS_TARGET_H
#define ACAUSAL_HOOKS_TARGET_H

#include <stdbool.h>

struct target {
	bool refuses;  /* the library must be left out */
	char asan[32]; /* its AddressSanitizer library, which must come first; or "" */
};

/*
 * Looks into the file that execveat(2) would execute for these; scripts are followed to what runs
 * them. What cannot be looked into (it may be executed all the same) is believed to be like this
 * program. Async-signal-safe; errno is kept.
 */
void target_look(struct target *ret, int folder, const char *path, int flags);

/* The same for a name that execvp(3) would look for in PATH. */
void target_search(struct target *ret, const char *name);

#endif
