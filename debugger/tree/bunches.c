/*
 * Folding: see bunches.h. Promises an end: each thing is in one bunch. Memory is a few numbers for
 * each thing. Must not look anything up.
 */
#include "debugger/tree/bunches.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN_LEVELS 24 /* how far below a run its repeat may be: eight callbacks */
#define CHAIN_LEAST  2	/* repeats, after the first */
#define SHAPES_MOST  4	/* ways in which what is below may differ; more are one bunch */

/* A child while its bunch is looked for. */
struct candidate {
	uint32_t shoot, bunch;
};

struct folder {
	struct bunches *bunches;
	const struct growth *growth;
	bool full;
	bool *taken;   /* shoots that are in a bunch */
	bool *leading; /* shoots of which a repeat came */
	struct candidate *candidates;
	uint32_t candidate_count;
	uint32_t *found; /* repeats while they are counted */
	uint32_t found_count;
};

void bunches_deinit(struct bunches *bunches)
{
	free(bunches->rows);
	free(bunches->members);
	*bunches = (struct bunches){0};
}

static int add_bunch(struct bunches *bunches, const struct bunch *bunch, struct error *err)
{
	if (bunches->count == bunches->capacity) {
		uint32_t capacity = bunches->capacity ? bunches->capacity * 2 : 64;
		struct bunch *rows = realloc(bunches->rows, capacity * sizeof *rows);

		if (!rows)
			return error_set(err, "out of memory");
		bunches->rows = rows;
		bunches->capacity = capacity;
	}
	bunches->rows[bunches->count++] = *bunch;
	return 0;
}

/* --- repeats ------------------------------------------------------------------------------------
 */

/* Runs of the kind below a shoot, the nearest on each way down. */
static void find_repeats(struct folder *folder, uint32_t number, uint32_t kind_key, int levels)
{
	const struct shoot *shoots = folder->growth->shoots;
	uint32_t child = shoots[number].first_child;

	for (; child != GROWTH_NONE; child = shoots[child].next) {
		/* What is in a bunch already is followed there. */
		if (folder->taken[child])
			continue;
		if (shoots[child].sprout.kind == SPROUT_RUN && shoots[child].kind_key == kind_key &&
			!shoots[child].is_leaf)
			folder->found[folder->found_count++] = child;
		else if (levels > 1 && !shoots[child].is_leaf &&
			 shoots[child].below[kind_key / 64 % 2] >> kind_key % 64 & 1)
			find_repeats(folder, child, kind_key, levels - 1);
	}
}

/* Takes into a bunch the runs that came of its members and are the same again. */
static void take_repeats(struct folder *folder, struct bunch *bunch)
{
	const struct shoot *shoots = folder->growth->shoots;
	struct bunches *bunches = folder->bunches;
	const char *class = kinds_at(folder->growth->kinds, bunch->kind_key)->class;
	uint32_t i, of;

	/* A process that a process of the same program starts is not the same again. */
	if (folder->full || (class && !strcmp(class, "root")) ||
		shoots[bunches->members[bunch->first]].sprout.kind != SPROUT_RUN ||
		shoots[bunches->members[bunch->first]].is_leaf)
		return;
	folder->found_count = 0;
	for (i = 0; i < bunch->count; i++)
		find_repeats(
			folder, bunches->members[bunch->first + i], bunch->kind_key, CHAIN_LEVELS);
	for (of = 0; of < folder->found_count; of++)
		find_repeats(folder, folder->found[of], bunch->kind_key, CHAIN_LEVELS);
	if (folder->found_count < CHAIN_LEAST)
		return;
	for (i = 0; i < folder->found_count; i++) {
		folder->taken[folder->found[i]] = true;
		folder->leading[shoots[folder->found[i]].parent] = true;
		bunches->members[bunches->member_count++] = folder->found[i];
		bunch->unfollowed += shoots[folder->found[i]].is_unfollowed;
		bunch->has_more |= shoots[folder->found[i]].has_more;
	}
	bunch->repeats = folder->found_count;
	bunch->count += folder->found_count;
}

