/*
 * The edges of a recording forwards: see offspring.h. Promises that all statements are reset when a
 * function returns. Which tables
 * hold what is known here and in packing.h only.
 */
#include "debugger/tree/offspring.h"

#include "debugger/tree/moments.h"
#include "debugger/tree/packing.h"
#include "debugger/tree/pairs.h"
#include "debugger/tree/strays.h"

#include <stdlib.h>
#include <string.h>

#define SLACK_NS     1000000 /* by which times are out of order, where the recording does not say */
#define SCAN_RATE    8	     /* rows that are gone over for what one row costs that is taken */
#define ANSWERS_NEAR 4096    /* run IDs after the first, of a cause that several answered */

/* How a table is searched. X(TABLE, name, its ID, who did it, columns) */
#define TABLES(X)                                                                                  \
	X(REQUEST, "packed_request", "p.async_id", "p.run_id - p.creator_delta", PACKING_REQUEST)  \
	X(RESOURCE, "packed_resource", "p.async_id", "p.run_id", PACKING_RESOURCE)                 \
	X(ARMING, "packed_arming", "p.arming_id", "p.run_id", PACKING_ARMING)                      \
	X(SHOT, "packed_shot", "p.run_id - p.arming_delta", "p.run_id - p.armer_delta",            \
		PACKING_SHOT)                                                                      \
	X(CAUSE, "packed_cause", "p.cause_id", "p.run_id", PACKING_CAUSE)

#define X(tag, name, id, by, columns)                                                              \
	"SELECT " columns " FROM main." name " p WHERE " id " >= ?1 AND " id " < ?2 AND " by       \
	" = ?3 ORDER BY " id,
static const char *const scan_sql[STRAY_TABLES] = {TABLES(X)};
#undef X

#define X(tag, name, id, by, columns)                                                              \
	"SELECT " columns " FROM main." name " p WHERE " id " = ?1 AND " by " = ?2",
static const char *const stray_sql[STRAY_TABLES] = {TABLES(X)};
#undef X

enum other_statement {
	RUNS_OF_RESOURCE,
	RUN_BY_ID,
	SHOT_BY_RUN,
	SHOTS_OF_RESOURCE,
	ARMINGS_OF_RESOURCE,
	RUN_CAUSED,
	SHOT_CAUSED,
	REQUEST_CAUSED,
	REQUEST_ITSELF,
	RESOURCE_ITSELF,
	OTHER_STATEMENTS
};

#define RUN_FROM                                                                                   \
	"SELECT " PACKING_RUN                                                                      \
	" FROM main.packed_run p LEFT JOIN main.entry e ON e.entry_id = p.entry_id"
#define SHOT_FROM    "SELECT " PACKING_SHOT " FROM main.packed_shot p"
#define REQUEST_FROM "SELECT " PACKING_REQUEST " FROM main.packed_request p"

static const char *const other_sql[OTHER_STATEMENTS] = {
	RUN_FROM " WHERE p.async_id = ?1 AND p.run_id > ?2 ORDER BY p.run_id",
	RUN_FROM " WHERE p.run_id = ?1",
	SHOT_FROM " WHERE p.run_id = ?1",
	SHOT_FROM " WHERE p.async_id = ?1 ORDER BY p.run_id",
	"SELECT " PACKING_ARMING
	" FROM main.packed_arming p WHERE p.async_id = ?1 ORDER BY p.arming_id",
	RUN_FROM " WHERE p.run_id >= ?1 AND p.run_id <= ?2 AND p.cause_id = ?3 ORDER BY p.run_id",
	SHOT_FROM " WHERE p.run_id >= ?1 AND p.run_id <= ?2 AND p.cause_id = ?3 ORDER BY p.run_id",
	REQUEST_FROM
	" WHERE p.run_id >= ?1 AND p.run_id <= ?2 AND p.cause_id = ?3 ORDER BY p.run_id",
	REQUEST_FROM " WHERE p.async_id = ?1",
	"SELECT " PACKING_RESOURCE " FROM main.packed_resource p WHERE p.async_id = ?1",
};

