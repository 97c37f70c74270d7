/*
 * Threads that are named, end and go on after their end in all ways, for tests/e2e/threads.sh. With
 * an argument, more of the last kind than there is room for at a time. Prints what was answered.
 */
#include "tests/programs/say.h"

#include <pthread.h>
#include <sys/prctl.h>

static uv_sem_t named, may_end;
static pthread_key_t stubborn;
static int rounds;

static void *on_named_by_other(void *argument)
{
	(void)argument;
	uv_sem_wait(&named);
	return NULL;
}

static void *on_names_itself(void *argument)
{
	(void)argument;
	pthread_setname_np(pthread_self(), "itself");
	return NULL;
}

static void *on_tells_kernel(void *argument)
{
	(void)argument;
	prctl(PR_SET_NAME, "kernel");
	pthread_exit(NULL);
	return NULL;
}

static void on_last_act(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

/* Waiting for a loop is a point of cancellation. */
static void *on_cancelled_waiting(void *argument)
{
	static uv_loop_t own;
	static uv_timer_t timer;

	(void)argument;
	pthread_setname_np(pthread_self(), "cancelled");
	uv_loop_init(&own);
	uv_timer_init(&own, &timer);
	uv_timer_start(&timer, on_last_act, 1000000, 0);
	uv_sem_post(&may_end);
	uv_run(&own, UV_RUN_DEFAULT);
	return NULL;
}

/* Goes on to the last round, in which the recorder's own destructor may have run before it. */
static void on_destroyed(void *value)
{
	uv_loop_t own;
	uv_timer_t timer;

	if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
		pthread_setspecific(stubborn, value);
		return;
	}
	uv_loop_init(&own);
	uv_timer_init(&own, &timer);
	uv_timer_start(&timer, on_last_act, 0, 0);
	uv_run(&own, UV_RUN_DEFAULT);
	uv_loop_close(&own);
}

static void *on_stubborn(void *argument)
{
	pthread_setspecific(stubborn, argument);
	return NULL;
}

static void threads(void)
{
	pthread_t thread;
	void *result;

	uv_sem_init(&named, 0);
	uv_sem_init(&may_end, 0);
	pthread_create(&thread, NULL, on_named_by_other, NULL);
	TRY(pthread_setname_np(thread, "by another"));
	TRY(pthread_setname_np(thread, "a name that is much too long"));
	uv_sem_post(&named);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, on_names_itself, NULL);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, on_tells_kernel, NULL);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, on_cancelled_waiting, NULL);
	uv_sem_wait(&may_end);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	SAY("cancelled %d", result == PTHREAD_CANCELED);
	prctl(PR_SET_NAME, "main's own");
}

/* More threads of the stubborn kind than there is room for at a time. */
static void many_threads(void)
{
	pthread_t thread;
	int i;

	MUST(-pthread_key_create(&stubborn, on_destroyed));
	for (i = 0; i < 4500; i++) {
		rounds = 0;
		pthread_create(&thread, NULL, on_stubborn, &rounds);
		pthread_join(thread, NULL);
	}
}

int main(int argc, char *argv[])
{
	(void)argv;
	say_begin();
	if (argc > 1)
		many_threads();
	else
		threads();
	return 0;
}
