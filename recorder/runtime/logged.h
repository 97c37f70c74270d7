/*
 * Notes what the program wrote: the events of its lines (wire/events.h), with the run and the stack
 * that wrote them. Whether a descriptor is a log is not asked here (hooks/sink.h).
 *
 * Text that does not end its line stays with the thread for a while (struct arena_partial), so that
 * a line written in many small pieces is one event with one stack. It is emitted when its line
 * ends, when it grows too long, when the thread writes something else, or when the thread ends; of
 * a process that dies before, the ingester finds it in the arena.
 *
 * Every function here concerns the calling thread, may be called in a signal handler, and leaves
 * errno as it was.
 */
#ifndef ACAUSAL_RUNTIME_LOGGED_H
#define ACAUSAL_RUNTIME_LOGGED_H

#include "recorder/runtime/thread.h"

#include <sys/uio.h>

/* What was called, and where its text goes. */
struct written {
	int fd;		    /* -1: syslog */
	uint32_t sink;	    /* record of ARENA_SINKS; 0: not known */
	const void *writer; /* the stdio stream; NULL: none */
	uint64_t ticks;	    /* when; 0: now */
	uint32_t stack;	    /* of the call, where it has been captured already; 0: not yet */
	uint16_t api;	    /* enum acausal_api */
	uint8_t flags;	    /* EVENT_LOG_… */
};

/* `length` bytes were written by the call that `from` tells of. */
void logged(struct thread *thread, const struct unwind_start *from, const struct written *written,
	const void *bytes, size_t length);

/* The same of the first `length` bytes of several pieces. */
void logged_pieces(struct thread *thread, const struct unwind_start *from,
	const struct written *written, const struct iovec *pieces, int count, size_t length);

/*
 * One more byte, written by itself. When it only goes on with the line that the thread is at, no
 * stack is looked at.
 */
void logged_byte(struct thread *thread, const struct unwind_start *from,
	const struct written *written, unsigned char byte);

/*
 * The same without more ado: when the thread is within a line of that writer, and the byte goes on
 * with it. False: it does not, and nothing was done.
 */
bool logged_within(
	struct thread *thread, int fd, uint32_t sink, const void *writer, unsigned char byte);

/* Emits what the thread still has of a line. */
void logged_settle(struct thread *thread);

/*
 * The resource whose run the thread is in, as lines are named by it: `acausal trace` takes its ID.
 * 0: not known.
 */
uint64_t logged_resource(struct thread *thread);

#endif