struct offspring {
	struct reader *recording;
	int64_t budget;
	int64_t scan_most; /* IDs of a table that are gone over for one run */
	struct strays strays;
	struct moments moments;
	struct pairs runs_of_resource, shots_of_run; /* where there is no index */
	struct pairs requests_of_cause;
	bool has_run_index, has_shot_index;
	sqlite3_stmt *scans[STRAY_TABLES], *stray_rows[STRAY_TABLES];
	sqlite3_stmt *others[OTHER_STATEMENTS];
};

/* Whom rows are given to. */
struct giving {
	struct offspring *offspring;
	sprout_take take;
	void *state;
	struct error *err;
	int64_t run_id; /* whose offspring it is */
};

static int prepare(
	struct offspring *offspring, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	if (!*ret && sqlite3_prepare_v2(reader_database(offspring->recording), sql, -1, ret, NULL))
		return reader_error(offspring->recording, NULL, err);
	sqlite3_reset(*ret);
	return 0;
}

static int64_t skew_of(struct reader *recording)
{
	const char *text = reader_meta(recording, "max_skew_ns");
	char *end;
	long long skew = text ? strtoll(text, &end, 10) : -1;

	/* A little more than it says: it is not known of armings and causes. */
	return skew < 0 || *end || skew > INT64_MAX / 4 ? SLACK_NS : skew + 20000;
}

int offspring_create(
	struct offspring **ret, struct reader *recording, int64_t budget, struct error *err)
{
	struct offspring *offspring = calloc(1, sizeof *offspring);

	if (!offspring)
		return error_set(err, "out of memory");
	offspring->recording = recording;
	offspring->moments = (struct moments){.recording = recording,
		.strays = &offspring->strays,
		.slack_ns = skew_of(recording)};
	offspring->budget = budget == UNKNOWN ? INT64_MAX : budget;
	/* None of the tables takes what the others need. */
	offspring->scan_most = budget == UNKNOWN ? INT64_MAX : budget / STRAY_TABLES * SCAN_RATE;
	offspring->has_run_index = reader_finds(recording, "packed_run", "async_id");
	offspring->has_shot_index = reader_finds(recording, "packed_shot", "run_id - arming_delta");
	if (strays_init(&offspring->strays, recording, offspring->moments.slack_ns, err) ||
		(!offspring->has_run_index &&
			pairs_init(&offspring->runs_of_resource, recording,
				"SELECT async_id, run_id FROM main.packed_run", err)) ||
		(!offspring->has_shot_index &&
			pairs_init(&offspring->shots_of_run, recording,
				"SELECT run_id - armer_delta, run_id FROM main.packed_shot",
				err)) ||
		(!reader_is_indexed(recording) &&
			pairs_init(&offspring->requests_of_cause, recording,
				"SELECT cause_id, async_id FROM main.packed_request"
				" WHERE cause_id IS NOT NULL",
				err))) {
		offspring_destroy(offspring);
		return -1;
	}
	*ret = offspring;
	return 0;
}

void offspring_destroy(struct offspring *offspring)
{
	int i;

	if (!offspring)
		return;
	for (i = 0; i < STRAY_TABLES; i++) {
		sqlite3_finalize(offspring->scans[i]);
		sqlite3_finalize(offspring->stray_rows[i]);
	}
	for (i = 0; i < OTHER_STATEMENTS; i++)
		sqlite3_finalize(offspring->others[i]);
	moments_deinit(&offspring->moments);
	strays_deinit(&offspring->strays);
	pairs_deinit(&offspring->runs_of_resource);
	pairs_deinit(&offspring->shots_of_run);
	pairs_deinit(&offspring->requests_of_cause);
	free(offspring);
}

bool offspring_may_go_on(const struct offspring *offspring)
{
	return offspring->budget > 0;
}

static void spend(struct offspring *offspring, int64_t rows)
{
	offspring->budget -= rows < offspring->budget ? rows : offspring->budget;
}

/* A statement of `others`, with up to three numbers bound. */
static int ask(struct offspring *offspring, enum other_statement which, const int64_t *numbers,
	int count, sqlite3_stmt **ret, struct error *err)
{
	int i;

	if (prepare(offspring, other_sql[which], &offspring->others[which], err))
		return -1;
	*ret = offspring->others[which];
	for (i = 0; i < count; i++)
		sqlite3_bind_int64(*ret, i + 1, numbers[i]);
	return 0;
}

