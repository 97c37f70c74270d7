/*
 * Streams (tcp, pipe, tty) and what is asked of them: listening, reading, connecting. Writing:
 * stream_write.c.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/endpoint.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/resource.h"

#define NO_TIMES .timeout_ms = EVENT_NO_TIME, .repeat_ms = EVENT_NO_TIME

#define STREAM_INIT(name, TYPE, parameters, arguments)                                             \
	WRAPPER int uv_##name parameters                                                           \
	{                                                                                          \
		CALL_ON(name, loop);                                                               \
		int result = call.uv->name arguments;                                              \
                                                                                                   \
		if (call.thread && result == 0)                                                    \
			handle_made(&call, handle, ACAUSAL_TYPE_##TYPE, loop);                     \
		return result;                                                                     \
	}

STREAM_INIT(tcp_init, TCP, (uv_loop_t * loop, uv_tcp_t *handle), (loop, handle))
STREAM_INIT(tcp_init_ex, TCP, (uv_loop_t * loop, uv_tcp_t *handle, unsigned int flags),
	(loop, handle, flags))
STREAM_INIT(pipe_init, PIPE, (uv_loop_t * loop, uv_pipe_t *handle, int ipc), (loop, handle, ipc))

WRAPPER int uv_tty_init(uv_loop_t *loop, uv_tty_t *handle, uv_file fd, int readable)
{
	CALL_ON(tty_init, loop);
	int result = call.uv->tty_init(loop, handle, fd, readable);

	uint32_t index;

	if (!call.thread || result != 0)
		return result;
	index = handle_made(&call, handle, ACAUSAL_TYPE_TTY, loop);
	/* It may have opened the terminal anew, and have another descriptor than it was given. */
	endpoint_handle(call.thread, call.uv, index, handle, ENDPOINT_NONE);
	if (index && (fd == 1 || fd == 2))
		live_callbacks(index)->standard = (uint8_t)fd;
	return result;
}

/* --- servers ------------------------------------------------------------------------------ */

TRAMPOLINE void on_connection(uv_stream_t *server, int status)
{
	struct fired fired;

	fired_handle(&fired, server, FRAME);
	((uv_connection_cb)fired.callbacks.callback)(server, status);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb callback)
{
	CALL_ON(listen, stream);
	const struct arming arming = {.callback = (void *)callback, NO_TIMES};
	uint32_t index = call.thread ? handle_known(&call, stream) : 0;
	int result;

	if (!index || !callback)
		return call.uv->listen(stream, backlog, callback);
	result = call.uv->listen(stream, backlog, on_connection);
	if (result != 0)
		return result;
	handle_armed(&call, index, &arming);
	if (live_at(index)->type == ACAUSAL_TYPE_TCP)
		handle_retype(&call, index, ACAUSAL_TYPE_TCP_SERVER, 0, 0);
	else if (live_at(index)->type == ACAUSAL_TYPE_PIPE)
		handle_retype(&call, index, ACAUSAL_TYPE_PIPE_SERVER, 0, 0);
	endpoint_handle(call.thread, call.uv, index, stream, ENDPOINT_OWN);
	return result;
}

WRAPPER int uv_accept(uv_stream_t *server, uv_stream_t *client)
{
	CALL_ON(accept, server);
	uint32_t index = call.thread ? handle_known(&call, client) : 0;
	uint32_t of = call.thread ? live_find(server) : 0;
	int result = call.uv->accept(server, client);

	if (!index || result != 0)
		return result;
	/* As in Node, what made the connection is the server that heard it. */
	if (of)
		handle_retype(&call, index, 0, live_at(of)->async_id, live_at(of)->async_id);
	endpoint_handle(call.thread, call.uv, index, client, ENDPOINT_PEER);
	return result;
}

/* --- reading ------------------------------------------------------------------------------ */

TRAMPOLINE void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct fired fired;

	fired_alloc(&fired, handle, FRAME);
	((uv_alloc_cb)fired.callbacks.second)(handle, suggested, buffer);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

TRAMPOLINE void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct fired fired;

	fired_handle(&fired, stream, FRAME);
	/* At the end of the file or after an error libuv reads no more. */
	if (count < 0 && count != UV_ENOBUFS)
		fired_disarm(&fired);
	((uv_read_cb)fired.callbacks.callback)(stream, count, buffer);
	fired_end(&fired, count < 0 ? count : 0, count < 0 ? EVENT_NO_STATUS : count);
}

