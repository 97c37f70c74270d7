/*
 * What differs by more than chance: see compare.h. The same program, recorded twice, is to differ
 * in nothing; so each rule asks for a size and for a certainty:
 *
 * - Numbers are compared for one run of what is around them, so that load and length do not matter:
 *   half as many more, and by four standard errors, whose size each recording tells itself where
 *   there are runs enough. How often a handle ran that was armed but a few times is load, and is
 *   not compared.
 * - What is only in one must be there in each run of what is around it, or so often that it is one
 *   in a thousand that the other has none by chance. Else it is rare. Where the other one makes the
 *   same call by another way, each run is not enough: in which order things came is chance.
 * - Times are compared by their medians, and by the ranks of all, after what all others together
 *   grew by: another machine, or a busier one, is no difference. What others do meanwhile costs
 *   each some tens of microseconds, so that the shorter a time is the more it must grow.
 * - What is pooled is compared where both have it; what only one has is not known.
 */
#include "debugger/diff/compare.h"

#include "debugger/diff/code.h"
#include "debugger/recording/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATIO		1.5
#define ERRORS		4.0   /* standard errors */
#define ARMED_SURE	1.33  /* so many times both, of armings */
#define CHANCE		0.001 /* that all of it falls to one side */
#define FEW		8     /* samples that are too few for ranks */
#define RANK_ERRORS	3.3   /* with eight and eight there can be 3.36 */
#define RAN_LEAST	100e3 /* ns between the medians, or … */
#define RAN_RATIO	2.0   /* … so many times as long, and … */
#define RAN_SUM		10e6  /* … so much in all */
#define WAIT_RATIO	2.0
#define WAIT_LEAST	1e6
#define FEW_RATIO	4.0
#define FEW_LEAST	50e6
#define DRIFT_NODES	5
#define DIFFERENCES_MAX 100000

struct comparing {
	struct comparison *ret;
	struct forest *forest;
	const struct compare_options *options;
	struct sums {
		int64_t created, runs;
		double ns;
		size_t paths;
	} * sums[FOREST_SIDES];	 /* of each node and what is below it */
	bool *is_round;		 /* a run that comes of itself */
	bool *has[FOREST_SIDES]; /* what is the same without its way, by its number */
	bool failed;
};

static const struct node_side *side_of(const struct forest *forest, uint32_t node, int side)
{
	return node ? forest_node(forest, node)->sides[side] : NULL;
}

static bool is_wanted(const struct comparing *comparing, const struct node *node)
{
	const char *wanted = comparing->options->type;
	const char *type = lexicon_words(&comparing->forest->lexicon, node->type);
	size_t length;

	if (!wanted)
		return true;
	if (!type)
		return false;
	if (!strcmp(type, wanted))
		return true;
	/* "timer" is uv_timer_t. */
	length = strlen(wanted);
	return !strncmp(type, "uv_", 3) && !strncmp(type + 3, wanted, length) &&
	       !strcmp(type + 3 + length, "_t");
}

static struct difference *add(struct comparing *comparing, enum difference_kind kind, uint32_t node)
{
	struct comparison *ret = comparing->ret;

	if (!is_wanted(comparing, forest_node(comparing->forest, node)) ||
		ret->count >= DIFFERENCES_MAX)
		return NULL;
	if (ret->count == ret->capacity) {
		size_t capacity = ret->capacity ? ret->capacity * 2 : 64;
		struct difference *rows = realloc(ret->rows, capacity * sizeof *rows);

		if (!rows) {
			comparing->failed = true;
			return NULL;
		}
		ret->rows = rows;
		ret->capacity = capacity;
	}
	ret->rows[ret->count] = (struct difference){.kind = kind, .node = node, .status = UNKNOWN};
	return &ret->rows[ret->count++];
}

/* --- sums ---------------------------------------------------------------------------------------
 */

static void add_sums(struct sums *to, const struct sums *from)
{
	to->created += from->created;
	to->runs += from->runs;
	to->ns += from->ns;
	to->paths += from->paths;
}

