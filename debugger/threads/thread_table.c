/*
 * The table of threads: see thread_table.h. A line for each, and one before those of a process. Of
 * many are shown what crashed, what was running, main threads, and then the first ones.
 */
#include "debugger/threads/thread_table.h"

#include "debugger/lineage/describe_process.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"
#include "debugger/threads/thread_doing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN	      40
#define COMMAND_BYTES 60
#define NAME_BYTES    15 /* what Linux keeps of a thread's name */
#define GAP	      2	 /* between columns */
#define ROOM_LEAST    32 /* columns, for what a thread did last beside the others */

enum column {
	COLUMN_THREAD,
	COLUMN_ROLE,
	COLUMN_NAME,
	COLUMN_TID,
	COLUMN_LIVED,
	COLUMN_RUNS,
	COLUMN_BUSY,
	COLUMNS
};

/* What is left out first where there is no room. */
static const enum column dispensable[] = {
	COLUMN_BUSY, COLUMN_RUNS, COLUMN_TID, COLUMN_LIVED, COLUMN_ROLE, COLUMN_NAME};

static const struct {
	const char *heading;
	bool is_right; /* where its text stands */
} columns[COLUMNS] = {
	{"thread", false},
	{"role", false},
	{"name", false},
	{"tid", true},
	{"lived", true},
	{"callbacks", true},
	{"busy", true},
};

struct table {
	struct session *session;
	const struct thread_rows *rows;
	struct page page;
	struct process_row process; /* of the row that is shown */
	bool *is_shown;
	size_t widths[COLUMNS]; /* 0: nobody has anything there */
	size_t doing_column;
	struct strbuf words;
};

static struct strbuf *new_words(struct table *table)
{
	strbuf_clear(&table->words);
	return &table->words;
}

static const char *take_words(struct table *table)
{
	return strbuf_string(&table->words);
}

static int load_process(struct table *table, const struct thread_rows_row *row, struct error *err)
{
	if (table->process.process_id == row->thread.process_id)
		return 0;
	return lookup_process(
		       table->session->recording, row->thread.process_id, &table->process, err) < 0
		       ? -1
		       : 0;
}

static void add_share(struct strbuf *words, double percent)
{
	if (percent > 0 && percent < 0.1)
		strbuf_add_string(words, "<0.1%");
	else
		strbuf_printf(words, percent > 0 && percent < 10 ? "%.1f%%" : "%.0f%%", percent);
}

/* What stands in a column; nothing when it is not known. */
static void add_cell(struct table *table, const struct thread_rows_row *row, enum column column)
{
	const struct thread_row *thread = &row->thread;
	struct strbuf *words = new_words(table);
	int64_t life = thread_rows_life(row, &table->process);

	switch (column) {
	case COLUMN_THREAD:
		strbuf_printf(words, "thread:%" PRId64, thread->thread_id);
		break;
	case COLUMN_ROLE:
		if (thread->role)
			printable_add(words, thread->role, strlen(thread->role), NAME_BYTES);
		break;
	case COLUMN_NAME:
		if (thread->name)
			printable_add(words, thread->name, strlen(thread->name), NAME_BYTES);
		break;
	case COLUMN_TID:
		if (thread->os_tid != UNKNOWN)
			strbuf_printf(words, "%" PRId64, thread->os_tid);
		break;
	case COLUMN_LIVED:
		if (life != UNKNOWN)
			quantity_add_duration(words, life);
		break;
	case COLUMN_RUNS:
		if (table->rows->is_counted)
			quantity_add_count(words, row->runs);
		break;
	default:
		if (table->rows->is_counted && life > 0 && row->busy_ns >= 0 &&
			row->busy_ns <= (double)life)
			add_share(words, 100 * row->busy_ns / (double)life);
	}
}

static bool is_main(const struct thread_rows_row *row)
{
	return row->thread.role && !strcmp(row->thread.role, "main");
}

/* In what order threads are chosen when there is no room for all. */
static int rank(const struct thread_rows_row *row)
{
	return row->state == THREAD_CRASHED   ? 0
	       : row->state == THREAD_RUNNING ? 1
	       : is_main(row)		      ? 2
					      : 3;
}

static void choose(struct table *table, size_t room)
{
	size_t i;
	int wanted;

	for (wanted = 0; wanted < 4; wanted++)
		for (i = 0; room && i < table->rows->count; i++) {
			if (table->is_shown[i] || rank(&table->rows->rows[i]) != wanted)
				continue;
			table->is_shown[i] = true;
			room--;
		}
}

