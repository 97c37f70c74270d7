/*
 * `why` of a run: see why_run.h. What is not known is said in the words of the async stack, which
 * knows why.
 */
#include "debugger/why/why_run.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/lineage/lineage.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/why/why_did.h"
#include "debugger/why/why_wait.h"

#include <inttypes.h>
#include <string.h>

#define COMMAND_BYTES 200

static bool is_class(const struct execution *in, const char *class)
{
	return in->class && !strcmp(in->class, class);
}

static bool is_kind(const struct cause_row *cause, const char *kind)
{
	return cause->kind && !strcmp(cause->kind, kind);
}

static bool is_close(const struct execution *in)
{
	return in->run.part && !strcmp(in->run.part, "close");
}

static int64_t ended_ns(const struct run_row *run)
{
	int64_t ns;

	return run->began_ns == UNKNOWN || run->duration_ns == UNKNOWN ||
			       __builtin_add_overflow(run->began_ns, run->duration_ns, &ns)
		       ? UNKNOWN
		       : ns;
}

static void run_keys(struct account *account, const struct execution *in)
{
	struct inquiry *inquiry = &account->inquiry;

	account_run_keys(account, in);
	inquiry_string(inquiry, "part", in->run.part);
	inquiry_integer(inquiry, "began_ns", in->run.began_ns);
	inquiry_integer(inquiry, "ended_ns", ended_ns(&in->run));
	inquiry_integer(inquiry, "status", in->run.status);
	inquiry_integer(inquiry, "bytes", in->run.bytes);
	inquiry_integer(inquiry, "outer_run_id", in->run.outer_run_id);
}

/* "run:97 (on_retry of timer 43) ran at +81.2 s on thread:1 (main), for 41 us.", or "It ran …" */
static int what_ran(struct account *account, const struct execution *in, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = account_sentence(account);

	if (account->is_run_named)
		strbuf_add_string(words, "That");
	else if (inquiry_add_run(inquiry, in->run.run_id, in->run.thread_id, err))
		return -1;
	strbuf_add_string(words, in->is_root ? " began" : " ran");
	account_add_moment(account, in->run.began_ns);
	if (inquiry_add_thread(inquiry, in->run.thread_id, err))
		return -1;
	if (in->run.duration_ns != UNKNOWN) {
		strbuf_add_string(words, ", for ");
		quantity_add_duration(words, in->run.duration_ns);
	} else if (!in->is_root) {
		strbuf_add_string(words, ", and never returned");
	}
	strbuf_add_char(words, '.');
	return 0;
}

/* Inside of which callback it ran, other than at the bottom of its thread. */
static int where_it_ran(struct account *account, const struct execution *in, struct error *err)
{
	const struct run_row *run = &in->run;
	struct strbuf *words;

	if (run->outer_run_id == UNKNOWN || run->outer_run_id == run->root_run_id)
		return 0;
	words = account_sentence(account);
	strbuf_add_string(words, "It ran inside of ");
	if (inquiry_add_run(&account->inquiry, run->outer_run_id, run->thread_id, err))
		return -1;
	if (run->outer_stack_id == UNKNOWN) {
		strbuf_add_string(words, ", which called it.");
		return 0;
	}
	strbuf_add_string(words, ", which was in a loop of its own (a nested uv_run).");
	return 0;
}

/* ", in schedule_retry (src/retry.c:61), in run:90 (on_page_read of fs 42), 3.2 ms before" */
static int add_maker(struct account *account, const struct segment *segment, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;

	account_add_place(account, segment->frames);
	strbuf_add_string(&inquiry->words, ", in ");
	if (inquiry_add_run(inquiry, segment->in.run.run_id, segment->in.run.thread_id, err))
		return -1;
	account_add_before(account, segment->ns, segment[-1].in.run.began_ns);
	return 0;
}

/* Who made a handle, when that was in another run than its arming. */
static int handle_maker(struct account *account, const struct segment *armed, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = &inquiry->words;
	struct resource_row resource;
	int found = lookup_resource(inquiry->recording, armed->armed.async_id, &resource, err);

	if (found != 1 || !resource.api || resource.run_id == armed->in.run.run_id ||
		account->is_birth_told)
		return found < 0 ? -1 : 0;
	strbuf_add_string(words, "; it had been made by ");
	printable_add_string(words, resource.api);
	strbuf_add_string(words, " in ");
	return inquiry_add_run(inquiry, resource.run_id, resource.thread_id, err);
}

