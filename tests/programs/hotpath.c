/*
 * What the recorder costs inside the process: nanoseconds for making and arming a handle at the end
 * of eight frames, for arming it again, and for a callback that does nothing. Run with and without
 * the recorder; the difference is the recorder's. Each figure is the median of many batches, so
 * that a wait for the ingester or for a processor does not count.
 *
 * With an argument values of three storages are in force all the while, which everything hands on,
 * and asking for one is measured too.
 */
#include "recorder/acausal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { BATCH = 500, BATCHES = 301, FRAMES = 8 };

static uv_loop_t loop;
static uv_timer_t timers[BATCH];
static uv_async_t asyncs[BATCH];
static uv_idle_t idles[BATCH];
static uint64_t made_async[BATCHES], made_timer[BATCHES], armed[BATCHES], ran[BATCHES];
static uint64_t got[BATCHES];
static struct acausal_storage *storage;
static int batch;

static void on_timer(uv_timer_t *timer)
{
	(void)timer;
}

static void on_async(uv_async_t *async)
{
	(void)async;
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

static void make_asyncs(void)
{
	for (int i = 0; i < BATCH; i++)
		uv_async_init(&loop, &asyncs[i], on_async);
}

static void make_timers(void)
{
	for (int i = 0; i < BATCH; i++) {
		uv_timer_init(&loop, &timers[i]);
		uv_timer_start(&timers[i], on_timer, 100000, 0);
	}
}

static void arm_timers(void)
{
	for (int i = 0; i < BATCH; i++)
		uv_timer_start(&timers[0], on_timer, 100000, 0);
}

static void get_values(void)
{
	for (int i = 0; i < BATCH; i++) {
		void *value = acausal_storage_get(storage);

		__asm__ volatile("" : "+r"(value));
	}
}

/* Calls itself, so that the call of libuv stands on FRAMES frames above the callback's entry. */
__attribute__((noinline)) static uint64_t timed(void (*work)(void), int frames)
{
	uint64_t begin, result;

	if (frames > 0) {
		result = timed(work, frames - 1);
	} else {
		begin = uv_hrtime();
		work();
		result = uv_hrtime() - begin;
	}
	__asm__ volatile("" : "+r"(result));
	return result;
}

static void on_step(uv_timer_t *timer)
{
	made_async[batch] = timed(make_asyncs, FRAMES - 3);
	made_timer[batch] = timed(make_timers, FRAMES - 3);
	armed[batch] = timed(arm_timers, FRAMES - 3);
	got[batch] = timed(get_values, 0);
	for (int i = 0; i < BATCH; i++) {
		uv_close((uv_handle_t *)&asyncs[i], NULL);
		uv_close((uv_handle_t *)&timers[i], NULL);
	}
	if (++batch < BATCHES)
		uv_timer_start(timer, on_step, 2, 0);
	else
		uv_close((uv_handle_t *)timer, NULL);
}

static void measure_runs(void)
{
	for (int i = 0; i < BATCH; i++) {
		uv_idle_init(&loop, &idles[i]);
		uv_idle_start(&idles[i], on_idle);
	}
	for (batch = 0; batch < BATCHES; batch++) {
		const uint64_t begin = uv_hrtime();

		uv_run(&loop, UV_RUN_NOWAIT);
		ran[batch] = uv_hrtime() - begin;
		usleep(1000);
	}
	for (int i = 0; i < BATCH; i++)
		uv_close((uv_handle_t *)&idles[i], NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_median(const char *name, uint64_t *times)
{
	qsort(times, BATCHES, sizeof *times, compare);
	printf("%s %.1f\n", name, (double)times[BATCHES / 2] / BATCH);
}

static void enter_values(void)
{
	static int values[3];

	for (int i = 0; i < 3; i++) {
		storage = acausal_storage_create(NULL);
		acausal_storage_enter(storage, &values[i]);
	}
}

int main(int argc, char **argv)
{
	uv_timer_t step;

	(void)argv;
	if (argc > 1)
		enter_values();

	uv_loop_init(&loop);
	uv_timer_init(&loop, &step);
	uv_timer_start(&step, on_step, 1, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	measure_runs();
	print_median("made_async", made_async);
	print_median("made_timer", made_timer);
	print_median("armed", armed);
	print_median("ran", ran);
	print_median("got", got);
	return uv_loop_close(&loop) ? 1 : 0;
}
