/*
 * acausal_snapshot, acausal_pause, acausal_resume: see recorder/acausal.h.
 *
 * The arena is written to a file as it is, at the same offsets, while other threads go on. What
 * makes the copy belong together is its order: what is alive, the ancestors, details, what runs,
 * events, and last what is only ever added to. A moment is chosen, and what is alive is looked at
 * before and after it, so that all is there which was alive then; whoever reads the file leaves out
 * what later events say (recorder/snapshot/image_file.c). Of what is alive the ancestors are kept
 * until they are copied as well, and nothing is folded meanwhile: however soon the events of those
 * runs are overwritten, its lineage is in the copy. A record is read twice until it is the same.
 * Nothing but memory of its own and system calls is used for it, past the hooks of the program's
 * own calls.
 */
#define ACAUSAL_IMPLEMENTATION
#include "recorder/acausal.h"

#include "recorder/runtime/ancestor_fold.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/settings.h"
#include "recorder/runtime/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum {
	FILE_PAGE = 4096, /* one that is all zero is not written */
	ROOM = 1 << 16,	  /* bytes that are put together at a time; a multiple of FILE_PAGE */
	TRIES = 100,	  /* to find a record at rest */
	NAPS = 20,	  /* of a millisecond, until nobody folds: it may be whom we interrupted */
};

/* Of a live record in the copy: what it is of, and its ancestors, each with a reference of ours. */
struct kept {
	uint64_t async_id, arming_id;
	uint32_t of_birth, of_arming;
	bool is_gone; /* by the moment, or after it: its events say */
};

struct snapshot {
	const struct arena_header *header;
	int fd;
	int error; /* errno of what failed first; 0: nothing did */
	unsigned char *room, *again;
	struct kept *kept; /* by live record */
	uint64_t began, last_async_id;
	struct arena_anchor moment;
	uint64_t used[ARENA_REGION_COUNT]; /* records of each region in the copy */
};

/* --- the file -------------------------------------------------------------------------------- */

static void write_at(struct snapshot *snapshot, const unsigned char *bytes, size_t size, off_t at)
{
	while (size > 0 && !snapshot->error) {
		long part = syscall(SYS_pwrite64, snapshot->fd, bytes, size, at);

		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0) {
			snapshot->error = part < 0 ? errno : ENOSPC;
			return;
		}
		bytes += part;
		size -= (size_t)part;
		at += part;
	}
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Pages of zeros become holes. */
static void put(struct snapshot *snapshot, const unsigned char *bytes, size_t size, uint64_t at)
{
	size_t from = 0, to, part;

	for (to = 0; to < size; to += part) {
		part = FILE_PAGE - (at + to) % FILE_PAGE;
		if (part > size - to)
			part = size - to;
		if (!is_zero(bytes + to, part))
			continue;
		write_at(snapshot, bytes + from, to - from, (off_t)(at + from));
		from = to + part;
	}
	write_at(snapshot, bytes + from, size - from, (off_t)(at + from));
}

/* --- regions --------------------------------------------------------------------------------- */

static const unsigned char *record_at(
	const struct snapshot *snapshot, enum arena_region_name name, uint64_t index)
{
	const struct arena_region *region = &snapshot->header->region[name];

	return (const unsigned char *)snapshot->header + region->offset + index * region->stride;
}

/* How many of its records there are in the copy: as many as are used now. */
static uint64_t count_now(struct snapshot *snapshot, enum arena_region_name name)
{
	uint64_t used = atomic_load(&snapshot->header->used[name].value);

	if (used > snapshot->header->region[name].count)
		used = snapshot->header->region[name].count;
	snapshot->used[name] = used;
	return used;
}

/* Copies a record until two copies are the same. False: they never were. */
static bool record_copy(
	unsigned char *to, unsigned char *again, const unsigned char *from, size_t size)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		memcpy(again, from, size);
		atomic_thread_fence(memory_order_seq_cst);
		memcpy(to, from, size);
		atomic_thread_fence(memory_order_seq_cst);
		if (memcmp(to, again, size) == 0)
			return true;
	}
	return false;
}

/*
 * What is made of a copied record: whether it is to be in the file. One that changes all the time
 * comes with `is_still` false.
 */
typedef bool record_look(const struct snapshot *, uint64_t index, void *record, bool is_still);

static bool ancestor_look(
	const struct snapshot *snapshot, uint64_t index, void *record, bool is_still)
{
	const struct arena_ancestor *ancestor = record;

	(void)snapshot;
	(void)index;
	return is_still && atomic_load(&ancestor->run_id) != 0 &&
	       (!ancestor->parent || ancestor->parent_run_id);
}

static void kept_release(struct kept *kept)
{
	ancestor_release(kept->of_birth);
	ancestor_release(kept->of_arming);
	*kept = (struct kept){0};
}

