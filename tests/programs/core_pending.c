/*
 * Aborts while one handle or request of each kind that a loop can wait for is pending: what a core
 * of a program that nobody recorded has to tell.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define LARGE (8 << 20)

static uv_loop_t *loop;
static uv_timer_t hourly, soon, stopped;
static uv_signal_t hangup;
static uv_async_t wake;
static uv_idle_t closing;
static uv_pipe_t pipe_handle;
static uv_write_t write_request;
static uv_udp_t socket_handle;
static uv_work_t work;
static int marked; /* what a handle's data points to */

static void on_hour(uv_timer_t *timer)
{
	(void)timer;
}

static void on_hangup(uv_signal_t *handle, int number)
{
	(void)handle;
	(void)number;
}

static void on_wake(uv_async_t *handle)
{
	(void)handle;
}

static void on_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void on_written(uv_write_t *request, int status)
{
	(void)request;
	(void)status;
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	(void)handle;
	(void)size;
	*ret = uv_buf_init(NULL, 0);
}

static void on_datagram(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *from, unsigned flags)
{
	(void)handle;
	(void)count;
	(void)buffer;
	(void)from;
	(void)flags;
}

static void on_work(uv_work_t *request)
{
	(void)request;
	pause();
}

static void on_soon(uv_timer_t *timer)
{
	(void)timer;
	uv_idle_init(loop, &closing);
	uv_close((uv_handle_t *)&closing, on_closed);
	abort();
}

int main(void)
{
	struct sockaddr_in any;
	uv_buf_t buffer;
	int ends[2];

	loop = uv_default_loop();
	uv_timer_init(loop, &hourly);
	hourly.data = &marked;
	uv_timer_start(&hourly, on_hour, 3600000, 3600000);
	uv_timer_init(loop, &stopped);
	uv_timer_start(&stopped, on_hour, 1000, 0);
	uv_timer_stop(&stopped);
	uv_signal_init(loop, &hangup);
	uv_signal_start(&hangup, on_hangup, SIGHUP);
	uv_async_init(loop, &wake, on_wake);
	uv_unref((uv_handle_t *)&wake);
	if (pipe(ends))
		return 2;
	uv_pipe_init(loop, &pipe_handle, 0);
	uv_pipe_open(&pipe_handle, ends[1]);
	buffer = uv_buf_init(calloc(1, LARGE), LARGE);
	uv_write(&write_request, (uv_stream_t *)&pipe_handle, &buffer, 1, on_written);
	uv_udp_init(loop, &socket_handle);
	uv_ip4_addr("127.0.0.1", 0, &any);
	uv_udp_bind(&socket_handle, (const struct sockaddr *)&any, 0);
	uv_udp_recv_start(&socket_handle, on_room, on_datagram);
	uv_queue_work(loop, &work, on_work, NULL);
	uv_timer_init(loop, &soon);
	uv_timer_start(&soon, on_soon, 20, 0);
	return uv_run(loop, UV_RUN_DEFAULT);
}
