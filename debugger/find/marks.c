/*
 * Names that match: see marks.h. Promises bounded memory: a recording's IDs of names are dense, and
 * one whose are not is damaged. Reads each table of names once.
 */
#include "debugger/find/marks.h"

#include "debugger/recording/id.h"
#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define IDS_MAX 8000000 /* names of one kind */

static void table_deinit(struct marks_table *table)
{
	free(table->sets);
	free(table->frames_out);
}

void marks_deinit(struct marks *marks)
{
	table_deinit(&marks->types);
	table_deinit(&marks->apis);
	table_deinit(&marks->frames);
	table_deinit(&marks->stacks);
	table_deinit(&marks->origins);
	table_deinit(&marks->arming_origins);
	table_deinit(&marks->entries);
	table_deinit(&marks->threads);
	table_deinit(&marks->contexts);
	free(marks->origin_types);
	free(marks->origin_stacks);
	free(marks->origin_addresses);
	id_map_deinit(&marks->resources);
	id_map_deinit(&marks->processes);
	*marks = (struct marks){0};
}

marks_set marks_of(const struct marks_table *table, int64_t id)
{
	return id >= 0 && id < table->count ? table->sets[id] : 0;
}

uint8_t marks_frames_out(const struct marks_table *table, int64_t id)
{
	return id >= 0 && id < table->count && table->frames_out ? table->frames_out[id]
								 : MARKS_FAR;
}

/* What a pass over names has at hand. */
struct marking {
	struct marks *marks;
	struct reader *recording;
	struct error *err;
};

/* Takes one row of a table of names. */
typedef int (*take_row)(const struct marking *marking, sqlite3_stmt *row);

static int each(const struct marking *marking, const char *sql, take_row take)
{
	sqlite3_stmt *row;
	int found = 0, result = 0;

	if (sqlite3_prepare_v2(reader_database(marking->recording), sql, -1, &row, NULL))
		return reader_error(marking->recording, NULL, marking->err);
	while (!result && (found = reader_step(marking->recording, row, marking->err)) == 1)
		result = take(marking, row);
	sqlite3_finalize(row);
	return result || found < 0 ? -1 : 0;
}

