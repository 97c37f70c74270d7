/* Processes that are not our children, followed to their end. */
#ifndef ACAUSAL_LAUNCH_PIDFD_H
#define ACAUSAL_LAUNCH_PIDFD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A descriptor that is readable when the process has ended; -1 with errno, ESRCH when it has ended
 * already. `alive_ns` is a moment of CLOCK_MONOTONIC at which the process was there: one that
 * began later is another with the same number.
 */
int pidfd_of(pid_t os_pid, uint64_t alive_ns);

bool pidfd_has_ended(int pidfd);

#endif
