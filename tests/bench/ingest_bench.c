/*
 * The ingester's rate and the size of what it writes, with synthetic arenas: requests with one run
 * each; the mix of 1.5 runs, a quarter of an arming and a quarter of a cause a resource; and,
 * counted as a resource here, one-shot timers that are armed and fire; requests with what the pool
 * and the loop did meanwhile; lines of 64 bytes; requests of which each is in a context, set anew
 * for one in eight. One core; everything included, also indexes.
 *
 * Usage: ingest_bench [RESOURCES [FOLDER]]
 */
#include "recorder/ingest/ingest.h"
#include "tests/unit/arena_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct generator {
	struct arena_writer *arena;
	uint32_t stacks[64];
	uint64_t async_id, run_id, arming_id, cause_id, context_id;
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const struct error *err)
{
	fprintf(stderr, "acausal: %s\n", err->text);
	exit(1);
}

static struct event_execution execution(struct generator *g, uint64_t cause)
{
	return (struct event_execution){.run_id = ++g->run_id,
		.cause_id = cause,
		.outer_run_id = 1,
		.began = g->arena->now,
		.ended = g->arena->now + 2000 + (uint64_t)rand() % 30000,
		.callback = 0x401000 + (uint64_t)(rand() % 24) * 64,
		.status = 0,
		.bytes = EVENT_NO_STATUS,
		.part = ACAUSAL_PART_CALLBACK};
}

static void put_request(struct generator *g)
{
	struct event_request event = {.thread = 1};
	static uint64_t address = 0x7f1200001000;

	g->arena->now += 1000 + (uint64_t)rand() % 20000;
	event.birth = (struct event_birth){.async_id = ++g->async_id,
		.trigger_id = g->async_id > 40 ? g->async_id - (uint64_t)(rand() % 40) : 1,
		.run_id = g->run_id > 60 ? g->run_id - (uint64_t)(rand() % 60) : 1,
		.created = g->arena->now - 100000 - (uint64_t)rand() % 900000,
		.address = address + (uint64_t)(rand() % 4096) * 512,
		.loop_id = 2,
		.stack = g->stacks[rand() % 64],
		.type = rand() % 2 ? ACAUSAL_TYPE_FS : ACAUSAL_TYPE_WRITE,
		.api = ACAUSAL_API_uv_fs_read};
	if (event.birth.type == ACAUSAL_TYPE_WRITE)
		event.birth.handle_id = g->async_id > 300 ? g->async_id - 300 : 2;
	event.execution = execution(g, 0);
	if (event.birth.type == ACAUSAL_TYPE_FS)
		event.execution.bytes = rand() % 65536;
	ARENA_PUT(g->arena, 1, REQUEST, &event);
}

/* A handle with one arming, three runs and a cause. */
static void put_handle(struct generator *g)
{
	struct event_resource resource = {.thread = 1};
	struct event_arming arming = {.thread = 1};
	struct event_cause cause = {.kind = ACAUSAL_CAUSE_SEND};
	struct event_destroy destroy = {0};

	g->arena->now += 1000 + (uint64_t)rand() % 20000;
	resource.birth = (struct event_birth){.async_id = ++g->async_id,
		.trigger_id = g->async_id - (uint64_t)(rand() % 40) % g->async_id,
		.run_id = g->run_id,
		.created = g->arena->now,
		.address = 0x7f1200001000 + (uint64_t)(rand() % 4096) * 512,
		.loop_id = 2,
		.stack = g->stacks[rand() % 64],
		.type = ACAUSAL_TYPE_TIMER,
		.api = ACAUSAL_API_uv_timer_init};
	ARENA_PUT(g->arena, 1, RESOURCE, &resource);
	arming.arming_id = ++g->arming_id;
	arming.async_id = g->async_id;
	arming.run_id = g->run_id;
	arming.armed = g->arena->now;
	arming.timeout_ms = 50;
	arming.repeat_ms = 50;
	arming.api = ACAUSAL_API_uv_timer_start;
	arming.stack = g->stacks[rand() % 64];
	arming.end = ACAUSAL_END_STOPPED;
	arming.disarmed = g->arena->now + 150000000;
	arming.disarm_run_id = g->run_id + 3;
	arming.disarm_stack = g->stacks[rand() % 64];
	ARENA_PUT(g->arena, 1, ARMING, &arming);
	cause.cause_id = ++g->cause_id;
	cause.async_id = g->async_id;
	cause.run_id = g->run_id;
	cause.caused = g->arena->now;
	cause.api = ACAUSAL_API_uv_async_send;
	cause.stack = g->stacks[rand() % 64];
	ARENA_PUT(g->arena, 1, CAUSE, &cause);
	for (int i = 0; i < 3; i++) {
		struct event_run run = {.async_id = g->async_id, .arming_id = g->arming_id};

		g->arena->now += (uint64_t)rand() % 20000;
		run.execution = execution(g, i ? 0 : cause.cause_id);
		ARENA_PUT(g->arena, 1, RUN, &run);
	}
	destroy.async_id = g->async_id;
	destroy.destroyed = g->arena->now;
	ARENA_PUT(g->arena, 1, DESTROY, &destroy);
}

