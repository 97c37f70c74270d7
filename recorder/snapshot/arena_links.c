/*
 * Ancestors in a copy, and who names them. They are used again as soon as nothing alive came of
 * them, so that the place which a record of the copy names may hold another one by the time that it
 * is read. IDs of runs are never used again: by those it is seen, and the right one is fetched. It
 * is there for as long as whoever names it is.
 */
#include "recorder/snapshot/arena_copy.h"

#include <stdlib.h>
#include <string.h>

enum { FOLD_TRIES = 8 };

struct arena_links {
	uint64_t first_added; /* ancestors of the copy from here on were fetched */
	uint8_t *is_checked;  /* of each ancestor in the copy: it and those it came of */
	uint32_t *path;	      /* of the chain that is being checked */
	unsigned char *record, *other;
};

static struct arena_ancestor *at(const struct arena_copy *copy, uint64_t index)
{
	return arena_copy_at(copy, ARENA_ANCESTORS, index);
}

static uint64_t room(const struct arena_copy *copy)
{
	return copy->layout.region[ARENA_ANCESTORS].count;
}

static int links_create(struct arena_copy *copy, struct error *err)
{
	size_t size = copy->layout.region[ARENA_ANCESTORS].stride;
	struct arena_links *links = copy->links = calloc(1, sizeof *links);

	if (!links)
		return error_set(err, "out of memory");
	links->first_added = copy->used[ARENA_ANCESTORS];
	links->is_checked = calloc(room(copy) + 1, 1);
	links->path = calloc(room(copy) + 1, sizeof *links->path);
	/* Strides are multiples of their alignment. */
	links->record = aligned_alloc(_Alignof(struct arena_ancestor), size);
	links->other = aligned_alloc(_Alignof(struct arena_ancestor), size);
	return links->is_checked && links->path && links->record && links->other
		       ? 0
		       : error_set(err, "out of memory");
}

void arena_links_destroy(struct arena_links *links)
{
	if (!links)
		return;
	free(links->is_checked);
	free(links->path);
	free(links->record);
	free(links->other);
	free(links);
}

static bool is_of(const struct arena_copy *copy, uint64_t index, uint64_t run_id)
{
	return run_id && index && index < copy->used[ARENA_ANCESTORS] && index < room(copy) &&
	       at(copy, index)->run_id == run_id;
}

/* One that was fetched and stands in another place than in the process. */
static uint64_t find_added(const struct arena_copy *copy, uint64_t run_id)
{
	for (uint64_t i = copy->links->first_added; i < copy->used[ARENA_ANCESTORS]; i++)
		if (is_of(copy, i, run_id))
			return i;
	return 0;
}

/*
 * Where in the copy the ancestor of that run is that the process has at `index`; 0: it has none
 * there any more. A place of the copy that another one has is left to that.
 */
static int fetch(
	struct arena_copy *copy, uint64_t index, uint64_t run_id, uint64_t *ret, struct error *err)
{
	const struct arena_ancestor *found = (void *)copy->links->record;
	uint64_t *used = &copy->used[ARENA_ANCESTORS];

	*ret = is_of(copy, index, run_id) ? index : find_added(copy, run_id);
	if (*ret || !index || index >= room(copy) || !run_id)
		return 0;
	if (arena_copy_settle(copy, ARENA_ANCESTORS, index, copy->links->record, err) < 0)
		return -1;
	if (found->run_id != run_id)
		return 0;
	if (index >= *used)
		*used = index + 1;
	else if (at(copy, index)->run_id && *used >= room(copy))
		return 0;
	else if (at(copy, index)->run_id)
		index = (*used)++;
	memcpy(at(copy, index), found, copy->layout.region[ARENA_ANCESTORS].stride);
	copy->links->is_checked[index] = false;
	*ret = index;
	return 0;
}

