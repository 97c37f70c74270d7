/*
 * Beginning anew in the child of a fork: see forked.h.
 *
 * The child is alone in its memory when it begins, and signals wait until it has. It may be the
 * child of a process with many threads that were forked in the middle of anything, so nothing here
 * allocates, takes a lock or calls into the loader.
 *
 * The parent's arena is still mapped, but the parent goes on in it. Of a resource only what the
 * private half knows is certain to be as it was at the fork; what the shared half says is taken
 * over where it is still about the same resource and the same arming, and is unknown otherwise.
 */
#include "recorder/runtime/forked.h"

#include "recorder/runtime/ancestor_fold.h"
#include "recorder/runtime/carry.h"
#include "recorder/runtime/confined.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/settings.h"
#include "recorder/runtime/thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The recorded process that began in this memory last. */
static struct {
	struct arena_header *header;
	size_t size;
	struct arena_origin origin;
} self;

/* Of a request that is gone, unless its callback comes after all. */
#define ID_GONE UINT64_MAX

/* A resource that came along. */
struct heir {
	uint64_t former_id, id; /* in the parent; here, ID_GONE when it is not shown */
	uintptr_t address;
	uint32_t index, unused;
};

struct heritage {
	struct thread *thread;
	struct thread_fork fork;
	const struct arena_live *lives; /* the parent's */
	struct heir *heirs;		/* by former_id */
	size_t count, room;
};

/* --- which ones ------------------------------------------------------------------------------ */

static bool is_request(enum acausal_type type)
{
	return type >= ACAUSAL_TYPE_WRITE && type <= ACAUSAL_TYPE_WORK;
}

/* What only a thread of the pool, which did not come along, could have done. */
static bool is_of_pool(enum acausal_type type)
{
	return type == ACAUSAL_TYPE_FS || type == ACAUSAL_TYPE_FS_DIR ||
	       type == ACAUSAL_TYPE_GETADDRINFO || type == ACAUSAL_TYPE_GETNAMEINFO ||
	       type == ACAUSAL_TYPE_RANDOM || type == ACAUSAL_TYPE_WORK;
}

static bool count_one(void *user, uintptr_t address, uint32_t index)
{
	(void)address;
	(void)index;
	((struct heritage *)user)->room++;
	return true;
}

static bool list_one(void *user, uintptr_t address, uint32_t index)
{
	struct heritage *heritage = user;
	uint64_t id = live_callbacks(index)->async_id;

	if (heritage->count == heritage->room)
		return true;
	/* What was gone in the parent too had no ID there. */
	if (id == ID_GONE)
		id = 0;
	heritage->heirs[heritage->count++] =
		(struct heir){.former_id = id, .address = address, .index = index};
	return true;
}

/* By the order in which they were made, which is that of their new IDs too. */
static void heirs_sort(struct heir *heirs, size_t count)
{
	size_t gap, i, j;

	for (gap = 1; gap < count / 3; gap = 3 * gap + 1)
		;
	for (; gap > 0; gap /= 3)
		for (i = gap; i < count; i++) {
			struct heir heir = heirs[i];

			for (j = i; j >= gap && heirs[j - gap].former_id > heir.former_id; j -= gap)
				heirs[j] = heirs[j - gap];
			heirs[j] = heir;
		}
}

/* The ID here of what had that one in the parent; 0 when it did not come along. */
static uint64_t heir_id(const struct heritage *heritage, uint64_t former_id)
{
	size_t low = 0, high = heritage->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (heritage->heirs[middle].former_id < former_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (!former_id || low == heritage->count || heritage->heirs[low].former_id != former_id ||
		heritage->heirs[low].id == ID_GONE)
		return 0;
	return heritage->heirs[low].id;
}

/* --- what they were -------------------------------------------------------------------------- */

/* Copies the parent's record, if it is that resource's all the while. */
static bool record_read(const struct arena_live *record, uint64_t id, struct arena_live *ret)
{
	/* 0 is also that of a record that the parent is filling anew. */
	if (!id || atomic_load_explicit(&record->async_id, memory_order_acquire) != id)
		return false;
	memcpy((void *)ret, (const void *)record, sizeof *ret);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&record->async_id, memory_order_relaxed) == id;
}

/* The same for the arming in it; a new one may be written over it at any time. */
static bool arming_read(const struct arena_live *record, uint64_t id, struct arena_live *ret)
{
	if (!id || __atomic_load_n(&record->arming_id, __ATOMIC_ACQUIRE) != id)
		return false;
	ret->arming_run_id = record->arming_run_id;
	ret->armed = record->armed;
	ret->timeout_ms = record->timeout_ms;
	ret->repeat_ms = record->repeat_ms;
	ret->arming_stack = record->arming_stack;
	ret->arming_api = record->arming_api;
	ret->armings = record->armings;
	atomic_thread_fence(memory_order_acquire);
	return __atomic_load_n(&record->arming_id, __ATOMIC_RELAXED) == id;
}

