/*
 * Threads as they come and go: see thread.h.
 *
 * A thread's private part lies in a mapping of its own, together with the stack that its fatal
 * signals are handled on. When the thread ends, both its slot and its memory are used again.
 */
#include "recorder/runtime/thread.h"

#include "recorder/runtime/ancestor.h"
#include "recorder/runtime/crash_record.h"
#include "recorder/runtime/line.h"
#include "recorder/runtime/listener.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/thread_name.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread struct thread *thread_current __attribute__((tls_model("initial-exec")));

__thread struct run_nesting thread_first_nesting __attribute__((tls_model("initial-exec")));

/* There in programs with AddressSanitizer alone. */
extern void __asan_init(void) __attribute__((weak));

/* Leaks are looked for from what a thread carries, where a sanitizer looks for them. */
extern void __lsan_register_root_region(const void *, size_t) __attribute__((weak));

extern void *__libc_stack_end; /* of ld.so: where the main thread's stack began */

struct thread *(*thread_when_forked)(void);

static pthread_key_t thread_key;
static bool thread_key_made;

/* The private parts, by slot: a slot that is used again brings its memory along. */
static struct thread *_Atomic privates[ARENA_THREAD_COUNT];

/* In this process. */
static _Atomic bool main_is_known;

/* Foreign threads that have not ended. */
static _Atomic uint32_t foreign_count;

static uint32_t slot_pop(struct arena_header *header)
{
	_Atomic uint64_t *head = &header->free_threads.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_acquire);

	while ((uint32_t)seen != 0) {
		uint32_t index = (uint32_t)seen - 1;
		uint32_t after =
			__atomic_load_n(&arena_map.threads[index].next_free, __ATOMIC_RELAXED);
		uint64_t next = after | ((seen >> 32) + 1) << 32;

		if (atomic_compare_exchange_weak_explicit(
			    head, &seen, next, memory_order_acquire, memory_order_acquire))
			return index;
	}
	return arena_grow(ARENA_THREADS);
}

static void slot_push(struct arena_header *header, uint32_t index)
{
	_Atomic uint64_t *head = &header->free_threads.head;
	uint64_t seen = atomic_load_explicit(head, memory_order_relaxed), next;

	do {
		__atomic_store_n(
			&arena_map.threads[index].next_free, (uint32_t)seen, __ATOMIC_RELAXED);
		next = (index + 1) | ((seen >> 32) + 1) << 32;
	} while (!atomic_compare_exchange_weak_explicit(
		head, &seen, next, memory_order_release, memory_order_relaxed));
}

__thread char *thread_signal_stack __attribute__((tls_model("initial-exec")));

static int sigaltstack_really(const stack_t *stack, stack_t *old)
{
	return (int)syscall(SYS_sigaltstack, stack, old);
}

static bool is_signal_stack_given(const stack_t *now)
{
	return !(now->ss_flags & SS_DISABLE) && thread_signal_stack &&
	       now->ss_sp == (void *)thread_signal_stack;
}

/* It goes to the next thread of this slot. */
static void signal_stack_take(void)
{
	stack_t now, none = {.ss_flags = SS_DISABLE};

	if (sigaltstack_really(NULL, &now) == 0 && is_signal_stack_given(&now))
		sigaltstack_really(&none, NULL);
	thread_signal_stack = NULL;
}

int thread_sigaltstack(const stack_t *stack, stack_t *old)
{
	const stack_t given = {.ss_sp = thread_signal_stack, .ss_size = THREAD_SIGNAL_STACK};
	stack_t before;

	if (!thread_signal_stack)
		return sigaltstack_really(stack, old);
	if (sigaltstack_really(stack, &before) != 0)
		return -1;
	/* Without one of its own it has the given one again. */
	if (stack && (stack->ss_flags & SS_DISABLE))
		sigaltstack_really(&given, NULL);
	if (is_signal_stack_given(&before))
		before = (stack_t){.ss_flags = SS_DISABLE};
	if (old)
		*old = before;
	return 0;
}

