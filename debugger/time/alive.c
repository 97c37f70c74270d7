/*
 * What was alive at a moment: see alive.h. Puts together what the spans of armings, runs and
 * resources say. Claims only what rows prove: a request of which nothing tells where it was is in a
 * state that says so.
 */
#include "debugger/time/alive.h"

#include "debugger/recording/lookup_time.h"
#include "debugger/text/patience.h"
#include "debugger/time/nest.h"
#include "debugger/time/span.h"

#include <stdlib.h>
#include <string.h>

#define ARMINGS_MAX (1 << 24) /* 24 bytes each */

static const struct {
	const char *name, *words;
} states[] = {
#define X(tag, name, words) {name, words},
	ALIVE_STATES(X)
#undef X
};

const char *alive_state_name(enum alive_state state)
{
	return states[state].name;
}

const char *alive_state_words(enum alive_state state)
{
	return states[state].words;
}

bool alive_is_pending(enum alive_state state)
{
	return state >= ALIVE_QUEUED || state == ALIVE_CLOSING;
}

/* Ten million may stand: of what is longer than 49 days it is not told how long. */
#define MS_UNKNOWN UINT32_MAX
#define MS_CLOSING (UINT32_MAX - 1) /* as timeout_ms: armed by uv_close */
struct standing {
	int64_t async_id, armed_ns;
	uint32_t timeout_ms, repeat_ms;
};

struct search {
	struct reader *recording;
	int64_t at_ns;
	alive_visitor *visit;
	void *context;
	bool *vague;

	struct standing *armings; /* by async ID */
	size_t arming_count, arming_capacity;
	size_t arming_hint; /* the one behind that which was found last: mostly the next */
	struct nest nest;
	const struct nest_run **running; /* those of the nest that are no roots, by async ID */
	size_t running_count;

	struct type_row type; /* the last one */
	sqlite3_stmt *ref_before, *ref_after, *type_row, *work_run;
	bool has_refs, has_work_index;
	struct patience patience;
};

/* a + b, where either may be unknown, and hostile values wrap. */
static int64_t plus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t plus_ms(int64_t ns, int64_t ms)
{
	int64_t span, result;

	return ns == UNKNOWN || ms == UNKNOWN || ms < 0 ||
			       __builtin_mul_overflow(ms, INT64_C(1000000), &span) ||
			       __builtin_add_overflow(ns, span, &result)
		       ? UNKNOWN
		       : result;
}

static uint32_t short_ms(int64_t ms)
{
	return ms < 0 || ms >= MS_CLOSING ? MS_UNKNOWN : (uint32_t)ms;
}

static int64_t long_ms(uint32_t ms)
{
	return ms >= MS_CLOSING ? UNKNOWN : ms;
}

/* --- what stood armed ------------------------------------------------------------------------- */

static int add_standing(struct search *search, const struct standing *standing, struct error *err)
{
	patience_count(&search->patience);
	if (search->arming_count == search->arming_capacity) {
		size_t capacity = search->arming_capacity ? search->arming_capacity * 2 : 256;
		struct standing *armings;

		if (search->arming_count >= ARMINGS_MAX)
			return error_set(
				err, "more than %d armings stood at that moment", ARMINGS_MAX);
		if (capacity > ARMINGS_MAX)
			capacity = ARMINGS_MAX;
		armings = realloc(search->armings, capacity * sizeof *armings);
		if (!armings)
			return error_set(err, "out of memory");
		search->armings = armings;
		search->arming_capacity = capacity;
	}
	search->armings[search->arming_count++] = *standing;
	return 0;
}

static int on_arming(void *context, sqlite3_stmt *row, struct error *err)
{
	struct standing standing = {lookup_column(row, 1), lookup_column(row, 2),
		short_ms(lookup_column(row, 4)), short_ms(lookup_column(row, 5))};

	if (sqlite3_column_int(row, 6) == 1)
		standing.timeout_ms = MS_CLOSING;
	return add_standing(context, &standing, err);
}

