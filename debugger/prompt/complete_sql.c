/*
 * Completion in an SQL query: see complete_sql.h. It looks at words alone, not at the grammar:
 * after FROM and JOIN tables, after a table and a dot its columns, in quotes types, else the
 * columns of the tables that the query names (of all, while it names none), functions and keywords.
 */
#include "debugger/prompt/complete_sql.h"

#include "debugger/sql/dot_command.h"
#include "debugger/sql/sql_functions.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char tables_sql[] =
	"SELECT name FROM (SELECT name FROM temp.sqlite_master WHERE type IN ('view', 'table')"
	" UNION SELECT name FROM main.sqlite_master WHERE type = 'table'"
	" AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\') ORDER BY name LIKE 'packed%', name";
static const char columns_sql[] = "SELECT name FROM pragma_table_info(?1)";
static const char types_sql[] = "SELECT name FROM main.type ORDER BY name";
static const char functions_sql[] = "SELECT DISTINCT name FROM pragma_function_list"
				    " WHERE name GLOB '[a-z]*' AND builtin ORDER BY name";

/* The functions of ours that stand where tables do. */
static const char *const table_functions[] = {"async_stack(", "ancestors(", "descendants(", NULL};

/* What is being completed. */
struct sql_search {
	struct candidates *candidates;
	sqlite3 *database;
	const char *query, *word; /* the word begins in the query */
	size_t length;
};

static void add(struct sql_search *search, const char *word, const char *words)
{
	candidates_add(search->candidates, search->word, search->length, word, words);
}

/* The first column of all rows, which are names. */
static void add_rows(struct sql_search *search, const char *sql, const char *parameter)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(search->database, sql, -1, &statement, NULL))
		return;
	if (parameter)
		sqlite3_bind_text(statement, 1, parameter, -1, SQLITE_TRANSIENT);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(statement, 0);

		/* What a recording calls its columns may be anything. */
		if (name &&
			!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_")])
			add(search, name, NULL);
	}
	sqlite3_finalize(statement);
}

static void add_words(struct sql_search *search, const char *const *words)
{
	for (; *words; words++)
		add(search, *words, NULL);
}

/* Keywords, in the case that the word is typed in; small while there is none. */
static void add_keywords(struct sql_search *search)
{
	bool large = search->length && isupper((unsigned char)search->word[0]);
	int i, length, c;
	const char *name;
	char word[32];

	for (i = 0; i < sqlite3_keyword_count(); i++) {
		if (sqlite3_keyword_name(i, &name, &length) || length >= (int)sizeof word)
			continue;
		for (c = 0; c < length; c++)
			word[c] = (char)(large ? toupper((unsigned char)name[c])
					       : tolower((unsigned char)name[c]));
		word[length] = '\0';
		add(search, word, NULL);
	}
}

static bool is_part_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The name that ends before `end` of the query. */
static void name_before(const char *query, size_t end, char *room, size_t size)
{
	size_t begin;

	while (end && isspace((unsigned char)query[end - 1]))
		end--;
	begin = end;
	while (begin && is_part_of_name(query[begin - 1]))
		begin--;
	snprintf(room, size, "%.*s", (int)(end - begin), query + begin);
}

static bool has_columns(struct sql_search *search, const char *table)
{
	sqlite3_stmt *statement;
	bool found = false;

	if (sqlite3_prepare_v2(search->database, columns_sql, -1, &statement, NULL))
		return false;
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_TRANSIENT);
	found = sqlite3_step(statement) == SQLITE_ROW;
	sqlite3_finalize(statement);
	return found;
}

/* The columns of the tables that the query names anywhere. Returns whether there is one. */
static bool add_columns_of_named(struct sql_search *search)
{
	const char *at = search->query;
	bool found = false;
	char name[64];

	while (*at) {
		size_t length = 0;

		while (is_part_of_name(at[length]))
			length++;
		if (length && length < sizeof name && at != search->word) {
			snprintf(name, sizeof name, "%.*s", (int)length, at);
			if (has_columns(search, name)) {
				add_rows(search, columns_sql, name);
				found = true;
			}
		}
		at += length ? length : 1;
	}
	return found;
}

static void add_columns_of_all(struct sql_search *search)
{
	static const char sql[] = "SELECT DISTINCT c.name FROM temp.sqlite_master m,"
				  " pragma_table_info(m.name) c ORDER BY 1";

	add_rows(search, sql, NULL);
}

static void add_anything(struct sql_search *search)
{
	bool begins = !search->query[strspn(search->query, " \t\n")] ||
		      search->query + strspn(search->query, " \t\n") == search->word;

	if (begins) { /* a query is a reading one */
		static const char *const small[] = {"select", "with", "explain", "values", NULL};
		static const char *const large[] = {"SELECT", "WITH", "EXPLAIN", "VALUES", NULL};

		add_words(search,
			search->length && isupper((unsigned char)*search->word) ? large : small);
		return;
	}
	if (!add_columns_of_named(search) && search->length)
		add_columns_of_all(search);
	add_rows(search, tables_sql, NULL);
	if (!search->length)
		return;
	add_keywords(search);
	add_rows(search, functions_sql, NULL);
}

static bool comes_after(const char *before, const char *const *words)
{
	for (; *words; words++)
		if (!sqlite3_stricmp(before, *words))
			return true;
	return false;
}

/* ".tables", ".schema NAME": the dot is no part of the word that readline sees. */
static void complete_dot(struct sql_search *search)
{
	const char *name, *summary;
	size_t i;

	if (search->query + 1 != search->word) {
		add_rows(search, tables_sql, NULL);
		return;
	}
	for (i = 0; (name = dot_command_name(i, &summary)); i++)
		add(search, name, summary);
}

void complete_sql(struct candidates *candidates, struct session *session, const char *query,
	size_t start, size_t end)
{
	static const char *const before_tables[] = {"from", "join", NULL};
	struct sql_search search = {candidates, reader_database(session->recording),
		query + strspn(query, " \t"), query + start, end - start};
	size_t at = (size_t)(search.word - search.query);
	char before[64];

	if (search.word < search.query || sql_functions_add(session->recording, NULL))
		return;
	name_before(
		search.query, at && search.word[-1] == '.' ? at - 1 : at, before, sizeof before);
	if (*search.query == '.') {
		complete_dot(&search);
	} else if (at && search.word[-1] == '\'') {
		add_rows(&search, types_sql, NULL);
	} else if (at && search.word[-1] == '.') {
		add_rows(&search, columns_sql, before);
		if (!candidates->count) /* another name for a table */
			add_columns_of_named(&search);
	} else if (comes_after(before, before_tables)) {
		add_rows(&search, tables_sql, NULL);
		add_words(&search, table_functions);
	} else {
		add_anything(&search);
	}
}