static void ancestors_release(struct thread *thread)
{
	uint32_t of_birth = thread->slot->ancestor;

	thread->slot->ancestor = 0;
	ancestor_release(of_birth);
	ancestor_ended(thread->root_ancestor, arena_ticks());
	thread->root_ancestor = 0;
}

/* What it carried, and the hooks that it was left in, are somebody else's. */
static void carried_end(struct thread *thread)
{
	aside_drop_above(thread, -1);
	carry_replace(thread, NULL);
	listener_leave(thread);
}

/* Writes the thread's end and gives back its slot, whose state says already that it has ended. */
static void thread_over(struct thread *thread)
{
	struct event_thread_end *event;

	crash_record_release(thread->crash, thread->emit.thread);
	emit_settle(&thread->emit);
	run_drop_above(thread, 0);
	carried_end(thread);
	line_settle(&thread->emit, &thread->slot->partial);
	event = emit_begin(&thread->emit, sizeof *event);
	if (event) {
		event->ended = arena_ticks();
		emit_commit(&thread->emit, EVENT_THREAD_END, 0, sizeof *event);
	}
	emit_end(&thread->emit);
	ancestors_release(thread);
	if (thread->slot->foreign)
		atomic_fetch_sub(&foreign_count, 1);
	slot_push(arena(), (uint32_t)(thread->slot - arena_map.threads));
}

/* Called as the thread ends, after (nearly) all of its own work. */
static void thread_ended(void *argument)
{
	struct thread *thread = argument;
	uint32_t slot_state;

	/* In a forked child that has not begun anew the slot is the parent's. */
	if (!arena() || thread != thread_current)
		return;
	/* In the last round, so that what other destructors do is still the thread's. */
	if (++thread->end_rounds < PTHREAD_DESTRUCTOR_ITERATIONS &&
		pthread_setspecific(thread_key, thread) == 0)
		return;
	thread_name_look(&thread->emit, thread->slot);
	run_drop_above(thread, 0); /* left by pthread_exit or cancellation */
	if (listener_is_any())
		listener_thread_after(thread);
	carried_end(thread);
	carry_settle(thread);
	live_thread_end();
	signal_stack_take();
	thread_current = NULL;
	slot_state = ARENA_THREAD_LIVE;
	if (atomic_compare_exchange_strong(&thread->slot->state, &slot_state, ARENA_THREAD_ENDED))
		thread_over(thread);
}

/*
 * Takes back what belongs to threads that ended unheard: a destructor that ran after ours has made
 * its thread known anew, as a foreign one; or a thread is none of libc's. The kernel knows that
 * they are gone. Of a thread that ends in the ordinary way, its own destructor is first.
 */
static void foreign_reclaim(struct arena_header *header)
{
	uint64_t used, i;
	int saved = errno;

	if (atomic_load(&foreign_count) == 0)
		return;
	used = atomic_load(&header->used[ARENA_THREADS].value);
	for (i = 0; i < used && i < arena_map.count[ARENA_THREADS]; i++) {
		struct arena_thread *slot = &arena_map.threads[i];
		uint32_t live = ARENA_THREAD_LIVE, asked = ARENA_THREAD_ASKED;
		bool is_gone;

		/* The slot is held while it is asked for, or it might be another's by then. */
		if (atomic_load(&slot->state) != live ||
			!__atomic_load_n(&slot->foreign, __ATOMIC_RELAXED) ||
			!atomic_compare_exchange_strong(&slot->state, &live, asked))
			continue;
		is_gone = slot->foreign && syscall(SYS_tgkill, getpid(), slot->os_tid, 0) != 0 &&
			  errno == ESRCH;
		if (atomic_compare_exchange_strong(&slot->state, &asked,
			    is_gone ? ARENA_THREAD_ENDED : ARENA_THREAD_LIVE) &&
			is_gone)
			thread_over(atomic_load(&privates[i]));
	}
	errno = saved;
}

