/*
 * What a run waited for: see why_wait.h. Rests on what lineage_wait.c has proved, and adds all
 * callbacks that had the loop meanwhile, and who had the pool. An estimate is said to be one.
 */
#include "debugger/why/why_wait.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/lookup_time.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/why/why_pool.h"

#include <string.h>

#define ROWS_MAX    40000   /* read in search of what held a loop */
#define HELD_MIN_NS 500000  /* a wait shorter than this is nobody's fault */
#define TELL_MIN_NS 20000   /* a callback that took less is not named */
#define LATE_NS	    3000000 /* of a loop's clock in milliseconds and a kernel's slack */

struct waiting {
	struct account *account;
	const struct segment *armed;
	const struct execution *in;
	struct strbuf *words;
	struct error *err;
};

static void duration(struct waiting *waiting, const char *before, int64_t ns, const char *after)
{
	strbuf_add_string(waiting->words, before);
	quantity_add_duration(waiting->words, ns);
	strbuf_add_string(waiting->words, after);
}

static bool is_type(const struct waiting *waiting, const char *type)
{
	return waiting->in->type && !strcmp(waiting->in->type, type);
}

static bool is_class(const struct waiting *waiting, const char *class)
{
	return waiting->in->class && !strcmp(waiting->in->class, class);
}

/* One callback that had the loop: for people and for scripts. */
static int add_holder(struct waiting *waiting, const struct held_row *held, bool in_words)
{
	struct inquiry *inquiry = &waiting->account->inquiry;
	const struct frames *place;
	struct execution in;

	if (execution_load(inquiry->recording, inquiry->cache, held->run_id, UNKNOWN, &in,
		    waiting->err) < 0 ||
		frames_of_place(inquiry->cache, inquiry->recording, held->callback_frame_id, &place,
			waiting->err))
		return -1;
	facts_begin_item(&inquiry->facts);
	account_run_keys(waiting->account, &in);
	inquiry_integer(inquiry, "ns", held->held_ns);
	facts_add_hidden_frames(&inquiry->facts, "frames", place);
	facts_end_item(&inquiry->facts);
	if (!in_words)
		return 0;
	point_add_run(waiting->words, held->run_id);
	strbuf_add_string(waiting->words, ", ");
	if (!inquiry_add_place(inquiry, place))
		strbuf_add_string(waiting->words, "a callback");
	strbuf_add_string(waiting->words, " of ");
	describe_resource(waiting->words, in.type, in.run.async_id, in.detail);
	duration(waiting, ", for ", held->held_ns, "");
	return 0;
}

/* The first of them took long enough to be named. */
static int tell_holders(struct waiting *waiting, const struct held_list *list)
{
	struct facts *facts = &waiting->account->inquiry.facts;
	size_t i, told = 0;
	int64_t told_ns = 0;

	while (told < list->count && list->rows[told].held_ns >= TELL_MIN_NS)
		told++;
	facts_begin_list(facts, "held_by");
	strbuf_add_string(account_sentence(waiting->account), "The loop was held meanwhile by ");
	for (i = 0; i < list->count; i++) {
		strbuf_add_string(waiting->words, !i || i >= told ? ""
						  : i + 1 == told ? ", and by "
								  : ", by ");
		if (add_holder(waiting, &list->rows[i], i < told))
			return -1;
		told_ns += i < told ? list->rows[i].held_ns : 0;
	}
	facts_end_list(facts);
	waiting->account->next_run_id = list->rows[0].run_id;
	/* What the others had comes to little, mostly. */
	if (list->runs > (int64_t)told && list->held_ns - told_ns > list->held_ns / 20) {
		strbuf_add_string(waiting->words, ", and by ");
		strbuf_add_string(waiting->words, list->is_cut ? "at least " : "");
		quantity_add_count(waiting->words, list->runs - (int64_t)told);
		duration(waiting, list->runs - (int64_t)told == 1 ? " more run, " : " more runs, ",
			list->held_ns, " in all");
	}
	strbuf_add_char(waiting->words, '.');
	return 0;
}

