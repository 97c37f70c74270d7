/*
 * One recording gathered into the forest: see gather.h.
 *
 * Five tables are read at once, each by its key, and merged by time: what something came of is
 * older, and so has its node already. Where IDs and times are out of step, and where a recording is
 * damaged, it is looked up row by row (origin_of_run), which is slow, and bounded.
 */
#include "debugger/diff/gather.h"

#include "debugger/diff/code.h"
#include "debugger/recording/frames.h"
#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define NO_NODE	      UINT32_MAX /* was met, and the forest has no room for it */
#define LOOK_UPS_MAX  100000
#define LOOK_BACK_MAX 1000 /* runs, from one whose node is known */

enum table { RESOURCES, REQUESTS, ARMINGS, SHOTS, RUNS, TABLES };

struct stream {
	sqlite3_stmt *row;
	bool has_row;
	int64_t process_id, ns;
};

struct gathering {
	struct reader *recording;
	struct forest *forest;
	struct code code;
	struct gather_watch *watch;
	struct gathered *sums;
	int side;
	struct stream streams[TABLES];
	/* By ID: in the lower half the node of that run, in the upper one that of the creation of
	 * that resource. */
	struct id_map nodes;
	struct id_map armings;
	int64_t look_ups;
};

static int64_t plus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t minus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a - (uint64_t)b);
}

/* --- nodes of IDs -------------------------------------------------------------------------------
 */

static uint32_t kept_run(struct gathering *gathering, int64_t run_id)
{
	return run_id < 0 ? 0 : (uint32_t)id_map_get(&gathering->nodes, run_id);
}

static uint32_t kept_resource(struct gathering *gathering, int64_t async_id)
{
	return async_id < 0 ? 0 : (uint32_t)(id_map_get(&gathering->nodes, async_id) >> 32);
}

static void keep_run(struct gathering *gathering, int64_t run_id, uint32_t node)
{
	uint64_t *number = run_id < 0 ? NULL : id_map_at(&gathering->nodes, run_id);

	if (number)
		*number = (*number & ~(uint64_t)UINT32_MAX) | (node ? node : NO_NODE);
	else
		gathering->sums->is_partial = true;
}

static void keep_resource(struct gathering *gathering, int64_t async_id, uint32_t node)
{
	uint64_t *number = async_id < 0 ? NULL : id_map_at(&gathering->nodes, async_id);

	if (number)
		*number = (*number & UINT32_MAX) | (uint64_t)(node ? node : NO_NODE) << 32;
	else
		gathering->sums->is_partial = true;
}

/* A node as it is kept, for the forest: none without room. */
static uint32_t node_of(uint32_t kept)
{
	return kept == NO_NODE ? 0 : kept;
}

/* --- looked up, where the pass has not come by --------------------------------------------------
 */

/* A call, and the run that came of it, on the way back. */
struct step {
	int64_t run_id;
	enum node_kind kind;
	uint32_t stack, type, api, callback, part;
};

/* What a run came of; `ret_from` is the run in which that was called. 1, 0 not known, -1. */
static int origin_of_run(struct gathering *gathering, int64_t run_id, struct step *ret,
	int64_t *ret_from, struct error *err)
{
	struct lexicon *lexicon = &gathering->forest->lexicon;
	struct resource_row resource;
	struct arming_row arming;
	struct run_row run;
	int found = lookup_run(gathering->recording, run_id, &run, err);

	if (found != 1)
		return found;
	*ret = (struct step){.run_id = run_id,
		.callback = code_function(&gathering->code, run.callback_frame_id),
		.part = lexicon_text(lexicon, run.part)};
	found = lookup_resource(gathering->recording, run.async_id, &resource, err);
	if (found < 0)
		return -1;
	ret->type = found ? lexicon_text(lexicon, resource.type.name) : 0;
	if (run.arming_id != UNKNOWN) {
		found = lookup_arming_of(gathering->recording, &run, &arming, err);
		if (found != 1)
			return found;
		ret->kind = NODE_ARMED;
		ret->stack = code_stack(&gathering->code, arming.stack_id);
		ret->api = lexicon_text(lexicon, arming.api);
		*ret_from = arming.run_id;
		return 1;
	}
	if (!found || !resource.type.armed_by_creation || (run.part && !strcmp(run.part, "close")))
		return 0;
	ret->kind = NODE_CREATED;
	ret->stack = code_stack(&gathering->code, resource.stack_id);
	ret->api = lexicon_text(lexicon, resource.api);
	*ret_from = resource.run_id;
	return 1;
}

