/*
 * Events of one resource: see resource_events.h. Each table is asked for the rows of the resource
 * around the place, by index and ID; of the events that these tell of the nearest is taken. Causes
 * have no index: they are read from the place on, as far as the nearest other event.
 */
#include "debugger/time/resource_events.h"

#include "debugger/time/span.h"

#include <string.h>

#define ROWS_NEAR 64 /* of one table: more of one resource are never open at once */

static const struct {
	const char *name, *words;
} kinds[] = {
#define X(tag, name, words) {name, words},
	RESOURCE_EVENTS(X)
#undef X
};

const char *resource_event_name(enum resource_event_kind kind)
{
	return kinds[kind].name;
}

const char *resource_event_words(enum resource_event_kind kind)
{
	return kinds[kind].words;
}

struct search {
	struct reader *recording;
	int64_t async_id;
	const struct cursor_place *from;
	bool backward, found;
	struct resource_event *ret;
};

static int64_t plus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : (int64_t)((uint64_t)a + (uint64_t)b);
}

/* Takes an event when it is nearer to the place than the best so far. */
static void offer(struct search *search, const struct resource_event *event)
{
	int order;

	if (event->place.ns == UNKNOWN)
		return;
	order = cursor_compare(&event->place, search->from);
	if (search->backward ? order >= 0 : order <= 0)
		return;
	if (search->found) {
		order = cursor_compare(&event->place, &search->ret->place);
		if (search->backward ? order <= 0 : order >= 0)
			return;
	}
	search->found = true;
	*search->ret = *event;
}

static struct resource_event event_of(
	const struct search *search, enum resource_event_kind kind, int64_t ns, int64_t id)
{
	return (struct resource_event){.place = {ns, kind, id},
		.kind = kind,
		.async_id = search->async_id,
		.run_id = UNKNOWN,
		.thread_id = UNKNOWN,
		.stack_id = UNKNOWN};
}

static void offer_run(struct search *search, int64_t run_id, int64_t thread_id, int64_t began_ns,
	int64_t ended_ns)
{
	struct resource_event began = event_of(search, EVENT_BEGAN, began_ns, run_id);
	struct resource_event ended = event_of(search, EVENT_ENDED, ended_ns, run_id);

	began.run_id = ended.run_id = run_id;
	began.thread_id = ended.thread_id = thread_id;
	offer(search, &began);
	offer(search, &ended);
}

static int offer_cause(struct search *search, int64_t cause_id, struct error *err)
{
	struct resource_event event;
	struct cause_row cause;
	int found = lookup_cause(search->recording, cause_id, &cause, err);

	if (found != 1)
		return found;
	event = event_of(search, EVENT_CAUSED, cause.caused_ns, cause_id);
	event.run_id = cause.run_id;
	event.thread_id = cause.thread_id;
	event.stack_id = cause.stack_id;
	event.api = cause.api ? cause.api : cause.kind;
	offer(search, &event);
	return 0;
}

static void offer_arming(struct search *search, const struct arming_row *arming)
{
	struct resource_event armed =
		event_of(search, EVENT_ARMED, arming->armed_ns, arming->arming_id);
	struct resource_event ended =
		event_of(search, EVENT_DISARMED, arming->disarmed_ns, arming->arming_id);

	armed.run_id = arming->run_id;
	armed.thread_id = arming->thread_id;
	armed.stack_id = arming->stack_id;
	armed.api = arming->api;
	offer(search, &armed);
	/* One that fired has ended with the beginning of the run. */
	if (arming->end && !strcmp(arming->end, "fired"))
		return;
	ended.run_id = arming->disarmed_run_id;
	ended.stack_id = arming->disarmed_stack_id;
	ended.end = arming->end;
	offer(search, &ended);
}

