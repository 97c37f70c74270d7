/*
 * What the program writes to its standard output and error, with the run that wrote it.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOG_TEXT_MAX = 4096 }; /* bytes kept of one write */

static void log_note(struct thread *thread, const struct unwind_start *from, int fd,
	const void *bytes, size_t length)
{
	size_t kept = length < LOG_TEXT_MAX ? length : LOG_TEXT_MAX;
	uint32_t stack = run_capture(thread, from);
	uint64_t run = run_current(thread);
	struct event_log *event =
		emit_begin(&thread->emit, (sizeof *event + kept + 7) & ~(size_t)7);

	if (!event)
		return;
	event->fd = fd;
	event->run_id = run;
	event->written = arena_ticks();
	event->full_length = length;
	event->stack = stack;
	event->length = (uint32_t)kept;
	memcpy(event->text, bytes, kept);
	emit_commit(&thread->emit, EVENT_LOG, 0, sizeof *event + kept);
}

WRAPPER ssize_t write(int fd, const void *bytes, size_t count)
{
	struct unwind_start from;
	struct thread *thread;
	ssize_t written;

	/* Before anything is resolved; then it is no point of cancellation either. */
	written = libc_real.write ? libc_real.write(fd, bytes, count)
				  : syscall(SYS_write, fd, bytes, count);
	if ((fd != STDOUT_FILENO && fd != STDERR_FILENO) || written <= 0)
		return written;
	UNWIND_FROM_CALLER(&from);
	/* Libuv's own writes are those of a request, and of another thread's run. */
	if (libuv_is_text(from.pc))
		return written;
	thread = thread_self();
	if (thread) {
		run_settle(thread, from.sp);
		log_note(thread, &from, fd, bytes, (size_t)written);
	}
	return written;
}
