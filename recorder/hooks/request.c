/*
 * Requests to the thread pool that are no file operations: names, random bytes, work; and
 * cancelling any of them.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/endpoint.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/resource.h"

TRAMPOLINE void on_getaddrinfo(uv_getaddrinfo_t *request, int status, struct addrinfo *result)
{
	struct fired fired;

	fired_request(&fired, request, FRAME);
	((uv_getaddrinfo_cb)fired.callbacks.callback)(request, status, result);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback,
	const char *node, const char *service, const struct addrinfo *hints)
{
	CALL_ON(getaddrinfo, loop);
	uint32_t index = 0;
	int result;

	if (call.thread && callback)
		index = request_made(
			&call, request, ACAUSAL_TYPE_GETADDRINFO, loop, NULL, (void *)callback);
	if (index)
		resource_detail_text(&call, index, node ? node : service);
	result = call.uv->getaddrinfo(
		loop, request, index ? on_getaddrinfo : callback, node, service, hints);
	if (index && result != 0)
		request_refused(index, request);
	return result;
}

TRAMPOLINE void on_getnameinfo(
	uv_getnameinfo_t *request, int status, const char *host, const char *service)
{
	struct fired fired;

	fired_request(&fired, request, FRAME);
	((uv_getnameinfo_cb)fired.callbacks.callback)(request, status, host, service);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_getnameinfo(uv_loop_t *loop, uv_getnameinfo_t *request, uv_getnameinfo_cb callback,
	const struct sockaddr *address, int flags)
{
	CALL_ON(getnameinfo, loop);
	uint32_t index = 0;
	int result;

	if (call.thread && callback)
		index = request_made(
			&call, request, ACAUSAL_TYPE_GETNAMEINFO, loop, NULL, (void *)callback);
	if (index)
		endpoint_address(call.thread, index, address);
	result = call.uv->getnameinfo(
		loop, request, index ? on_getnameinfo : callback, address, flags);
	if (index && result != 0)
		request_refused(index, request);
	return result;
}

TRAMPOLINE void on_random(uv_random_t *request, int status, void *buffer, size_t length)
{
	struct fired fired;

	fired_request(&fired, request, FRAME);
	((uv_random_cb)fired.callbacks.callback)(request, status, buffer, length);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_random(uv_loop_t *loop, uv_random_t *request, void *buffer, size_t length,
	unsigned flags, uv_random_cb callback)
{
	CALL_ON(random, loop);
	uint32_t index = 0;
	int result;

	if (call.thread && callback)
		index = request_made(
			&call, request, ACAUSAL_TYPE_RANDOM, loop, NULL, (void *)callback);
	result =
		call.uv->random(loop, request, buffer, length, flags, index ? on_random : callback);
	if (index && result != 0)
		request_refused(index, request);
	return result;
}

/* --- work --------------------------------------------------------------------------------- */

TRAMPOLINE void on_work(uv_work_t *request)
{
	struct fired fired;

	fired_work(&fired, request, FRAME);
	((uv_work_cb)fired.callbacks.callback)(request);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

TRAMPOLINE void on_after_work(uv_work_t *request, int status)
{
	struct fired fired;

	fired_request(&fired, request, FRAME);
	if (fired.callbacks.second)
		((uv_after_work_cb)fired.callbacks.second)(request, status);
	fired_end(&fired, status, EVENT_NO_STATUS);
}

WRAPPER int uv_queue_work(
	uv_loop_t *loop, uv_work_t *request, uv_work_cb work, uv_after_work_cb after)
{
	CALL_ON(queue_work, loop);
	uint32_t index = 0;
	int result;

	if (call.thread && work)
		index = request_made(&call, request, ACAUSAL_TYPE_WORK, loop, NULL, (void *)work);
	if (!index)
		return call.uv->queue_work(loop, request, work, after);
	live_callbacks(index)->second = (void *)after;
	live_at(index)->second_callback = (uintptr_t)after;
	result = call.uv->queue_work(loop, request, on_work, on_after_work);
	if (result != 0)
		request_refused(index, request);
	return result;
}

WRAPPER int uv_cancel(uv_req_t *request)
{
	CALL_ON(cancel, request);
	int result = call.uv->cancel(request);
	uint32_t index = call.thread && result == 0 ? live_find(request) : 0;

	/* The callback comes in a later turn of the loop, so the record is there still. */
	if (index)
		resource_caused(&call, index, ACAUSAL_CAUSE_CANCEL);
	return result;
}
