/* Async stacks of two recordings as one tree: see forest.h. Reads no recording. */
#include "debugger/diff/forest.h"

#include "debugger/recording/reader.h"

#include <stdlib.h>

#define NODES_MAX   ((size_t)1 << 17) /* that have a way of their own */
#define POOL_MAX    ((size_t)1 << 15)
#define DEPTH_MAX   1000
#define SAMPLES_ALL ((size_t)32 << 20) /* bytes of all samples */

void forest_init(struct forest *forest)
{
	*forest = (struct forest){.room = SAMPLES_ALL,
		.keys = {.most = NODES_MAX + POOL_MAX},
		.folds = {.most = NODES_MAX},
		.locals = {.most = 2 * NODES_MAX}};
	lexicon_init(&forest->lexicon);
}

void forest_deinit(struct forest *forest)
{
	size_t i;
	int side;

	for (i = 0; i < forest->keys.count; i++) {
		for (side = 0; side < FOREST_SIDES; side++) {
			if (!forest->nodes[i].sides[side])
				continue;
			samples_deinit(&forest->nodes[i].sides[side]->ran);
			samples_deinit(&forest->nodes[i].sides[side]->waited);
			free(forest->nodes[i].sides[side]);
		}
	}
	free(forest->nodes);
	free(forest->folded);
	keys_deinit(&forest->keys);
	keys_deinit(&forest->locals);
	keys_deinit(&forest->folds);
	lexicon_deinit(&forest->lexicon);
	*forest = (struct forest){0};
}

size_t forest_count(const struct forest *forest)
{
	return forest->keys.count;
}

struct node *forest_node(const struct forest *forest, uint32_t node)
{
	return node ? &forest->nodes[node - 1] : NULL;
}

static uint32_t no_room(struct forest *forest)
{
	forest->full = true;
	return 0;
}

static bool is_full(const struct forest *forest)
{
	return forest->keys.count - forest->pooled >= NODES_MAX;
}

/* The node of this key; `node` is what a new one is, but for its depth. 0 when it has no room. */
static uint32_t add(struct forest *forest, const uint32_t key[TERM_WORDS], const struct node *node)
{
	uint32_t depth = node->parent ? forest_node(forest, node->parent)->depth + 1 : 0;
	size_t before = forest->keys.count;
	uint32_t number = keys_find(&forest->keys, key);

	if (number)
		return number;
	if (depth > DEPTH_MAX || (!node->is_pooled && is_full(forest)))
		return no_room(forest);
	if (before == forest->capacity) {
		size_t capacity = forest->capacity ? forest->capacity * 2 : 256;
		struct node *nodes = realloc(forest->nodes, capacity * sizeof *nodes);

		if (!nodes)
			return no_room(forest);
		forest->nodes = nodes;
		forest->capacity = capacity;
	}
	number = keys_add(&forest->keys, key);
	if (!number)
		return no_room(forest);
	forest->nodes[before] = *node;
	forest->nodes[before].depth = depth;
	forest->pooled += node->is_pooled;
	return number;
}

/* What stands in a key beside the numbers of the lexicon, so that no two kinds share one. */
static uint32_t tag(enum node_kind kind, uint32_t number)
{
	return (uint32_t)kind << 29 | (number & 0x1fffffff);
}

uint32_t forest_process(struct forest *forest, uint32_t parent, uint32_t program)
{
	const uint32_t key[TERM_WORDS] = {parent, program, tag(NODE_PROCESS, 0), 0};

	return add(forest, key,
		&(struct node){.kind = NODE_PROCESS, .parent = parent, .name = program});
}

uint32_t forest_unknown(struct forest *forest)
{
	const uint32_t key[TERM_WORDS] = {0, 0, tag(NODE_UNKNOWN, 0), 0};

	return add(forest, key, &(struct node){.kind = NODE_UNKNOWN});
}

