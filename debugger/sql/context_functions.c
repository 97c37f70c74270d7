/* Contexts in SQL: see context_functions.h. */
#include "debugger/sql/context_functions.h"

#include "debugger/lineage/context_values.h"

static void context_at(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct sql_source *source = sqlite3_user_data(context);
	int64_t at_ns = UNKNOWN, context_id = UNKNOWN;
	struct error err;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	if (sqlite3_value_type(values[1]) != SQLITE_NULL)
		at_ns = sqlite3_value_int64(values[1]);
	if ((source->acquire && source->acquire(source, &err)) ||
		lookup_context_at(source->recording, sqlite3_value_int64(values[0]), at_ns,
			&context_id, &err) < 0) {
		sqlite3_result_error(context, err.text, -1);
		return;
	}
	table_function_integer(context, context_id);
}

struct listing {
	struct context_values values;
	size_t next; /* behind the row */
};

static int listing_open(
	void *state, struct sql_source *source, sqlite3_value **values, struct error *err)
{
	struct listing *listing = state;

	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return 0;
	return context_values_load(source->recording, sqlite3_value_int64(values[0]), NULL, NULL,
		&listing->values, err);
}

/* What was taken away is not in force. */
static int listing_next(void *state, struct error *err)
{
	struct listing *listing = state;

	(void)err;
	while (listing->next < listing->values.count)
		if (listing->values.rows[listing->next++].value)
			return 1;
	return 0;
}

static void listing_column(void *state, sqlite3_context *context, int column)
{
	const struct listing *listing = state;
	const struct context_value *row = &listing->values.rows[listing->next - 1];
	const int64_t numbers[] = {
		row->context_id, row->run_id, row->async_id, row->set_ns, row->stack_id};

	if (column == 0)
		table_function_text(context, row->key);
	else if (column == 1)
		table_function_text(context, row->value);
	else if (column < 7)
		table_function_integer(context, numbers[column - 2]);
}

static void listing_close(void *state)
{
	struct listing *listing = state;

	context_values_deinit(&listing->values);
}

const struct table_function context_values_function = {
	.name = "context_values",
	.columns = "key TEXT, value TEXT, context_id INTEGER, run_id INTEGER, async_id INTEGER,"
		   " set_ns INTEGER, stack_id INTEGER, id HIDDEN",
	.parameter_count = 1,
	.first_parameter = 7,
	.state_size = sizeof(struct listing),
	.open = listing_open,
	.next = listing_next,
	.column = listing_column,
	.close = listing_close,
};

int context_functions_add(sqlite3 *database, struct sql_source *source)
{
	return sqlite3_create_function(database, "context_at", 2, SQLITE_UTF8 | SQLITE_INNOCUOUS,
		source, context_at, NULL, NULL);
}