/* Takes references to what the copied record names, if the process's own is that still. */
static bool kept_take(
	const struct arena_live *live, const struct arena_live *copy, struct kept *ret)
{
	*ret = (struct kept){
		.async_id = atomic_load(&copy->async_id), .arming_id = copy->arming_id};
	if (copy->ancestor && ancestor_try_share(copy->ancestor))
		ret->of_birth = copy->ancestor;
	if (copy->arming_ancestor && ancestor_try_share(copy->arming_ancestor))
		ret->of_arming = copy->arming_ancestor;
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&live->async_id) == ret->async_id &&
		__atomic_load_n(&live->arming_id, __ATOMIC_RELAXED) == ret->arming_id &&
		__atomic_load_n(&live->ancestor, __ATOMIC_RELAXED) == copy->ancestor &&
		__atomic_load_n(&live->arming_ancestor, __ATOMIC_RELAXED) == copy->arming_ancestor)
		return true;
	kept_release(ret);
	return false;
}

static bool live_look(const struct snapshot *snapshot, uint64_t index, void *record, bool is_still)
{
	const unsigned char *of = record_at(snapshot, ARENA_LIVES, index);
	struct arena_live *live = record;
	int i;

	for (i = 0; i < TRIES && is_still && atomic_load(&live->async_id); i++) {
		if (kept_take((const void *)of, live, &snapshot->kept[index])) {
			/* An arming that was in the making all the while. */
			if (!live->arming_id)
				live->flags &= ~(uint32_t)ARENA_LIVE_ARMED;
			return true;
		}
		is_still = record_copy(record, snapshot->again, of, sizeof *live);
	}
	return false;
}

/*
 * One that was not there, or was another one, or armed otherwise: what it is now, if it was so at
 * the moment already.
 */
static void live_again(struct snapshot *snapshot, uint64_t index)
{
	const struct arena_region *region = &snapshot->header->region[ARENA_LIVES];
	const unsigned char *of = record_at(snapshot, ARENA_LIVES, index);
	const struct arena_live *seen = (const void *)of;
	struct kept *kept = &snapshot->kept[index], before = *kept;
	struct arena_live *live = (void *)snapshot->room;
	uint64_t async_id = atomic_load(&seen->async_id);

	if (async_id == before.async_id &&
		__atomic_load_n(&seen->arming_id, __ATOMIC_RELAXED) == before.arming_id)
		return;
	if (async_id && live_look(snapshot, index, live,
				record_copy(snapshot->room, snapshot->again, of, sizeof *live))) {
		if (live->created <= snapshot->moment.ticks &&
			live->armed <= snapshot->moment.ticks) {
			kept_release(&before);
			write_at(snapshot, snapshot->room, region->stride,
				(off_t)(region->offset + index * region->stride));
			return;
		}
		kept_release(kept);
	}
	before.is_gone = before.async_id && async_id != before.async_id;
	*kept = before;
}

static bool detail_look(
	const struct snapshot *snapshot, uint64_t index, void *record, bool is_still)
{
	const struct arena_detail *detail = record;

	(void)snapshot;
	(void)index;
	return is_still && atomic_load(&detail->async_id) != 0;
}

/*
 * The slot of a thread that runs one callback after the other is never the same twice. Of those
 * that are open, what is the same in both copies is open still.
 */
static bool slot_look(const struct snapshot *snapshot, uint64_t index, void *record, bool is_still)
{
	const struct arena_thread *before = (const void *)snapshot->again;
	struct arena_thread *slot = record;
	uint32_t depth = 0, most;

	(void)index;
	if (atomic_load(&slot->state) == ARENA_THREAD_FREE)
		return false;
	if (is_still)
		return true;
	if (slot->number != before->number ||
		memcmp(&slot->foreign, &before->foreign,
			offsetof(struct arena_thread, open) -
				offsetof(struct arena_thread, foreign)) != 0)
		return false;
	most = atomic_load(&slot->depth);
	if (most > atomic_load(&before->depth))
		most = atomic_load(&before->depth);
	while (depth < most && depth < ARENA_OPEN_RUNS &&
		memcmp(&slot->open[depth], &before->open[depth], sizeof slot->open[depth]) == 0)
		depth++;
	atomic_store(&slot->depth, depth);
	if (memcmp((const void *)&slot->partial, (const void *)&before->partial,
		    sizeof slot->partial) != 0)
		atomic_store(&slot->partial.length, 0);
	return true;
}

