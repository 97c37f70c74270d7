/*
 * Where the time went between an arming and its run: see wait.h. Claims only what rows prove: a
 * time from which the run was due must be known before anything is said to have held it up.
 */
#include "debugger/lineage/lineage_wait.h"

#include "debugger/recording/lookup_time.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 2000   /* that are looked into */
#define ROWS_MAX     40000  /* read in search of what held a loop, for a whole stack */
#define HELD_MIN_NS  500000 /* less is not worth a line */

struct inquest {
	struct reader *recording;
	struct frames_cache *cache;
	int64_t rows_left;
	const struct segment *segment;
	struct run_row run; /* that waited */
	struct wait *wait;
};

static bool is_kind(const struct cause_row *cause, const char *kind)
{
	return cause->kind && !strcmp(cause->kind, kind);
}

/* from + ms; UNKNOWN when that is none. */
static int64_t plus_ms(int64_t from_ns, int64_t ms)
{
	int64_t ns, result;

	return from_ns == UNKNOWN || ms == UNKNOWN || ms < 0 ||
			       __builtin_mul_overflow(ms, INT64_C(1000000), &ns) ||
			       __builtin_add_overflow(from_ns, ns, &result)
		       ? UNKNOWN
		       : result;
}

/* In the pool from `began` to `ended`; nothing is claimed of times that do not follow. */
static bool take_pool(struct inquest *inquest, int64_t began_ns, int64_t ended_ns)
{
	const struct segment *segment = inquest->segment;

	if (began_ns == UNKNOWN || ended_ns == UNKNOWN || began_ns < segment->ns ||
		ended_ns < began_ns || ended_ns > inquest->run.began_ns)
		return false;
	inquest->wait->pool_queue_ns = began_ns - segment->ns;
	inquest->wait->pool_ns = ended_ns - began_ns;
	inquest->wait->due_ns = ended_ns;
	return true;
}

static void take_work(struct inquest *inquest)
{
	const struct execution *in = &inquest->segment->firing.in;
	int64_t ended_ns;

	if (in->run.began_ns == UNKNOWN || in->run.duration_ns == UNKNOWN ||
		__builtin_add_overflow(in->run.began_ns, in->run.duration_ns, &ended_ns) ||
		!take_pool(inquest, in->run.began_ns, ended_ns))
		return;
	inquest->wait->pool_thread_id = in->run.thread_id;
	inquest->wait->pool_run_id = in->run.run_id;
	inquest->wait->pool_callback = in->callback;
}

/* A request's: with the pool's row, else how the loop fared meanwhile. */
static int request_wait(struct inquest *inquest, struct error *err)
{
	const struct segment *segment = inquest->segment;
	struct wait *wait = inquest->wait;
	struct resource_row resource;
	struct pool_row pool;
	int found;

	if (inquest->run.part && !strcmp(inquest->run.part, "work")) {
		wait->pool_queue_ns = segment->wait_ns;
		return 0;
	}
	found = lookup_pool(inquest->recording, segment->armed.async_id, &pool, err);
	if (found < 0)
		return -1;
	if (found && take_pool(inquest, pool.began_ns, pool.ended_ns)) {
		wait->pool_thread_id = pool.thread_id;
		wait->is_estimated = pool.is_estimated;
		return 0;
	}
	found = lookup_resource(inquest->recording, segment->armed.async_id, &resource, err);
	if (found == 1)
		found = lookup_polled(inquest->recording, resource.loop_id, segment->ns,
			inquest->run.began_ns, &wait->polled_ns, err);
	return found < 0 ? -1 : 0;
}

/* The first time a timer was due; which of a repeating one's runs this is, its wait tells. */
static int64_t timer_due(const struct segment *segment)
{
	int64_t first = plus_ms(segment->ns, segment->armed.timeout_ms), second;

	if (first == UNKNOWN)
		return UNKNOWN;
	if (segment->armed.repeat_ms == UNKNOWN || !segment->armed.repeat_ms)
		return first;
	second = plus_ms(first, segment->armed.repeat_ms);
	return second != UNKNOWN && segment->ns + segment->wait_ns < second ? first : UNKNOWN;
}

/* From when on nothing but the loop was waited for. */
static int find_due(struct inquest *inquest, struct error *err)
{
	const struct segment *segment = inquest->segment;
	const struct firing *firing = &segment->firing;
	const char *class = segment->armed.class, *part = inquest->run.part;

	/* A child takes its own time to end, and uv_timer_again puts off. */
	if (segment->edge == EDGE_CAUSE) {
		if (strcmp(class ? class : "", "process") &&
			strcmp(segment->api ? segment->api : "", "uv_timer_again"))
			inquest->wait->due_ns = segment->ns;
		return 0;
	}
	if (segment->has_firing && firing->is_work) {
		take_work(inquest);
		return 0;
	}
	if (segment->has_firing) {
		if (is_kind(&firing->row, "again"))
			inquest->wait->due_ns =
				plus_ms(firing->row.caused_ns, segment->armed.repeat_ms);
		else if (strcmp(class ? class : "", "process"))
			inquest->wait->due_ns = firing->row.caused_ns;
		return 0;
	}
	if (class && !strcmp(class, "request"))
		return request_wait(inquest, err);
	if (part && !strcmp(part, "close"))
		inquest->wait->due_ns = segment->ns;
	else if (segment->armed.timeout_ms != UNKNOWN)
		inquest->wait->due_ns = timer_due(segment);
	return 0;
}