/* Who had the loop since a moment from which the run could have been run. */
static int holders(struct waiting *waiting, int64_t from_ns, bool is_due)
{
	struct account *account = waiting->account;
	const struct run_row *run = &waiting->in->run;
	int64_t budget = ROWS_MAX, whole_ns;
	struct held_list list;
	bool is_told;
	int found;

	if (from_ns == UNKNOWN || __builtin_sub_overflow(run->began_ns, from_ns, &whole_ns) ||
		whole_ns < HELD_MIN_NS)
		return 0;
	found = lookup_held_before(
		account->inquiry.recording, run, from_ns, &budget, &list, waiting->err);
	if (found < 0)
		return -1;
	is_told = found && list.rows[0].held_ns >= TELL_MIN_NS;
	if (is_told && tell_holders(waiting, &list))
		return -1;
	/* What is left is no callback's; of what was not due yet it says nothing. */
	if (is_due && !list.is_cut && list.held_ns < whole_ns / 2) {
		int64_t rest_ns = whole_ns - list.held_ns;

		account_sentence(account);
		duration(waiting, is_told ? "For the other " : "For ", rest_ns,
			is_told ? " no callback that is recorded had it"
				: " no callback that is recorded had the loop");
		strbuf_add_string(waiting->words,
			": its thread was between callbacks, in the kernel, or had no processor.");
	}
	return 0;
}

/* A request of the pool: queue, pool, loop. */
static int pool_wait(struct waiting *waiting)
{
	const struct wait *wait = waiting->armed->wait;
	struct strbuf *words = account_sentence(waiting->account);
	int64_t from_ns = waiting->armed->ns, queue_ns = wait->pool_queue_ns;

	if (wait->pool_ns == UNKNOWN) {
		duration(waiting, "It waited ", queue_ns, " for a thread of the pool.");
	} else {
		duration(waiting, "Of the ", waiting->armed->wait_ns, " from there to here ");
		if (queue_ns || !wait->is_estimated)
			duration(waiting, wait->is_estimated ? "at least " : "", queue_ns,
				" went in the pool's queue, ");
		duration(waiting, wait->is_estimated ? "at most " : "", wait->pool_ns,
			queue_ns || !wait->is_estimated ? " in the pool (" : " went in the pool (");
		if (wait->pool_run_id != UNKNOWN) {
			point_add_run(words, wait->pool_run_id);
			strbuf_add_char(words, ' ');
			printable_add_string(
				words, wait->pool_callback ? wait->pool_callback : "work");
			strbuf_add_string(words, " on ");
		}
		strbuf_printf(words, "thread:%lld) and ", (long long)wait->pool_thread_id);
		duration(waiting, "", wait->loop_ns, " until the loop came to it.");
	}
	if (queue_ns >= HELD_MIN_NS &&
		why_pool(waiting->account, waiting->in->run.async_id, waiting->in->run.run_id,
			from_ns, from_ns + queue_ns, waiting->err))
		return -1;
	return wait->pool_ns == UNKNOWN ? 0 : holders(waiting, wait->due_ns, true);
}

static int timer_wait(struct waiting *waiting)
{
	const struct wait *wait = waiting->armed->wait;
	struct strbuf *words = account_sentence(waiting->account);
	int64_t early_ns;

	if (wait->due_ns == UNKNOWN) {
		strbuf_add_string(words, "It is one of the timer's repeats");
		if (waiting->armed->armed.repeat_ms != UNKNOWN)
			strbuf_printf(words, ", each %lld ms",
				(long long)waiting->armed->armed.repeat_ms);
		strbuf_add_string(words, ": when it was due is not recorded.");
		return 0;
	}
	if (!__builtin_sub_overflow(wait->due_ns, waiting->in->run.began_ns, &early_ns) &&
		early_ns >= LATE_NS) {
		duration(waiting, "It ran ", early_ns,
			" before its time was over: libuv counts from");
		strbuf_add_string(words,
			" when the loop last looked at the clock, which it does not"
			" do between callbacks.");
		return 0;
	}
	strbuf_add_string(words, "Its time was due");
	account_add_moment(waiting->account, wait->due_ns);
	if (wait->loop_ns < LATE_NS) {
		strbuf_add_string(words, ", and it ran on time");
		if (wait->loop_ns > 0)
			duration(waiting, ", ", wait->loop_ns, " after that");
		strbuf_add_char(words, '.');
		return 0;
	}
	duration(waiting, ", and it ran ", wait->loop_ns, " late.");
	return holders(waiting, wait->due_ns, true);
}