static int armed_by_creation(
	struct account *account, const struct segment *armed, struct error *err)
{
	const struct execution *in = &armed[-1].in;
	struct strbuf *words = account_sentence(account);
	bool is_request = is_class(in, "request");
	bool is_work = in->run.part && !strcmp(in->run.part, "work");

	if (in->is_root) {
		strbuf_add_string(words, "It was started by ");
	} else if (is_request) {
		strbuf_add_string(words,
			is_work ? "It is the work that was given to " : "It is the callback of ");
	} else {
		strbuf_add_string(words, "It was armed when ");
		describe_resource(words, in->type, in->run.async_id, NULL);
		strbuf_add_string(words, " was made, by ");
	}
	describe_arming(words, armed->api, UNKNOWN, UNKNOWN);
	strbuf_add_string(words, is_request && !is_work ? ", asked for" : "");
	return add_maker(account, armed, err);
}

static int armed_by_call(struct account *account, const struct segment *armed, struct error *err)
{
	struct strbuf *words = account_sentence(account);

	strbuf_add_string(words, is_close(&armed[-1].in)
					 ? "It is the closing that was asked for by "
					 : "It was armed by ");
	describe_arming(words, armed->api, armed->armed.timeout_ms, armed->armed.repeat_ms);
	if (armed->armed.times > 1) {
		strbuf_add_string(words, ", the last of ");
		quantity_add_count(words, armed->armed.times);
		strbuf_add_string(words, " times,");
	}
	return add_maker(account, armed, err) || handle_maker(account, armed, err) ? -1 : 0;
}

static void armed_keys(struct account *account, const struct segment *armed)
{
	struct inquiry *inquiry = &account->inquiry;

	facts_begin_object(&inquiry->facts, "armed");
	inquiry_string(inquiry, "api", armed->api);
	account_run_keys(account, &armed->in);
	inquiry_integer(inquiry, "ns", armed->ns);
	inquiry_integer(inquiry, "timeout_ms", armed->armed.timeout_ms);
	inquiry_integer(inquiry, "repeat_ms", armed->armed.repeat_ms);
	inquiry_integer(inquiry, "times", armed->armed.times);
	facts_add_hidden_frames(&inquiry->facts, "frames", armed->frames);
	facts_end_item(&inquiry->facts);
}

static void firing_keys(struct account *account, const struct firing *firing)
{
	struct inquiry *inquiry = &account->inquiry;

	facts_begin_object(&inquiry->facts, "fired");
	inquiry_string(inquiry, "kind", firing->row.kind);
	inquiry_string(inquiry, "api", firing->row.api);
	account_run_keys(account, &firing->in);
	inquiry_integer(inquiry, "ns", firing->row.caused_ns);
	inquiry_integer(inquiry, "count", firing->count);
	facts_add_hidden_frames(&inquiry->facts, "frames", firing->frames);
	facts_end_item(&inquiry->facts);
}

/* What made it fire, when something other than its arming did. */
static int fired(struct account *account, const struct segment *armed, struct error *err)
{
	const struct firing *firing = &armed->firing;
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words;

	firing_keys(account, firing);
	if (firing->is_work)
		return 0;
	words = account_sentence(account);
	strbuf_add_string(words, is_kind(&firing->row, "cancel") || is_kind(&firing->row, "close")
					 ? "It was cancelled by "
				 : is_kind(&firing->row, "kill") ? "It was signalled by "
								 : "What made it fire was ");
	describe_arming(
		words, firing->row.api ? firing->row.api : firing->row.kind, UNKNOWN, UNKNOWN);
	account_add_place(account, firing->frames);
	strbuf_add_string(words, ", in ");
	if (inquiry_add_run(inquiry, firing->in.run.run_id, firing->row.thread_id, err))
		return -1;
	if (firing->in.run.thread_id != armed[-1].in.run.thread_id &&
		inquiry_add_thread(inquiry, firing->in.run.thread_id, err))
		return -1;
	account_add_before(account, firing->row.caused_ns, armed[-1].in.run.began_ns);
	if (firing->count > 1) {
		strbuf_add_string(words,
			is_kind(&firing->row, "again") ? ", the last of " : ", the first of ");
		quantity_add_count(words, firing->count);
		strbuf_add_string(words, " that it answers");
	}
	strbuf_add_char(words, '.');
	account->next_run_id = firing->in.run.run_id;
	return 0;
}

