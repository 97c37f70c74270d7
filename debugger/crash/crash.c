/*
 * `crash`: see crash.h. A crash is shown as the beginning of its async stack, which is then the one
 * that is looked at. The table is as long as things crashed: of many only the last are shown.
 */
#include "debugger/crash/crash.h"

#include "debugger/frame/selection.h"
#include "debugger/lineage/describe.h"
#include "debugger/render/render_trace.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_TEXT 20
#define SHOWN_JSON 1000

static const struct option_row crash_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* Those to be shown, the first of them first. */
struct crashes {
	int64_t ids[SHOWN_JSON];
	size_t count;
	int64_t all; /* how many there are */
};

static int find(struct reader *recording, size_t most, struct crashes *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found;
	size_t i;

	ret->count = 0;
	if (reader_integer(recording, STATEMENT_CRASH_COUNT, "SELECT count(*) FROM main.crash",
		    UNKNOWN, UNKNOWN, &ret->all, err) < 0 ||
		reader_prepare(recording, STATEMENT_LAST_CRASHES,
			"SELECT crash_id FROM main.crash ORDER BY crash_id DESC LIMIT ?1", &row,
			err))
		return -1;
	sqlite3_bind_int64(row, 1, (int64_t)most);
	while ((found = reader_step(recording, row, err)) == 1 && ret->count < most)
		ret->ids[ret->count++] = sqlite3_column_int64(row, 0);
	sqlite3_reset(row);
	for (i = 0; i < ret->count / 2; i++) {
		int64_t other = ret->ids[ret->count - 1 - i];

		ret->ids[ret->count - 1 - i] = ret->ids[i];
		ret->ids[i] = other;
	}
	if (found >= 0 && !ret->count)
		return error_set(err,
			"crash: no crash was recorded in %s: 'threads' tells what each thread did "
			"last",
			reader_path(recording));
	return found < 0 ? -1 : 0;
}

/* "2", "crash:2" */
static int read_word(const char *word, struct point *ret, struct error *err)
{
	const char *digits = word;
	char *end;

	if (!strncmp(word, "crash:", 6))
		digits = word + 6;
	*ret = (struct point){POINT_CRASH, strtoll(digits, &end, 10)};
	if (*digits < '0' || *digits > '9' || *end || ret->id < 1 || ret->id == INT64_MAX)
		return error_set(err, "crash: a crash's number is wanted, not '%s'", word);
	return 0;
}

static int load(struct session *session, int64_t crash_id, int64_t depth, struct lineage *ret,
	struct error *err)
{
	const struct lineage_options options = {.by = EDGE_LINK, .depth = depth};
	const struct point point = {POINT_CRASH, crash_id};

	return lineage_init(ret, session->recording, session->cache, &point, &options, err);
}

static struct render_options options_of(const struct session *session)
{
	return (struct render_options){
		.state = reader_state(session->recording), .session = session};
}

static int brief(struct session *session, struct page *page, int64_t crash_id, struct error *err)
{
	const struct render_options options = options_of(session);
	struct lineage lineage;

	if (load(session, crash_id, 0, &lineage, err))
		return -1;
	render_brief_text(page, &lineage, &options);
	page_end_line(page);
	lineage_deinit(&lineage);
	return 0;
}

static void next_line(const struct session *session, struct page *page, const struct point *point)
{
	static const char *const commands[] = {"trace", "info"};
	struct strbuf words = {0};
	size_t i;

	for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		strbuf_add_string(&words, i ? "    " : "");
		session_add_command(session, &words, commands[i]);
		strbuf_add_char(&words, ' ');
		point_add(&words, point);
	}
	page_add(page, PAGE_FAINT, "next");
	page_tab(page, 10);
	page->indent = 10;
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static void add_count(struct page *page, const struct crashes *crashes)
{
	struct strbuf words = {0};

	quantity_add_count(&words, crashes->all);
	strbuf_add_string(&words, " crashes");
	if (crashes->all > (int64_t)crashes->count) {
		strbuf_add_string(&words, ", of which these are the last ");
		quantity_add_count(&words, (int64_t)crashes->count);
	}
	page_add(page, PAGE_STRONG, strbuf_string(&words));
	page_end_line(page);
	page_end_line(page);
	strbuf_deinit(&words);
}

