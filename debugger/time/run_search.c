/*
 * The next or last run of a thread: see run_search.h. The three tables that hold runs are read side
 * by side from the moment on, always the one that lags behind. Must not be used to read all runs.
 */
#include "debugger/time/run_search.h"

#include "debugger/time/span.h"

#include <stdio.h>

enum { RUNS, SHOTS, REQUESTS, SOURCES };

/* One table, read in one direction. */
struct source {
	sqlite3_stmt *statement;
	bool is_at_row;
	int64_t run_id, began_ns, thread_id; /* of the row */
};

struct walk {
	struct reader *recording;
	const struct run_search *search;
	bool backward;
	int64_t skew_ns, read;
	struct source sources[SOURCES];
	/* the best so far */
	bool found;
	int64_t run_id, began_ns;
};

#define FROM(table, began)                                                                         \
	"SELECT p.run_id, " began ", e.thread_id FROM main." table " p"                            \
	" JOIN main.entry e ON e.entry_id = p.entry_id"
#define REQUEST_BEGAN "p.created_ns + p.wait_ns"

/* Moves to the next row that has a time; there may be none. */
static int advance(struct walk *walk, struct source *source, struct error *err)
{
	int found;

	source->is_at_row = false;
	if (!source->statement)
		return 0;
	while ((found = reader_step(walk->recording, source->statement, err)) == 1) {
		walk->read++;
		source->run_id = sqlite3_column_int64(source->statement, 0);
		source->began_ns = lookup_column(source->statement, 1);
		source->thread_id = lookup_column(source->statement, 2);
		if (source->began_ns != UNKNOWN) {
			source->is_at_row = true;
			return 0;
		}
	}
	return found < 0 ? -1 : 0;
}

/* Is (ns, run) on the wanted side of where the search begins? */
static bool is_beyond(const struct walk *walk, int64_t began_ns, int64_t run_id)
{
	const struct run_search *search = walk->search;

	if (began_ns != search->ns)
		return walk->backward ? began_ns < search->ns : began_ns > search->ns;
	return walk->backward ? run_id < search->run_id : run_id > search->run_id;
}

/* Is the one met sooner than the best so far? */
static bool is_nearer(const struct walk *walk, int64_t began_ns, int64_t run_id)
{
	if (!walk->found)
		return true;
	if (began_ns != walk->began_ns)
		return walk->backward ? began_ns > walk->began_ns : began_ns < walk->began_ns;
	return walk->backward ? run_id > walk->run_id : run_id < walk->run_id;
}

/* No row of this source can be sooner any more. */
static bool is_past(const struct walk *walk, const struct source *source)
{
	int64_t bound;

	if (!walk->found)
		return false;
	if (walk->backward)
		return !__builtin_add_overflow(source->began_ns, walk->skew_ns, &bound) &&
		       bound < walk->began_ns;
	return !__builtin_sub_overflow(source->began_ns, walk->skew_ns, &bound) &&
	       bound > walk->began_ns;
}

/* The source that lags behind the others; NULL when all are done. */
static struct source *lagging(struct walk *walk)
{
	struct source *least = NULL;
	int i;

	for (i = 0; i < SOURCES; i++) {
		struct source *source = &walk->sources[i];

		if (!source->is_at_row || is_past(walk, source))
			continue;
		if (!least || (walk->backward ? source->began_ns > least->began_ns
					      : source->began_ns < least->began_ns))
			least = source;
	}
	return least;
}

static int prepare(struct walk *walk, int number, const char *from, const char *tail, int64_t low,
	int64_t high, struct error *err)
{
	struct source *source = &walk->sources[number];
	char sql[512];

	snprintf(sql, sizeof sql, "%s%s", from, tail);
	if (sqlite3_prepare_v2(reader_database(walk->recording), sql, -1, &source->statement, NULL))
		return reader_error(walk->recording, NULL, err);
	sqlite3_bind_int64(source->statement, 1, low);
	sqlite3_bind_int64(source->statement, 2, high);
	return advance(walk, source, err);
}

/*
 * Can the thread have callbacks but its own start and the work of the pool? Otherwise only one
 * table has to be read. A start of which the function is not known shares its entry with callbacks
 * of which it is not known either.
 */
static int has_callbacks(struct walk *walk, bool *ret, struct error *err)
{
	static const char sql[] =
		"SELECT 1 FROM main.entry e WHERE e.thread_id = ?1 AND e.part IS NOT 'work'"
		" AND (e.callback_frame_id IS NULL"
		" OR e.entry_id IS NOT (SELECT r.entry_id FROM main.thread t"
		" JOIN main.packed_run r ON r.run_id = t.root_run_id WHERE t.thread_id = ?1))"
		" LIMIT 1";
	sqlite3_stmt *row;
	int found;

	if (sqlite3_prepare_v2(reader_database(walk->recording), sql, -1, &row, NULL))
		return reader_error(walk->recording, NULL, err);
	sqlite3_bind_int64(row, 1, walk->search->thread_id);
	found = reader_step(walk->recording, row, err);
	*ret = found == 1;
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

/* IDs of a table that rows beyond the moment can have. */
static int bounds(
	struct walk *walk, enum span_table table, int64_t *low, int64_t *high, struct error *err)
{
	const struct run_search *search = walk->search;
	int64_t base = id_main(search->process_id) - 1, ns, first;

	*low = base;
	*high = base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1);
	if (walk->backward ? __builtin_add_overflow(search->ns, walk->skew_ns, &ns)
			   : __builtin_sub_overflow(search->ns, walk->skew_ns, &ns))
		return 0;
	if (!walk->backward && ns > INT64_MIN)
		ns--; /* what began at the moment itself may be beyond it by its ID */
	if (span_first_after(walk->recording, table, *low, *high, ns, &first, err))
		return -1;
	if (walk->backward)
		*high = first - 1;
	else
		*low = first;
	return 0;
}

