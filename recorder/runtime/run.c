/*
 * Runs as they begin, end, and are left: see run.h.
 *
 * Whoever leaves a callback by longjmp or an exception tells nobody. That a run was left is noticed
 * from where the thread is next seen: by its stack pointer, or by the frames on its stack.
 */
#include "recorder/runtime/run.h"

#include "recorder/runtime/ancestor.h"
#include "recorder/runtime/context.h"
#include "recorder/runtime/live.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static void execution_fill(
	struct event_execution *execution, struct thread *thread, int depth, uint64_t ended)
{
	const struct arena_run *shared = thread->runs[depth].shared;

	execution->run_id = shared->run_id;
	execution->cause_id = shared->cause_id;
	execution->outer_run_id = depth ? thread->runs[depth - 1].shared->run_id : 0;
	execution->began = shared->began;
	execution->ended = ended;
	execution->callback = stack_entry((uintptr_t)shared->callback);
	execution->outer_stack = shared->outer_stack;
	execution->part = shared->part;
}

static void request_write(struct thread *thread, int depth, uint8_t flags, uint64_t ended,
	const struct run_result *result)
{
	uint32_t index = thread->runs[depth].shared->live;
	const struct arena_live *live = live_at(index);
	struct event_request *event = emit_begin(&thread->emit, sizeof *event);

	if (live->flags & ARENA_LIVE_INHERITED)
		flags |= EVENT_INHERITED;
	if (event) {
		event->thread = live->thread;
		event->birth = live_birth(index);
		execution_fill(&event->execution, thread, depth, ended);
		event->execution.status = result->status;
		event->execution.bytes = result->bytes;
		emit_commit(&thread->emit, EVENT_REQUEST, flags, sizeof *event);
		if (unlikely(live->context_id))
			carried_write(thread, false, live->async_id, live->context_id);
	}
	live_release(index);
}

static void run_write(struct thread *thread, int depth, uint8_t flags, uint64_t ended,
	const struct run_result *result)
{
	const struct arena_run *shared = thread->runs[depth].shared;
	struct event_run *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	event->async_id = shared->async_id;
	event->arming_id = shared->arming_id;
	execution_fill(&event->execution, thread, depth, ended);
	event->execution.status = result->status;
	event->execution.bytes = result->bytes;
	emit_commit(&thread->emit, EVENT_RUN, flags, sizeof *event);
}

/* Takes the topmost run off and writes it down. */
static void run_close(struct thread *thread, uint8_t flags, const struct run_result *result)
{
	int depth = thread->depth - 1;
	struct thread_run *run;
	uint64_t ended;

	/* None: a signal handler has forked meanwhile, and in the child the thread is another. */
	if (unlikely(depth < 0))
		return;
	if (unlikely(thread->aside_count))
		aside_drop_above(thread, depth);
	thread->depth = depth;
	if (unlikely(depth >= THREAD_RUNS))
		return;
	run = &thread->runs[depth];
	if (unlikely(thread->carried || run->outside))
		carry_replace(thread, run->outside);
	if (run->is_open) {
		ended = arena_ticks();
		if (run->is_request)
			request_write(thread, depth, flags, ended, result);
		else
			run_write(thread, depth, flags, ended, result);
		if (unlikely(run->ancestor)) {
			ancestor_ended(run->ancestor, ended);
			run->ancestor = 0;
		}
	}
	/* After its event: of a process that is killed before, it is found in the slot. */
	atomic_store_explicit(&thread->slot->depth, (uint32_t)depth, memory_order_release);
	run->shared->run_id = 0;
}

static void run_abandon(struct thread *thread)
{
	static const struct run_result unknown = {EVENT_NO_STATUS, EVENT_NO_STATUS};

	run_close(thread, EVENT_RUN_UNENDED, &unknown);
}

void run_drop_above(struct thread *thread, int depth)
{
	while (unlikely(thread->depth > depth))
		run_abandon(thread);
}

/* Whether an address is on the stack that the thread's signal handlers run on. */
static bool is_signal_stack(uintptr_t sp)
{
	stack_t now;

	return syscall(SYS_sigaltstack, NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE) &&
	       sp - (uintptr_t)now.ss_sp < now.ss_size;
}

/*
 * Whether the caller stands on a stack that does not lead to the bottom of the thread's own, though
 * it lies within it: a coroutine's, in the frame of some function.
 */
