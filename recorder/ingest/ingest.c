/*
 * The ingester's life: processes come, passes over their arenas, an end. See ingest.h for what it
 * promises; what an event means is in events.c.
 *
 * A pass takes the chunks with news in the order of their sequence numbers. Between passes nothing
 * of an arena is remembered but how far each chunk has been read.
 *
 * A chunk is given back to its program when all that it held has been committed, so that at every
 * moment each event is in the recording or in the arena, whoever is killed. What is held in memory
 * (window.c) is kept out of the recording for as long as enough other chunks are there, and then
 * written as it is.
 */
#include "recorder/ingest/ingest_internal.h"
#include "recorder/ingest/maps.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	TERMS_MAX = 1 << 22,
	PROCESSES_MAX = 1 << 20,
	CHUNKS_A_PASS = 256, /* of one process: 4 MiB */
	PASSES_AT_END = 4096,
	COMMIT_NS = 100000000,
	LEAST_CALIBRATIONS = 10000,
	WAITING_MAX = 256, /* processes for parents in flight: their arenas stay mapped */
};

static char *copy_text(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int write_begin(struct ingest *ingest, uint64_t realtime_ns, struct error *err)
{
	char started[64];
	time_t seconds = (time_t)(realtime_ns / 1000000000u);
	struct tm utc;
	size_t length;

	memset(&utc, 0, sizeof utc);
	gmtime_r(&seconds, &utc);
	length = strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(started + length, sizeof started - length, ".%09uZ",
		(unsigned)(realtime_ns % 1000000000u));
	return recording_set_meta(ingest->recording, "started_at", started, err);
}

int ingest_create(const struct ingest_options *options, struct ingest **ret, struct error *err)
{
	struct ingest *ingest = calloc(1, sizeof *ingest);
	uint64_t realtime_ns;

	if (!ingest)
		return error_set(err, "no memory to record");
	ingest->options = *options;
	timeline_init(&ingest->timeline, &realtime_ns);
	if (options->began_ns && options->began_ns < ingest->timeline.zero_ns) {
		realtime_ns -= ingest->timeline.zero_ns - options->began_ns;
		ingest->timeline.zero_ns = options->began_ns;
	}
	places_init(&ingest->terms.places);
	intern_init(&ingest->terms.origins, TERMS_MAX);
	intern_init(&ingest->terms.entries, TERMS_MAX);
	own_types_init(&ingest->terms.own_types);
	sinks_init(&ingest->terms.sinks);
	intern_init(&ingest->terms.writers, TERMS_MAX);
	intern_init(&ingest->terms.log_origins, TERMS_MAX);
	lines_init(&ingest->lines, options->log_max, events_write_line, ingest);
	totals_init(&ingest->totals);
	ingest->fold = fold_create();
	ingest->known_armings = calloc(CACHE_ARMINGS, sizeof *ingest->known_armings);
	ingest->known_resources = calloc(CACHE_RESOURCES, sizeof *ingest->known_resources);
	ingest->known_causes = calloc(CACHE_CAUSES, sizeof *ingest->known_causes);
	idmap_init(&ingest->process_of_start, 4 * PROCESSES_MAX);
	idmap_init(&ingest->process_of_number, 4 * PROCESSES_MAX);
	if (!ingest->fold || !ingest->known_armings || !ingest->known_resources ||
		!ingest->known_causes || !spawns_init(&ingest->spawns) || !window_init(ingest)) {
		error_set(err, "no memory to record");
		goto fail;
	}
	if (recording_create(options->path, &ingest->terms, &ingest->recording, err))
		goto fail;
	ingest->lost_noted = ingest->skew_noted = -1;
	if (recording_set_meta(ingest->recording, "acausal_version", options->version, err) ||
		recording_set_meta(ingest->recording, "command",
			options->command_json ? options->command_json : "[]", err) ||
		recording_set_meta(ingest->recording, "mode", "record", err) ||
		write_begin(ingest, realtime_ns, err) || window_flush(ingest, 0, err))
		goto fail;
	*ret = ingest;
	return 0;
fail:
	ingest_destroy(ingest);
	return -1;
}

void ingest_process_destroy(struct ingest_process *process)
{
	if (!process)
		return;
	history_destroy(process);
	places_process_deinit(&process->places);
	own_types_process_deinit(&process->own_types);
	arena_reader_deinit(&process->arena);
	threads_deinit(&process->threads);
	free(process->sinks);
	free(process->said);
	free(process->run_skew);
	free(process->async_skew);
	free(process->arming_skew);
	free(process->cause_skew);
	free(process->executable);
	free(process);
}

void ingest_destroy(struct ingest *ingest)
{
	if (!ingest)
		return;
	recording_destroy(ingest->recording);
	for (uint32_t i = 0; i < ingest->process_count; i++)
		ingest_process_destroy(ingest->processes[i]);
	free(ingest->processes);
	free(ingest->open);
	idmap_deinit(&ingest->process_of_start);
	idmap_deinit(&ingest->process_of_number);
	spawns_deinit(&ingest->spawns);
	window_deinit(ingest);
	places_deinit(&ingest->terms.places);
	intern_deinit(&ingest->terms.origins);
	intern_deinit(&ingest->terms.entries);
	free(ingest->terms.origin_addresses);
	own_types_deinit(&ingest->terms.own_types);
	sinks_deinit(&ingest->terms.sinks);
	intern_deinit(&ingest->terms.writers);
	intern_deinit(&ingest->terms.log_origins);
	lines_deinit(&ingest->lines);
	totals_deinit(&ingest->totals);
	fold_destroy(ingest->fold);
	free(ingest->known_armings);
	free(ingest->known_resources);
	free(ingest->known_causes);
	free(ingest);
}

/* How the clock of this process's arena is read. */
static int set_clock(struct ingest *ingest, const struct ingest_process *process, bool is_dead,
	struct error *err)
{
	struct arena_anchor latest;

	if (is_dead) {
		if (ingest->has_dead_origin)
			return 0;
		ingest->has_dead_origin = true;
		arena_reader_latest(&process->arena, &latest);
		timeline_set(&ingest->timeline, &process->arena.started, &latest);
		return write_begin(ingest, process->arena.started.realtime_ns, err);
	}
	if (process->arena.clock != ARENA_CLOCK_TSC || ingest->has_dead_origin)
		return 0;
	for (int i = 0; i < LEAST_CALIBRATIONS && !timeline_is_calibrated(&ingest->timeline); i++)
		timeline_anchor_now(&ingest->timeline);
	return 0;
}

static bool has_room_for_process(struct ingest *ingest)
{
	uint32_t capacity = ingest->process_capacity ? 2 * ingest->process_capacity : 16;
	size_t size = capacity * sizeof(struct ingest_process *);
	struct ingest_process **processes, **open;

	if (ingest->process_count < ingest->process_capacity)
		return true;
	if (capacity > PROCESSES_MAX)
		return false;
	processes = realloc(ingest->processes, size);
	if (!processes)
		return false;
	ingest->processes = processes;
	open = realloc(ingest->open, size);
	if (!open)
		return false;
	ingest->open = open;
	ingest->process_capacity = capacity;
	return true;
}

static int write_process(
	struct ingest_process *process, const struct ingest_process_info *info, struct error *err)
{
	struct row_process row = {.process_id = process->process_id,
		.os_pid = info->os_pid > 0 ? (uint32_t)info->os_pid : process->arena.os_pid,
		.parent_process_id = process->parent ? process->parent->process_id : 0,
		.spawned_by_async_id = info->spawned_by_async_id,
		.executable = process->executable,
		.arguments = info->arguments_json,
		.runtime = info->runtime,
		.runtime_version = info->runtime_version,
		.started_ns = events_ns(process, process->arena.started.ticks)};

	process->has_runtime = info->runtime != NULL;
	return recording_write_process(process->ingest->recording, &row, err);
}

/* What the recording as a whole is, once this process is in it. */
static int write_mode(struct ingest_process *process, bool is_dead, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct arena_reader_counts counts;

	if (process->arena.overwrites && !ingest->has_flight) {
		ingest->has_flight = true;
		return recording_set_meta(ingest->recording, "mode", "flight", err);
	}
	arena_reader_counts(&process->arena, &counts);
	if (!is_dead || !counts.process_id || process->arena.overwrites)
		return 0;
	ingest->has_overwritten = true;
	return recording_set_meta(ingest->recording, "drained", "1", err);
}

static struct ingest_process *process_create(struct ingest *ingest, const void *arena, size_t size,
	const struct ingest_process_info *info, struct error *err)
{
	struct ingest_process *process = calloc(1, sizeof *process);
	char executable[PATH_MAX];

	if (!process) {
		error_set(err, "no memory for another process");
		return NULL;
	}
	if (arena_reader_init(&process->arena, arena, size, !info->is_dead, err)) {
		ingest_process_destroy(process);
		return NULL;
	}
	if (info->executable)
		process->executable = copy_text(info->executable);
	else if (!info->is_dead &&
		 maps_executable(process->arena.os_pid, executable, sizeof executable))
		process->executable = copy_text(executable);
	process->ingest = ingest;
	process->process_id = ingest->process_count + 1;
	process->base = (int64_t)ingest->process_count << PROCESS_SHIFT;
	process->wait_status = INGEST_STATUS_UNKNOWN;
	process->ended_ns = ROW_UNKNOWN;
	threads_init(&process->threads);
	places_process_init(&process->places, &ingest->terms.places, &process->arena,
		process->process_id, process->executable);
	return process;
}

int ingest_add_process(struct ingest *ingest, const void *arena, size_t size,
	const struct ingest_process_info *info, struct ingest_process **ret, struct error *err)
{
	struct ingest_process *process;

	if (!has_room_for_process(ingest))
		return error_set(err, "no room for another process in this recording");
	process = process_create(ingest, arena, size, info, err);
	if (!process)
		return -1;
	if (set_clock(ingest, process, info->is_dead, err))
		goto fail;
	ingest->processes[ingest->process_count] = process;
	if (!kin_add(process, info)) {
		error_set(err, "no memory for another process");
		goto fail;
	}
	if (write_process(process, info, err) || write_mode(process, info->is_dead, err) ||
		(info->before && kin_became(info->before, process, err)))
		goto fail;
	if (process->parent)
		process->parent->child_count++;
	ingest->process_count++;
	ingest->open[ingest->open_count++] = process;
	arena_reader_tell_number(&process->arena, process->process_id);
	*ret = process;
	return 0;
fail:
	ingest_process_destroy(process);
	return -1;
}

uint32_t ingest_process_id(const struct ingest_process *process)
{
	return process->process_id;
}

bool ingest_process_is_done(const struct ingest_process *process)
{
	return process->is_closed;
}

void ingest_process_ended_at(struct ingest_process *process, int wait_status, uint64_t monotonic_ns)
{
	process->has_ended = true;
	process->wait_status = wait_status;
	if (monotonic_ns == INGEST_TIME_UNKNOWN)
		return;
	process->ended_ns =
		timeline_ns(&process->ingest->timeline, ARENA_CLOCK_MONOTONIC, monotonic_ns);
}

void ingest_process_ended(struct ingest_process *process, int wait_status)
{
	const struct timeline *timeline = &process->ingest->timeline;

	ingest_process_ended_at(
		process, wait_status, timeline->zero_ns + (uint64_t)timeline_now(timeline));
}

/* Commits, writes what came from chunks up to `mark`, and gives chunks back. */
static int commit(struct ingest *ingest, uint64_t mark, struct error *err)
{
	if (window_flush(ingest, mark, err))
		return -1;
	mark = window_mark(ingest, mark);
	for (uint32_t i = 0; i < ingest->open_count; i++)
		arena_reader_release(&ingest->open[i]->arena, mark);
	return 0;
}

/* One pass over one process. `*read` is the number of bytes that were new. */
static int read_process(
	struct ingest_process *process, size_t chunk_limit, size_t *read, struct error *err)
{
	struct ingest *ingest = process->ingest;
	struct arena_reader *arena = &process->arena;
	uint64_t last = arena_reader_sequence(arena), mark;
	size_t i;

	*read = 0;
	if (!process->has_begun) {
		process->has_begun = true;
		if (history_begin(process, err))
			return -1;
	}
	arena_reader_gather(arena, process->has_ended ? UINT64_MAX : last);
	for (i = 0; i < arena->news_count && i < chunk_limit; i++) {
		const struct chunk_news *news = &arena->news[i];
		size_t size = arena_reader_take(arena, news, ingest->buffer);
		bool is_broken = false;

		ingest->mark++;
		if (news->to > news->from && !size)
			ingest->lost++; /* overwritten while it was read */
		*read += size;
		if (size && events_read(process, news->thread,
				    (const unsigned char *)ingest->buffer, size, &is_broken, err))
			return -1;
		if (is_broken)
			arena_reader_break(arena, news);
		arena_reader_done(arena, news, ingest->mark);
		if (arena_reader_is_short(arena, &mark)
				? commit(ingest, mark, err)
				: recording_is_full(ingest->recording) && commit(ingest, 0, err))
			return -1;
	}
	process->read_up_to = i < arena->news_count ? arena->news[i].sequence - 1 : last;
	return threads_release(process, err);
}

/* What is closed goes out of the list, and what has been closed for long out of memory. */
static void forget_closed(struct ingest *ingest)
{
	int64_t last_crash_id = recording_counts(ingest->recording)->last_crash_id;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < ingest->open_count; i++) {
		struct ingest_process *process = ingest->open[i], **place;

		if (!process->is_closed) {
			ingest->open[kept++] = process;
			continue;
		}
		place = &ingest->closed[ingest->closed_count++ % CLOSED_KEPT];
		/* The summary tells of the last crash. */
		if (*place &&
			(!(*place)->last_crash_id || (*place)->last_crash_id != last_crash_id))
			kin_let_go(*place);
		*place = process;
	}
	ingest->open_count = kept;
}

