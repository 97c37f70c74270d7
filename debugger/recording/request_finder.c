/*
 * Requests by run ID without an index: see request_finder.h. Promises bounded memory (32 bytes for
 * every 4,096 rows). Not for finished recordings, which have an index.
 */
#include "debugger/recording/request_finder.h"

#include "debugger/recording/id.h"

#include <stdlib.h>

#define BLOCK_ROWS   4096
#define WINDOW_FIRST 64	   /* async IDs to either side that are looked at first … */
#define WINDOW_LAST  16384 /* … and at last */

/* Rows of the table, from async ID `first` to the next block's. */
struct block {
	int64_t first, last, least, greatest;
};

struct finder {
	struct block *blocks;
	size_t count, capacity;
	int64_t data_version; /* of the file when the blocks were read; 0: not read */
};

static void (*tell_slow)(int64_t rows);

void request_finder_on_slow(void (*tell)(int64_t rows))
{
	tell_slow = tell;
}

static void finder_destroy(void *thing)
{
	struct finder *finder = thing;

	free(finder->blocks);
	free(finder);
}

/* That of a recording, made when it is first asked for; NULL when memory runs out. */
static struct finder *finder_of(struct reader *recording)
{
	struct finder *finder = reader_attached(recording, ATTACHED_FINDER);

	if (!finder && (finder = calloc(1, sizeof *finder)))
		reader_attach(recording, ATTACHED_FINDER, finder, finder_destroy);
	return finder;
}

/* The wanted run among `rows` requests from async ID `from` on. */
static int search_from(struct reader *recording, int64_t from, int64_t to, int64_t rows,
	int64_t run_id, int64_t *ret, struct error *err)
{
	static const char sql[] =
		"SELECT async_id FROM (SELECT async_id, run_id FROM main.packed_request"
		" WHERE async_id >= ?1 AND async_id <= ?2 ORDER BY async_id LIMIT ?3)"
		" WHERE run_id = ?4 LIMIT 1";
	sqlite3_stmt *statement;
	int found;

	if (reader_prepare(recording, STATEMENT_FINDER_BLOCK, sql, &statement, err))
		return -1;
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, to);
	sqlite3_bind_int64(statement, 3, rows);
	sqlite3_bind_int64(statement, 4, run_id);
	found = reader_step(recording, statement, err);
	if (found == 1)
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return found;
}

/* The first request at or after `async_id` that ran: its own ID and its run's. */
static int probe(struct reader *recording, int64_t async_id, int64_t *ret_async, int64_t *ret_run,
	struct error *err)
{
	static const char sql[] = "SELECT async_id, run_id FROM main.packed_request"
				  " WHERE async_id >= ?1 ORDER BY async_id LIMIT 1";
	sqlite3_stmt *statement;
	int found;

	if (reader_prepare(recording, STATEMENT_FINDER_PROBE, sql, &statement, err))
		return -1;
	sqlite3_bind_int64(statement, 1, async_id);
	found = reader_step(recording, statement, err);
	if (found == 1) {
		*ret_async = sqlite3_column_int64(statement, 0);
		*ret_run = sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return found;
}

/* Bisects for the request whose run ID passes `run_id`, and looks around there. */
static int search_near(struct reader *recording, int64_t run_id, int64_t *ret, struct error *err)
{
	int64_t base = (run_id >> ID_PROCESS_SHIFT) << ID_PROCESS_SHIFT;
	int64_t low = base, high = base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1), last = high;
	int64_t async_id, found_run, around;
	int found;

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		found = probe(recording, middle, &async_id, &found_run, err);
		if (found < 0)
			return -1;
		if (!found || async_id > last || found_run >= run_id)
			high = middle;
		else
			low = async_id < high ? async_id + 1 : high;
	}
	/* Most requests wait about as long as their neighbours. */
	for (around = WINDOW_FIRST, found = 0; !found && around <= WINDOW_LAST; around *= 16)
		found = search_from(recording, low - base > around ? low - around : base,
			last - low > around ? low + around : last, 2 * around + 1, run_id, ret,
			err);
	return found;
}

static int add_block(struct finder *finder, const struct block *block, struct error *err)
{
	struct block *blocks;

	if (finder->count == finder->capacity) {
		size_t capacity = finder->capacity ? finder->capacity * 2 : 256;

		blocks = realloc(finder->blocks, capacity * sizeof *blocks);
		if (!blocks)
			return error_set(err, "out of memory");
		finder->blocks = blocks;
		finder->capacity = capacity;
	}
	finder->blocks[finder->count++] = *block;
	return 0;
}

/* Reads the whole table once. */
static int read_blocks(struct finder *finder, struct reader *recording, struct error *err)
{
	static const char sql[] =
		"SELECT async_id, run_id FROM main.packed_request ORDER BY async_id";
	struct block block = {.least = INT64_MAX, .greatest = INT64_MIN};
	sqlite3_stmt *statement;
	int64_t rows = 0;
	int found, result = 0;

	finder->count = 0;
	if (reader_prepare(recording, STATEMENT_FINDER_SCAN, sql, &statement, err))
		return -1;
	reader_set_budget(recording, 0);
	while (!result && (found = reader_step(recording, statement, err)) == 1) {
		int64_t async_id = sqlite3_column_int64(statement, 0);
		int64_t run_id = sqlite3_column_int64(statement, 1);

		if (rows++ % BLOCK_ROWS == 0) {
			if (rows > 1)
				result = add_block(finder, &block, err);
			block = (struct block){async_id, async_id, run_id, run_id};
		}
		block.last = async_id;
		block.least = run_id < block.least ? run_id : block.least;
		block.greatest = run_id > block.greatest ? run_id : block.greatest;
	}
	sqlite3_reset(statement);
	reader_set_budget(recording, READER_BUDGET);
	if (!result && found < 0)
		result = -1;
	if (!result && rows)
		result = add_block(finder, &block, err);
	return result;
}

/* The blocks, read again when the file has changed. */
static int refresh_blocks(struct finder *finder, struct reader *recording, struct error *err)
{
	int64_t version = 1, last = 0, first = 0;

	if (reader_integer(recording, STATEMENT_DATA_VERSION, "PRAGMA data_version", UNKNOWN,
		    UNKNOWN, &version, err) < 0)
		return -1;
	if (finder->data_version == version)
		return 0;
	if (probe(recording, 0, &first, &last, err) == 1 && tell_slow &&
		reader_integer(recording, STATEMENT_LAST_REQUEST,
			"SELECT max(async_id) FROM main.packed_request", UNKNOWN, UNKNOWN, &last,
			err) == 1)
		tell_slow(id_number(last) - id_number(first) + 1);
	if (read_blocks(finder, recording, err))
		return -1;
	finder->data_version = version;
	return 0;
}

int request_finder_find(struct reader *recording, int64_t run_id, int64_t *ret, struct error *err)
{
	struct finder *finder = finder_of(recording);
	int found;
	size_t i;

	if (!finder)
		return error_set(err, "out of memory");
	if (run_id < 0) /* no ID, whatever a damaged recording claims */
		return 0;
	found = search_near(recording, run_id, ret, err);
	if (found || refresh_blocks(finder, recording, err))
		return found ? found : -1;
	for (i = 0; i < finder->count; i++) {
		const struct block *block = &finder->blocks[i];

		if (run_id < block->least || run_id > block->greatest)
			continue;
		found = search_from(
			recording, block->first, block->last, BLOCK_ROWS, run_id, ret, err);
		if (found)
			return found;
	}
	return 0;
}
