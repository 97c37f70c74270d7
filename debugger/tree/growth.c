/*
 * The tree of single things: see growth.h. Promises an end and bounded memory: a link leads to a
 * smaller ID within a process, and the number of things and of rows read are limited.
 */
#include "debugger/tree/growth_internal.h"
#include "debugger/tree/packing.h"

#include <stdlib.h>
#include <string.h>

void growth_deinit(struct growth *growth)
{
	free(growth->shoots);
	kinds_destroy(growth->kinds);
	*growth = (struct growth){0};
}

static struct shoot *new_shoot(struct growth *growth, struct error *err)
{
	if (growth->count == growth->capacity) {
		uint32_t capacity = growth->capacity ? growth->capacity * 2 : 64;
		struct shoot *shoots = realloc(growth->shoots, capacity * sizeof *shoots);

		if (!shoots) {
			error_set(err, "out of memory");
			return NULL;
		}
		growth->shoots = shoots;
		growth->capacity = capacity;
	}
	return &growth->shoots[growth->count];
}

/* The type of what a sprout is of, where that does not tell it itself. */
static int type_of(struct grower *grower, const struct sprout *sprout, uint32_t parent,
	int64_t *ret, struct error *err)
{
	struct growth *growth = grower->growth;
	struct resource_row resource;

	*ret = UNKNOWN;
	if (sprout->kind == SPROUT_RESOURCE)
		return 0;
	if (parent != GROWTH_NONE) {
		const struct shoot *shoot = &growth->shoots[parent];

		if (shoot->sprout.kind != SPROUT_RUN &&
			shoot->sprout.async_id == sprout->async_id) {
			*ret = kinds_at(growth->kinds, shoot->kind_key)->type_id;
			return 0;
		}
	}
	if (lookup_resource(grower->recording, sprout->async_id, &resource, err) < 0)
		return -1;
	*ret = resource.type.type_id;
	return 0;
}

static void hang(struct growth *growth, uint32_t number, uint32_t parent)
{
	struct shoot *shoot = &growth->shoots[number], *above;

	shoot->parent = parent;
	shoot->first_child = shoot->last_child = shoot->next = GROWTH_NONE;
	if (parent == GROWTH_NONE)
		return;
	above = &growth->shoots[parent];
	shoot->generation = above->generation +
			    (above->sprout.kind == SPROUT_RUN || above->parent == GROWTH_NONE);
	if (above->last_child == GROWTH_NONE)
		above->first_child = number;
	else
		growth->shoots[above->last_child].next = number;
	above->last_child = number;
}

/*
 * Is a run further up already? Within a process IDs only grow; from one to another a damaged
 * recording may lead in a circle.
 */
static bool is_circle(const struct growth *growth, const struct sprout *sprout, uint32_t parent)
{
	bool crosses = false;
	uint32_t i;

	if (sprout->kind != SPROUT_RUN)
		return false;
	for (i = parent; i != GROWTH_NONE; i = growth->shoots[i].parent) {
		const struct sprout *above = &growth->shoots[i].sprout;

		if (above->kind != SPROUT_RUN)
			continue;
		crosses |= id_process(above->id) != id_process(sprout->id);
		if (!crosses)
			return above->id >= sprout->id;
		if (above->id == sprout->id)
			return true;
	}
	return false;
}

/* All callbacks of the resource that was asked for hang on it, whoever armed them. */
static bool is_of_root(const struct growth *growth, const struct sprout *sprout, uint32_t at)
{
	const struct sprout *root = &growth->shoots[0].sprout;

	return growth->count && at && root->kind == SPROUT_RESOURCE &&
	       sprout->async_id == root->async_id &&
	       (sprout->kind == SPROUT_RUN || sprout->kind == SPROUT_ARMING);
}

int growth_add(
	struct grower *grower, const struct sprout *sprout, uint32_t parent, struct error *err)
{
	struct growth *growth = grower->growth;
	struct shoot *shoot;
	int64_t type_id, key;

	if (growth->count >= grower->options->most) {
		growth->is_cut = true;
		if (parent != GROWTH_NONE)
			growth->shoots[parent].has_more = true;
		growth->shoots[grower->at].has_more = true;
		return 1;
	}
	if (type_of(grower, sprout, parent, &type_id, err))
		return -1;
	key = kinds_find(growth->kinds, sprout, type_id, err);
	shoot = key < 0 ? NULL : new_shoot(growth, err);
	if (!shoot)
		return -1;
	*shoot = (struct shoot){.sprout = *sprout, .kind_key = (uint32_t)key};
	shoot->is_leaf = grower->as_leaf && sprout->kind == SPROUT_RUN;
	hang(growth, growth->count, parent);
	growth->count++;
	return 0;
}

