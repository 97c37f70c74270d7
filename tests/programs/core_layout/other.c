/*
 * A libuv whose structures have other places than any that there is: a loop with a timer and an
 * async handle, made by hand, and an abort. What reads it must have gone by debug information.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct uv_loop_s;
struct links {
	struct links *next, *before;
};

#define HANDLE_FIELDS                                                                              \
	unsigned flags;                                                                            \
	int type;                                                                                  \
	struct links handle_queue;                                                                 \
	void *close_cb;                                                                            \
	char room[24];                                                                             \
	struct uv_loop_s *loop;                                                                    \
	void *data;

struct uv_handle_s {
	HANDLE_FIELDS
};

struct uv_async_s {
	HANDLE_FIELDS
	int pending;
	void *padding;
	void (*async_cb)(struct uv_async_s *);
};

struct uv_timer_s {
	HANDLE_FIELDS
	uint64_t repeat, timeout;
	void (*timer_cb)(struct uv_timer_s *);
};

struct uv_loop_s {
	char room[136];
	uint64_t time;
	struct links wq, pending_queue;
	int backend_fd;
	union {
		unsigned count;
		void *unused;
	} active_reqs;
	struct links handle_queue;
	unsigned active_handles;
	struct uv_async_s wq_async;
	void *data;
};

/* What loops, handles and callbacks of this libuv are known by. */
int uv_run(struct uv_loop_s *loop, int mode);

static struct uv_loop_s loop;
static struct uv_timer_s timer;
static struct uv_async_s async;
static struct uv_handle_s any; /* so that its type is described */

static void on_work_done(struct uv_async_s *handle)
{
	handle->pending = 0;
}

static void on_async(struct uv_async_s *handle)
{
	handle->pending = 0;
}

static void on_timer(struct uv_timer_s *handle)
{
	handle->timeout += handle->repeat;
}

static void add(struct uv_handle_s *handle, int type, unsigned flags, uintptr_t data)
{
	struct links *last = loop.handle_queue.before;

	handle->type = type;
	handle->flags = flags;
	handle->loop = &loop;
	handle->data = (void *)data;
	handle->handle_queue = (struct links){&loop.handle_queue, last};
	last->next = &handle->handle_queue;
	loop.handle_queue.before = &handle->handle_queue;
}

int uv_run(struct uv_loop_s *of, int mode)
{
	(void)mode;
	of->active_handles = 2;
	abort();
}

int main(void)
{
	loop.handle_queue = (struct links){&loop.handle_queue, &loop.handle_queue};
	loop.wq = (struct links){&loop.wq, &loop.wq};
	loop.pending_queue = (struct links){&loop.pending_queue, &loop.pending_queue};
	loop.backend_fd = 1000;
	loop.time = 5000;
	add((struct uv_handle_s *)&loop.wq_async, 1, 16 | 4, 0);
	loop.wq_async.async_cb = on_work_done;
	add((struct uv_handle_s *)&timer, 13, 4 | 8, 0x77);
	timer.timeout = 5750;
	timer.repeat = 250;
	timer.timer_cb = on_timer;
	add((struct uv_handle_s *)&async, 1, 4 | 8, 5);
	async.async_cb = on_async;
	async.pending = 1;
	any.flags = 1;
	return uv_run(&loop, 0);
}
