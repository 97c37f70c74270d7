/*
 * Rows that lasted over a moment: see span.h. Promises to read, beside what is given to the
 * visitor, a few times as many rows and some hundred for bisections, if the recording has its
 * indexes. Must not be asked about more processes than were there at the moment: each costs those
 * bisections.
 */
#include "debugger/time/span.h"

#include "debugger/recording/id.h"
#include "debugger/recording/lookup.h"
#include "debugger/text/strbuf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#define SHORT_BITS 28 /* what lasted less than 2^28 ns is in no index */
#define MAGNITUDES                                                                                 \
	10 /* 2^28 to 2^30 ns, … 2^44 to 2^46, longer; and beyond them what lasts for ever */

/* As it stands in schema/indexes.sql: SQLite compares the expressions. */
#define LONG(span) "(" span " >= 268435456 OR " span " IS NULL)"
#define MAGNITUDE(span)                                                                            \
	"(" span " >= 1073741824) + (" span " >= 4294967296) + (" span " >= 17179869184)"          \
	" + (" span " >= 68719476736) + (" span " >= 274877906944) + (" span " >= 1099511627776)"  \
	" + (" span " >= 4398046511104) + (" span " >= 17592186044416) + (" span                   \
	" >= 70368744177664)"

#define ORIGIN " LEFT JOIN main.origin o ON o.origin_id = p.origin_id"
#define ENTRY  " LEFT JOIN main.entry e ON e.entry_id = p.entry_id"

/* How a table is asked. */
static const struct table {
	const char *name, *key, *index;
	const char *begin; /* when a row began */
	const char *keyed; /* the time that the order of its keys follows */
	const char *span;
	const char *magnitude, *is_long;
	const char *columns, *joins;
	bool is_keyed_by_middle; /* `keyed` is within the span and not its begin */
} tables[SPAN_TABLES] = {
#define SPAN(span) span, MAGNITUDE(span), LONG(span)
	[SPAN_RESOURCE] = {"packed_resource", "async_id", "packed_resource_by_span", "created_ns",
		"created_ns", SPAN("lifetime_ns"),
		"p.async_id, p.created_ns, p.lifetime_ns, coalesce(p.type_id, o.type_id), "
		"o.stack_id,"
		" p.has_ref, o.thread_id",
		ORIGIN, false},
	[SPAN_REQUEST] = {"packed_request", "async_id", "packed_request_by_span", "created_ns",
		"created_ns", SPAN("wait_ns + duration_ns"),
		"p.async_id, p.created_ns, p.wait_ns, p.duration_ns, o.type_id, o.stack_id, "
		"p.run_id,"
		" p.cause_id, e.thread_id, e.part, o.thread_id",
		ORIGIN ENTRY, false},
	[SPAN_RUN] = {"packed_run", "run_id", "packed_run_by_span", "began_ns", "began_ns",
		SPAN("duration_ns"),
		"p.run_id, p.async_id, p.began_ns, p.duration_ns, e.thread_id, e.part", ENTRY,
		false},
	[SPAN_SHOT] = {"packed_shot", "run_id", "packed_shot_by_span", "armed_ns",
		"armed_ns + wait_ns", SPAN("wait_ns + duration_ns"),
		"p.run_id, p.async_id, p.armed_ns, p.wait_ns, p.duration_ns, e.thread_id, e.part,"
		" p.timeout_ms",
		ENTRY, true},
	[SPAN_ARMING] = {"packed_arming", "arming_id", "packed_arming_by_span", "armed_ns",
		"armed_ns", SPAN("stood_ns"),
		"p.arming_id, p.async_id, p.armed_ns, p.stood_ns, p.timeout_ms, p.repeat_ms,"
		" a.name = 'uv_close'",
		ORIGIN " LEFT JOIN main.api a ON a.api_id = o.api_id", false},
	[SPAN_REQUEST_RUN] = {.name = "packed_request",
		.key = "run_id",
		.keyed = "created_ns + wait_ns"},
	[SPAN_CAUSE] = {.name = "packed_cause", .key = "cause_id", .keyed = "caused_ns"},
};

/* One question about one process. */
struct search {
	struct reader *recording;
	const struct table *table;
	sqlite3_stmt *probe;
	int64_t first, last; /* keys of the process */
	int64_t started_ns;  /* of the process; INT64_MIN: not known */
	int64_t at_ns, skew_ns;
	span_visitor *visit;
	void *context;
};

static int64_t minus(int64_t a, int64_t b)
{
	int64_t result;

	return __builtin_sub_overflow(a, b, &result) ? (b > 0 ? INT64_MIN + 1 : INT64_MAX) : result;
}

static int64_t plus(int64_t a, int64_t b)
{
	int64_t result;

	return __builtin_add_overflow(a, b, &result) ? (b < 0 ? INT64_MIN + 1 : INT64_MAX) : result;
}

