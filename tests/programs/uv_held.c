/*
 * A callback that keeps its loop for a long time, and what waits for it meanwhile: a timer, a file
 * request, work, a send, a close callback. Each callback's name says what it is of.
 */
#include <time.h>
#include <uv.h>

#define HOG_MS 100

static uv_loop_t *loop;
static uv_timer_t hog, late;
static uv_async_t sent;
static uv_idle_t closed;
static uv_fs_t stated;
static uv_work_t worked;

static void on_late(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_sent(uv_async_t *async)
{
	uv_close((uv_handle_t *)async, NULL);
}

static void on_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void on_stated(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
}

static void do_work(uv_work_t *request)
{
	(void)request;
}

static void on_worked(uv_work_t *request, int status)
{
	(void)request, (void)status;
}

/* Starts everything and sleeps, so that all of it waits for the end of this. */
static void on_hog(uv_timer_t *timer)
{
	struct timespec pause = {0, HOG_MS * 1000000L};

	uv_timer_start(&late, on_late, 1, 0);
	uv_async_send(&sent);
	uv_close((uv_handle_t *)&closed, on_closed);
	uv_fs_stat(loop, &stated, "/", on_stated);
	uv_queue_work(loop, &worked, do_work, on_worked);
	nanosleep(&pause, NULL);
	uv_close((uv_handle_t *)timer, NULL);
}

int main(void)
{
	loop = uv_default_loop();
	uv_timer_init(loop, &hog);
	uv_timer_init(loop, &late);
	uv_async_init(loop, &sent, on_sent);
	uv_idle_init(loop, &closed);
	uv_timer_start(&hog, on_hog, 20, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	return uv_loop_close(loop) != 0;
}
