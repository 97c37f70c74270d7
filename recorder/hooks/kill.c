/*
 * Signals that the process sends to itself and to its children: see kill.h.
 *
 * Which send a run of a uv_signal_t answers. Every delivery of a signal makes one run of each
 * handle that waits for it, on whatever loop; handles come and go, and a sender must not touch
 * them, so sends stand in a ring of the last SENDS per signal, and each handle keeps the number of
 * the last one that it has answered. A run answers the first send since:
 *
 *   - A send that finds one before it pending is merged with that by the kernel (but for real-time
 *     signals, which queue). It is in no ring, and its event names the other.
 *   - While libuv has caught as many deliveries for the handle as there are sends unanswered, each
 *     is answered by a run of its own. So too while those that are missing are still under way: not
 *     made yet, or pending. Otherwise some were merged unseen, and nothing tells which: the first
 *     is named, the others are not named by any run.
 *   - A send is noted before it is made. One that is noted and not yet made can be named too early,
 *     by the run of a delivery that came from outside at that moment: its sender had begun to
 *     send then. Entries that are not whole yet are passed over.
 *   - When more than SENDS came since, none is named.
 *
 * A child that ended by a signal ended by the first send of just this one; a send that failed is
 * taken back. What a fork leaves in here is told by the process ID that is part of each entry.
 */
#include "recorder/hooks/kill.h"

#include "recorder/hooks/arming.h"
#include "recorder/hooks/libc.h"

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

enum { SENDS = 256, CHILDREN = 1024, PROBES = 16, CHILD_SIGNALS = 4, CAUSE_BITS = 40 };

#define CAUSE_MASK ((1ull << CAUSE_BITS) - 1)

struct send {
	_Atomic uint64_t number; /* 0: not whole */
	_Atomic uint64_t cause;	 /* ID, and the process above it */
	_Atomic uint64_t made;	 /* its number once the real call has returned */
};

static struct sends {
	_Atomic uint64_t count;
	_Atomic uint64_t answered; /* number of the last one that any handle has answered */
	_Atomic uint32_t sole;	   /* record of the only handle that ever waited for it */
	_Atomic bool is_watched, is_shared;
	struct send ring[SENDS];
} sends[KILL_SIGNALS];

struct child {
	_Atomic int32_t pid; /* 0: free, -1: being filled */
	_Atomic uint32_t index;
	_Atomic uint32_t parent; /* this process, and not one that was forked from it */
	_Atomic uint64_t async_id;
	_Atomic uint64_t sent[CHILD_SIGNALS]; /* cause, and the signal above it */
};

static struct child children[CHILDREN];
static _Atomic bool has_children;

/* A process ID has 22 bits at most. */
static uint64_t cause_pack(uint64_t id)
{
	return id | (uint64_t)arena()->os_pid << CAUSE_BITS;
}

/* The ID, if it was given in this process and not in one that it was forked from. */
static uint64_t cause_unpack(uint64_t cause)
{
	return cause >> CAUSE_BITS == arena()->os_pid ? cause & CAUSE_MASK : 0;
}

/* --- to the process itself ---------------------------------------------------------------- */

static bool is_number(int signum)
{
	return signum > 0 && signum < KILL_SIGNALS;
}

uint64_t kill_watch(int signum, uint32_t index)
{
	struct sends *all;
	uint32_t none = 0;

	if (!is_number(signum))
		return 0;
	all = &sends[signum];
	if (!atomic_compare_exchange_strong(&all->sole, &none, index) && none != index)
		atomic_store(&all->is_shared, true);
	atomic_store(&all->is_watched, true);
	return atomic_load(&all->count);
}

/* The resource that a send is to, if it can be only one. */
static uint64_t sole_of(struct sends *all)
{
	const struct arena_live *live = live_at(atomic_load(&all->sole));

	if (atomic_load(&all->is_shared) || live->type != ACAUSAL_TYPE_SIGNAL)
		return 0;
	return atomic_load(&live->async_id);
}

static uint64_t ring_put(struct sends *all, uint64_t cause)
{
	uint64_t number = atomic_fetch_add(&all->count, 1) + 1;
	struct send *send = &all->ring[number % SENDS];

	atomic_store_explicit(&send->number, 0, memory_order_relaxed);
	atomic_store_explicit(&send->cause, cause, memory_order_release);
	atomic_store_explicit(&send->number, number, memory_order_release);
	return number;
}

static uint64_t ring_get(struct sends *all, uint64_t number)
{
	struct send *send = &all->ring[number % SENDS];
	uint64_t cause;

	if (atomic_load_explicit(&send->number, memory_order_acquire) != number)
		return 0;
	cause = atomic_load_explicit(&send->cause, memory_order_acquire);
	if (atomic_load_explicit(&send->number, memory_order_relaxed) != number)
		return 0;
	return cause_unpack(cause);
}