/* The birth and the end; of a request its run too. */
static int offer_life(struct search *search, struct error *err)
{
	struct resource_event event;
	struct resource_row resource;
	struct run_row run;
	int found = lookup_resource(search->recording, search->async_id, &resource, err);

	if (found != 1)
		return found;
	event = event_of(search, EVENT_CREATED, resource.created_ns, search->async_id);
	event.run_id = resource.run_id;
	event.thread_id = resource.thread_id;
	event.stack_id = resource.stack_id;
	event.api = resource.api;
	offer(search, &event);
	event = event_of(search, EVENT_DESTROYED, resource.destroyed_ns, search->async_id);
	offer(search, &event);
	if (resource.request_run_id == UNKNOWN)
		return 0;
	found = lookup_request_run(search->recording, resource.request_run_id, &run, err);
	if (found != 1)
		return found;
	offer_run(search, run.run_id, run.thread_id, run.began_ns,
		plus(run.began_ns, run.duration_ns));
	return offer_cause(search, run.cause_id, err);
}

/* The last key of a table in front of the place, where that is looked at forwards; else behind it.
 */
static int find_key(struct search *search, enum span_table table, int64_t *ret, struct error *err)
{
	int64_t base = id_main(id_process(search->async_id)) - 1;
	int64_t last = base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1), ns, first;
	int64_t skew_ns = span_skew(search->recording);

	*ret = search->backward ? last : base - 1;
	if (search->backward ? __builtin_add_overflow(search->from->ns, skew_ns, &ns)
			     : __builtin_sub_overflow(search->from->ns, skew_ns + 1, &ns))
		return 0;
	if (span_first_after(search->recording, table, base, last, ns, &first, err))
		return -1;
	*ret = first - 1;
	return 0;
}

/* Could what began at `ns`, or later in the direction of the search, be nearer than the best so
 * far? */
static bool is_worth(const struct search *search, int64_t ns)
{
	int64_t skew_ns = span_skew(search->recording), bound;

	if (!search->found || ns == UNKNOWN)
		return true;
	if (search->backward)
		return __builtin_add_overflow(ns, skew_ns, &bound) ||
		       bound >= search->ret->place.ns;
	return __builtin_sub_overflow(ns, skew_ns, &bound) || bound <= search->ret->place.ns;
}

typedef int take_row(struct search *search, sqlite3_stmt *row, struct error *err);

/*
 * What `sql` has of the resource from one key on in one direction: while it can be nearer than the
 * best, and some rows more, for one that lasted longer. With `only_near` these alone.
 */