/* Can one have come of the other? A link leads to a smaller ID, but to another process's. */
static bool is_later(int64_t run_id, int64_t than)
{
	return id_process(run_id) != id_process(than) ? run_id != than : run_id > than;
}

static int give(const struct giving *giving, const struct sprout *sprout)
{
	return giving->take(giving->state, sprout, giving->err);
}

/* Which runs of a resource are wanted. */
struct wanted_runs {
	int64_t async_id, after;
	int64_t arming_id; /* of this arming; UNKNOWN: those that its creation armed */
	int64_t armed_ns, disarmed_ns;
	bool any; /* those without an arming, also closing */
};

/* As a sprout_take: 1 when nothing wanted follows, or the taker has enough. */
static int give_wanted(const struct giving *giving, const struct wanted_runs *wanted,
	sqlite3_stmt *row, bool *first)
{
	struct sprout run;
	bool is_close;

	packing_read_run(row, &run, &is_close);
	if (run.parent_id != wanted->arming_id) {
		/* Armed anew, and well after this arming ended. */
		if (run.parent_id > wanted->arming_id && wanted->disarmed_ns != UNKNOWN &&
			run.ns > SLACK_NS && run.ns - SLACK_NS > wanted->disarmed_ns)
			return 1;
		return 0;
	}
	if (wanted->arming_id == UNKNOWN && !wanted->any && is_close)
		return 0;
	if (*first && wanted->armed_ns >= 0 && run.ns >= wanted->armed_ns)
		run.wait_ns = run.ns - wanted->armed_ns;
	*first = false;
	return give(giving, &run);
}

static int give_runs_by_index(const struct giving *giving, const struct wanted_runs *wanted)
{
	int64_t numbers[] = {wanted->async_id, wanted->after};
	struct offspring *offspring = giving->offspring;
	bool first = true;
	sqlite3_stmt *row;
	int found = 0, result = 0;

	if (ask(offspring, RUNS_OF_RESOURCE, numbers, 2, &row, giving->err))
		return -1;
	while (!result && (found = reader_step(offspring->recording, row, giving->err)) == 1) {
		spend(offspring, 1);
		result = give_wanted(giving, wanted, row, &first);
	}
	sqlite3_reset(row);
	return found < 0 || result < 0 ? -1 : 0;
}

/* The same where there is no index. */
static int give_runs_by_pairs(const struct giving *giving, const struct wanted_runs *wanted)
{
	struct offspring *offspring = giving->offspring;
	const struct pairs *pairs = &offspring->runs_of_resource;
	size_t i = pairs_first(pairs, wanted->async_id, wanted->after);
	bool first = true;
	sqlite3_stmt *row;
	int found = 1, result = 0;

	for (; !result && i < pairs->count && pairs->rows[i].key == wanted->async_id; i++) {
		if (ask(offspring, RUN_BY_ID, &pairs->rows[i].run_id, 1, &row, giving->err))
			return -1;
		spend(offspring, 1);
		found = reader_step(offspring->recording, row, giving->err);
		if (found == 1)
			result = give_wanted(giving, wanted, row, &first);
		sqlite3_reset(row);
		if (found < 0 || result < 0)
			return -1;
	}
	return 0;
}

static int give_runs(const struct giving *giving, const struct wanted_runs *wanted)
{
	if (wanted->async_id == UNKNOWN)
		return 0;
	return giving->offspring->has_run_index ? give_runs_by_index(giving, wanted)
						: give_runs_by_pairs(giving, wanted);
}

static int give_runs_of_creation(
	const struct giving *giving, int64_t async_id, int64_t created_ns, int64_t after)
{
	struct wanted_runs wanted = {async_id, after, UNKNOWN, created_ns, UNKNOWN, false};

	return give_runs(giving, &wanted);
}

/* Is a resource armed by its creation? */
static int is_armed_by_creation(const struct giving *giving, int64_t async_id, bool *ret)
{
	struct resource_row resource;
	int found = lookup_resource(giving->offspring->recording, async_id, &resource, giving->err);

	*ret = found == 1 && resource.type.armed_by_creation;
	return found < 0 ? -1 : 0;
}