/* The runs of a callback that have no room for what they came of. */
static uint32_t pooled_run(struct forest *forest, uint32_t callback, uint32_t part, uint32_t type)
{
	const uint32_t pool[TERM_WORDS] = {0, 0, tag(NODE_POOL, 0), 0};
	uint32_t key[TERM_WORDS] = {0, callback, tag(NODE_RUN, part), type};

	forest->full = true;
	key[0] = add(forest, pool, &(struct node){.kind = NODE_POOL, .is_pooled = true});
	if (!key[0])
		return 0;
	return add(forest, key,
		&(struct node){.kind = NODE_RUN,
			.parent = key[0],
			.type = type,
			.name = callback,
			.part = part,
			.is_pooled = true});
}

uint32_t forest_call(struct forest *forest, uint32_t parent, enum node_kind kind, uint32_t stack,
	uint32_t type, uint32_t api)
{
	uint32_t key[TERM_WORDS] = {parent, stack, tag(kind, type), api}, number;
	const uint32_t alone[TERM_WORDS] = {UINT32_MAX, stack, tag(kind, type), api};
	struct node node = {
		.kind = kind, .parent = parent, .stack = stack, .type = type, .name = api};
	struct node from;

	if (!parent)
		return 0;
	if ((number = keys_find(&forest->keys, key)))
		return number;
	from = *forest_node(forest, parent);
	node.local = keys_add(&forest->locals, alone);
	node.is_pooled = from.is_pooled;
	number = add(forest, key, &node);
	if (number || node.is_pooled)
		return number;
	if (from.kind == NODE_RUN)
		key[0] = node.parent = pooled_run(forest, from.name, from.part, from.type);
	node.is_pooled = true;
	return node.parent ? add(forest, key, &node) : 0;
}

/* Keeps that this run is `above` once more. */
static void remember_fold(struct forest *forest, const uint32_t key[TERM_WORDS], uint32_t above)
{
	uint32_t number = keys_add(&forest->folds, key);

	if (number > forest->fold_capacity) {
		size_t capacity = forest->fold_capacity ? forest->fold_capacity * 2 : 64;
		uint32_t *folded = realloc(forest->folded, capacity * sizeof *folded);

		if (!folded) {
			forest->failed = true;
			return;
		}
		forest->folded = folded;
		forest->fold_capacity = capacity;
	}
	if (number)
		forest->folded[number - 1] = above;
}

uint32_t forest_run(struct forest *forest, uint32_t call, uint32_t callback, uint32_t part)
{
	const uint32_t key[TERM_WORDS] = {call, callback, tag(NODE_RUN, part), 0};
	uint32_t local[TERM_WORDS] = {0, callback, tag(NODE_RUN, part), 0}, found, above, number;
	struct node from;

	if (!call)
		return 0;
	from = *forest_node(forest, call);
	if ((found = keys_find(&forest->keys, key)))
		return found;
	if ((found = keys_find(&forest->folds, key)))
		return found <= forest->fold_capacity ? forest->folded[found - 1] : 0;
	if (from.is_pooled || is_full(forest) || forest->folds.count >= NODES_MAX)
		return pooled_run(forest, callback, part, from.type);
	local[0] = from.local;
	found = keys_add(&forest->locals, local);
	for (above = from.parent; found && from.local && above;
		above = forest_node(forest, above)->parent) {
		if (forest_node(forest, above)->kind == NODE_RUN &&
			forest_node(forest, above)->local == found) {
			remember_fold(forest, key, above);
			return above;
		}
	}
	number = add(forest, key,
		&(struct node){.kind = NODE_RUN,
			.parent = call,
			.type = from.type,
			.name = callback,
			.part = part,
			.local = found});
	return number ? number : pooled_run(forest, callback, part, from.type);
}

struct node_side *forest_side(struct forest *forest, uint32_t node, int side)
{
	struct node *at = forest_node(forest, node);

	if (!at)
		return NULL;
	if (!at->sides[side]) {
		at->sides[side] = calloc(1, sizeof *at->sides[side]);
		if (!at->sides[side]) {
			forest->failed = true;
			return NULL;
		}
		at->sides[side]->first_id = at->sides[side]->stack_id = UNKNOWN;
		at->sides[side]->last_run = at->sides[side]->alive_id = UNKNOWN;
		at->sides[side]->callback_frame_id = at->sides[side]->longest_id = UNKNOWN;
	}
	return at->sides[side];
}
