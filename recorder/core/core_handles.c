/*
 * A loop's handles, and the requests that stand in their queues: see core_loops_internal.h. A
 * handle must point to its loop, a request to its handle and be of the kind that is looked for.
 */
#include "recorder/core/core_loops_internal.h"

#include <poll.h>
#include <uv.h>

enum {
	HANDLES_MAX = 100000, /* of a loop */
	REQUESTS_MAX = 10000  /* of a handle */
};

static const char *const type_names[UV_HANDLE_TYPE_MAX] = {
#define XX(tag, name) [UV_##tag] = "uv_" #name "_t",
	UV_HANDLE_TYPE_MAP(XX)
#undef XX
};

/* The handle that is looked at. */
struct handle {
	struct core_search *search;
	struct core_loop *loop;
	const struct core_libuv *libuv;
	uint64_t address;
	uint32_t type, flags;
};

static uint64_t word(const struct handle *handle, enum core_layout_field field)
{
	return core_field(handle->search, handle->libuv, handle->address, field);
}

/* A number, which a descriptor below zero is not. */
static int64_t number(const struct handle *handle, enum core_layout_field field)
{
	uint32_t ret;

	if (!core_field_int(handle->search, handle->libuv, handle->address, field, &ret) ||
		ret > INT32_MAX)
		return CORE_LOOPS_UNKNOWN;
	return ret;
}

static int64_t size_or_unknown(const struct handle *handle, enum core_layout_field field)
{
	uint64_t ret;

	if (!core_field_word(handle->search, handle->libuv, handle->address, field, &ret) ||
		ret > INT64_MAX)
		return CORE_LOOPS_UNKNOWN;
	return (int64_t)ret;
}

static void fill_timer(struct core_pending *ret, const struct handle *handle)
{
	uint64_t timeout, repeat, now;

	ret->callback = word(handle, CORE_LAYOUT_TIMER_CALLBACK);
	if (!ret->is_active ||
		!core_field_word(handle->search, handle->libuv, handle->loop->address,
			CORE_LAYOUT_LOOP_TIME, &now) ||
		!core_field_word(handle->search, handle->libuv, handle->address,
			CORE_LAYOUT_TIMER_TIMEOUT, &timeout) ||
		!core_field_word(handle->search, handle->libuv, handle->address,
			CORE_LAYOUT_TIMER_REPEAT, &repeat))
		return;
	ret->due_ms = (int64_t)(timeout - now);
	if (ret->due_ms == CORE_LOOPS_UNKNOWN)
		ret->due_ms++;
	ret->repeat_ms = repeat > INT64_MAX ? INT64_MAX : (int64_t)repeat;
}

/* The kernel's names of what a descriptor may be ready for as libuv's. */
static int64_t poll_events(int64_t events)
{
	return events == CORE_LOOPS_UNKNOWN ? events
					    : (events & POLLIN ? UV_READABLE : 0) |
						      (events & POLLOUT ? UV_WRITABLE : 0) |
						      (events & POLLRDHUP ? UV_DISCONNECT : 0) |
						      (events & POLLPRI ? UV_PRIORITIZED : 0);
}

/* What the handle points to must point back. */
static void fill_fs_poll(struct core_pending *ret, const struct handle *handle)
{
	struct handle context = *handle;

	context.address = word(handle, CORE_LAYOUT_FS_POLL_CONTEXT);
	if (!context.address || word(&context, CORE_LAYOUT_CONTEXT_HANDLE) != handle->address)
		return;
	ret->callback = word(&context, CORE_LAYOUT_CONTEXT_CALLBACK);
	ret->interval_ms = number(&context, CORE_LAYOUT_CONTEXT_INTERVAL);
	ret->text = core_peek_text(handle->search->peek,
		core_field_at(handle->libuv, context.address, CORE_LAYOUT_CONTEXT_PATH));
}

static void fill_stream(struct core_pending *ret, const struct handle *handle)
{
	uint64_t connection = word(handle, CORE_LAYOUT_STREAM_CONNECTION);

	ret->callback = word(handle, CORE_LAYOUT_STREAM_READ);
	ret->is_reading = ret->callback && (handle->flags & CORE_HANDLE_READING);
	ret->is_listening = connection != 0;
	if (!ret->callback)
		ret->callback = connection;
	ret->fd = number(handle, CORE_LAYOUT_STREAM_FD);
	ret->queue_size = size_or_unknown(handle, CORE_LAYOUT_STREAM_QUEUE_SIZE);
	if (handle->type == UV_NAMED_PIPE)
		ret->text =
			core_peek_text(handle->search->peek, word(handle, CORE_LAYOUT_PIPE_NAME));
}

