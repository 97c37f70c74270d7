/*
 * Which descriptors are logs, and where their lines go.
 *
 * To ask the kernel at each write would cost more than all the rest, so the answer is kept for each
 * descriptor until something is seen that may have made it another file's (hooks/descriptor.c), and
 * is asked for again now and then, for what cannot be seen (system calls made by hand, io_uring).
 *
 * Any thread; signal safe; errno is left as it was.
 */
#ifndef ACAUSAL_HOOKS_SINK_H
#define ACAUSAL_HOOKS_SINK_H

#include "recorder/runtime/arena.h"
#include "recorder/wire/names.h"

#include <sys/socket.h>

/*
 * Whether lines written to `fd` are kept. `ticks`: now. `ret`: the record of ARENA_SINKS; 0 when
 * there is no room for one. Ask before the bytes are written: the file's size before its first line
 * is noted.
 */
bool sink_of(int fd, uint64_t ticks, uint32_t *ret);

/* The same of what is sent to an address: whether syslog listens there. */
bool sink_of_address(const struct sockaddr *address, socklen_t length, uint32_t *ret);

/* Whether what is given to syslog(3) is kept. */
bool sink_of_syslog(uint32_t *ret);

/*
 * What was known of `fd` when it was asked for last, if it has not been seen to become another file
 * since. Costs next to nothing, and never asks: where it matters, sink_of has to now and then.
 */
enum sink_known { SINK_UNKNOWN, SINK_NOT_KEPT, SINK_KEPT };
enum sink_known sink_known(int fd, uint32_t *ret);

/* Whether a record is of syslog. */
static inline bool sink_is_syslog(uint32_t sink)
{
	return sink && arena_map.sinks[sink].kind == ACAUSAL_SINK_SYSLOG;
}

/* The descriptor may be another file's from now on; those from `first` to `last`. */
void sink_forget(int fd);
void sink_forget_range(unsigned int first, unsigned int last);

/* It is about to become another file's, at a moment that nobody sees: until sink_forget. */
void sink_unsettle(int fd);

#endif
