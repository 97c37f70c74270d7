/*
 * Runs as they become ancestors: see lineage.h.
 *
 * What is not certain is not said: where the record of the resource, or the arming in it, is
 * another's by now, the run is kept without, and its chain ends there.
 */
#include "recorder/runtime/lineage.h"

#include "recorder/runtime/ancestor_fold.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/run.h"

enum {
	SHALLOW = 32,	/* a chain that is no longer is left as it is */
	STRIDE = 16,	/* hops after which a longer one is looked at … */
	WINDOW = 64,	/* … so far; and all of it when its length is a power of two */
	CREDIT = 16,	/* hops that may be looked at for each one that is made, … */
	SAVINGS = 8192, /* … and so many at a time */
};

static bool is_armed_by_creation(const struct arena_run *run, uint16_t type)
{
	static const bool is[] = {
#define X(tag, name, class, hook_type, armed_by_creation) [ACAUSAL_TYPE_##tag] = armed_by_creation,
		ACAUSAL_TYPES(X)
#undef X
	};

	return !run->arming_id && run->part != ACAUSAL_PART_CLOSE &&
	       type < sizeof is / sizeof *is && is[type];
}

/* Shares the ancestor in a word of a live record, if that is still the resource's. */
static uint32_t share_from(const struct arena_live *live, const uint32_t *word, uint64_t async_id)
{
	uint32_t index = __atomic_load_n(word, __ATOMIC_RELAXED);

	if (!index || !ancestor_try_share(index))
		return 0;
	if (atomic_load(&live->async_id) == async_id &&
		__atomic_load_n(word, __ATOMIC_RELAXED) == index)
		return index;
	ancestor_release(index);
	return 0;
}

static void birth_fill(struct arena_ancestor *ancestor, const struct arena_live *live)
{
	ancestor->trigger_id = live->trigger_id;
	ancestor->birth_run_id = live->run_id;
	ancestor->created = live->created;
	ancestor->address = live->address;
	ancestor->loop_id = live->loop_id;
	ancestor->handle_id = live->handle_id;
	ancestor->birth_stack = live->stack;
	ancestor->birth_thread = live->thread;
	ancestor->type = live->type;
	ancestor->birth_api = live->api;
	ancestor->inherited = live->flags & ARENA_LIVE_INHERITED;
}

static void arming_fill(struct arena_ancestor *ancestor, const struct arena_live *live)
{
	ancestor->arming_run_id = live->arming_run_id;
	ancestor->armed = live->armed;
	ancestor->timeout_ms = live->timeout_ms;
	ancestor->repeat_ms = live->repeat_ms;
	ancestor->arming_stack = live->arming_stack;
	ancestor->arming_thread = live->arming_thread;
	ancestor->arming_api = live->arming_api;
	ancestor->inherited |= live->flags & ARENA_LIVE_ARMED_BEFORE;
}

/* What is known of the run's resource, while its record is that. Returns the parent, shared. */
static uint32_t resource_fill(struct arena_ancestor *ancestor, const struct arena_run *run)
{
	const struct arena_live *live = live_at(run->live);

	if (atomic_load(&live->async_id) != run->async_id)
		return 0;
	birth_fill(ancestor, live);
	if (is_armed_by_creation(run, ancestor->type))
		return share_from(live, &live->ancestor, run->async_id);
	if (!run->arming_id || live->arming_id != run->arming_id)
		return 0;
	arming_fill(ancestor, live);
	return share_from(live, &live->arming_ancestor, run->async_id);
}

static uint32_t run_fill(struct arena_ancestor *ancestor, const struct thread *thread, int depth)
{
	const struct thread_run *run = &thread->runs[depth];
	const struct arena_run *shared = run->shared;

	ancestor->async_id = shared->async_id;
	ancestor->arming_id = shared->arming_id;
	ancestor->is_request = run->is_request && shared->part == ACAUSAL_PART_CALLBACK;
	ancestor->part = (uint16_t)shared->part;
	ancestor->began = shared->began;
	ancestor->callback = stack_entry((uintptr_t)shared->callback);
	ancestor->outer_run_id = depth ? thread->runs[depth - 1].shared->run_id : 0;
	ancestor->outer_stack = shared->outer_stack;
	return resource_fill(ancestor, shared);
}

