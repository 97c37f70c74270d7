/*
 * The answers by descriptor, and the records of sinks: see sink.h.
 *
 * An answer is one word, so that a look-up needs no lock. It carries the generation of its
 * descriptor, which changes whenever the descriptor may have become another file's: an answer that
 * was asked for before that is not stored. (In a child of vfork, which has descriptors of its own
 * in its parent's memory, none is.) All the answers at once are made void by another epoch.
 */
#include "recorder/hooks/sink.h"

#include "recorder/hooks/sink_look.h"
#include "recorder/hooks/tag.h"
#include "recorder/runtime/confined.h"
#include "recorder/runtime/forked.h"
#include "recorder/runtime/settings.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* --- answers ------------------------------------------------------------------------------ */

enum state {
	UNKNOWN,
	NOT_KEPT,
	KEPT,
	UNSETTLED, /* no answer is stored */
};

enum {
	DESCRIPTORS = 1 << 16, /* those from here on are asked for each time */
	SINK_BITS = 12,
	STATE_BITS = 2,
	EPOCH_BITS = 14,
	TIME_BITS = 20,
	STATE_AT = SINK_BITS,
	EPOCH_AT = STATE_AT + STATE_BITS,
	TIME_AT = EPOCH_AT + EPOCH_BITS,
	GENERATION_AT = TIME_AT + TIME_BITS,
	/*
	 * Times are counted in units of 2^TIME_UNIT ticks: 67 ms of a clock that counts
	 * nanoseconds, a third of that of one at 3 GHz. So many of them an answer holds. What it
	 * guards against is unusual: a descriptor closed by a system call made by hand. And a
	 * server has many connections, each of which would be asked for again.
	 */
	TIME_UNIT = 26,
	FRESH = 2,
	FRESH_NOT_KEPT = 32,
	MANY = 64, /* descriptors that are not forgotten one by one */
};

static _Atomic uint64_t answers[DESCRIPTORS];
static _Atomic uint32_t forgotten; /* times that all were */

static inline uint64_t part(uint64_t word, int at, int bits)
{
	return word >> at & ((1ull << bits) - 1);
}

/* Whether an answer was given since the last time that all were forgotten. */
static inline bool is_of_epoch(uint64_t word)
{
	uint32_t epoch = atomic_load_explicit(&forgotten, memory_order_relaxed) +
			 atomic_load_explicit(&arena_number, memory_order_relaxed);

	return part(word, EPOCH_AT, EPOCH_BITS) == part(epoch, 0, EPOCH_BITS);
}

static inline enum state state_of(uint64_t word)
{
	return (enum state)part(word, STATE_AT, STATE_BITS);
}

static inline bool is_fresh(uint64_t word, uint64_t ticks)
{
	uint64_t age = (ticks >> TIME_UNIT) - part(word, TIME_AT, TIME_BITS);

	return part(age, 0, TIME_BITS) < (state_of(word) == KEPT ? FRESH : FRESH_NOT_KEPT);
}

static inline uint32_t sink_in(uint64_t word)
{
	return (uint32_t)part(word, 0, SINK_BITS);
}

/* A question, and what was there when it was asked. */
struct question {
	int fd;
	uint32_t forgotten;
	uint64_t ticks, seen; /* `seen`: the answer that there was */
};

/* Unless the descriptor has been forgotten since. */
static void answer_store(const struct question *question, enum state state, uint32_t sink)
{
	uint64_t seen = question->seen, next;

	if ((unsigned)question->fd >= DESCRIPTORS || state_of(seen) == UNSETTLED ||
		forked_shares_memory())
		return;
	next = (seen >> GENERATION_AT) << GENERATION_AT |
	       part(question->ticks >> TIME_UNIT, 0, TIME_BITS) << TIME_AT |
	       part(question->forgotten + atomic_load(&arena_number), 0, EPOCH_BITS) << EPOCH_AT |
	       (uint64_t)state << STATE_AT | sink;
	atomic_compare_exchange_strong(&answers[question->fd], &seen, next);
}

static void answer_drop(int fd, enum state state)
{
	uint64_t seen, next;

	if ((unsigned)fd >= DESCRIPTORS || !settings.keeps_logs)
		return;
	seen = atomic_load_explicit(&answers[fd], memory_order_relaxed);
	do
		next = ((seen >> GENERATION_AT) + 1) << GENERATION_AT | (uint64_t)state << STATE_AT;
	while (!atomic_compare_exchange_weak(&answers[fd], &seen, next));
}