/* The node of a run that the pass has not met, by what it came of. */
static int look_up_run(
	struct gathering *gathering, int64_t run_id, uint32_t *ret, struct error *err)
{
	struct step *steps = NULL;
	int64_t from = run_id;
	size_t count = 0;
	uint32_t node;
	int found;

	if (gathering->look_ups >= LOOK_UPS_MAX ||
		!(steps = malloc(LOOK_BACK_MAX * sizeof *steps))) {
		gathering->sums->is_partial = true;
		*ret = forest_unknown(gathering->forest);
		return 0;
	}
	while (!(node = kept_run(gathering, run_id)) && count < LOOK_BACK_MAX) {
		gathering->look_ups++;
		found = origin_of_run(gathering, run_id, &steps[count], &from, err);
		if (found < 0) {
			free(steps);
			return -1;
		}
		if (!found)
			break;
		count++;
		if (from == UNKNOWN || from >= run_id)
			break;
		run_id = from;
	}
	node = node ? node_of(node) : forest_unknown(gathering->forest);
	while (count-- > 0) {
		node = forest_call(gathering->forest, node, steps[count].kind, steps[count].stack,
			steps[count].type, steps[count].api);
		node = forest_run(
			gathering->forest, node, steps[count].callback, steps[count].part);
		keep_run(gathering, steps[count].run_id, node);
	}
	free(steps);
	*ret = node;
	return 0;
}

/* The node of the run in which something was called. */
static int parent_of(struct gathering *gathering, int64_t run_id, uint32_t *ret, struct error *err)
{
	uint32_t kept = kept_run(gathering, run_id);

	*ret = node_of(kept);
	if (kept)
		return 0;
	if (run_id < 0) {
		*ret = forest_unknown(gathering->forest);
		return 0;
	}
	if (look_up_run(gathering, run_id, ret, err))
		return -1;
	keep_run(gathering, run_id, *ret);
	return 0;
}

/* --- counted ------------------------------------------------------------------------------------
 */

static void watch_for(struct gathering *gathering, uint32_t node, int64_t id, int64_t watched,
	const struct node_side *side)
{
	struct gather_watch *watch = gathering->watch;

	if (!watch || !node || forest_node(gathering->forest, node)->is_pooled)
		return;
	if (id == watched && id != UNKNOWN) {
		watch->node = node;
		watch->place = side->count;
	}
	if (node == watch->wanted_node && side->count <= watch->wanted_place)
		watch->found_id = id;
}

static struct node_side *count_call(
	struct gathering *gathering, uint32_t node, int64_t run_id, int64_t id, int64_t stack_id)
{
	struct node_side *side = forest_side(gathering->forest, node, gathering->side);

	gathering->sums->left_out += !side || forest_node(gathering->forest, node)->is_pooled;
	if (!side)
		return NULL;
	if (!side->count++) {
		side->first_id = id;
		side->stack_id = stack_id;
	}
	if (side->last_run != run_id || run_id == UNKNOWN) {
		side->parents++;
		side->squares += (double)side->in_run * (double)side->in_run;
		side->in_run = 0;
		side->last_run = run_id;
	}
	side->in_run++;
	return side;
}

struct run_facts {
	int64_t run_id, wait_ns, duration_ns, status, began_ns;
	const struct code_entry *entry;
};

static void count_status(struct node_side *side, const struct run_facts *run)
{
	size_t i;

	if (run->status >= 0 || run->status == UNKNOWN)
		return;
	side->failed++;
	for (i = 0; i < FOREST_STATUSES; i++) {
		if (side->statuses[i].count && side->statuses[i].status != run->status)
			continue;
		side->statuses[i].status = run->status;
		if (!side->statuses[i].count++)
			side->statuses[i].run_id = run->run_id;
		return;
	}
}