/* A file is read: a request, a thread of the pool that had it, and the loop's wait for that. */
static void put_file(struct generator *g)
{
	struct event_pool pool = {.estimated = 1};
	struct event_poll poll = {.timeout_ms = -1, .loop_id = 2};

	put_request(g);
	pool.async_id = g->async_id;
	pool.began = g->arena->now - 90000 + (uint64_t)rand() % 10000;
	pool.ended = pool.began + 5000 + (uint64_t)rand() % 60000;
	ARENA_PUT(g->arena, 2, POOL, &pool);
	poll.entered = g->arena->now - 100000;
	poll.left = poll.entered + 10000 + (uint64_t)rand() % 60000;
	ARENA_PUT(g->arena, 1, POLL, &poll);
}

enum { TIMERS = 1000 };

/* One of the timers fires and is armed again by its own callback. */
static void put_shot(struct generator *g)
{
	struct event_arming arming = {.thread = 1};
	struct event_run run = {0};
	uint64_t armer = g->run_id > TIMERS ? g->run_id - TIMERS + 1 : 1;

	if (g->async_id <= TIMERS) {
		struct event_resource resource = {.thread = 1};

		resource.birth = (struct event_birth){.async_id = ++g->async_id,
			.trigger_id = 1,
			.run_id = 1,
			.created = g->arena->now,
			.loop_id = 2,
			.stack = g->stacks[0],
			.type = ACAUSAL_TYPE_TIMER,
			.api = ACAUSAL_API_uv_timer_init};
		ARENA_PUT(g->arena, 1, RESOURCE, &resource);
	}
	g->arena->now += 1000 + (uint64_t)rand() % 20000;
	arming.arming_id = ++g->arming_id;
	arming.async_id = 2 + (g->arming_id - 1) % TIMERS;
	arming.run_id = armer;
	arming.armed = g->arena->now - 5000000;
	arming.timeout_ms = 5;
	arming.repeat_ms = EVENT_NO_TIME;
	arming.api = ACAUSAL_API_uv_timer_start;
	arming.stack = g->stacks[0];
	arming.end = ACAUSAL_END_FIRED;
	arming.disarmed = g->arena->now - 100;
	ARENA_PUT(g->arena, 1, ARMING, &arming);
	run.async_id = arming.async_id;
	run.arming_id = arming.arming_id;
	run.execution = execution(g, 0);
	run.execution.status = EVENT_NO_STATUS;
	ARENA_PUT(g->arena, 1, RUN, &run);
}

/* A line that one of the last runs wrote. */
static void put_log(struct generator *g)
{
	struct event_log event = {.fd = 1, .length = 64, .api = ACAUSAL_API_fputs};
	char text[64];

	if (rand() % 8 == 0)
		put_request(g);
	g->arena->now += 500 + (uint64_t)rand() % 5000;
	event.run_id = g->run_id;
	event.written = g->arena->now;
	event.writer = 0x7f1200000100;
	event.stack = g->stacks[rand() % 64];
	memset(text, 'a' + rand() % 26, sizeof text);
	text[sizeof text - 1] = '\n';
	arena_writer_put(g->arena, 1, 0, EVENT_LOG, &event, sizeof event, text, sizeof text);
}

enum kind { REQUESTS, MIXED, SHOTS, FILES, LINES, CONTEXTS };

