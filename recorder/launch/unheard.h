/*
 * Processes that know the door and have not said hello: just forked or starting up, when the
 * command that made them has ended already.
 */
#ifndef ACAUSAL_LAUNCH_UNHEARD_H
#define ACAUSAL_LAUNCH_UNHEARD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether a process other than ourselves and `but` has the door's name in its environment and
 * `is_known` does not say that it is known. Looks at every process that we may look at.
 */
bool unheard_is_there(const char *door_name, pid_t but,
	bool (*is_known)(const void *user, pid_t os_pid), const void *user);

#endif