static void count_run(struct gathering *gathering, uint32_t node, const struct run_facts *run)
{
	struct node_side *side = forest_side(gathering->forest, node, gathering->side);
	size_t *room = &gathering->forest->room;
	int64_t ended_ns = plus(run->began_ns, run->duration_ns);

	keep_run(gathering, run->run_id, node);
	gathering->sums->runs++;
	if (ended_ns > gathering->sums->ended_ns)
		gathering->sums->ended_ns = ended_ns;
	gathering->sums->left_out += !side || forest_node(gathering->forest, node)->is_pooled;
	if (!side)
		return;
	if (!side->count++) {
		side->first_id = run->run_id;
		side->callback_frame_id = run->entry ? run->entry->callback_frame_id : UNKNOWN;
	}
	if (run->duration_ns >= 0) {
		if (run->duration_ns > side->ran.longest_ns || side->longest_id == UNKNOWN)
			side->longest_id = run->run_id;
		samples_add(&side->ran, run->duration_ns, room);
	}
	if (run->wait_ns >= 0)
		samples_add(&side->waited, run->wait_ns, room);
	count_status(side, run);
	if (gathering->watch)
		watch_for(gathering, node, run->run_id, gathering->watch->run_id, side);
}

static uint32_t run_node(struct gathering *gathering, uint32_t call, const struct code_entry *entry)
{
	return forest_run(
		gathering->forest, call, entry ? entry->callback : 0, entry ? entry->part : 0);
}

/* --- rows ---------------------------------------------------------------------------------------
 */

/* A call, of a row's origin: its node, counted. 0 when there is no room for it. */
static int add_call(struct gathering *gathering, enum node_kind kind, int64_t run_id, int64_t id,
	int64_t origin_id, uint32_t type, uint32_t *ret, struct error *err)
{
	const struct code_origin *origin = code_origin(&gathering->code, origin_id);
	struct node_side *side;
	uint32_t parent;

	if (parent_of(gathering, run_id, &parent, err))
		return -1;
	*ret = forest_call(gathering->forest, parent, kind, origin ? origin->stack : 0, type,
		origin ? origin->api : 0);
	side = count_call(gathering, *ret, run_id, id, origin ? origin->stack_id : UNKNOWN);
	if (side && kind == NODE_CREATED && gathering->watch)
		watch_for(gathering, *ret, id, gathering->watch->async_id, side);
	return 0;
}

static const struct code_type *type_of(
	struct gathering *gathering, int64_t type_id, int64_t origin_id)
{
	const struct code_origin *origin = code_origin(&gathering->code, origin_id);

	if (type_id == UNKNOWN && origin)
		type_id = origin->type_id;
	return code_type(&gathering->code, type_id);
}

/* The main thread of a process: below the call that started it, when that is known. */
static int add_process(struct gathering *gathering, int64_t async_id, int64_t run_id,
	int64_t origin_id, struct error *err)
{
	const struct code_origin *origin = code_origin(&gathering->code, origin_id);
	struct process_row process;
	uint32_t parent = 0, node;

	if (lookup_process(gathering->recording, id_process(async_id), &process, err) < 0)
		return -1;
	if (run_id != UNKNOWN && run_id < async_id) {
		if (parent_of(gathering, run_id, &parent, err))
			return -1;
		parent = forest_call(gathering->forest, parent, NODE_CREATED,
			origin ? origin->stack : 0, 0, origin ? origin->api : 0);
	} else if (process.spawned_by_async_id != UNKNOWN) {
		parent = node_of(kept_resource(gathering, process.spawned_by_async_id));
	}
	/* The first one is the same whatever it is called: another build may have another name. */
	node = forest_process(gathering->forest, parent,
		async_id == 1 ? 0
			      : lexicon_text(&gathering->forest->lexicon,
					frames_basename(process.executable)));
	keep_resource(gathering, async_id, node);
	/* A main thread's root run has its number. */
	keep_run(gathering, async_id, node);
	forest_side(gathering->forest, node, gathering->side);
	return 0;
}

static int on_resource(struct gathering *gathering, sqlite3_stmt *row, struct error *err)
{
	int64_t async_id = lookup_column(row, 0), origin_id = lookup_column(row, 2);
	int64_t run_id = lookup_column(row, 4), lifetime_ns = lookup_column(row, 5);
	const struct code_type *type = type_of(gathering, lookup_column(row, 3), origin_id);
	struct node_side *side;
	uint32_t node;

	if (type && type->is_root)
		return add_process(gathering, async_id, run_id, origin_id, err);
	gathering->sums->resources++;
	if (add_call(gathering, NODE_CREATED, run_id, async_id, origin_id, type ? type->name : 0,
		    &node, err))
		return -1;
	keep_resource(gathering, async_id, node);
	side = lifetime_ns == UNKNOWN ? forest_side(gathering->forest, node, gathering->side)
				      : NULL;
	if (side && !side->alive++)
		side->alive_id = async_id;
	return 0;
}

