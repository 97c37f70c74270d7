/*
 * Finding repeats: see fold.h.
 *
 * For each period p a run carries the length of the streak behind it: the number of hops of which
 * each equals the one p further back, counted outwards from the run without a break. With r such
 * hops the last r + p ones repeat with period p, and the oldest of them leads to `start`.
 */
#include "recorder/ingest/fold.h"
#include "recorder/ingest/intern.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN_RUNS = 1 << 15 };

/* One of the last hops behind a run, and the streak of the period that is its index + 1. */
struct step {
	uint64_t hop;
	int64_t target; /* where it led to */
	int64_t equal;	/* hops that equal the one a period further back */
	int64_t start;	/* of the streak, when there are any */
};

struct known_run {
	int64_t run_id;
	int64_t count; /* of steps that are known; what is behind them is not even written */
	struct step step[FOLD_PERIOD_MAX]; /* from the run backwards */
};

struct fold {
	struct known_run known[KNOWN_RUNS];
};

struct fold *fold_create(void)
{
	return calloc(1, sizeof(struct fold));
}

void fold_destroy(struct fold *fold)
{
	free(fold);
}

static struct known_run *slot_of(struct fold *fold, int64_t run_id)
{
	/* Low bits as they are: neighbours in time must not push each other out. */
	return &fold->known[((uint64_t)run_id ^ (uint64_t)run_id >> 40 << 7) & (KNOWN_RUNS - 1)];
}

/* A period is no news when a shorter one repeats over the same hops: their common divisor does. */
static bool shorter_period(const struct known_run *run, int period)
{
	for (int p = 1; p < period; p++)
		if (run->step[p - 1].equal && run->step[p - 1].equal + p >= p + period)
			return true;
	return false;
}

/* The steps behind `run`, which has the first one, are those of its link. */
static void take_steps(struct known_run *run, const struct known_run *link)
{
	int64_t count = link->count < FOLD_PERIOD_MAX ? link->count : FOLD_PERIOD_MAX;

	run->count = count < FOLD_PERIOD_MAX ? count + 1 : count;
	for (int64_t i = 1; i < run->count; i++) {
		run->step[i].hop = link->step[i - 1].hop;
		run->step[i].target = link->step[i - 1].target;
		run->step[i].equal = 0;
	}
	for (int64_t i = 0; i < count; i++) {
		const struct step *step = &link->step[i];

		if (run->step[0].hop != step->hop)
			continue;
		run->step[i].equal = step->equal + 1;
		run->step[i].start = step->equal ? step->start : step->target;
	}
}

static bool find_shortcut(const struct known_run *run, struct fold_shortcut *ret)
{
	for (int period = 1; period <= run->count; period++) {
		const struct step *step = &run->step[period - 1];
		int64_t hops = step->equal + period;

		if (!step->equal || hops % (FOLD_REPEATS * period) || shorter_period(run, period))
			continue;
		*ret = (struct fold_shortcut){.run_id = run->run_id,
			.to_run_id = step->start,
			.times = hops / period,
			.period = period};
		return true;
	}
	return false;
}

bool fold_add(struct fold *fold, const struct fold_hop *hop, struct fold_shortcut *ret)
{
	const struct known_run *link = slot_of(fold, hop->link_run_id);
	struct known_run run; /* not filled: only `count` steps of it mean anything */
	bool found = false;

	if (!hop->link_run_id || hop->link_run_id >= hop->run_id || !hop->origin_id ||
		!hop->entry_id)
		return false;
	run.run_id = hop->run_id;
	run.count = 1;
	run.step[0] =
		(struct step){.hop = (uint64_t)hop->origin_id << 32 |
				     (uint64_t)(hop->entry_id & INT32_MAX) << 1 | hop->has_cause,
			.target = hop->link_run_id};
	if (link->run_id == hop->link_run_id) {
		take_steps(&run, link);
		found = find_shortcut(&run, ret);
	}
	memcpy(slot_of(fold, hop->run_id), &run,
		offsetof(struct known_run, step) + (size_t)run.count * sizeof run.step[0]);
	return found;
}
