/* Threads by number: see ingest_internal.h. */
#include "recorder/ingest/ingest_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	THREADS_MAX = 1 << 20, /* records of a process at a time */
	RANGES_MAX = 1 << 16,  /* of a process */
	QUEUED_MAX = 4096,
	TOGETHER_MAX = 256, /* numbers that get their IDs with the one after them */
	RESERVE_MAX = 4096,
};

/* How long a thread is remembered that has ended, or has been named and not announced. */
static const int64_t kept_ns = 2000000000;

void threads_init(struct threads *threads)
{
	*threads = (struct threads){0};
	idmap_init(&threads->of_number, THREADS_MAX);
}

void threads_deinit(struct threads *threads)
{
	idmap_deinit(&threads->of_number);
	free(threads->records);
	free(threads->ranges);
	*threads = (struct threads){0};
}

/* Index of the first range that begins after `number`. */
static uint32_t range_after(const struct threads *threads, uint32_t number)
{
	uint32_t low = 0, high = threads->range_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (threads->ranges[middle].number <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool insert_range(struct threads *threads, uint32_t at, struct thread_range range)
{
	if (threads->range_count == threads->range_capacity) {
		uint32_t capacity = threads->range_capacity ? 2 * threads->range_capacity : 4;
		struct thread_range *ranges =
			capacity > RANGES_MAX ? NULL
					      : realloc(threads->ranges, capacity * sizeof *ranges);

		if (!ranges)
			return false;
		threads->ranges = ranges;
		threads->range_capacity = capacity;
	}
	memmove(&threads->ranges[at + 1], &threads->ranges[at],
		(threads->range_count++ - at) * sizeof range);
	threads->ranges[at] = range;
	return true;
}

/*
 * A number that has no ID. Those that the process has given before it get theirs along with it:
 * they will be named in a moment, in whatever order. Where other processes' threads came in
 * between, some are set aside for those to come, the more the more there have been.
 */
static uint32_t give_id(struct ingest_process *process, uint32_t number)
{
	struct threads *threads = &process->threads;
	struct ingest *ingest = process->ingest;
	uint32_t at = range_after(threads, number);
	struct thread_range *last = at && at == threads->range_count ? &threads->ranges[at - 1] : 0;
	uint32_t top = last ? last->number + last->count - 1 : 0;
	bool is_next = at == threads->range_count && number - top <= TOGETHER_MAX &&
		       (number == top + 1 || number <= arena_reader_threads(&process->arena));
	uint32_t first = is_next ? top + 1 : number, count = number - first + 1;

	if (UINT32_MAX - ingest->thread_ids < count + RESERVE_MAX)
		return 0;
	if (is_next && last && last->thread_id + last->count == ingest->thread_ids + 1) {
		last->count += count;
	} else {
		uint64_t reserve = is_next ? threads->covered / 8 : 0;

		if (reserve > RESERVE_MAX)
			reserve = RESERVE_MAX;
		if (reserve > UINT32_MAX - number)
			reserve = 0;
		count += (uint32_t)reserve;
		if (!insert_range(threads, at,
			    (struct thread_range){first, ingest->thread_ids + 1, count}))
			return 0;
	}
	threads->covered += count;
	ingest->thread_ids += count;
	at = range_after(threads, number) - 1;
	return threads->ranges[at].thread_id + (number - threads->ranges[at].number);
}

/* 0 when it can have none. */
static uint32_t id_of(struct ingest_process *process, uint32_t number, bool *is_new)
{
	const struct threads *threads = &process->threads;
	uint32_t at = range_after(threads, number);
	const struct thread_range *range = at ? &threads->ranges[at - 1] : NULL;

	*is_new = !range || number - range->number >= range->count;
	return *is_new ? give_id(process, number) : range->thread_id + (number - range->number);
}

static bool has_free_place(struct threads *threads)
{
	uint32_t capacity = threads->capacity ? 2 * threads->capacity : 16;
	struct thread *records;

	if (threads->free)
		return true;
	records = capacity > THREADS_MAX ? NULL
					 : realloc(threads->records, capacity * sizeof *records);
	if (!records)
		return false;
	for (uint32_t i = capacity; i-- > threads->capacity;) {
		records[i] = (struct thread){.next = threads->free};
		threads->free = i + 1;
	}
	threads->records = records;
	threads->capacity = capacity;
	return true;
}

static void put_in_queue(struct threads *threads, struct thread *thread, int64_t now_ns)
{
	uint32_t place = (uint32_t)(thread - threads->records) + 1;

	thread->is_queued = true;
	thread->since_ns = now_ns;
	thread->next = 0;
	if (threads->newest)
		threads->records[threads->newest - 1].next = place;
	else
		threads->oldest = place;
	threads->newest = place;
	threads->queued++;
}

static struct thread *take_from_queue(struct threads *threads)
{
	struct thread *thread = &threads->records[threads->oldest - 1];

	threads->oldest = thread->next;
	if (!threads->oldest)
		threads->newest = 0;
	threads->queued--;
	thread->is_queued = false;
	return thread;
}

struct thread *threads_find(struct ingest_process *process, uint32_t number)
{
	struct threads *threads = &process->threads;
	struct ingest *ingest = process->ingest;
	uint32_t index, thread_id;
	int64_t root_run_id = 0;
	struct thread *thread;
	bool is_new;

	if (!number)
		return NULL;
	if (idmap_get(&threads->of_number, number, &index))
		return &threads->records[index];
	if (!has_free_place(threads))
		return NULL;
	index = threads->free - 1;
	thread_id = id_of(process, number, &is_new);
	if (!thread_id || !idmap_put(&threads->of_number, number, index))
		return NULL;
	thread = &threads->records[index];
	threads->free = thread->next;
	threads->kept++;
	*thread = (struct thread){.number = number, .thread_id = thread_id};
	if (!is_new && recording_find_thread(ingest->recording, thread_id, &root_run_id)) {
		/* It was let go: of those that were announced only the ones that have ended are. */
		thread->root_run_id = root_run_id;
		thread->is_announced = thread->has_ended = root_run_id != 0;
	} else {
		ingest->thread_count++;
	}
	put_in_queue(threads, thread, ingest->now_ns);
	return thread;
}

void threads_ended(struct ingest_process *process, struct thread *thread)
{
	thread->has_ended = true;
	if (!thread->is_queued)
		put_in_queue(&process->threads, thread, process->ingest->now_ns);
}

static int write_unknown(
	struct ingest_process *process, const struct thread *thread, struct error *err)
{
	char name[sizeof thread->name + 1] = {0};
	struct row_thread row = {.thread_id = thread->thread_id,
		.process_id = process->process_id,
		.name = name,
		.role = -1,
		.is_foreign = -1,
		.started_ns = ROW_UNKNOWN};

	memcpy(name, thread->name, sizeof thread->name);
	return recording_write_thread(process->ingest->recording, &row, err);
}

static int let_go(struct ingest_process *process, struct thread *thread, struct error *err)
{
	struct threads *threads = &process->threads;

	if (!thread->is_announced && write_unknown(process, thread, err))
		return -1;
	idmap_remove(&threads->of_number, thread->number);
	*thread = (struct thread){.next = threads->free};
	threads->free = (uint32_t)(thread - threads->records) + 1;
	threads->kept--;
	return 0;
}

int threads_release(struct ingest_process *process, struct error *err)
{
	struct threads *threads = &process->threads;
	int64_t now_ns = process->ingest->now_ns;

	while (threads->oldest &&
		(threads->queued > QUEUED_MAX ||
			now_ns - threads->records[threads->oldest - 1].since_ns > kept_ns)) {
		struct thread *thread = take_from_queue(threads);

		/* One that lives is queued again by its end. */
		if ((!thread->is_announced || thread->has_ended) && let_go(process, thread, err))
			return -1;
	}
	return 0;
}

int threads_write_unknown(struct ingest_process *process, struct error *err)
{
	struct threads *threads = &process->threads;

	for (uint32_t i = 0; i < threads->capacity; i++) {
		struct thread *thread = &threads->records[i];

		if (!thread->number || thread->is_announced)
			continue;
		thread->is_announced = true;
		if (write_unknown(process, thread, err))
			return -1;
	}
	return 0;
}

void threads_event_of(const struct arena_thread *slot, struct event_thread *ret)
{
	bool is_main = slot->role == ACAUSAL_ROLE_MAIN;

	*ret = (struct event_thread){.os_tid = slot->os_tid,
		.role = slot->role,
		.foreign = !is_main && (slot->foreign || !slot->created),
		.async_id = slot->async_id,
		.root_run_id = slot->root_run_id,
		.started = slot->started,
		.trigger_id = slot->trigger_id,
		.run_id = slot->run_id,
		.created = slot->created,
		.address = slot->address,
		.stack = slot->stack,
		.type = slot->type ? slot->type
			: is_main  ? ACAUSAL_TYPE_MAIN
				   : ACAUSAL_TYPE_PTHREAD,
		.api = slot->api,
		.maker = slot->maker,
		.callback = slot->callback};
	memcpy(ret->name, slot->name, sizeof ret->name);
}
