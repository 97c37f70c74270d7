/*
 * A loop that is run within a callback of another one, and a loop whose descriptor a thread waits
 * on that does not run it. Says where they are, and aborts in the inner one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <uv.h>

static struct {
	uv_loop_t outer, inner, embedded;
} loops;
static uv_timer_t outer_timer, inner_timer, far;

static void on_inner(uv_timer_t *timer)
{
	(void)timer;
	abort();
}

static void on_outer(uv_timer_t *timer)
{
	(void)timer;
	uv_loop_init(&loops.inner);
	uv_timer_init(&loops.inner, &inner_timer);
	uv_timer_start(&inner_timer, on_inner, 50, 0);
	uv_run(&loops.inner, UV_RUN_DEFAULT);
	uv_loop_close(&loops.inner);
}

static void wait_for(void *loop)
{
	struct epoll_event event;

	epoll_wait(uv_backend_fd(loop), &event, 1, 100000);
}

int main(void)
{
	uv_thread_t thread;

	uv_loop_init(&loops.embedded);
	uv_timer_init(&loops.embedded, &far);
	uv_timer_start(&far, on_inner, 100000, 0);
	uv_thread_create(&thread, wait_for, &loops.embedded);
	uv_loop_init(&loops.outer);
	uv_timer_init(&loops.outer, &outer_timer);
	uv_timer_start(&outer_timer, on_outer, 10, 0);
	printf("%lx %lx %lx\n", (unsigned long)&loops.outer, (unsigned long)&loops.inner,
		(unsigned long)&loops.embedded);
	fflush(stdout);
	return uv_run(&loops.outer, UV_RUN_DEFAULT);
}
