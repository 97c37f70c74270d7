/*
 * Dies, in a callback that two timers lead to, in the way that its argument names; some of the ways
 * lead through other threads, a signal handler or a longjmp. The core is what is wanted.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

static const char *way;
static jmp_buf start;
static volatile int sink;
static volatile uintptr_t nowhere;
static uv_work_t work;

static int is_way(const char *name)
{
	return !strcmp(way, name);
}

__attribute__((noinline)) static int dig(int depth)
{
	volatile char room[256];

	room[0] = (char)depth;
	sink = room[0];
	return sink == 1000 ? 0 : dig(depth + 1) + room[0]; /* which it never is */
}

static void truncated_mapping(void)
{
	FILE *file = tmpfile();
	char *bytes;

	if (!file || ftruncate(fileno(file), 4096))
		exit(2);
	bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	if (bytes == MAP_FAILED || ftruncate(fileno(file), 0))
		exit(2);
	bytes[0] = 1;
}

static void *in_thread(void *argument);

__attribute__((noinline)) static void die(void)
{
	if (is_way("null"))
		*(volatile int *)nowhere = 1;
	if (is_way("overflow"))
		sink = dig(0);
	if (is_way("call"))
		((void (*)(void))nowhere)();
	if (is_way("abort"))
		abort();
	if (is_way("heap")) {
		void *bytes = malloc(40);
		volatile uintptr_t again = (uintptr_t)bytes; /* so that no compiler sees it */

		free(bytes);
		free((void *)again);
	}
	if (is_way("bus"))
		truncated_mapping();
	if (is_way("clock")) /* in the kernel's own library */
		clock_gettime(CLOCK_MONOTONIC, (struct timespec *)(nowhere + 8));
	if (is_way("quit"))
		syscall(SYS_kill, getpid(), SIGQUIT); /* which the recorder does not see */
	if (is_way("huge")) {
		char *bytes = mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		bytes[0] = 1;
		abort();
	}
	if (is_way("thread")) {
		pthread_t thread;

		way = "null";
		pthread_create(&thread, NULL, in_thread, NULL);
		pthread_join(thread, NULL);
	}
	sink++;
}

static void *in_thread(void *argument)
{
	die();
	sink++;
	return argument;
}

static void on_signal(int number)
{
	way = "null";
	die();
	sink += number;
}

static void on_work(uv_work_t *request)
{
	(void)request;
	usleep(100000); /* so that the other threads of the pool have come to rest */
	way = "null";
	die();
	sink++;
}

static void after_work(uv_work_t *request, int status)
{
	(void)request;
	(void)status;
}

static void on_inner(uv_timer_t *timer)
{
	(void)timer;
	way = "quit";
	die();
	sink++;
}

/* A loop that is run within a callback of another one. */
static void run_inner(void)
{
	static uv_loop_t inner;
	static uv_timer_t timer;

	uv_loop_init(&inner);
	uv_timer_init(&inner, &timer);
	uv_timer_start(&timer, on_inner, 2, 0);
	uv_run(&inner, UV_RUN_DEFAULT);
}

static void on_second(uv_timer_t *timer)
{
	if (is_way("work")) {
		uv_queue_work(timer->loop, &work, on_work, after_work);
	} else if (is_way("handler")) {
		signal(SIGUSR1, on_signal);
		raise(SIGUSR1);
	} else if (is_way("nested")) {
		run_inner();
	} else {
		die();
	}
	sink++;
}

static void on_first(uv_timer_t *timer)
{
	uv_timer_start(timer, on_second, 2, 0);
	sink++;
}

static void on_jump(uv_timer_t *timer)
{
	(void)timer;
	longjmp(start, 1);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_timer_t timer;

	if (argc != 2)
		return 2;
	way = argv[1];
	uv_timer_init(loop, &timer);
	if (is_way("jump") || is_way("left")) {
		if (!setjmp(start)) {
			uv_timer_start(&timer, on_jump, 2, 0);
			uv_run(loop, UV_RUN_DEFAULT);
		}
		way = is_way("left") ? "quit" : "null";
		die();
	}
	uv_timer_start(&timer, on_first, 2, 0);
	return uv_run(loop, UV_RUN_DEFAULT);
}
