/* `running`: see running.h. Promises printable text. */
#include "debugger/time/running.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/lineage/execution.h"
#include "debugger/text/json.h"
#include "debugger/text/terminal.h"
#include "debugger/time/cursor.h"
#include "debugger/time/lacks.h"
#include "debugger/time/moment.h"
#include "debugger/time/render_threads.h"
#include "debugger/time/threads_then.h"

#include <inttypes.h>

static const struct option_row running_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

struct view {
	struct session *session;
	const struct threads_then *then;
	const struct lacks *lacks;
	struct page *page;
	struct strbuf words;
};

static struct strbuf *new_words(struct view *view)
{
	strbuf_clear(&view->words);
	return &view->words;
}

static void words_line(struct view *view, enum page_style style)
{
	page_words(view->page, style, strbuf_string(&view->words));
	page_end_line(view->page);
}

/* "process:1  server, pid 4711" */
static int process_line(struct view *view, int64_t process_id, struct error *err)
{
	struct strbuf *words = new_words(view);
	struct process_row process;

	if (lookup_process(view->session->recording, process_id, &process, err) < 0)
		return -1;
	strbuf_printf(words, "process:%" PRId64 "  ", process_id);
	describe_process(words, view->session->recording, &process, 60);
	if (process.os_pid != UNKNOWN)
		strbuf_printf(words, ", pid %" PRId64, process.os_pid);
	view->page->indent = 2;
	words_line(view, PAGE_PLAIN);
	return 0;
}

static void heading(struct view *view)
{
	struct strbuf *words = new_words(view);

	moment_add(words, view->then->at_ns);
	page_add(view->page, PAGE_STRONG, strbuf_string(words));
	page_end_line(view->page);
}

static void endings(struct view *view)
{
	struct strbuf *words;
	const struct nest_run *run = NULL;
	size_t i;

	for (i = 0; i < view->lacks->count; i++) {
		view->page->indent = 2;
		page_add(view->page, PAGE_WARN, "! ");
		page_words(view->page, PAGE_WARN, strbuf_string(&view->lacks->words[i]));
		page_end_line(view->page);
	}
	for (i = 0; !run && i < view->then->count; i++)
		if (view->then->threads[i].run_count)
			run = &view->then->threads[i].runs[0];
	page_end_line(view->page);
	words = new_words(view);
	strbuf_add_string(words, "  ");
	if (run) {
		session_add_command(view->session, words, "trace");
		strbuf_add_char(words, ' ');
		point_add_run(words, run->run_id);
		strbuf_add_string(words, "    ");
	}
	session_add_command(view->session, words, "live");
	view->page->indent = 2;
	words_line(view, PAGE_FAINT);
}

static int write_text(struct view *view, struct error *err)
{
	struct thread_view threads = {.session = view->session,
		.page = view->page,
		.at_ns = view->then->at_ns,
		.column = render_thread_column(view->then->threads, view->then->count)};
	int64_t process_id = UNKNOWN;
	int result = 0;
	size_t i;

	heading(view);
	for (i = 0; !result && i < view->then->count; i++) {
		const struct thread_then *thread = &view->then->threads[i];

		if (thread->thread.process_id != process_id) {
			process_id = thread->thread.process_id;
			result = process_line(view, process_id, err);
		}
		if (!result)
			result = render_thread(&threads, thread, err);
	}
	strbuf_deinit(&threads.words);
	if (result)
		return -1;
	if (!view->then->count) {
		new_words(view);
		strbuf_add_string(&view->words, "no thread that was recorded was there");
		words_line(view, PAGE_PLAIN);
	}
	endings(view);
	return 0;
}

static int run_object(
	struct json *json, struct view *view, const struct nest_run *run, struct error *err)
{
	struct session *session = view->session;
	struct execution in;

	if (execution_load(
		    session->recording, session->cache, run->run_id, run->thread_id, &in, err) < 0)
		return -1;
	json_open(json, '{');
	json_key_integer(json, "run_id", run->run_id);
	json_key_integer(json, "async_id", run->async_id);
	json_key_string(json, "type", in.type);
	json_key_string(json, "callback", in.callback);
	json_key_integer(json, "began_ns", run->began_ns);
	json_key_integer(json, "ended_ns", run->ended_ns);
	json_close(json, '}');
	return 0;
}

