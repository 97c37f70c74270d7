/*
 * Folding: see ancestor_fold.h.
 *
 * An ancestor may go when its run is over and its only reference is that of the one child in the
 * chain: then nothing else can come to refer to it. The head is kept by the caller, and so all of
 * the chain is, while its links are changed here.
 */
#include "recorder/runtime/ancestor_fold.h"

#include <string.h>

/* One of the chain, the newest first. */
static struct hop {
	uint64_t hash; /* of all that two hops have in common which are repeats of one another */
	uint32_t index;
	bool is_settled; /* over, and of one child */
} hops[ANCESTOR_FOLD_LIST];

static atomic_flag is_busy = ATOMIC_FLAG_INIT;

/* --- which ones are alike -------------------------------------------------------------------- */

/* Where something was made that is armed by that; 0 when it was armed afterwards. */
static uint32_t birth_place(const struct arena_ancestor *hop)
{
	return hop->arming_id ? 0 : hop->birth_stack;
}

static bool is_alike(const struct arena_ancestor *a, const struct arena_ancestor *b)
{
	return a->type == b->type && a->callback == b->callback && a->part == b->part &&
	       a->arming_stack == b->arming_stack && a->arming_api == b->arming_api &&
	       birth_place(a) == birth_place(b) && a->thread == b->thread &&
	       a->outer_stack == b->outer_stack;
}

static uint64_t hash_of(const struct arena_ancestor *hop)
{
	const uint64_t word[] = {hop->callback, hop->type | (uint64_t)hop->part << 32,
		hop->arming_stack | (uint64_t)hop->arming_api << 32,
		birth_place(hop) | (uint64_t)hop->thread << 32};
	uint64_t hash = 1;
	unsigned i;

	for (i = 0; i < sizeof word / sizeof *word; i++) {
		hash = (hash ^ word[i]) * 0x9fb21c651e98df25ull;
		hash ^= hash >> 32;
	}
	return hash;
}

static struct arena_ancestor *hop_at(uint32_t i)
{
	return ancestor_at(hops[i].index);
}

static bool is_settled(const struct arena_ancestor *hop)
{
	return atomic_load_explicit(&hop->references, memory_order_acquire) == 1 &&
	       __atomic_load_n(&hop->ended, __ATOMIC_RELAXED) && !hop->is_root;
}

/* --- the list -------------------------------------------------------------------------------- */

static uint32_t list_fill(uint32_t head, uint32_t length)
{
	uint32_t index, count = 0;

	for (index = head; index && count < length; index = ancestor_at(index)->parent) {
		const struct arena_ancestor *hop = ancestor_at(index);

		hops[count++] = (struct hop){hash_of(hop), index, is_settled(hop)};
	}
	return count;
}

static void list_remove(uint32_t from, uint32_t number, uint32_t count)
{
	memmove(&hops[from], &hops[from + number], (count - from - number) * sizeof *hops);
}

/* --- what repeats ---------------------------------------------------------------------------- */

/*
 * Whether the `period` hops from `at` on are those from `first` on once more, and may go: hops that
 * are folded already lie behind the last of them alone, and are repeats of just these.
 */
static bool is_repeat(uint32_t first, uint32_t at, uint32_t period)
{
	const struct arena_ancestor *last = hop_at(at + period - 1);
	uint32_t i;

	for (i = 0; i < period; i++)
		if (hops[first + i].hash != hops[at + i].hash || !hops[at + i].is_settled)
			return false;
	for (i = 0; i < period; i++)
		if (!is_alike(hop_at(first + i), hop_at(at + i)) ||
			(i + 1 < period && hop_at(at + i)->folded))
			return false;
	return !last->folded || last->period == period;
}

/*
 * Whether a fold further down the chain counts on the hop before `at`: what it left out are repeats
 * of hops that lead there, and those have to stay.
 */
static bool is_leaned_on(uint32_t at, uint32_t count)
{
	uint32_t i;

	for (i = at; i < count && i < at + 2 * ANCESTOR_FOLD_PERIOD - 1; i++)
		if (hop_at(i)->folded && i + 1 < at + 2 * hop_at(i)->period)
			return true;
	return false;
}