/* What the kernel has to tell of comes when the loop comes back from there. */
static int kernel_wait(struct waiting *waiting, int64_t loop_id)
{
	const struct run_row *run = &waiting->in->run;
	struct strbuf *words;
	struct poll_row poll;
	int found = lookup_poll_before(
		waiting->account->inquiry.recording, loop_id, run->began_ns, &poll, waiting->err);

	if (found != 1)
		return found;
	/* Another thread's, or not after it was armed: not what brought it. */
	if ((poll.thread_id != UNKNOWN && poll.thread_id != run->thread_id) ||
		poll.left_ns < waiting->armed->ns)
		return 0;
	words = account_sentence(waiting->account);
	strbuf_add_string(words, "The loop came back from the kernel");
	account_add_moment(waiting->account, poll.left_ns);
	if (poll.entered_ns <= poll.left_ns && poll.entered_ns >= 0)
		duration(waiting, ", after ", poll.left_ns - poll.entered_ns, " there");
	duration(waiting, ", and came to this run ", run->began_ns - poll.left_ns, " later.");
	inquiry_integer(&waiting->account->inquiry, "kernel_left_ns", poll.left_ns);
	return holders(waiting, poll.left_ns, true);
}

/* A request that no thread of the pool had: the kernel's, as far as is known. */
static int request_wait(struct waiting *waiting)
{
	const struct wait *wait = waiting->armed->wait;
	int64_t whole_ns = waiting->armed->wait_ns;

	if (whole_ns < HELD_MIN_NS)
		return 0;
	account_sentence(waiting->account);
	if (wait->polled_ns == UNKNOWN) {
		strbuf_add_string(waiting->words, "What it waited for is not recorded.");
	} else {
		duration(waiting, "Of that the loop waited for the kernel ", wait->polled_ns, "");
		duration(waiting, " and ran for ", whole_ns - wait->polled_ns, ".");
	}
	return holders(waiting, waiting->armed->ns, false);
}

/* Handles that are run by each turn of the loop, whatever the kernel says. */
static bool is_each_turn(const struct waiting *waiting)
{
	return is_type(waiting, "uv_idle_t") || is_type(waiting, "uv_prepare_t") ||
	       is_type(waiting, "uv_check_t");
}

static int handle_wait(struct waiting *waiting)
{
	const struct wait *wait = waiting->armed->wait;
	struct inquiry *inquiry = &waiting->account->inquiry;
	const char *part = waiting->in->run.part;
	struct resource_row resource;

	if (part && !strcmp(part, "close"))
		return holders(waiting, wait->due_ns, true);
	if (is_each_turn(waiting)) {
		strbuf_add_string(
			account_sentence(waiting->account), "Each turn of the loop runs it.");
		return 0;
	}
	if (waiting->armed->has_firing && wait->due_ns != UNKNOWN) {
		account_sentence(waiting->account);
		duration(waiting, "From then it took the loop ", wait->loop_ns, " to run it.");
		return holders(waiting, wait->due_ns, true);
	}
	if (lookup_resource(
		    inquiry->recording, waiting->in->run.async_id, &resource, waiting->err) < 0)
		return -1;
	return kernel_wait(waiting, resource.loop_id);
}

static void wait_keys(struct account *account, const struct segment *armed)
{
	const struct wait *wait = armed->wait;
	struct inquiry *inquiry = &account->inquiry;

	inquiry_integer(inquiry, "wait_ns", armed->wait_ns);
	inquiry_integer(inquiry, "due_ns", wait ? wait->due_ns : UNKNOWN);
	inquiry_integer(inquiry, "loop_ns", wait ? wait->loop_ns : UNKNOWN);
	inquiry_integer(inquiry, "pool_queue_ns", wait ? wait->pool_queue_ns : UNKNOWN);
	inquiry_integer(inquiry, "pool_ns", wait ? wait->pool_ns : UNKNOWN);
	inquiry_integer(inquiry, "pool_thread_id", wait ? wait->pool_thread_id : UNKNOWN);
	inquiry_integer(inquiry, "pool_run_id", wait ? wait->pool_run_id : UNKNOWN);
	facts_add_boolean(&inquiry->facts, "estimated", wait && wait->is_estimated);
	inquiry_integer(inquiry, "loop_waiting_ns", wait ? wait->polled_ns : UNKNOWN);
}

int why_wait(struct account *account, const struct segment *armed, const struct execution *in,
	struct error *err)
{
	struct waiting waiting = {account, armed, in, &account->inquiry.words, err};

	wait_keys(account, armed);
	if (!armed->wait || in->run.began_ns == UNKNOWN || in->is_root)
		return 0;
	if (armed->wait->pool_queue_ns != UNKNOWN)
		return pool_wait(&waiting);
	if (is_class(&waiting, "request") && !armed->has_firing)
		return request_wait(&waiting);
	if (armed->armed.timeout_ms != UNKNOWN && !armed->has_firing)
		return timer_wait(&waiting);
	return handle_wait(&waiting);
}