/* A node's number is greater than its parent's. */
static void sum_up(struct comparing *comparing, int side)
{
	struct forest *forest = comparing->forest;
	uint32_t number;

	for (number = (uint32_t)forest_count(forest); number > 0; number--) {
		const struct node *node = forest_node(forest, number);
		struct sums *sums = &comparing->sums[side][number - 1];
		struct node_side *own = node->sides[side];

		if (own) {
			samples_sort(&own->ran);
			samples_sort(&own->waited);
			sums->created += node->kind == NODE_CREATED ? own->count : 0;
			sums->runs += node->kind == NODE_RUN ? own->count : 0;
			comparing->has[side][node->local] = true;
			sums->ns += own->ran.total_ns;
			sums->paths++;
		}
		if (node->parent)
			add_sums(&comparing->sums[side][node->parent - 1], sums);
	}
}

/* Is it a moment of something that goes round? Which one is up to what comes when. */
static bool is_in_round(const struct comparing *comparing, const struct node *node)
{
	uint32_t above;

	for (above = node->parent; above; above = forest_node(comparing->forest, above)->parent)
		if (comparing->is_round[above - 1])
			return true;
	return false;
}

/* --- what is only in one ------------------------------------------------------------------------
 */

/* How often what is around a node ran, or a call was made; a main thread runs once. */
static int64_t around(const struct forest *forest, const struct node *node, int side)
{
	const struct node_side *parent = side_of(forest, node->parent, side);

	return parent && parent->count > 0 ? parent->count : 1;
}

/* Is it one in a thousand that `many`, each by chance in either, are all in one? */
static bool is_certain(double many, double of, double other_of)
{
	return many * log(of / (of + other_of)) < log(CHANCE);
}

/* That it is in each run of what is around it tells nothing when that is in another order there. */
static bool is_by_order(const struct comparing *comparing, const struct node *node, int side)
{
	return (node->local && comparing->has[!side][node->local]) || is_in_round(comparing, node);
}