/*
 * How many times the hops from `first` on come once more than they have to stay, of the first
 * `limit` hops; 0: they do not.
 */
static uint32_t repeats_at(uint32_t first, uint32_t period, uint32_t limit, uint32_t count)
{
	uint32_t at = first + 2 * period, repeats = 0, kept = 0;

	/* Quickly, for most of them. */
	if (first + 3 * period > limit || hops[first].hash != hops[first + period].hash ||
		hop_at(first + period - 1)->folded || !is_repeat(first, first, period) ||
		!is_repeat(first, first + period, period))
		return 0;
	for (; at + period <= limit && is_repeat(first, at, period); at += period) {
		repeats++;
		if (!is_leaned_on(at + period, count))
			kept = repeats;
	}
	return kept;
}

/* Takes `number` hops out of the chain, those from `from` on. */
static void hops_fold(uint32_t from, uint32_t number, uint32_t period)
{
	struct arena_ancestor *keeper = hop_at(from - 1), *last = hop_at(from + number - 1);
	uint64_t folded = keeper->folded + number;
	uint32_t i, parent = last->parent;

	for (i = period - 1; i < number; i += period)
		folded += hop_at(from + i)->folded;
	ancestor_share(parent);
	/* Who reads them from outside, or in a core, must not take some of before for some of now.
	 */
	__atomic_store_n(&keeper->parent_run_id, 0, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_release);
	__atomic_store_n(&keeper->period, period, __ATOMIC_RELAXED);
	__atomic_store_n(&keeper->folded, folded, __ATOMIC_RELAXED);
	__atomic_store_n(&keeper->parent, parent, __ATOMIC_RELAXED);
	__atomic_store_n(&keeper->parent_run_id, last->parent_run_id, __ATOMIC_RELEASE);
	ancestor_release(hops[from].index);
}

/* Returns how many are left in the list. */
static uint32_t fold_all(uint32_t count)
{
	uint32_t first, period, number, from, beyond;

	/* Of what comes after the list, it is not known what counts on it. */
	beyond = count && hop_at(count - 1)->parent ? 2 * ANCESTOR_FOLD_PERIOD : 0;
	for (first = 0; first + beyond + 3 <= count; first++)
		for (period = 1; period <= ANCESTOR_FOLD_PERIOD; period++) {
			number = period * repeats_at(first, period, count - beyond, count);
			if (!number)
				continue;
			from = first + 2 * period;
			hops_fold(from, number, period);
			list_remove(from, number, count);
			count -= number;
			if (first + beyond + 3 > count)
				break;
		}
	return count;
}

/* --- what does not --------------------------------------------------------------------------- */

/* Lets go of what lies behind hop `i`. */
static void cut_behind(uint32_t i)
{
	struct arena_ancestor *hop = hop_at(i);
	uint32_t parent = hop->parent;

	__atomic_store_n(&hop->parent, 0, __ATOMIC_RELEASE);
	ancestor_release(parent);
}

bool ancestor_fold_hold(void)
{
	return !atomic_flag_test_and_set_explicit(&is_busy, memory_order_acquire);
}

void ancestor_fold_let_go(void)
{
	atomic_flag_clear_explicit(&is_busy, memory_order_release);
}

void ancestor_fold(uint32_t head, uint32_t length, uint32_t most)
{
	uint32_t count, depth, below;

	if (!ancestor_fold_hold())
		return;
	if (length > ANCESTOR_FOLD_LIST)
		length = ANCESTOR_FOLD_LIST;
	count = fold_all(list_fill(head, length));
	if (count > most) {
		count = most / 2;
		cut_behind(count - 1);
	}
	if (count > 0) {
		below = hop_at(count - 1)->parent;
		depth = below ? ancestor_at(below)->depth : 0;
		while (count-- > 0)
			__atomic_store_n(&hop_at(count)->depth, ++depth, __ATOMIC_RELAXED);
	}
	ancestor_fold_let_go();
}

void ancestor_fold_restart(void)
{
	atomic_flag_clear(&is_busy);
}