WRAPPER int uv_read_start(uv_stream_t *stream, uv_alloc_cb allocate, uv_read_cb callback)
{
	CALL_ON(read_start, stream);
	const struct arming arming = {
		(void *)callback, (void *)allocate, EVENT_NO_TIME, EVENT_NO_TIME, false};
	uint32_t index = call.thread && stream ? handle_known(&call, stream) : 0;
	int result;

	if (!index || !callback || !allocate)
		return call.uv->read_start(stream, allocate, callback);
	result = call.uv->read_start(stream, on_alloc, on_read);
	if (result == 0)
		handle_armed(&call, index, &arming);
	return result;
}

WRAPPER int uv_read_stop(uv_stream_t *stream)
{
	CALL_ON(read_stop, stream);
	int result = call.uv->read_stop(stream);

	uint32_t index = call.thread && result == 0 ? live_find(stream) : 0;

	/* Of a server, it does nothing. */
	if (index && live_at(index)->arming_api == ACAUSAL_API_uv_read_start)
		handle_disarmed(&call, index, ACAUSAL_END_STOPPED);
	return result;
}

/* --- other requests of streams ----------------------------------------------------------- */

TRAMPOLINE void on_shutdown(uv_shutdown_t *request, int status)
{
	struct fired fired;

	fired_request_to(&fired, request, request->handle, status, FRAME);
	if (fired.callbacks.callback)
		((uv_shutdown_cb)fired.callbacks.callback)(request, status);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_shutdown(uv_shutdown_t *request, uv_stream_t *stream, uv_shutdown_cb callback)
{
	CALL_ON(shutdown, stream);
	uint32_t index = call.thread ? request_made(&call, request, ACAUSAL_TYPE_SHUTDOWN,
					       stream->loop, stream, (void *)callback)
				     : 0;
	int result = call.uv->shutdown(request, stream, index ? on_shutdown : callback);

	if (result != 0)
		request_refused(index, request);
	return result;
}

/* --- connecting --------------------------------------------------------------------------- */

static void connected(const uv_stream_t *stream)
{
	struct thread *thread = thread_self();
	uv_os_fd_t fd = stream->io_watcher.fd;

	if (thread && fd >= 0)
		endpoint_socket(thread, live_find(stream), fd, ENDPOINT_PEER);
}

TRAMPOLINE void on_connect(uv_connect_t *request, int status)
{
	struct fired fired;

	if (status == 0)
		connected(request->handle);
	fired_request_to(&fired, request, request->handle, status, FRAME);
	if (fired.callbacks.callback)
		((uv_connect_cb)fired.callbacks.callback)(request, status);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_tcp_connect(uv_connect_t *request, uv_tcp_t *handle, const struct sockaddr *address,
	uv_connect_cb callback)
{
	CALL_ON(tcp_connect, handle);
	uint32_t index = 0;
	int result;

	if (call.thread && callback)
		index = request_made(&call, request, ACAUSAL_TYPE_TCP_CONNECT, handle->loop, handle,
			(void *)callback);
	if (index)
		endpoint_address(call.thread, index, address);
	result = call.uv->tcp_connect(request, handle, address, index ? on_connect : callback);
	if (result != 0)
		request_refused(index, request);
	return result;
}

WRAPPER void uv_pipe_connect(
	uv_connect_t *request, uv_pipe_t *handle, const char *name, uv_connect_cb callback)
{
	CALL_ON(pipe_connect, handle);
	uint32_t index = 0;

	if (call.thread)
		index = request_made(&call, request, ACAUSAL_TYPE_PIPE_CONNECT, handle->loop,
			handle, (void *)callback);
	if (index)
		resource_detail_text(&call, index, name);
	call.uv->pipe_connect(request, handle, name, index ? on_connect : callback);
}

WRAPPER int uv_pipe_connect2(uv_connect_t *request, uv_pipe_t *handle, const char *name,
	size_t length, unsigned int flags, uv_connect_cb callback)
{
	CALL_ON(pipe_connect2, handle);
	uint32_t index = 0;
	int result;

	if (call.thread)
		index = request_made(&call, request, ACAUSAL_TYPE_PIPE_CONNECT, handle->loop,
			handle, (void *)callback);
	if (index && name)
		resource_detail(call.thread, index, EVENT_DETAIL_TEXT, name, length);
	result = call.uv->pipe_connect2(
		request, handle, name, length, flags, index ? on_connect : callback);
	if (result != 0)
		request_refused(index, request);
	return result;
}