/* A row of PACKING_REQUEST: the request, its run, and those of its work part. */
static int give_request(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout request, run;
	bool armed;
	int result;

	packing_read_request(row, &request, &run);
	result = give(giving, &request);
	if (!result && is_armed_by_creation(giving, request.async_id, &armed))
		return -1;
	if (!result && armed)
		result =
			give_runs_of_creation(giving, request.async_id, request.ns, giving->run_id);
	if (!result && run.id != UNKNOWN &&
		(giving->run_id == UNKNOWN || is_later(run.id, giving->run_id)))
		result = give(giving, &run);
	return result;
}

static int give_resource(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout resource;
	bool armed;
	int result;

	packing_read_resource(row, &resource);
	result = give(giving, &resource);
	if (!result && is_armed_by_creation(giving, resource.async_id, &armed))
		return -1;
	/* What runs of a process that was started has other IDs. */
	if (!result && armed)
		result = give_runs_of_creation(giving, resource.async_id, resource.ns,
			id_process(resource.async_id) == id_process(giving->run_id) ? giving->run_id
										    : INT64_MIN);
	return result;
}

static int give_arming(const struct giving *giving, sqlite3_stmt *row)
{
	struct wanted_runs wanted = {0};
	struct sprout arming;
	int result;

	packing_read_arming(row, &arming, &wanted.disarmed_ns);
	wanted.async_id = arming.async_id;
	wanted.arming_id = arming.id;
	wanted.armed_ns = arming.ns;
	wanted.after =
		arming.parent_id != UNKNOWN && id_process(arming.id) == id_process(arming.parent_id)
			? arming.parent_id
			: INT64_MIN;
	result = give(giving, &arming);
	if (!result && arming.id != UNKNOWN)
		result = give_runs(giving, &wanted);
	return result;
}

static int give_shot(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout arming, run;
	int result;

	packing_read_shot(row, &arming, &run);
	if (giving->run_id != UNKNOWN && !is_later(run.id, giving->run_id))
		return 0;
	result = give(giving, &arming);
	return result ? result : give(giving, &run);
}

static int give_cause(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout cause;

	packing_read_cause(row, &cause);
	return give(giving, &cause);
}

static int give_row(const struct giving *giving, enum stray_table table, sqlite3_stmt *row)
{
	switch (table) {
	case STRAY_REQUEST:
		return give_request(giving, row);
	case STRAY_RESOURCE:
		return give_resource(giving, row);
	case STRAY_ARMING:
		return give_arming(giving, row);
	case STRAY_SHOT:
		return give_shot(giving, row);
	default:
		return give_cause(giving, row);
	}
}

struct looking {
	int64_t began_ns, ended_ns;
	int64_t *until_ns;
};

/* Where in a table that is what a run did, as far as the budget reaches. */
static int find_range(const struct giving *giving, enum stray_table table,
	const struct looking *looking, int64_t *low, int64_t *high)
{
	struct offspring *offspring = giving->offspring;
	int64_t before = offspring->moments.looked_up, ns;

	if (moments_find(&offspring->moments, id_process(giving->run_id), table, looking->began_ns,
		    looking->ended_ns, low, high, giving->err))
		return -1;
	spend(offspring, offspring->moments.looked_up - before);
	if (*high - *low <= offspring->scan_most)
		return 0;
	*high = *low + offspring->scan_most;
	if (moments_at(&offspring->moments, table, *high, &ns, giving->err))
		return -1;
	if (ns != UNKNOWN && (*looking->until_ns == UNKNOWN || ns < *looking->until_ns))
		*looking->until_ns = ns;
	return 0;
}

static int give_strays(
	const struct giving *giving, enum stray_table table, int64_t low, int64_t high)
{
	struct offspring *offspring = giving->offspring;
	size_t i = strays_first(&offspring->strays, giving->run_id);
	sqlite3_stmt *row;
	int result = 0, found;

	for (; !result && i < offspring->strays.count; i++) {
		const struct stray *stray = &offspring->strays.rows[i];

		if (stray->run_id != giving->run_id)
			break;
		if (stray->table != table || (stray->id >= low && stray->id < high))
			continue;
		if (prepare(offspring, stray_sql[table], &offspring->stray_rows[table],
			    giving->err))
			return -1;
		row = offspring->stray_rows[table];
		sqlite3_bind_int64(row, 1, stray->id);
		sqlite3_bind_int64(row, 2, giving->run_id);
		spend(offspring, 1);
		found = reader_step(offspring->recording, row, giving->err);
		result = found == 1 ? give_row(giving, table, row) : found;
		sqlite3_reset(row);
	}
	return result;
}