static bool is_pending(int signum)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, signum) == 1;
}

/*
 * Whether each of the sends after `last` has its own delivery, caught or under way. What was made
 * has been caught by then, so that is asked first.
 */
static bool have_deliveries(
	struct sends *all, int signum, uint64_t last, uint64_t count, const uv_signal_t *handle)
{
	uint64_t at, coming = 0;

	for (at = last + 1; at <= count; at++)
		coming += atomic_load(&all->ring[at % SENDS].made) != at;
	/* The signal handler, on whatever thread, advances the one; only we see the other. */
	coming += __atomic_load_n(&handle->caught_signals, __ATOMIC_ACQUIRE) -
		  handle->dispatched_signals;
	return count - last <= coming || count - last <= coming + is_pending(signum);
}

uint64_t kill_take(int signum, uint64_t *last, const uv_signal_t *handle)
{
	struct sends *all;
	uint64_t count, at, cause = 0;

	if (!arena() || !is_number(signum))
		return 0;
	all = &sends[signum];
	count = atomic_load(&all->count);
	if (count - *last > SENDS) {
		*last = count;
		return 0;
	}
	for (at = *last + 1; at <= count && !cause; at++)
		cause = ring_get(all, at);
	if (!cause)
		return 0;
	*last = have_deliveries(all, signum, *last, count, handle) ? at - 1 : count;
	if (atomic_load(&all->answered) < *last)
		atomic_store(&all->answered, *last);
	return cause;
}

/*
 * Before the signal is sent: it may end the process, or leave by longjmp. Returns its number in the
 * ring, 0 when it is in none.
 */
static uint64_t self_signalled(struct call *call, int signum)
{
	struct sends *all = &sends[signum];
	uint64_t id, count, first = 0, number = 0;

	if (!atomic_load(&all->is_watched))
		return 0;
	id = arena_next(&arena()->cause_id);
	count = atomic_load(&all->count);
	if (signum < SIGRTMIN && count > atomic_load(&all->answered) && is_pending(signum))
		first = ring_get(all, count);
	if (!first)
		number = ring_put(all, cause_pack(id));
	cause_write(call, id, ACAUSAL_CAUSE_KILL, first, sole_of(all));
	return number;
}

/* --- to children -------------------------------------------------------------------------- */

static struct child *child_at(int32_t pid, int probe)
{
	return &children[((uint32_t)pid + (uint32_t)probe) % CHILDREN];
}

static struct child *child_find(int32_t pid)
{
	int i;

	if (pid <= 0 || !atomic_load_explicit(&has_children, memory_order_relaxed))
		return NULL;
	for (i = 0; i < PROBES; i++)
		if (atomic_load(&child_at(pid, i)->pid) == pid &&
			atomic_load(&child_at(pid, i)->parent) == arena()->os_pid)
			return child_at(pid, i);
	return NULL;
}

static bool is_gone(const struct child *child)
{
	return atomic_load(&child->parent) != arena()->os_pid ||
	       atomic_load(&live_at(atomic_load(&child->index))->async_id) !=
		       atomic_load(&child->async_id);
}

void kill_child_made(uint32_t index, int pid)
{
	struct child *child = child_find(pid);
	int i, k;

	if (!index || pid <= 0)
		return;
	if (child)
		atomic_store(&child->pid, 0);
	for (i = 0; i < PROBES; i++) {
		int32_t seen;

		child = child_at(pid, i);
		seen = atomic_load(&child->pid);
		if (seen == -1 || (seen != 0 && !is_gone(child)) ||
			!atomic_compare_exchange_strong(&child->pid, &seen, -1))
			continue;
		atomic_store(&child->index, index);
		atomic_store(&child->parent, arena()->os_pid);
		atomic_store(&child->async_id, live_at(index)->async_id);
		for (k = 0; k < CHILD_SIGNALS; k++)
			atomic_store(&child->sent[k], 0);
		atomic_store(&child->pid, pid);
		atomic_store(&has_children, true);
		return;
	}
}

static uint64_t sent_pack(uint64_t id, int signum)
{
	return id | (uint64_t)signum << CAUSE_BITS;
}

/* Notes a send. Returns the one of the same signal before it, 0: it is the first. */
static uint64_t child_signalled(struct child *child, uint64_t id, int signum)
{
	int k;

	for (k = 0; k < CHILD_SIGNALS; k++) {
		uint64_t seen = 0;

		if (atomic_compare_exchange_strong(&child->sent[k], &seen, sent_pack(id, signum)))
			return 0;
		if (seen >> CAUSE_BITS == (uint64_t)signum)
			return seen & CAUSE_MASK;
	}
	return 0;
}