static int remember_made(struct grower *grower, int64_t async_id, struct error *err)
{
	if (grower->made_count == grower->made_capacity) {
		size_t capacity = grower->made_capacity ? grower->made_capacity * 2 : 64;
		struct made *made = realloc(grower->made, capacity * sizeof *made);

		if (!made)
			return error_set(err, "out of memory");
		grower->made = made;
		grower->made_capacity = capacity;
	}
	grower->made[grower->made_count++] = (struct made){async_id, grower->growth->count - 1};
	return 0;
}

static int compare_made(const void *a, const void *b)
{
	const struct made *x = a, *y = b;

	return x->async_id < y->async_id ? -1 : x->async_id > y->async_id;
}

/* What the run made of that ID; `at` when it was made elsewhere. */
static uint32_t maker_of(const struct grower *grower, int64_t async_id)
{
	const struct made wanted = {async_id, 0}, *found = NULL;

	if (grower->made_count)
		found = bsearch(
			&wanted, grower->made, grower->made_count, sizeof wanted, compare_made);
	return found ? found->shoot : grower->at;
}

/* Resources come by ID from each of two tables, before any arming. */
static void sort_made(struct grower *grower)
{
	if (grower->made_count && !grower->is_sorted)
		qsort(grower->made, grower->made_count, sizeof grower->made[0], compare_made);
	grower->is_sorted = true;
}

/* By cause: whether another run made it fire, of which it is to be shown then. */
static int is_fired(struct grower *grower, const struct sprout *run, bool *ret, struct error *err)
{
	struct cause_row cause;
	int found;

	*ret = false;
	if (grower->options->by != EDGE_CAUSE || run->cause_id == UNKNOWN)
		return 0;
	found = lookup_cause(grower->recording, run->cause_id, &cause, err);
	*ret = found == 1 && cause.run_id != UNKNOWN;
	return found < 0 ? -1 : 0;
}

/* That the after part of a uv_work_t follows its work part goes without saying. */
static int is_for_granted(
	struct grower *grower, const struct sprout *cause, bool *ret, struct error *err)
{
	struct kinds *kinds = grower->growth->kinds;
	int64_t key = kinds_find(kinds, cause, UNKNOWN, err);
	const char *name = key < 0 ? NULL : kinds_at(kinds, (uint32_t)key)->cause;

	*ret = grower->options->by == EDGE_LINK && name && !strcmp(name, "work");
	return key < 0 ? -1 : 0;
}

static int take(void *state, const struct sprout *sprout, struct error *err)
{
	struct grower *grower = state;
	struct growth *growth = grower->growth;
	bool fired, granted;
	uint32_t parent;
	int result;

	if (is_of_root(growth, sprout, grower->at))
		return 0;

	switch (sprout->kind) {
	case SPROUT_RESOURCE:
		result = growth_add(grower, sprout, grower->at, err);
		if (!result && remember_made(grower, sprout->async_id, err))
			return -1;
		break;
	case SPROUT_ARMING:
		sort_made(grower);
		result = growth_add(grower, sprout, maker_of(grower, sprout->async_id), err);
		break;
	case SPROUT_CAUSE:
		result = is_for_granted(grower, sprout, &granted, err);
		return result || granted ? result : growth_add(grower, sprout, grower->at, err);
	default:
		if (is_fired(grower, sprout, &fired, err))
			return -1;
		parent = grower->last == GROWTH_NONE ? grower->at : grower->last;
		return fired || is_circle(growth, sprout, parent)
			       ? 0
			       : growth_add(grower, sprout, parent, err);
	}
	if (!result)
		grower->last = growth->count - 1;
	return result;
}

/* Runs that a cause made happen. */
static int take_caused(void *state, const struct sprout *sprout, struct error *err)
{
	struct grower *grower = state;

	if (is_circle(grower->growth, sprout, grower->at) ||
		(!grower->as_leaf && is_of_root(grower->growth, sprout, grower->at)))
		return 0;
	return growth_add(grower, sprout, grower->at, err);
}

static int add_caused(struct grower *grower, uint32_t from, struct error *err)
{
	struct growth *growth = grower->growth;
	uint32_t i, end = growth->count;

	grower->as_leaf = grower->options->by != EDGE_CAUSE;
	for (i = from; i < end; i++) {
		struct sprout cause = growth->shoots[i].sprout;

		if (cause.kind != SPROUT_CAUSE)
			continue;
		grower->at = i;
		if (offspring_of_cause(
			    grower->offspring, cause.id, cause.run_id, take_caused, grower, err))
			return -1;
	}
	grower->as_leaf = false;
	return 0;
}

