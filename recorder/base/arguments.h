/* Command lines as JSON arrays, the way a recording holds them. */
#ifndef ACAUSAL_BASE_ARGUMENTS_H
#define ACAUSAL_BASE_ARGUMENTS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * `arguments`, NULL at the end, for the caller to free; NULL when memory is short. What is not
 * UTF-8 becomes U+FFFD.
 */
char *arguments_json(char *const *arguments);

/* Of `size` bytes in which each argument has a NUL behind it; the last one's may be missing. */
char *arguments_json_of_bytes(const char *bytes, size_t size);

/* Those of a process that runs; NULL when they cannot be known. To be freed. */
char *arguments_json_of(pid_t os_pid);

#endif