int64_t span_skew(struct reader *recording)
{
	/* One that was cut short may not say how it was at last. */
	const int64_t least = 10000000, most = INT64_C(3600000000000);
	const char *said = reader_meta(recording, "max_skew_ns");
	int64_t skew = said ? strtoll(said, NULL, 10) : 0;

	return skew < least ? least : skew > most ? most : skew;
}

static int prepare(struct reader *recording, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, ret, NULL))
		return reader_error(recording, NULL, err);
	return 0;
}

static int prepare_probe(
	struct reader *recording, const struct table *table, sqlite3_stmt **ret, struct error *err)
{
	struct strbuf sql = {0};
	int result;

	strbuf_printf(&sql,
		"SELECT p.%s, %s FROM main.%s p WHERE p.%s >= ?1 AND p.%s <= ?2 AND %s IS NOT NULL"
		" ORDER BY p.%s LIMIT 1",
		table->key, table->keyed, table->name, table->key, table->key, table->keyed,
		table->key);
	result = prepare(recording, strbuf_string(&sql), ret, err);
	strbuf_deinit(&sql);
	return result;
}

/* As span_first_after. */
static int bisect(struct reader *recording, sqlite3_stmt *probe, int64_t low, int64_t high,
	int64_t ns, int64_t *ret, struct error *err)
{
	*ret = high < INT64_MAX ? high + 1 : high;
	while (low <= high) {
		int64_t middle = low + (high - low) / 2, key, began;
		int found;

		sqlite3_bind_int64(probe, 1, middle);
		sqlite3_bind_int64(probe, 2, high);
		found = reader_step(recording, probe, err);
		if (found < 0)
			return -1;
		if (!found) {
			high = middle - 1;
			continue;
		}
		key = sqlite3_column_int64(probe, 0);
		began = sqlite3_column_int64(probe, 1);
		sqlite3_reset(probe);
		if (began > ns) {
			*ret = key;
			high = middle - 1;
		} else {
			if (key == INT64_MAX)
				break;
			low = key + 1;
		}
	}
	return 0;
}

int span_first_after(struct reader *recording, enum span_table table, int64_t low, int64_t high,
	int64_t ns, int64_t *ret, struct error *err)
{
	sqlite3_stmt *probe = NULL;
	int result = prepare_probe(recording, &tables[table], &probe, err);

	if (!result)
		result = bisect(recording, probe, low, high, ns, ret, err);
	sqlite3_finalize(probe);
	return result;
}

/* The keys of the process in this table; false when it has none. */
static int find_keys(struct search *search, int64_t process_id, bool *found, struct error *err)
{
	const struct table *table = search->table;
	const int64_t base = id_main(process_id) - 1;
	const int64_t end = base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1);
	struct strbuf sql = {0};
	sqlite3_stmt *statement = NULL;
	int result;

	*found = false;
	strbuf_printf(&sql,
		"SELECT min(a), max(a) FROM (SELECT * FROM (SELECT %s AS a FROM main.%s"
		" WHERE %s BETWEEN ?1 AND ?2 ORDER BY %s LIMIT 1) UNION ALL SELECT * FROM"
		" (SELECT %s FROM main.%s WHERE %s BETWEEN ?1 AND ?2 ORDER BY %s DESC LIMIT 1))",
		table->key, table->name, table->key, table->key, table->key, table->name,
		table->key, table->key);
	result = prepare(search->recording, strbuf_string(&sql), &statement, err);
	strbuf_deinit(&sql);
	if (!result) {
		sqlite3_bind_int64(statement, 1, base);
		sqlite3_bind_int64(statement, 2, end);
		result = reader_step(search->recording, statement, err) < 0 ? -1 : 0;
	}
	if (!result && lookup_column(statement, 0) != UNKNOWN) {
		*found = true;
		search->first = sqlite3_column_int64(statement, 0);
		search->last = sqlite3_column_int64(statement, 1);
	}
	sqlite3_finalize(statement);
	return result;
}

/* The keys that rows lasting at most `span_ns` over the moment can have; INT64_MAX: any. */
static int key_range(
	struct search *search, int64_t span_ns, int64_t *low, int64_t *high, struct error *err)
{
	int64_t from_ns = minus(minus(search->at_ns, span_ns), search->skew_ns);
	int64_t to_ns = plus(search->at_ns, search->skew_ns);

	if (search->table->is_keyed_by_middle)
		to_ns = plus(to_ns, span_ns);
	*low = search->first;
	*high = search->last;
	if (to_ns != INT64_MAX) {
		if (bisect(search->recording, search->probe, search->first, search->last, to_ns,
			    high, err))
			return -1;
		--*high;
	}
	/*
	 * What came along with a fork stands first, with times of the parent's in any order, but
	 * all of before the process began.
	 */
	if (span_ns == INT64_MAX || from_ns <= search->started_ns)
		return 0;
	return bisect(search->recording, search->probe, search->first, *high, from_ns, low, err);
}

