/* Processes in words: see describe_process.h. Looks up no more than a row or two. */
#include "debugger/lineage/describe_process.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/frames.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define WORDS_MAX "40"

void describe_command(
	struct strbuf *buffer, struct reader *recording, const char *json, size_t most)
{
	static const char sql[] = "SELECT value FROM json_each(CASE WHEN json_valid(?1) THEN ?1"
				  " ELSE json_array(?1) END) LIMIT " WORDS_MAX;
	size_t begin = buffer->length;
	sqlite3_stmt *statement;

	if (!json || sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL))
		return;
	sqlite3_bind_text(statement, 1, json, -1, SQLITE_STATIC);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *word = (const char *)sqlite3_column_text(statement, 0);

		if (buffer->length > begin)
			strbuf_add_char(buffer, ' ');
		if (buffer->length - begin >= most) {
			strbuf_add_string(buffer, "…");
			break;
		}
		if (word)
			printable_add(buffer, word, strlen(word), most - (buffer->length - begin));
	}
	sqlite3_finalize(statement);
}

void describe_command_briefly(
	struct strbuf *buffer, struct reader *recording, const char *json, size_t most)
{
	struct strbuf words = {0};
	const char *text, *space, *slash = NULL;

	describe_command(&words, recording, json, most + PATH_MAX);
	text = strbuf_string(&words);
	space = text + strcspn(text, " ");
	for (const char *at = text; at < space; at++)
		if (*at == '/' && at + 1 < space)
			slash = at;
	printable_shorten(buffer, slash ? slash + 1 : text, most, 0);
	strbuf_deinit(&words);
}

void describe_process(struct strbuf *buffer, struct reader *recording,
	const struct process_row *process, size_t most)
{
	if (process->arguments)
		describe_command_briefly(buffer, recording, process->arguments, most);
	else if (process->executable)
		printable_add_string(buffer, frames_basename(process->executable));
	else
		strbuf_add_string(buffer, "an unknown program");
}

void describe_history(struct strbuf *buffer, struct reader *recording, int64_t history_from_ns)
{
	strbuf_add_string(buffer, "all since ");
	quantity_add_moment(buffer, history_from_ns);
	strbuf_add_string(
		buffer, reader_was_drained(recording)
				? "; what its recorder had taken is in that one's recording"
				: "; before that, what led to what is still alive");
}

int describe_process_end(struct strbuf *buffer, struct reader *recording,
	const struct process_row *process, struct error *err)
{
	/* By exec it goes on as the same process of the system. */
	static const char sql[] =
		"SELECT min(process_id) FROM main.process WHERE parent_process_id = ?1"
		" AND os_pid = ?2 AND process_id > ?1";
	int64_t successor = UNKNOWN;

	if (process->exit_signal != UNKNOWN && process->exit_signal) {
		strbuf_add_string(buffer, "ended by ");
		describe_signal_name(buffer, process->exit_signal);
		return 0;
	}
	if (process->exit_code != UNKNOWN) {
		strbuf_printf(buffer, "exit status %" PRId64, process->exit_code);
		return 0;
	}
	if (process->os_pid == UNKNOWN ||
		reader_integer(recording, STATEMENT_SUCCESSOR, sql, process->process_id,
			process->os_pid, &successor, err) < 0)
		return process->os_pid == UNKNOWN ? 0 : -1;
	if (successor != UNKNOWN)
		strbuf_printf(buffer, "became process %" PRId64 " by exec", successor);
	else if (process->ended_ns != UNKNOWN)
		strbuf_add_string(buffer, "ended, how is not known");
	else if (reader_state(recording) == RECORDING_COMPLETE)
		strbuf_add_string(buffer, "still there when the recording ended");
	return 0;
}