/* What runs in flight mode is read once it has ended: until then it is not still. */
static bool is_in_flight(const struct ingest_process *process)
{
	return process->arena.overwrites && process->arena.is_live && !process->has_ended &&
	       !process->ingest->is_finishing;
}

/*
 * Parents come before their children. With `at_last` nobody is waited for any more, nor when too
 * many wait for parents that are in flight. `*busy` also tells of a process that waits for its
 * parent, when that is being read.
 */
static int read_all(struct ingest *ingest, bool at_last, bool *busy, struct error *err)
{
	bool has_closed = false;
	int waiting = 0;

	*busy = false;
	for (uint32_t i = 0; i < ingest->open_count; i++) {
		struct ingest_process *process = ingest->open[i];
		int joined;
		size_t read;

		if (is_in_flight(process))
			continue;
		joined = kin_join(process, at_last || waiting > WAITING_MAX, err);
		if (joined < 0)
			return -1;
		if (!joined) {
			if (is_in_flight(process->parent))
				waiting++;
			else
				*busy = true;
			continue;
		}
		if (read_process(process, CHUNKS_A_PASS, &read, err))
			return -1;
		if (read) {
			*busy = true;
		} else if (process->has_ended) {
			if (ending_close(process, err))
				return -1;
			has_closed = true;
		}
	}
	if (has_closed)
		forget_closed(ingest);
	return 0;
}