/* A request keeps its own birth, in the parent; anything else is born of the fork. */
static void birth_fill(const struct heritage *heritage, struct arena_live *live,
	const struct arena_live *was, uint64_t former_id)
{
	live->trigger_id = former_id;
	live->loop_id = heir_id(heritage, was->loop_id);
	live->handle_id = heir_id(heritage, was->handle_id);
	live->bytes = was->bytes;
	if (is_request(live->type)) {
		/* One that had come along to the parent counts in a process before that. */
		live->run_id = was->flags & ARENA_LIVE_INHERITED ? 0 : was->run_id;
		live->stack = was->stack;
		live->api = was->api;
		live->created = was->created;
		return;
	}
	live->run_id = heritage->fork.run_id;
	live->stack = heritage->fork.stack;
	live->api = heritage->fork.api;
	live->created = arena()->started.ticks;
	live->thread = heritage->thread->emit.thread;
}

static void record_fill(const struct heritage *heritage, const struct heir *heir)
{
	const struct arena_live *record = &heritage->lives[heir->index];
	struct live_callbacks *callbacks = live_callbacks(heir->index);
	struct arena_live *live = live_at(heir->index), was;
	bool is_known = record_read(record, heir->former_id, &was);

	if (!is_known)
		was = (struct arena_live){
			.created = arena()->started.ticks, .bytes = (uint64_t)EVENT_NO_STATUS};
	live->address = live_is_own(heir->address) ? 0 : heir->address;
	live->type = is_known ? was.type : callbacks->type;
	live->flags = ARENA_LIVE_INHERITED | (callbacks->is_unref ? ARENA_LIVE_UNREF : 0);
	if (!is_request(live->type))
		live->flags |= ARENA_LIVE_HANDLE;
	if (callbacks->is_closing)
		live->flags |= ARENA_LIVE_CLOSING;
	birth_fill(heritage, live, &was, heir->former_id);
	live->callback = (uintptr_t)callbacks->callback;
	live->second_callback = (uintptr_t)callbacks->second;
	if (is_known && arming_read(record, callbacks->arming_id, live)) {
		/* The same for an arming. */
		if (was.flags & ARENA_LIVE_ARMED_BEFORE)
			live->arming_run_id = 0;
		live->flags |= ARENA_LIVE_ARMED | ARENA_LIVE_ARMED_BEFORE |
			       (was.flags & ARENA_LIVE_ONE_SHOT);
		live_arming_end(heir->index, arena_next(&arena()->arming_id));
	} else {
		live->arming_run_id = live->armed = 0;
		live_disarmed(heir->index);
	}
	if (live->flags & ARENA_LIVE_HANDLE)
		live->arming_context_id = carry_context_here(heritage->thread, heir->index);
	else
		live->context_id = carry_context_here(heritage->thread, heir->index);
	callbacks->former = 0;
	callbacks->is_untold = false;
	callbacks->last_arming_id = 0;
	if (callbacks->is_closing)
		callbacks->close_cause_id = 0;
}

static void resource_write(struct thread *thread, uint32_t index)
{
	struct event_resource *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	event->thread = live_at(index)->thread;
	event->birth = live_birth(index);
	emit_commit(&thread->emit, EVENT_RESOURCE,
		EVENT_INHERITED | (live_at(index)->flags & ARENA_LIVE_UNREF ? EVENT_UNREF : 0),
		sizeof *event);
}

/* --- one after the other --------------------------------------------------------------------- */

static void private_halves_reset(const struct heritage *heritage, uint32_t last)
{
	size_t i;

	for (i = 1; i <= last; i++)
		if (live_callbacks((uint32_t)i)->async_id)
			live_callbacks((uint32_t)i)->async_id = 0;
	for (i = 0; i < heritage->count; i++)
		live_callbacks(heritage->heirs[i].index)->async_id = ID_GONE;
	/* Whatever makes use of those records next carries nothing of theirs. */
	for (i = 1; i <= last; i++)
		if (!live_callbacks((uint32_t)i)->async_id)
			carry_over((uint32_t)i);
}

static void heirs_settle(struct heritage *heritage)
{
	size_t i;

	for (i = 0; i < heritage->count; i++) {
		struct heir *heir = &heritage->heirs[i];

		heir->id = is_of_pool(live_callbacks(heir->index)->type)
				   ? ID_GONE
				   : arena_next(&arena()->async_id);
	}
	for (i = 0; i < heritage->count; i++)
		record_fill(heritage, &heritage->heirs[i]);
	for (i = 0; i < heritage->count; i++) {
		const struct heir *heir = &heritage->heirs[i];

		if (heir->id == ID_GONE)
			continue;
		live_publish(heir->index, heir->id);
		if (live_at(heir->index)->flags & ARENA_LIVE_HANDLE)
			resource_write(heritage->thread, heir->index);
	}
}