static void leave(struct growth *growth, uint32_t number)
{
	growth->shoots[number].is_unfollowed = true;
	growth->unfollowed++;
}

static int expand(struct grower *grower, uint32_t number, struct error *err)
{
	struct growth *growth = grower->growth;
	const struct sprout run = growth->shoots[number].sprout;
	int64_t ended_ns = UNKNOWN, until_ns;
	uint32_t first = growth->count;

	if (run.ns != UNKNOWN && run.duration_ns != UNKNOWN &&
		(run.duration_ns < 0 || __builtin_add_overflow(run.ns, run.duration_ns, &ended_ns)))
		ended_ns = UNKNOWN;
	grower->at = number;
	grower->last = GROWTH_NONE;
	grower->made_count = 0;
	grower->is_sorted = false;
	if (offspring_of_run(
		    grower->offspring, run.id, run.ns, ended_ns, take, grower, &until_ns, err))
		return -1;
	if (until_ns != UNKNOWN) {
		growth->is_cut = true;
		growth->looked_until_ns = until_ns;
		growth->looked_run_id = run.id;
		growth->shoots[number].has_more = true;
	}
	if (growth->shoots[number].has_more)
		leave(growth, number);
	return add_caused(grower, first, err);
}

/* Level by level: what was added last is the last to be gone on with. */
static int expand_all(struct grower *grower, struct error *err)
{
	struct growth *growth = grower->growth;
	int64_t depth = grower->options->depth;
	uint32_t i;

	for (i = 0; i < growth->count; i++) {
		const struct shoot *shoot = &growth->shoots[i];

		if (shoot->sprout.kind != SPROUT_RUN || shoot->is_leaf)
			continue;
		if (reader_is_interrupted())
			return error_set(err, "interrupted");
		if (depth != UNKNOWN && shoot->generation >= depth) {
			leave(growth, i);
		} else if (growth->count >= grower->options->most ||
			   !offspring_may_go_on(grower->offspring)) {
			growth->is_cut = true;
			leave(growth, i);
		} else if (expand(grower, i, err)) {
			return -1;
		}
	}
	return 0;
}

static int take_root(void *state, const struct sprout *sprout, struct error *err)
{
	struct grower *grower = state;

	return grower->growth->count ? 1 : growth_add(grower, sprout, GROWTH_NONE, err);
}

static int begin_at_run(struct grower *grower, int64_t run_id, int64_t thread_id, struct error *err)
{
	struct sprout none;
	struct execution in;
	int found = execution_load(grower->recording, grower->cache, run_id, thread_id, &in, err);

	if (found < 0)
		return -1;
	if (!found)
		return point_not_there(grower->recording, &(struct point){POINT_RUN, run_id}, err);
	if (offspring_run_itself(grower->offspring, &in.run, take_root, grower, err))
		return -1;
	if (grower->growth->count)
		return 0;
	/* A root run of which there is no row. */
	packing_forget(&none, SPROUT_RUN);
	none.id = run_id;
	none.async_id = in.run.async_id;
	none.ns = in.run.began_ns;
	none.duration_ns = in.run.duration_ns;
	return take_root(grower, &none, err) < 0 ? -1 : 0;
}

static int begin_at_resource(struct grower *grower, int64_t async_id, struct error *err)
{
	struct resource_row resource;
	int found = lookup_resource(grower->recording, async_id, &resource, err);

	if (found < 0)
		return -1;
	if (!found)
		return point_not_there(
			grower->recording, &(struct point){POINT_ASYNC, async_id}, err);
	if (offspring_resource_itself(grower->offspring, async_id, take_root, grower, err))
		return -1;
	grower->at = 0;
	grower->last = GROWTH_NONE;
	return offspring_of_resource(grower->offspring, &resource, take, grower, err);
}

static int begin_at_thread(struct grower *grower, int64_t thread_id, struct error *err)
{
	struct thread_row thread;
	int found = lookup_thread(grower->recording, thread_id, &thread, err);

	if (found < 0)
		return -1;
	if (!found || thread.root_run_id == UNKNOWN)
		return point_not_there(
			grower->recording, &(struct point){POINT_THREAD, thread_id}, err);
	return begin_at_run(grower, thread.root_run_id, thread_id, err);
}

static int begin_at_process(struct grower *grower, int64_t process_id, struct error *err)
{
	static const char sql[] = "SELECT thread_id FROM main.thread WHERE process_id = ?1"
				  " AND role = 'main' ORDER BY thread_id LIMIT 1";
	int64_t thread_id = UNKNOWN;
	sqlite3_stmt *row;
	int found;

	if (sqlite3_prepare_v2(reader_database(grower->recording), sql, -1, &row, NULL))
		return reader_error(grower->recording, NULL, err);
	sqlite3_bind_int64(row, 1, process_id);
	found = reader_step(grower->recording, row, err);
	if (found == 1)
		thread_id = lookup_column(row, 0);
	sqlite3_finalize(row);
	if (found < 0)
		return -1;
	if (!found)
		return point_not_there(
			grower->recording, &(struct point){POINT_PROCESS, process_id}, err);
	return begin_at_thread(grower, thread_id, err);
}

