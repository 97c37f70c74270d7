/*
 * What a process sees of its surroundings at its start, in callbacks, in a thread of the pool, and
 * at its end: a transparency program, see seen.h and say.h.
 */
#include "tests/programs/seen.h"

#include <pthread.h>

static uv_loop_t *loop;
static int errno_at_start;

/* Before main, where the recorder has begun already. */
__attribute__((constructor)) static void at_start(void)
{
	errno_at_start = errno;
}

static void on_timer(uv_timer_t *timer)
{
	seen_all("in a callback", 0);
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_work(uv_work_t *request)
{
	(void)request;
	seen_all("in a thread of the pool", 0);
}

static void on_after(uv_work_t *request, int status)
{
	(void)request;
	SAY("on_after %s", result_name(status));
	say_descriptors("in on_after");
}

static void *thread(void *argument)
{
	pthread_attr_t attributes;
	size_t size = 0, guard = 0;
	void *low;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &size);
	pthread_attr_getguardsize(&attributes, &guard);
	pthread_attr_destroy(&attributes);
	SAY("a thread's stack %zx, guard %zx", size, guard);
	seen_little("in a thread", 0);
	return argument;
}

/* The size of the main thread's stack hangs on the limit, and its top on what was passed. */
static void arguments(int count, char **values)
{
	int i;

	SAY("%d arguments", count);
	for (i = 0; i < count; i++)
		SAY("  %s", values[i]);
	SAY("the environment follows them: %d", environ == values + count + 1);
}

static void at_end(void)
{
	seen_little("in an exit function", 0);
}

static void at_end_with_status(int status, void *argument)
{
	SAY("exit function with status %d and %s", status, (char *)argument);
}

int main(int argc, char **argv)
{
	uv_timer_t timer;
	uv_work_t work;
	pthread_t other;

	say_begin();
	SAY("errno at the start %d", errno_at_start);
	arguments(argc, argv);
	seen_all("at the start", 0);
	atexit(at_end);
	on_exit(at_end_with_status, "argument");
	loop = uv_default_loop();
	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_timer, 0, 0);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	uv_queue_work(loop, &work, on_work, on_after);
	RUN(loop);
	pthread_create(&other, NULL, thread, NULL);
	pthread_join(other, NULL);
	SAY("the first descriptor that is free: %d", dup(0));
	return 9;
}
