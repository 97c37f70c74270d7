/*
 * `info`: see info.h. One function for each kind of thing gathers facts; how they are shown is in
 * facts.c.
 */
#include "debugger/info/info.h"

#include "debugger/info/info_context.h"
#include "debugger/info/info_process.h"
#include "debugger/info/info_resource.h"
#include "debugger/info/inquiry.h"
#include "debugger/lineage/describe.h"
#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"

#include <inttypes.h>
#include <string.h>

static const struct option_row info_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static void run_columns(struct inquiry *inquiry, const struct execution *in)
{
	const struct run_row *run = &in->run;

	inquiry_integer(inquiry, "run_id", run->run_id);
	inquiry_integer(inquiry, "async_id", run->async_id);
	inquiry_string(inquiry, "type", in->type);
	inquiry_integer(inquiry, "arming_id", run->arming_id);
	inquiry_string(inquiry, "part", run->part);
	inquiry_integer(inquiry, "thread_id", run->thread_id);
	inquiry_integer(inquiry, "outer_run_id", run->outer_run_id);
	inquiry_integer(inquiry, "outer_stack_id", run->outer_stack_id);
	inquiry_integer(inquiry, "callback_frame_id", run->callback_frame_id);
	inquiry_string(inquiry, "callback", in->callback);
	inquiry_integer(inquiry, "began_ns", run->began_ns);
	inquiry_integer(inquiry, "ended_ns",
		run->began_ns == UNKNOWN || run->duration_ns == UNKNOWN
			? UNKNOWN
			: (int64_t)((uint64_t)run->began_ns + (uint64_t)run->duration_ns));
	inquiry_integer(inquiry, "status", run->status);
	inquiry_integer(inquiry, "bytes", run->bytes);
	inquiry_integer(inquiry, "cause_id", run->cause_id);
}

/* "by uv_timer_start(5 ms) in run:90 (…), at +1 s" */
static int edge_line(struct inquiry *inquiry, const char *label, const char *api, int64_t run_id,
	int64_t thread_id, int64_t ns, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);

	strbuf_add_string(words, "by ");
	describe_arming(words, api, UNKNOWN, UNKNOWN);
	strbuf_add_string(words, " in ");
	if (inquiry_add_run(inquiry, run_id, thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, ns);
	inquiry_line(inquiry, label);
	return 0;
}

static const char *cause_label(const struct cause_row *cause)
{
	const char *kind = cause->kind ? cause->kind : "";

	return !strcmp(kind, "cancel") || !strcmp(kind, "close") ? "cancelled"
	       : !strcmp(kind, "kill")				 ? "signalled"
								 : "fired";
}

/* Who armed it and what made it fire. */
static int run_origins(struct inquiry *inquiry, const struct execution *in, struct error *err)
{
	struct resource_row resource;
	struct arming_row arming;
	struct cause_row cause;
	int64_t run_id = UNKNOWN;
	int found = lookup_arming_of(inquiry->recording, &in->run, &arming, err);

	if (found == 1) {
		run_id = arming.run_id;
		found = edge_line(inquiry, "armed", arming.api, arming.run_id, arming.thread_id,
			arming.armed_ns, err);
	} else if (!found && in->armed_by_creation) {
		found = lookup_resource(inquiry->recording, in->run.async_id, &resource, err);
		if (found == 1 && in->is_root && !resource.api) {
			strbuf_add_string(inquiry_words(inquiry), "by no call that was recorded");
			inquiry_line(inquiry, "made");
		} else if (found == 1) {
			run_id = resource.run_id;
			found = edge_line(inquiry, "armed", resource.api, resource.run_id,
				resource.thread_id, resource.created_ns, err);
		}
	}
	if (found < 0)
		return -1;
	inquiry_integer(inquiry, "link_run_id", run_id);
	found = lookup_cause(inquiry->recording, in->run.cause_id, &cause, err);
	inquiry_integer(inquiry, "cause_run_id", found == 1 ? cause.run_id : UNKNOWN);
	if (found != 1)
		return found;
	return edge_line(inquiry, cause_label(&cause), cause.api ? cause.api : cause.kind,
		cause.run_id, cause.thread_id, cause.caused_ns, err);
}