static void region_put(struct snapshot *snapshot, enum arena_region_name name, record_look *look)
{
	const struct arena_region *region = &snapshot->header->region[name];
	uint64_t count = count_now(snapshot, name), most = ROOM / region->stride, from, i;
	size_t size = region->stride;

	for (from = 0; from < count && !snapshot->error; from += most) {
		uint64_t part = count - from < most ? count - from : most;

		for (i = 0; i < part; i++) {
			unsigned char *to = snapshot->room + i * size;
			const unsigned char *of = record_at(snapshot, name, from + i);
			bool is_still = record_copy(to, snapshot->again, of, size);

			if (!look(snapshot, from + i, to, is_still))
				memset(to, 0, size);
		}
		put(snapshot, snapshot->room, part * size, region->offset + from * size);
	}
}

static void lives_put(struct snapshot *snapshot)
{
	uint64_t i, count;

	snapshot->began = arena_ticks();
	region_put(snapshot, ARENA_LIVES, live_look);
	arena_now(&snapshot->moment);
	snapshot->last_async_id = atomic_load(&snapshot->header->async_id.value);
	count = count_now(snapshot, ARENA_LIVES);
	for (i = 1; i < count && !snapshot->error; i++)
		live_again(snapshot, i);
}

/* Where events were overwritten meanwhile there is no telling when what is gone has ended. */
static void gone_put(struct snapshot *snapshot)
{
	const struct arena_region *region = &snapshot->header->region[ARENA_LIVES];
	uint64_t i;

	if (atomic_load(&snapshot->header->overwritten_until.value) < snapshot->began)
		return;
	memset(snapshot->room, 0, region->stride);
	for (i = 1; i < snapshot->used[ARENA_LIVES]; i++)
		if (snapshot->kept[i].is_gone)
			write_at(snapshot, snapshot->room, region->stride,
				(off_t)(region->offset + i * region->stride));
}

/* What is never changed once it is there. */
static void list_put(struct snapshot *snapshot, enum arena_region_name name)
{
	uint64_t count = count_now(snapshot, name);

	put(snapshot, record_at(snapshot, name, 0), count * snapshot->header->region[name].stride,
		snapshot->header->region[name].offset);
}

static void crashes_put(struct snapshot *snapshot)
{
	const struct arena_region *region = &snapshot->header->region[ARENA_CRASHES];
	uint64_t count = count_now(snapshot, ARENA_CRASHES), i;

	for (i = 0; i < count; i++) {
		const unsigned char *record = record_at(snapshot, ARENA_CRASHES, i);

		if (atomic_load(&((const struct arena_crash *)(const void *)record)->state) >=
			ARENA_CRASH_NOTED)
			put(snapshot, record, region->stride, region->offset + i * region->stride);
	}
}

/* --- chunks ---------------------------------------------------------------------------------- */

static bool holds_events(const struct arena_chunk *chunk)
{
	uint32_t state = atomic_load(&chunk->state);

	return (state == ARENA_CHUNK_OPEN || state == ARENA_CHUNK_SEALED) && chunk->sequence != 0 &&
	       atomic_load(&chunk->used) <= ARENA_CHUNK_SIZE;
}

/* One that is overwritten meanwhile stays free in the copy. */
static void chunk_put(struct snapshot *snapshot, uint64_t index)
{
	const struct arena_region *states = &snapshot->header->region[ARENA_CHUNK_STATES];
	const unsigned char *record = record_at(snapshot, ARENA_CHUNK_STATES, index);
	struct arena_chunk chunk, now;

	memcpy((void *)&chunk, record, sizeof chunk);
	atomic_thread_fence(memory_order_seq_cst);
	if (!holds_events(&chunk))
		return;
	memcpy(snapshot->room, record_at(snapshot, ARENA_CHUNKS, index), atomic_load(&chunk.used));
	atomic_thread_fence(memory_order_seq_cst);
	memcpy((void *)&now, record, sizeof now);
	if (!holds_events(&now) || now.sequence != chunk.sequence)
		return;
	chunk.next_free = 0;
	put(snapshot, snapshot->room, atomic_load(&chunk.used),
		snapshot->header->region[ARENA_CHUNKS].offset + index * ARENA_CHUNK_SIZE);
	put(snapshot, (const unsigned char *)&chunk, sizeof chunk,
		states->offset + index * states->stride);
}

/* The oldest first, so as to keep ahead of who overwrites them. */
static void chunks_put(struct snapshot *snapshot)
{
	uint64_t count = count_now(snapshot, ARENA_CHUNK_STATES), i;
	uint64_t hand = atomic_load(&snapshot->header->hand.value);

	count_now(snapshot, ARENA_CHUNKS);
	for (i = 0; i < count && !snapshot->error; i++)
		chunk_put(snapshot, (hand + i) % count);
}

/* --- all of it ------------------------------------------------------------------------------- */

