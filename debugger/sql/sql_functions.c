/*
 * The functions that SQL has beside SQLite's own: see sql_functions.h. Here are those that put
 * something in words; the others have files of their own.
 */
#include "debugger/sql/sql_functions.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/lookup.h"
#include "debugger/recording/reader_guard.h"
#include "debugger/sql/async_stack_table.h"
#include "debugger/sql/context_functions.h"
#include "debugger/sql/frame_words.h"
#include "debugger/sql/is_among.h"
#include "debugger/sql/kin_table.h"
#include "debugger/sql/tally.h"

#include <stdlib.h>

#define WORDS_FRAMES 64

/* Makes the recording ready, and says what its program is. -1 after an error, which is told. */
static int begin(sqlite3_context *context, struct sql_source *source, struct process_row *ret)
{
	struct error err;

	if ((!source->acquire || !source->acquire(source, &err)) &&
		lookup_process(source->recording, 1, ret, &err) >= 0)
		return 0;
	sqlite3_result_error(context, err.text, -1);
	return -1;
}

/* The stack of that ID. False: there is none, or an error was told. */
static bool read_stack(sqlite3_context *context, sqlite3_value *stack_id, const struct frames **ret,
	struct process_row *process)
{
	struct sql_source *source = sqlite3_user_data(context);
	const struct frames_base base = {true, UNKNOWN};
	struct error err;

	if (sqlite3_value_type(stack_id) == SQLITE_NULL || begin(context, source, process))
		return false;
	if (!frames_of_stack(source->cache, source->recording, sqlite3_value_int64(stack_id), &base,
		    ret, &err))
		return true;
	sqlite3_result_error(context, err.text, -1);
	return false;
}

/* "open_session (session.c:40) < on_connection (http.c:112)", innermost first. */
static void stack_words(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct frames *frames;
	struct process_row process;
	struct strbuf words = {0};
	size_t i, shown = 0;

	(void)count;
	if (!read_stack(context, values[0], &frames, &process))
		return;
	for (i = 0; i < frames->count && shown < WORDS_FRAMES; i++) {
		if (frames->rows[i].is_aside)
			continue;
		strbuf_add_string(&words, shown++ ? " < " : "");
		frame_words_add(&words, &frames->rows[i], process.executable);
	}
	if (shown)
		table_function_text(context, strbuf_string(&words));
	strbuf_deinit(&words);
}

/* Of a stack the frame that the program's author can change. */
static void stack_place(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct frames *frames;
	const struct frame *frame;
	struct process_row process;
	struct strbuf words = {0};

	(void)count;
	if (!read_stack(context, values[0], &frames, &process))
		return;
	frame = frames_of_program(frames, process.executable);
	if (frame) {
		frame_words_add(&words, frame, process.executable);
		table_function_text(context, strbuf_string(&words));
	}
	strbuf_deinit(&words);
}

/* One frame, of those that are inlined there the outermost: a callback's own function. */
static void frame_words(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct sql_source *source = sqlite3_user_data(context);
	const struct frames *frames;
	struct process_row process;
	struct strbuf words = {0};
	struct error err;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL || begin(context, source, &process))
		return;
	if (frames_of_place(source->cache, source->recording, sqlite3_value_int64(values[0]),
		    &frames, &err)) {
		sqlite3_result_error(context, err.text, -1);
		return;
	}
	if (frames->count) {
		frame_words_add(&words, &frames->rows[0], process.executable);
		table_function_text(context, strbuf_string(&words));
	}
	strbuf_deinit(&words);
}

/* libuv's name of a status: "ECANCELED", "EOF". */
static void status_name(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct strbuf words = {0};

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	describe_status(&words, sqlite3_value_int64(values[0]));
	table_function_text(context, strbuf_string(&words));
	strbuf_deinit(&words);
}

int sql_functions_define(sqlite3 *database, struct sql_source *source, struct error *err)
{
	const struct table_function *const tables[] = {&async_stack_function, &ancestors_function,
		&descendants_function, &fan_out_function, &context_values_function};
	size_t i;

	if (tally_add(database) || context_functions_add(database, source) ||
		is_among_add(database) ||
		sqlite3_create_function(database, "stack_words", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS,
			source, stack_words, NULL, NULL) ||
		sqlite3_create_function(database, "stack_place", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS,
			source, stack_place, NULL, NULL) ||
		sqlite3_create_function(database, "frame_words", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS,
			source, frame_words, NULL, NULL) ||
		sqlite3_create_function(database, "status_name", 1,
			SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, status_name,
			NULL, NULL))
		return error_set(err, "acausal's functions: %s", sqlite3_errmsg(database));
	for (i = 0; i < sizeof tables / sizeof tables[0]; i++)
		if (table_function_add(database, tables[i], source, err))
			return -1;
	return 0;
}

static void destroy(void *thing)
{
	struct sql_source *source = thing;

	frames_cache_destroy(source->cache);
	free(source);
}

int sql_functions_add(struct reader *recording, struct error *err)
{
	sqlite3 *database = reader_database(recording);
	struct sql_source *source;
	int result;

	if (reader_attached(recording, ATTACHED_FUNCTIONS))
		return 0;
	source = calloc(1, sizeof *source);
	if (!source || !(source->cache = frames_cache_create())) {
		free(source);
		return error_set(err, "out of memory");
	}
	source->recording = recording;
	reader_attach(recording, ATTACHED_FUNCTIONS, source, destroy);
	sqlite3_set_authorizer(database, NULL, NULL);
	result = sql_functions_define(database, source, err);
	reader_guard_seal(database);
	return result;
}