/* --- children -----------------------------------------------------------------------------------
 */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_times(const void *a, const void *b, void *growth)
{
	const struct shoot *shoots = ((const struct growth *)growth)->shoots;
	const struct shoot *x = &shoots[((const struct candidate *)a)->shoot];
	const struct shoot *y = &shoots[((const struct candidate *)b)->shoot];

	if (x->sprout.ns != y->sprout.ns)
		return x->sprout.ns < y->sprout.ns ? -1 : 1;
	return compare_numbers(
		((const struct candidate *)a)->shoot, ((const struct candidate *)b)->shoot);
}

static int compare_shapes(const void *a, const void *b, void *growth)
{
	const struct shoot *shoots = ((const struct growth *)growth)->shoots;
	const struct shoot *x = &shoots[((const struct candidate *)a)->shoot];
	const struct shoot *y = &shoots[((const struct candidate *)b)->shoot];
	int order = compare_numbers(x->kind_key, y->kind_key);

	if (!order)
		order = compare_numbers(x->below[0], y->below[0]);
	if (!order)
		order = compare_numbers(x->below[1], y->below[1]);
	return order ? order : compare_times(a, b, growth);
}

static int compare_bunches(const void *a, const void *b, void *growth)
{
	int order = compare_numbers(
		((const struct candidate *)a)->bunch, ((const struct candidate *)b)->bunch);

	return order ? order : compare_times(a, b, growth);
}

static bool same_shape(const struct shoot *a, const struct shoot *b)
{
	return a->kind_key == b->kind_key && a->below[0] == b->below[0] &&
	       a->below[1] == b->below[1];
}

static bool is_within(const struct shoot *part, const struct shoot *whole)
{
	return !(part->below[0] & ~whole->below[0]) && !(part->below[1] & ~whole->below[1]);
}

/* A way in which things of one kind have things below: from one candidate up to the next. */
struct shape {
	uint32_t first, end, bunch;
	bool is_partial; /* some are not followed: it may be another shape in truth */
};

/*
 * Gives the shapes of one kind numbers of bunches, from `*next` on. What was not followed goes with
 * the most frequent shape that it may be; and when there are too many ways, all are one.
 */
static void number_shapes(const struct folder *folder, struct shape *shapes, uint32_t count,
	bool too_many, uint32_t *next)
{
	const struct shoot *shoots = folder->growth->shoots;
	uint32_t i, j;

	for (i = 0; i < count; i++)
		shapes[i].bunch = too_many ? *next : GROWTH_NONE;
	for (i = 0; !too_many && i < count; i++) {
		uint32_t best = GROWTH_NONE, most = 0;

		for (j = 0; shapes[i].is_partial && j < count; j++) {
			if (j == i || (shapes[j].is_partial && j > i) ||
				shapes[j].end - shapes[j].first <= most ||
				!is_within(&shoots[folder->candidates[shapes[i].first].shoot],
					&shoots[folder->candidates[shapes[j].first].shoot]))
				continue;
			best = j;
			most = shapes[j].end - shapes[j].first;
		}
		/* One that was numbered, or will be: the whole ones do not move. */
		if (best != GROWTH_NONE && shapes[best].bunch == GROWTH_NONE)
			shapes[best].bunch = (*next)++;
		if (best != GROWTH_NONE)
			shapes[i].bunch = shapes[best].bunch;
		else if (shapes[i].bunch == GROWTH_NONE)
			shapes[i].bunch = (*next)++;
	}
	*next += too_many;
}