/* Faults of the thread are handled on a stack of their own, unless the program has one. */
static void signal_stack_give(struct thread *thread)
{
	stack_t old, mine = {.ss_sp = thread + 1, .ss_size = THREAD_SIGNAL_STACK};

	/* AddressSanitizer gives each thread its own, and unmaps at the end what it finds. */
	if (__asan_init || sigaltstack_really(NULL, &old) != 0)
		return;
	/* In the child of a fork it is the one that the parent had. */
	if ((old.ss_flags & SS_DISABLE) || is_signal_stack_given(&old)) {
		if (sigaltstack_really(&mine, NULL) == 0)
			thread_signal_stack = mine.ss_sp;
	}
}

/*
 * Not by memset, which may be a sanitizer's of the program: it would take the thread that had this
 * memory before for one that has it still.
 */
static void clear_words(void *from, void *to)
{
	uintptr_t *word;

	for (word = from; word < (uintptr_t *)to; word++)
		__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

static struct thread *thread_make(void)
{
	struct arena_header *header = arena();
	struct arena_thread *slot;
	struct thread *thread;
	uint32_t index;

	foreign_reclaim(header);
	index = slot_pop(header);

	if (index == UINT32_MAX) {
		arena_next(&header->lost); /* what this call would have been */
		return NULL;
	}
	thread = atomic_load(&privates[index]);
	if (!thread) {
		thread = mmap(NULL, sizeof *thread + THREAD_SIGNAL_STACK, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (thread == MAP_FAILED)
			return NULL;
		if (__lsan_register_root_region)
			__lsan_register_root_region(thread, sizeof *thread);
		atomic_store(&privates[index], thread);
	}
	/* But for `self`, which thread_slot_of may be reading. */
	__atomic_store_n(&thread->self, (uintptr_t)pthread_self(), __ATOMIC_RELAXED);
	clear_words(thread, &thread->self);
	clear_words(&thread->self + 1, thread + 1);
	thread->root_nesting = thread_first_nesting;
	slot = thread->slot = &arena_map.threads[index];
	atomic_store(&slot->depth, 0);
	atomic_store(&slot->partial.length, 0);
	slot->number = thread->emit.thread = (uint32_t)arena_next(&header->thread_number);
	slot->os_tid = (uint32_t)syscall(SYS_gettid);
	slot->started = arena_ticks();
	prctl(PR_GET_NAME, slot->name);
	thread_current = thread;
	if (thread_key_made)
		pthread_setspecific(thread_key, thread);
	signal_stack_give(thread);
	return thread;
}

/* Announces the thread; its slot and private part are filled from `birth`. */
static void thread_announce(struct thread *thread, const struct thread_birth *birth, bool foreign)
{
	struct arena_header *header = arena();
	struct arena_thread *slot = thread->slot;
	struct event_thread *event;

	thread->async_id = birth->async_id ? birth->async_id : arena_next(&header->async_id);
	thread->root_run_id = arena_next(&header->run_id);
	thread->entry = birth->callback;
	slot->async_id = thread->async_id;
	slot->root_run_id = thread->root_run_id;
	slot->role = birth->role;
	slot->trigger_id = birth->trigger_id;
	slot->run_id = birth->run_id;
	slot->created = birth->created;
	slot->address = birth->address;
	slot->callback = birth->callback;
	slot->stack = birth->stack;
	slot->maker = birth->maker;
	slot->type = birth->type;
	slot->api = birth->api;
	ancestor_share(birth->ancestor);
	slot->ancestor = birth->ancestor;
	__atomic_store_n(&slot->foreign, foreign, __ATOMIC_RELAXED);
	if (foreign)
		atomic_fetch_add(&foreign_count, 1);
	atomic_store(&slot->state, ARENA_THREAD_LIVE);
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_thread){
		.os_tid = slot->os_tid,
		.role = slot->role,
		.foreign = foreign,
		.async_id = slot->async_id,
		.root_run_id = slot->root_run_id,
		.started = slot->started,
		.trigger_id = birth->trigger_id,
		.run_id = birth->run_id,
		.created = birth->created,
		.address = birth->address,
		.stack = birth->stack,
		.type = birth->type,
		.api = birth->api,
		.maker = birth->maker,
		.callback = birth->callback,
	};
	memcpy(event->name, slot->name, sizeof event->name);
	emit_commit(&thread->emit, EVENT_THREAD, 0, sizeof *event);
}

struct arena_thread *thread_slot_of(uintptr_t self)
{
	uint64_t used = atomic_load(&arena()->used[ARENA_THREADS].value), i;

	for (i = 0; i < used && i < ARENA_THREAD_COUNT; i++) {
		const struct thread *thread = atomic_load(&privates[i]);

		if (thread && __atomic_load_n(&thread->self, __ATOMIC_RELAXED) == self &&
			atomic_load(&arena_map.threads[i].state) == ARENA_THREAD_LIVE)
			return &arena_map.threads[i];
	}
	return NULL;
}

static void main_stack_bounds(struct thread *thread)
{
	struct rlimit limit;
	size_t size = 8 << 20;

	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		limit.rlim_cur > size)
		size = limit.rlim_cur;
	thread->stack_high = (uintptr_t)__libc_stack_end;
	thread->stack_low = thread->stack_high - size;
}

