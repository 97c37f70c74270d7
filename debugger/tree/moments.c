/*
 * Bisection for moments: see moments.h. What is looked for next is mostly near to what was found
 * last, so that the first steps go from there. Must not be used for strays.
 */
#include "debugger/tree/moments.h"

#include "debugger/recording/id.h"

#define GALLOP 256 /* IDs of the first step */

/* X(TABLE, name, its ID, its time) */
#define TABLES(X)                                                                                  \
	X(REQUEST, "packed_request", "p.async_id", "p.created_ns")                                 \
	X(RESOURCE, "packed_resource", "p.async_id", "p.created_ns")                               \
	X(ARMING, "packed_arming", "p.arming_id", "p.armed_ns")                                    \
	X(SHOT, "packed_shot", "p.run_id - p.arming_delta", "p.armed_ns")                          \
	X(CAUSE, "packed_cause", "p.cause_id", "p.caused_ns")

#define X(tag, name, id, ns)                                                                       \
	"SELECT " id ", " ns " FROM main." name " p WHERE " id " >= ?1 AND " id " < ?2 AND " ns    \
	" IS NOT NULL ORDER BY " id " LIMIT 1",
static const char *const probe_sql[STRAY_TABLES] = {TABLES(X)};
#undef X

#define X(tag, name, id, ns)                                                                       \
	"SELECT " id " FROM main." name " p WHERE " id " >= ?1 AND " id " < ?2 ORDER BY " id       \
	" DESC LIMIT 1",
static const char *const last_sql[STRAY_TABLES] = {TABLES(X)};
#undef X

void moments_deinit(struct moments *moments)
{
	int i;

	for (i = 0; i < STRAY_TABLES; i++)
		sqlite3_finalize(moments->probes[i]);
}

/* The IDs that a process has in a table. */
static int range_of(struct moments *moments, int64_t process_id, enum stray_table table,
	const struct moments_range **ret, struct error *err)
{
	int64_t base = (process_id - 1) << ID_PROCESS_SHIFT;
	struct moments_range *range = &moments->ranges[table];
	sqlite3 *database = reader_database(moments->recording);
	sqlite3_stmt *row = NULL;
	int found;

	*ret = range;
	if (range->is_known && range->base == base)
		return 0;
	if ((!moments->probes[table] && sqlite3_prepare_v2(database, probe_sql[table], -1,
						&moments->probes[table], NULL)) ||
		sqlite3_prepare_v2(database, last_sql[table], -1, &row, NULL))
		return reader_error(moments->recording, NULL, err);
	sqlite3_bind_int64(row, 1, base);
	sqlite3_bind_int64(row, 2, base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1));
	found = reader_step(moments->recording, row, err);
	*range = (struct moments_range){
		base, found == 1 ? sqlite3_column_int64(row, 0) + 1 : base, table, found >= 0};
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

/* The first row from `id` on that stands in the order of time: 1 with its ID and time. */
static int row_from(struct moments *moments, const struct moments_range *range, int64_t id,
	int64_t *row_id, int64_t *ns, struct error *err)
{
	sqlite3_stmt *row = moments->probes[range->table];
	int found;

	for (;;) {
		sqlite3_reset(row);
		sqlite3_bind_int64(row, 1, id);
		sqlite3_bind_int64(row, 2, range->end);
		moments->looked_up++;
		found = reader_step(moments->recording, row, err);
		if (found != 1)
			return found;
		*row_id = sqlite3_column_int64(row, 0);
		*ns = sqlite3_column_int64(row, 1);
		sqlite3_reset(row);
		if (!strays_has(moments->strays, range->table, *row_id))
			return 1;
		id = *row_id + 1;
	}
}

/* What is being bisected for. */
struct bisection {
	struct moments *moments;
	const struct moments_range *range;
	int64_t ns, low, high; /* the first at `ns` or later is from `low` to `high` */
	struct error *err;
};

/* Looks at the row from `id` on and moves an end. 1 when it is before, 0 when not, -1 an error. */
static int halve(struct bisection *bisection, int64_t id)
{
	int64_t row_id, row_ns;
	int found = row_from(
		bisection->moments, bisection->range, id, &row_id, &row_ns, bisection->err);

	if (found < 0)
		return -1;
	if (found && row_ns < bisection->ns) {
		bisection->low = row_id < INT64_MAX ? row_id + 1 : row_id;
		return 1;
	}
	bisection->high = id;
	return 0;
}

/* The ID from which on the rows of a process are at `ns` or later. Looks near `from` first. */
static int find_moment(struct moments *moments, const struct moments_range *range, int64_t ns,
	int64_t from, int64_t *ret, struct error *err)
{
	struct bisection bisection = {moments, range, ns, range->base, range->end, err};
	int64_t step = GALLOP;
	int before;

	if (from < range->base || from > range->end)
		from = range->base;
	before = halve(&bisection, from);
	if (before > 0) {
		while (before > 0 && bisection.high - bisection.low > step) {
			before = halve(&bisection, bisection.low + step);
			step *= 4;
		}
	} else {
		while (!before && bisection.high - bisection.low > step) {
			before = halve(&bisection, bisection.high - step);
			step *= 4;
		}
	}
	while (before >= 0 && bisection.low < bisection.high)
		before = halve(&bisection, bisection.low + (bisection.high - bisection.low) / 2);
	*ret = bisection.low;
	return before < 0 ? -1 : 0;
}

int moments_find(struct moments *moments, int64_t process_id, enum stray_table table,
	int64_t began_ns, int64_t ended_ns, int64_t *low, int64_t *high, struct error *err)
{
	const struct moments_range *range;
	int64_t slack = moments->slack_ns;

	if (range_of(moments, process_id, table, &range, err))
		return -1;
	*low = range->base;
	*high = range->end;
	if (began_ns != UNKNOWN && began_ns > slack &&
		find_moment(moments, range, began_ns - slack, moments->near[table], low, err))
		return -1;
	moments->near[table] = *low;
	if (ended_ns != UNKNOWN && ended_ns < INT64_MAX - slack &&
		find_moment(moments, range, ended_ns + slack + 1, *low, high, err))
		return -1;
	return 0;
}

int moments_at(struct moments *moments, enum stray_table table, int64_t id, int64_t *ret,
	struct error *err)
{
	int64_t row_id;
	int found = row_from(moments, &moments->ranges[table], id, &row_id, ret, err);

	if (found != 1)
		*ret = UNKNOWN;
	return found < 0 ? -1 : 0;
}