static __attribute__((noinline)) bool is_in_coroutine(const struct thread *thread)
{
	enum { BOTTOM = 128 }; /* bytes, at most, of the first frame of a thread */
	struct unwind_start start;
	struct unwind_end at;
	enum node_end end;
	uint64_t unkept;

	UNWIND_FROM_CALLER(&start);
	unwind_far(&start, thread->stack_high, false, &unkept, 1, &end, &at);
	/* At a trampoline, which has just been called by libuv, nobody has switched. */
	return at.is_end && !at.stopped && !at.beyond && thread->stack_high - at.sp > BOTTOM;
}

/* What was in force before the innermost function that was called with other values is again. */
static void drop_aside(struct thread *thread)
{
	struct carried *left = carry_put(thread, aside_take(thread, thread->aside_count - 1));
	struct carry_context *context = thread->carried ? thread->carried->context : NULL;

	if (context != (left ? left->context : NULL))
		context_mark(thread, context, run_context_resource(thread), run_current(thread));
	carry_release(left);
}

/* Closes the runs whose entry is below `sp`; returns whether something changed. */
static bool drop_below(struct thread *thread, uintptr_t sp)
{
	const int before = thread->depth;
	struct run_nesting *nesting;
	bool was_nesting;

	while (thread->depth > 0 && thread->depth <= THREAD_RUNS) {
		uintptr_t entry = thread->runs[thread->depth - 1].entry;

		if (sp <= entry || !thread_owns(thread, entry))
			break;
		run_abandon(thread);
	}
	nesting = run_nesting(thread);
	was_nesting = nesting && nesting->frame && sp > nesting->frame;
	if (was_nesting)
		*nesting = (struct run_nesting){0};
	while (unlikely(aside_is_left(thread, sp)))
		drop_aside(thread);
	return was_nesting || thread->depth != before;
}

void run_drop_left(struct thread *thread, uintptr_t sp)
{
	/* A program may have put that one on the thread's own, outside of runs that are open. */
	if (!is_signal_stack(sp) && !is_in_coroutine(thread))
		drop_below(thread, sp);
}

void run_open(struct thread_run *run)
{
	run->is_open = true;
	/* The ID before the time: the order of IDs is that of the times, but for a preemption. */
	__atomic_store_n(&run->shared->run_id, arena_next(&arena()->run_id), __ATOMIC_RELEASE);
	run->shared->began = arena_ticks();
}

/* Puts in force what is handed on to the run: of a request, which has no other one, it is all. */
static void carry_begin(
	struct thread *thread, struct thread_run *run, const struct run_begin *begin)
{
	struct carried *carried = begin->is_late ? NULL : carry_table[begin->live];

	run->outside = carry_put(thread, carried);
	if (begin->is_request) {
		carry_table[begin->live] = NULL;
	} else if (carried) {
		atomic_fetch_add_explicit(
			&carried->references, 1 + CARRY_CREDIT, memory_order_relaxed);
		thread->carried_credit = CARRY_CREDIT;
	}
}

int run_begin(struct thread *thread, const struct run_begin *begin, uintptr_t entry)
{
	struct arena_run *shared;
	struct thread_run *run;
	int depth;

	run_settle(thread, entry);
	thread->is_astray = false;
	depth = thread->depth;
	if (unlikely(depth >= THREAD_RUNS)) {
		thread->depth++;
		return depth;
	}
	run = &thread->runs[depth];
	shared = depth < ARENA_OPEN_RUNS ? &thread->slot->open[depth]
					 : &thread->deep[depth - ARENA_OPEN_RUNS];
	run->shared = shared;
	run->entry = entry;
	run->is_request = begin->is_request;
	run->is_open = false;
	run->ancestor = 0;
	run->told = 0;
	run->outside = NULL;
	if (unlikely(atomic_load_explicit(&carry_is_used, memory_order_relaxed)))
		carry_begin(thread, run, begin);
	run->nesting = (struct run_nesting){0};
	shared->async_id = begin->async_id;
	shared->arming_id = begin->arming_id;
	shared->cause_id = begin->cause_id;
	shared->callback = (uintptr_t)begin->callback;
	shared->live = begin->live;
	/* What will be written names the run outside it, which must be written then too. */
	if (unlikely(depth > 0 && !thread->runs[depth - 1].is_open))
		run_open(&thread->runs[depth - 1]);
	shared->outer_stack = depth ? thread->runs[depth - 1].nesting.stack : 0;
	shared->part = begin->part;
	if (likely(!begin->is_quiet))
		run_open(run);
	/* Last: a signal handler must find either the run outside it or all of this one. */
	atomic_signal_fence(memory_order_seq_cst);
	thread->depth = depth + 1;
	atomic_store_explicit(&thread->slot->depth, (uint32_t)depth + 1, memory_order_release);
	return depth;
}