/* Had one callback the loop for most of the time that it could have been run in? */
static int find_holder(struct inquest *inquest, struct error *err)
{
	const struct segment *segment = inquest->segment;
	struct wait *wait = inquest->wait;
	int64_t from_ns = wait->due_ns;
	struct held_row held;
	int found;

	if (from_ns == UNKNOWN && segment->armed.class &&
		!strcmp(segment->armed.class, "request") && wait->pool_queue_ns == UNKNOWN)
		from_ns = segment->ns; /* when it was done is not known: of its whole wait */
	if (from_ns == UNKNOWN || inquest->run.began_ns - from_ns < HELD_MIN_NS)
		return 0;
	found = lookup_longest_before(
		inquest->recording, &inquest->run, from_ns, &inquest->rows_left, &held, err);
	if (found != 1)
		return found;
	if (held.held_ns < HELD_MIN_NS || held.held_ns < (inquest->run.began_ns - from_ns) / 2)
		return 0;
	wait->holder.run_id = held.run_id;
	wait->holder.held_ns = held.held_ns;
	return frames_of_place(inquest->cache, inquest->recording, held.callback_frame_id,
		&wait->holder.place, err);
}

static int fill(struct inquest *inquest, const struct run_row *before, struct error *err)
{
	const struct segment *segment = inquest->segment;
	struct wait *wait = inquest->wait;
	int found = 1;

	*wait = (struct wait){.due_ns = UNKNOWN,
		.loop_ns = UNKNOWN,
		.pool_queue_ns = UNKNOWN,
		.pool_ns = UNKNOWN,
		.pool_thread_id = UNKNOWN,
		.pool_run_id = UNKNOWN,
		.polled_ns = UNKNOWN,
		.holder = {.run_id = UNKNOWN, .held_ns = UNKNOWN}};
	/*
	 * Where segments were folded away, the one before is another run than the one armed here. A
	 * request's run is not worth a search where there is no index.
	 */
	if (before->run_id == segment->of_run_id)
		inquest->run = *before;
	else if (!reader_is_indexed(inquest->recording))
		found = lookup_handle_run(
			inquest->recording, segment->of_run_id, &inquest->run, err);
	else
		found = lookup_run(inquest->recording, segment->of_run_id, &inquest->run, err);
	if (found != 1 || inquest->run.began_ns == UNKNOWN)
		return found < 0 ? -1 : 0;
	if (inquest->run.began_ns < segment->ns)
		return 0;
	if (find_due(inquest, err))
		return -1;
	if (wait->due_ns < segment->ns)
		wait->due_ns = UNKNOWN; /* nothing can be due before it was armed */
	if (find_holder(inquest, err))
		return -1;
	if (wait->due_ns != UNKNOWN)
		wait->loop_ns = wait->due_ns < inquest->run.began_ns
					? inquest->run.began_ns - wait->due_ns
					: 0;
	return 0;
}

static bool has_wait(const struct segment *segment)
{
	return (segment->edge == EDGE_LINK || segment->edge == EDGE_CAUSE) &&
	       segment->wait_ns > 0 && segment->ns >= 0 &&
	       segment->wait_ns <= INT64_MAX - segment->ns && segment->of_run_id != UNKNOWN;
}

int lineage_add_waits(struct lineage *lineage, struct reader *recording, struct frames_cache *cache,
	struct error *err)
{
	struct inquest inquest = {.recording = recording, .cache = cache, .rows_left = ROWS_MAX};
	size_t count = lineage->count < SEGMENTS_MAX ? lineage->count : SEGMENTS_MAX, i;

	lineage->waits = calloc(count + 1, sizeof *lineage->waits);
	if (!lineage->waits)
		return error_set(err, "out of memory");
	for (i = 1; i < count; i++) {
		struct segment *segment = &lineage->segments[i];
		struct firing *firing = &segment->firing;

		if (segment->has_firing && has_wait(segment) &&
			(is_kind(&firing->row, "send") || is_kind(&firing->row, "kill")) &&
			lookup_coalesced(recording, firing->row.cause_id,
				segment->ns + segment->wait_ns, &firing->count, err) < 0)
			return -1;
		if (!has_wait(segment))
			continue;
		inquest.segment = segment;
		inquest.wait = &lineage->waits[i];
		if (fill(&inquest, &segment[-1].in.run, err))
			return -1;
		segment->wait = inquest.wait;
	}
	return 0;
}
