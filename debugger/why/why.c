/*
 * `why`: see why.h. Finds the run or resource in question; what there is to say of them is in
 * why_run.c and why_resource.c.
 */
#include "debugger/why/why.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"
#include "debugger/why/account.h"
#include "debugger/why/why_resource.h"
#include "debugger/why/why_run.h"

#include <inttypes.h>

#define TEXT_MAX 200 /* bytes of a log line */

static const struct option_row why_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* ", in read_page (src/cache.c:64), 12 us into run:90." and then why that ran. */
static int inside(struct account *account, int64_t run_id, int64_t thread_id, int64_t stack_id,
	int64_t ns, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = &inquiry->words;
	const struct frames *frames;
	struct execution in;

	if (execution_load(inquiry->recording, inquiry->cache, run_id, thread_id, &in, err) < 0 ||
		execution_stack(inquiry->recording, inquiry->cache, &in, stack_id, &frames, err))
		return -1;
	facts_add_hidden_frames(&inquiry->facts, "frames", frames);
	account_add_place(account, frames);
	if (run_id == UNKNOWN) {
		strbuf_add_string(words, ". In which run that was is not known.");
		return 0;
	}
	if (ns != UNKNOWN && in.run.began_ns != UNKNOWN && ns >= in.run.began_ns &&
		in.run.began_ns >= 0 && !in.is_root) {
		strbuf_add_string(words, ", ");
		quantity_add_duration(words, ns - in.run.began_ns);
		strbuf_add_string(words, " into ");
	} else {
		strbuf_add_string(words, ", in ");
	}
	if (inquiry_add_run(inquiry, run_id, thread_id, err))
		return -1;
	strbuf_add_char(words, '.');
	account->is_run_named = true;
	return why_run(account, run_id, thread_id, err);
}

static int why_log(struct account *account, const struct point *point, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = account_sentence(account);
	struct log_row log;
	int found = lookup_log(inquiry->recording, point->id, &log, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, log.process_id, err))
		return -1;
	strbuf_printf(words, "log:%" PRId64 ", \"", log.log_id);
	printable_add(words, log.text ? log.text : "", log.text_length, TEXT_MAX);
	strbuf_add_string(words, "\", was written");
	account_add_moment(account, log.written_ns);
	if (log.at_flush)
		strbuf_add_string(words, ", as far as that was seen, when a buffer was flushed "
					 "(the line may have been"
					 " made in an earlier run)");
	return inside(account, log.run_id, log.thread_id, log.stack_id, log.written_ns, err);
}

static int why_crash(struct account *account, const struct point *point, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = account_sentence(account);
	struct crash_row crash;
	int found = lookup_crash(inquiry->recording, point->id, &crash, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, crash.process_id, err))
		return -1;
	strbuf_printf(words, "crash:%" PRId64 ", ", crash.crash_id);
	describe_signal(words, &crash);
	strbuf_add_string(words, ", happened");
	account_add_moment(account, crash.crashed_ns);
	return inside(
		account, crash.run_id, crash.thread_id, crash.stack_id, crash.crashed_ns, err);
}

/* The run that a thread was in when it was killed, else its start. */
static int why_thread(struct account *account, const struct point *point, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct thread_row thread;
	int found = lookup_thread(inquiry->recording, point->id, &thread, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, thread.process_id, err))
		return -1;
	if (thread.last_run_id == UNKNOWN)
		return why_run(account, thread.root_run_id, thread.thread_id, err);
	describe_thread(account_sentence(account), &thread);
	strbuf_add_string(&inquiry->words, " was killed in ");
	if (inquiry_add_run(inquiry, thread.last_run_id, thread.thread_id, err))
		return -1;
	account->is_run_named = true;
	strbuf_add_char(&inquiry->words, '.');
	return why_run(account, thread.last_run_id, thread.thread_id, err);
}

