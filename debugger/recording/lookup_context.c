/*
 * Values that callbacks inherit: see lookup_context.h. Tables are named without `main.`: in a
 * recording of old, two of them are empty ones of ours in TEMP. Promises bounded reading.
 */
#include "debugger/recording/lookup_context.h"

#include <stdlib.h>

#define SCAN_SQL "200000" /* rows that are read where there is no index */
#define SKEW_NS	 1000000  /* by which IDs may be out of step with times */
#define TEXT_MAX "4096"	  /* bytes of a key or a value */

int lookup_has_context(struct reader *recording, struct error *err)
{
	int64_t any;

	return reader_integer(recording, STATEMENT_CONTEXT_ANY, "SELECT 1 FROM context LIMIT 1",
		UNKNOWN, UNKNOWN, &any, err);
}

/* Is there an index by run? Asked once of a recording. */
static bool is_indexed(struct reader *recording)
{
	bool *known = reader_attached(recording, ATTACHED_CONTEXT);

	if (known)
		return *known;
	known = malloc(sizeof *known);
	if (!known)
		return false;
	*known = reader_finds(recording, "context", "run_id");
	reader_attach(recording, ATTACHED_CONTEXT, known, free);
	return *known;
}

void context_row_deinit(struct context_row *row)
{
	strbuf_deinit(&row->key);
	strbuf_deinit(&row->value);
}

static void take_text(struct strbuf *ret, sqlite3_stmt *row, int column)
{
	const char *bytes = sqlite3_column_blob(row, column);

	strbuf_clear(ret);
	if (bytes)
		strbuf_add(ret, bytes, (size_t)sqlite3_column_bytes(row, column));
}

int lookup_context(
	struct reader *recording, int64_t context_id, struct context_row *ret, struct error *err)
{
	/* One that stands for another was set where that says. */
	static const char sql[] =
		"SELECT c.parent_context_id, coalesce(c.async_id, o.async_id),"
		" coalesce(c.run_id, o.run_id), coalesce(o.set_ns, c.set_ns),"
		" coalesce(c.stack_id, o.stack_id), substr(CAST(c.key AS BLOB), 1, " TEXT_MAX "),"
		" substr(CAST(c.value AS BLOB), 1, " TEXT_MAX ")"
		" FROM context c LEFT JOIN context_repeat r ON r.context_id = c.context_id"
		" LEFT JOIN context o ON o.context_id = r.of_context_id WHERE c.context_id = ?1";
	sqlite3_stmt *row;
	int found;

	ret->context_id = context_id;
	ret->parent_context_id = ret->async_id = ret->run_id = ret->set_ns = ret->stack_id =
		UNKNOWN;
	ret->is_set = false;
	strbuf_clear(&ret->key);
	strbuf_clear(&ret->value);
	if (context_id == UNKNOWN)
		return 0;
	if (reader_prepare(recording, STATEMENT_CONTEXT, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, context_id);
	found = reader_step(recording, row, err);
	if (found != 1)
		return found;
	ret->parent_context_id = lookup_column(row, 0);
	ret->async_id = lookup_column(row, 1);
	ret->run_id = lookup_column(row, 2);
	ret->set_ns = lookup_column(row, 3);
	ret->stack_id = lookup_column(row, 4);
	take_text(&ret->key, row, 5);
	take_text(&ret->value, row, 6);
	ret->is_set = sqlite3_column_type(row, 6) != SQLITE_NULL;
	sqlite3_reset(row);
	return ret->key.failed || ret->value.failed ? error_set(err, "out of memory") : 1;
}

int lookup_context_of_resource(
	struct reader *recording, int64_t async_id, int64_t *ret, struct error *err)
{
	*ret = UNKNOWN;
	if (async_id == UNKNOWN)
		return 0;
	return reader_integer(recording, STATEMENT_RESOURCE_CONTEXT,
		"SELECT context_id FROM resource_context WHERE async_id = ?1", async_id, UNKNOWN,
		ret, err);
}

int lookup_context_of_run(
	struct reader *recording, const struct run_row *run, int64_t *ret, struct error *err)
{
	*ret = UNKNOWN;
	if (run->arming_id == UNKNOWN)
		return lookup_context_of_resource(recording, run->async_id, ret, err);
	return reader_integer(recording, STATEMENT_ARMING_CONTEXT,
		"SELECT context_id FROM arming_context WHERE arming_id = ?1", run->arming_id,
		UNKNOWN, ret, err);
}

/* The least ID of a process from which on rows were set at `ns` or later, as far as IDs tell. */
static int id_at(
	struct reader *recording, int64_t process_id, int64_t ns, int64_t *ret, struct error *err)
{
	static const char sql[] = "SELECT set_ns, context_id FROM context WHERE context_id >= ?1"
				  " ORDER BY context_id LIMIT 1";
	int64_t low = id_main(process_id), high = id_main(process_id) + (INT64_C(1) << 40) - 2;

