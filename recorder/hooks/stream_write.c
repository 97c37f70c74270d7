/*
 * Writing to streams. What is written by way of one that leads to a log is noted as lines, too: by
 * uv_write when it has been accepted, since it will be written unless writing fails.
 */
#include "recorder/hooks/fired.h"
#include "recorder/hooks/log.h"
#include "recorder/hooks/resource.h"
#include "recorder/hooks/tag.h"

#include <errno.h>
#include <sys/mman.h>

_Static_assert(sizeof(uv_buf_t) == sizeof(struct iovec) &&
		       offsetof(uv_buf_t, base) == offsetof(struct iovec, iov_base) &&
		       offsetof(uv_buf_t, len) == offsetof(struct iovec, iov_len),
	"buffers are passed on as they are");

static const struct iovec *pieces_of(const uv_buf_t buffers[])
{
	return (const struct iovec *)(const void *)buffers;
}

/*
 * Where a stream's lines go to: -1 when that is no log in any case. Libuv opens a terminal anew,
 * and then has another descriptor of it.
 */
static int fd_of(const uv_stream_t *stream)
{
	int fd = stream->io_watcher.fd;
	uint32_t index;

	if (likely(stream->type == UV_TCP && fd > 2))
		return -1;
	index = stream->type == UV_TTY ? live_find(stream) : 0;
	return index && live_callbacks(index)->standard ? live_callbacks(index)->standard : fd;
}

/* --- uv_write ----------------------------------------------------------------------------- */

static void memory_free(void *bytes, size_t size)
{
	int saved = errno;

	if (bytes)
		munmap(bytes, size);
	errno = saved;
}

TRAMPOLINE void on_write(uv_write_t *request, int status)
{
	struct fired fired;

	fired_request_to(&fired, request, request->handle, status, FRAME);
	memory_free(fired.callbacks.second, fired.callbacks.size);
	if (fired.callbacks.callback)
		((uv_write_cb)fired.callbacks.callback)(request, status);
	/* Of what failed, nobody knows how much was written. */
	fired_end(&fired, status, status < 0 ? EVENT_NO_STATUS : fired.bytes);
}

/* One call of uv_write or uv_write2. */
struct writing {
	struct call *call;
	uv_write_t *request;
	uv_stream_t *stream, *sent;
	const uv_buf_t *buffers;
	unsigned int count;
	uv_write_cb callback;
	bool is_write2;
};

static uint32_t write_made(const struct writing *writing)
{
	uint32_t index;
	uint64_t bytes = 0;
	unsigned int i;

	if (!writing->call->thread)
		return 0;
	index = request_made(writing->call, writing->request, ACAUSAL_TYPE_WRITE,
		writing->stream->loop, writing->stream, (void *)writing->callback);
	if (!index)
		return 0;
	for (i = 0; i < writing->count; i++)
		bytes += writing->buffers[i].len;
	live_at(index)->bytes = bytes;
	return index;
}

WRAPPED int write_real(const struct writing *writing, const uv_buf_t buffers[], unsigned int count,
	uv_write_cb callback)
{
	const struct libuv *uv = writing->call->uv;

	if (writing->is_write2)
		return uv->write2(
			writing->request, writing->stream, buffers, count, writing->sent, callback);
	return uv->write(writing->request, writing->stream, buffers, count, callback);
}

/* The same with tags. Their memory stays until the callback. False: it is to be written without. */
WRAPPED bool write_tagged(
	const struct writing *writing, uint32_t index, const struct log_call *log, int *ret)
{
	struct live_callbacks *callbacks = live_callbacks(index);
	struct tagged tagged;
	uv_buf_t buffer;

	if (!index || !tag_begin(&tagged, log->thread, &log->from, &log->written,
			      pieces_of(writing->buffers), (int)writing->count))
		return false;
	buffer = (uv_buf_t){.base = tagged.bytes, .len = tagged.length};
	if (tagged.size) {
		callbacks->second = tagged.bytes;
		callbacks->size = tagged.size;
		*ret = write_real(writing, &buffer, 1, on_write);
	} else {
		*ret = write_real(writing, writing->buffers, writing->count, on_write);
	}
	if (*ret == 0) {
		tag_untagged(&tagged, tagged.length);
	} else {
		callbacks->second = NULL;
		tag_end(&tagged);
	}
	return true;
}

