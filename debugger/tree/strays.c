/*
 * Rows out of order: see strays.h. One pass over the armings and causes, and over the requests of
 * forked processes, and a look at the beginning of each process's IDs, where all else that it
 * inherited stands together.
 */
#include "debugger/tree/strays.h"

#include "debugger/recording/id.h"
#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define STRAYS_MAX 4000000 /* of a damaged recording: 96 MB */
#define OWN_IN_ROW 16	   /* rows of a process's own, after which nothing inherited follows */

void strays_deinit(struct strays *strays)
{
	free(strays->rows);
	free(strays->placed);
	*strays = (struct strays){0};
}

static int add(struct strays *strays, int64_t run_id, enum stray_table table, int64_t id,
	struct error *err)
{
	if (strays->count == STRAYS_MAX)
		return error_set(err, "the recording is damaged: too many of its IDs are out of"
				      " the order of time");
	if (strays->count == strays->capacity) {
		size_t capacity = strays->capacity ? strays->capacity * 2 : 256;
		struct stray *rows = realloc(strays->rows, capacity * sizeof *rows);

		if (!rows)
			return error_set(err, "out of memory");
		strays->rows = rows;
		strays->capacity = capacity;
	}
	strays->rows[strays->count++] = (struct stray){run_id, table, id};
	return 0;
}

/* Of one table in the order of its IDs: those that are later or earlier than their place. */
static int gather_late(struct strays *strays, struct reader *recording, enum stray_table table,
	const char *sql, int64_t slack_ns, struct error *err)
{
	int64_t process = -1, latest_ns = INT64_MIN;
	sqlite3_stmt *row;
	int found, result = 0;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	while (!result && (found = reader_step(recording, row, err)) == 1) {
		int64_t id = sqlite3_column_int64(row, 0), run_id = lookup_column(row, 1);
		int64_t ns = lookup_column(row, 2);

		if (id >> ID_PROCESS_SHIFT != process) {
			process = id >> ID_PROCESS_SHIFT;
			latest_ns = INT64_MIN;
		}
		if (run_id == UNKNOWN || ns == UNKNOWN)
			continue;
		/* Told again later: its time says nothing of those that follow. */
		if (sqlite3_column_int64(row, 3) > 1 ||
			(latest_ns > 0 && ns < latest_ns - slack_ns))
			result = add(strays, run_id, table, id, err);
		else if (ns > latest_ns && run_id >> ID_PROCESS_SHIFT == process)
			latest_ns = ns;
	}
	if (!result && found < 0)
		result = -1;
	sqlite3_finalize(row);
	return result;
}

/* What one process inherited, of one table. */
static int gather_inherited(struct strays *strays, struct reader *recording, sqlite3_stmt *row,
	enum stray_table table, int64_t process_id, struct error *err)
{
	int64_t base = (int64_t)((uint64_t)(process_id - 1) << ID_PROCESS_SHIFT);
	int found, own = 0;

	sqlite3_reset(row);
	sqlite3_bind_int64(row, 1, base);
	sqlite3_bind_int64(row, 2, base | ((INT64_C(1) << ID_PROCESS_SHIFT) - 1));
	while (own < OWN_IN_ROW && (found = reader_step(recording, row, err)) == 1) {
		int64_t run_id = lookup_column(row, 1);

		if (run_id == UNKNOWN || run_id >> ID_PROCESS_SHIFT == process_id - 1)
			own++;
		else if (add(strays, run_id, table, sqlite3_column_int64(row, 0), err))
			return -1;
	}
	return own < OWN_IN_ROW && found < 0 ? -1 : 0;
}

/*
 * Requests that a process inherited. What the thread pool had done with one before the fork shows
 * only when its callback comes: then it gets an ID, far from the beginning.
 */
