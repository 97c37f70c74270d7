/*
 * Finding repeats: see fold.h.
 *
 * For each period p a run carries the length of the streak behind it: the number of hops of which
 * each equals the one p further back, counted outwards from the run without a break. With r such
 * hops the last r + p ones repeat with period p, and the oldest of them leads to `start`.
 */
#include "recorder/ingest/fold.h"
#include "recorder/ingest/intern.h"

#include <stdlib.h>
#include <string.h>

enum { KNOWN_RUNS = 1 << 15 };

struct known_run {
	int64_t run_id;
	uint64_t hop[FOLD_PERIOD_MAX];	 /* the last ones, from the run backwards; 0: none */
	int64_t target[FOLD_PERIOD_MAX]; /* where each of them led to */
	int64_t start[FOLD_PERIOD_MAX];	 /* of the streak of period index + 1 */
	int64_t equal[FOLD_PERIOD_MAX];	 /* hops that equal the one a period further back */
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
		if (run->equal[p - 1] && run->equal[p - 1] + p >= p + period)
			return true;
	return false;
}

bool fold_add(struct fold *fold, const struct fold_hop *hop, struct fold_shortcut *ret)
{
	const struct known_run *link = slot_of(fold, hop->link_run_id);
	struct known_run run;
	bool found = false;

	if (!hop->link_run_id || hop->link_run_id >= hop->run_id || !hop->origin_id ||
		!hop->entry_id)
		return false;
	memset(&run, 0, sizeof run);
	run.run_id = hop->run_id;
	run.hop[0] = (uint64_t)hop->origin_id << 32 | (uint64_t)(hop->entry_id & INT32_MAX) << 1 |
		     hop->has_cause;
	run.target[0] = hop->link_run_id;
	if (link->run_id == hop->link_run_id) {
		memcpy(run.hop + 1, link->hop, sizeof run.hop - sizeof run.hop[0]);
		memcpy(run.target + 1, link->target, sizeof run.target - sizeof run.target[0]);
		for (int i = 0; i < FOLD_PERIOD_MAX; i++) {
			if (run.hop[0] != link->hop[i])
				continue;
			run.equal[i] = link->equal[i] + 1;
			run.start[i] = link->equal[i] ? link->start[i] : link->target[i];
		}
		for (int period = 1; period <= FOLD_PERIOD_MAX && !found; period++) {
			int64_t hops = run.equal[period - 1] + period;

			if (!run.equal[period - 1] || hops % (FOLD_REPEATS * period) ||
				shorter_period(&run, period))
				continue;
			*ret = (struct fold_shortcut){.run_id = hop->run_id,
				.to_run_id = run.start[period - 1],
				.times = hops / period,
				.period = period};
			found = true;
		}
	}
	*slot_of(fold, hop->run_id) = run;
	return found;
}
