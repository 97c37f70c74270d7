/*
 * Datagrams.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/endpoint.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/resource.h"

WRAPPER int uv_udp_init(uv_loop_t *loop, uv_udp_t *handle)
{
	CALL_ON(udp_init, loop);
	int result = call.uv->udp_init(loop, handle);

	if (call.thread && result == 0)
		handle_made(&call, handle, ACAUSAL_TYPE_UDP, loop);
	return result;
}

WRAPPER int uv_udp_init_ex(uv_loop_t *loop, uv_udp_t *handle, unsigned int flags)
{
	CALL_ON(udp_init_ex, loop);
	int result = call.uv->udp_init_ex(loop, handle, flags);

	if (call.thread && result == 0)
		handle_made(&call, handle, ACAUSAL_TYPE_UDP, loop);
	return result;
}

WRAPPER int uv_udp_bind(uv_udp_t *handle, const struct sockaddr *address, unsigned int flags)
{
	CALL_ON(udp_bind, handle);
	int result = call.uv->udp_bind(handle, address, flags);

	if (call.thread && result == 0)
		endpoint_handle(
			call.thread, call.uv, handle_known(&call, handle), handle, ENDPOINT_OWN);
	return result;
}

WRAPPER int uv_udp_connect(uv_udp_t *handle, const struct sockaddr *address)
{
	CALL_ON(udp_connect, handle);
	int result = call.uv->udp_connect(handle, address);

	/* Without an address it is disconnected. */
	if (call.thread && result == 0)
		endpoint_handle(call.thread, call.uv, handle_known(&call, handle), handle,
			address ? ENDPOINT_PEER : ENDPOINT_OWN);
	return result;
}

TRAMPOLINE void on_send(uv_udp_send_t *request, int status)
{
	struct fired fired;

	fired_request_to(&fired, request, request->handle, status, FRAME);
	if (fired.callbacks.callback)
		((uv_udp_send_cb)fired.callbacks.callback)(request, status);
	fired_end(&fired, status, status < 0 ? EVENT_NO_STATUS : fired.bytes);
}

WRAPPER int uv_udp_send(uv_udp_send_t *request, uv_udp_t *handle, const uv_buf_t buffers[],
	unsigned int count, const struct sockaddr *address, uv_udp_send_cb callback)
{
	CALL_ON(udp_send, handle);
	uint32_t index = 0;
	unsigned int i;
	int result;

	if (call.thread)
		index = request_made(&call, request, ACAUSAL_TYPE_UDP_SEND, handle->loop, handle,
			(void *)callback);
	for (i = 0; index && i < count; i++)
		live_at(index)->bytes += buffers[i].len;
	result = call.uv->udp_send(
		request, handle, buffers, count, address, index ? on_send : callback);
	if (result != 0)
		request_refused(index, request);
	return result;
}

TRAMPOLINE void on_udp_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct fired fired;

	fired_alloc(&fired, handle, FRAME);
	((uv_alloc_cb)fired.callbacks.second)(handle, suggested, buffer);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

TRAMPOLINE void on_receive(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	struct fired fired;

	fired_handle(&fired, handle, FRAME);
	((uv_udp_recv_cb)fired.callbacks.callback)(handle, count, buffer, address, flags);
	fired_end(&fired, count < 0 ? count : 0, count < 0 ? EVENT_NO_STATUS : count);
}

WRAPPER int uv_udp_recv_start(uv_udp_t *handle, uv_alloc_cb allocate, uv_udp_recv_cb callback)
{
	CALL_ON(udp_recv_start, handle);
	const struct arming arming = {
		(void *)callback, (void *)allocate, EVENT_NO_TIME, EVENT_NO_TIME, false};
	uint32_t index = call.thread && handle ? handle_known(&call, handle) : 0;
	int result;

	if (!index || !callback || !allocate)
		return call.uv->udp_recv_start(handle, allocate, callback);
	result = call.uv->udp_recv_start(handle, on_udp_alloc, on_receive);
	if (result == 0)
		handle_armed(&call, index, &arming);
	return result;
}

WRAPPER int uv_udp_recv_stop(uv_udp_t *handle)
{
	CALL_ON(udp_recv_stop, handle);
	int result = call.uv->udp_recv_stop(handle);

	if (call.thread && result == 0)
		handle_disarmed(&call, live_find(handle), ACAUSAL_END_STOPPED);
	return result;
}