static uint32_t root_fill(struct arena_ancestor *ancestor, const struct thread *thread)
{
	const struct arena_thread *slot = thread->slot;

	ancestor->is_root = 1;
	ancestor->async_id = slot->async_id;
	ancestor->trigger_id = slot->trigger_id;
	ancestor->birth_run_id = slot->run_id;
	ancestor->created = slot->created;
	ancestor->address = slot->address;
	ancestor->birth_stack = slot->stack;
	ancestor->birth_thread = slot->maker;
	ancestor->type = slot->type;
	ancestor->birth_api = slot->api;
	ancestor->part = ACAUSAL_PART_CALLBACK;
	ancestor->began = slot->started;
	ancestor->callback = slot->callback;
	ancestor_share(slot->ancestor);
	return slot->ancestor;
}

/*
 * Keeps the chain that a new ancestor comes on top of short. Looking at it costs time by its
 * length, so that it is done now and then, and not more than was saved up for.
 */
static void chain_shorten(struct thread *thread, uint32_t parent, uint32_t depth)
{
	const uint32_t most = ancestor_depth_most();
	uint32_t length = 0;

	if (thread->fold_credit < SAVINGS)
		thread->fold_credit += CREDIT;
	if (likely(depth <= SHALLOW || depth % STRIDE != 0))
		return;
	if (depth > most || (depth & (depth - 1)) == 0)
		length = depth;
	else
		length = WINDOW;
	if (length > thread->fold_credit)
		length = WINDOW;
	if (length > thread->fold_credit)
		return;
	thread->fold_credit -= length;
	ancestor_fold(parent, length, most);
}

/* Links a new ancestor to its parent, whose reference becomes its own. */
static void parent_set(
	struct thread *thread, struct arena_ancestor *ancestor, uint32_t parent, uint64_t run_id)
{
	struct arena_ancestor *of = ancestor_at(parent);
	uint32_t depth;

	ancestor->depth = 1;
	if (!parent)
		return;
	ancestor->parent_run_id = atomic_load_explicit(&of->run_id, memory_order_relaxed);
	depth = __atomic_load_n(&of->depth, __ATOMIC_RELAXED) + 1;
	chain_shorten(thread, parent, depth);
	depth = __atomic_load_n(&of->depth, __ATOMIC_RELAXED) + 1;
	/* Too deep for as long as nobody could fold it. */
	if (unlikely(depth > 2 * ancestor_depth_most() || ancestor->parent_run_id >= run_id)) {
		ancestor_release(parent);
		return;
	}
	ancestor->parent = parent;
	ancestor->depth = depth;
}

/* The open run at `depth`, counted from 1; 0: the root run. */
static uint32_t *kept_at(struct thread *thread, int depth)
{
	return depth ? &thread->runs[depth - 1].ancestor : &thread->root_ancestor;
}

/* A new record for that run, with a reference of the open run. False: there is no room. */
static bool run_keep(struct thread *thread, int depth)
{
	uint32_t index = ancestor_take(), none = 0;
	struct arena_ancestor *ancestor = ancestor_at(index);
	uint64_t run_id = depth ? thread->runs[depth - 1].shared->run_id : thread->root_run_id;

	if (!index)
		return false;
	ancestor->thread = thread->emit.thread;
	parent_set(thread, ancestor,
		depth ? run_fill(ancestor, thread, depth - 1) : root_fill(ancestor, thread),
		run_id);
	ancestor_publish(index, run_id, 1);
	/* A signal handler may have been here first. */
	if (unlikely(!__atomic_compare_exchange_n(kept_at(thread, depth), &none, index, false,
		    __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
		ancestor_ended(index, arena_ticks());
	return true;
}

uint32_t lineage_keep(struct thread *thread)
{
	uint32_t *kept;
	int depth;

	if (!run_context(thread))
		return 0;
	/* The runs outside may have come from what is armed anew: they are kept while it is known.
	 */
	for (depth = 1; depth < thread->depth; depth++)
		if (unlikely(!*kept_at(thread, depth)))
			run_keep(thread, depth);
	kept = kept_at(thread, thread->depth);
	if (!*kept && !run_keep(thread, thread->depth))
		return 0;
	ancestor_share(*kept);
	return *kept;
}
