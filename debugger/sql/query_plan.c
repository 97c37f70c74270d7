/*
 * The plan of a query: see query_plan.h. A row names the row that it stands below, which came
 * before it.
 */
#include "debugger/sql/query_plan.h"

#include "debugger/text/printable.h"

#include <stdbool.h>
#include <stdlib.h>

#define ROWS_MAX  10000
#define DEPTH_MAX 60

struct row {
	int id, parent;
	char *words;
};

struct plan {
	struct row *rows;
	size_t count;
	FILE *out;
	char before[3 * DEPTH_MAX + 1]; /* what stands in front of a line */
};

static bool add_row(struct plan *plan, sqlite3_stmt *statement)
{
	struct strbuf words = {0};
	struct row *rows = realloc(plan->rows, (plan->count + 1) * sizeof *rows);

	if (!rows)
		return false;
	plan->rows = rows;
	printable_add_string(&words, (const char *)sqlite3_column_text(statement, 3));
	plan->rows[plan->count++] = (struct row){
		sqlite3_column_int(statement, 0), sqlite3_column_int(statement, 1), words.data};
	return true;
}

/* The next row below `parent`, from row `from` on; `count` when there is none. */
static size_t next_below(const struct plan *plan, int parent, size_t from)
{
	while (from < plan->count && plan->rows[from].parent != parent)
		from++;
	return from;
}

static void write_below(struct plan *plan, int parent, size_t from, int depth)
{
	size_t i, next;

	for (i = next_below(plan, parent, from); i < plan->count; i = next) {
		const struct row *row = &plan->rows[i];

		next = next_below(plan, parent, i + 1);
		plan->before[3 * depth] = '\0';
		fprintf(plan->out, "%s%s%s\n", plan->before, next < plan->count ? "|--" : "`--",
			row->words ? row->words : "");
		if (depth + 1 >= DEPTH_MAX)
			continue;
		plan->before[3 * depth] = next < plan->count ? '|' : ' ';
		plan->before[3 * depth + 1] = plan->before[3 * depth + 2] = ' ';
		write_below(plan, row->id, i + 1, depth + 1);
	}
}

int query_plan_write(sqlite3_stmt *statement, FILE *out)
{
	struct plan plan = {.out = out};
	size_t i;
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		if (plan.count < ROWS_MAX && !add_row(&plan, statement))
			break;
	fputs("QUERY PLAN\n", out);
	write_below(&plan, 0, 0, 0);
	for (i = 0; i < plan.count; i++)
		free(plan.rows[i].words);
	free(plan.rows);
	return code == SQLITE_ROW ? SQLITE_NOMEM : code;
}