static int gather_requests(struct strays *strays, struct reader *recording, struct error *err)
{
	static const char sql[] =
		"SELECT async_id, run_id - creator_delta FROM main.packed_request"
		" WHERE async_id >= 1 << 40 AND (run_id - creator_delta) >> 40 <> async_id >> 40";
	sqlite3_stmt *row;
	int found = 0, result = 0;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	while (!result && (found = reader_step(recording, row, err)) == 1)
		result = add(strays, lookup_column(row, 1), STRAY_REQUEST,
			sqlite3_column_int64(row, 0), err);
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

static int gather_of_processes(
	struct strays *strays, struct reader *recording, enum stray_table table, struct error *err)
{
	static const char *const tables[STRAY_TABLES] = {NULL,
		"SELECT async_id, run_id FROM main.packed_resource"
		" WHERE async_id >= ?1 AND async_id <= ?2 ORDER BY async_id",
		"SELECT arming_id, run_id FROM main.packed_arming"
		" WHERE arming_id >= ?1 AND arming_id <= ?2 ORDER BY arming_id",
		"SELECT run_id - arming_delta, run_id - armer_delta FROM main.packed_shot"
		" WHERE run_id - arming_delta >= ?1 AND run_id - arming_delta <= ?2"
		" ORDER BY run_id - arming_delta",
		"SELECT cause_id, run_id FROM main.packed_cause"
		" WHERE cause_id >= ?1 AND cause_id <= ?2 ORDER BY cause_id"};
	sqlite3_stmt *processes = NULL, *row = NULL;
	int found, result = 0;

	if (table == STRAY_REQUEST)
		return gather_requests(strays, recording, err);
	if (sqlite3_prepare_v2(reader_database(recording),
		    "SELECT process_id FROM main.process WHERE process_id > 0 AND process_id < "
		    "8388608",
		    -1, &processes, NULL) ||
		sqlite3_prepare_v2(reader_database(recording), tables[table], -1, &row, NULL)) {
		sqlite3_finalize(processes);
		return reader_error(recording, NULL, err);
	}
	while (!result && (found = reader_step(recording, processes, err)) == 1)
		result = gather_inherited(
			strays, recording, row, table, sqlite3_column_int64(processes, 0), err);
	if (!result && found < 0)
		result = -1;
	sqlite3_finalize(processes);
	sqlite3_finalize(row);
	return result;
}

static int compare(const void *a, const void *b)
{
	const struct stray *x = a, *y = b;

	if (x->run_id != y->run_id)
		return x->run_id < y->run_id ? -1 : 1;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int compare_places(const void *a, const void *b)
{
	const struct stray *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Told of twice, when inherited and late. */
static void drop_doubles(struct strays *strays)
{
	size_t i, kept = 0;

	for (i = 0; i < strays->count; i++)
		if (!kept || compare(&strays->rows[kept - 1], &strays->rows[i]))
			strays->rows[kept++] = strays->rows[i];
	strays->count = kept;
}

static int has_several_processes(struct reader *recording, struct error *err)
{
	sqlite3_stmt *row;
	int result;

	if (sqlite3_prepare_v2(reader_database(recording), "SELECT 1 FROM main.process LIMIT 2", -1,
		    &row, NULL))
		return reader_error(recording, NULL, err);
	result = reader_step(recording, row, err);
	if (result == 1)
		result = reader_step(recording, row, err);
	sqlite3_finalize(row);
	return result;
}

int strays_init(
	struct strays *strays, struct reader *recording, int64_t slack_ns, struct error *err)
{
	int several = has_several_processes(recording, err);
	enum stray_table table;

	*strays = (struct strays){0};
	if (several < 0 ||
		gather_late(strays, recording, STRAY_ARMING,
			"SELECT arming_id, run_id, armed_ns, times FROM main.packed_arming"
			" ORDER BY arming_id",
			slack_ns, err) ||
		gather_late(strays, recording, STRAY_CAUSE,
			"SELECT cause_id, run_id, caused_ns, times FROM main.packed_cause"
			" ORDER BY cause_id",
			slack_ns, err))
		return -1;
	/* Shots of a recording without an index are found in another way. */
	for (table = 0; several && table < STRAY_TABLES; table++)
		if ((table != STRAY_SHOT ||
			    reader_finds(recording, "packed_shot", "run_id - arming_delta")) &&
			gather_of_processes(strays, recording, table, err))
			return -1;
	if (!strays->count)
		return 0;
	qsort(strays->rows, strays->count, sizeof strays->rows[0], compare);
	drop_doubles(strays);
	strays->placed = malloc(strays->count * sizeof strays->placed[0]);
	if (!strays->placed)
		return error_set(err, "out of memory");
	memcpy(strays->placed, strays->rows, strays->count * sizeof strays->placed[0]);
	qsort(strays->placed, strays->count, sizeof strays->placed[0], compare_places);
	return 0;
}

bool strays_has(const struct strays *strays, enum stray_table table, int64_t id)
{
	const struct stray wanted = {UNKNOWN, table, id};

	return strays->count &&
	       bsearch(&wanted, strays->placed, strays->count, sizeof wanted, compare_places);
}

size_t strays_first(const struct strays *strays, int64_t run_id)
{
	size_t low = 0, high = strays->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strays->rows[middle].run_id < run_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
