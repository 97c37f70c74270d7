/* What a run did: see why_did.h. */
#include "debugger/why/why_did.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/lookup_activity.h"
#include "debugger/text/printable.h"

#include <inttypes.h>
#include <string.h>

static int add_line(struct account *account, int64_t log_id, struct error *err)
{
	(void)err;
	strbuf_printf(&account->inquiry.words, "log:%" PRId64, log_id);
	return 0;
}

static int add_run(struct account *account, int64_t run_id, struct error *err)
{
	return inquiry_add_run(&account->inquiry, run_id, UNKNOWN, err);
}

/* "async 3 by uv_async_send" */
static int add_cause(struct account *account, int64_t cause_id, struct error *err)
{
	struct cause_row cause;

	if (lookup_cause(account->inquiry.recording, cause_id, &cause, err) < 0 ||
		account_add_resource(account, cause.async_id, err))
		return -1;
	strbuf_add_string(&account->inquiry.words, " by ");
	printable_add_string(&account->inquiry.words, cause.api	   ? cause.api
						      : cause.kind ? cause.kind
								   : "an unknown call");
	return 0;
}

/* One sort of them: ", armed timer 21 and tcp 4" */
static int add_deeds(struct account *account, const char *verb, const struct deeds *deeds,
	size_t *told, int (*add)(struct account *account, int64_t id, struct error *err),
	struct error *err)
{
	struct strbuf *words = &account->inquiry.words;

	if (!deeds->count)
		return 0;
	strbuf_add_string(words, (*told)++ ? "; it " : "It ");
	strbuf_add_string(words, verb);
	strbuf_add_char(words, ' ');
	return account_add_list(
		account, deeds->ids, DEEDS_SHOWN, deeds->count, deeds->is_cut, add, err);
}

static void keys(struct account *account, const struct activity *activity)
{
	struct inquiry *inquiry = &account->inquiry;

	facts_begin_object(&inquiry->facts, "did");
	inquiry_integer(inquiry, "made", activity->made.count);
	inquiry_integer(
		inquiry, "armed", activity->armed.is_unknown ? UNKNOWN : activity->armed.count);
	inquiry_integer(
		inquiry, "closed", activity->armed.is_unknown ? UNKNOWN : activity->closed.count);
	inquiry_integer(inquiry, "caused", activity->caused.count);
	inquiry_integer(inquiry, "logged", activity->logged.count);
	facts_add_boolean(&inquiry->facts, "at_least",
		activity->made.is_cut || activity->armed.is_cut || activity->caused.is_cut ||
			activity->logged.is_cut);
	facts_end_item(&inquiry->facts);
}

static int nested(struct account *account, const struct execution *in, struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct deeds inside;
	int found = lookup_nested(inquiry->recording, &in->run, &inside, err);
	size_t i;

	if (found < 0)
		return -1;
	facts_begin_list(&inquiry->facts, "nested");
	for (i = 0; i < DEEDS_SHOWN && (int64_t)i < inside.count; i++) {
		facts_begin_item(&inquiry->facts);
		inquiry_integer(inquiry, "run_id", inside.ids[i]);
		facts_end_item(&inquiry->facts);
	}
	facts_end_list(&inquiry->facts);
	if (!found)
		return 0;
	strbuf_add_string(account_sentence(account), "Inside of it ran ");
	if (account_add_list(
		    account, inside.ids, DEEDS_SHOWN, inside.count, inside.is_cut, add_run, err))
		return -1;
	strbuf_add_char(&inquiry->words, '.');
	return 0;
}

int why_did(struct account *account, const struct execution *in, struct error *err)
{
	struct activity activity;
	size_t told = 0, before;

	if (nested(account, in, err) ||
		lookup_activity(account->inquiry.recording, &in->run, &activity, err))
		return -1;
	keys(account, &activity);
	before = account->inquiry.words.length;
	account_sentence(account);
	if (add_deeds(account, "made", &activity.made, &told, account_add_resource, err) ||
		add_deeds(account, "armed", &activity.armed, &told, account_add_resource, err) ||
		add_deeds(account, "closed", &activity.closed, &told, account_add_resource, err) ||
		add_deeds(account, "fired", &activity.caused, &told, add_cause, err) ||
		add_deeds(account, "wrote", &activity.logged, &told, add_line, err))
		return -1;
	if (told)
		strbuf_add_char(&account->inquiry.words, '.');
	else
		strbuf_truncate(&account->inquiry.words, before);
	return 0;
}