static int give_table(
	const struct giving *giving, enum stray_table table, const struct looking *looking)
{
	struct offspring *offspring = giving->offspring;
	int found = 0, result = 0;
	sqlite3_stmt *row;
	int64_t low, high;

	if (prepare(offspring, scan_sql[table], &offspring->scans[table], giving->err) ||
		find_range(giving, table, looking, &low, &high))
		return -1;
	row = offspring->scans[table];
	sqlite3_bind_int64(row, 1, low);
	sqlite3_bind_int64(row, 2, high);
	sqlite3_bind_int64(row, 3, giving->run_id);
	while (!result && (found = reader_step(offspring->recording, row, giving->err)) == 1)
		result = give_row(giving, table, row);
	sqlite3_reset(row);
	spend(offspring, (high - low) / SCAN_RATE);
	if (result || found < 0)
		return result > 0 ? 1 : -1;
	return give_strays(giving, table, low, high);
}

/* Shots where no index tells of them by their armings. */
static int give_shots_by_pairs(const struct giving *giving)
{
	struct offspring *offspring = giving->offspring;
	const struct pairs *pairs = &offspring->shots_of_run;
	size_t i = pairs_first(pairs, giving->run_id, INT64_MIN);
	int result = 0, found;
	sqlite3_stmt *row;

	for (; !result && i < pairs->count && pairs->rows[i].key == giving->run_id; i++) {
		if (ask(offspring, SHOT_BY_RUN, &pairs->rows[i].run_id, 1, &row, giving->err))
			return -1;
		spend(offspring, 1);
		found = reader_step(offspring->recording, row, giving->err);
		result = found == 1 ? give_shot(giving, row) : found;
		sqlite3_reset(row);
	}
	return result;
}

int offspring_of_run(struct offspring *offspring, int64_t run_id, int64_t began_ns,
	int64_t ended_ns, sprout_take take, void *state, int64_t *until_ns, struct error *err)
{
	struct giving giving = {offspring, take, state, err, run_id};
	struct looking looking = {began_ns, ended_ns, until_ns};
	enum stray_table table;
	int result = 0;

	*until_ns = UNKNOWN;
	if (run_id == UNKNOWN || run_id < 0)
		return 0;
	for (table = 0; !result && table < STRAY_TABLES; table++)
		result = table == STRAY_SHOT && !offspring->has_shot_index
				 ? give_shots_by_pairs(&giving)
				 : give_table(&giving, table, &looking);
	return result < 0 ? -1 : 0;
}

static int give_all(const struct giving *giving, enum other_statement which, const int64_t *numbers,
	int count, int (*give_one)(const struct giving *, sqlite3_stmt *))
{
	struct offspring *offspring = giving->offspring;
	int result = 0, found = 0;
	sqlite3_stmt *row;

	if (ask(offspring, which, numbers, count, &row, giving->err))
		return -1;
	while (!result && (found = reader_step(offspring->recording, row, giving->err)) == 1) {
		spend(offspring, 1);
		result = give_one(giving, row);
	}
	sqlite3_reset(row);
	return result ? result : found;
}

int offspring_of_resource(struct offspring *offspring, const struct resource_row *resource,
	sprout_take take, void *state, struct error *err)
{
	struct giving giving = {offspring, take, state, err, UNKNOWN};
	struct wanted_runs unknown = {
		resource->async_id, INT64_MIN, UNKNOWN, UNKNOWN, UNKNOWN, true};
	int result = give_runs(&giving, &unknown);
	struct run_row row;
	struct sprout run;

	if (!result)
		result =
			give_all(&giving, ARMINGS_OF_RESOURCE, &resource->async_id, 1, give_arming);
	if (!result)
		result = give_all(&giving, SHOTS_OF_RESOURCE, &resource->async_id, 1, give_shot);
	if (result || resource->request_run_id == UNKNOWN)
		return result < 0 ? -1 : 0;
	if (lookup_run(offspring->recording, resource->request_run_id, &row, err) < 0)
		return -1;
	packing_forget(&run, SPROUT_RUN);
	run.id = row.run_id;
	run.async_id = run.parent_id = resource->async_id;
	run.ns = row.began_ns;
	run.duration_ns = row.duration_ns;
	run.status = row.status;
	run.cause_id = row.cause_id;
	if (row.began_ns >= resource->created_ns && resource->created_ns >= 0)
		run.wait_ns = row.began_ns - resource->created_ns;
	return give(&giving, &run) < 0 ? -1 : 0;
}