static void find_only(struct comparing *comparing, uint32_t number, const struct node *node)
{
	const struct forest *forest = comparing->forest;
	int side = node->sides[0] ? 0 : 1;
	const struct node_side *own = node->sides[side];
	const struct sums *sums = &comparing->sums[side][number - 1];
	bool is_call = node->kind == NODE_CREATED || node->kind == NODE_ARMED;
	double many = (double)(is_call ? own->parents : own->count);
	struct difference *row;

	/* Below what is only in one it goes without saying. */
	if (node->parent && !side_of(forest, node->parent, !side))
		return;
	row = add(comparing, side ? DIFFERENCE_ONLY_OTHER : DIFFERENCE_ONLY_BASE, number);
	if (!row)
		return;
	row->counts[side] = own->count;
	row->of[0] = around(forest, node, 0);
	row->of[1] = around(forest, node, 1);
	row->created = sums->created;
	row->runs = sums->runs;
	row->alive = own->alive;
	row->paths = sums->paths;
	row->is_rare = !is_certain(many, (double)row->of[side], (double)row->of[!side]) &&
		       (many < (double)row->of[side] || is_by_order(comparing, node, side));
	switch (comparing->options->by) {
	case COMPARE_BY_CREATED:
		row->score = (double)sums->created;
		break;
	case COMPARE_BY_RUNS:
		row->score = (double)sums->runs;
		break;
	case COMPARE_BY_TIME:
		row->score = sums->ns;
		break;
	default:
		row->score = (double)sums->created + (double)sums->runs;
	}
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static void add_counts(struct comparing *comparing, enum difference_kind kind, uint32_t number,
	const int64_t counts[FOREST_SIDES], const int64_t of[FOREST_SIDES], int64_t status)
{
	struct difference *row = add(comparing, kind, number);

	if (!row)
		return;
	memcpy(row->counts, counts, sizeof row->counts);
	memcpy(row->of, of, sizeof row->of);
	row->status = status;
	row->score = fabs((double)counts[1] / (double)of[1] - (double)counts[0] / (double)of[0]) *
		     (double)of[1];
}

/* Of the mean of how often in one run, squared. */
static double error_of(const struct node_side *side, double mean, double of)
{
	double squares = side->squares + (double)side->in_run * (double)side->in_run;
	double variance = squares / of - mean * mean;

	return variance > 0 ? variance / of : 0;
}

static bool is_ratio(double a, double b, double least)
{
	return a * least <= b || b * least <= a;
}

static void compare_calls(struct comparing *comparing, uint32_t number, const struct node *node)
{
	const struct node_side *const *sides = (const struct node_side *const *)node->sides;
	const int64_t counts[FOREST_SIDES] = {sides[0]->count, sides[1]->count};
	/* Of pooled ones it is not known how often what is around them ran without them. */
	const int64_t of[FOREST_SIDES] = {
		node->is_pooled ? sides[0]->parents : around(comparing->forest, node, 0),
		node->is_pooled ? sides[1]->parents : around(comparing->forest, node, 1)};
	double a = (double)counts[0] / (double)of[0], b = (double)counts[1] / (double)of[1];
	double error = error_of(sides[0], a, (double)of[0]) + error_of(sides[1], b, (double)of[1]);
	/* What is armed already need not be armed again: the busier, the less often it is. */
	double sure = node->kind == NODE_ARMED ? ARMED_SURE : 1;

	/* A few runs tell too little of the spread; what is created once and for all has none. */
	if ((of[0] < FEW || of[1] < FEW) && (node->kind == NODE_ARMED || of[0] > 1 || of[1] > 1 ||
						    is_in_round(comparing, node)))
		error += a / (double)of[0] + b / (double)of[1];
	if (is_ratio(a, b, RATIO * sure) &&
		fabs(a - b) * (double)(of[0] > of[1] ? of[0] : of[1]) >= 2 &&
		fabs(a - b) > ERRORS * sure * sqrt(error))
		add_counts(comparing, DIFFERENCE_CREATED, number, counts, of, UNKNOWN);
}

/* Do two shares differ by more than chance? When `by_code`, all and none is none. */
static bool is_other_share(
	const int64_t counts[FOREST_SIDES], const int64_t of[FOREST_SIDES], bool by_code)
{
	double n = (double)of[0], m = (double)of[1];
	double a = (double)counts[0] / n, b = (double)counts[1] / m;
	double both = ((double)counts[0] + (double)counts[1]) / (n + m);

	if (by_code && ((a <= 0 && b >= 1) || (a >= 1 && b <= 0)))
		return true;
	return is_ratio(a, b, RATIO) &&
	       fabs(a - b) > ERRORS * sqrt(both * (1 - both) * (1 / n + 1 / m));
}

static void compare_alive(struct comparing *comparing, uint32_t number, const struct node *node)
{
	const int64_t counts[FOREST_SIDES] = {node->sides[0]->alive, node->sides[1]->alive};
	const int64_t of[FOREST_SIDES] = {node->sides[0]->count, node->sides[1]->count};

	if (of[0] > 0 && of[1] > 0 && is_other_share(counts, of, !comparing->options->is_cut_off))
		add_counts(comparing, DIFFERENCE_ALIVE, number, counts, of, UNKNOWN);
}

static int64_t count_of_status(const struct node_side *side, int64_t status)
{
	size_t i;

	for (i = 0; i < FOREST_STATUSES; i++)
		if (side->statuses[i].count && side->statuses[i].status == status)
			return side->statuses[i].count;
	return 0;
}

static void compare_status(
	struct comparing *comparing, uint32_t number, const struct node *node, int64_t status)
{
	const int64_t counts[FOREST_SIDES] = {
		count_of_status(node->sides[0], status), count_of_status(node->sides[1], status)};
	const int64_t of[FOREST_SIDES] = {node->sides[0]->count, node->sides[1]->count};

	if (of[0] > 0 && of[1] > 0 && is_other_share(counts, of, true))
		add_counts(comparing, DIFFERENCE_STATUS, number, counts, of, status);
}

static void compare_statuses(struct comparing *comparing, uint32_t number, const struct node *node)
{
	size_t i;

	for (i = 0; i < FOREST_STATUSES; i++) {
		int64_t status = node->sides[1]->statuses[i].status;

		if (node->sides[1]->statuses[i].count)
			compare_status(comparing, number, node, status);
		status = node->sides[0]->statuses[i].status;
		if (node->sides[0]->statuses[i].count && !count_of_status(node->sides[1], status))
			compare_status(comparing, number, node, status);
	}
}

static void compare_runs(struct comparing *comparing, uint32_t number, const struct node *node)
{
	const int64_t counts[FOREST_SIDES] = {node->sides[0]->count, node->sides[1]->count};
	const int64_t of[FOREST_SIDES] = {
		around(comparing->forest, node, 0), around(comparing->forest, node, 1)};
	double a = (double)counts[0] / (double)of[0], b = (double)counts[1] / (double)of[1];

	if (comparing->is_round[number - 1] || of[0] < FEW || of[1] < FEW)
		return;
	/* Not spread as calls are: what one arming did is not known. So more is asked for. */
	if (is_ratio(a, b, 2 * RATIO) &&
		fabs(a - b) > 2 * ERRORS * sqrt(a / (double)of[0] + b / (double)of[1]))
		add_counts(comparing, DIFFERENCE_RUNS, number, counts, of, UNKNOWN);
}

/* --- times --------------------------------------------------------------------------------------
 */

static double median(const struct samples *samples)
{
	return (double)samples_percentile(samples, 50);
}

static int by_value(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static const struct samples *samples_of(const struct node *node, int side, bool waited)
{
	return waited ? &node->sides[side]->waited : &node->sides[side]->ran;
}

/* How many times as long all took in the other one, in the median of the nodes. */
static double find_drift(struct comparing *comparing, bool waited)
{
	size_t total = forest_count(comparing->forest), count = 0;
	double *ratios = calloc(total + 1, sizeof *ratios), drift = 1;
	uint32_t number;

	for (number = 1; ratios && number <= total; number++) {
		const struct node *node = forest_node(comparing->forest, number);
		double base;

		if (!node->sides[0] || !node->sides[1])
			continue;
		base = median(samples_of(node, 0, waited));
		if (samples_of(node, 0, waited)->count >= FEW &&
			samples_of(node, 1, waited)->count >= FEW && base > 0)
			ratios[count++] = median(samples_of(node, 1, waited)) / base;
	}
	if (count >= DRIFT_NODES) {
		qsort(ratios, count, sizeof *ratios, by_value);
		drift = ratios[count / 2];
	}
	free(ratios);
	return drift < 0.2 ? 0.2 : drift > 5 ? 5 : drift;
}

/* Too few to rank: each of the one is far from all of the other. */
static bool is_far(const struct samples *a, const struct samples *b, double drift)
{
	double low[] = {(double)samples_percentile(a, 0) * drift, (double)samples_percentile(b, 0)};
	double high[] = {
		(double)samples_percentile(a, 100) * drift, (double)samples_percentile(b, 100)};

	return (low[1] > FEW_RATIO * high[0] && low[1] - high[0] > FEW_LEAST) ||
	       (low[0] > FEW_RATIO * high[1] && low[0] - high[1] > FEW_LEAST);
}

static bool is_apart(const struct samples *a, const struct samples *b, double factor, bool waited)
{
	double base = median(a) * factor, other = median(b), apart = fabs(other - base);
	double shift, many = (double)(a->seen < b->seen ? a->seen : b->seen);

	if (!a->count || !b->count)
		return false;
	if (a->count < FEW || b->count < FEW)
		return is_far(a, b, factor);
	shift = samples_shift(a, b, factor);
	if (fabs(shift) < RANK_ERRORS || (shift > 0) != (other > base))
		return false;
	if (waited)
		return is_ratio(base, other, WAIT_RATIO) && apart >= WAIT_LEAST;
	return (is_ratio(base, other, RATIO) && apart >= RAN_LEAST) ||
	       (is_ratio(base, other, RAN_RATIO) && apart * many >= RAN_SUM);
}

/* By the clock itself too: what all others took longer makes nothing of what is the same. */
static bool is_other_time(
	const struct samples *a, const struct samples *b, double drift, bool waited)
{
	return is_apart(a, b, drift, waited) && is_apart(a, b, 1, waited) &&
	       (median(b) > median(a)) == (median(b) > median(a) * drift);
}

static void compare_times(
	struct comparing *comparing, uint32_t number, const struct node *node, bool waited)
{
	const struct samples *a = samples_of(node, 0, waited), *b = samples_of(node, 1, waited);
	double drift = waited ? comparing->ret->wait_drift : comparing->ret->drift;
	struct difference *row;

	if (!is_other_time(a, b, drift, waited))
		return;
	row = add(comparing, waited ? DIFFERENCE_WAITED : DIFFERENCE_RAN, number);
	if (!row)
		return;
	row->counts[0] = samples_percentile(a, 50);
	row->counts[1] = samples_percentile(b, 50);
	row->of[0] = a->seen;
	row->of[1] = b->seen;
	row->score = fabs(median(b) - median(a) * drift) * (double)b->seen;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static void compare_node(struct comparing *comparing, uint32_t number)
{
	const struct node *node = forest_node(comparing->forest, number);

	if (!node->sides[0] && !node->sides[1])
		return;
	if (!node->sides[0] || !node->sides[1]) {
		if (!node->is_pooled)
			find_only(comparing, number, node);
		return;
	}
	comparing->ret->common++;
	if (node->kind == NODE_CREATED || node->kind == NODE_ARMED)
		compare_calls(comparing, number, node);
	if (node->kind == NODE_CREATED)
		compare_alive(comparing, number, node);
	if (node->kind != NODE_RUN)
		return;
	compare_statuses(comparing, number, node);
	compare_runs(comparing, number, node);
	compare_times(comparing, number, node, false);
	compare_times(comparing, number, node, true);
}

static int by_score(const void *one, const void *other)
{
	const struct difference *a = one, *b = other;

	if (a->is_rare != b->is_rare)
		return a->is_rare - b->is_rare;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/*
 * The same call is told once, however many ways lead to it (the first round of what goes round is
 * one of its own), and so are calls from the same stack: what makes a timer starts it.
 */
static void join(struct comparing *comparing)
{
	struct comparison *ret = comparing->ret;
	struct keys calls = {0}, stacks = {0};
	uint32_t *first = calloc(2 * ret->count + 1, sizeof *first);
	size_t i;

	for (i = 0; first && i < ret->count; i++) {
		struct difference *row = &ret->rows[i];
		const struct node *node = forest_node(comparing->forest, row->node);
		uint32_t kind = (uint32_t)row->kind * 2 + row->is_rare;
		const uint32_t call[TERM_WORDS] = {
			kind, node->local, (uint32_t)row->status, (uint32_t)(node->local ? 0 : i)};
		const uint32_t stack[TERM_WORDS] = {
			kind, node->parent, node->stack, node->stack ? 0 : (uint32_t)i + 1};
		size_t calls_before = calls.count, stacks_before = stacks.count;
		uint32_t number = keys_add(&calls, call), from;
		struct difference *told;

		if (!number)
			break;
		if (number <= calls_before) {
			row->is_told = true;
			told = &ret->rows[first[number - 1]];
			told->ways +=
				forest_node(comparing->forest, told->node)->local == node->local;
			continue;
		}
		first[number - 1] = (uint32_t)i;
		if (row->kind != DIFFERENCE_ONLY_BASE && row->kind != DIFFERENCE_ONLY_OTHER)
			continue;
		from = keys_add(&stacks, stack);
		if (!from)
			break;
		if (from > stacks_before) {
			first[ret->count + from - 1] = (uint32_t)i;
			continue;
		}
		told = &ret->rows[first[ret->count + from - 1]];
		first[number - 1] = first[ret->count + from - 1];
		row->is_told = true;
		if (told->also_count < DIFFERENCE_ALSO)
			told->also[told->also_count] = row->node;
		told->also_count++;
		told->alive += row->alive;
	}
	comparing->failed |= !first;
	keys_deinit(&calls);
	keys_deinit(&stacks);
	free(first);
}

/* How many functions there are in the stacks of a side's calls, and how many of them have no name.
 */
static void count_functions(struct comparing *comparing, int side)
{
	const struct forest *forest = comparing->forest;
	bool *seen = calloc(forest->lexicon.stacks.count + 1, sizeof *seen);
	bool *named = calloc(forest->lexicon.count + 1, sizeof *named);
	uint32_t number, stack, function;

	for (number = 1; seen && named && number <= forest_count(forest); number++) {
		if (!forest_node(forest, number)->sides[side])
			continue;
		for (stack = forest_node(forest, number)->stack; stack && !seen[stack];
			stack = lexicon_caller(&forest->lexicon, stack)) {
			seen[stack] = true;
			function = lexicon_function(&forest->lexicon, stack);
			if (named[function])
				continue;
			named[function] = true;
			comparing->ret->functions[side]++;
			comparing->ret->unnamed[side] +=
				code_is_unnamed(lexicon_words(&forest->lexicon, function));
		}
	}
	comparing->failed |= !seen || !named;
	free(seen);
	free(named);
}

/* Those that are of what was asked for come first. */
static void set_order(struct comparison *ret, enum compare_by by)
{
	static const enum compare_by of[DIFFERENCE_KINDS] = {[DIFFERENCE_STATUS] = COMPARE_BY_RUNS,
		[DIFFERENCE_ALIVE] = COMPARE_BY_CREATED,
		[DIFFERENCE_CREATED] = COMPARE_BY_CREATED,
		[DIFFERENCE_RUNS] = COMPARE_BY_RUNS,
		[DIFFERENCE_RAN] = COMPARE_BY_TIME,
		[DIFFERENCE_WAITED] = COMPARE_BY_TIME};
	size_t count = 0;
	int pass, kind;

	for (pass = 0; pass < 2; pass++)
		for (kind = 0; kind < DIFFERENCE_KINDS; kind++)
			if ((by != COMPARE_BY_ALL && of[kind] == by) == !pass)
				ret->order[count++] = (enum difference_kind)kind;
}

int compare(struct comparison *ret, struct forest *forest, const struct compare_options *options,
	struct error *err)
{
	struct comparing comparing = {.ret = ret, .forest = forest, .options = options};
	size_t total = forest_count(forest), i;
	int side;

	*ret = (struct comparison){.drift = 1, .wait_drift = 1};
	set_order(ret, options->by);
	comparing.is_round = calloc(total + 1, sizeof *comparing.is_round);
	for (side = 0; side < FOREST_SIDES; side++) {
		comparing.sums[side] = calloc(total + 1, sizeof *comparing.sums[side]);
		comparing.has[side] = calloc(forest->locals.count + 1, sizeof *comparing.has[side]);
	}
	if (!comparing.is_round || !comparing.sums[0] || !comparing.sums[1] || !comparing.has[0] ||
		!comparing.has[1]) {
		comparing.failed = true;
		goto out;
	}
	for (i = 0; i < forest->folds.count && i < forest->fold_capacity; i++)
		comparing.is_round[forest->folded[i] - 1] = true;
	sum_up(&comparing, 0);
	sum_up(&comparing, 1);
	ret->drift = find_drift(&comparing, false);
	ret->wait_drift = find_drift(&comparing, true);
	for (i = 1; i <= total; i++)
		compare_node(&comparing, (uint32_t)i);
	if (ret->count)
		qsort(ret->rows, ret->count, sizeof ret->rows[0], by_score);
	for (i = 0; i < ret->count; i++)
		ret->rare += ret->rows[i].is_rare;
	join(&comparing);
	count_functions(&comparing, 0);
	count_functions(&comparing, 1);
out:
	free(comparing.is_round);
	free(comparing.sums[0]);
	free(comparing.sums[1]);
	free(comparing.has[0]);
	free(comparing.has[1]);
	return comparing.failed ? error_set(err, "out of memory") : 0;
}

void comparison_deinit(struct comparison *comparison)
{
	free(comparison->rows);
	*comparison = (struct comparison){0};
}