static void place_columns(struct table *table)
{
	const struct page *page = &table->page;
	size_t width, left_out = 0;
	int column;

	table->doing_column = GAP;
	for (column = 0; column < COLUMNS; column++) {
		width = strlen(columns[column].heading);
		if (table->widths[column] && table->widths[column] < width)
			table->widths[column] = width;
		if (table->widths[column])
			table->doing_column += table->widths[column] + GAP;
	}
	while (page->strict && table->doing_column > page->columns &&
		left_out < sizeof dispensable / sizeof dispensable[0]) {
		size_t *unwanted = &table->widths[dispensable[left_out++]];

		table->doing_column -= *unwanted ? *unwanted + GAP : 0;
		*unwanted = 0;
	}
}

static int measure(struct table *table, struct error *err)
{
	int column;
	size_t i, width;

	for (i = 0; i < table->rows->count; i++) {
		if (!table->is_shown[i])
			continue;
		if (load_process(table, &table->rows->rows[i], err))
			return -1;
		for (column = 0; column < COLUMNS; column++) {
			add_cell(table, &table->rows->rows[i], column);
			width = printable_width(take_words(table));
			if (width > table->widths[column])
				table->widths[column] = width;
		}
	}
	place_columns(table);
	return 0;
}

static void cell(
	struct table *table, int column, size_t *at, enum page_style style, const char *text)
{
	size_t width = printable_width(text), blanks = 0;

	if (!table->widths[column])
		return;
	if (columns[column].is_right && width < table->widths[column])
		blanks = table->widths[column] - width;
	page_tab(&table->page, *at + blanks);
	page_add(&table->page, style, text);
	*at += table->widths[column] + GAP;
}

static void heading_line(struct table *table)
{
	size_t at = GAP;
	int column;

	for (column = 0; column < COLUMNS; column++)
		cell(table, column, &at, PAGE_FAINT, columns[column].heading);
	page_tab(&table->page, at);
	if (!table->page.strict || page_room(&table->page) >= ROOM_LEAST)
		page_add(&table->page, PAGE_FAINT, "at last");
	page_end_line(&table->page);
}

/* "process 2  server --port 80, pid 12, ended by SIGSEGV" */
static void process_line(struct table *table)
{
	struct reader *recording = table->session->recording;
	const struct process_row *process = &table->process;
	struct strbuf *words = new_words(table), end = {0};
	struct page *page = &table->page;

	if (process->process_id == UNKNOWN)
		strbuf_add_string(words, "of an unknown process");
	else
		strbuf_printf(words, "process:%" PRId64, process->process_id);
	page_add(page, PAGE_STRONG, take_words(table));
	words = new_words(table);
	strbuf_add_string(words, "  ");
	describe_process(words, recording, process, COMMAND_BYTES);
	if (process->os_pid != UNKNOWN)
		strbuf_printf(words, ", pid %" PRId64, process->os_pid);
	describe_process_end(&end, recording, process, NULL);
	if (end.length)
		strbuf_printf(words, ", %s", strbuf_string(&end));
	page->indent = GAP;
	page_words(page, PAGE_PLAIN, take_words(table));
	page_end_line(page);
	strbuf_deinit(&end);
}

static int thread_line(struct table *table, const struct thread_rows_row *row, struct error *err)
{
	static const enum page_style styles[] = {[THREAD_CRASHED] = PAGE_BAD,
		[THREAD_RUNNING] = PAGE_STRONG,
		[THREAD_OUTSIDE] = PAGE_PLAIN,
		[THREAD_STAYED] = PAGE_PLAIN,
		[THREAD_ENDED] = PAGE_FAINT};
	struct page *page = &table->page;
	size_t at = GAP, room;
	int column;

	for (column = 0; column < COLUMNS; column++) {
		add_cell(table, row, column);
		cell(table, column, &at, column ? PAGE_PLAIN : PAGE_STRONG, take_words(table));
	}
	if (thread_doing_add(new_words(table), table->session, &table->process, row, err))
		return -1;
	room = table->doing_column < page->columns ? page->columns - table->doing_column : 0;
	page->indent = table->doing_column;
	/* Too narrow a column is no column. */
	if (page->strict && room < ROOM_LEAST && printable_width(take_words(table)) > room) {
		page->indent = 2 * GAP;
		page_end_line(page);
	}
	page_tab(page, page->indent);
	page_words(page, styles[row->state], take_words(table));
	page_end_line(page);
	return 0;
}

