/* Loops of a core by libuv's layout: see core_loops.h. Calls nothing of libuv's. */
#include "recorder/core/core_loops.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	BLOCK = 1 << 18,
	LOOPS_MAX = 1024,
	HANDLES_MAX = 100000,  /* of a loop */
	PENDING_MAX = 1 << 20, /* of all */
	REQUESTS_MAX = 1000,   /* of a handle */
	STEPS_MAX = 4 << 20,   /* along all lists */
};
static const uint64_t search_max = UINT64_C(3) << 30;

/* libuv's own flags of handles (uv-common.h). */
enum { FLAG_CLOSING = 1, FLAG_ACTIVE = 4, FLAG_REF = 8, FLAG_INTERNAL = 16 };

struct search {
	const struct core_modules *modules;
	struct core_loops *ret;
	size_t capacity, steps;
	struct error *err;
};

static bool read_memory(struct search *search, uint64_t address, void *to, size_t size)
{
	return core_file_read(search->modules->core, address, to, size) == size;
}

static uint64_t as_address(const void *pointer)
{
	return (uintptr_t)pointer;
}

static struct core_pending *add_pending(struct search *search)
{
	struct core_loops *ret = search->ret;

	if (ret->pending_count == PENDING_MAX) {
		ret->is_cut = true;
		return NULL;
	}
	if (ret->pending_count == search->capacity) {
		size_t capacity = search->capacity ? 2 * search->capacity : 64;
		struct core_pending *more = realloc(ret->pending, capacity * sizeof *more);

		if (!more)
			return NULL;
		ret->pending = more;
		search->capacity = capacity;
	}
	ret->pending[ret->pending_count] = (struct core_pending){.fd = CORE_LOOPS_UNKNOWN,
		.due_ms = CORE_LOOPS_UNKNOWN,
		.repeat_ms = CORE_LOOPS_UNKNOWN,
		.signal = CORE_LOOPS_UNKNOWN,
		.os_pid = CORE_LOOPS_UNKNOWN};
	return &ret->pending[ret->pending_count++];
}

/* Any of libuv's handles, read as far as its type goes. */
union handle {
	uv_handle_t any;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
	uv_tty_t tty;
	uv_timer_t timer;
	uv_idle_t idle;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_async_t async;
	uv_poll_t poll;
	uv_signal_t signal;
	uv_process_t process;
	uv_fs_event_t fs_event;
	uv_fs_poll_t fs_poll;
	uv_udp_t udp;
};

static const struct {
	const char *name;
	size_t size;
} types[UV_HANDLE_TYPE_MAX] = {
#define XX(tag, name) [UV_##tag] = {"uv_" #name "_t", sizeof(uv_##name##_t)},
	UV_HANDLE_TYPE_MAP(XX)
#undef XX
};

#define CALLBACK(field) ((uint64_t)(uintptr_t)(field))

/* What it calls, and what it waits for. */
static void fill_kind(struct core_pending *ret, const union handle *handle, uint64_t now)
{
	switch (handle->any.type) {
	case UV_TIMER:
		ret->callback = CALLBACK(handle->timer.timer_cb);
		if (!ret->is_active)
			break;
		ret->due_ms = (int64_t)(handle->timer.timeout - now);
		ret->repeat_ms = (int64_t)handle->timer.repeat;
		break;
	case UV_IDLE:
		ret->callback = CALLBACK(handle->idle.idle_cb);
		break;
	case UV_PREPARE:
		ret->callback = CALLBACK(handle->prepare.prepare_cb);
		break;
	case UV_CHECK:
		ret->callback = CALLBACK(handle->check.check_cb);
		break;
	case UV_ASYNC:
		ret->callback = CALLBACK(handle->async.async_cb);
		break;
	case UV_POLL:
		ret->callback = CALLBACK(handle->poll.poll_cb);
		ret->fd = handle->poll.io_watcher.fd;
		break;
	case UV_SIGNAL:
		ret->callback = CALLBACK(handle->signal.signal_cb);
		ret->signal = ret->is_active ? handle->signal.signum : CORE_LOOPS_UNKNOWN;
		break;
	case UV_PROCESS:
		ret->callback = CALLBACK(handle->process.exit_cb);
		ret->os_pid = handle->process.pid;
		break;
	case UV_FS_EVENT:
		ret->callback = CALLBACK(handle->fs_event.cb);
		break;
	case UV_UDP:
		ret->callback = CALLBACK(handle->udp.recv_cb);
		ret->fd = handle->udp.io_watcher.fd;
		break;
	case UV_TCP:
	case UV_NAMED_PIPE:
	case UV_TTY:
		ret->callback = handle->stream.read_cb ? CALLBACK(handle->stream.read_cb)
						       : CALLBACK(handle->stream.connection_cb);
		ret->fd = handle->stream.io_watcher.fd;
		break;
	default:
		break;
	}
}

