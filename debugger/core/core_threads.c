/* Threads of a core: see core_threads.h. Prints nothing. */
#include "debugger/core/core_threads.h"

#include "debugger/lineage/lineage.h"

#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* A stack that nothing leads back from. */
static int bare_lineage(struct lineage *ret, const struct core_stand *stand, enum lineage_end end,
	const char *why, struct error *err)
{
	struct segment *here = calloc(1, sizeof *here);

	if (!here)
		return error_set(err, "out of memory");
	*ret = (struct lineage){
		.point = {stand->crashed ? POINT_CRASH : POINT_THREAD, stand->thread_id},
		.process_id = UNKNOWN,
		.segments = here,
		.count = 1,
		.end = end,
		.thread = {.thread_id = stand->thread_id},
		.process = {.process_id = UNKNOWN}};
	if (stand->crashed)
		ret->point.id = stand->crash_id;
	snprintf(ret->ended, sizeof ret->ended, "%s", why);
	*here = (struct segment){.edge = EDGE_HERE,
		.of_run_id = UNKNOWN,
		.wait_ns = UNKNOWN,
		.ns = UNKNOWN,
		.frames = stand->frames};
	here->armed.async_id = here->armed.timeout_ms = here->armed.repeat_ms = UNKNOWN;
	here->armed.times = UNKNOWN;
	execution_forget(&here->in);
	here->in.run.thread_id = stand->thread_id;
	return 0;
}

int core_thread_lineage(struct lineage *ret, const struct core_view *view,
	const struct core_stand *stand, struct reader *recording, struct frames_cache *cache,
	bool full, struct error *err)
{
	const struct lineage_options options = {.by = EDGE_LINK, .full = full, .depth = UNKNOWN};
	struct point point = {POINT_THREAD, stand->thread_id};

	if (!recording && core_view_core(view)->has_library)
		return bare_lineage(ret, stand, LINEAGE_NOT_IN_CORE,
			"what was recorded is not in the core: 'acausal core -r RECORDING CORE' "
			"joins"
			" the two",
			err);
	if (!recording)
		return bare_lineage(
			ret, stand, LINEAGE_NOT_RECORDED, "the program was not recorded", err);
	if (stand->thread_id == UNKNOWN)
		return bare_lineage(ret, stand, LINEAGE_FOREIGN_THREAD,
			"nothing was recorded of this thread", err);
	if (stand->crashed && stand->crash_id != UNKNOWN)
		point = (struct point){POINT_CRASH, stand->crash_id};
	if (!lineage_init(ret, recording, cache, &point, &options, err))
		return 0;
	return bare_lineage(ret, stand, LINEAGE_DAMAGED, err->text, err);
}

/* X(system call, what a thread in it waits for) */
#define WAITS(X)                                                                                   \
	X(epoll_wait, "for events of its loop")                                                    \
	X(epoll_pwait, "for events of its loop")                                                   \
	X(epoll_pwait2, "for events of its loop")                                                  \
	X(futex, "for another thread")                                                             \
	X(poll, "for a descriptor")                                                                \
	X(ppoll, "for a descriptor")                                                               \
	X(select, "for a descriptor")                                                              \
	X(pselect6, "for a descriptor")                                                            \
	X(nanosleep, "for time to pass")                                                           \
	X(clock_nanosleep, "for time to pass")                                                     \
	X(pause, "for a signal")                                                                   \
	X(rt_sigsuspend, "for a signal")                                                           \
	X(rt_sigtimedwait, "for a signal")                                                         \
	X(wait4, "for a child process")                                                            \
	X(waitid, "for a child process")                                                           \
	X(accept, "for a connection")                                                              \
	X(accept4, "for a connection")                                                             \
	X(recvfrom, "for data")                                                                    \
	X(recvmsg, "for data")                                                                     \
	X(read, "for data")

/* A call of futex may as well wake others. Its second argument is in rsi. */
static bool waits_in_futex(const struct core_thread *thread)
{
	switch (thread->registers[CORE_SECOND_ARGUMENT] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return true;
	default:
		return false;
	}
}

const char *core_thread_waits(const struct core_stand *stand)
{
	static const struct {
		int64_t number;
		const char *words;
	} waits[] = {
#define X(name, text) {SYS_##name, text},
		WAITS(X)
#undef X
	};

	for (size_t i = 0;
		!stand->crashed && !stand->is_in_callback && i < sizeof waits / sizeof *waits; i++)
		if (waits[i].number == stand->thread->syscall)
			return waits[i].number == SYS_futex && !waits_in_futex(stand->thread)
				       ? NULL
				       : waits[i].words;
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The frames outside of libc's, and how many; of a thread that has no others, all. */
static const struct frame *own_frames(const struct frames *frames, size_t *ret_count)
{
	size_t first = 0;

	while (first < frames->count && frames_is_libc(&frames->rows[first]))
		first++;
	if (first == frames->count)
		first = 0;
	*ret_count = frames->count - first;
	return &frames->rows[first];
}

struct frames *core_thread_waits_in(const struct core_stand *stand)
{
	size_t count;
	const struct frame *rows = own_frames(stand->frames, &count);
	struct frames *ret = malloc(sizeof *ret + (count + 1) * sizeof *rows);

	if (!ret)
		return NULL;
	ret->stack_id = UNKNOWN;
	ret->count = count;
	memcpy(ret->rows, rows, count * sizeof *rows);
	return ret;
}

bool core_threads_alike(const struct core_stand *a, const struct core_stand *b)
{
	size_t count, other;
	const struct frame *x = own_frames(a->frames, &count);
	const struct frame *y = own_frames(b->frames, &other);

	if (count != other || !same_text(core_thread_waits(a), core_thread_waits(b)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same_text(x[i].module, y[i].module) ||
			!same_text(x[i].function, y[i].function) || x[i].line != y[i].line ||
			(!x[i].function && x[i].address != y[i].address))
			return false;
	return true;
}