/* Visits what `statement` has of keys `low` to `high`. */
static int visit_rows(struct search *search, sqlite3_stmt *statement, int64_t low, int64_t high,
	struct error *err)
{
	int found, result = 0;

	sqlite3_bind_int64(statement, 1, low);
	sqlite3_bind_int64(statement, 2, high);
	sqlite3_bind_int64(statement, 3, search->at_ns);
	while (!result && (found = reader_step(search->recording, statement, err)) == 1)
		result = search->visit(search->context, statement, err);
	sqlite3_reset(statement);
	return result || found < 0 ? -1 : 0;
}

enum selection { SELECT_ALL, SELECT_SHORT, SELECT_LONG };

static int prepare_rows(
	struct search *search, enum selection selection, sqlite3_stmt **ret, struct error *err)
{
	const struct table *table = search->table;
	struct strbuf sql = {0};
	int result;

	strbuf_printf(&sql, "SELECT %s FROM main.%s p", table->columns, table->name);
	/* Never by another index: the keys are what is bounded. */
	if (selection == SELECT_LONG)
		strbuf_printf(&sql, " INDEXED BY %s", table->index);
	else
		strbuf_add_string(&sql, " NOT INDEXED");
	strbuf_add_string(&sql, table->joins);
	strbuf_printf(&sql,
		" WHERE p.%s >= ?1 AND p.%s <= ?2 AND %s <= ?3 AND (%s + %s > ?3 OR %s IS NULL)",
		table->key, table->key, table->begin, table->begin, table->span, table->span);
	if (selection == SELECT_LONG)
		strbuf_printf(&sql, " AND %s AND (%s) IS ?4", table->is_long, table->magnitude);
	else if (selection == SELECT_SHORT)
		strbuf_printf(&sql, " AND NOT %s", table->is_long);
	result = prepare(search->recording, strbuf_string(&sql), ret, err);
	strbuf_deinit(&sql);
	return result;
}

static int visit_short(struct search *search, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int64_t low, high;
	int result = prepare_rows(search, SELECT_SHORT, &statement, err);

	if (!result)
		result = key_range(search, INT64_C(1) << SHORT_BITS, &low, &high, err);
	if (!result)
		result = visit_rows(search, statement, low, high, err);
	sqlite3_finalize(statement);
	return result;
}

static int visit_long(struct search *search, sqlite3_stmt *statement, struct error *err)
{
	int64_t low, high;
	int magnitude, result = 0;

	for (magnitude = 0; !result && magnitude <= MAGNITUDES; magnitude++) {
		int64_t longest = magnitude >= MAGNITUDES - 1
					  ? INT64_MAX
					  : INT64_C(1) << (SHORT_BITS + 2 + 2 * magnitude);

		result = key_range(search, longest, &low, &high, err);
		if (magnitude < MAGNITUDES)
			sqlite3_bind_int(statement, 4, magnitude);
		else
			sqlite3_bind_null(statement, 4);
		if (!result)
			result = visit_rows(search, statement, low, high, err);
	}
	return result;
}

/* Without an index: all up to the moment, of which what is keyed by its middle may be any. */
static int visit_all(struct search *search, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int64_t low, high;
	int result = prepare_rows(search, SELECT_ALL, &statement, err);

	if (!result)
		result = key_range(search, INT64_MAX, &low, &high, err);
	if (!result)
		result = visit_rows(search, statement, low, high, err);
	sqlite3_finalize(statement);
	return result;
}

int span_visit(struct reader *recording, enum span_table table, int64_t process_id, int64_t at_ns,
	span_visitor *visit, void *context, struct error *err)
{
	struct search search = {.recording = recording,
		.table = &tables[table],
		.at_ns = at_ns,
		.skew_ns = span_skew(recording),
		.visit = visit,
		.context = context};
	struct process_row process;
	sqlite3_stmt *by_index = NULL;
	bool found;
	int result = find_keys(&search, process_id, &found, err);

	if (result || !found)
		return result;
	if (lookup_process(recording, process_id, &process, err) < 0)
		return -1;
	search.started_ns = process.started_ns;
	result = prepare_probe(recording, search.table, &search.probe, err);
	/* An index of that name which is not the one that is meant cannot be used: then there is
	 * none. */
	if (!result && prepare_rows(&search, SELECT_LONG, &by_index, NULL))
		result = visit_all(&search, err);
	else if (!result)
		result = visit_short(&search, err) ? -1 : visit_long(&search, by_index, err);
	sqlite3_finalize(by_index);
	sqlite3_finalize(search.probe);
	return result;
}