static int show_text(struct session *session, const struct crashes *crashes, struct error *err)
{
	const struct lineage_options as_traced = {.by = EDGE_LINK, .depth = UNKNOWN};
	const struct render_options options = options_of(session);
	int64_t last = crashes->ids[crashes->count - 1];
	struct lineage lineage;
	struct page page = {0};
	int result = 0;
	size_t i;

	terminal_begin(&page, session->out);
	if (crashes->all > 1)
		add_count(&page, crashes);
	for (i = 0; !result && i + 1 < crashes->count; i++)
		result = brief(session, &page, crashes->ids[i], err);
	if (!result)
		result = load(session, last, UNKNOWN, &lineage, err);
	if (!result) {
		render_here_text(&page, &lineage, &options);
		next_line(session, &page, &lineage.point);
		session_look_at(session, &lineage.point);
		selection_take(session, &lineage, &as_traced);
		terminal_show(&page, session->out, !session->at_prompt);
	}
	page_deinit(&page);
	return result;
}

static int crash_json(
	struct session *session, struct json *json, int64_t crash_id, struct error *err)
{
	struct strbuf words = {0};
	struct lineage lineage;
	const struct crash_row *crash = &lineage.crash;

	if (load(session, crash_id, 0, &lineage, err))
		return -1;
	json_newline(json);
	json_open(json, '{');
	point_add(&words, &lineage.point);
	json_key_string(json, "point", strbuf_string(&words));
	json_key_integer(json, "crash_id", crash->crash_id);
	json_key_integer(json, "process_id", crash->process_id);
	json_key_integer(json, "os_pid", lineage.process.os_pid);
	json_key_string(json, "executable", lineage.process.executable);
	json_key_integer(json, "thread_id", crash->thread_id);
	json_key_integer(json, "os_tid", lineage.thread.os_tid);
	json_key_string(json, "thread_name", lineage.thread.name);
	json_key_integer(json, "run_id", crash->run_id);
	json_key_integer(json, "async_id", lineage.segments[0].in.run.async_id);
	json_key_string(json, "type", lineage.segments[0].in.type);
	json_key_string(json, "callback", lineage.segments[0].in.callback);
	strbuf_clear(&words);
	describe_signal_name(&words, crash->signal);
	json_key_integer(json, "signal", crash->signal);
	json_key_string(json, "signal_name", strbuf_string(&words));
	json_key_integer(json, "code", crash->code);
	json_key_integer(json, "fault_address", crash->fault_address);
	json_key_string(json, "message", crash->message);
	json_key_integer(json, "crashed_ns", crash->crashed_ns);
	render_frames_json(json, "frames", lineage.segments[0].frames, false);
	json_close(json, '}');
	lineage_deinit(&lineage);
	strbuf_deinit(&words);
	return 0;
}

/* Gathered first: of what cannot be shown nothing is. */
static int show_json(struct session *session, const struct crashes *crashes, struct error *err)
{
	char *text = NULL;
	size_t length, i;
	struct json json = {.out = open_memstream(&text, &length)};
	int result = 0;

	if (!json.out)
		return error_set(err, "out of memory");
	json_open(&json, '{');
	json_key_integer(&json, "version", 1);
	json_key_integer(&json, "count", crashes->all);
	json_key(&json, "crashes");
	json_open(&json, '[');
	for (i = 0; !result && i < crashes->count; i++)
		result = crash_json(session, &json, crashes->ids[i], err);
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

static int crash_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	const char *word = invocation->options.word_count ? invocation->options.words[0] : NULL;
	bool as_json = format && *format == 'j';
	struct crashes crashes = {.ids = {0}, .count = 1, .all = 1};
	struct point point;

	if (word && read_word(word, &point, err))
		return 2;
	if (word)
		crashes.ids[0] = point.id;
	else if (find(session->recording, as_json ? SHOWN_JSON : SHOWN_TEXT, &crashes, err))
		return 1;
	return (as_json ? show_json : show_text)(session, &crashes, err) ? 1 : 0;
}

const struct command crash_command = {
	.name = "crash",
	.group = GROUP_STACK,
	.usage = "[options] [N]",
	.summary = "show what crashed: the signal, where, and in which run",
	.description =
		"Shows crash N, else the last one and, in short, those before it: the signal, the"
		"\nprocess, thread and run it came in, the stack, and what armed that run. 'trace'"
		"\nshows how the program got there. At the prompt 'frame', 'up', 'down', 'list' and"
		"\n\".\" are then about that crash.\n"
		"\nJSON: version, count of all, and crashes: of each point, crash_id, process_id,"
		"\nos_pid, executable, thread_id, os_tid, thread_name, run_id, async_id, type,"
		"\ncallback, signal, signal_name, code, fault_address, message, crashed_ns and"
		"\nframes, as 'trace' has them.",
	.options = crash_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = crash_run,
};