/* Makes room for the IDs up to that which `sql` tells. */
static int table_init(
	const struct marking *marking, struct marks_table *table, const char *sql, bool with_frames)
{
	sqlite3_stmt *row;
	int64_t last = -1;
	int found;

	if (sqlite3_prepare_v2(reader_database(marking->recording), sql, -1, &row, NULL))
		return reader_error(marking->recording, NULL, marking->err);
	found = reader_step(marking->recording, row, marking->err);
	if (found == 1)
		last = lookup_column(row, 0);
	sqlite3_finalize(row);
	if (found < 0)
		return -1;
	if (last > IDS_MAX)
		return error_set(marking->err,
			"%s is damaged, or too large for this: it numbers"
			" names up to %lld",
			reader_path(marking->recording), (long long)last);
	table->count = last < 0 ? 0 : last + 1;
	table->sets = calloc((size_t)table->count + 1, sizeof table->sets[0]);
	if (with_frames && table->sets && (table->frames_out = malloc((size_t)table->count + 1)))
		memset(table->frames_out, MARKS_FAR, (size_t)table->count + 1);
	return !table->sets || (with_frames && !table->frames_out)
		       ? error_set(marking->err, "out of memory")
		       : 0;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

static bool is_about(const struct term *term, enum term_key key)
{
	return term->key == key || term->key == TERM_ANY;
}

static int in_table(const struct marks_table *table, int64_t id)
{
	return id >= 0 && id < table->count;
}

/* The terms about `key` that a text matches. */
static marks_set set_of(const struct marking *marking, enum term_key key, const char *text)
{
	const struct terms *terms = marking->marks->terms;
	marks_set set = 0;
	int i;

	for (i = 0; i < terms->count; i++)
		if (is_about(&terms->rows[i], key) && terms->rows[i].number == UNKNOWN &&
			term_matches(&terms->rows[i], text))
			set |= (marks_set)(1u << i);
	marking->marks->met |= set;
	return set;
}

/* --- types, functions, frames -------------------------------------------------------------------
 */

static int take_type(const struct marking *marking, sqlite3_stmt *row)
{
	struct marks_table *types = &marking->marks->types;
	int64_t id = lookup_column(row, 0);

	if (in_table(types, id))
		types->sets[id] = set_of(marking, TERM_TYPE, text_of(row, 1)) |
				  set_of(marking, TERM_TYPE, text_of(row, 2));
	return 0;
}

static int take_api(const struct marking *marking, sqlite3_stmt *row)
{
	struct marks_table *apis = &marking->marks->apis;
	int64_t id = lookup_column(row, 0);

	if (in_table(apis, id))
		apis->sets[id] = set_of(marking, TERM_API, text_of(row, 1));
	return 0;
}

/* Function and file of one inlined call or of the function itself. */
static int take_source(const struct marking *marking, sqlite3_stmt *row)
{
	const struct terms *terms = marking->marks->terms;
	struct marks_table *frames = &marking->marks->frames;
	int64_t id = lookup_column(row, 0), line = lookup_column(row, 3);
	marks_set set = 0;
	int i;

	if (!in_table(frames, id))
		return 0;
	for (i = 0; i < terms->count; i++) {
		const struct term *term = &terms->rows[i];
		bool has_line = term->number != UNKNOWN && term->key != TERM_ADDRESS;

		if ((is_about(term, TERM_FUNCTION) && !has_line &&
			    term_matches(term, text_of(row, 1))) ||
			(is_about(term, TERM_FILE) && (!has_line || term->number == line) &&
				term_matches(term, text_of(row, 2))))
			set |= (marks_set)(1u << i);
	}
	frames->sets[id] |= set;
	marking->marks->met |= set;
	return 0;
}

static int take_module(const struct marking *marking, sqlite3_stmt *row)
{
	const struct terms *terms = marking->marks->terms;
	struct marks_table *frames = &marking->marks->frames;
	int64_t id = lookup_column(row, 0);
	int i;

	for (i = 0; in_table(frames, id) && i < terms->count; i++)
		if (terms->rows[i].key == TERM_MODULE &&
			term_matches(&terms->rows[i], text_of(row, 1))) {
			frames->sets[id] |= (marks_set)(1u << i);
			marking->marks->met |= (marks_set)(1u << i);
		}
	return 0;
}

/* A stack has what its caller has and its own frame, which come before: caller_id < stack_id. */
static int take_stack(const struct marking *marking, sqlite3_stmt *row)
{
	struct marks_table *stacks = &marking->marks->stacks;
	int64_t id = lookup_column(row, 0), caller = lookup_column(row, 1);
	marks_set own = marks_of(&marking->marks->frames, lookup_column(row, 2));
	uint8_t out;

	if (!in_table(stacks, id))
		return 0;
	stacks->sets[id] = own;
	stacks->frames_out[id] = own ? 0 : MARKS_FAR;
	if (caller < 0 || caller >= id)
		return 0;
	stacks->sets[id] |= stacks->sets[caller];
	out = stacks->frames_out[caller];
	if (!own && out < MARKS_FAR - 1)
		stacks->frames_out[id] = out + 1;
	else if (!own)
		stacks->frames_out[id] = out;
	return 0;
}

/* --- threads, processes, contexts, details: resources by themselves ------------------------------
 */

static int mark_resource(const struct marking *marking, int64_t async_id, marks_set set)
{
	uint64_t *own;

	if (!set || async_id < 0)
		return 0;
	own = id_map_at(&marking->marks->resources, async_id);
	if (!own)
		return error_set(marking->err, "too many resources match, or their IDs are too far"
					       " apart: be more exact");
	*own |= set;
	marking->marks->has_resources = true;
	return 0;
}

/* thread=NAME is all that was made on it; a word that is its name is the thread itself. */
static int take_thread(const struct marking *marking, sqlite3_stmt *row)
{
	const struct terms *terms = marking->marks->terms;
	struct marks_table *threads = &marking->marks->threads;
	int64_t id = lookup_column(row, 0);
	marks_set set = set_of(marking, TERM_THREAD, text_of(row, 1)) |
			set_of(marking, TERM_THREAD, text_of(row, 2)),
		  itself = 0;
	int i;

	for (i = 0; i < terms->count; i++)
		if (terms->rows[i].key == TERM_ANY)
			itself |= set & (marks_set)(1u << i);
	if (in_table(threads, id))
		threads->sets[id] = set & (marks_set)~itself;
	return mark_resource(marking, lookup_column(row, 3), itself);
}

static int take_process(const struct marking *marking, sqlite3_stmt *row)
{
	const struct terms *terms = marking->marks->terms;
	int64_t id = lookup_column(row, 0);
	marks_set set = set_of(marking, TERM_PROCESS, text_of(row, 1)) |
			set_of(marking, TERM_PROCESS, text_of(row, 2)),
		  itself = 0;
	uint64_t *own;
	int i;

	for (i = 0; i < terms->count; i++)
		if (terms->rows[i].key == TERM_ANY)
			itself |= set & (marks_set)(1u << i);
	if (id < 1 || !set)
		return 0;
	if (set & (marks_set)~itself) {
		own = id_map_at(&marking->marks->processes, id);
		if (!own)
			return error_set(marking->err, "out of memory");
		*own = set & (marks_set)~itself;
		marking->marks->has_processes = true;
	}
	if (mark_resource(marking, lookup_column(row, 3), itself))
		return -1;
	return mark_resource(marking, id_main(id), itself);
}

static int take_detail(const struct marking *marking, sqlite3_stmt *row)
{
	return mark_resource(
		marking, lookup_column(row, 0), set_of(marking, TERM_DETAIL, text_of(row, 1)));
}

/* The terms that a key and a value match; *about: those that this key decides. */
static marks_set context_set(
	const struct marking *marking, const char *key, const char *value, marks_set *about)
{
	const struct terms *terms = marking->marks->terms;
	marks_set set = 0;
	int i;

	*about = 0;
	for (i = 0; i < terms->count; i++) {
		const struct term *term = &terms->rows[i];
		marks_set bit = (marks_set)(1u << i);

		if (!is_about(term, TERM_CONTEXT) || (term->number != UNKNOWN))
			continue;
		if (term->context_key) {
			if (!key || strcasecmp(term->context_key, key))
				continue;
			*about |= bit;
			set |= term_matches(term, value) ? bit : 0;
		} else if (term_matches(term, value) || term_matches(term, key)) {
			set |= bit;
		}
	}
	return set;
}

/* What is in force: what was set before stays, but under the same key. */
static int take_context(const struct marking *marking, sqlite3_stmt *row)
{
	struct marks_table *contexts = &marking->marks->contexts;
	int64_t id = lookup_column(row, 0), parent = lookup_column(row, 1);
	marks_set about, set = context_set(marking, text_of(row, 2), text_of(row, 3), &about);

	if (!in_table(contexts, id))
		return 0;
	marking->marks->met |= set;
	if (parent >= 0 && parent < id)
		set |= contexts->sets[parent] & (marks_set)~about;
	contexts->sets[id] = set;
	return 0;
}

static int take_resource_context(const struct marking *marking, sqlite3_stmt *row)
{
	return mark_resource(marking, lookup_column(row, 0),
		marks_of(&marking->marks->contexts, lookup_column(row, 1)));
}

/* --- origins and entries ------------------------------------------------------------------------
 */

static int take_origin(const struct marking *marking, sqlite3_stmt *row)
{
	struct marks *marks = marking->marks;
	int64_t id = lookup_column(row, 0), type_id = lookup_column(row, 1);
	int64_t stack_id = lookup_column(row, 3);
	marks_set set =
		marks_of(&marks->apis, lookup_column(row, 2)) | marks_of(&marks->stacks, stack_id);

	if (!in_table(&marks->origins, id))
		return 0;
	marks->origin_types[id] = type_id;
	marks->origin_stacks[id] = stack_id;
	marks->origin_addresses[id] = lookup_column(row, 5);
	/* Nothing is nearer than its own type and the function that was called for it. */
	marks->origins.frames_out[id] =
		marks_of(&marks->types, type_id) || marks_of(&marks->apis, lookup_column(row, 2))
			? 0
			: marks_frames_out(&marks->stacks, stack_id);
	if (type_id == UNKNOWN)
		marks->has_arming_origins |= set != 0;
	marks->arming_origins.sets[id] = set;
	marks->origins.sets[id] = set | marks_of(&marks->types, type_id) |
				  marks_of(&marks->threads, lookup_column(row, 4));
	return 0;
}

static int take_entry(const struct marking *marking, sqlite3_stmt *row)
{
	struct marks *marks = marking->marks;
	int64_t id = lookup_column(row, 0);

	if (!in_table(&marks->entries, id))
		return 0;
	marks->entries.sets[id] = marks_of(&marks->frames, lookup_column(row, 1));
	marks->has_entries |= marks->entries.sets[id] != 0;
	return 0;
}

static int64_t *numbers(int64_t count)
{
	int64_t *ret = malloc(((size_t)count + 1) * sizeof *ret), i;

	for (i = 0; ret && i < count; i++)
		ret[i] = UNKNOWN;
	return ret;
}

static int mark_places(const struct marking *marking)
{
	struct marks *marks = marking->marks;

	if (table_init(marking, &marks->types, "SELECT max(type_id) FROM main.type", false) ||
		table_init(marking, &marks->apis, "SELECT max(api_id) FROM main.api", false) ||
		table_init(
			marking, &marks->frames, "SELECT max(frame_id) FROM main.frame", false) ||
		table_init(marking, &marks->stacks, "SELECT max(stack_id) FROM main.stack", true))
		return -1;
	return each(marking, "SELECT type_id, name, hook_type FROM main.type", take_type) ||
			       each(marking, "SELECT api_id, name FROM main.api", take_api) ||
			       each(marking,
				       "SELECT frame_id, function, file, line FROM main.source",
				       take_source) ||
			       each(marking,
				       "SELECT f.frame_id, m.path FROM main.frame f JOIN "
				       "main.module m"
				       " ON m.module_id = f.module_id",
				       take_module) ||
			       each(marking,
				       "SELECT stack_id, caller_id, frame_id FROM main.stack"
				       " ORDER BY stack_id",
				       take_stack)
		       ? -1
		       : 0;
}

static int mark_things(const struct marking *marking)
{
	struct marks *marks = marking->marks;

	if (table_init(marking, &marks->threads, "SELECT max(thread_id) FROM main.thread", false) ||
		table_init(marking, &marks->contexts, "SELECT max(context_id) FROM main.context",
			false))
		return -1;
	return each(marking,
		       "SELECT t.thread_id, t.name, t.role, r.async_id FROM main.thread t"
		       " LEFT JOIN main.packed_run r ON r.run_id = t.root_run_id",
		       take_thread) ||
			       each(marking,
				       "SELECT process_id, executable, arguments,"
				       " spawned_by_async_id FROM main.process",
				       take_process) ||
			       each(marking, "SELECT async_id, text FROM main.detail",
				       take_detail) ||
			       each(marking,
				       "SELECT context_id, parent_context_id, key, value"
				       " FROM main.context ORDER BY context_id",
				       take_context) ||
			       each(marking,
				       "SELECT async_id, context_id FROM main.resource_context",
				       take_resource_context)
		       ? -1
		       : 0;
}

static int mark_origins(const struct marking *marking)
{
	struct marks *marks = marking->marks;

	if (table_init(marking, &marks->origins, "SELECT max(origin_id) FROM main.origin", true) ||
		table_init(marking, &marks->arming_origins,
			"SELECT max(origin_id) FROM main.origin", false) ||
		table_init(marking, &marks->entries, "SELECT max(entry_id) FROM main.entry", false))
		return -1;
	marks->origin_types = numbers(marks->origins.count);
	marks->origin_stacks = numbers(marks->origins.count);
	marks->origin_addresses = numbers(marks->origins.count);
	if (!marks->origin_types || !marks->origin_stacks || !marks->origin_addresses)
		return error_set(marking->err, "out of memory");
	return each(marking,
		       "SELECT origin_id, type_id, api_id, stack_id, thread_id, address"
		       " FROM main.origin",
		       take_origin) ||
			       each(marking, "SELECT entry_id, callback_frame_id FROM main.entry",
				       take_entry)
		       ? -1
		       : 0;
}

int marks_init(
	struct marks *marks, struct reader *recording, const struct terms *terms, struct error *err)
{
	const struct marking marking = {marks, recording, err};
	int i;

	*marks = (struct marks){.terms = terms};
	for (i = 0; i < terms->count; i++)
		if (terms->rows[i].key == TERM_ADDRESS || terms->rows[i].key == TERM_ALIVE)
			marks->whole |= (marks_set)(1u << i);
	return mark_places(&marking) || mark_things(&marking) || mark_origins(&marking) ? -1 : 0;
}