/* Nothing armed it: that is as it should be of main, and else said in words. */
static int not_armed(struct account *account, const struct lineage *lineage, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct strbuf *words = account_sentence(account);

	(void)err;
	facts_add_boolean(&inquiry->facts, "complete", lineage->complete);
	inquiry_string(inquiry, "ended", lineage->complete ? NULL : lineage->ended);
	if (lineage->complete) {
		strbuf_add_string(
			words, "It is where the program begins: nothing that is recorded started");
		strbuf_add_string(words, " ");
		describe_process(words, inquiry->recording, &lineage->process, COMMAND_BYTES);
	} else if (lineage->segments[0].in.is_root) {
		strbuf_add_string(words, "How it came about is not known: ");
		strbuf_add_string(words, lineage->ended);
	} else {
		strbuf_add_string(words, "Who armed it is not known: ");
		strbuf_add_string(words, lineage->ended);
	}
	strbuf_add_char(words, '.');
	return 0;
}

static int origin(struct account *account, const struct lineage *lineage, struct error *err)
{
	const struct segment *armed = &lineage->segments[1];
	bool is_arming;
	int result;

	if (lineage->count < 2)
		return not_armed(account, lineage, err);
	is_arming = lineage->segments[0].in.run.arming_id != UNKNOWN;
	armed_keys(account, armed);
	result = is_arming ? armed_by_call(account, armed, err)
			   : armed_by_creation(account, armed, err);
	if (result)
		return -1;
	strbuf_add_char(&account->inquiry.words, '.');
	if (armed->has_firing && fired(account, armed, err))
		return -1;
	if (!armed->has_firing && armed->armed.type && !strcmp(armed->armed.type, "uv_async_t") &&
		!is_close(&lineage->segments[0].in))
		strbuf_add_string(account_sentence(account),
			"Which uv_async_send made it fire is not recorded.");
	return why_wait(account, armed, &lineage->segments[0].in, err);
}

static bool is_output(const struct execution *in)
{
	return in->type && (strstr(in->type, "write") || strstr(in->type, "send"));
}

/* The status, where it is one that tells something, and the bytes. */
static int outcome(struct account *account, const struct lineage *lineage, struct error *err)
{
	const struct run_row *run = &lineage->segments[0].in.run;
	bool is_cancelled = run->status == -125; /* UV_ECANCELED */
	struct strbuf *words;

	(void)err;
	if (run->status == UNKNOWN || (run->status >= 0 && run->bytes == UNKNOWN))
		return 0;
	words = account_sentence(account);
	if (run->status < 0) {
		strbuf_add_string(words, "Its status was ");
		describe_status(words, run->status);
		if (is_cancelled && lineage->count > 1 && !lineage->segments[1].has_firing)
			strbuf_add_string(
				words, "; who cancelled it is not recorded apart from its arming");
		strbuf_add_char(words, '.');
	} else {
		quantity_add_count(words, run->bytes);
		strbuf_add_string(words, run->bytes == 1 ? " byte" : " bytes");
		strbuf_add_string(words,
			is_output(&lineage->segments[0].in) ? " had been written." : " had come.");
	}
	return 0;
}

int why_run(struct account *account, int64_t run_id, int64_t thread_id, struct error *err)
{
	struct lineage_options options = {.by = EDGE_LINK, .depth = 1};
	struct inquiry *inquiry = &account->inquiry;
	struct point point = {POINT_RUN, run_id};
	const struct execution *in;
	struct execution probe;
	struct lineage lineage;
	int result;

	/* A thread's root run need have no row; such a one is named by its thread. */
	if (thread_id != UNKNOWN) {
		result = execution_load(
			inquiry->recording, inquiry->cache, run_id, thread_id, &probe, err);
		if (result < 0)
			return -1;
		if (probe.is_root && !probe.is_written)
			point = (struct point){POINT_THREAD, thread_id};
	}
	if (lineage_init(&lineage, inquiry->recording, inquiry->cache, &point, &options, err))
		return -1;
	in = &lineage.segments[0].in;
	run_keys(account, in);
	result = what_ran(account, in, err) || where_it_ran(account, in, err) ||
		 origin(account, &lineage, err) || outcome(account, &lineage, err) ||
		 why_did(account, in, err);
	lineage_deinit(&lineage);
	return result ? -1 : 0;
}