/* A run without what it came of. */
static int give_run_alone(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout run;
	bool is_close;

	packing_read_run(row, &run, &is_close);
	return give(giving, &run);
}

static int give_shot_alone(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout arming, run;

	packing_read_shot(row, &arming, &run);
	run.wait_ns = UNKNOWN; /* which is since the arming */
	return give(giving, &run);
}

static int give_request_alone(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout request, run;

	packing_read_request(row, &request, &run);
	run.wait_ns = UNKNOWN;
	return run.id == UNKNOWN ? 0 : give(giving, &run);
}

/* Requests that a cause ended, where no index tells of them by their runs. */
static int give_requests_by_pairs(const struct giving *giving, int64_t cause_id)
{
	const struct pairs *pairs = &giving->offspring->requests_of_cause;
	size_t i = pairs_first(pairs, cause_id, INT64_MIN);
	int result = 0;

	for (; !result && i < pairs->count && pairs->rows[i].key == cause_id; i++)
		result = give_all(
			giving, REQUEST_ITSELF, &pairs->rows[i].run_id, 1, give_request_alone);
	return result;
}

int offspring_of_cause(struct offspring *offspring, int64_t cause_id, int64_t first_run_id,
	sprout_take take, void *state, struct error *err)
{
	struct giving giving = {offspring, take, state, err, UNKNOWN};
	int64_t near[] = {first_run_id, first_run_id, cause_id};
	int result;

	if (first_run_id == UNKNOWN || first_run_id < 0)
		return 0;
	if (__builtin_add_overflow(first_run_id, ANSWERS_NEAR, &near[1]))
		near[1] = INT64_MAX;
	result = give_all(&giving, RUN_CAUSED, near, 3, give_run_alone);
	if (!result)
		result = give_all(&giving, SHOT_CAUSED, near, 3, give_shot_alone);
	if (!result && reader_is_indexed(offspring->recording))
		result = give_all(&giving, REQUEST_CAUSED, near, 3, give_request_alone);
	else if (!result)
		result = give_requests_by_pairs(&giving, cause_id);
	return result < 0 ? -1 : 0;
}

int offspring_run_itself(struct offspring *offspring, const struct run_row *run, sprout_take take,
	void *state, struct error *err)
{
	struct giving giving = {offspring, take, state, err, UNKNOWN};
	int result = give_all(&giving, RUN_BY_ID, &run->run_id, 1, give_run_alone);

	if (!result && run->is_shot)
		result = give_all(&giving, SHOT_BY_RUN, &run->run_id, 1, give_shot_alone);
	else if (!result && run->async_id != UNKNOWN)
		result = give_all(&giving, REQUEST_ITSELF, &run->async_id, 1, give_request_alone);
	return result < 0 ? -1 : 0;
}

static int give_request_made(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout request, run;

	packing_read_request(row, &request, &run);
	return give(giving, &request);
}

static int give_resource_made(const struct giving *giving, sqlite3_stmt *row)
{
	struct sprout resource;

	packing_read_resource(row, &resource);
	return give(giving, &resource);
}

int offspring_resource_itself(struct offspring *offspring, int64_t async_id, sprout_take take,
	void *state, struct error *err)
{
	struct giving giving = {offspring, take, state, err, UNKNOWN};
	int result = give_all(&giving, REQUEST_ITSELF, &async_id, 1, give_request_made);

	if (!result)
		result = give_all(&giving, RESOURCE_ITSELF, &async_id, 1, give_resource_made);
	return result < 0 ? -1 : 0;
}