/* What a point that is no run was written or died in. */
static int run_of_point(
	struct grower *grower, const struct point *point, int64_t *run_id, struct error *err)
{
	struct crash_row crash = {.run_id = UNKNOWN};
	struct log_row log = {.run_id = UNKNOWN};
	int found = point->kind == POINT_LOG
			    ? lookup_log(grower->recording, point->id, &log, err)
			    : lookup_crash(grower->recording, point->id, &crash, err);

	if (found < 0)
		return -1;
	if (!found)
		return point_not_there(grower->recording, point, err);
	*run_id = point->kind == POINT_LOG ? log.run_id : crash.run_id;
	return *run_id == UNKNOWN
		       ? error_set(err,
				 "in which run that was is not known: there is nothing to follow")
		       : 0;
}

static int begin(struct grower *grower, struct error *err)
{
	const struct point *point = &grower->growth->point;
	int64_t run_id;

	switch (point->kind) {
	case POINT_ASYNC:
		return begin_at_resource(grower, point->id, err);
	case POINT_RUN:
		return begin_at_run(grower, point->id, UNKNOWN, err);
	case POINT_THREAD:
		return begin_at_thread(grower, point->id, err);
	case POINT_PROCESS:
		return begin_at_process(grower, point->id, err);
	default:
		if (run_of_point(grower, point, &run_id, err))
			return -1;
		return begin_at_run(grower, run_id, UNKNOWN, err);
	}
}

/* Which kinds are below, from the last to the first: a parent is before its children. */
static void gather_below(struct growth *growth)
{
	uint32_t i;

	for (i = growth->count; i-- > 0;) {
		struct shoot *shoot = &growth->shoots[i], *parent;

		shoot->below[shoot->kind_key / 64 % 2] |= UINT64_C(1) << shoot->kind_key % 64;
		shoot->has_unfollowed |= shoot->is_unfollowed || shoot->has_more;
		if (shoot->parent == GROWTH_NONE)
			continue;
		parent = &growth->shoots[shoot->parent];
		parent->below[0] |= shoot->below[0];
		parent->below[1] |= shoot->below[1];
		parent->has_unfollowed |= shoot->has_unfollowed;
	}
}

static int begin_by_trigger(struct grower *grower, struct error *err)
{
	struct growth *growth = grower->growth;
	int64_t async_id = growth->point.id;

	if (growth->point.kind != POINT_ASYNC) {
		if (begin(grower, err))
			return -1;
		async_id = growth->count ? growth->shoots[0].sprout.async_id : UNKNOWN;
	}
	if (async_id == UNKNOWN)
		return error_set(err, "what that was a run of is not known: there is no trigger");
	growth->count = 0;
	growth->is_cut = false;
	if (offspring_resource_itself(grower->offspring, async_id, take_root, grower, err))
		return -1;
	return growth->count ? 0
			     : point_not_there(grower->recording,
				       &(struct point){POINT_ASYNC, async_id}, err);
}

static int grow(struct grower *grower, struct error *err)
{
	if (grower->options->by == EDGE_TRIGGER)
		return begin_by_trigger(grower, err) || growth_by_trigger(grower, err) ? -1 : 0;
	return begin(grower, err) || expand_all(grower, err) ? -1 : 0;
}

int growth_init(struct growth *growth, struct reader *recording, struct frames_cache *cache,
	const struct point *point, const struct growth_options *options, struct error *err)
{
	struct grower grower = {.growth = growth,
		.recording = recording,
		.cache = cache,
		.options = options,
		.last = GROWTH_NONE};
	int result;

	*growth = (struct growth){.point = *point,
		.looked_until_ns = UNKNOWN,
		.looked_run_id = UNKNOWN,
		.kinds = kinds_create(recording, cache)};
	if (!growth->kinds)
		return error_set(err, "out of memory");
	if (point_resolve(recording, &growth->point, err))
		return -1;
	/* One pass over a table takes longer than a look-up may; each is bounded by its rows. */
	reader_set_budget(recording, 0);
	result = offspring_create(&grower.offspring, recording, options->budget, err);
	if (!result)
		result = grow(&grower, err);
	offspring_destroy(grower.offspring);
	reader_set_budget(recording, READER_BUDGET);
	free(grower.made);
	if (!result)
		gather_below(growth);
	return result;
}
