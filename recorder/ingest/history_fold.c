/*
 * Chains of ancestors that were folded by the process itself: see history.h and `struct
 * arena_ancestor`. A row is written for the run where the repeats begin, and for the one a period
 * behind it, from which a trace may come too. What does not hold together gets none: the chain
 * then ends in words.
 */
#include "recorder/ingest/history.h"

#include <stdlib.h>

struct chains {
	const struct arena_reader *arena;
	uint32_t *child; /* by index: of the one ancestor that came of it; 0: none; SEVERAL */
	uint32_t used;
};

enum { SEVERAL = UINT32_MAX };

/* False when it has none, or that is not there, or is being changed: the place is another's. */
static bool find_parent(const struct chains *chains, const struct arena_ancestor *ancestor,
	struct arena_ancestor *ret)
{
	return ancestor->parent && ancestor->parent < chains->used &&
	       arena_reader_ancestor(chains->arena, ancestor->parent, ret) &&
	       ret->run_id == ancestor->parent_run_id;
}

static bool find_children(struct chains *chains, const struct history *history)
{
	chains->child = calloc(chains->used ? chains->used : 1, sizeof *chains->child);
	if (!chains->child)
		return false;
	for (uint32_t i = 0; i < history->count; i++) {
		struct arena_ancestor ancestor, parent;
		uint32_t index = history->ancestors[i].index, *child;

		if (!arena_reader_ancestor(chains->arena, index, &ancestor) ||
			!find_parent(chains, &ancestor, &parent))
			continue;
		child = &chains->child[ancestor.parent];
		*child = *child ? SEVERAL : index;
	}
	return true;
}

/* The run that so many hops of nothing but kept ones lead from to that of `index`; 0: none. */
static uint64_t run_above(const struct chains *chains, uint32_t index, uint32_t hops)
{
	struct arena_ancestor ancestor;
	uint64_t before = 0;

	for (uint32_t i = 0;; i++) {
		if (!arena_reader_ancestor(chains->arena, index, &ancestor) ||
			ancestor.run_id <= before || (i && ancestor.folded))
			return 0;
		if (i == hops)
			return ancestor.run_id;
		before = ancestor.run_id;
		index = chains->child[index];
		if (!index || index == SEVERAL)
			return 0;
	}
}

static int write_row(struct ingest_process *process, uint64_t from, uint64_t to, uint32_t period,
	uint64_t hops, struct error *err)
{
	int64_t from_id, to_id;

	/* Each hop leads to a smaller number. */
	if (!from || from <= to || from - to < hops || !events_id(process, from, &from_id) ||
		!events_id(process, to, &to_id))
		return 0;
	return recording_write_fold(process->ingest->recording, from_id, (int)period,
		(int64_t)(hops / period), to_id, err);
}

static int write_fold(struct ingest_process *process, const struct chains *chains, uint32_t index,
	const struct arena_ancestor *ancestor, struct error *err)
{
	uint32_t period = ancestor->period;
	struct arena_ancestor parent;

	if (!period || period > FOLD_PERIOD_MAX || ancestor->folded % period ||
		ancestor->folded >> PROCESS_SHIFT || !find_parent(chains, ancestor, &parent))
		return 0;
	if (write_row(process, run_above(chains, index, 2 * period - 1), parent.run_id, period,
		    ancestor->folded + 2 * period, err))
		return -1;
	return write_row(process, run_above(chains, index, period - 1), parent.run_id, period,
		ancestor->folded + period, err);
}

int history_write_folds(
	struct ingest_process *process, const struct history *history, struct error *err)
{
	struct chains chains = {.arena = &process->arena,
		.used = arena_reader_used(&process->arena, ARENA_ANCESTORS)};
	int result = 0;

	if (!history->count)
		return 0;
	if (!find_children(&chains, history))
		return error_set(
			err, "no memory for the history of process %u", process->arena.os_pid);
	for (uint32_t i = 0; i < history->count && !result; i++) {
		uint32_t index = history->ancestors[i].index;
		struct arena_ancestor ancestor;

		if (arena_reader_ancestor(chains.arena, index, &ancestor) && ancestor.folded)
			result = write_fold(process, &chains, index, &ancestor, err);
	}
	free(chains.child);
	return result;
}