static void child_spared(struct child *child, uint64_t id, int signum)
{
	int k;

	for (k = 0; k < CHILD_SIGNALS; k++) {
		uint64_t mine = sent_pack(id, signum);

		atomic_compare_exchange_strong(&child->sent[k], &mine, 0);
	}
}

void kill_child_ended(const uv_process_t *process, int signum)
{
	struct child *child = arena() ? child_find(process->pid) : NULL;
	uint32_t index = live_find(process);
	uint64_t seen;
	int k;

	if (!child)
		return;
	if (atomic_load(&child->index) == index && !is_gone(child))
		for (k = 0; k < CHILD_SIGNALS; k++) {
			seen = atomic_load(&child->sent[k]);
			if (seen && seen >> CAUSE_BITS == (uint64_t)signum) {
				atomic_store(&live_at(index)->first_cause, seen & CAUSE_MASK);
				break;
			}
		}
	atomic_store(&child->pid, 0);
}

/* --- sending ------------------------------------------------------------------------------ */

/* A signal that is being sent. */
struct sending {
	struct child *child; /* NULL: to none */
	uint64_t id, first;
	uint64_t number; /* in the ring of those to the process itself, or 0 */
	int signum;
};

static bool is_own_group(pid_t group)
{
	return group == 0 || group == getpgrp();
}

/* Before the real call. `pid` as kill takes it; -1 means everybody but the caller. */
static void send_begin(struct sending *sending, struct call *call, pid_t pid, int signum)
{
	bool to_self = pid > 0 ? (uint32_t)pid == arena()->os_pid : pid != -1 && is_own_group(-pid);

	sending->child = NULL;
	sending->signum = signum;
	if (!is_number(signum))
		return;
	if (to_self)
		sending->number = self_signalled(call, signum);
	else if (pid != -1)
		sending->child = child_find(pid > 0 ? pid : -pid);
	if (!sending->child)
		return;
	call_ticks(call);
	sending->id = arena_next(&arena()->cause_id);
	sending->first = child_signalled(sending->child, sending->id, signum);
}

static void send_end(struct sending *sending, struct call *call, bool is_sent)
{
	if (sending->number)
		atomic_store(&sends[sending->signum].ring[sending->number % SENDS].made,
			sending->number);
	if (!sending->child || !arena())
		return;
	if (is_sent)
		cause_write(call, sending->id, ACAUSAL_CAUSE_KILL, sending->first,
			atomic_load(&sending->child->async_id));
	else
		child_spared(sending->child, sending->id, sending->signum);
}

/* What a wrapper does: `to` is whom the signal is for, as kill takes it. */
#define SEND(to, signum, real)                                                                     \
	({                                                                                         \
		struct sending sending = {0};                                                      \
		int result;                                                                        \
                                                                                                   \
		if (call.thread)                                                                   \
			send_begin(&sending, &call, (to), (signum));                               \
		result = (real);                                                                   \
		if (call.thread)                                                                   \
			send_end(&sending, &call, result == 0);                                    \
		result;                                                                            \
	})

WRAPPER int uv_kill(int pid, int signum)
{
	CALL(kill);

	return SEND(pid, signum, call.uv->kill(pid, signum));
}

WRAPPER int uv_process_kill(uv_process_t *process, int signum)
{
	CALL_ON(process_kill, process);

	return SEND(process->pid, signum, call.uv->process_kill(process, signum));
}

WRAPPER int kill(pid_t pid, int signum)
{
	CALL_LIBC(kill);

	libc_resolve();
	return SEND(pid, signum, libc_real.kill(pid, signum));
}

WRAPPER int killpg(pid_t group, int signum)
{
	CALL_LIBC(killpg);

	libc_resolve();
	/* A group of 1 is nobody's; as a number for kill it would mean everybody. */
	return SEND(group == 1 ? -1 : -group, signum, libc_real.killpg(group, signum));
}

WRAPPER int raise(int signum)
{
	CALL_LIBC(raise);

	libc_resolve();
	return SEND((pid_t)arena()->os_pid, signum, libc_real.raise(signum));
}

WRAPPER int pthread_kill(pthread_t thread, int signum)
{
	CALL_LIBC(pthread_kill);

	libc_resolve();
	return SEND((pid_t)arena()->os_pid, signum, libc_real.pthread_kill(thread, signum));
}

WRAPPER int sigqueue(pid_t pid, int signum, const union sigval value)
{
	CALL_LIBC(sigqueue);

	libc_resolve();
	return SEND(pid, signum, libc_real.sigqueue(pid, signum, value));
}