WRAPPED int write_noted(const struct writing *writing)
{
	uint32_t index = write_made(writing);
	struct log_call log;
	int result;

	log_enter_call(&log, writing->call, writing->call->thread ? fd_of(writing->stream) : -1);
	if (log.thread && index)
		log.written.stack = live_at(index)->stack;
	if (likely(!log.thread || !tag_is_wanted(log.written.fd)) ||
		!write_tagged(writing, index, &log, &result))
		result = write_real(writing, writing->buffers, writing->count,
			index ? on_write : writing->callback);
	if (result != 0)
		request_refused(index, writing->request);
	else if (unlikely(log.thread != NULL))
		logged_pieces(log.thread, &log.from, &log.written, pieces_of(writing->buffers),
			(int)writing->count, SIZE_MAX);
	return result;
}

WRAPPER int uv_write(uv_write_t *request, uv_stream_t *stream, const uv_buf_t buffers[],
	unsigned int count, uv_write_cb callback)
{
	CALL_ON(write, stream);
	const struct writing writing = {
		&call, request, stream, NULL, buffers, count, callback, false};

	return write_noted(&writing);
}

WRAPPER int uv_write2(uv_write_t *request, uv_stream_t *stream, const uv_buf_t buffers[],
	unsigned int count, uv_stream_t *sent, uv_write_cb callback)
{
	CALL_ON(write2, stream);
	const struct writing writing = {
		&call, request, stream, sent, buffers, count, callback, true};

	return write_noted(&writing);
}

/* --- uv_try_write ------------------------------------------------------------------------- */

/* Which of the two it is, to be called with any buffers. */
WRAPPED int try_real(const struct writing *writing, const uv_buf_t buffers[], unsigned int count)
{
	const struct libuv *uv = writing->call->uv;

	if (writing->is_write2)
		return uv->try_write2(writing->stream, buffers, count, writing->sent);
	return uv->try_write(writing->stream, buffers, count);
}

/* As write_tagged of system calls does it: hooks/write.c. */
WRAPPED bool try_tagged(const struct writing *writing, const struct log_call *log, int *ret)
{
	size_t done = 0, untagged = 0;
	struct tagged tagged;

	if (!tag_begin(&tagged, log->thread, &log->from, &log->written, pieces_of(writing->buffers),
		    (int)writing->count))
		return false;
	do {
		const uv_buf_t buffer = {.base = tagged.bytes + done, .len = tagged.length - done};

		*ret = try_real(writing, &buffer, 1);
		if (*ret <= 0)
			break;
		done += (size_t)*ret;
		untagged = tag_untagged(&tagged, done);
	} while (untagged == 0 && done < tagged.length);
	if (untagged)
		*ret = (int)untagged;
	tag_end(&tagged);
	return true;
}

WRAPPED int try_noted(const struct writing *writing)
{
	struct log_call log;
	int result;

	log_enter_call(&log, writing->call, writing->call->thread ? fd_of(writing->stream) : -1);
	if (likely(!log.thread || !tag_is_wanted(log.written.fd)) ||
		!try_tagged(writing, &log, &result))
		result = try_real(writing, writing->buffers, writing->count);
	if (unlikely(log.thread != NULL) && result > 0)
		logged_pieces(log.thread, &log.from, &log.written, pieces_of(writing->buffers),
			(int)writing->count, (size_t)result);
	return result;
}

WRAPPER int uv_try_write(uv_stream_t *stream, const uv_buf_t buffers[], unsigned int count)
{
	CALL_ON(try_write, stream);
	const struct writing writing = {
		.call = &call, .stream = stream, .buffers = buffers, .count = count};

	return try_noted(&writing);
}

WRAPPER int uv_try_write2(
	uv_stream_t *stream, const uv_buf_t buffers[], unsigned int count, uv_stream_t *sent)
{
	CALL_ON(try_write2, stream);
	const struct writing writing = {.call = &call,
		.stream = stream,
		.sent = sent,
		.buffers = buffers,
		.count = count,
		.is_write2 = true};

	return try_noted(&writing);
}