/* Of those that are packed with their runs, what has not fired yet. */
static int on_shot(void *context, sqlite3_stmt *row, struct error *err)
{
	struct search *search = context;
	const char *part = (const char *)sqlite3_column_text(row, 6);
	struct standing standing = {lookup_column(row, 1), lookup_column(row, 2),
		part && !strcmp(part, "close") ? MS_CLOSING : short_ms(lookup_column(row, 7)),
		MS_UNKNOWN};
	int64_t fired_ns = plus(standing.armed_ns, lookup_column(row, 3));

	return fired_ns != UNKNOWN && fired_ns <= search->at_ns
		       ? 0
		       : add_standing(search, &standing, err);
}

/* Of a handle's armings, should there be several, the one that closes it comes first. */
static int compare_standing(const void *left, const void *right)
{
	const struct standing *a = left, *b = right;

	if (a->async_id != b->async_id)
		return a->async_id < b->async_id ? -1 : 1;
	if ((a->timeout_ms == MS_CLOSING) != (b->timeout_ms == MS_CLOSING))
		return a->timeout_ms == MS_CLOSING ? -1 : 1;
	return a->armed_ns == b->armed_ns ? 0 : a->armed_ns > b->armed_ns ? -1 : 1;
}

/* They come in the order of their IDs, mostly that of the resources', and sorting takes as much
 * again. */
static void sort_standing(struct search *search)
{
	size_t i = 1;

	while (i < search->arming_count &&
		compare_standing(&search->armings[i - 1], &search->armings[i]) <= 0)
		i++;
	if (i < search->arming_count)
		qsort(search->armings, search->arming_count, sizeof *search->armings,
			compare_standing);
}

static const struct standing *find_standing(struct search *search, int64_t async_id)
{
	const struct standing *armings = search->armings;
	size_t low = 0, high = search->arming_count, hint = search->arming_hint;

	if (hint < high && armings[hint].async_id == async_id &&
		(!hint || armings[hint - 1].async_id != async_id))
		low = high = hint;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (armings[middle].async_id < async_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= search->arming_count || armings[low].async_id != async_id)
		return NULL;
	search->arming_hint = low + 1;
	return &armings[low];
}

/* --- what was running ------------------------------------------------------------------------- */

static int compare_running(const void *left, const void *right)
{
	const struct nest_run *a = *(const struct nest_run *const *)left;
	const struct nest_run *b = *(const struct nest_run *const *)right;

	return a->async_id == b->async_id ? 0 : a->async_id < b->async_id ? -1 : 1;
}

static int gather_running(struct search *search, int64_t process_id, struct error *err)
{
	size_t i;

	if (nest_gather(&search->nest, search->recording, process_id, search->at_ns, err))
		return -1;
	search->running = calloc(search->nest.count + 1, sizeof *search->running);
	if (!search->running)
		return error_set(err, "out of memory");
	for (i = 0; i < search->nest.count; i++)
		if (search->nest.runs[i].async_id != UNKNOWN)
			search->running[search->running_count++] = &search->nest.runs[i];
	qsort(search->running, search->running_count, sizeof(struct nest_run *), compare_running);
	return 0;
}

/* A run of this resource that was going on; with `is_work`, of the work part. */
static const struct nest_run *find_running(
	const struct search *search, int64_t async_id, bool is_work)
{
	size_t low = 0, high = search->running_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (search->running[middle]->async_id < async_id)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < search->running_count && search->running[low]->async_id == async_id; low++)
		if (search->running[low]->is_work == is_work)
			return search->running[low];
	return NULL;
}

/* --- types and references --------------------------------------------------------------------- */