/* What it calls, and what it waits for. */
static void fill_kind(struct core_pending *ret, const struct handle *handle)
{
	switch (handle->type) {
	case UV_TIMER:
		fill_timer(ret, handle);
		break;
	case UV_IDLE:
		ret->callback = word(handle, CORE_LAYOUT_IDLE_CALLBACK);
		break;
	case UV_PREPARE:
		ret->callback = word(handle, CORE_LAYOUT_PREPARE_CALLBACK);
		break;
	case UV_CHECK:
		ret->callback = word(handle, CORE_LAYOUT_CHECK_CALLBACK);
		break;
	case UV_ASYNC:
		ret->callback = word(handle, CORE_LAYOUT_ASYNC_CALLBACK);
		ret->was_sent = number(handle, CORE_LAYOUT_ASYNC_PENDING) > 0;
		break;
	case UV_POLL:
		ret->callback = word(handle, CORE_LAYOUT_POLL_CALLBACK);
		ret->fd = number(handle, CORE_LAYOUT_POLL_FD);
		if (ret->is_active)
			ret->events = poll_events(number(handle, CORE_LAYOUT_POLL_EVENTS));
		break;
	case UV_SIGNAL:
		ret->callback = word(handle, CORE_LAYOUT_SIGNAL_CALLBACK);
		if (ret->is_active)
			ret->signal = number(handle, CORE_LAYOUT_SIGNAL_NUMBER);
		break;
	case UV_PROCESS:
		ret->callback = word(handle, CORE_LAYOUT_PROCESS_CALLBACK);
		ret->os_pid = number(handle, CORE_LAYOUT_PROCESS_PID);
		break;
	case UV_FS_EVENT:
		ret->callback = word(handle, CORE_LAYOUT_FS_EVENT_CALLBACK);
		if (ret->is_active)
			ret->text = core_peek_text(
				handle->search->peek, word(handle, CORE_LAYOUT_FS_EVENT_PATH));
		break;
	case UV_FS_POLL:
		if (ret->is_active)
			fill_fs_poll(ret, handle);
		break;
	case UV_UDP:
		ret->callback = word(handle, CORE_LAYOUT_UDP_RECEIVE);
		ret->is_reading = ret->callback != 0;
		ret->fd = number(handle, CORE_LAYOUT_UDP_FD);
		ret->queue_size = size_or_unknown(handle, CORE_LAYOUT_UDP_QUEUE_SIZE);
		break;
	case UV_TCP:
	case UV_NAMED_PIPE:
	case UV_TTY:
		fill_stream(ret, handle);
		break;
	default:
		break;
	}
}

/* A kind of request: what it is called, and where it points to its handle. */
struct kind {
	const char *name;
	uint32_t type; /* as uv_req_type has it */
	enum core_layout_field handle, callback, links;
};

static const struct kind writes = {"uv_write_t", UV_WRITE, CORE_LAYOUT_WRITE_HANDLE,
	CORE_LAYOUT_WRITE_CALLBACK, CORE_LAYOUT_WRITE_LINKS};
static const struct kind sends = {"uv_udp_send_t", UV_UDP_SEND, CORE_LAYOUT_SEND_HANDLE,
	CORE_LAYOUT_SEND_CALLBACK, CORE_LAYOUT_SEND_LINKS};
static const struct kind connects = {
	"uv_connect_t", UV_CONNECT, CORE_LAYOUT_CONNECT_HANDLE, CORE_LAYOUT_CONNECT_CALLBACK, 0};
static const struct kind shutdowns = {"uv_shutdown_t", UV_SHUTDOWN, CORE_LAYOUT_SHUTDOWN_HANDLE,
	CORE_LAYOUT_SHUTDOWN_CALLBACK, 0};

static struct core_pending *add_request(
	const struct handle *handle, const struct kind *kind, uint64_t address)
{
	struct core_search *search = handle->search;
	uint32_t type;

	if (!address ||
		!core_field_int(search, handle->libuv, address, CORE_LAYOUT_REQUEST_TYPE, &type) ||
		type != kind->type ||
		core_field(search, handle->libuv, address, kind->handle) != handle->address)
		return NULL;
	return core_request_add(search, handle->loop, kind->name, address,
		core_field(search, handle->libuv, address, kind->callback));
}

