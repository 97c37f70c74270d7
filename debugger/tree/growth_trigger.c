/*
 * A tree by trigger: resources and the resources that were made in their callbacks. There is no
 * index for it, but a trigger is older than what it made: one pass by ID finds all. An edge that
 * says otherwise is damaged and not followed.
 */
#include "debugger/recording/id_map.h"
#include "debugger/tree/growth_internal.h"
#include "debugger/tree/packing.h"

static int add_triggered(
	struct grower *grower, struct id_map *met, sqlite3_stmt *row, struct error *err)
{
	struct growth *growth = grower->growth;
	struct sprout sprout;
	int64_t trigger_id = lookup_column(row, 4);
	uint32_t parent = (uint32_t)id_map_get(met, trigger_id);
	uint64_t *own;
	int result;

	packing_forget(&sprout, SPROUT_RESOURCE);
	sprout.id = sprout.async_id = sqlite3_column_int64(row, 0);
	if (!parent || trigger_id >= sprout.id)
		return 0;
	if (grower->options->depth != UNKNOWN &&
		growth->shoots[parent - 1].generation >= grower->options->depth) {
		growth->shoots[parent - 1].has_more = true;
		return 0;
	}
	sprout.origin_id = lookup_column(row, 1);
	sprout.ns = lookup_column(row, 2);
	sprout.type_id = lookup_column(row, 3);
	grower->at = parent - 1;
	result = growth_add(grower, &sprout, parent - 1, err);
	if (result)
		return result;
	own = id_map_at(met, sprout.id);
	if (!own)
		return error_set(err, "out of memory: the recording's IDs are too far apart");
	*own = growth->count;
	growth->shoots[growth->count - 1].generation = growth->shoots[parent - 1].generation + 1;
	return 0;
}

/* One pass over all that is younger: a trigger is older than what it made. */
int growth_by_trigger(struct grower *grower, struct error *err)
{
	static const char sql[] =
		"SELECT async_id, origin_id, created_ns, NULL, async_id - trigger_delta"
		" FROM main.packed_request WHERE async_id > ?1"
		" UNION ALL SELECT async_id, origin_id, created_ns, type_id, async_id - "
		"trigger_delta"
		" FROM main.packed_resource WHERE async_id > ?1 ORDER BY 1";
	int64_t left = grower->options->budget == UNKNOWN ? INT64_MAX : grower->options->budget;
	struct growth *growth = grower->growth;
	struct id_map met = {0};
	sqlite3_stmt *row;
	uint64_t *own;
	int found = 0, result = 0;

	own = id_map_at(&met, growth->shoots[0].sprout.async_id);
	if (!own)
		return error_set(err, "out of memory");
	*own = 1;
	if (sqlite3_prepare_v2(reader_database(grower->recording), sql, -1, &row, NULL)) {
		id_map_deinit(&met);
		return reader_error(grower->recording, NULL, err);
	}
	sqlite3_bind_int64(row, 1, growth->shoots[0].sprout.async_id);
	while (!result && (found = reader_step(grower->recording, row, err)) == 1) {
		if (!left--) {
			growth->is_cut = growth->shoots[0].has_more = true;
			growth->looked_until_ns = lookup_column(row, 2);
			break;
		}
		result = add_triggered(grower, &met, row, err);
	}
	sqlite3_finalize(row);
	id_map_deinit(&met);
	return result < 0 || (!result && found < 0) ? -1 : 0;
}