static int load_type(struct search *search, int64_t type_id, struct error *err)
{
	struct type_row *type = &search->type;
	int found;

	if (type->type_id == type_id)
		return 0;
	*type = (struct type_row){.type_id = type_id};
	if (type_id == UNKNOWN)
		return 0;
	sqlite3_bind_int64(search->type_row, 1, type_id);
	found = reader_step(search->recording, search->type_row, err);
	if (found == 1) {
		type->name = lookup_text(search->recording, search->type_row, 0);
		type->class = lookup_text(search->recording, search->type_row, 1);
		type->hook_type = lookup_text(search->recording, search->type_row, 2);
		type->armed_by_creation = sqlite3_column_int(search->type_row, 3) == 1;
	}
	sqlite3_reset(search->type_row);
	return found < 0 ? -1 : 0;
}

static int ask_ref(struct search *search, sqlite3_stmt *statement, int64_t async_id, int64_t *ret,
	struct error *err)
{
	int found;

	sqlite3_bind_int64(statement, 1, async_id);
	sqlite3_bind_int64(statement, 2, search->at_ns);
	found = reader_step(search->recording, statement, err);
	if (found == 1)
		*ret = lookup_column(statement, 0);
	sqlite3_reset(statement);
	return found;
}

/* Whether it kept its loop alive then: `last` is how it was at the end. */
static int reference_then(struct search *search, int64_t async_id, int64_t last, bool *unreferenced,
	struct error *err)
{
	int64_t value = last, later;
	int found = 0;

	*unreferenced = false;
	if (last == UNKNOWN)
		return 0;
	if (search->has_refs)
		found = ask_ref(search, search->ref_before, async_id, &value, err);
	if (!found && search->has_refs) {
		/* A change that came after it tells what was before. */
		found = ask_ref(search, search->ref_after, async_id, &later, err);
		if (found == 1)
			value = !later;
	}
	*unreferenced = value == 0;
	return found < 0 ? -1 : 0;
}

/* --- states ----------------------------------------------------------------------------------- */

static bool is_type(const struct type_row *type, const char *name)
{
	return type->name && !strcmp(type->name, name);
}

static bool is_class(const struct type_row *type, const char *class)
{
	return type->class && !strcmp(type->class, class);
}

static bool uses_pool(const struct type_row *type)
{
	return is_type(type, "uv_fs_t") || is_type(type, "uv_getaddrinfo_t") ||
	       is_type(type, "uv_getnameinfo_t") || is_type(type, "uv_random_t");
}

/* In the pool from `began` to `ended`, of which the first may be a guess at the earliest. */
static enum alive_state pool_state(
	const struct search *search, int64_t began_ns, int64_t ended_ns, bool is_estimated)
{
	if (began_ns == UNKNOWN)
		return ALIVE_POOL_OR_QUEUE;
	if (search->at_ns < began_ns)
		return ALIVE_QUEUED;
	if (ended_ns != UNKNOWN && ended_ns <= search->at_ns)
		return ALIVE_DONE;
	return is_estimated ? ALIVE_POOL_OR_QUEUE : ALIVE_POOL;
}

/* Of a uv_work_t: its work part, by the cause of its run or by index. As a lookup_… */
static int find_work(struct search *search, int64_t async_id, int64_t cause_id, struct run_row *ret,
	struct error *err)
{
	struct cause_row cause;
	int64_t run_id;
	int found = lookup_cause(search->recording, cause_id, &cause, err);

	if (found < 0)
		return -1;
	if (found && cause.kind && !strcmp(cause.kind, "work"))
		return lookup_handle_run(search->recording, cause.run_id, ret, err);
	if (!search->has_work_index) {
		*search->vague = true;
		return 0;
	}
	sqlite3_bind_int64(search->work_run, 1, async_id);
	found = reader_step(search->recording, search->work_run, err);
	run_id = found == 1 ? lookup_column(search->work_run, 0) : UNKNOWN;
	sqlite3_reset(search->work_run);
	return found == 1 ? lookup_handle_run(search->recording, run_id, ret, err) : found;
}

/* Where a request was that has not been called back. */
static int request_state(
	struct search *search, struct alive *alive, int64_t cause_id, struct error *err)
{
	const struct nest_run *work;
	struct pool_row pool;
	struct run_row run;
	int found;