static void add_request(
	struct search *search, const char *type, uint64_t address, uint64_t data, uint64_t callback)
{
	struct core_pending *ret = add_pending(search);

	if (!ret)
		return;
	ret->type = type;
	ret->is_request = true;
	ret->address = address;
	ret->data = data;
	ret->callback = callback;
}

/* The writes or sends that wait in a handle's queue. */
static void add_queued(struct search *search, uint64_t head, const void *queue, bool is_send)
{
	uint64_t at, next;

	memcpy(&at, queue, sizeof at);
	for (int i = 0; at && at != head && i < REQUESTS_MAX; i++, at = next, search->steps++) {
		union {
			uv_write_t write;
			uv_udp_send_t send;
		} request;
		uint64_t address = at - (is_send ? offsetof(uv_udp_send_t, queue)
						 : offsetof(uv_write_t, queue));

		if (!read_memory(search, at, &next, sizeof next) ||
			!read_memory(search, address, &request,
				is_send ? sizeof request.send : sizeof request.write))
			return;
		if (is_send && request.send.type == UV_UDP_SEND)
			add_request(search, "uv_udp_send_t", address, as_address(request.send.data),
				CALLBACK(request.send.cb));
		else if (!is_send && request.write.type == UV_WRITE)
			add_request(search, "uv_write_t", address, as_address(request.write.data),
				CALLBACK(request.write.cb));
		else
			return;
	}
}

static void add_requests(struct search *search, uint64_t address, const union handle *handle)
{
	uv_connect_t connect;
	uv_shutdown_t shutdown;

	if (handle->any.type == UV_UDP)
		add_queued(search, address + offsetof(uv_udp_t, write_queue),
			&handle->udp.write_queue, true);
	if (handle->any.type != UV_TCP && handle->any.type != UV_NAMED_PIPE &&
		handle->any.type != UV_TTY)
		return;
	if (handle->stream.connect_req &&
		read_memory(
			search, as_address(handle->stream.connect_req), &connect, sizeof connect) &&
		connect.type == UV_CONNECT)
		add_request(search, "uv_connect_t", as_address(handle->stream.connect_req),
			as_address(connect.data), CALLBACK(connect.cb));
	if (handle->stream.shutdown_req &&
		read_memory(search, as_address(handle->stream.shutdown_req), &shutdown,
			sizeof shutdown) &&
		shutdown.type == UV_SHUTDOWN)
		add_request(search, "uv_shutdown_t", as_address(handle->stream.shutdown_req),
			as_address(shutdown.data), CALLBACK(shutdown.cb));
	add_queued(search, address + offsetof(uv_stream_t, write_queue),
		&handle->stream.write_queue, false);
}

/* False: it is no handle of this loop. */
static bool add_handle(struct search *search, uint64_t address, uint64_t loop, uint64_t now)
{
	union handle handle;
	struct core_pending *ret;
	size_t size;

	memset(&handle, 0, sizeof handle);
	if (!read_memory(search, address, &handle, sizeof handle.any) ||
		as_address(handle.any.loop) != loop || handle.any.type <= 0 ||
		handle.any.type >= UV_HANDLE_TYPE_MAX || !types[handle.any.type].name)
		return false;
	size = types[handle.any.type].size;
	if (!read_memory(search, address, &handle, size < sizeof handle ? size : sizeof handle))
		return false;
	if (handle.any.flags & FLAG_INTERNAL)
		return true;
	ret = add_pending(search);
	if (!ret)
		return false;
	ret->type = types[handle.any.type].name;
	ret->address = address;
	ret->data = as_address(handle.any.data);
	ret->is_active = handle.any.flags & FLAG_ACTIVE;
	ret->is_closing = handle.any.flags & FLAG_CLOSING;
	ret->has_ref = handle.any.flags & FLAG_REF;
	if (ret->is_closing)
		ret->callback = CALLBACK(handle.any.close_cb);
	else
		fill_kind(ret, &handle, now);
	add_requests(search, address, &handle);
	return true;
}

