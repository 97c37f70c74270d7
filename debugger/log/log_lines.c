/*
 * Recorded lines: see log_lines.h. While all lines are gone through nothing but their text is read:
 * the rest is looked up for those that match.
 */
#include "debugger/log/log_lines.h"

int log_line_load(struct reader *recording, struct log_runs *runs, int64_t log_id,
	struct log_line *ret, struct error *err)
{
	struct resource_row resource;
	struct run_row run;
	size_t slot;
	int found = lookup_log(recording, log_id, &ret->row, err);

	ret->async_id = UNKNOWN;
	ret->type = NULL;
	ret->with = NULL;
	if (found != 1 || ret->row.run_id == UNKNOWN)
		return found;
	slot = (size_t)ret->row.run_id % (sizeof runs->rows / sizeof runs->rows[0]);
	if (!runs->rows[slot].is_set || runs->rows[slot].run_id != ret->row.run_id) {
		if (lookup_run(recording, ret->row.run_id, &run, err) < 0 ||
			lookup_resource(recording, run.async_id, &resource, err) < 0)
			return -1;
		runs->rows[slot].run_id = ret->row.run_id;
		runs->rows[slot].async_id = run.async_id;
		runs->rows[slot].type = resource.type.name;
		runs->rows[slot].is_set = true;
	}
	ret->async_id = runs->rows[slot].async_id;
	ret->type = runs->rows[slot].type;
	return 1;
}

static int matches(sqlite3_stmt *row, struct pattern *match, struct error *err)
{
	const char *bytes = sqlite3_column_blob(row, 1);
	struct pattern_range range;
	struct error why;
	int found =
		pattern_find(match, bytes, (size_t)sqlite3_column_bytes(row, 1), 0, &range, &why);

	return found < 0 ? error_set(err, "%.900s (log:%lld)", why.text,
				   (long long)sqlite3_column_int64(row, 0))
			 : found;
}

int log_lines_each(struct reader *recording, struct pattern *match,
	int (*take)(void *context, int64_t log_id, struct error *err), void *context,
	struct error *err)
{
	static const char sql[] = "SELECT log_id, text FROM main.packed_log ORDER BY log_id";
	sqlite3_stmt *row;
	int found, result = 1;

	if (reader_prepare(recording, STATEMENT_LOG_MATCHES, sql, &row, err))
		return -1;
	reader_set_budget(recording, 0);
	while (result == 1 && (found = reader_step(recording, row, err))) {
		if (found == 1)
			found = match ? matches(row, match, err) : 1;
		result = found < 0 ? -1
			 : found   ? take(context, sqlite3_column_int64(row, 0), err)
				   : 1;
	}
	sqlite3_reset(row);
	reader_set_budget(recording, READER_BUDGET);
	return result;
}
