/*
 * Many threads that write a little and then only stand there, and one that goes on: in flight mode
 * the history is that one's.
 *
 *     flight_crowd THREADS RUNS    prints "quiet" when that is done, and waits to be killed
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum { PATIENCE = 100 }; /* seconds until the whole ends by SIGALRM */

static pthread_barrier_t all_are_there;

/* Arms itself anew for as many times as its data says. */
static void on_turn(uv_timer_t *timer)
{
	uintptr_t left = (uintptr_t)timer->data;

	timer->data = (void *)(left - 1);
	if (left > 1)
		uv_timer_start(timer, on_turn, 0, 0);
	else
		uv_close((uv_handle_t *)timer, NULL);
}

static void take_turns(uintptr_t count)
{
	uv_timer_t timer;
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_timer_init(&loop, &timer);
	timer.data = (void *)count;
	uv_timer_start(&timer, on_turn, 0, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

static void *stand_there(void *unused)
{
	(void)unused;
	take_turns(2);
	pthread_barrier_wait(&all_are_there);
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned threads, i;
	pthread_t thread;

	if (argc != 3)
		return 2;
	alarm(PATIENCE);
	threads = (unsigned)atoi(argv[1]);
	pthread_barrier_init(&all_are_there, NULL, threads + 1);
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, stand_there, NULL) != 0)
			return 1;
	pthread_barrier_wait(&all_are_there);
	take_turns((uintptr_t)atol(argv[2]));
	puts("quiet");
	fflush(stdout);
	pause();
	return 0;
}
