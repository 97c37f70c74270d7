/*
 * Ends in the way that is asked for, from inside a callback. For tests/e2e/traps_process.sh.
 *
 *     trap_exit exit|quick_exit|_exit|_Exit|abort|pthread_exit|thread|handler
 */
#include "tests/programs/say.h"

#include <pthread.h>
#include <signal.h>

static uv_loop_t *loop;
static const char *way;

static void at_exit(void)
{
	static uv_timer_t late;

	/* After main, libuv may still be called. */
	SAY("exiting, %d", uv_timer_init(loop, &late));
}

static void say_quick_exit(void)
{
	SAY("exiting quickly");
}

static void on_signal(int signal)
{
	(void)signal;
	_exit(41);
}

static void *end_in_thread(void *argument)
{
	(void)argument;
	exit(42);
}

static void end(void)
{
	pthread_t thread;

	if (!strcmp(way, "exit"))
		exit(40);
	if (!strcmp(way, "quick_exit"))
		quick_exit(43);
	if (!strcmp(way, "_exit"))
		_exit(44);
	if (!strcmp(way, "_Exit"))
		_Exit(45);
	if (!strcmp(way, "abort"))
		abort();
	if (!strcmp(way, "handler")) {
		signal(SIGUSR1, on_signal);
		raise(SIGUSR1);
	}
	if (!strcmp(way, "thread")) {
		MUST(pthread_create(&thread, NULL, end_in_thread, NULL));
		pthread_join(thread, NULL);
	}
	if (!strcmp(way, "pthread_exit"))
		pthread_exit(NULL);
}

static void on_inner(uv_timer_t *timer)
{
	(void)timer;
	SAY("ending");
	end();
}

/* Two callbacks deep. */
static void on_outer(uv_timer_t *timer)
{
	static uv_timer_t inner;

	uv_timer_stop(timer);
	MUST(uv_timer_init(loop, &inner));
	MUST(uv_timer_start(&inner, on_inner, 0, 0));
	uv_run(loop, UV_RUN_DEFAULT);
}

static void *stay(void *argument)
{
	(void)argument;
	usleep(20000);
	SAY("the last thread ends");
	return NULL;
}

int main(int argc, char **argv)
{
	static uv_timer_t outer;
	pthread_t other;

	say_begin();
	way = argc > 1 ? argv[1] : "";
	atexit(at_exit);
	at_quick_exit(say_quick_exit);
	loop = uv_default_loop();
	if (!strcmp(way, "pthread_exit"))
		MUST(pthread_create(&other, NULL, stay, NULL));
	MUST(uv_timer_init(loop, &outer));
	MUST(uv_timer_start(&outer, on_outer, 0, 0));
	uv_run(loop, UV_RUN_DEFAULT);
	return 2;
}