/* One kind of candidates, from `first` to `end`. Returns whether all had to be one bunch. */
static bool number_kind(struct folder *folder, uint32_t first, uint32_t end, uint32_t *next)
{
	struct shape shapes[4 * SHAPES_MOST] = {{0}};
	const struct shoot *shoots = folder->growth->shoots;
	uint32_t count = 0, whole = 0, i;
	bool too_many = false;

	for (i = first; i < end; i++) {
		const struct shoot *shoot = &shoots[folder->candidates[i].shoot];

		if (i == first || !same_shape(shoot, &shoots[folder->candidates[i - 1].shoot])) {
			if (count == sizeof shapes / sizeof shapes[0]) {
				too_many = true;
				break;
			}
			shapes[count++] = (struct shape){i, i, GROWTH_NONE, false};
		}
		shapes[count - 1].end = i + 1;
		shapes[count - 1].is_partial |= shoot->has_unfollowed;
	}
	for (i = 0; i < count; i++)
		whole += !shapes[i].is_partial;
	too_many |= whole > SHAPES_MOST;
	if (too_many)
		shapes[count - 1].end = end;
	number_shapes(folder, shapes, count, too_many, next);
	while (count-- > 0)
		for (i = shapes[count].first; i < shapes[count].end; i++)
			folder->candidates[i].bunch = shapes[count].bunch;
	return too_many;
}

static void sort(struct folder *folder, int (*compare)(const void *, const void *, void *))
{
	if (folder->candidate_count)
		qsort_r(folder->candidates, folder->candidate_count, sizeof folder->candidates[0],
			compare, (void *)folder->growth);
}

static void number_all(struct folder *folder)
{
	const struct shoot *shoots = folder->growth->shoots;
	struct candidate *candidates = folder->candidates;
	uint32_t i, first, next = 0;

	if (folder->full) {
		sort(folder, compare_times);
		for (i = 0; i < folder->candidate_count; i++)
			candidates[i].bunch = i;
		return;
	}
	sort(folder, compare_shapes);
	for (first = 0; first < folder->candidate_count; first = i) {
		uint32_t kind_key = shoots[candidates[first].shoot].kind_key;

		for (i = first; i < folder->candidate_count &&
				shoots[candidates[i].shoot].kind_key == kind_key;)
			i++;
		number_kind(folder, first, i, &next);
	}
	sort(folder, compare_bunches);
}

/* Bunches of one parent by the time of their first members: a chain that is sorted by inserting. */
static void hang(struct folder *folder, uint32_t number, uint32_t parent)
{
	struct bunch *rows = folder->bunches->rows;
	const uint32_t *members = folder->bunches->members;
	const struct shoot *shoots = folder->growth->shoots;
	int64_t ns = shoots[members[rows[number].first]].sprout.ns;
	uint32_t before = GROWTH_NONE, after = rows[parent].first_child;

	/* Mostly they come in order: the last is looked at first. */
	if (rows[parent].last_child != GROWTH_NONE &&
		shoots[members[rows[rows[parent].last_child].first]].sprout.ns <= ns) {
		before = rows[parent].last_child;
		after = GROWTH_NONE;
	}
	while (after != GROWTH_NONE && shoots[members[rows[after].first]].sprout.ns <= ns) {
		before = after;
		after = rows[after].next;
	}
	rows[number].next = after;
	if (before == GROWTH_NONE)
		rows[parent].first_child = number;
	else
		rows[before].next = number;
	if (after == GROWTH_NONE)
		rows[parent].last_child = number;
}

static int add_child(
	struct folder *folder, uint32_t first, uint32_t end, uint32_t parent, struct error *err)
{
	const struct shoot *shoots = folder->growth->shoots;
	struct bunches *bunches = folder->bunches;
	struct bunch bunch = {.first = bunches->member_count,
		.count = end - first,
		.parent = parent,
		.first_child = GROWTH_NONE,
		.last_child = GROWTH_NONE,
		.next = GROWTH_NONE,
		.kind_key = shoots[folder->candidates[first].shoot].kind_key};
	uint32_t i;

	for (i = first; i < end; i++) {
		const struct shoot *shoot = &shoots[folder->candidates[i].shoot];

		bunches->members[bunches->member_count++] = folder->candidates[i].shoot;
		folder->taken[folder->candidates[i].shoot] = true;
		bunch.unfollowed += shoot->is_unfollowed;
		bunch.has_more |= shoot->has_more;
		bunch.leads_back |= folder->leading[folder->candidates[i].shoot];
		bunch.is_mixed |= !shoot->has_unfollowed &&
				  !same_shape(shoot, &shoots[folder->candidates[first].shoot]);
	}
	take_repeats(folder, &bunch);
	if (add_bunch(bunches, &bunch, err))
		return -1;
	hang(folder, bunches->count - 1, parent);
	return 0;
}