/* Whether a list whose head is at `head` and holds `queue` comes back to it. */
static bool is_list(struct search *search, uint64_t head, const void *queue)
{
	uint64_t ends[2], back;

	memcpy(ends, queue, sizeof ends);
	return read_memory(search, ends[0] + sizeof back, &back, sizeof back) && back == head &&
	       read_memory(search, ends[1], &back, sizeof back) && back == head;
}

static void add_handles(struct search *search, uint64_t address, const uv_loop_t *loop)
{
	uint64_t head = address + offsetof(uv_loop_t, handle_queue), at;

	memcpy(&at, &loop->handle_queue, sizeof at);
	for (int i = 0; at != head; i++) {
		if (i == HANDLES_MAX || search->steps++ > STEPS_MAX) {
			search->ret->is_cut = true;
			return;
		}
		if (!add_handle(search, at - offsetof(uv_handle_t, handle_queue), address,
			    loop->time) ||
			!read_memory(search, at, &at, sizeof at)) {
			search->ret->is_cut = true;
			return;
		}
	}
}

/* Something points to where a loop would begin: is it one? */
static int look_at(struct search *search, uint64_t address)
{
	struct core_loops *ret = search->ret;
	struct core_loop *loops;
	uv_loop_t loop;

	if (!read_memory(search, address, &loop, sizeof loop) || loop.wq_async.type != UV_ASYNC ||
		loop.backend_fd < -1 || loop.backend_fd > 1 << 24 ||
		!is_list(search, address + offsetof(uv_loop_t, handle_queue), &loop.handle_queue) ||
		!is_list(search, address + offsetof(uv_loop_t, pending_queue), &loop.pending_queue))
		return 0;
	if (ret->loop_count == LOOPS_MAX) {
		ret->is_cut = true;
		return 0;
	}
	loops = realloc(ret->loops, (ret->loop_count + 1) * sizeof *loops);
	if (!loops)
		return error_set(search->err, "no memory for the core's loops");
	ret->loops = loops;
	loops = &ret->loops[ret->loop_count++];
	*loops = (struct core_loop){.address = address,
		.data = as_address(loop.data),
		.active_handles = loop.active_handles,
		.active_requests = loop.active_reqs.count,
		.first = ret->pending_count};
	add_handles(search, address, &loop);
	loops->count = ret->pending_count - loops->first;
	return 0;
}

/* The words of one block, each of which may be the pointer back to its loop. */
static int look_through(
	struct search *search, uint64_t address, const uint64_t *words, size_t count)
{
	const uint64_t distance = offsetof(uv_loop_t, wq_async) + offsetof(uv_async_t, loop);

	for (size_t i = 0; i < count; i++)
		if (words[i] == address + i * sizeof *words - distance && look_at(search, words[i]))
			return -1;
	return 0;
}

/* Holes in the file are passed over. */
static int search_segment(struct search *search, const struct core_segment *segment,
	uint64_t *block, uint64_t *searched)
{
	int fd = search->modules->core->fd;
	uint64_t at = 0;

	while (at < segment->kept && *searched < search_max) {
		uint64_t left = segment->kept - at;
		size_t size = left < BLOCK ? (size_t)left & ~(size_t)7 : BLOCK;
		off_t data = lseek(fd, (off_t)(segment->offset + at), SEEK_DATA);

		if (data < 0 || !size)
			return 0;
		if ((uint64_t)data >= segment->offset + at + size) {
			at = ((uint64_t)data - segment->offset) & ~(uint64_t)4095;
			continue;
		}
		if (!core_file_read_at(fd, block, size, segment->offset + at))
			return 0;
		if (look_through(search, segment->address + at, block, size / sizeof *block))
			return -1;
		at += size;
		*searched += size;
	}
	return 0;
}

int core_loops_find(struct core_loops *ret, const struct core_modules *modules, struct error *err)
{
	struct search search = {.modules = modules, .ret = ret, .err = err};
	const struct core_file *core = modules->core;
	uint64_t *block = malloc(BLOCK), searched = 0;
	int result = 0;

	*ret = (struct core_loops){0};
	if (!block)
		return error_set(err, "no memory to look for loops");
	for (size_t i = 0; i < core->segment_count && !result; i++)
		if (core->segments[i].is_writable && !(core->segments[i].address & 7))
			result = search_segment(&search, &core->segments[i], block, &searched);
	if (searched >= search_max)
		ret->is_cut = true;
	free(block);
	if (result)
		core_loops_deinit(ret);
	return result;
}

void core_loops_deinit(struct core_loops *loops)
{
	free(loops->loops);
	free(loops->pending);
	*loops = (struct core_loops){0};
}
