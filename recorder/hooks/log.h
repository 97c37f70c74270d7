/*
 * What the wrappers of writing functions have in common.
 *
 *	LOG_CALL(write, fd);                      before the call: declares `log`
 *	result = libc_real.write(fd, bytes, count);
 *	if (log.thread && result > 0)
 *		logged(log.thread, &log.from, &log.written, bytes, (size_t)result);
 */
#ifndef ACAUSAL_HOOKS_LOG_H
#define ACAUSAL_HOOKS_LOG_H

#include "recorder/hooks/hook.h"
#include "recorder/hooks/sink.h"
#include "recorder/runtime/logged.h"

/* One call of a writing function. */
struct log_call {
	struct thread *thread; /* NULL: pass the call through, nothing of it is kept */
	struct unwind_start from;
	struct written written;
};

/*
 * At the top of each wrapper of libc's functions that write to a descriptor: declares `log`.
 * `log.thread` is NULL when what is written there is not kept, when the process is not recorded, or
 * when libuv calls (its own writes are those of a request, and noted where the request is made).
 */
#define LOG_CALL(name, fd)                                                                         \
	struct log_call log;                                                                       \
	UNWIND_FROM_CALLER(&log.from);                                                             \
	log_enter(&log, ACAUSAL_API_##name, fd)

/*
 * Fills all but `from`, and calls nothing of the program. Text that the standard library of C++
 * writes when it empties a buffer of its own is marked EVENT_LOG_FLUSH.
 */
void log_enter(struct log_call *log, enum acausal_api api, int fd);

/*
 * The same for a call of libuv that is recorded: `fd` is where its stream or file leads to, -1 when
 * that is no log in any case.
 */
void log_enter_call(struct log_call *log, struct call *call, int fd);

/* The same of what is sent to an address: kept when syslog listens there. */
void log_enter_address(struct log_call *log, enum acausal_api api, int fd,
	const struct sockaddr *address, socklen_t length);

/* The same of what is given to syslog(3). Each text is a message of its own. */
void log_enter_syslog(struct log_call *log, enum acausal_api api);

#endif