static bool is_main_thread(void)
{
	return syscall(SYS_gettid) == getpid();
}

static struct thread *main_announce(void)
{
	struct thread_birth birth = {.type = ACAUSAL_TYPE_MAIN, .role = ACAUSAL_ROLE_MAIN};
	struct thread *thread;

	/* A destructor of it may come back after its end, as any thread's. */
	if (!atomic_exchange(&main_is_known, true))
		birth.async_id = ARENA_MAIN_ID;
	thread = thread_make();
	if (!thread)
		return NULL;
	main_stack_bounds(thread);
	thread_announce(thread, &birth, false);
	return thread;
}

void thread_prepare(void)
{
	thread_key_made = pthread_key_create(&thread_key, thread_ended) == 0;
}

void thread_start_main(void)
{
	/* Another one comes here when it was the first to call us; the main thread follows. */
	if (is_main_thread())
		main_announce();
}

/* What the thread was in the parent: see thread_start_forked. */
static void thread_forget(struct thread *thread)
{
	size_t i;

	for (i = 0; i < ARENA_THREAD_COUNT; i++)
		if (atomic_load(&privates[i]) == thread)
			atomic_store(&privates[i], NULL);
	emit_forget(&thread->emit);
	thread->depth = 0;
	thread->root_nesting = (struct run_nesting){0};
	thread->order = NULL;
	thread->spawn_order = NULL;
}

struct thread *thread_start_forked(void)
{
	const struct thread_birth birth = {
		.type = ACAUSAL_TYPE_MAIN, .role = ACAUSAL_ROLE_MAIN, .async_id = ARENA_MAIN_ID};
	struct thread *former = thread_current, *thread;
	int runs = former ? former->depth : 0;

	if (former)
		thread_forget(former);
	atomic_store(&foreign_count, 0);
	atomic_store(&main_is_known, true);
	thread_current = NULL;
	thread = thread_make();
	if (!thread)
		return NULL;
	if (former) {
		thread->stack_low = former->stack_low;
		thread->stack_high = former->stack_high;
		thread->entry = former->entry;
		/* Of the runs that the fork was called in, what was in force goes on to be. */
		thread->carried = former->carried;
		thread->carried_credit = former->carried_credit;
		former->carried = NULL;
		former->carried_credit = 0;
		aside_inherit(thread, former, runs);
		listener_inherit(thread, former);
	}
	thread->slot->started = arena()->started.ticks;
	thread_announce(thread, &birth, false);
	return thread;
}

struct thread *thread_adopt(void)
{
	const struct thread_birth birth = {.type = ACAUSAL_TYPE_PTHREAD, .role = ACAUSAL_ROLE_USER};
	int saved = errno;
	struct thread *thread;

	if (is_main_thread()) {
		thread = main_announce();
	} else {
		thread = thread_make();
		if (thread)
			thread_announce(thread, &birth, true);
	}
	errno = saved;
	return thread;
}

struct thread *thread_start(const struct thread_birth *birth, uintptr_t frame)
{
	struct thread *thread = arena() ? thread_make() : NULL;

	if (!thread)
		return NULL;
	thread->stack_high = frame;
	thread->stack_low = birth->stack_size < frame ? frame - birth->stack_size : 0;
	thread_announce(thread, birth, false);
	return thread;
}
