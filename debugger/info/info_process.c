/*
 * `info` of a process: see info_process.h. Of its children and threads only the first are shown;
 * the tables are as long as there were processes.
 */
#include "debugger/info/info_process.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

#define LINE_MAX_BYTES 400
#define LIST_SHOWN     8
#define LIST_SQL       "9" /* one more, to know that there are more */

static void columns(struct inquiry *inquiry, const struct process_row *process)
{
	inquiry_integer(inquiry, "process_id", process->process_id);
	inquiry_integer(inquiry, "os_pid", process->os_pid);
	inquiry_integer(inquiry, "parent_process_id", process->parent_process_id);
	inquiry_integer(inquiry, "spawned_by_async_id", process->spawned_by_async_id);
	inquiry_string(inquiry, "executable", process->executable);
	inquiry_string(inquiry, "arguments", process->arguments);
	inquiry_string(inquiry, "runtime", process->runtime);
	inquiry_string(inquiry, "runtime_version", process->runtime_version);
	inquiry_integer(inquiry, "started_ns", process->started_ns);
	inquiry_integer(inquiry, "ended_ns", process->ended_ns);
	inquiry_integer(inquiry, "exit_code", process->exit_code);
	inquiry_integer(inquiry, "exit_signal", process->exit_signal);
	inquiry_integer(inquiry, "is_foreign", process->is_foreign);
	inquiry_integer(inquiry, "history_from_ns", process->history_from_ns);
}

static void program_lines(struct inquiry *inquiry, const struct process_row *process)
{
	struct strbuf *words = inquiry_words(inquiry);

	if (process->arguments)
		describe_command(words, inquiry->recording, process->arguments, LINE_MAX_BYTES);
	else
		describe_process(words, inquiry->recording, process, LINE_MAX_BYTES);
	inquiry_line(inquiry, "process");
	words = inquiry_words(inquiry);
	if (process->executable)
		printable_add_string(words, process->executable);
	if (process->os_pid != UNKNOWN)
		strbuf_printf(words, "%spid %" PRId64, words->length ? ", " : "", process->os_pid);
	strbuf_add_string(words, words->length ? ", " : "");
	if (process->runtime)
		printable_add_string(words, process->runtime);
	else
		strbuf_add_string(words, "no libuv was seen in it");
	inquiry_line(inquiry, "program");
}

/* By whom it was made: "by uv_spawn in run:90 (on_request of tcp 5), process 1, at +1 s" */
static int maker_lines(
	struct inquiry *inquiry, const struct process_row *process, struct error *err)
{
	int64_t main_id = id_main(process->process_id);
	struct resource_row resource;
	struct strbuf *words;

	if (lookup_resource(inquiry->recording, main_id, &resource, err) < 0)
		return -1;
	words = inquiry_words(inquiry);
	if (resource.run_id != UNKNOWN) {
		strbuf_add_string(words, "by ");
		describe_arming(words, resource.api, UNKNOWN, UNKNOWN);
		strbuf_add_string(words, " in ");
		if (inquiry_add_run(inquiry, resource.run_id, resource.thread_id, err))
			return -1;
		strbuf_printf(words, ", process %" PRId64, id_process(resource.run_id));
		inquiry_add_moment(inquiry, resource.created_ns);
		inquiry_line(inquiry, "made");
		if (inquiry_add_stack(inquiry, "frames", resource.stack_id, err))
			return -1;
	} else if (process->parent_process_id != UNKNOWN) {
		strbuf_printf(words, "by process %" PRId64 ", by a call that was not %s",
			process->parent_process_id,
			process->is_foreign || resource.created_ns != UNKNOWN ? "seen" : "written");
		inquiry_line(inquiry, "made");
	} else {
		strbuf_add_string(words, process->is_foreign
						 ? "by a process that is not in the recording"
						 : "by nothing that was recorded");
		inquiry_line(inquiry, "made");
	}
	if (process->spawned_by_async_id == UNKNOWN)
		return 0;
	inquiry_words(inquiry);
	if (inquiry_add_resource(inquiry, process->spawned_by_async_id, err))
		return -1;
	inquiry_line(inquiry, "as");
	return 0;
}

static int time_lines(struct inquiry *inquiry, const struct process_row *process, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);

	inquiry_add_moment(inquiry, process->started_ns);
	if (process->ended_ns != UNKNOWN && process->started_ns != UNKNOWN) {
		strbuf_add_string(words, ", ran for ");
		quantity_add_span(words, process->started_ns, process->ended_ns);
	}
	inquiry_line(inquiry, "started");
	words = inquiry_words(inquiry);
	if (describe_process_end(words, inquiry->recording, process, err))
		return -1;
	if (words->length)
		inquiry_line(inquiry, "end");
	if (process->history_from_ns != UNKNOWN) {
		describe_history(
			inquiry_words(inquiry), inquiry->recording, process->history_from_ns);
		inquiry_line(inquiry, "history");
	}
	return 0;
}

/* Numbers from `sql`, each as "WORD:N", and under `key` for scripts. */
static int list(struct inquiry *inquiry, const char *label, const char *key, const char *column,
	const char *word, const char *sql, int64_t process_id, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);
	sqlite3_stmt *statement;
	int count = 0;

	if (sqlite3_prepare_v2(reader_database(inquiry->recording), sql, -1, &statement, NULL))
		return reader_error(inquiry->recording, NULL, err);
	sqlite3_bind_int64(statement, 1, process_id);
	facts_begin_list(&inquiry->facts, key);
	for (; sqlite3_step(statement) == SQLITE_ROW; count++) {
		if (count == LIST_SHOWN) {
			strbuf_add_string(words, ", …");
			break;
		}
		facts_begin_item(&inquiry->facts);
		inquiry_integer(inquiry, column, sqlite3_column_int64(statement, 0));
		facts_end_item(&inquiry->facts);
		strbuf_printf(words, "%s%s:%" PRId64, words->length ? ", " : "", word,
			(int64_t)sqlite3_column_int64(statement, 0));
	}
	facts_end_list(&inquiry->facts);
	sqlite3_finalize(statement);
	if (count)
		inquiry_line(inquiry, label);
	return 0;
}

int info_process(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	static const char children[] =
		"SELECT process_id FROM main.process WHERE parent_process_id = ?1"
		" ORDER BY process_id LIMIT " LIST_SQL;
	static const char threads[] = "SELECT thread_id FROM main.thread WHERE process_id = ?1"
				      " ORDER BY thread_id LIMIT " LIST_SQL;
	struct process_row process;
	int found = lookup_process(inquiry->recording, point->id, &process, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, process.process_id, err))
		return -1;
	columns(inquiry, &process);
	program_lines(inquiry, &process);
	if (maker_lines(inquiry, &process, err) || time_lines(inquiry, &process, err))
		return -1;
	if (list(inquiry, "children", "children", "process_id", "process", children,
		    process.process_id, err))
		return -1;
	return list(inquiry, "threads", "threads", "thread_id", "thread", threads,
		process.process_id, err);
}