/*
 * The runs of requests, by the index of their run IDs: those are bisected as async IDs are. Without
 * the index all requests of the process are read for the one wanted run.
 */
static int prepare_requests(struct walk *walk, struct error *err)
{
	static const char by_run[] =
		FROM("packed_request", REQUEST_BEGAN) " WHERE p.run_id >= ?1 AND p.run_id <= ?2";
	static const char next[] = FROM("packed_request",
		REQUEST_BEGAN) " WHERE p.async_id >= ?1 AND p.async_id <= ?2 AND e.thread_id = ?3"
			       " AND (" REQUEST_BEGAN " > ?4 OR (" REQUEST_BEGAN
			       " = ?4 AND p.run_id > ?5))"
			       " ORDER BY " REQUEST_BEGAN ", p.run_id LIMIT 1";
	static const char last[] = FROM("packed_request",
		REQUEST_BEGAN) " WHERE p.async_id >= ?1 AND p.async_id <= ?2 AND e.thread_id = ?3"
			       " AND (" REQUEST_BEGAN " < ?4 OR (" REQUEST_BEGAN
			       " = ?4 AND p.run_id < ?5))"
			       " ORDER BY " REQUEST_BEGAN " DESC, p.run_id DESC LIMIT 1";
	const struct run_search *search = walk->search;
	struct source *source = &walk->sources[REQUESTS];
	int64_t base = id_main(search->process_id) - 1, low, high;

	if (reader_is_indexed(walk->recording)) {
		if (bounds(walk, SPAN_REQUEST_RUN, &low, &high, err))
			return -1;
		return prepare(walk, REQUESTS, by_run,
			walk->backward ? " ORDER BY p.run_id DESC" : " ORDER BY p.run_id", low,
			high, err);
	}
	if (sqlite3_prepare_v2(reader_database(walk->recording), walk->backward ? last : next, -1,
		    &source->statement, NULL))
		return reader_error(walk->recording, NULL, err);
	sqlite3_bind_int64(source->statement, 1, base);
	sqlite3_bind_int64(source->statement, 2, base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1));
	sqlite3_bind_int64(source->statement, 3, search->thread_id);
	sqlite3_bind_int64(source->statement, 4, search->ns);
	sqlite3_bind_int64(source->statement, 5, search->run_id);
	return advance(walk, source, err);
}

static int begin(struct walk *walk, struct error *err)
{
	static const char range[] = " WHERE p.run_id >= ?1 AND p.run_id <= ?2 ORDER BY p.run_id";
	static const char back[] =
		" WHERE p.run_id >= ?1 AND p.run_id <= ?2 ORDER BY p.run_id DESC";
	const char *tail = walk->backward ? back : range;
	int64_t low, high;
	bool all = true;

	if (has_callbacks(walk, &all, err) || bounds(walk, SPAN_RUN, &low, &high, err) ||
		prepare(walk, RUNS, FROM("packed_run", "p.began_ns"), tail, low, high, err))
		return -1;
	if (!all)
		return 0;
	if (bounds(walk, SPAN_SHOT, &low, &high, err) ||
		prepare(walk, SHOTS, FROM("packed_shot", "p.armed_ns + p.wait_ns"), tail, low, high,
			err))
		return -1;
	return prepare_requests(walk, err);
}

static int search(struct reader *recording, const struct run_search *wanted, bool backward,
	int64_t *ret_run_id, int64_t *ret_began_ns, struct error *err)
{
	struct walk walk = {.recording = recording,
		.search = wanted,
		.backward = backward,
		.skew_ns = span_skew(recording)};
	struct source *source;
	int result = begin(&walk, err), i;

	while (!result && (source = lagging(&walk)) &&
		(!wanted->most || walk.read < wanted->most)) {
		if (source->thread_id == wanted->thread_id &&
			is_beyond(&walk, source->began_ns, source->run_id) &&
			is_nearer(&walk, source->began_ns, source->run_id)) {
			walk.found = true;
			walk.run_id = source->run_id;
			walk.began_ns = source->began_ns;
		}
		result = advance(&walk, source, err);
	}
	for (i = 0; i < SOURCES; i++)
		sqlite3_finalize(walk.sources[i].statement);
	*ret_run_id = walk.run_id;
	*ret_began_ns = walk.began_ns;
	/* Given up: what was found may not be the nearest. */
	if (wanted->most && walk.read >= wanted->most)
		return result;
	return result ? -1 : walk.found;
}

int run_search_next(struct reader *recording, const struct run_search *wanted, int64_t *ret_run_id,
	int64_t *ret_began_ns, struct error *err)
{
	return search(recording, wanted, false, ret_run_id, ret_began_ns, err);
}

int run_search_last(struct reader *recording, const struct run_search *wanted, int64_t *ret_run_id,
	int64_t *ret_began_ns, struct error *err)
{
	return search(recording, wanted, true, ret_run_id, ret_began_ns, err);
}