/* False: there is no memory for the list. Then nothing can be known of what came along. */
static bool inherit(struct heritage *heritage, uint64_t used)
{
	uint32_t last = 0;
	size_t i, size;

	if (used > arena_map.count[ARENA_LIVES])
		used = arena_map.count[ARENA_LIVES];
	live_each(count_one, heritage);
	size = (heritage->room + 1) * sizeof *heritage->heirs;
	heritage->heirs =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heritage->heirs == MAP_FAILED)
		return false;
	live_each(list_one, heritage);
	heirs_sort(heritage->heirs, heritage->count);
	private_halves_reset(heritage, used ? (uint32_t)used - 1 : 0);
	for (i = 0; i < heritage->count; i++)
		if (heritage->heirs[i].index > last)
			last = heritage->heirs[i].index;
	atomic_store(&arena()->used[ARENA_LIVES].value, last + 1);
	heirs_settle(heritage);
	live_free_rest(last);
	munmap(heritage->heirs, size);
	return true;
}

/*
 * Puts empty memory in the place of the parent's arena: what a signal handler that forked has
 * interrupted may still write there. That of the fork before this one is given back.
 */
static bool retire(struct arena_header *header, size_t size)
{
	static void *retired;
	static size_t retired_size;

	if (retired)
		munmap(retired, retired_size);
	retired = mmap(header, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (retired == MAP_FAILED) {
		retired = NULL;
		return false;
	}
	retired_size = size;
	madvise(retired, size, MADV_DONTDUMP);
	return true;
}

static void copy_shared(struct arena_header *header, const struct arena_map *former)
{
	const struct arena_header *from = self.header;
	uint64_t nodes = atomic_load(&from->used[ARENA_NODES].value);
	uint64_t modules = atomic_load(&from->used[ARENA_MODULES].value);
	uint64_t types = atomic_load(&from->used[ARENA_TYPES].value);

	arena_copy(header, ARENA_TYPES, former->types, types);
	if (modules > arena_modules_taken())
		modules = arena_modules_taken();
	arena_copy(header, ARENA_NODES, former->nodes, nodes);
	arena_copy(header, ARENA_MODULES, former->modules, modules);
	/* One more: what was unloaded while there was no arena has not been counted. */
	atomic_store(&header->generation.value, atomic_load(&from->generation.value) + 1);
	/* Whoever called libuv will not be met for the first time again. */
	atomic_store(
		&header->libuv, atomic_load(&from->libuv) &
					(ARENA_LIBUV_CALLED | ARENA_LIBUV_RAN | ARENA_LIBUV_USED));
}

static struct thread *begin_anew(void)
{
	const struct arena_map former = arena_map;
	struct heritage heritage = {.lives = former.lives};
	struct arena_request request = {.socket = settings.socket,
		.on_full = settings.is_alone ? ARENA_DROPS : settings.on_full,
		.is_alone = settings.is_alone,
		.flight_size = settings.flight_size,
		.is_fork = true,
		.from = self.origin};
	struct arena_header *header;

	if (thread_current)
		heritage.fork = thread_current->fork;
	request.from.spawn_id = heritage.fork.spawn_id;
	request.started = heritage.fork.started;
	header = arena_make(&request);
	if (!header)
		return NULL;
	copy_shared(header, &former);
	if (settings.is_alone) {
		header->paused_at = header->started.ticks;
		atomic_store(&header->is_paused, ARENA_PAUSED);
	}
	arena_start(header);
	live_restart();
	ancestor_fold_restart();
	heritage.thread = thread_start_forked();
	if (!heritage.thread ||
		!inherit(&heritage, atomic_load(&self.header->used[ARENA_LIVES].value))) {
		arena_start(NULL);
		munmap(header, header->size);
		return NULL;
	}
	(void)retire(self.header, self.size);
	forked_start(header);
	return heritage.thread;
}

/* What thread_self does without an arena. */
static struct thread *begin(void)
{
	static atomic_flag busy = ATOMIC_FLAG_INIT;
	sigset_t all, before;
	struct thread *thread;
	int saved = errno;

	if (atomic_flag_test_and_set(&busy))
		return NULL;
	/* Who has shut himself in may be killed for what we would call, be it to block signals. */
	if (is_confined()) {
		thread_when_forked = NULL;
		atomic_flag_clear(&busy);
		return NULL;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	thread = begin_anew();
	if (!thread)
		thread_when_forked = NULL;
	sigprocmask(SIG_SETMASK, &before, NULL);
	atomic_flag_clear(&busy);
	errno = saved;
	return thread;
}

void forked_idle(void)
{
	static struct arena_header copy;
	sigset_t all, before;
	int saved = errno;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	memcpy((void *)&copy, (const void *)self.header, sizeof copy);
	/* Nobody makes room. */
	copy.on_full = ARENA_DROPS;
	if (retire(self.header, self.size)) {
		memcpy((void *)self.header, (const void *)&copy, sizeof copy);
		settings.follows = false;
		arena_start(self.header);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
}

void forked_start(struct arena_header *header)
{
	self.header = header;
	self.size = header->size;
	self.origin.os_pid = header->os_pid;
	self.origin.started = header->started.ticks;
	confined_start();
	thread_when_forked = settings.follows || settings.is_alone ? begin : NULL;
}

bool forked_self(struct arena_origin *ret)
{
	*ret = self.origin;
	return self.header != NULL;
}

bool forked_shares_memory(void)
{
	return arena() && (uint32_t)getpid() != self.origin.os_pid;
}
