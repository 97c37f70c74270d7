/*
 * Fuzz target: a sound recording in which rows say what no recorder would write. The bytes are a
 * list of changes to tests/fixtures/server.sql (below $FUZZ_ROOT, or here): SQLite finds nothing
 * wrong with the file, so that it is all the debugger's to see through.
 *
 * A change is {what, table, column, row, kind of value, length} and `length` bytes of the value.
 */
#include "tests/fuzz/fuzz.h"

#include "schema/schema.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 4096, CHANGES_MAX = 64, COLUMNS_MAX = 400, HEAD = 6, LONG_TEXT = 1 << 16 };
enum { SQL_MAX = 1 << 20 };

struct column {
	char table[32], name[32];
	char key[32];	       /* what a row of the table is found by */
	unsigned first, count; /* of the table's columns */
};

static struct column columns[COLUMNS_MAX];
static unsigned column_count;
static unsigned tables[COLUMNS_MAX], table_count; /* each by its first column */
static unsigned char *base;
static sqlite3_int64 base_size;

static void must_run(sqlite3 *database, const char *sql)
{
	fuzz_must(!sqlite3_exec(database, sql, NULL, NULL, NULL), "the base can be made",
		sqlite3_errmsg(database));
}

static void find_columns(sqlite3 *database)
{
	static const char sql[] =
		"SELECT m.name, c.name, CASE WHEN m.sql LIKE '%WITHOUT ROWID%' THEN (SELECT k.name"
		" FROM pragma_table_info(m.name) k WHERE k.pk = 1) ELSE 'rowid' END"
		" FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
		" ORDER BY m.name, c.cid";
	sqlite3_stmt *statement;

	fuzz_must(!sqlite3_prepare_v2(database, sql, -1, &statement, NULL), "the base has columns",
		sqlite3_errmsg(database));
	while (column_count < COLUMNS_MAX && sqlite3_step(statement) == SQLITE_ROW) {
		struct column *column = &columns[column_count];

		snprintf(column->table, sizeof column->table, "%s",
			sqlite3_column_text(statement, 0));
		snprintf(
			column->name, sizeof column->name, "%s", sqlite3_column_text(statement, 1));
		snprintf(column->key, sizeof column->key, "%s", sqlite3_column_text(statement, 2));
		if (!column_count || strcmp(column[-1].table, column->table))
			tables[table_count++] = column_count;
		column->first = tables[table_count - 1];
		columns[column->first].count++;
		column_count++;
	}
	sqlite3_finalize(statement);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *root = getenv("FUZZ_ROOT");
	static char sql[SQL_MAX], path[512];
	sqlite3 *database;
	FILE *file;

	(void)argc;
	(void)argv;
	snprintf(path, sizeof path, "%s/tests/fixtures/server.sql", root ? root : ".");
	file = fopen(path, "r");
	fuzz_must(file && fread(sql, 1, sizeof sql - 1, file) > 0, "the fixture can be read", path);
	fclose(file);
	fuzz_must(!sqlite3_open(":memory:", &database), "SQLite works", NULL);
	must_run(database, "PRAGMA page_size = 1024");
	must_run(database, schema_tables_sql);
	must_run(database, sql);
	must_run(database, schema_indexes_sql);
	find_columns(database);
	base = sqlite3_serialize(database, "main", &base_size, 0);
	fuzz_must(base != NULL, "the base can be kept", NULL);
	sqlite3_close(database);
	return 0;
}

