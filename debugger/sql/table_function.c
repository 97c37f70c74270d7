/*
 * Table-valued functions: see table_function.h. They are eponymous virtual tables that only read;
 * every answer is made anew when it is asked for.
 */
#include "debugger/sql/table_function.h"

#include "debugger/recording/point.h"
#include "debugger/text/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 4

struct table {
	sqlite3_vtab base;
	const struct table_function *function;
	struct sql_source *source;
};

struct cursor {
	sqlite3_vtab_cursor base;
	int64_t row;
	bool is_open, has_row;
	void *state;
};

/* What a module is made with: given to xConnect. */
struct registration {
	const struct table_function *function;
	struct sql_source *source;
};

static int connect(sqlite3 *database, void *context, int count, const char *const *words,
	sqlite3_vtab **ret, char **message)
{
	const struct registration *registration = context;
	char sql[1024];
	struct table *table;
	int code;

	(void)count;
	(void)words;
	(void)message;
	snprintf(sql, sizeof sql, "CREATE TABLE x(%s)", registration->function->columns);
	code = sqlite3_declare_vtab(database, sql);
	if (code)
		return code;
	sqlite3_vtab_config(database, SQLITE_VTAB_INNOCUOUS);
	table = calloc(1, sizeof *table);
	if (!table)
		return SQLITE_NOMEM;
	table->function = registration->function;
	table->source = registration->source;
	*ret = &table->base;
	return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

/* Parameters are equalities on the hidden columns; which of them there are is the plan's number. */
static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	const struct table *table = (const struct table *)vtab;
	int constraint[PARAMETERS_MAX] = {-1, -1, -1, -1}, i, given = 0;

	for (i = 0; i < info->nConstraint; i++) {
		int parameter = info->aConstraint[i].iColumn - table->function->first_parameter;

		if (parameter < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		constraint[parameter] = i;
	}
	info->idxNum = 0;
	for (i = 0; i < table->function->parameter_count; i++) {
		if (constraint[i] < 0)
			continue;
		info->idxNum |= 1 << i;
		info->aConstraintUsage[constraint[i]].argvIndex = ++given;
		info->aConstraintUsage[constraint[i]].omit = 1;
	}
	info->estimatedCost = 1e6;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret)
{
	const struct table *table = (const struct table *)vtab;
	struct cursor *cursor = calloc(1, sizeof *cursor);

	if (!cursor || !(cursor->state = calloc(1, table->function->state_size))) {
		free(cursor);
		return SQLITE_NOMEM;
	}
	*ret = &cursor->base;
	return SQLITE_OK;
}

static void end(struct cursor *cursor)
{
	const struct table *table = (const struct table *)cursor->base.pVtab;
	const struct table_function *function = table->function;

	if (cursor->is_open) {
		function->close(cursor->state);
		table->source->cursors--;
	}
	memset(cursor->state, 0, function->state_size);
	cursor->is_open = cursor->has_row = false;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;

	end(cursor);
	free(cursor->state);
	free(cursor);
	return SQLITE_OK;
}

/* What it says may quote an argument, which may come from the recording. */
static int fail(struct cursor *cursor, const struct error *err)
{
	struct strbuf words = {0};

	printable_add_string(&words, err->text);
	sqlite3_free(cursor->base.pVtab->zErrMsg);
	cursor->base.pVtab->zErrMsg = sqlite3_mprintf("%s", strbuf_string(&words));
	strbuf_deinit(&words);
	cursor->has_row = false;
	return SQLITE_ERROR;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;
	struct error err = {""};
	int found = ((struct table *)base->pVtab)->function->next(cursor->state, &err);

	cursor->has_row = found == 1;
	cursor->row++;
	return found < 0 ? fail(cursor, &err) : SQLITE_OK;
}

static int filter(
	sqlite3_vtab_cursor *base, int plan, const char *words, int count, sqlite3_value **values)
{
	struct cursor *cursor = (struct cursor *)base;
	struct table *table = (struct table *)base->pVtab;
	sqlite3_value *parameters[PARAMETERS_MAX] = {NULL};
	struct error err = {""};
	int i, given = 0;

	(void)words;
	for (i = 0; i < table->function->parameter_count && given < count; i++)
		if (plan & 1 << i)
			parameters[i] = values[given++];
	end(cursor);
	cursor->row = 0;
	if (table->source->acquire && table->source->acquire(table->source, &err))
		return fail(cursor, &err);
	cursor->is_open = true;
	table->source->cursors++;
	if (table->function->open(cursor->state, table->source, parameters, &err))
		return fail(cursor, &err);
	return next(base);
}

static int eof(sqlite3_vtab_cursor *base)
{
	return !((struct cursor *)base)->has_row;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
	const struct table *table = (const struct table *)base->pVtab;

	if (number < table->function->first_parameter)
		table->function->column(((struct cursor *)base)->state, context, number);
	return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((struct cursor *)base)->row;
	return SQLITE_OK;
}

/* Without xCreate: there is the function, and no table of it can be made. */
static const sqlite3_module module = {
	.xConnect = connect,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = eof,
	.xColumn = column,
	.xRowid = rowid,
};

int table_function_add(sqlite3 *database, const struct table_function *function,
	struct sql_source *source, struct error *err)
{
	struct registration *registration = malloc(sizeof *registration);
	sqlite3_stmt *statement;
	char sql[96];

	if (!registration)
		return error_set(err, "out of memory");
	*registration = (struct registration){function, source};
	if (sqlite3_create_module_v2(database, function->name, &module, registration, free))
		return error_set(err, "%s: %s", function->name, sqlite3_errmsg(database));
	/* Its table is made at its first use. */
	snprintf(sql, sizeof sql, "SELECT 1 FROM %s LIMIT 0", function->name);
	if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL))
		return error_set(err, "%s: %s", function->name, sqlite3_errmsg(database));
	sqlite3_finalize(statement);
	return 0;
}

void table_function_integer(sqlite3_context *context, int64_t number)
{
	if (number != UNKNOWN)
		sqlite3_result_int64(context, number);
}

void table_function_text(sqlite3_context *context, const char *text)
{
	if (text)
		sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

int table_function_id(const char *name, sqlite3_value *value, int64_t *ret, struct error *err)
{
	struct point point;

	if (!value || sqlite3_value_type(value) == SQLITE_NULL)
		return error_set(err, "%s needs an async ID", name);
	*ret = sqlite3_value_int64(value);
	if (sqlite3_value_type(value) == SQLITE_INTEGER)
		return 0;
	if (point_parse((const char *)sqlite3_value_text(value), &point, err))
		return -1;
	if (point.kind != POINT_ASYNC)
		return error_set(err, "%s takes an async ID (42, '2:42'), not '%.60s'", name,
			(const char *)sqlite3_value_text(value));
	*ret = point.id;
	return 0;
}