static void begin_pass(struct ingest *ingest)
{
	ingest->now_ns = timeline_now(&ingest->timeline);
	if (!ingest->has_dead_origin)
		timeline_anchor_now(&ingest->timeline);
}

int ingest_drain(struct ingest *ingest, bool *busy, struct error *err)
{
	uint64_t mark;

	if (recording_check(ingest->recording, err))
		return -1;
	begin_pass(ingest);
	if (read_all(ingest, false, busy, err))
		return -1;
	for (uint32_t i = 0; i < ingest->open_count; i++)
		if (arena_reader_is_short(&ingest->open[i]->arena, &mark) &&
			commit(ingest, mark, err))
			return -1;
	if (recording_is_full(ingest->recording) ||
		ingest->now_ns - ingest->flushed_ns >= COMMIT_NS ||
		ingest->now_ns < ingest->flushed_ns)
		return commit(ingest, 0, err);
	return 0;
}

static void report(const struct ingest *ingest, const char *phase, uint64_t done)
{
	if (ingest->options.progress)
		ingest->options.progress(ingest->options.user, phase, done, 0);
}

static int write_waits(struct ingest *ingest, struct ingest_summary *summary, struct error *err)
{
	char text[32];

	summary->waits = ingest->closed_waits;
	summary->wait_ns = ingest->closed_wait_ns;
	snprintf(text, sizeof text, "%llu", (unsigned long long)summary->waits);
	if (recording_set_meta(ingest->recording, "waits", text, err))
		return -1;
	snprintf(text, sizeof text, "%llu", (unsigned long long)summary->wait_ns);
	return recording_set_meta(ingest->recording, "wait_ns", text, err);
}

