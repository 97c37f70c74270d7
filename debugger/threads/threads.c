/* `threads`: see threads.h. Reads the rows and shows them, as a table or as JSON. */
#include "debugger/threads/threads.h"

#include "debugger/text/json.h"
#include "debugger/threads/thread_doing.h"
#include "debugger/threads/thread_table.h"

#include <stdlib.h>

static const struct option_row threads_options[] = {
	{"all", 0, NULL, "leave none out"},
	{"runs", 0, NULL, "count callbacks also where there are so many that it takes a while"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static void thread_json(
	struct json *json, const struct thread_rows_row *row, bool is_counted, const char *doing)
{
	static const char *const states[] = {
#define X(tag, word) [THREAD_##tag] = word,
		THREAD_STATES(X)
#undef X
	};
	const struct thread_row *thread = &row->thread;

	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "thread_id", thread->thread_id);
	json_key_integer(json, "process_id", thread->process_id);
	json_key_integer(json, "os_tid", thread->os_tid);
	json_key_string(json, "role", thread->role);
	json_key_string(json, "name", thread->name);
	json_key_string(json, "state", states[row->state]);
	json_key_integer(json, "run_id", thread->last_run_id);
	json_key_integer(json, "crash_id", row->crash_id);
	json_key_integer(json, "started_ns", thread->started_ns);
	json_key_integer(json, "ended_ns", thread->ended_ns);
	json_key_integer(json, "left_poll_ns", row->left_poll_ns);
	json_key_integer(json, "callbacks", is_counted ? row->runs : UNKNOWN);
	json_key(json, "busy_ns");
	if (is_counted)
		json_real(json, row->busy_ns);
	else
		json_null(json);
	json_key_string(json, "words", doing);
	json_close(json, '}');
}

static int threads_json(struct session *session, struct json *json, const struct thread_rows *rows,
	struct error *err)
{
	struct process_row process;
	struct strbuf words = {0};
	int result = lookup_process(session->recording, UNKNOWN, &process, err);
	size_t i;

	for (i = 0; !result && i < rows->count; i++) {
		const struct thread_rows_row *row = &rows->rows[i];

		if (row->thread.process_id != process.process_id)
			result = lookup_process(session->recording, row->thread.process_id,
					 &process, err) < 0
					 ? -1
					 : 0;
		strbuf_clear(&words);
		if (!result)
			result = thread_doing_add(&words, session, &process, row, err);
		if (!result && reader_is_interrupted())
			result = error_set(err, "interrupted");
		if (!result)
			thread_json(json, row, rows->is_counted, strbuf_string(&words));
	}
	strbuf_deinit(&words);
	return result;
}

/* Gathered first: of what cannot be shown nothing is. */
static int show_json(struct session *session, const struct thread_rows *rows, struct error *err)
{
	char *text = NULL;
	size_t length;
	struct json json = {.out = open_memstream(&text, &length)};
	int result;

	if (!json.out)
		return error_set(err, "out of memory");
	json_open(&json, '{');
	json_key_integer(&json, "version", 1);
	json_key_integer(&json, "count", rows->all);
	json_key(&json, "threads");
	json_open(&json, '[');
	result = threads_json(session, &json, rows, err);
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', json.out);
	if (fclose(json.out))
		result = error_set(err, "out of memory");
	if (!result)
		fwrite(text, 1, length, session->out);
	free(text);
	return result;
}

static int threads_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *word = invocation->options.word_count ? invocation->options.words[0] : NULL;
	const char *format = option_value(&invocation->options, "format");
	struct thread_rows rows;
	struct point point = {POINT_DEFAULT, UNKNOWN};
	int result;

	if (word && point_parse(word, &point, err))
		return 2;
	if (word && point.kind != POINT_PROCESS) {
		error_set(err, "threads: '%s' is no process: type process:N", word);
		return 2;
	}
	result = thread_rows_init(&rows, session->recording, point.id,
		option_value(&invocation->options, "runs"), err);
	if (!result && word && !rows.count)
		result = point_not_there(session->recording, &point, err);
	if (!result)
		result = format && *format == 'j'
				 ? show_json(session, &rows, err)
				 : thread_table_show(session, &rows,
					   option_value(&invocation->options, "all"), err);
	thread_rows_deinit(&rows);
	return result ? 1 : 0;
}

const struct command threads_command = {
	.name = "threads",
	.group = GROUP_THINGS,
	.usage = "[options] [process:N]",
	.summary = "list the threads, and what each did last",
	.description =
		"Of each thread its role, name and number, how long it lived, how many callbacks"
		"\nran on it and which share of its life they took, and at last: what it was doing"
		"\nwhen its process crashed or was killed, or when it ended. Of many, those that"
		"\ncrashed or were in a callback, the main threads and the first others are "
		"shown.\n"
		"\nJSON: version, count of all, and threads: of each thread_id, process_id, os_tid,"
		"\nrole, name, state (crashed, running, outside, stayed, ended), run_id, crash_id,"
		"\nstarted_ns, ended_ns, left_poll_ns, callbacks, busy_ns and words.",
	.options = threads_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = threads_run,
};
