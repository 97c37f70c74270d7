/*
 * Resources along trigger edges: see kin_table.h. A recording has no index by trigger, but a
 * trigger is older than what it made: so one pass by rising or falling ID finds all. An edge that
 * says otherwise is damaged and not followed, and so nothing goes round in a circle.
 */
#include "debugger/sql/kin_table.h"

#include "debugger/recording/id_map.h"
#include "debugger/recording/lookup.h"

#include <stdio.h>

#define COUNT_MAX UINT32_MAX

/* --- ancestors ----------------------------------------------------------------------------------
 */

struct ancestors {
	struct reader *recording;
	struct resource_row resource; /* of the row */
	int64_t next_id, distance;
};

static int ancestors_open(
	void *state, struct sql_source *source, sqlite3_value **values, struct error *err)
{
	struct ancestors *ancestors = state;
	int64_t async_id;

	ancestors->recording = source->recording;
	if (table_function_id("ancestors", values[0], &async_id, err) ||
		lookup_resource(ancestors->recording, async_id, &ancestors->resource, err) < 0)
		return -1;
	ancestors->next_id = ancestors->resource.trigger_id;
	if (ancestors->next_id >= async_id)
		ancestors->next_id = UNKNOWN;
	return 0;
}

static int ancestors_next(void *state, struct error *err)
{
	struct ancestors *ancestors = state;
	int64_t async_id = ancestors->next_id;
	int found;

	if (async_id == UNKNOWN)
		return 0;
	found = lookup_resource(ancestors->recording, async_id, &ancestors->resource, err);
	if (found < 0)
		return -1;
	ancestors->resource.async_id = async_id; /* also where it is not written */
	ancestors->distance++;
	ancestors->next_id = found ? ancestors->resource.trigger_id : UNKNOWN;
	if (ancestors->next_id >= async_id)
		ancestors->next_id = UNKNOWN;
	return 1;
}

static void ancestors_column(void *state, sqlite3_context *context, int column)
{
	const struct ancestors *ancestors = state;

	if (column == 0)
		table_function_integer(context, ancestors->resource.async_id);
	else if (column == 1)
		table_function_integer(context, ancestors->distance);
	else
		table_function_text(context, ancestors->resource.type.name);
}

static void ancestors_close(void *state)
{
	(void)state;
}

const struct table_function ancestors_function = {
	.name = "ancestors",
	.columns = "async_id INTEGER, distance INTEGER, type TEXT, id HIDDEN",
	.parameter_count = 1,
	.first_parameter = 3,
	.state_size = sizeof(struct ancestors),
	.open = ancestors_open,
	.next = ancestors_next,
	.column = ancestors_column,
	.close = ancestors_close,
};

/* --- all resources, by ID -----------------------------------------------------------------------
 */

/* The two tables that hold them, merged. */
struct census {
	struct reader *recording;
	sqlite3_stmt *tables[2];
	bool has_row[2], falling;
	int64_t ids[2];
};

static int census_step(struct census *census, int table, struct error *err)
{
	int code = sqlite3_step(census->tables[table]);

	census->has_row[table] = code == SQLITE_ROW;
	if (code == SQLITE_ROW)
		census->ids[table] = sqlite3_column_int64(census->tables[table], 0);
	return code == SQLITE_ROW || code == SQLITE_DONE
		       ? 0
		       : reader_error(census->recording, NULL, err);
}

/* Those after `from_id`. */
static int census_init(struct census *census, struct reader *recording, int64_t from_id,
	bool falling, struct error *err)
{
	static const char *const tables[] = {"packed_request", "packed_resource"};
	char sql[320];
	int i;

	*census = (struct census){.recording = recording, .falling = falling};
	for (i = 0; i < 2; i++) {
		snprintf(sql, sizeof sql,
			"SELECT async_id, async_id - trigger_delta, origin_id FROM main.%s"
			" WHERE async_id > ?1 ORDER BY async_id%s",
			tables[i], falling ? " DESC" : "");
		if (sqlite3_prepare_v2(
			    reader_database(recording), sql, -1, &census->tables[i], NULL))
			return reader_error(recording, NULL, err);
		sqlite3_bind_int64(census->tables[i], 1, from_id);
		if (census_step(census, i, err))
			return -1;
	}
	return 0;
}

static void census_deinit(struct census *census)
{
	sqlite3_finalize(census->tables[0]);
	sqlite3_finalize(census->tables[1]);
}

/* Which table has the next one; -1 when both are at their end. */
static int census_which(const struct census *census)
{
	if (!census->has_row[0] || !census->has_row[1])
		return census->has_row[0] ? 0 : census->has_row[1] ? 1 : -1;
	return (census->ids[0] < census->ids[1]) != census->falling ? 0 : 1;
}

/* An ID, and what made it when that is older; else UNKNOWN. */
static int64_t census_trigger(const struct census *census, int table)
{
	int64_t trigger_id = lookup_column(census->tables[table], 1);

	return trigger_id < census->ids[table] ? trigger_id : UNKNOWN;
}

static int too_many(struct error *err)
{
	return error_set(err, "out of memory: the recording's IDs are too far apart, or too many");
}

/* --- descendants --------------------------------------------------------------------------------
 */