void sink_unsettle(int fd)
{
	answer_drop(fd, UNSETTLED);
}

void sink_forget(int fd)
{
	answer_drop(fd, UNKNOWN);
	if (tag_is_wanted(fd))
		tag_forget(fd);
}

void sink_forget_range(unsigned int first, unsigned int last)
{
	unsigned int i;

	if (first > last || first >= DESCRIPTORS)
		return;
	if (last >= DESCRIPTORS)
		last = DESCRIPTORS - 1;
	if (last - first < MANY) {
		for (i = first; i <= last; i++)
			sink_forget((int)i);
		return;
	}
	atomic_fetch_add(&forgotten, 1);
	for (i = 1; i <= 2; i++)
		if (i >= first && tag_is_wanted((int)i))
			tag_forget((int)i);
}

/* --- records ------------------------------------------------------------------------------ */

enum { BUCKETS = 1 << 13, TRIES = 64 };

/* Indexes of the records of this arena, by what they tell. Private, as is what comes after. */
static _Atomic uint16_t buckets[BUCKETS];
static _Atomic uint32_t buckets_of; /* arena_number of that arena */

/* How large each file was when it was looked at last. */
static _Atomic uint64_t sizes[1 << SINK_BITS];

static uint32_t hash_of(const struct sink_look *look)
{
	uint64_t hash = (look->inode ^ look->device << 32 ^ look->kind) * 0x9e3779b97f4a7c15ull;
	const char *c;

	hash ^= (uint64_t)look->born_ns;
	for (c = look->path; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3ull;
	return (uint32_t)(hash ^ hash >> 32);
}

static bool is_same_file(const struct arena_sink *sink, const struct sink_look *look)
{
	return sink->kind == look->kind && sink->device == look->device &&
	       sink->inode == look->inode && sink->born_ns == look->born_ns;
}

/* A new record, after the one `before`, if that is not 0; 0: no room. */
static uint32_t record_make(const struct sink_look *look, uint32_t before)
{
	uint32_t index = arena_grow(ARENA_SINKS);
	struct arena_sink *sink;
	size_t length = strlen(look->path);

	if (index == UINT32_MAX || index >= 1 << SINK_BITS)
		return 0;
	sink = &arena_map.sinks[index];
	sink->kind = look->kind;
	sink->device = look->device;
	sink->inode = look->inode;
	sink->born_ns = look->born_ns;
	sink->size = look->size;
	sink->met = arena_ticks();
	sink->path_length = look->path_length;
	sink->before = before;
	memcpy(sink->path, look->path, length + 1);
	atomic_store_explicit(&sizes[index], look->size, memory_order_relaxed);
	atomic_store_explicit(&sink->ready, 1, memory_order_release);
	return index;
}

/*
 * Whether the file has been made shorter, and so begins anew, since it was looked at last. Where
 * that happens over and over, the records are kept for other files.
 */
static bool is_truncated(uint32_t index, const struct sink_look *look)
{
	uint64_t used =
		atomic_load_explicit(&arena()->used[ARENA_SINKS].value, memory_order_relaxed);

	return look->kind == ACAUSAL_SINK_FILE && used < arena_map.count[ARENA_SINKS] / 2 &&
	       look->size < atomic_load_explicit(&sizes[index], memory_order_relaxed);
}

/* The child of a fork begins with no records. */
static void records_settle(void)
{
	uint32_t number = atomic_load(&arena_number);
	int i;

	if (likely(atomic_load(&buckets_of) == number))
		return;
	for (i = 0; i < BUCKETS; i++)
		atomic_store_explicit(&buckets[i], 0, memory_order_relaxed);
	atomic_store(&buckets_of, number);
}

/* The record of what was looked at; 0: no room. Two threads may make it twice, if at once. */
static uint32_t record_of(const struct sink_look *look)
{
	uint32_t hash = hash_of(look), made = 0, i;

	records_settle();
	for (i = 0; i < TRIES; i++) {
		_Atomic uint16_t *bucket = &buckets[(hash + i) % BUCKETS];
		uint16_t seen = atomic_load_explicit(bucket, memory_order_acquire);

		if (seen && (!is_same_file(&arena_map.sinks[seen], look) ||
				    strcmp(arena_map.sinks[seen].path, look->path) != 0))
			continue;
		if (seen && !is_truncated(seen, look)) {
			atomic_store_explicit(&sizes[seen], look->size, memory_order_relaxed);
			return seen;
		}
		made = record_make(look, seen);
		if (made)
			atomic_compare_exchange_strong(bucket, &seen, (uint16_t)made);
		return made;
	}
	return 0;
}

/* --- asking ------------------------------------------------------------------------------- */

/* Whether what an old answer tells of is there still, as it was. */
static bool is_there_still(int fd, uint32_t index)
{
	struct sink_look look;

	if (!index || !sink_look_again(&look, fd) ||
		!is_same_file(&arena_map.sinks[index], &look) || is_truncated(index, &look))
		return false;
	atomic_store_explicit(&sizes[index], look.size, memory_order_relaxed);
	return true;
}

/* Of a program that has shut itself in, what was known before is known still. */
static bool answer_unasked(int fd, uint64_t seen, uint32_t *ret)
{
	bool is_known = is_of_epoch(seen) && arena();

	if (is_known && (state_of(seen) == KEPT || state_of(seen) == NOT_KEPT)) {
		*ret = sink_in(seen);
		return state_of(seen) == KEPT;
	}
	*ret = 0;
	return (fd == 1 || fd == 2) && sink_look_is_kept_unseen(fd) && thread_self();
}

static __attribute__((noinline)) bool answer_ask(int fd, uint64_t ticks, uint32_t *ret)
{
	struct question question = {fd, atomic_load(&forgotten), ticks, 0};
	struct sink_look look;
	bool is_kept;

	if ((unsigned)fd < DESCRIPTORS)
		question.seen = atomic_load(&answers[fd]);
	if (may_be_confined())
		return answer_unasked(fd, question.seen, ret);
	if (state_of(question.seen) == KEPT && is_of_epoch(question.seen) && arena() &&
		is_there_still(fd, sink_in(question.seen))) {
		*ret = sink_in(question.seen);
		answer_store(&question, KEPT, *ret);
		return true;
	}
	*ret = 0;
	if (!sink_look(&look, fd))
		return false;
	is_kept = look.is_kept;
	if (is_kept) {
		/* The child of a fork may have no records before this. */
		if (!thread_self())
			return false;
		*ret = record_of(&look);
	}
	answer_store(&question, is_kept ? KEPT : NOT_KEPT, *ret);
	return is_kept;
}

bool sink_of(int fd, uint64_t ticks, uint32_t *ret)
{
	uint64_t word;
	int saved;
	bool is_kept;

	if (likely((unsigned)fd < DESCRIPTORS)) {
		word = atomic_load_explicit(&answers[fd], memory_order_acquire);
		if (likely(is_of_epoch(word) && is_fresh(word, ticks))) {
			if (state_of(word) == NOT_KEPT)
				return false;
			if (likely(state_of(word) == KEPT && arena())) {
				*ret = sink_in(word);
				return true;
			}
		}
	}
	saved = errno;
	is_kept = answer_ask(fd, ticks, ret);
	errno = saved;
	return is_kept;
}

enum sink_known sink_known(int fd, uint32_t *ret)
{
	uint64_t word;

	if (unlikely((unsigned)fd >= DESCRIPTORS))
		return SINK_UNKNOWN;
	word = atomic_load_explicit(&answers[fd], memory_order_acquire);
	if (unlikely(!is_of_epoch(word)))
		return SINK_UNKNOWN;
	if (state_of(word) == NOT_KEPT)
		return SINK_NOT_KEPT;
	if (state_of(word) != KEPT || !arena())
		return SINK_UNKNOWN;
	*ret = sink_in(word);
	return SINK_KEPT;
}

bool sink_of_address(const struct sockaddr *address, socklen_t length, uint32_t *ret)
{
	return sink_look_is_syslog(address, length) && sink_of_syslog(ret);
}

bool sink_of_syslog(uint32_t *ret)
{
	struct sink_look look;

	sink_look_syslog(&look);
	if (!look.is_kept || !thread_self())
		return false;
	*ret = record_of(&look);
	return true;
}