	while (low < high) {
		int64_t middle = low + (high - low) / 2, set_ns, context_id;
		sqlite3_stmt *row;
		int found;

		if (reader_prepare(recording, STATEMENT_CONTEXT_AT, sql, &row, err))
			return -1;
		sqlite3_bind_int64(row, 1, middle);
		found = reader_step(recording, row, err);
		if (found < 0)
			return -1;
		set_ns = found ? lookup_column(row, 0) : UNKNOWN;
		context_id = found ? lookup_column(row, 1) : UNKNOWN;
		sqlite3_reset(row);
		if (!found || context_id > high || set_ns >= ns)
			high = middle;
		else
			low = context_id < high ? context_id + 1 : high;
	}
	*ret = low;
	return 0;
}

/* Where there is no index: the last of those set in the time that is asked for. */
static int last_by_time(struct reader *recording, const struct run_row *run, int64_t from_ns,
	int64_t to_ns, int64_t *ret, struct error *err)
{
	static const char sql[] =
		"SELECT context_id FROM (SELECT context_id, run_id, set_ns FROM context"
		" WHERE context_id BETWEEN ?4 AND ?5 ORDER BY context_id DESC LIMIT " SCAN_SQL ")"
		" WHERE run_id = ?1 AND set_ns BETWEEN ?2 AND ?3"
		" ORDER BY context_id DESC LIMIT 1";
	int64_t process_id = id_process(run->run_id), first, last;
	sqlite3_stmt *row;
	int found;

	if (id_at(recording, process_id, from_ns < SKEW_NS ? 0 : from_ns - SKEW_NS, &first, err) ||
		id_at(recording, process_id,
			to_ns > INT64_MAX - SKEW_NS ? INT64_MAX : to_ns + SKEW_NS, &last, err) ||
		reader_prepare(recording, STATEMENT_CONTEXT_SCAN, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, run->run_id);
	sqlite3_bind_int64(row, 2, from_ns);
	sqlite3_bind_int64(row, 3, to_ns);
	sqlite3_bind_int64(row, 4, first);
	sqlite3_bind_int64(row, 5, last);
	found = reader_step(recording, row, err);
	if (found == 1)
		*ret = lookup_column(row, 0);
	sqlite3_reset(row);
	return found;
}

/* The last that was set in a run in a stretch of time, its ends included. */
static int last_set(struct reader *recording, const struct run_row *run, int64_t from_ns,
	int64_t to_ns, int64_t *ret, struct error *err)
{
	static const char sql[] = "SELECT context_id FROM context WHERE run_id = ?1"
				  " AND set_ns BETWEEN ?2 AND ?3"
				  " ORDER BY set_ns DESC, context_id DESC LIMIT 1";
	sqlite3_stmt *row;
	int found;

	*ret = UNKNOWN;
	if (run->run_id == UNKNOWN || from_ns > to_ns)
		return 0;
	if (!is_indexed(recording))
		return last_by_time(recording, run, from_ns, to_ns, ret, err);
	if (reader_prepare(recording, STATEMENT_CONTEXT_OF_RUN, sql, &row, err))
		return -1;
	sqlite3_bind_int64(row, 1, run->run_id);
	sqlite3_bind_int64(row, 2, from_ns);
	sqlite3_bind_int64(row, 3, to_ns);
	found = reader_step(recording, row, err);
	if (found == 1)
		*ret = lookup_column(row, 0);
	sqlite3_reset(row);
	return found;
}

int lookup_context_in_run(struct reader *recording, const struct run_row *run, int64_t at_ns,
	int64_t *ret, struct error *err)
{
	/* Without an index, what a run can have set is looked for between its ends. */
	int64_t from_ns = run->began_ns == UNKNOWN ? 0 : run->began_ns, to_ns = at_ns;
	int found;

	if (to_ns == UNKNOWN && (run->duration_ns == UNKNOWN ||
					__builtin_add_overflow(from_ns, run->duration_ns, &to_ns)))
		to_ns = INT64_MAX;
	found = last_set(recording, run, from_ns, to_ns, ret, err);
	return found ? found : lookup_context_of_run(recording, run, ret, err);
}

int lookup_context_at(
	struct reader *recording, int64_t run_id, int64_t at_ns, int64_t *ret, struct error *err)
{
	struct run_row run;
	int found;

	/* With an index, what the run has set is found without knowing the run. */
	lookup_forget_run(&run, run_id);
	if (is_indexed(recording)) {
		found = last_set(recording, &run, INT64_MIN + 1,
			at_ns == UNKNOWN ? INT64_MAX : at_ns, ret, err);
		if (found)
			return found;
	}
	*ret = UNKNOWN;
	if (lookup_run(recording, run_id, &run, err) < 0)
		return -1;
	return is_indexed(recording) ? lookup_context_of_run(recording, &run, ret, err)
				     : lookup_context_in_run(recording, &run, at_ns, ret, err);
}

int lookup_context_set_after(struct reader *recording, const struct run_row *run, int64_t after_ns,
	int64_t *ret, struct error *err)
{
	int64_t to_ns = INT64_MAX;

	*ret = UNKNOWN;
	if (run->began_ns != UNKNOWN && run->duration_ns != UNKNOWN &&
		__builtin_add_overflow(run->began_ns, run->duration_ns, &to_ns))
		to_ns = INT64_MAX;
	return after_ns == INT64_MAX ? 0 : last_set(recording, run, after_ns + 1, to_ns, ret, err);
}