/* How many of a state. */
static void add_folded(struct strbuf *words, const size_t *counts)
{
	static const char *const texts[] = {[THREAD_CRASHED] = "crashed",
		[THREAD_RUNNING] = "in a callback",
		[THREAD_OUTSIDE] = "outside any callback",
		[THREAD_STAYED] = "there to the end",
		[THREAD_ENDED] = "ended"};
	bool first = true;
	int state;

	for (state = 0; state < THREAD_STATE_COUNT; state++) {
		if (!counts[state])
			continue;
		strbuf_add_string(words, first ? ": " : ", ");
		quantity_add_count(words, (int64_t)counts[state]);
		strbuf_printf(words, " %s", texts[state]);
		first = false;
	}
}

/* Of a process, or of many, whose threads are not all shown. */
static void fold_line(struct table *table, size_t processes, const size_t *counts)
{
	struct strbuf *words = new_words(table);
	int64_t threads = 0;
	int state;

	for (state = 0; state < THREAD_STATE_COUNT; state++)
		threads += (int64_t)counts[state];
	if (!threads)
		return;
	strbuf_add_string(words, "... ");
	if (processes) {
		quantity_add_count(words, (int64_t)processes);
		strbuf_add_string(
			words, processes == 1 ? " more process with " : " more processes with ");
	}
	quantity_add_count(words, threads);
	strbuf_add_string(words, processes ? "" : " more");
	strbuf_add_string(words, threads == 1 ? " thread" : " threads");
	add_folded(words, counts);
	table->page.indent = 2 * GAP;
	page_tab(&table->page, processes ? 0 : GAP);
	page_words(&table->page, PAGE_PLAIN, take_words(table));
	page_right(&table->page, PAGE_PLAIN, ' ', PAGE_FAINT, "--all");
	page_end_line(&table->page);
}

/* Those of one process, from `from` on. Returns where the next begins, 0 after an error. */
static size_t one_process(struct table *table, size_t from, size_t *hidden_processes,
	size_t *hidden, struct error *err)
{
	const struct thread_rows *rows = table->rows;
	int64_t process_id = rows->rows[from].thread.process_id;
	size_t counts[THREAD_STATE_COUNT] = {0}, end, i;
	bool any = false;

	for (end = from; end < rows->count && rows->rows[end].thread.process_id == process_id;
		end++) {
		any = any || table->is_shown[end];
		if (!table->is_shown[end])
			counts[rows->rows[end].state]++;
	}
	if (!any) {
		++*hidden_processes;
		for (i = 0; i < THREAD_STATE_COUNT; i++)
			hidden[i] += counts[i];
		return end;
	}
	if (load_process(table, &rows->rows[from], err))
		return 0;
	process_line(table);
	for (i = from; i < end; i++)
		if (table->is_shown[i] && thread_line(table, &rows->rows[i], err))
			return 0;
	fold_line(table, 0, counts);
	return end;
}

static int show(struct table *table, bool all, struct error *err)
{
	size_t hidden[THREAD_STATE_COUNT] = {0}, hidden_processes = 0, next = 0;
	struct strbuf *words;

	table->is_shown = calloc(table->rows->count + 1, sizeof *table->is_shown);
	if (!table->is_shown)
		return error_set(err, "out of memory");
	choose(table, all ? table->rows->count : SHOWN);
	terminal_begin(&table->page, table->session->out);
	if (measure(table, err))
		return -1;
	heading_line(table);
	while (next < table->rows->count) {
		next = one_process(table, next, &hidden_processes, hidden, err);
		if (!next)
			return -1;
		if (reader_is_interrupted())
			return error_set(err, "interrupted");
	}
	fold_line(table, hidden_processes, hidden);
	if (table->rows->all > (int64_t)table->rows->count) {
		words = new_words(table);
		quantity_add_count(words, table->rows->all - (int64_t)table->rows->count);
		strbuf_add_string(words, " threads more were not looked at: 'threads process:N'");
		page_words(&table->page, PAGE_WARN, take_words(table));
		page_end_line(&table->page);
	}
	terminal_show(&table->page, table->session->out, !table->session->at_prompt);
	return 0;
}

int thread_table_show(
	struct session *session, const struct thread_rows *rows, bool all, struct error *err)
{
	struct table table = {.session = session, .rows = rows};
	int result;

	/* Nothing known, as of a thread of no process. */
	result = lookup_process(session->recording, UNKNOWN, &table.process, err);
	if (!result)
		result = show(&table, all, err);
	free(table.is_shown);
	page_deinit(&table.page);
	strbuf_deinit(&table.words);
	return result;
}