static int on_request(struct gathering *gathering, sqlite3_stmt *row, struct error *err)
{
	int64_t async_id = lookup_column(row, 0), origin_id = lookup_column(row, 2);
	int64_t run_id = lookup_column(row, 4), wait_ns = lookup_column(row, 6);
	int64_t creator_id = minus(run_id, lookup_column(row, 3));
	const struct code_type *type = type_of(gathering, UNKNOWN, origin_id);
	struct run_facts run = {run_id, wait_ns, lookup_column(row, 7), lookup_column(row, 8),
		plus(lookup_column(row, 1), wait_ns),
		code_entry(&gathering->code, lookup_column(row, 5))};
	uint32_t node;

	gathering->sums->resources++;
	if (add_call(gathering, NODE_CREATED, creator_id < run_id ? creator_id : UNKNOWN, async_id,
		    origin_id, type ? type->name : 0, &node, err))
		return -1;
	keep_resource(gathering, async_id, node);
	count_run(gathering, run_node(gathering, node, run.entry), &run);
	return 0;
}

/* The type of what a handle's row is about. */
static uint32_t type_of_resource(struct gathering *gathering, int64_t async_id)
{
	const struct node *node =
		forest_node(gathering->forest, node_of(kept_resource(gathering, async_id)));

	return node ? node->type : 0;
}

static int on_arming(struct gathering *gathering, sqlite3_stmt *row, struct error *err)
{
	int64_t arming_id = lookup_column(row, 0), async_id = lookup_column(row, 2);
	uint64_t *number = arming_id < 0 ? NULL : id_map_at(&gathering->armings, arming_id);
	uint32_t node;

	if (add_call(gathering, NODE_ARMED, lookup_column(row, 3), async_id, lookup_column(row, 4),
		    type_of_resource(gathering, async_id), &node, err))
		return -1;
	if (number)
		*number = node ? node : NO_NODE;
	else
		gathering->sums->is_partial = true;
	return 0;
}

/* How much later than its time a timer came. */
static int64_t lateness(int64_t wait_ns, int64_t timeout_ms)
{
	int64_t timeout_ns;

	if (timeout_ms == UNKNOWN || wait_ns == UNKNOWN)
		return wait_ns;
	if (timeout_ms < 0 || __builtin_mul_overflow(timeout_ms, 1000000, &timeout_ns))
		return UNKNOWN;
	return wait_ns > timeout_ns ? wait_ns - timeout_ns : 0;
}

static int on_shot(struct gathering *gathering, sqlite3_stmt *row, struct error *err)
{
	int64_t run_id = lookup_column(row, 0), async_id = lookup_column(row, 2);
	int64_t armer_id = minus(run_id, lookup_column(row, 4)), wait_ns = lookup_column(row, 7);
	struct run_facts run = {run_id, lateness(wait_ns, lookup_column(row, 5)),
		lookup_column(row, 8), UNKNOWN, plus(lookup_column(row, 1), wait_ns),
		code_entry(&gathering->code, lookup_column(row, 6))};
	uint32_t node;

	if (add_call(gathering, NODE_ARMED, armer_id < run_id ? armer_id : UNKNOWN, async_id,
		    lookup_column(row, 3), type_of_resource(gathering, async_id), &node, err))
		return -1;
	count_run(gathering, run_node(gathering, node, run.entry), &run);
	return 0;
}

static int on_run(struct gathering *gathering, sqlite3_stmt *row, struct error *err)
{
	int64_t run_id = lookup_column(row, 0), arming_id = lookup_column(row, 3);
	struct run_facts run = {run_id, UNKNOWN, lookup_column(row, 5), lookup_column(row, 6),
		lookup_column(row, 1), code_entry(&gathering->code, lookup_column(row, 4))};
	uint32_t call = 0, node;

	if (arming_id != UNKNOWN)
		call = arming_id < 0 ? 0 : (uint32_t)id_map_get(&gathering->armings, arming_id);
	else if (!run.entry || !run.entry->is_close)
		call = kept_resource(gathering, lookup_column(row, 2));
	node = call ? node_of(call) : 0;
	if (call && node && forest_node(gathering->forest, node)->kind == NODE_PROCESS) {
		count_run(gathering, node, &run);
		return 0;
	}
	if (call)
		node = run_node(gathering, node, run.entry);
	else if (look_up_run(gathering, run_id, &node, err))
		return -1;
	/* Nothing is known of what it came of. */
	if (!call && node == forest_unknown(gathering->forest))
		node = run_node(gathering, node, run.entry);
	count_run(gathering, node, &run);
	return 0;
}