/* A process, by its main thread. */
static int why_process(struct account *account, const struct point *point, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct process_row process;
	struct thread_row thread;
	int found = lookup_process(inquiry->recording, point->id, &process, err);
	int64_t thread_id;

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, process.process_id, err))
		return -1;
	thread_id = inquiry_number(inquiry,
		"SELECT thread_id FROM main.thread WHERE process_id = ?1 AND role = 'main'"
		" ORDER BY thread_id LIMIT 1",
		process.process_id);
	if (thread_id == UNKNOWN)
		return error_set(err, "process:%" PRId64 " has no main thread in %s",
			process.process_id, reader_path(inquiry->recording));
	if (lookup_thread(inquiry->recording, thread_id, &thread, err) < 0)
		return -1;
	return why_run(account, thread.root_run_id, thread_id, err);
}

static int gather(struct account *account, const struct point *point, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = &inquiry->words;

	point_add(words, point);
	inquiry_string(inquiry, "point", strbuf_string(words));
	strbuf_clear(words);
	if ((point->kind == POINT_ASYNC || point->kind == POINT_RUN) &&
		inquiry_set_process(inquiry, id_process(point->id), err))
		return -1;
	switch (point->kind) {
	case POINT_ASYNC:
		return why_resource(account, point, err);
	case POINT_RUN:
		return why_run(account, point->id, UNKNOWN, err);
	case POINT_LOG:
		return why_log(account, point, err);
	case POINT_CRASH:
		return why_crash(account, point, err);
	case POINT_PROCESS:
		return why_process(account, point, err);
	default:
		return why_thread(account, point, err);
	}
}

static void show(
	struct session *session, struct account *account, const struct point *point, bool as_json)
{
	struct inquiry *inquiry = &account->inquiry;
	struct json json = {.out = session->out};
	struct strbuf next = {0};
	struct page page = {0};

	if (as_json) {
		inquiry_string(inquiry, "words", strbuf_string(&inquiry->words));
		facts_write_json(&inquiry->facts, &json);
		return;
	}
	terminal_begin(&page, session->out);
	/* A paragraph is wrapped wherever it goes. */
	page.strict = true;
	page_words(&page, PAGE_PLAIN, strbuf_string(&inquiry->words));
	page_end_line(&page);
	session_add_command(session, &next, "trace");
	strbuf_add_char(&next, ' ');
	if (account->next_run_id != UNKNOWN)
		point_add_run(&next, account->next_run_id);
	else
		point_add(&next, point);
	page_right(&page, PAGE_PLAIN, ' ', PAGE_FAINT, strbuf_string(&next));
	page_end_line(&page);
	terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
	strbuf_deinit(&next);
}

static int why_command_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct account account = {.inquiry = {.recording = session->recording,
					  .cache = session->cache,
					  .session = session},
		.next_run_id = UNKNOWN};
	struct point point;
	int status = 1;

	if (session_point(session,
		    invocation->options.word_count ? invocation->options.words[0] : NULL, &point,
		    err))
		return 2;
	if (!point_resolve(session->recording, &point, err) && !gather(&account, &point, err)) {
		if (account.inquiry.facts.failed || account.inquiry.words.failed) {
			error_set(err, "out of memory");
		} else {
			session_look_at(session, &point);
			show(session, &account, &point, format && *format == 'j');
			status = 0;
		}
	}
	facts_deinit(&account.inquiry.facts);
	strbuf_deinit(&account.inquiry.words);
	return status;
}

const struct command why_command = {
	.name = "why",
	.group = GROUP_STACK,
	.usage = "[options] [POINT]",
	.summary = "tell in words how something came about, and what it waited for",
	.description =
		"Of a run: who armed it, what made it fire, where the time went meanwhile (the"
		"\nkernel, the queue of the thread pool and who filled that, other callbacks that"
		"\nheld the loop), how it went and what it did. Of a resource: who made it, and why"
		"\nit ran, ended, or did not. Of a log line or a crash: of the run that it was "
		"in.\n"
		"\n" COMMAND_POINT_WORDS "\n"
		"\n"
		"JSON: the same as keys: run_id, callback, began_ns, armed and"
		"\nfired (who, by which call, with frames), wait_ns and its parts, held_by,"
		"\npool_had, nested, did, of a resource state, and words.",
	.options = why_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = why_command_run,
};