static int thread_object(
	struct json *json, struct view *view, const struct thread_then *thread, struct error *err)
{
	int result = 0;
	size_t i;

	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "thread_id", thread->thread.thread_id);
	json_key_integer(json, "process_id", thread->thread.process_id);
	json_key_string(json, "name", thread->thread.name);
	json_key_string(json, "role", thread->thread.role);
	json_key_string(json, "state", thread_activity_name(thread->activity));
	json_key_integer(json, "since_ns", thread->since_ns);
	json_key(json, "runs");
	json_open(json, '[');
	for (i = 0; !result && i < thread->run_count; i++)
		result = run_object(json, view, &thread->runs[i], err);
	json_close(json, ']');
	json_key(json, "poll");
	if (thread->poll.loop_id == UNKNOWN) {
		json_null(json);
	} else {
		json_open(json, '{');
		json_key_integer(json, "loop_id", thread->poll.loop_id);
		json_key_integer(json, "entered_ns", thread->poll.entered_ns);
		json_key_integer(json, "left_ns", thread->poll.left_ns);
		json_key_integer(json, "timeout_ms", thread->poll.timeout_ms);
		json_close(json, '}');
	}
	json_key(json, "pool");
	if (thread->pool.async_id == UNKNOWN) {
		json_null(json);
	} else {
		json_open(json, '{');
		json_key_integer(json, "async_id", thread->pool.async_id);
		json_key_integer(json, "began_ns", thread->pool.began_ns);
		json_key_integer(json, "ended_ns", thread->pool.ended_ns);
		json_key(json, "estimated");
		json_boolean(json, thread->pool.is_estimated);
		json_close(json, '}');
	}
	json_close(json, '}');
	return result;
}

static int write_json(struct view *view, struct error *err)
{
	struct json json = {.out = view->session->out};
	int result = 0;
	size_t i;

	json_open(&json, '{');
	json_key_integer(&json, "version", 1);
	json_key_integer(&json, "ns", view->then->at_ns);
	json_key(&json, "threads");
	json_open(&json, '[');
	for (i = 0; !result && i < view->then->count; i++)
		result = thread_object(&json, view, &view->then->threads[i], err);
	json_close(&json, ']');
	json_key(&json, "lacks");
	json_open(&json, '[');
	for (i = 0; i < view->lacks->count; i++)
		json_string(&json, strbuf_string(&view->lacks->words[i]));
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', view->session->out);
	return result;
}

static int show(struct view *view, bool as_json, struct error *err)
{
	struct page page = {0};
	int result;

	if (as_json)
		return write_json(view, err);
	view->page = &page;
	terminal_begin(&page, view->session->out);
	result = write_text(view, err);
	if (!result)
		terminal_show(&page, view->session->out, !view->session->at_prompt);
	page_deinit(&page);
	return result;
}

static int find_moment(struct session *session, const struct option_values *values, int64_t *ret,
	struct error *err)
{
	struct moment moment;
	int taken;

	if (!values->word_count) {
		*ret = cursor_ns(session);
		return *ret == UNKNOWN ? moment_default(session->recording, ret, err) : 0;
	}
	if (moment_read_words(values->words, values->word_count, &moment, &taken, err))
		return -1;
	if (taken < values->word_count)
		return error_set(err, "running: '%s' is one TIME too many", values->words[taken]);
	return moment_resolve(session->recording, &moment, cursor_ns(session), ret, err);
}

static int running_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct threads_then then = {0};
	struct lacks lacks = {0};
	struct view view = {.session = session, .then = &then, .lacks = &lacks};
	int64_t at_ns;
	int result, status = 2;

	cursor_begin(session);
	if (!find_moment(session, &invocation->options, &at_ns, err)) {
		result = threads_then_find(&then, session->recording, UNKNOWN, at_ns, err);
		if (!result)
			result = lacks_find(&lacks, session->recording, at_ns, err);
		if (!result)
			result = show(&view, format && *format == 'j', err);
		status = result ? 1 : 0;
	}
	strbuf_deinit(&view.words);
	lacks_deinit(&lacks);
	threads_then_deinit(&then);
	cursor_end(session);
	return status;
}

const struct command running_command = {
	.name = "running",
	.group = GROUP_TIME,
	.usage = "[options] [TIME]",
	.summary = "show what each thread was executing at a moment",
	.description =
		"Of each thread that was there at TIME the runs that it was in, innermost first; or"
		"\nthat its loop waited in the kernel, which request of the pool it had, or since "
		"when"
		"\nit was in no callback. Without TIME at the prompt's cursor, else at the last "
		"crash,"
		"\nelse at the end.\n"
		"\n" MOMENT_WORDS "\n"
		"\nJSON: version, ns, threads with thread_id, process_id, name, role, state "
		"(running,"
		"\npolling, pool, pool_or_idle, idle, outside), since_ns, runs (innermost first), "
		"poll"
		"\nand pool; lacks, sentences on what the recording does not have.",
	.options = running_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 2,
	.run = running_run,
};