void run_end(struct thread *thread, int depth, uintptr_t entry, const struct run_result *result)
{
	thread->is_astray = false;
	if (unlikely(!run_is_open(thread, depth, entry)))
		return;
	run_drop_above(thread, depth + 1);
	run_close(thread, 0, result);
}

/*
 * Down to where the run at the top was entered. A callback that is not on the stack has left by a
 * tail call: then `is_inside` puts it there.
 */
static uint32_t capture_run(struct thread *thread, const struct unwind_start *start, bool is_inside)
{
	struct stack_bounds bounds = {thread->stack_high, thread->entry};

	if (thread->depth > 0 && thread->depth <= THREAD_RUNS) {
		const struct thread_run *run = &thread->runs[thread->depth - 1];

		bounds.limit = run->entry;
		bounds.callback = run->shared->callback;
	}
	if (!is_inside)
		bounds.callback = 0;
	/* Between two places on different stacks lies memory that may not be there. */
	if (!thread_owns(thread, start->sp) || !thread_owns(thread, bounds.limit))
		bounds.limit = 0;
	return stack_capture(start, &bounds, &thread->stack_memory);
}

/* Whether that function, which the run at the top has called, is on the stack that was walked. */
static bool is_on_stack(
	const struct unwind_memory *memory, uintptr_t function_frame, uintptr_t returns_to)
{
	unsigned i;

	/* Nothing is known of a stack that was not remembered. */
	if (!memory->holds)
		return true;
	for (i = memory->count; i-- > 0;)
		if (memory->frame[i].cfa > function_frame)
			return memory->frame[i].sp <= function_frame &&
			       returns_to == (i ? memory->frame[i - 1].pc : memory->last_ra);
	return false;
}

/*
 * Closes what the stack that has just been walked shows to have been left. Returns whether there
 * was something.
 *
 * What a run calls returns to its trampoline. A frame that reaches the run's entry instead is of
 * somebody who came back by longjmp or an exception and has gone down again, below where that run
 * was. Likewise for a uv_run, on whose wrapper such a frame lies, and for a function that was
 * called with other values in force.
 */
static bool drop_overlaid(struct thread *thread)
{
	const struct unwind_memory *memory = &thread->stack_memory;
	const struct thread_aside *aside = aside_top(thread);
	struct run_nesting *nesting = run_nesting(thread);

	/* More than the entry, which the run's own frames come up to. */
	if (thread->depth > 0 && memory->end.beyond && thread_owns(thread, memory->end.beyond) &&
		drop_below(thread, memory->end.beyond + 1))
		return true;
	if (aside && aside->returns_to && thread_owns(thread, aside->frame) &&
		!is_on_stack(memory, aside->frame, aside->returns_to)) {
		drop_aside(thread);
		return true;
	}
	if (!nesting || !nesting->frame || is_on_stack(memory, nesting->frame, nesting->returns_to))
		return false;
	*nesting = (struct run_nesting){0};
	return true;
}

/*
 * Whether the stack that was just walked, not all of it the thread's own, is of none of the open
 * runs as far as is known. (A coroutine that a callback on the thread's own stack resumes is inside
 * that callback: it cannot go on before the coroutine has given way. But when the callback itself
 * is on a coroutine's stack, it may be the one that gave way.)
 */
static bool is_of_no_run(const struct thread *thread, const struct unwind_start *start)
{
	enum { TRAMPOLINE_FRAME = 1024 }; /* bytes, at most */
	const struct unwind_end *end = &thread->stack_memory.end;
	uintptr_t entry;

	if (thread->depth == 0)
		return end->stopped && !thread_owns(thread, start->sp);
	if (thread->depth > THREAD_RUNS)
		return true;
	entry = thread->runs[thread->depth - 1].entry;
	if (end->stopped)
		return entry - end->sp >= TRAMPOLINE_FRAME;
	return !thread_owns(thread, entry);
}

uint32_t run_capture(struct thread *thread, const struct unwind_start *start)
{
	const struct unwind_memory *memory = &thread->stack_memory;
	/* A signal handler in the midst of a walk has to do without what that one finds. */
	const bool in_use = memory->busy;
	const struct run_nesting *nesting;
	uint32_t node;

	thread->is_astray = false;
	do {
		node = capture_run(thread, start, true);
		nesting = run_nesting(thread);
		if (likely(memory->holds && (thread->depth == 0 || !memory->end.beyond) &&
			    nesting && !nesting->frame && !thread->aside_count) ||
			in_use)
			return node;
	} while (drop_overlaid(thread));
	if (!memory->holds && is_of_no_run(thread, start)) {
		node = capture_run(thread, start, false);
		thread->is_astray = true;
	}
	return node;
}
