/*
 * A virtual table over a batch: see waiting.h. It is read from beginning to end, in order of keys,
 * and knows no constraints. The batch must not change while it is read.
 */
#include "recorder/ingest/waiting.h"

#include "recorder/ingest/rows.h"

#include <stdio.h>

struct table {
	sqlite3_vtab base;
	const struct waiting *waiting;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct waiting *waiting;
	size_t at;
	int64_t column[WAITING_COLUMNS];
};

static int table_connect(sqlite3 *db, void *user, int argc, const char *const *argv,
	sqlite3_vtab **ret, char **message)
{
	const struct waiting *waiting = user;
	struct table *table;
	char sql[16 * WAITING_COLUMNS];
	int size, code;

	(void)argc, (void)argv, (void)message;
	size = snprintf(sql, sizeof sql, "CREATE TABLE x (");
	for (int i = 0; i < waiting->column_count; i++)
		size += snprintf(sql + size, sizeof sql - (size_t)size, "%sc%d", i ? ", " : "", i);
	snprintf(sql + size, sizeof sql - (size_t)size, ")");
	code = sqlite3_declare_vtab(db, sql);
	if (code != SQLITE_OK)
		return code;
	table = sqlite3_malloc(sizeof *table);
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct table){.waiting = waiting};
	*ret = &table->base;
	return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1e5;
	info->estimatedRows = 100000;
	return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct cursor *cursor = sqlite3_malloc(sizeof *cursor);

	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct cursor){.waiting = ((struct table *)base)->waiting};
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *cursor)
{
	sqlite3_free(cursor);
	return SQLITE_OK;
}

static void read_row(struct cursor *cursor)
{
	const struct waiting *waiting = cursor->waiting;

	if (cursor->at < waiting->batch.count)
		waiting->pack(batch_row(&waiting->batch, cursor->at), cursor->column);
}

static int cursor_filter(
	sqlite3_vtab_cursor *base, int number, const char *name, int argc, sqlite3_value **argv)
{
	struct cursor *cursor = (struct cursor *)base;

	(void)number, (void)name, (void)argc, (void)argv;
	cursor->at = 0;
	read_row(cursor);
	return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;

	cursor->at++;
	read_row(cursor);
	return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
	const struct cursor *cursor = (const struct cursor *)base;

	return cursor->at >= cursor->waiting->batch.count;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	const struct cursor *cursor = (const struct cursor *)base;
	const struct waiting *waiting = cursor->waiting;
	int text = column - (waiting->column_count - waiting->text_count);

	if (text >= 0)
		waiting->text(batch_row(&waiting->batch, cursor->at), text, waiting->user, context);
	else if (cursor->column[column] != ROW_UNKNOWN)
		sqlite3_result_int64(context, cursor->column[column]);
	return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((const struct cursor *)base)->at;
	return SQLITE_OK;
}

int waiting_create(sqlite3 *db, const char *name, struct waiting *waiting)
{
	static const sqlite3_module module = {
		.xConnect = table_connect,
		.xBestIndex = table_best_index,
		.xDisconnect = table_disconnect,
		.xOpen = cursor_open,
		.xClose = cursor_close,
		.xFilter = cursor_filter,
		.xNext = cursor_next,
		.xEof = cursor_eof,
		.xColumn = cursor_column,
		.xRowid = cursor_rowid,
	};

	return sqlite3_create_module(db, name, &module, waiting);
}
