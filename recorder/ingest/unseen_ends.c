/*
 * Ends that no event tells: see ingest_internal.h. What is alive, the process itself says, in its
 * live records and in its threads' slots; the rest of what has begun is over. When, is known to
 * this extent: by the end of the last gap.
 */
#include "recorder/ingest/ingest_internal.h"

enum { ALIVE_MAX = 1 << 22 };

struct unseen {
	struct ingest_process *process;
	struct idmap living, standing, threads; /* resources, armings, threads: its own numbers */
	bool is_short;				/* of memory: what is alive is not all known */
	int64_t latest_ns;			/* a moment at which it ran */
	int64_t until_ns;
};

static bool is_in(const struct idmap *map, uint64_t id)
{
	uint32_t value;

	return idmap_get(map, id, &value);
}

static void note(struct unseen *unseen, struct idmap *map, uint64_t id)
{
	if (id && !idmap_put(map, id, 1))
		unseen->is_short = true;
}

static void note_time(struct unseen *unseen, uint64_t ticks)
{
	int64_t ns = events_ns(unseen->process, ticks);

	if (ns > unseen->latest_ns)
		unseen->latest_ns = ns;
}

static void find_living(struct unseen *unseen)
{
	const struct arena_reader *arena = &unseen->process->arena;
	uint32_t lives = arena_reader_used(arena, ARENA_LIVES);
	uint32_t threads = arena_reader_used(arena, ARENA_THREADS);
	struct arena_thread slot;
	struct arena_live live;

	for (uint32_t i = 1; i < lives; i++) {
		if (!arena_reader_live(arena, i, &live))
			continue;
		note(unseen, &unseen->living, live.async_id);
		note_time(unseen, live.created);
		if (!(live.flags & ARENA_LIVE_ARMED))
			continue;
		note(unseen, &unseen->standing, live.arming_id);
		note_time(unseen, live.armed);
	}
	for (uint32_t i = 0; i < threads; i++)
		if (arena_reader_thread(arena, i, &slot) && slot.state != ARENA_THREAD_ENDED)
			note(unseen, &unseen->threads, slot.number);
}

/* When recording went on, or the last that is known of the process; ROW_UNKNOWN: there is no gap.
 */
static int64_t until(const struct unseen *unseen)
{
	const struct ingest_process *process = unseen->process;
	int64_t last_ns = unseen->latest_ns;
	struct arena_anchor latest;

	if (process->counts.is_paused != ARENA_PAUSED && process->gap_to_ns)
		return process->gap_to_ns;
	/* No thread has written anything since, to say so. */
	if (process->counts.is_paused == ARENA_NEVER_PAUSED)
		return ROW_UNKNOWN;
	if (process->has_ended && process->ended_ns != ROW_UNKNOWN)
		return process->ended_ns;
	if (process->arena.is_live)
		return process->ingest->now_ns;
	arena_reader_latest(&process->arena, &latest);
	if (events_ns(process, latest.ticks) > last_ns)
		last_ns = events_ns(process, latest.ticks);
	return process->gap_to_ns > last_ns ? process->gap_to_ns : last_ns;
}

static bool is_thread(uint32_t type)
{
	return type == ACAUSAL_TYPE_MAIN || type == ACAUSAL_TYPE_UV_THREAD ||
	       type == ACAUSAL_TYPE_PTHREAD;
}

static uint64_t own_number(const struct unseen *unseen, int64_t id)
{
	return (uint64_t)(id - unseen->process->base);
}

static int end_resource(void *user, int64_t id, uint32_t type, struct error *err)
{
	struct unseen *unseen = user;

	if (is_thread(type) || is_in(&unseen->living, own_number(unseen, id)))
		return 0;
	return window_destroy(unseen->process->ingest, id, unseen->until_ns, err);
}

static int end_arming(void *user, int64_t id, uint32_t type, struct error *err)
{
	struct unseen *unseen = user;
	const struct change end = {.kind = CHANGE_DISARMED,
		.id = id,
		.at_ns = unseen->until_ns,
		.end_code = ACAUSAL_END_NONE,
		.since_ns = unseen->process->ingest->now_ns,
		.mark = unseen->process->ingest->mark};

	(void)type;
	return is_in(&unseen->standing, own_number(unseen, id))
		       ? 0
		       : window_disarm(unseen->process->ingest, &end, err);
}

static int end_threads(const struct unseen *unseen, struct error *err)
{
	const struct threads *threads = &unseen->process->threads;

	for (uint32_t i = 0; i < threads->capacity; i++) {
		const struct thread *thread = &threads->records[i];

		if (!thread->number || !thread->is_announced || thread->has_ended ||
			is_in(&unseen->threads, thread->number))
			continue;
		if (threads_end(unseen->process, thread->number, unseen->until_ns, err) < 0)
			return -1;
	}
	return 0;
}

static int end_all(struct unseen *unseen, struct error *err)
{
	struct ingest *ingest = unseen->process->ingest;
	int64_t first = unseen->process->base, last = first + (INT64_C(1) << PROCESS_SHIFT) - 1;

	if (end_threads(unseen, err) || window_flush(ingest, ingest->mark, err))
		return -1;
	if (recording_each_unended_resource(
		    ingest->recording, first, last, unseen->until_ns, end_resource, unseen, err))
		return -1;
	return recording_each_unended_arming(
		ingest->recording, first, last, unseen->until_ns, end_arming, unseen, err);
}

/* The pause that no thread has told of: how much was not written is not known. */
static int write_pause(const struct unseen *unseen, struct error *err)
{
	const struct ingest_process *process = unseen->process;
	int64_t from_ns = events_ns(process, process->counts.paused_at);

	if (process->counts.is_paused == ARENA_NEVER_PAUSED ||
		(process->counts.is_paused == ARENA_RESUMED && process->gap_to_ns))
		return 0;
	process->ingest->has_overwritten = true;
	return recording_write_gap(process->ingest->recording, 0, from_ns,
		process->counts.is_paused == ARENA_PAUSED ? ROW_UNKNOWN : unseen->until_ns,
		ROW_UNKNOWN, true, err);
}

int unseen_ends_write(struct ingest_process *process, struct error *err)
{
	struct unseen unseen = {.process = process};
	int result = 0;

	if (!process->gap_to_ns && process->counts.is_paused == ARENA_NEVER_PAUSED)
		return 0;
	idmap_init(&unseen.living, ALIVE_MAX);
	idmap_init(&unseen.standing, ALIVE_MAX);
	idmap_init(&unseen.threads, ALIVE_MAX);
	find_living(&unseen);
	unseen.until_ns = until(&unseen);
	result = write_pause(&unseen, err);
	/* What may be alive is left as it is. */
	if (!result && !unseen.is_short && unseen.until_ns != ROW_UNKNOWN)
		result = end_all(&unseen, err);
	idmap_deinit(&unseen.living);
	idmap_deinit(&unseen.standing);
	idmap_deinit(&unseen.threads);
	return result;
}