/* The writes or sends that wait in a queue of the handle. */
static void add_queued(const struct handle *handle, const struct kind *kind,
	enum core_layout_field queue, bool is_written)
{
	uint64_t head = core_field_at(handle->libuv, handle->address, queue), at = head;

	if (!head || handle->libuv->layout.at[kind->links] == CORE_LAYOUT_UNKNOWN)
		return;
	for (int i = 0; i < REQUESTS_MAX; i++) {
		struct core_pending *request;

		if (!core_list_next(handle->search, at, &at) || at == head)
			return;
		request = add_request(handle, kind, at - handle->libuv->layout.at[kind->links]);
		if (!request)
			return;
		request->is_written = is_written;
	}
}

static void add_requests(const struct handle *handle)
{
	switch (handle->type) {
	case UV_UDP:
		add_queued(handle, &sends, CORE_LAYOUT_UDP_SENT, true);
		add_queued(handle, &sends, CORE_LAYOUT_UDP_SENDS, false);
		break;
	case UV_TCP:
	case UV_NAMED_PIPE:
	case UV_TTY:
		add_request(handle, &connects, word(handle, CORE_LAYOUT_STREAM_CONNECT));
		add_queued(handle, &writes, CORE_LAYOUT_STREAM_WRITTEN, true);
		add_queued(handle, &writes, CORE_LAYOUT_STREAM_WRITES, false);
		add_request(handle, &shutdowns, word(handle, CORE_LAYOUT_STREAM_SHUTDOWN));
		break;
	default:
		break;
	}
}

/* False: it is no handle of this loop. */
static bool add_handle(struct core_search *search, struct core_loop *loop, uint64_t address)
{
	struct handle handle = {
		.search = search, .loop = loop, .libuv = loop->libuv, .address = address};
	struct core_pending *ret;

	if (word(&handle, CORE_LAYOUT_HANDLE_LOOP) != loop->address ||
		!core_field_int(
			search, loop->libuv, address, CORE_LAYOUT_HANDLE_TYPE, &handle.type) ||
		!core_field_int(
			search, loop->libuv, address, CORE_LAYOUT_HANDLE_FLAGS, &handle.flags) ||
		handle.type >= UV_HANDLE_TYPE_MAX || !type_names[handle.type])
		return false;
	if ((handle.flags & CORE_HANDLE_ACTIVE) && (handle.flags & CORE_HANDLE_REF))
		loop->found_handles++;
	if (handle.flags & CORE_HANDLE_INTERNAL)
		return true;
	ret = core_pending_add(search, loop);
	if (!ret)
		return true;
	ret->type = type_names[handle.type];
	ret->address = address;
	ret->data = word(&handle, CORE_LAYOUT_HANDLE_DATA);
	ret->is_active = handle.flags & CORE_HANDLE_ACTIVE;
	ret->is_closing = handle.flags & CORE_HANDLE_CLOSING;
	ret->has_ref = handle.flags & CORE_HANDLE_REF;
	if (ret->is_closing)
		ret->callback = word(&handle, CORE_LAYOUT_HANDLE_CLOSE);
	else
		fill_kind(ret, &handle);
	add_requests(&handle);
	return true;
}

static bool take(struct core_search *search, struct core_loop *loop, uint64_t node)
{
	if (!add_handle(search, loop, node - loop->libuv->layout.at[CORE_LAYOUT_HANDLE_HANDLES])) {
		loop->left_out++;
		return false;
	}
	return true;
}

/* From the beginning, and where the list is broken from its end, as far as the links lead back. */
void core_handles_add(struct core_search *search, struct core_loop *loop)
{
	uint64_t head = core_field_at(loop->libuv, loop->address, CORE_LAYOUT_LOOP_HANDLES);
	uint64_t at = head, last;
	int count = 0;

	while (core_list_next(search, at, &at)) {
		if (at == head)
			return;
		if (count++ == HANDLES_MAX)
			break;
		take(search, loop, at);
	}
	loop->is_broken = true;
	last = at;
	for (at = head; count++ < HANDLES_MAX && core_list_previous(search, at, &at);) {
		if (at == last || at == head)
			return;
		take(search, loop, at);
	}
}
