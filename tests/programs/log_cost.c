/*
 * What a line costs inside the process, by each of the usual ways to write one:
 *
 *     log_cost costs RESULTS    nanoseconds a line, into the file RESULTS
 *     log_cost lines COUNT      writes that many lines to the standard output, 1,000 a callback
 *
 * Run with and without the recorder; the difference is the recorder's. The lines go where writing
 * is cheap: the standard output should be /dev/null. Each figure is the median of many batches, so
 * that a wait for the ingester or for a processor does not count. They are written at the end of
 * eight frames, in a callback.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define LINE "2026-01-02 03:04:05.678 info request 4711 of client 42: 200 OK, 17 us\n"

enum { BATCH = 400, BATCHES = 201, FRAMES = 8, LENGTH = sizeof LINE - 1 };

static uv_loop_t loop;
static uv_pipe_t handle;
static int drain = -1;
static FILE *plain;
static int batch;

static void by_write(void)
{
	for (int i = 0; i < BATCH; i++) {
		if (write(STDOUT_FILENO, LINE, LENGTH) != LENGTH)
			abort();
	}
}

static void by_fprintf(void)
{
	for (int i = 0; i < BATCH; i++)
		fprintf(stdout,
			"2026-01-02 03:04:05.678 info request %d of client %d: 200 OK, 17 us\n",
			4711, 42);
}

static void by_fputs(void)
{
	for (int i = 0; i < BATCH; i++)
		fputs(LINE, stdout);
}

static void by_fwrite(void)
{
	for (int i = 0; i < BATCH; i++)
		fwrite(LINE, 1, LENGTH, stdout);
}

static void by_putc(void)
{
	for (int i = 0; i < BATCH; i++) {
		for (int byte = 0; byte < LENGTH; byte++)
			putc(LINE[byte], stdout);
	}
}

static void by_uv_try_write(void)
{
	for (int i = 0; i < BATCH; i++) {
		uv_buf_t buffer = uv_buf_init(LINE, LENGTH);

		if (uv_try_write((uv_stream_t *)&handle, &buffer, 1) != LENGTH)
			abort();
	}
}

/* To a stream that is no log. */
static void by_fputs_elsewhere(void)
{
	for (int i = 0; i < BATCH; i++)
		fputs(LINE, plain);
}

static struct way {
	const char *name;
	void (*write)(void);
	uint64_t times[BATCHES];
} ways[] = {{"write", by_write, {0}}, {"fprintf", by_fprintf, {0}}, {"fputs", by_fputs, {0}},
	{"fwrite", by_fwrite, {0}}, {"putc", by_putc, {0}},
	{"fputs_elsewhere", by_fputs_elsewhere, {0}}, {"uv_try_write", by_uv_try_write, {0}}};
enum { WAYS = sizeof ways / sizeof *ways };

/* Calls itself, so that what is called stands on FRAMES frames above the callback's entry. */
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

/* A pipe in the place of the standard output, which is emptied after each batch. */
static void open_handle(void)
{
	int ends[2];

	if (pipe(ends) || dup2(ends[1], STDOUT_FILENO) < 0)
		abort();
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	drain = ends[0];
	uv_pipe_init(&loop, &handle, 0);
	if (uv_pipe_open(&handle, STDOUT_FILENO))
		abort();
}

static void on_batch(uv_timer_t *timer)
{
	static char drained[65536];
	const int way = batch / BATCHES;

	if (ways[way].write == by_uv_try_write && drain < 0)
		open_handle();
	ways[way].times[batch % BATCHES] = timed(ways[way].write, FRAMES - 3);
	while (drain >= 0 && read(drain, drained, sizeof drained) > 0)
		;
	if (++batch == BATCHES * WAYS) {
		uv_close((uv_handle_t *)timer, NULL);
		uv_close((uv_handle_t *)&handle, NULL);
	}
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int measure(const char *results)
{
	static char big[1 << 20];
	FILE *file = fopen(results, "w");
	uv_timer_t timer;

	plain = fopen("/dev/null", "w");
	if (!file || !plain)
		return 1;
	setvbuf(stdout, big, _IOFBF, sizeof big / 2);
	setvbuf(plain, big + sizeof big / 2, _IOFBF, sizeof big / 2);
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_batch, 1, 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (int i = 0; i < WAYS; i++) {
		qsort(ways[i].times, BATCHES, sizeof ways[i].times[0], compare);
		fprintf(file, "%s %.1f\n", ways[i].name,
			(double)ways[i].times[BATCHES / 2] / BATCH);
	}
	return fclose(file) ? 1 : 0;
}

static long wanted, written;

static void on_idle(uv_idle_t *idle)
{
	for (int i = 0; i < 1000 && written < wanted; i++, written++)
		printf("info request %ld of client %ld: %s\n", written, written % 97,
			written % 5003 ? "200 OK" : "500 it broke");
	if (written == wanted)
		uv_close((uv_handle_t *)idle, NULL);
}

int main(int argc, char **argv)
{
	uv_idle_t idle;

	if (argc != 3)
		return 2;
	uv_loop_init(&loop);
	if (strcmp(argv[1], "costs") == 0)
		return measure(argv[2]);
	wanted = atol(argv[2]);
	uv_idle_init(&loop, &idle);
	uv_idle_start(&idle, on_idle);
	uv_run(&loop, UV_RUN_DEFAULT);
	return 0;
}
