/*
 * The environment of a program that is about to be executed: as it would be, but for LD_PRELOAD and
 * the ACAUSAL_ variables.
 *
 *	size = environment_size(&told, variables);
 *	room = size <= ENVIRONMENT_ON_STACK ? alloca(size) : environment_map(size);
 *	if (room) variables = environment_write(&told, variables, room);
 *
 * Nothing is allocated otherwise, since the caller may be the child of a process with many threads.
 * All of it is async-signal-safe and keeps errno.
 */
#ifndef ACAUSAL_HOOKS_ENVIRONMENT_H
#define ACAUSAL_HOOKS_ENVIRONMENT_H

#include "recorder/hooks/target.h"
#include "recorder/wire/arena.h"

#include <stddef.h>

enum { ENVIRONMENT_ON_STACK = 8192 };

/* What is to be done about a program. */
enum environment_how {
	ENVIRONMENT_STAYS,  /* nothing */
	ENVIRONMENT_ORIGIN, /* it is recorded, and told where it comes from */
	ENVIRONMENT_QUIET,  /* told nothing; but this library must not be where it cannot be */
	ENVIRONMENT_LEFT,   /* it is not recorded: this library is not for it */
};

/* Whether all of it can be read. What cannot is the kernel's to refuse, and not to be looked at. */
bool environment_is_readable(char *const *variables);

/* Whether a program is started for another recorder, by an `acausal record` that is recorded. */
bool environment_is_others(char *const *variables);

/* `is_self`: the program takes this process's place, rather than a child's. Any thread. */
enum environment_how environment_how(bool has_origin, bool is_self);

/* What the program is told. */
struct environment_told {
	enum environment_how how;
	struct arena_origin origin;
	uint32_t os_pid; /* of the process that is meant; 0: a child of the caller */
	struct target target;
};

/* Whether the environment has to be written at all, now that `target` has been looked at. */
bool environment_changes(const struct environment_told *told);

size_t environment_size(const struct environment_told *told, char *const *variables);

/*
 * Returns the new environment, which lies in `room` and has pointers into `variables`. At most as
 * many of them are looked at as environment_size saw.
 */
char **environment_write(
	const struct environment_told *told, char *const *variables, void *room, size_t size);

/* NULL: no memory. */
void *environment_map(size_t size);
void environment_unmap(void *room, size_t size);

#endif
