/*
 * Goes on until somebody opens a fifo for writing:
 *
 *     prompt_waits FIFO
 *
 * Meanwhile a timer fires every few milliseconds, so that there is something to record.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <uv.h>

static uv_timer_t timer;

static void on_tick(uv_timer_t *handle)
{
	(void)handle;
}

/* In the pool: opening it waits for the other side. */
static void on_open(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
	uv_close((uv_handle_t *)&timer, NULL);
}

int main(int argc, char **argv)
{
	uv_fs_t request;

	if (argc < 2)
		return 2;
	uv_timer_init(uv_default_loop(), &timer);
	if (uv_timer_start(&timer, on_tick, 5, 5))
		abort();
	if (uv_fs_open(uv_default_loop(), &request, argv[1], O_RDONLY, 0, on_open))
		abort();
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return uv_loop_close(uv_default_loop()) ? 1 : 0;
}