static void bind_value(sqlite3_stmt *statement, const uint8_t *change)
{
	static const int64_t odd[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, INT32_MAX,
		INT32_MIN, INT64_C(1) << 40, (INT64_C(1) << 40) + 1, INT64_C(1) << 53, 1000000000};
	static char text[LONG_TEXT];
	const uint8_t *bytes = change + HEAD;
	int length = change[5];
	int64_t number = 0;
	double real = 0;

	memcpy(&number, bytes, length < 8 ? (size_t)length : 8);
	memcpy(&real, &number, sizeof real);
	switch (change[4] % 8) {
	case 0:
		sqlite3_bind_int64(statement, 1, length ? bytes[0] : 0);
		break;
	case 1:
		sqlite3_bind_int64(statement, 1, number);
		break;
	case 2:
		sqlite3_bind_int64(
			statement, 1, odd[(uint64_t)number % (sizeof odd / sizeof *odd)]);
		break;
	case 3:
		sqlite3_bind_double(statement, 1, real);
		break;
	case 4:
		sqlite3_bind_text(statement, 1, (const char *)bytes, length, SQLITE_STATIC);
		break;
	case 5:
		sqlite3_bind_blob(statement, 1, bytes, length, SQLITE_STATIC);
		break;
	case 6:
		for (size_t i = 0; length && i < sizeof text; i++)
			text[i] = (char)bytes[i % (size_t)length];
		sqlite3_bind_text(statement, 1, text, length ? sizeof text : 0, SQLITE_STATIC);
		break;
	default:
		sqlite3_bind_null(statement, 1);
	}
}

/* A row again, with one value changed; or a row of it alone, where the table has none. */
static void write_insert(char *sql, size_t size, const struct column *column, unsigned row)
{
	const struct column *first = &columns[column->first];
	size_t at = (size_t)snprintf(sql, size, "INSERT OR REPLACE INTO %s SELECT ", column->table);

	for (unsigned i = 0; i < first->count; i++)
		at += (size_t)snprintf(sql + at, size - at, "%s%s", i ? "," : "",
			&first[i] == column ? "?1" : first[i].name);
	snprintf(sql + at, size - at, " FROM %s LIMIT 1 OFFSET %u", column->table, row);
}

/*
 * What a table of a recording never is. In each, %1$s is the table and %2$s a column of it.
 */
static const char *const schemas[] = {
	"DROP TABLE %1$s",
	"ALTER TABLE %1$s DROP COLUMN %2$s",
	"ALTER TABLE %1$s RENAME COLUMN %2$s TO other",
	"ALTER TABLE %1$s RENAME TO other",
	"ALTER TABLE %1$s ADD COLUMN other AS (randomblob(100000000)) VIRTUAL",
	"CREATE VIEW other AS SELECT * FROM %1$s",
	"CREATE TEMP VIEW other AS SELECT * FROM %1$s",
	"ALTER TABLE %1$s RENAME TO kept; CREATE VIEW %1$s AS SELECT * FROM kept",
	"ALTER TABLE %1$s RENAME TO kept; CREATE VIEW %1$s AS WITH RECURSIVE n(%2$s) AS (SELECT 1 "
	"UNION"
	" ALL SELECT %2$s + 1 FROM n) SELECT * FROM n",
	"CREATE INDEX other ON %1$s (abs(%2$s), %2$s || hex(zeroblob(100000)))",
	"CREATE TRIGGER other AFTER INSERT ON %1$s BEGIN DELETE FROM %1$s; END",
	"CREATE TABLE copy AS SELECT * FROM %1$s; DROP TABLE %1$s; ALTER TABLE copy RENAME TO %1$s",
	"DROP TABLE %1$s; CREATE VIRTUAL TABLE %1$s USING fts5(%2$s)",
	"PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2 WHERE name = '%1$s'",
	"PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = substr(sql, 1, 60) || ')' "
	"WHERE"
	" name = '%1$s'",
	"PRAGMA user_version = 2",
	"INSERT INTO %1$s (%2$s) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	"LIMIT"
	" 3000) SELECT i FROM n",
};