	if (is_type(&search->type, "uv_work_t")) {
		work = find_running(search, alive->async_id, true);
		if (work) {
			alive->state = ALIVE_POOL;
			alive->pool_thread_id = work->thread_id;
			return 0;
		}
		found = find_work(search, alive->async_id, cause_id, &run, err);
		alive->state = found == 1 ? pool_state(search, run.began_ns,
						    plus(run.began_ns, run.duration_ns), false)
					  : ALIVE_POOL_OR_QUEUE;
		return found < 0 ? -1 : 0;
	}
	if (!uses_pool(&search->type)) {
		alive->state = ALIVE_KERNEL;
		return 0;
	}
	found = lookup_pool(search->recording, alive->async_id, &pool, err);
	alive->state = found == 1
			       ? pool_state(search, pool.began_ns, pool.ended_ns, pool.is_estimated)
			       : ALIVE_POOL_OR_QUEUE;
	if (alive->state == ALIVE_POOL || (found == 1 && alive->state == ALIVE_POOL_OR_QUEUE))
		alive->pool_thread_id = pool.thread_id;
	return found < 0 ? -1 : 0;
}

static void handle_state(struct search *search, struct alive *alive)
{
	const struct standing *standing = find_standing(search, alive->async_id);

	if (standing) {
		alive->armed_ns = standing->armed_ns;
		alive->timeout_ms = long_ms(standing->timeout_ms);
		alive->repeat_ms = long_ms(standing->repeat_ms);
		if (is_type(&search->type, "uv_timer_t") &&
			(alive->repeat_ms == UNKNOWN || alive->repeat_ms == 0))
			alive->due_ns = plus_ms(standing->armed_ns, alive->timeout_ms);
	}
	if (find_running(search, alive->async_id, false))
		alive->state = ALIVE_RUNNING;
	else if (standing)
		alive->state = standing->timeout_ms == MS_CLOSING ? ALIVE_CLOSING : ALIVE_ARMED;
	else if (is_class(&search->type, "handle") || is_class(&search->type, "process"))
		alive->state = search->type.armed_by_creation ? ALIVE_ARMED : ALIVE_IDLE;
	else
		alive->state = ALIVE_THERE;
}

static struct alive alive_of(struct search *search, sqlite3_stmt *row, int type_column)
{
	patience_count(&search->patience);
	return (struct alive){.async_id = lookup_column(row, 0),
		.created_ns = lookup_column(row, 1),
		.type_id = lookup_column(row, type_column),
		.stack_id = lookup_column(row, type_column + 1),
		.thread_id = UNKNOWN,
		.armed_ns = UNKNOWN,
		.timeout_ms = UNKNOWN,
		.repeat_ms = UNKNOWN,
		.due_ns = UNKNOWN,
		.pool_thread_id = UNKNOWN};
}

static int on_resource(void *context, sqlite3_stmt *row, struct error *err)
{
	struct search *search = context;
	struct alive alive = alive_of(search, row, 3);
	int result;

	alive.thread_id = lookup_column(row, 6);
	if (load_type(search, alive.type_id, err) ||
		reference_then(
			search, alive.async_id, lookup_column(row, 5), &alive.is_unreferenced, err))
		return -1;
	if (is_class(&search->type, "root") || is_class(&search->type, "thread"))
		alive.state = ALIVE_THERE; /* its root run is the thread itself */
	else if (!is_class(&search->type, "request"))
		handle_state(search, &alive);
	else if (find_running(search, alive.async_id, false))
		alive.state = ALIVE_RUNNING;
	else if ((result = request_state(search, &alive, UNKNOWN, err)))
		return result;
	return search->visit(search->context, &alive, &search->type, err);
}

