/*
 * Where values of a context were lost or replaced: see context_path.h. Compares, at each boundary,
 * what a run began with with what was in force where it was armed and where it was made to fire.
 * Says nothing where a side is not known.
 */
#include "debugger/context/context_path.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX  1000
#define ROWS_MAX     200000 /* of `context`, that are read for one async stack */
#define SEGMENTS_MAX 2000

/* A boundary, and one of the two sides that a run came of. */
struct side {
	const struct context_values *own;   /* what the run began with */
	const struct context_values *there; /* what was in force on the other side */
	struct context_change row;	    /* what is to be said, but for key and values */
};

void context_path_deinit(struct context_path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		free(path->rows[i].key);
		free(path->rows[i].value);
		free(path->rows[i].there);
	}
	free(path->rows);
	*path = (struct context_path){0};
}

static bool is_told(const struct context_path *path, const struct context_change *row,
	const struct context_value *value)
{
	for (size_t i = 0; i < path->count; i++) {
		const struct context_change *told = &path->rows[i];

		/* One setting may be too late for many: the last of them says it. */
		if (row->kind == CONTEXT_LATE
				? told->kind == CONTEXT_LATE &&
					  told->there_context_id == value->context_id
				: told->run_id == row->run_id && told->edge == row->edge &&
					  told->kind != CONTEXT_LATE &&
					  told->in.run.run_id == row->in.run.run_id &&
					  !strcmp(told->key, value->key))
			return true;
	}
	return false;
}

static int make_room(struct context_path *path, struct error *err)
{
	size_t capacity = path->capacity ? path->capacity * 2 : 16;
	struct context_change *rows;

	if (path->count < path->capacity)
		return 0;
	rows = realloc(path->rows, capacity * sizeof *rows);
	if (!rows)
		return error_set(err, "out of memory");
	path->rows = rows;
	path->capacity = capacity;
	return 0;
}

static int add_change(struct context_path *path, const struct side *side,
	const struct context_value *value, struct error *err)
{
	const struct context_value *own = context_values_find(side->own, value->key, true);
	struct context_change *row;

	if (is_told(path, &side->row, value))
		return 0;
	if (path->count == CHANGES_MAX) {
		path->is_full = true;
		return 0;
	}
	if (make_room(path, err))
		return -1;
	row = &path->rows[path->count];
	*row = side->row;
	if (row->kind != CONTEXT_LATE)
		row->kind = own ? CONTEXT_REPLACED : CONTEXT_LOST;
	row->there_run_id = value->run_id;
	row->there_context_id = value->context_id;
	row->set_ns = value->set_ns;
	row->stack_id = value->stack_id;
	row->key = strdup(value->key);
	row->there = strdup(value->value);
	row->value = own ? strdup(own->value) : NULL;
	path->count++;
	return row->key && row->there && (row->value || !own) ? 0 : error_set(err, "out of memory");
}

/* Keys that were in force there, and that the run began without, or with another value. */
static int compare(
	struct context_path *path, const struct side *side, const char *key, struct error *err)
{
	for (size_t i = 0; side->there && i < side->there->count; i++) {
		const struct context_value *value = &side->there->rows[i];
		const struct context_value *own = context_values_find(side->own, value->key, false);

		if (!value->value || (key && strcmp(value->key, key)) ||
			context_values_agree(side->own, side->there, value->key))
			continue;
		/* What is not known to be lost is not said to be. */
		if (!own && side->own->is_cut)
			continue;
		if (side->row.kind == CONTEXT_LATE &&
			(value->run_id != side->row.in.run.run_id || value->set_ns <= side->row.ns))
			continue;
		if (add_change(path, side, value, err))
			return -1;
	}
	return 0;
}

/* What was set in the run only after it had armed the other. */
static int compare_late(struct context_path *path, struct reader *recording, struct side *side,
	const char *key, struct error *err)
{
	const struct context_change *row = &side->row;
	struct context_values later = {0};
	int64_t context_id;
	int found, result;

	if (row->ns == UNKNOWN)
		return 0;
	found = lookup_context_set_after(recording, &row->in.run, row->ns, &context_id, err);
	if (found != 1)
		return found;
	result =
		context_values_load(recording, context_id, key, &path->rows_read_left, &later, err);
	side->there = &later;
	side->row.kind = CONTEXT_LATE;
	side->row.frames = NULL;
	if (!result)
		result = compare(path, side, key, err);
	context_values_deinit(&later);
	return result;
}

/* What the run began with that was armed at a boundary. */
static int load_own(struct context_path *path, struct reader *recording,
	const struct segment *segment, const char *key, struct context_values *ret,
	struct error *err)
{
	struct run_row run;
	int64_t context_id = UNKNOWN;

	*ret = (struct context_values){0};
	if (segment[-1].in.run.run_id == segment->of_run_id)
		run = segment[-1].in.run;
	else if (lookup_run(recording, segment->of_run_id, &run, err) < 0)
		return -1;
	if (lookup_context_of_run(recording, &run, &context_id, err) < 0)
		return -1;
	return context_values_load(recording, context_id, key, &path->rows_read_left, ret, err);
}

static int add_boundary(struct context_path *path, struct reader *recording,
	const struct segment *segment, const char *key, struct error *err)
{
	const struct firing *firing = &segment->firing;
	struct context_values own;
	struct context_change link;
	struct side side;
	int result;

	if (load_own(path, recording, segment, key, &own, err)) {
		context_values_deinit(&own);
		return -1;
	}
	side = (struct side){.own = &own, .there = segment->context};
	link = (struct context_change){.edge = segment->edge,
		.run_id = segment->of_run_id,
		.thread_id = UNKNOWN,
		.in = segment->in,
		.api = segment->api,
		.ns = segment->ns,
		.frames = segment->frames,
		.async_id = segment->armed.async_id,
		.armed = segment->edge == EDGE_LINK ? segment->frames : NULL};
	side.row = link;
	result = compare(path, &side, key, err);
	if (!result && segment->has_firing) {
		side.there = firing->context;
		side.row.edge = EDGE_CAUSE;
		side.row.in = firing->in;
		side.row.api = firing->row.api ? firing->row.api : firing->row.kind;
		side.row.ns = firing->row.caused_ns;
		side.row.frames = firing->frames;
		side.row.is_work = firing->is_work;
		result = compare(path, &side, key, err);
	}
	if (!result && segment->edge == EDGE_LINK) {
		side.row = link;
		result = compare_late(path, recording, &side, key, err);
	}
	context_values_deinit(&own);
	return result;
}

int context_path_add(struct context_path *path, struct reader *recording,
	const struct lineage *lineage, const char *key, struct error *err)
{
	path->rows_read_left = ROWS_MAX;
	for (size_t i = 1; i < lineage->count && i < SEGMENTS_MAX && !path->is_full; i++) {
		const struct segment *segment = &lineage->segments[i];

		if (segment->of_run_id == UNKNOWN || segment->in.run.run_id == UNKNOWN)
			continue;
		if (add_boundary(path, recording, segment, key, err))
			return -1;
	}
	return 0;
}

/* What was lost, what was replaced, what came too late; of each the newest first. */
static int compare_kinds(const void *a, const void *b)
{
	const struct context_change *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return one->place < other->place ? -1 : one->place > other->place;
}

void context_path_sort(struct context_path *path)
{
	for (size_t i = 0; i < path->count; i++)
		path->rows[i].place = i;
	if (path->count)
		qsort(path->rows, path->count, sizeof *path->rows, compare_kinds);
}
