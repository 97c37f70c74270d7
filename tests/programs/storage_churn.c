/*
 * Values come and go: RUNS callbacks (argument 1) in which values of several storages and keys of
 * the context are set, handed on through timers, files, the pool, bound callbacks and captured
 * states, and forgotten. At the end every value that was made has been given back exactly once, and
 * none while somebody could see it. With a second argument, "flat", the resident memory of the
 * second half must not grow.
 */
#include "recorder/acausal.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { STORAGES = 3, LANES = 8 };

struct value {
	uint64_t number;
	uint32_t check;
};

static struct acausal_storage *storages[STORAGES];
static _Atomic uint64_t made, given_back, faults;
static uint64_t runs, most;
static long memory_at_half;

static struct lane {
	uv_timer_t timer;
	uv_work_t work;
	uv_fs_t file;
	struct acausal_bound bound;
	struct acausal_state *state;
	unsigned step;
	uint64_t expected; /* number of the value that storage 0 has in what runs next */
} lanes[LANES];

static void give_back(void *pointer)
{
	struct value *value = pointer;

	if (value->check != 0x600d)
		faults++;
	value->check = 0xdead;
	given_back++;
	free(value);
}

static struct value *value_make(void)
{
	struct value *value = malloc(sizeof *value);

	value->number = ++made;
	value->check = 0x600d;
	return value;
}

static void look(const struct lane *lane)
{
	const struct value *value = acausal_storage_get(storages[0]);
	const char *text = acausal_context_get("number");

	if (!value || value->check != 0x600d || value->number != lane->expected)
		faults++;
	if (!text || strtoull(text, NULL, 10) != lane->expected)
		faults++;
}

static void enter(struct lane *lane)
{
	struct value *value = value_make();
	char text[24];

	lane->expected = value->number;
	snprintf(text, sizeof text, "%" PRIu64, value->number);
	acausal_storage_enter(storages[0], value);
	acausal_context_set("number", text);
	if (value->number % 3 == 0)
		acausal_storage_enter(storages[1 + value->number % 2], value_make());
	if (value->number % 5 == 0)
		acausal_context_set("other", value->number % 2 ? text : NULL);
}

/* Kilobytes of the process's own memory; the recorder's, which is shared, does not count. */
static long own_memory(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long size = 0;

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "RssAnon: %ld", &size) == 1)
			break;
	if (file)
		fclose(file);
	return size;
}

static void go_on(struct lane *lane);

static void on_timer(uv_timer_t *timer)
{
	struct lane *lane = timer->data;

	look(lane);
	go_on(lane);
}

static void work(uv_work_t *request)
{
	look(request->data);
}

static void after_work(uv_work_t *request, int status)
{
	(void)status;
	look(request->data);
	go_on(request->data);
}

static void on_stat(uv_fs_t *request)
{
	struct lane *lane = request->data;

	look(lane);
	uv_fs_req_cleanup(request);
	go_on(lane);
}

static void look_bound(void *argument)
{
	look(argument);
}

static void inside(void *argument)
{
	struct lane *lane = argument;
	const struct value *value = acausal_storage_get(storages[0]);

	if (!value || value->number == lane->expected)
		faults++;
}

/* Others are in force for a while; then what was before is again. */
static void aside(struct lane *lane)
{
	acausal_storage_run(storages[0], value_make(), inside, lane);
	look(lane);
	acausal_bind(&lane->bound, "BOUND", look_bound, lane);
	lane->state = acausal_state_capture();
	acausal_storage_run(
		storages[0], value_make(), (void (*)(void *))acausal_bound_call, &lane->bound);
	acausal_state_run(lane->state, look_bound, lane);
	acausal_state_release(lane->state);
	acausal_unbind(&lane->bound);
}

static void go_on(struct lane *lane)
{
	if (++runs == most / 2)
		memory_at_half = own_memory();
	if (runs > most) {
		uv_close((uv_handle_t *)&lane->timer, NULL);
		return;
	}
	enter(lane);
	if (lane->step % 4 == 0)
		aside(lane);
	switch (lane->step++ % 16) {
	case 3:
		uv_queue_work(lane->timer.loop, &lane->work, work, after_work);
		break;
	case 7:
		uv_fs_stat(lane->timer.loop, &lane->file, "/", on_stat);
		break;
	default:
		uv_timer_start(&lane->timer, on_timer, 0, 0);
	}
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	bool is_flat = argc > 2 && !strcmp(argv[2], "flat");

	most = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
	for (int i = 0; i < STORAGES; i++)
		storages[i] = acausal_storage_create(give_back);
	if (!storages[0]) {
		puts("no library");
		return 3;
	}
	for (int i = 0; i < LANES; i++) {
		struct lane *lane = &lanes[i];

		lane->timer.data = lane->work.data = lane->file.data = lane;
		lane->step = (unsigned)i;
		uv_timer_init(loop, &lane->timer);
		go_on(lane);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	/* What this thread has in force still. */
	for (int i = 0; i < STORAGES; i++)
		acausal_storage_enter(storages[i], NULL);
	acausal_context_set("number", NULL);
	uv_loop_close(loop);
	printf("runs %" PRIu64 " values %" PRIu64 " left %" PRIu64 " faults %" PRIu64 "\n", runs,
		made, made - given_back, faults);
	if (is_flat) {
		long grown = own_memory() - memory_at_half;

		printf("grown by %ld kB: %s\n", grown, grown < 256 ? "flat" : "NOT FLAT");
		return made != given_back || faults || grown >= 256;
	}
	return made != given_back || faults;
}
