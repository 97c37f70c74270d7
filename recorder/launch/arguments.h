/* Command lines as JSON arrays, the way a recording holds them. */
#ifndef ACAUSAL_LAUNCH_ARGUMENTS_H
#define ACAUSAL_LAUNCH_ARGUMENTS_H

#include <sys/types.h>

/*
 * `arguments`, NULL at the end, for the caller to free; NULL when memory is short. What is not
 * UTF-8 becomes U+FFFD.
 */
char *arguments_json(char *const *arguments);

/* Those of a process that runs; NULL when they cannot be known. To be freed. */
char *arguments_json_of(pid_t os_pid);

#endif