/* --- the pass -----------------------------------------------------------------------------------
 */

/* Of each the ID and the time come first. */
static const struct {
	const char *sql;
	int (*on_row)(struct gathering *, sqlite3_stmt *row, struct error *);
} tables[TABLES] = {
	{"SELECT async_id, created_ns, origin_id, type_id, run_id, lifetime_ns"
	 " FROM main.packed_resource ORDER BY async_id",
		on_resource},
	{"SELECT async_id, created_ns, origin_id, creator_delta, run_id, entry_id, wait_ns,"
	 " duration_ns, status FROM main.packed_request ORDER BY async_id",
		on_request},
	{"SELECT arming_id, armed_ns, async_id, run_id, origin_id FROM main.packed_arming"
	 " ORDER BY arming_id",
		on_arming},
	{"SELECT run_id, armed_ns, async_id, origin_id, armer_delta, timeout_ms, entry_id,"
	 " wait_ns, duration_ns FROM main.packed_shot ORDER BY run_id",
		on_shot},
	{"SELECT run_id, began_ns, async_id, arming_id, entry_id, duration_ns, status"
	 " FROM main.packed_run ORDER BY run_id",
		on_run},
};

static int advance(struct gathering *gathering, enum table table, struct error *err)
{
	struct stream *stream = &gathering->streams[table];
	int found = reader_step(gathering->recording, stream->row, err);
	struct gathered *sums = gathering->sums;

	stream->has_row = found == 1;
	if (found != 1)
		return found;
	stream->process_id = id_process(sqlite3_column_int64(stream->row, 0));
	stream->ns = lookup_column(stream->row, 1);
	if (stream->ns != UNKNOWN && sums->began_ns > stream->ns)
		sums->began_ns = stream->ns;
	if (stream->ns != UNKNOWN && sums->ended_ns < stream->ns)
		sums->ended_ns = stream->ns;
	/* A shot is as old as its run: what it came of may have been armed earlier. */
	if (table == SHOTS)
		stream->ns = plus(stream->ns, lookup_column(stream->row, 7));
	return 0;
}

static bool is_before(const struct stream *one, const struct stream *other)
{
	if (one->process_id != other->process_id)
		return one->process_id < other->process_id;
	return one->ns < other->ns;
}

/* The table whose row is the oldest; TABLES when all are at their end. */
static enum table oldest(const struct gathering *gathering)
{
	enum table best = TABLES, table;

	for (table = 0; table < TABLES; table++)
		if (gathering->streams[table].has_row &&
			(best == TABLES ||
				is_before(&gathering->streams[table], &gathering->streams[best])))
			best = table;
	return best;
}

static int pass(struct gathering *gathering, struct error *err)
{
	sqlite3 *database = reader_database(gathering->recording);
	enum table table;

	for (table = 0; table < TABLES; table++) {
		struct stream *stream = &gathering->streams[table];

		if (sqlite3_prepare_v2(database, tables[table].sql, -1, &stream->row, NULL))
			return reader_error(gathering->recording, NULL, err);
		if (advance(gathering, table, err))
			return -1;
	}
	while ((table = oldest(gathering)) != TABLES)
		if (tables[table].on_row(gathering, gathering->streams[table].row, err) ||
			advance(gathering, table, err))
			return -1;
	return 0;
}

int gather(struct forest *forest, int side, struct reader *recording, struct gather_watch *watch,
	struct gathered *ret, struct error *err)
{
	struct gathering gathering = {.recording = recording,
		.forest = forest,
		.side = side,
		.watch = watch,
		.sums = ret};
	enum table table;
	int result;

	*ret = (struct gathered){.began_ns = INT64_MAX};
	reader_set_budget(recording, 0);
	result = code_init(&gathering.code, recording, &forest->lexicon, err) ||
				 pass(&gathering, err)
			 ? -1
			 : 0;
	reader_set_budget(recording, READER_BUDGET);
	for (table = 0; table < TABLES; table++)
		sqlite3_finalize(gathering.streams[table].row);
	ret->is_partial |= gathering.code.full || forest->full || forest->lexicon.full;
	code_deinit(&gathering.code);
	id_map_deinit(&gathering.nodes);
	id_map_deinit(&gathering.armings);
	if (!result && forest->failed)
		return error_set(err, "out of memory");
	return result;
}