/* The process that the last crash ended, if it did. */
static void find_fatal(const struct ingest *ingest, struct ingest_summary *summary)
{
	int code, signal;

	for (uint32_t i = 0; i < ingest->process_count; i++) {
		const struct ingest_process *process = ingest->processes[i];

		if (!process ||
			process->last_crash_id !=
				recording_counts(ingest->recording)->last_crash_id ||
			!process->last_crash_id)
			continue;
		kin_exit_of(process, &code, &signal);
		/* Or its handler did. */
		if (signal == process->crash_signal || code >= 0) {
			summary->crash_process_id = process->process_id;
			summary->crash_signal = process->crash_signal;
		}
	}
}

int ingest_finish(struct ingest *ingest, struct ingest_summary *ret, struct error *err)
{
	const struct recording_counts *counts = recording_counts(ingest->recording);
	struct stat status;
	bool busy = true;
	uint64_t passes = 0;

	memset(ret, 0, sizeof *ret);
	ingest->is_finishing = true;
	/* A process that still runs may go on publishing: it does not keep us for ever. */
	while (busy && passes < PASSES_AT_END) {
		begin_pass(ingest);
		if (read_all(ingest, passes > PASSES_AT_END / 2, &busy, err))
			return -1;
		if (++passes % 16 == 0)
			report(ingest, "reading", (uint64_t)(counts->resources + counts->requests));
	}
	for (uint32_t i = 0; i < ingest->open_count; i++)
		if (kin_join(ingest->open[i], true, err) < 0 || ending_close(ingest->open[i], err))
			return -1;
	forget_closed(ingest);
	sinks_find_moved(&ingest->terms.sinks);
	if (write_waits(ingest, ret, err) || window_flush(ingest, WINDOW_ALL, err))
		return -1;
	if (ingest->options.symbolize && finish_symbols(ingest, err))
		return -1;
	report(ingest, "indexes", 0);
	if (finish_totals(ingest, err) || window_flush(ingest, WINDOW_ALL, err) ||
		recording_finish(ingest->recording, err))
		return -1;
	ret->resources = (uint64_t)(counts->resources + counts->requests);
	ret->runs = (uint64_t)(counts->runs + counts->requests);
	ret->stacks = ingest->terms.places.stacks.count;
	ret->threads = ingest->thread_count;
	ret->processes = ingest->process_count;
	find_fatal(ingest, ret);
	ret->lost = (uint64_t)ending_lost(ingest);
	ret->crash_id = counts->last_crash_id;
	ret->history_from_ns = counts->history_from_ns;
	if (!stat(ingest->options.path, &status))
		ret->size = (uint64_t)status.st_size;
	return 0;
}