static void write_change(char *sql, size_t size, const uint8_t *change)
{
	const struct column *first = &columns[tables[change[1] % table_count]];
	const struct column *column = &first[change[2] % first->count];
	const struct column *other = &columns[(change[5] ? change[HEAD] : 0) % column_count];
	unsigned row = change[3] % 32;
	char where[160];

	snprintf(where, sizeof where, "WHERE %s IN (SELECT %s FROM %s LIMIT 1 OFFSET %u)",
		column->key, column->key, column->table, row);
	switch (change[0] % 7) {
	case 0:
		snprintf(
			sql, size, "UPDATE OR REPLACE %s SET %s = ?1", column->table, column->name);
		break;
	case 1:
		snprintf(sql, size, "DELETE FROM %s %s", column->table, where);
		break;
	case 2:
		write_insert(sql, size, column, row);
		break;
	case 3:
		snprintf(sql, size, "INSERT OR REPLACE INTO %s (%s) VALUES (?1)", column->table,
			column->name);
		break;
	case 4: /* what another row says, of this table or of another */
		snprintf(sql, size,
			"UPDATE OR REPLACE %s SET %s = (SELECT %s FROM %s LIMIT 1 OFFSET %u) %s",
			column->table, column->name, other->name, other->table, change[4] % 32u,
			where);
		break;
	case 6:
		snprintf(sql, size, schemas[change[4] % (sizeof schemas / sizeof *schemas)],
			column->table, column->name);
		break;
	default:
		snprintf(sql, size, "UPDATE OR REPLACE %s SET %s = ?1 %s", column->table,
			column->name, where);
	}
}

static void run_change(sqlite3 *database, const char *sql, const uint8_t *change)
{
	while (*sql) {
		sqlite3_stmt *statement;

		if (sqlite3_prepare_v2(database, sql, -1, &statement, &sql))
			return;
		if (sqlite3_bind_parameter_count(statement))
			bind_value(statement, change);
		sqlite3_step(statement);
		sqlite3_finalize(statement);
	}
}

static void make_changes(const uint8_t *bytes, size_t size)
{
	sqlite3 *database;

	fuzz_must(!sqlite3_open(fuzz_path(), &database), "the base opens", NULL);
	sqlite3_exec(database,
		"PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA "
		"ignore_check_constraints ="
		" ON; BEGIN",
		NULL, NULL, NULL);
	for (unsigned i = 0; i < CHANGES_MAX && size >= HEAD && size - HEAD >= bytes[5]; i++) {
		char sql[1200];

		write_change(sql, sizeof sql, bytes);
		run_change(database, sql, bytes);
		size -= HEAD + (size_t)bytes[5];
		bytes += HEAD + (size_t)bytes[5];
	}
	sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(database);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	fuzz_write(base, (size_t)base_size);
	make_changes(bytes, size);
	fuzz_look(fuzz_choice(bytes, size));
	fuzz_remove();
	return 0;
}

/* A change at random, appended. */
static size_t add_change(uint8_t *bytes, size_t size, size_t room)
{
	uint64_t word = fuzz_dice(2) ? fuzz_odd_word(fuzz_dice(32)) : fuzz_dice(200);

	if (room - size < HEAD + sizeof word)
		return size;
	bytes[size] = (uint8_t)fuzz_dice(20); /* all rows seldom */
	for (int i = 1; i < HEAD - 1; i++)
		bytes[size + (size_t)i] = (uint8_t)fuzz_dice(256);
	bytes[size] = bytes[size] < 7 ? bytes[size] : 5;
	bytes[size + HEAD - 1] = sizeof word;
	memcpy(bytes + size + HEAD, &word, sizeof word);
	return size + HEAD + sizeof word;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	size_t at = 0, length;

	fuzz_throw(seed);
	if (fuzz_dice(3) == 0)
		return LLVMFuzzerMutate(bytes, size, room);
	if (fuzz_dice(2))
		return add_change(bytes, size, room);
	for (unsigned skip = fuzz_dice(8); at + HEAD <= size; skip--) {
		length = HEAD + (size_t)bytes[at + HEAD - 1];
		if (skip && at + length < size) {
			at += length;
			continue;
		}
		bytes[at + fuzz_dice(HEAD - 1)] = (uint8_t)fuzz_dice(256);
		if (at + length <= size && length > HEAD && fuzz_dice(2))
			bytes[at + HEAD + fuzz_dice((uint32_t)length - HEAD)] =
				(uint8_t)fuzz_dice(256);
		break;
	}
	return size;
}