static int info_run_point(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct execution in;
	struct strbuf *words;
	int found =
		execution_load(inquiry->recording, inquiry->cache, point->id, UNKNOWN, &in, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	run_columns(inquiry, &in);
	words = inquiry_words(inquiry);
	describe_execution(words, &in);
	if (in.run.part && strcmp(in.run.part, "callback")) {
		strbuf_add_string(words, ", its part '");
		printable_add_string(words, in.run.part);
		strbuf_add_char(words, '\'');
	}
	inquiry_line(inquiry, "run");
	words = inquiry_words(inquiry);
	inquiry_add_moment(inquiry, in.run.began_ns);
	if (in.run.duration_ns == UNKNOWN) {
		strbuf_add_string(words, ", never ended");
	} else {
		strbuf_add_string(words, ", took ");
		quantity_add_duration(words, in.run.duration_ns);
	}
	if (inquiry_add_thread(inquiry, in.run.thread_id, err))
		return -1;
	inquiry_line(inquiry, "ran");
	words = inquiry_words(inquiry);
	if (in.run.status != UNKNOWN) {
		strbuf_add_string(words, "status ");
		describe_status(words, in.run.status);
	}
	if (in.run.bytes != UNKNOWN)
		strbuf_printf(
			words, "%s%" PRId64 " bytes", words->length ? ", " : "", in.run.bytes);
	if (words->length)
		inquiry_line(inquiry, "result");
	if (run_origins(inquiry, &in, err) || info_context_in_run(inquiry, &in.run, UNKNOWN, err))
		return -1;
	words = inquiry_words(inquiry);
	if (in.run.outer_run_id != UNKNOWN) {
		if (inquiry_add_run(inquiry, in.run.outer_run_id, in.run.thread_id, err))
			return -1;
		inquiry_line(inquiry, "inside");
	}
	return 0;
}

static int info_crash(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct crash_row crash;
	struct strbuf *words;
	int found = lookup_crash(inquiry->recording, point->id, &crash, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, crash.process_id, err))
		return -1;
	inquiry_integer(inquiry, "crash_id", crash.crash_id);
	inquiry_integer(inquiry, "process_id", crash.process_id);
	inquiry_integer(inquiry, "thread_id", crash.thread_id);
	inquiry_integer(inquiry, "run_id", crash.run_id);
	inquiry_integer(inquiry, "stack_id", crash.stack_id);
	inquiry_integer(inquiry, "signal", crash.signal);
	inquiry_integer(inquiry, "code", crash.code);
	inquiry_integer(inquiry, "fault_address", crash.fault_address);
	inquiry_string(inquiry, "message", crash.message);
	inquiry_integer(inquiry, "crashed_ns", crash.crashed_ns);
	words = inquiry_words(inquiry);
	describe_signal(words, &crash);
	inquiry_line(inquiry, "crash");
	words = inquiry_words(inquiry);
	if (inquiry_add_run(inquiry, crash.run_id, crash.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, crash.crashed_ns);
	if (inquiry_add_thread(inquiry, crash.thread_id, err))
		return -1;
	inquiry_line(inquiry, "in");
	if (inquiry_add_stack(inquiry, "frames", crash.stack_id, err))
		return -1;
	return info_context_in_run(inquiry, &inquiry->in.run, crash.crashed_ns, err);
}

static void log_columns(struct inquiry *inquiry, const struct log_row *log)
{
	inquiry_integer(inquiry, "log_id", log->log_id);
	inquiry_integer(inquiry, "process_id", log->process_id);
	inquiry_integer(inquiry, "thread_id", log->thread_id);
	inquiry_integer(inquiry, "run_id", log->run_id);
	inquiry_integer(inquiry, "stack_id", log->stack_id);
	inquiry_integer(inquiry, "written_ns", log->written_ns);
	inquiry_integer(inquiry, "fd", log->fd);
	inquiry_integer(inquiry, "sink_id", log->sink_id);
	inquiry_string(inquiry, "sink", log->sink_kind);
	inquiry_string(inquiry, "path", log->path);
	inquiry_string(inquiry, "moved_to", log->moved_to);
	inquiry_integer(inquiry, "writer_id", log->writer_id);
	inquiry_integer(inquiry, "line_number", log->line_number);
	inquiry_string(inquiry, "api", log->api);
	inquiry_integer(inquiry, "at_flush", log->at_flush ? 1 : UNKNOWN);
	facts_add_text(&inquiry->facts, "text", log->text ? log->text : "", log->text_length);
	inquiry_integer(inquiry, "full_length", log->full_length);
}

/* What it says, where it went, and how. */
static void log_words(struct inquiry *inquiry, const struct log_row *log)
{
	struct strbuf *words = inquiry_words(inquiry);

	printable_add(words, log->text ? log->text : "", log->text_length, 4000);
	inquiry_line(inquiry, "log line");
	if (log->full_length > (int64_t)log->text_length) {
		words = inquiry_words(inquiry);
		quantity_add_count(words, log->full_length);
		strbuf_add_string(words, " bytes, of which the first ");
		quantity_add_count(words, (int64_t)log->text_length);
		strbuf_add_string(words, " were kept");
		inquiry_line(inquiry, "cut");
	}
	words = inquiry_words(inquiry);
	describe_sink(words, log);
	if (log->line_number != UNKNOWN)
		strbuf_printf(words, ", line %" PRId64 " recorded of it", log->line_number);
	if (log->moved_to) {
		strbuf_add_string(words, "; now ");
		printable_add_string(words, log->moved_to);
	}
	inquiry_line(inquiry, "to");
	words = inquiry_words(inquiry);
	if (log->api)
		strbuf_add_string(words, "by ");
	printable_add_string(words, log->api);
	if (log->at_flush)
		strbuf_printf(words,
			"%sseen only when a buffer was flushed: what is said here is"
			" of the flush",
			words->length ? ", " : "");
	if (words->length)
		inquiry_line(inquiry, "written");
}

static int info_log(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct log_row log;
	int found = lookup_log(inquiry->recording, point->id, &log, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, log.process_id, err))
		return -1;
	log_columns(inquiry, &log);
	log_words(inquiry, &log);
	inquiry_words(inquiry);
	if (inquiry_add_run(inquiry, log.run_id, log.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, log.written_ns);
	if (inquiry_add_thread(inquiry, log.thread_id, err))
		return -1;
	inquiry_line(inquiry, "in");
	inquiry_integer(inquiry, "async_id", inquiry->in.run.async_id);
	inquiry_string(inquiry, "type", inquiry->in.type);
	if (inquiry_add_stack(inquiry, "frames", log.stack_id, err))
		return -1;
	return info_context_in_run(inquiry, &inquiry->in.run, log.written_ns, err);
}

static void thread_columns(struct inquiry *inquiry, const struct thread_row *thread)
{
	inquiry_integer(inquiry, "thread_id", thread->thread_id);
	inquiry_integer(inquiry, "process_id", thread->process_id);
	inquiry_integer(inquiry, "os_tid", thread->os_tid);
	inquiry_string(inquiry, "name", thread->name);
	inquiry_string(inquiry, "role", thread->role);
	inquiry_integer(inquiry, "root_run_id", thread->root_run_id);
	inquiry_integer(inquiry, "last_run_id", thread->last_run_id);
	inquiry_integer(inquiry, "started_ns", thread->started_ns);
	inquiry_integer(inquiry, "ended_ns", thread->ended_ns);
}

/* By whom it was made, and as which resource. */
static int thread_maker(struct inquiry *inquiry, const struct thread_row *thread, struct error *err)
{
	struct resource_row resource;
	struct strbuf *words;
	struct run_row run;

	if (lookup_handle_run(inquiry->recording, thread->root_run_id, &run, err) < 0 ||
		lookup_resource(inquiry->recording, run.async_id, &resource, err) < 0)
		return -1;
	inquiry_integer(inquiry, "async_id", run.async_id);
	words = inquiry_words(inquiry);
	if (thread->is_foreign) {
		strbuf_add_string(words, "by a call that is not recorded");
		inquiry_line(inquiry, "made");
		return 0;
	}
	if (!resource.api)
		return 0;
	if (edge_line(inquiry, "made", resource.api, resource.run_id, resource.thread_id,
		    resource.created_ns, err) ||
		inquiry_add_stack(inquiry, "frames", resource.stack_id, err))
		return -1;
	inquiry_words(inquiry);
	if (inquiry_add_resource(inquiry, run.async_id, err))
		return -1;
	inquiry_line(inquiry, "resource");
	return 0;
}

static int info_thread(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct thread_row thread;
	struct strbuf *words;
	int found = lookup_thread(inquiry->recording, point->id, &thread, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	if (inquiry_set_process(inquiry, thread.process_id, err))
		return -1;
	thread_columns(inquiry, &thread);
	words = inquiry_words(inquiry);
	describe_thread(words, &thread);
	if (thread.os_tid != UNKNOWN)
		strbuf_printf(words, ", tid %" PRId64, thread.os_tid);
	strbuf_printf(words, ", of process %" PRId64, thread.process_id);
	inquiry_line(inquiry, "thread");
	if (thread_maker(inquiry, &thread, err))
		return -1;
	inquiry_words(inquiry);
	inquiry_add_moment(inquiry, thread.started_ns);
	if (thread.ended_ns != UNKNOWN && thread.started_ns != UNKNOWN) {
		strbuf_add_string(words, ", ran for ");
		quantity_add_span(words, thread.started_ns, thread.ended_ns);
	}
	inquiry_line(inquiry, "started");
	inquiry_words(inquiry);
	if (inquiry_add_run(inquiry, thread.root_run_id, thread.thread_id, err))
		return -1;
	inquiry_line(inquiry, "root");
	if (thread.last_run_id == UNKNOWN)
		return 0;
	inquiry_words(inquiry);
	if (inquiry_add_run(inquiry, thread.last_run_id, thread.thread_id, err))
		return -1;
	inquiry_line(inquiry, "killed in");
	return 0;
}

static int gather(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	if ((point->kind == POINT_ASYNC || point->kind == POINT_RUN) &&
		inquiry_set_process(inquiry, id_process(point->id), err))
		return -1;
	switch (point->kind) {
	case POINT_ASYNC:
		return info_resource(inquiry, point, err);
	case POINT_RUN:
		return info_run_point(inquiry, point, err);
	case POINT_CRASH:
		return info_crash(inquiry, point, err);
	case POINT_LOG:
		return info_log(inquiry, point, err);
	case POINT_PROCESS:
		return info_process(inquiry, point, err);
	default:
		return info_thread(inquiry, point, err);
	}
}

static void show(
	struct session *session, struct inquiry *inquiry, const struct point *point, bool as_json)
{
	struct json json = {.out = session->out};
	struct strbuf *words = inquiry_words(inquiry);
	struct page page = {0};

	if (as_json) {
		facts_write_json(&inquiry->facts, &json);
		return;
	}
	session_add_command(session, words, "trace");
	strbuf_add_string(words, " ");
	point_add(words, point);
	inquiry_line(inquiry, "next");
	terminal_begin(&page, session->out);
	facts_write_text(&inquiry->facts, &page);
	terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
}

static int info_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct inquiry inquiry = {
		.recording = session->recording, .cache = session->cache, .session = session};
	const char *word = invocation->options.word_count ? invocation->options.words[0] : NULL;
	struct point point;
	int status = 1;

	if (session_point(session, word, &point, err)) {
		/* 'info threads' is what one types in gdb. */
		if (command_find(invocation->table, word, COMMAND_SHELL | COMMAND_PROMPT))
			error_set(
				err, "info: '%.60s' is a command of its own: type it alone", word);
		return 2;
	}
	if (!point_resolve(session->recording, &point, err) && !gather(&inquiry, &point, err)) {
		if (inquiry.facts.failed) {
			error_set(err, "out of memory");
		} else {
			session_look_at(session, &point);
			show(session, &inquiry, &point, format && *format == 'j');
			status = 0;
		}
	}
	facts_deinit(&inquiry.facts);
	strbuf_deinit(&inquiry.words);
	return status;
}

const struct command info_command = {
	.name = "info",
	.aliases = "i p print",
	.group = GROUP_THINGS,
	.usage = "[options] [POINT]",
	.summary = "tell all that is known of one thing",
	.description = "Tells who made it, when and where, what armed it, how often and "
		       "how long it ran"
		       "\nand when it ended.\n"
		       "\n" COMMAND_POINT_WORDS,
	.options = info_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = info_run,
};