static int add_children(struct folder *folder, uint32_t number, struct error *err)
{
	const struct shoot *shoots = folder->growth->shoots;
	const struct bunch *bunch = &folder->bunches->rows[number];
	uint32_t i, first, child;

	folder->candidate_count = 0;
	for (i = bunch->first; i < bunch->first + bunch->count; i++) {
		child = shoots[folder->bunches->members[i]].first_child;
		for (; child != GROWTH_NONE; child = shoots[child].next)
			if (!folder->taken[child])
				folder->candidates[folder->candidate_count++].shoot = child;
	}
	number_all(folder);
	for (first = 0; first < folder->candidate_count; first = i) {
		for (i = first; i < folder->candidate_count &&
				folder->candidates[i].bunch == folder->candidates[first].bunch;)
			i++;
		if (add_child(folder, first, i, number, err))
			return -1;
	}
	return 0;
}

static int fold(struct folder *folder, struct error *err)
{
	struct bunches *bunches = folder->bunches;
	struct bunch root = {.count = 1,
		.parent = GROWTH_NONE,
		.first_child = GROWTH_NONE,
		.last_child = GROWTH_NONE,
		.next = GROWTH_NONE,
		.kind_key = folder->growth->shoots[0].kind_key,
		.unfollowed = folder->growth->shoots[0].is_unfollowed,
		.has_more = folder->growth->shoots[0].has_more};
	uint32_t i;

	bunches->members[bunches->member_count++] = 0;
	take_repeats(folder, &root);
	if (add_bunch(bunches, &root, err))
		return -1;
	for (i = 0; i < bunches->count; i++)
		if (add_children(folder, i, err))
			return -1;
	return 0;
}

int bunches_init(struct bunches *bunches, const struct growth *growth, bool full, struct error *err)
{
	struct folder folder = {.bunches = bunches, .growth = growth, .full = full};
	int result;

	*bunches = (struct bunches){.growth = growth};
	bunches->members = malloc(growth->count * sizeof bunches->members[0]);
	folder.taken = calloc(growth->count, sizeof folder.taken[0]);
	folder.leading = calloc(growth->count, sizeof folder.leading[0]);
	folder.candidates = malloc(growth->count * sizeof folder.candidates[0]);
	folder.found = malloc(growth->count * sizeof folder.found[0]);
	if (!bunches->members || !folder.taken || !folder.leading || !folder.candidates ||
		!folder.found)
		result = error_set(err, "out of memory");
	else
		result = fold(&folder, err);
	free(folder.taken);
	free(folder.leading);
	free(folder.candidates);
	free(folder.found);
	return result;
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static int compare_integers(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int bunches_spread(const struct bunches *bunches, const struct bunch *bunch, enum spread_of of,
	struct spread *ret, struct error *err)
{
	int64_t *numbers = malloc(bunch->count * sizeof *numbers);
	uint32_t i;

	*ret = (struct spread){0, UNKNOWN, UNKNOWN, UNKNOWN};
	if (!numbers)
		return error_set(err, "out of memory");
	for (i = 0; i < bunch->count; i++) {
		const struct sprout *sprout =
			&bunches->growth->shoots[bunches->members[bunch->first + i]].sprout;
		int64_t number = of == SPREAD_WAIT	 ? sprout->wait_ns
				 : of == SPREAD_DURATION ? sprout->duration_ns
							 : sprout->ns;

		if (number != UNKNOWN)
			numbers[ret->count++] = number;
	}
	if (ret->count) {
		qsort(numbers, ret->count, sizeof *numbers, compare_integers);
		ret->least = numbers[0];
		ret->median = numbers[(ret->count - 1) / 2];
		ret->most = numbers[ret->count - 1];
	}
	free(numbers);
	return 0;
}