static int take_rows(struct search *search, const char *sql, int64_t key, bool only_near,
	take_row *take, struct error *err)
{
	sqlite3_stmt *row;
	int found = 0, result = 0, more = 0;

	if (sqlite3_prepare_v2(reader_database(search->recording), sql, -1, &row, NULL))
		return reader_error(search->recording, NULL, err);
	sqlite3_bind_int64(row, 1, search->async_id);
	sqlite3_bind_int64(row, 2, key);
	while (!result && more < ROWS_NEAR &&
		(found = reader_step(search->recording, row, err)) == 1) {
		if (only_near || !is_worth(search, lookup_column(row, 1)))
			more++;
		result = take(search, row, err);
	}
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

static int take_run(struct search *search, sqlite3_stmt *row, struct error *err)
{
	int64_t began_ns = lookup_column(row, 1);

	offer_run(search, lookup_column(row, 0), lookup_column(row, 3), began_ns,
		plus(began_ns, lookup_column(row, 2)));
	return lookup_column(row, 4) == UNKNOWN ? 0
						: offer_cause(search, lookup_column(row, 4), err);
}

static int take_arming(struct search *search, sqlite3_stmt *row, struct error *err)
{
	struct arming_row arming;
	int found = lookup_arming(search->recording, lookup_column(row, 0), &arming, err);

	if (found == 1)
		offer_arming(search, &arming);
	return found < 0 ? -1 : 0;
}

static int take_shot(struct search *search, sqlite3_stmt *row, struct error *err)
{
	struct arming_row arming;
	int found = lookup_shot(search->recording, lookup_column(row, 0), &arming, err);

	if (found == 1)
		offer_arming(search, &arming);
	return found < 0 ? -1 : take_run(search, row, err);
}

#define RUN_FROM                                                                                   \
	"SELECT p.run_id, p.began_ns, p.duration_ns, e.thread_id, p.cause_id FROM main.packed_run" \
	" p LEFT JOIN main.entry e ON e.entry_id = p.entry_id WHERE p.async_id = ?1 AND p.run_id "
#define SHOT_FROM                                                                                  \
	"SELECT p.run_id, p.armed_ns + p.wait_ns, p.duration_ns, e.thread_id, p.cause_id"          \
	" FROM main.packed_shot p LEFT JOIN main.entry e ON e.entry_id = p.entry_id"               \
	" WHERE p.async_id = ?1 AND p.run_id "
#define ARMING_FROM                                                                                \
	"SELECT p.arming_id, p.armed_ns FROM main.packed_arming p WHERE p.async_id = ?1 AND "      \
	"p.arming_id "

/* Rows that begin before the place may have an event after it: both sides are looked at. */
static int offer_rows(struct search *search, struct error *err)
{
	static const struct {
		enum span_table table;
		const char *before, *after;
		take_row *take;
	} tables[] = {
		{SPAN_RUN, RUN_FROM "<= ?2 ORDER BY p.run_id DESC",
			RUN_FROM "> ?2 ORDER BY p.run_id", take_run},
		{SPAN_SHOT, SHOT_FROM "<= ?2 ORDER BY p.run_id DESC",
			SHOT_FROM "> ?2 ORDER BY p.run_id", take_shot},
		{SPAN_ARMING, ARMING_FROM "<= ?2 ORDER BY p.arming_id DESC",
			ARMING_FROM "> ?2 ORDER BY p.arming_id", take_arming},
	};
	int64_t key;
	size_t i;

	for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		bool backward = search->backward;

		/* A shot that begins behind the place may have been armed before it. */
		if (find_key(search, tables[i].table, &key, err) ||
			take_rows(search, tables[i].before, key, !backward, tables[i].take, err) ||
			take_rows(search, tables[i].after, key, backward, tables[i].take, err))
			return -1;
	}
	return 0;
}

/* Causes that made nothing happen, or were coalesced into another, no run names. */
static int offer_causes(struct search *search, struct error *err)
{
	static const char next[] = "SELECT cause_id, caused_ns, async_id FROM main.packed_cause"
				   " WHERE cause_id >= ?1 AND cause_id <= ?2 ORDER BY cause_id";
	static const char last[] = "SELECT cause_id, caused_ns, async_id FROM main.packed_cause"
				   " WHERE cause_id >= ?1 AND cause_id <= ?2"
				   " ORDER BY cause_id DESC";
	int64_t base = id_main(id_process(search->async_id)) - 1;
	int64_t low = base, high = base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1), key;
	sqlite3_stmt *row;
	int found = 0, result = 0;

	if (find_key(search, SPAN_CAUSE, &key, err))
		return -1;
	if (search->backward)
		high = key;
	else
		low = key < high ? key + 1 : high;
	if (sqlite3_prepare_v2(reader_database(search->recording), search->backward ? last : next,
		    -1, &row, NULL))
		return reader_error(search->recording, NULL, err);
	sqlite3_bind_int64(row, 1, low);
	sqlite3_bind_int64(row, 2, high);
	while (!result && (found = reader_step(search->recording, row, err)) == 1) {
		if (!is_worth(search, lookup_column(row, 1)))
			break;
		if (lookup_column(row, 2) == search->async_id)
			result = offer_cause(search, lookup_column(row, 0), err);
	}
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

static int search_event(struct search *search, struct error *err)
{
	if (offer_life(search, err) || offer_rows(search, err) || offer_causes(search, err))
		return -1;
	return search->found;
}

int resource_event_next(struct reader *recording, int64_t async_id,
	const struct cursor_place *place, struct resource_event *ret, struct error *err)
{
	struct search search = {recording, async_id, place, false, false, ret};

	return search_event(&search, err);
}

int resource_event_last(struct reader *recording, int64_t async_id,
	const struct cursor_place *place, struct resource_event *ret, struct error *err)
{
	struct search search = {recording, async_id, place, true, false, ret};

	return search_event(&search, err);
}