static void header_put(struct snapshot *snapshot)
{
	struct arena_header *copy = (void *)snapshot->room;
	int i;

	memcpy((void *)copy, (const void *)snapshot->header, sizeof *copy);
	copy->latest = snapshot->moment;
	atomic_store(&copy->async_id.value, snapshot->last_async_id);
	for (i = 0; i < ARENA_REGION_COUNT; i++)
		atomic_store(&copy->used[i].value, snapshot->used[i]);
	/* Nobody goes on with it. */
	atomic_store(&copy->free_lives.head, 0);
	atomic_store(&copy->free_chunks.head, 0);
	atomic_store(&copy->free_threads.head, 0);
	atomic_store(&copy->free_ancestors.head, 0);
	memset(copy->ingester_life, 0, sizeof copy->ingester_life);
	put(snapshot, snapshot->room, sizeof *copy, 0);
}

static bool folding_hold(void)
{
	const struct timespec nap = {0, 1000000};
	int i;

	for (i = 0; i < NAPS; i++) {
		if (ancestor_fold_hold())
			return true;
		syscall(SYS_nanosleep, &nap, NULL);
	}
	return false;
}

static void arena_put(struct snapshot *snapshot)
{
	bool is_held = folding_hold();
	uint64_t i;

	lives_put(snapshot);
	region_put(snapshot, ARENA_ANCESTORS, ancestor_look);
	for (i = 1; i < snapshot->used[ARENA_LIVES]; i++) {
		ancestor_release(snapshot->kept[i].of_birth);
		ancestor_release(snapshot->kept[i].of_arming);
	}
	if (is_held)
		ancestor_fold_let_go();
	region_put(snapshot, ARENA_DETAILS, detail_look);
	region_put(snapshot, ARENA_THREADS, slot_look);
	crashes_put(snapshot);
	chunks_put(snapshot);
	gone_put(snapshot);
	list_put(snapshot, ARENA_NODES);
	list_put(snapshot, ARENA_MODULES);
	list_put(snapshot, ARENA_SINKS);
	list_put(snapshot, ARENA_TYPES);
	header_put(snapshot);
}

/* "acausal.PID.image", of at most 32 bytes. */
static const char *standard_path(char *ret, uint32_t os_pid)
{
	char digits[10], *to = mempcpy(ret, "acausal.", 8);
	int count = 0;

	do
		digits[count++] = (char)('0' + os_pid % 10);
	while ((os_pid /= 10) != 0);
	while (count > 0)
		*to++ = digits[--count];
	strcpy(to, ".image");
	return ret;
}

/* Returns 0 or an error number. */
static int snapshot_write(const struct arena_header *header, const char *path)
{
	struct snapshot snapshot = {.header = header};
	const uint64_t lives = header->region[ARENA_LIVES].count;
	const size_t size = 2 * ROOM + lives * sizeof(struct kept);
	struct rlimit limit;
	void *room;

	/* To write beyond that would raise SIGXFSZ. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < header->size)
		return EFBIG;
	/* By far the most of it is never touched. */
	room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (room == MAP_FAILED)
		return errno;
	snapshot.room = room;
	snapshot.again = snapshot.room + ROOM;
	snapshot.kept = (void *)(snapshot.again + ROOM);
	snapshot.fd = (int)syscall(
		SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (snapshot.fd < 0) {
		snapshot.error = errno;
	} else {
		arena_put(&snapshot);
		if (syscall(SYS_close, snapshot.fd) != 0 && !snapshot.error)
			snapshot.error = errno;
		if (snapshot.error)
			syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	}
	munmap(room, size);
	return snapshot.error;
}

/* NULL: the process is not recorded. The child of a fork becomes so by this. */
static struct arena_header *header_now(void)
{
	(void)thread_self();
	return settings.is_alone ? NULL : arena();
}

EXPORTED int acausal_snapshot(const char *path)
{
	const struct arena_header *header = header_now();
	int saved = errno, error;
	char standard[32];

	if (!header) {
		errno = ENOSYS;
		return -1;
	}
	error = snapshot_write(header, path ? path : standard_path(standard, header->os_pid));
	errno = error ? error : saved;
	return error ? -1 : 0;
}

static int pause_set(bool is_paused)
{
	struct arena_header *header = header_now();

	if (!header) {
		errno = ENOSYS;
		return -1;
	}
	if (is_paused && atomic_load(&header->is_paused) != ARENA_PAUSED)
		atomic_store(&header->paused_at, arena_ticks());
	if (is_paused || atomic_load(&header->is_paused))
		atomic_store(&header->is_paused, is_paused ? ARENA_PAUSED : ARENA_RESUMED);
	return 0;
}

EXPORTED int acausal_pause(void)
{
	return pause_set(true);
}

EXPORTED int acausal_resume(void)
{
	return pause_set(false);
}