static int on_request(void *context, sqlite3_stmt *row, struct error *err)
{
	struct search *search = context;
	struct alive alive = alive_of(search, row, 4);
	int64_t began_ns = plus(alive.created_ns, lookup_column(row, 2));

	alive.thread_id = lookup_column(row, 10);
	if (load_type(search, alive.type_id, err))
		return -1;
	if (began_ns != UNKNOWN && began_ns <= search->at_ns)
		alive.state = ALIVE_RUNNING;
	else if (request_state(search, &alive, lookup_column(row, 7), err))
		return -1;
	return search->visit(search->context, &alive, &search->type, err);
}

/* Without an index each question reads the whole table: only of a short one. */
static int find_refs(struct search *search, struct error *err)
{
	static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM main.ref LIMIT 10001)";
	sqlite3_stmt *row;
	int64_t count = 0;
	int found;

	if (sqlite3_prepare_v2(reader_database(search->recording), sql, -1, &row, NULL))
		return reader_error(search->recording, NULL, err);
	found = reader_step(search->recording, row, err);
	if (found == 1)
		count = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	search->has_refs =
		count && (count <= 10000 || reader_finds(search->recording, "ref", "async_id"));
	if (count && !search->has_refs)
		*search->vague = true;
	return found < 0 ? -1 : 0;
}

static int prepare(struct search *search, struct error *err)
{
	static const char before[] = "SELECT has_ref FROM main.ref WHERE async_id = ?1"
				     " AND at_ns <= ?2 ORDER BY at_ns DESC LIMIT 1";
	static const char after[] = "SELECT has_ref FROM main.ref WHERE async_id = ?1"
				    " AND at_ns > ?2 ORDER BY at_ns LIMIT 1";
	static const char type[] = "SELECT name, class, hook_type, armed_by_creation FROM main.type"
				   " WHERE type_id = ?1";
	static const char work[] = "SELECT r.run_id FROM main.packed_run r"
				   " JOIN main.entry e ON e.entry_id = r.entry_id"
				   " WHERE r.async_id = ?1 AND e.part = 'work' LIMIT 1";
	const struct {
		const char *sql;
		sqlite3_stmt **statement;
	} statements[] = {{before, &search->ref_before}, {after, &search->ref_after},
		{type, &search->type_row}, {work, &search->work_run}};
	sqlite3 *database = reader_database(search->recording);
	size_t i;

	for (i = 0; i < sizeof statements / sizeof statements[0]; i++)
		if (sqlite3_prepare_v2(
			    database, statements[i].sql, -1, statements[i].statement, NULL))
			return reader_error(search->recording, NULL, err);
	if (find_refs(search, err))
		return -1;
	search->has_work_index = reader_finds(search->recording, "packed_run", "async_id");
	search->type.type_id = INT64_MIN + 1; /* none yet */
	return 0;
}

int alive_visit(struct reader *recording, int64_t process_id, int64_t at_ns, alive_visitor *visit,
	void *context, bool *vague, struct error *err)
{
	struct search search = {.recording = recording,
		.at_ns = at_ns,
		.visit = visit,
		.context = context,
		.vague = vague,
		.patience = {.what = "armings and resources looked at"}};
	int result = prepare(&search, err);

	if (!result)
		result = span_visit(
			recording, SPAN_ARMING, process_id, at_ns, on_arming, &search, err);
	if (!result)
		result = span_visit(recording, SPAN_SHOT, process_id, at_ns, on_shot, &search, err);
	if (!result)
		sort_standing(&search);
	if (!result)
		result = gather_running(&search, process_id, err);
	if (!result)
		result = span_visit(
			recording, SPAN_REQUEST, process_id, at_ns, on_request, &search, err);
	if (!result)
		result = span_visit(
			recording, SPAN_RESOURCE, process_id, at_ns, on_resource, &search, err);
	patience_end(&search.patience);
	sqlite3_finalize(search.ref_before);
	sqlite3_finalize(search.ref_after);
	sqlite3_finalize(search.type_row);
	sqlite3_finalize(search.work_run);
	nest_deinit(&search.nest);
	free(search.running);
	free(search.armings);
	return result;
}