static void put_in_context(struct generator *g)
{
	struct event_carried carried = {0};

	if (!g->context_id || g->async_id % 8 == 0) {
		struct event_context set = {.context_id = g->context_id + 1,
			.async_id = 1,
			.run_id = 1,
			.set = g->arena->now,
			.stack = g->stacks[0],
			.key_length = 10,
			.value_length = 8};
		char text[24];

		g->context_id++;
		snprintf(text, sizeof text, "request_id%08x", (unsigned)rand());
		arena_writer_put(
			g->arena, 1, 0, EVENT_CONTEXT, &set, sizeof set, text, sizeof text);
	}
	put_request(g);
	carried.id = g->async_id;
	carried.context_id = g->context_id;
	ARENA_PUT(g->arena, 1, CARRIED, &carried);
}

static void measure(const char *name, enum kind kind, long resources, const char *folder)
{
	struct generator g = {.arena = arena_writer_create(512)};
	struct ingest_options options = {.version = "bench", .symbolize = false};
	struct ingest_process_info info = {.os_pid = getpid()};
	struct event_thread thread = {.role = ACAUSAL_ROLE_MAIN,
		.async_id = 1,
		.root_run_id = 1,
		.type = ACAUSAL_TYPE_MAIN,
		.name = "bench"};
	struct ingest_summary summary;
	struct ingest_process *process;
	struct ingest *ingest;
	struct error err;
	char path[256];
	bool busy;
	double spent = 0, began, wall = 0;

	snprintf(path, sizeof path, "%s/ingest_bench_%d.db", folder, (int)getpid());
	options.path = path;
	g.async_id = g.run_id = 1;
	arena_writer_module(g.arena, 0x400000, 0x500000, 0, "");
	for (int i = 0; i < 64; i++) {
		uint32_t node = 0;

		for (int depth = 0; depth < 3; depth++)
			node = arena_writer_node(
				g.arena, node, 0x402000 + (uint64_t)(i * 8 + depth) * 32);
		g.stacks[i] = node;
	}
	thread.started = g.arena->now;
	ARENA_PUT(g.arena, 1, THREAD, &thread);
	if (ingest_create(&options, &ingest, &err) ||
		ingest_add_process(ingest, g.arena->bytes, g.arena->size, &info, &process, &err))
		fail(&err);
	for (long made = 0; made < resources;) {
		/* A quarter of the resources are handles, so that there are 1.5 runs each. */
		while (made < resources && arena_writer_free_chunks(g.arena) > 4) {
			for (int i = 0; i < 64 && made < resources; i++, made++) {
				if (kind == SHOTS)
					put_shot(&g);
				else if (kind == FILES)
					put_file(&g);
				else if (kind == CONTEXTS)
					put_in_context(&g);
				else if (kind == LINES)
					put_log(&g);
				else if (kind == MIXED && made % 4 == 3)
					put_handle(&g);
				else
					put_request(&g);
			}
		}
		began = cpu_seconds();
		do {
			if (ingest_drain(ingest, &busy, &err))
				fail(&err);
		} while (busy);
		spent += cpu_seconds() - began;
	}
	began = cpu_seconds();
	ingest_process_ended(process, 0);
	if (ingest_finish(ingest, &summary, &err))
		fail(&err);
	wall = cpu_seconds() - began;
	spent += wall;
	ingest_destroy(ingest);
	printf("%-28s %9ld resources %5.2f s (%4.2f at the end) %9.0f/s %6.1f bytes each, lost "
	       "%llu\n",
		name, resources, spent, wall, (double)resources / spent,
		(double)summary.size / (double)resources, (unsigned long long)summary.lost);
	unlink(path);
	arena_writer_destroy(g.arena);
}

int main(int argc, char **argv)
{
	long resources = argc > 1 ? atol(argv[1]) : 1000000;
	const char *folder = argc > 2 ? argv[2] : "/tmp";

	measure("requests with a run", REQUESTS, resources, folder);
	measure("1.5 runs, 1/4 arming, cause", MIXED, resources, folder);
	measure("timers that fire once", SHOTS, resources, folder);
	measure("requests, pool and waits", FILES, resources, folder);
	measure("lines, 1/8 requests", LINES, resources, folder);
	measure("requests in a context", CONTEXTS, resources, folder);
	return 0;
}
