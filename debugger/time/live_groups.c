/* Groups of what was alive: see live_groups.h. A hash table over an array of them. */
#include "debugger/time/live_groups.h"

#include "debugger/lineage/describe.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 500000

static uint64_t hash_of(int64_t type_id, int64_t stack_id)
{
	uint64_t hash = ((uint64_t)stack_id * 31 + (uint64_t)type_id) * 0x9e3779b97f4a7c15u;

	return hash ^ hash >> 32;
}

static bool is_group(const struct live_group *group, int64_t type_id, int64_t stack_id)
{
	return group->type.type_id == type_id && group->stack_id == stack_id;
}

static size_t slot_of(const struct live_set *set, int64_t type_id, int64_t stack_id)
{
	size_t slot = (size_t)hash_of(type_id, stack_id) & (set->slot_count - 1);

	while (set->slots[slot] && !is_group(&set->groups[set->slots[slot] - 1], type_id, stack_id))
		slot = (slot + 1) & (set->slot_count - 1);
	return slot;
}

static int grow_groups(struct live_set *set, struct error *err)
{
	size_t capacity = set->group_capacity ? set->group_capacity * 2 : 256, i;
	struct live_group *groups;
	uint32_t *slots;

	if (set->group_count >= GROUPS_MAX)
		return error_set(err,
			"more than %d types and stacks were alive at that moment: ask for one"
			" type with --type",
			GROUPS_MAX);
	groups = realloc(set->groups, capacity * sizeof *groups);
	if (!groups)
		return error_set(err, "out of memory");
	set->groups = groups;
	set->group_capacity = capacity;
	slots = calloc(capacity * 2, sizeof *slots);
	if (!slots)
		return error_set(err, "out of memory");
	free(set->slots);
	set->slots = slots;
	set->slot_count = capacity * 2;
	set->last = NULL;
	for (i = 0; i < set->group_count; i++)
		set->slots[slot_of(set, groups[i].type.type_id, groups[i].stack_id)] =
			(uint32_t)i + 1;
	return 0;
}

static void group_init(struct live_group *group, const struct type_row *type, int64_t stack_id)
{
	*group = (struct live_group){.stack_id = stack_id,
		.next_due_ns = UNKNOWN,
		.oldest_id = UNKNOWN,
		.oldest_ns = UNKNOWN,
		.newest_id = UNKNOWN,
		.newest_ns = UNKNOWN};
	group->type.type_id = UNKNOWN;
	if (type)
		group->type = *type;
}

static struct live_group *find_group(struct live_set *set, const struct alive *alive,
	const struct type_row *type, struct error *err)
{
	size_t slot;

	if (set->last && is_group(set->last, alive->type_id, alive->stack_id))
		return set->last;
	if (set->group_count == set->group_capacity && grow_groups(set, err))
		return NULL;
	slot = slot_of(set, alive->type_id, alive->stack_id);
	if (!set->slots[slot]) {
		group_init(&set->groups[set->group_count++], type, alive->stack_id);
		set->slots[slot] = (uint32_t)set->group_count;
	}
	set->last = &set->groups[set->slots[slot] - 1];
	return set->last;
}

/* Of what was made at the same time, the larger ID is the newer. */
static void count(struct live_group *group, const struct alive *alive)
{
	group->count++;
	group->states[alive->state]++;
	group->unreferenced += alive->is_unreferenced;
	if (alive->due_ns != UNKNOWN && alive->state == ALIVE_ARMED &&
		(group->next_due_ns == UNKNOWN || alive->due_ns < group->next_due_ns))
		group->next_due_ns = alive->due_ns;
	if (group->oldest_id == UNKNOWN || alive->created_ns < group->oldest_ns ||
		(alive->created_ns == group->oldest_ns && alive->async_id < group->oldest_id)) {
		group->oldest_id = alive->async_id;
		group->oldest_ns = alive->created_ns;
	}
	if (group->newest_id == UNKNOWN || alive->created_ns > group->newest_ns ||
		(alive->created_ns == group->newest_ns && alive->async_id > group->newest_id)) {
		group->newest_id = alive->async_id;
		group->newest_ns = alive->created_ns;
	}
}

static int list(struct live_set *set, const struct alive *alive, struct error *err)
{
	if (set->item_count == LIVE_ITEMS_MAX)
		return 0;
	if (set->item_count == set->item_capacity) {
		size_t capacity = set->item_capacity ? set->item_capacity * 2 : 256;
		struct alive *items = realloc(set->items, capacity * sizeof *items);

		if (!items)
			return error_set(err, "out of memory");
		set->items = items;
		set->item_capacity = capacity;
	}
	set->items[set->item_count++] = *alive;
	return 0;
}

static bool is_wanted_type(const struct type_row *type, const char *wanted)
{
	struct strbuf short_name = {0};
	bool is_wanted;

	if ((type->name && !strcmp(type->name, wanted)) ||
		(type->hook_type && !strcmp(type->hook_type, wanted)))
		return true;
	describe_type(&short_name, type->name);
	is_wanted = !strcmp(strbuf_string(&short_name), wanted);
	strbuf_deinit(&short_name);
	return is_wanted;
}

static int on_alive(
	void *context, const struct alive *alive, const struct type_row *type, struct error *err)
{
	struct live_set *set = context;
	const struct live_options *options = set->options;
	struct live_group *group;

	if (options->one_group && (alive->type_id != options->like_type_id ||
					  alive->stack_id != options->like_stack_id))
		return 0;
	if (options->type && !is_wanted_type(type, options->type))
		return 0;
	group = find_group(set, alive, type, err);
	if (!group)
		return -1;
	count(group, alive);
	count(&set->total, alive);
	return options->list ? list(set, alive, err) : 0;
}

static int compare_groups(const void *left, const void *right)
{
	const struct live_group *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->oldest_id == b->oldest_id ? 0 : a->oldest_id < b->oldest_id ? -1 : 1;
}

static int compare_items(const void *left, const void *right)
{
	const struct alive *a = left, *b = right;

	return a->async_id == b->async_id ? 0 : a->async_id < b->async_id ? -1 : 1;
}

int live_set_gather(struct live_set *set, struct reader *recording, int64_t at_ns,
	const struct live_options *options, struct error *err)
{
	size_t i;

	*set = (struct live_set){.at_ns = at_ns, .options = options};
	group_init(&set->total, NULL, UNKNOWN);
	if (present_find(&set->processes, recording, at_ns, err))
		return -1;
	for (i = 0; i < set->processes.count; i++)
		if (alive_visit(recording, set->processes.ids[i], at_ns, on_alive, set, &set->vague,
			    err))
			return -1;
	set->last = NULL;
	if (set->group_count)
		qsort(set->groups, set->group_count, sizeof *set->groups, compare_groups);
	if (set->item_count)
		qsort(set->items, set->item_count, sizeof *set->items, compare_items);
	return 0;
}

void live_set_deinit(struct live_set *set)
{
	free(set->groups);
	free(set->items);
	free(set->slots);
	present_deinit(&set->processes);
	*set = (struct live_set){0};
}