/* Takes over what the process says now of an ancestor's parent. False when that is nothing new. */
static int look_again(struct arena_copy *copy, uint64_t index, bool *ret, struct error *err)
{
	struct arena_ancestor *ancestor = at(copy, index), *now = (void *)copy->links->other;

	*ret = false;
	if (arena_copy_settle(copy, ARENA_ANCESTORS, index, copy->links->other, err) < 0)
		return -1;
	if (now->run_id != ancestor->run_id ||
		(now->parent == ancestor->parent && now->folded == ancestor->folded))
		return 0;
	ancestor->parent = now->parent;
	ancestor->parent_run_id = now->parent_run_id;
	ancestor->folded = now->folded;
	ancestor->period = now->period;
	*ret = true;
	return 0;
}

/* The parent's place in the copy; 0: it is not to be had. */
static int resolve(struct arena_copy *copy, uint64_t index, uint64_t *ret, struct error *err)
{
	const struct arena_ancestor *ancestor = at(copy, index);
	bool is_new = true;

	for (int i = 0; i < FOLD_TRIES && is_new; i++) {
		*ret = 0;
		if (!ancestor->parent)
			return 0;
		if (fetch(copy, ancestor->parent, ancestor->parent_run_id, ret, err))
			return -1;
		if (*ret)
			return 0;
		if (look_again(copy, index, &is_new, err))
			return -1;
	}
	return 0;
}

/*
 * From one ancestor of the copy on: those it came of. Where one is not to be had because it was
 * folded away meanwhile, with those before it perhaps, the nearest that is still there says what
 * lies beyond.
 */
static int check_chain(struct arena_copy *copy, uint64_t index, struct error *err)
{
	struct arena_links *links = copy->links;
	uint64_t length = 0, parent, back;
	bool is_new;

	while (index && !links->is_checked[index]) {
		links->is_checked[index] = true;
		if (resolve(copy, index, &parent, err))
			return -1;
		is_new = !at(copy, index)->parent;
		for (back = length; !parent && !is_new && back > 0; back--) {
			if (look_again(copy, links->path[back - 1], &is_new, err))
				return -1;
			if (!is_new)
				continue;
			length = back - 1;
			index = links->path[length];
			if (resolve(copy, index, &parent, err))
				return -1;
		}
		at(copy, index)->parent = (uint32_t)parent;
		links->path[length++] = (uint32_t)index;
		index = parent;
	}
	return 0;
}

static int check(struct arena_copy *copy, uint32_t *index, uint64_t run_id, struct error *err)
{
	uint64_t found;

	if (!*index)
		return 0;
	if (fetch(copy, *index, run_id, &found, err))
		return -1;
	*index = (uint32_t)found;
	return check_chain(copy, found, err);
}

int arena_links_check(struct arena_copy *copy, struct error *err)
{
	if (!copy->links && links_create(copy, err))
		return -1;
	for (uint64_t i = 1; i < copy->used[ARENA_LIVES]; i++) {
		struct arena_live *live = arena_copy_at(copy, ARENA_LIVES, i);

		if (live->async_id &&
			(check(copy, &live->ancestor, live->run_id, err) ||
				check(copy, &live->arming_ancestor, live->arming_run_id, err)))
			return -1;
	}
	for (uint64_t i = 0; i < copy->used[ARENA_THREADS]; i++) {
		struct arena_thread *slot = arena_copy_at(copy, ARENA_THREADS, i);

		if (slot->state != ARENA_THREAD_FREE &&
			check(copy, &slot->ancestor, slot->run_id, err))
			return -1;
	}
	return 0;
}

void arena_links_finish(struct arena_copy *copy)
{
	for (uint64_t i = 1; i < copy->used[ARENA_ANCESTORS]; i++) {
		struct arena_ancestor *ancestor = at(copy, i);

		if (ancestor->parent && !is_of(copy, ancestor->parent, ancestor->parent_run_id))
			ancestor->parent = 0;
	}
}