struct descendants {
	struct census census;
	struct id_map distances; /* of those met, + 1 */
	int64_t async_id, distance;
	struct reader *recording;
};

static int descendants_open(
	void *state, struct sql_source *source, sqlite3_value **values, struct error *err)
{
	struct descendants *descendants = state;
	uint64_t *own;
	int64_t async_id;

	descendants->recording = source->recording;
	if (table_function_id("descendants", values[0], &async_id, err))
		return -1;
	own = id_map_at(&descendants->distances, async_id);
	if (!own)
		return too_many(err);
	*own = 1;
	return census_init(&descendants->census, source->recording, async_id, false, err);
}

static int descendants_next(void *state, struct error *err)
{
	struct descendants *descendants = state;
	struct census *census = &descendants->census;
	int table;

	while ((table = census_which(census)) >= 0) {
		int64_t async_id = census->ids[table], trigger_id = census_trigger(census, table);
		uint64_t distance =
			trigger_id == UNKNOWN ? 0 : id_map_get(&descendants->distances, trigger_id);

		if (distance) {
			uint64_t *own = id_map_at(&descendants->distances, async_id);

			if (!own)
				return too_many(err);
			*own = distance + 1;
			descendants->async_id = async_id;
			descendants->distance = (int64_t)distance;
		}
		if (census_step(census, table, err))
			return -1;
		if (distance)
			return 1;
	}
	return 0;
}

/* Asked for only where the type is wanted. */
static void result_type(struct descendants *descendants, sqlite3_context *context)
{
	struct resource_row resource;
	struct error err;

	if (lookup_resource(descendants->recording, descendants->async_id, &resource, &err) == 1)
		table_function_text(context, resource.type.name);
}

static void descendants_column(void *state, sqlite3_context *context, int column)
{
	struct descendants *descendants = state;

	if (column == 0)
		table_function_integer(context, descendants->async_id);
	else if (column == 1)
		table_function_integer(context, descendants->distance);
	else
		result_type(descendants, context);
}

static void descendants_close(void *state)
{
	struct descendants *descendants = state;

	census_deinit(&descendants->census);
	id_map_deinit(&descendants->distances);
}

const struct table_function descendants_function = {
	.name = "descendants",
	.columns = "async_id INTEGER, distance INTEGER, type TEXT, id HIDDEN",
	.parameter_count = 1,
	.first_parameter = 3,
	.state_size = sizeof(struct descendants),
	.open = descendants_open,
	.next = descendants_next,
	.column = descendants_column,
	.close = descendants_close,
};

/* --- fan_out ------------------------------------------------------------------------------------
 */

struct fan_out {
	struct census census;
	struct id_map counts; /* children in the upper half, descendants in the lower */
	int64_t async_id, origin_id, children, descendants;
};

static int fan_out_open(
	void *state, struct sql_source *source, sqlite3_value **values, struct error *err)
{
	struct fan_out *fan = state;

	(void)values;
	return census_init(&fan->census, source->recording, INT64_MIN, true, err);
}

/* Adds a resource with its descendants to what made it. */
static int add_to_trigger(struct fan_out *fan, int64_t trigger_id, uint64_t own, struct error *err)
{
	uint64_t *counts = id_map_at(&fan->counts, trigger_id);
	uint64_t children, descendants;

	if (!counts)
		return too_many(err);
	children = *counts >> 32;
	descendants = (*counts & COUNT_MAX) + (own & COUNT_MAX) + 1;
	children += children < COUNT_MAX;
	*counts = children << 32 | (descendants < COUNT_MAX ? descendants : COUNT_MAX);
	return 0;
}

static int fan_out_next(void *state, struct error *err)
{
	struct fan_out *fan = state;
	struct census *census = &fan->census;
	int table;

	while ((table = census_which(census)) >= 0) {
		int64_t async_id = census->ids[table], trigger_id = census_trigger(census, table);
		uint64_t own = id_map_get(&fan->counts, async_id);

		if (trigger_id != UNKNOWN && add_to_trigger(fan, trigger_id, own, err))
			return -1;
		fan->async_id = async_id;
		fan->origin_id = lookup_column(census->tables[table], 2);
		fan->children = (int64_t)(own >> 32);
		fan->descendants = (int64_t)(own & COUNT_MAX);
		if (census_step(census, table, err))
			return -1;
		if (own)
			return 1;
	}
	return 0;
}

static void fan_out_column(void *state, sqlite3_context *context, int column)
{
	const struct fan_out *fan = state;
	const int64_t values[] = {fan->async_id, fan->children, fan->descendants, fan->origin_id};

	table_function_integer(context, values[column]);
}

static void fan_out_close(void *state)
{
	struct fan_out *fan = state;

	census_deinit(&fan->census);
	id_map_deinit(&fan->counts);
}

const struct table_function fan_out_function = {
	.name = "fan_out",
	.columns = "async_id INTEGER, children INTEGER, descendants INTEGER, origin_id INTEGER",
	.parameter_count = 0,
	.first_parameter = 4,
	.state_size = sizeof(struct fan_out),
	.open = fan_out_open,
	.next = fan_out_next,
	.column = fan_out_column,
	.close = fan_out_close,
};
