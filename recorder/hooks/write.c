/*
 * System calls that write: what of them goes to a log is noted once it is known how much was
 * written. What is sent to a socket is so only where syslog listens.
 *
 * Each is a point of cancellation, as it would be without us: nothing is held meanwhile.
 */
#include "recorder/hooks/libc.h"
#include "recorder/hooks/log.h"
#include "recorder/hooks/message.h"
#include "recorder/hooks/tag.h"

#include <errno.h>
#include <sys/syscall.h>

/* Notes what was written; returns that, as the program is told. */
static ssize_t note(
	const struct log_call *log, const struct iovec *pieces, int count, ssize_t written)
{
	int saved = errno;

	if (written <= 0)
		return written;
	if (unlikely(sink_is_syslog(log->written.sink)))
		message_note(log, pieces, count, (size_t)written);
	else
		logged_pieces(
			log->thread, &log->from, &log->written, pieces, count, (size_t)written);
	errno = saved;
	return written;
}

/*
 * Writes the pieces with their tags. A write may end within a tag; the program can be told of none
 * of its bytes only when none at all was written, so the rest is tried.
 */
static __attribute__((noinline)) bool write_tagged(
	const struct log_call *log, const struct iovec *pieces, int count, ssize_t *ret)
{
	int fd = log->written.fd;
	size_t done = 0, untagged = 0;
	struct tagged tagged;
	ssize_t written;

	if (sink_is_syslog(log->written.sink) ||
		!tag_begin(&tagged, log->thread, &log->from, &log->written, pieces, count))
		return false;
	do {
		written = libc_real.write(fd, tagged.bytes + done, tagged.length - done);
		if (written <= 0)
			break;
		done += (size_t)written;
		untagged = tag_untagged(&tagged, done);
	} while (untagged == 0 && done < tagged.length);
	*ret = untagged ? (ssize_t)untagged : written;
	tag_end(&tagged);
	return true;
}

WRAPPER ssize_t write(int fd, const void *bytes, size_t count)
{
	const struct iovec piece = {(void *)bytes, count};
	ssize_t written;

	LOG_CALL(write, fd);
	/* Before anything is resolved; then it is no point of cancellation either. */
	if (unlikely(!libc_real.write))
		return syscall(SYS_write, fd, bytes, count);
	if (likely(!log.thread))
		return libc_real.write(fd, bytes, count);
	if (likely(!tag_is_wanted(fd)) || !write_tagged(&log, &piece, 1, &written))
		written = libc_real.write(fd, bytes, count);
	return note(&log, &piece, 1, written);
}

WRAPPER ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	ssize_t written;

	LOG_CALL(writev, fd);
	libc_resolve();
	if (likely(!log.thread))
		return libc_real.writev(fd, pieces, count);
	if (likely(!tag_is_wanted(fd)) || !write_tagged(&log, pieces, count, &written))
		written = libc_real.writev(fd, pieces, count);
	return note(&log, pieces, count, written);
}

/* Whoever says where in a file to write leaves no room for tags. */
#define PWRITE(name, offset_type)                                                                  \
	WRAPPER ssize_t name(int fd, const void *bytes, size_t count, offset_type offset)          \
	{                                                                                          \
		const struct iovec piece = {(void *)bytes, count};                                 \
		ssize_t written;                                                                   \
                                                                                                   \
		LOG_CALL(name, fd);                                                                \
		libc_resolve();                                                                    \
		written = libc_real.name(fd, bytes, count, offset);                                \
		return log.thread ? note(&log, &piece, 1, written) : written;                      \
	}

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, parameters, ...)                                                             \
	WRAPPER ssize_t name parameters                                                            \
	{                                                                                          \
		ssize_t written;                                                                   \
                                                                                                   \
		LOG_CALL(name, fd);                                                                \
		libc_resolve();                                                                    \
		written = libc_real.name(__VA_ARGS__);                                             \
		return log.thread ? note(&log, pieces, count, written) : written;                  \
	}

PWRITEV(pwritev, (int fd, const struct iovec *pieces, int count, off_t offset), fd, pieces, count,
	offset)
PWRITEV(pwritev64, (int fd, const struct iovec *pieces, int count, off64_t offset), fd, pieces,
	count, offset)
PWRITEV(pwritev2, (int fd, const struct iovec *pieces, int count, off_t offset, int flags), fd,
	pieces, count, offset, flags)
PWRITEV(pwritev64v2, (int fd, const struct iovec *pieces, int count, off64_t offset, int flags), fd,
	pieces, count, offset, flags)

/* --- sockets ------------------------------------------------------------------------------ */

/*
 * Asked once it has been sent: before, what the program gave may be nothing that can be read. With
 * an address that is where it went, whatever the socket is connected to.
 */
static void note_sent(struct log_call *log, enum acausal_api api, int fd,
	const struct msghdr *message, ssize_t sent)
{
	if (message->msg_name)
		log_enter_address(log, api, fd, message->msg_name, message->msg_namelen);
	else
		log_enter(log, api, fd);
	if (unlikely(log->thread != NULL) && sink_is_syslog(log->written.sink))
		note(log, message->msg_iov, (int)message->msg_iovlen, sent);
}

#define SEND(name, message, ...)                                                                   \
	struct log_call log;                                                                       \
	ssize_t sent;                                                                              \
                                                                                                   \
	UNWIND_FROM_CALLER(&log.from);                                                             \
	libc_resolve();                                                                            \
	sent = libc_real.name(__VA_ARGS__);                                                        \
	if (sent > 0)                                                                              \
		note_sent(&log, ACAUSAL_API_##name, fd, message, sent);                            \
	return sent

WRAPPER ssize_t send(int fd, const void *bytes, size_t count, int flags)
{
	struct iovec piece = {(void *)bytes, count};
	const struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	SEND(send, &message, fd, bytes, count, flags);
}

WRAPPER ssize_t sendto(int fd, const void *bytes, size_t count, int flags,
	const struct sockaddr *address, socklen_t length)
{
	struct iovec piece = {(void *)bytes, count};
	const struct msghdr message = {.msg_name = (void *)address,
		.msg_namelen = length,
		.msg_iov = &piece,
		.msg_iovlen = 1};

	SEND(sendto, &message, fd, bytes, count, flags, address, length);
}

WRAPPER ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	SEND(sendmsg, message, fd, message, flags);
}
