/*
 * Processes as a tree: see overview_processes.h. Only the first of them are looked at, however many
 * there are; a parent's number is less than its child's, or it is not believed. Where not all can
 * be shown, those that use libuv and what they came of are, and then the first.
 */
#include "debugger/overview_processes.h"

#include "debugger/lineage/describe_process.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

#define LOOKED_AT     2000
#define LOOKED_AT_SQL "2000"
#define SHOWN	      12
#define DEEPEST	      8 /* steps to the right */
#define WORDS_COLUMN  14
#define COMMAND_BYTES 60

struct tree {
	struct page *page;
	struct reader *recording;
	struct {
		int64_t process_id, parent_id;
		bool has_runtime, is_chosen;
	} rows[LOOKED_AT];
	int count, shown;
};

static void read_rows(struct tree *tree)
{
	static const char sql[] = "SELECT process_id, parent_process_id,"
				  " runtime IS NOT NULL FROM main.process"
				  " ORDER BY process_id LIMIT " LOOKED_AT_SQL;
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(reader_database(tree->recording), sql, -1, &statement, NULL))
		return;
	while (tree->count < LOOKED_AT && sqlite3_step(statement) == SQLITE_ROW) {
		int64_t parent_id = lookup_column(statement, 1);

		tree->rows[tree->count].process_id = sqlite3_column_int64(statement, 0);
		if (parent_id >= tree->rows[tree->count].process_id)
			parent_id = UNKNOWN;
		tree->rows[tree->count].has_runtime = sqlite3_column_int(statement, 2);
		tree->rows[tree->count++].parent_id = parent_id;
	}
	sqlite3_finalize(statement);
}

/* The index of its parent's row; -1: there is none. */
static int parent_of(const struct tree *tree, int index)
{
	int64_t parent_id = tree->rows[index].parent_id;

	while (--index >= 0 && tree->rows[index].process_id != parent_id)
		continue;
	return index;
}

/* Chooses a row and what it came of, when there is room for all of these. */
static void choose(struct tree *tree, int index, int *room)
{
	int needed = 0;

	for (int i = index; i >= 0 && !tree->rows[i].is_chosen; i = parent_of(tree, i))
		needed++;
	if (needed > *room)
		return;
	*room -= needed;
	for (int i = index; i >= 0 && !tree->rows[i].is_chosen; i = parent_of(tree, i))
		tree->rows[i].is_chosen = true;
}

static void choose_rows(struct tree *tree)
{
	int room = SHOWN;

	for (int i = 0; i < tree->count && room; i++)
		if (tree->rows[i].has_runtime)
			choose(tree, i, &room);
	for (int i = 0; i < tree->count && room; i++)
		choose(tree, i, &room);
}

/* "  server --port 80, pid 12, libuv, exit status 0, ran 2.1 s" */
static void add_words(
	struct strbuf *words, struct reader *recording, const struct process_row *process)
{
	struct strbuf end = {0};

	describe_process(words, recording, process, COMMAND_BYTES);
	if (process->os_pid != UNKNOWN)
		strbuf_printf(words, ", pid %" PRId64, process->os_pid);
	if (process->runtime) {
		strbuf_add_string(words, ", ");
		printable_add_string(words, process->runtime);
	}
	if (process->runtime && process->runtime_version) {
		strbuf_add_char(words, ' ');
		printable_add_string(words, process->runtime_version);
	}
	describe_process_end(&end, recording, process, NULL);
	if (end.length)
		strbuf_printf(words, ", %s", strbuf_string(&end));
	if (process->ended_ns != UNKNOWN && process->started_ns != UNKNOWN) {
		strbuf_add_string(words, ", ran ");
		quantity_add_span(words, process->started_ns, process->ended_ns);
	}
	if (process->history_from_ns != UNKNOWN) {
		strbuf_add_string(words, ", all since ");
		quantity_add_moment(words, process->history_from_ns);
	}
	strbuf_deinit(&end);
}

static void process_line(struct tree *tree, int64_t process_id, int depth)
{
	int column = WORDS_COLUMN + 2 * (depth < DEEPEST ? depth : DEEPEST);
	struct page *page = tree->page;
	struct process_row process;
	struct strbuf words = {0};

	if (lookup_process(tree->recording, process_id, &process, NULL) != 1)
		return;
	add_words(&words, tree->recording, &process);
	page_printf(page, PAGE_FAINT, "  process %-3" PRId64, process_id);
	page_tab(page, column);
	page->indent = column + 2;
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static void children_of(struct tree *tree, int64_t parent_id, int from, int depth)
{
	for (int i = from; i < tree->count && tree->shown < SHOWN; i++) {
		if (tree->rows[i].parent_id != parent_id || !tree->rows[i].is_chosen)
			continue;
		tree->shown++;
		process_line(tree, tree->rows[i].process_id, depth);
		children_of(tree, tree->rows[i].process_id, i + 1, depth + 1);
	}
}

void overview_processes(struct page *page, struct reader *recording)
{
	struct tree tree = {.page = page, .recording = recording};
	int64_t count = 0;

	read_rows(&tree);
	choose_rows(&tree);
	children_of(&tree, UNKNOWN, 0, 0);
	if (reader_integer(recording, STATEMENT_PROCESS_COUNT, "SELECT count(*) FROM main.process",
		    UNKNOWN, UNKNOWN, &count, NULL) == 1 &&
		count > tree.shown) {
		page->indent = WORDS_COLUMN;
		page_printf(
			page, PAGE_PLAIN, "  and %" PRId64 " processes more", count - tree.shown);
		page_end_line(page);
	}
}
