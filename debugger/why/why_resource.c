/*
 * `why` of a resource: see why_resource.h. Its state is read off its newest armings; where a
 * recording has no index for those, it says so. Of its runs the last is accounted for.
 */
#include "debugger/why/why_resource.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/why/why_run.h"

#include <inttypes.h>
#include <string.h>

#define NEWEST_MAX 4 /* armings that are looked at */

struct state {
	struct account *account;
	struct resource_row resource;
	struct process_row process;
	bool is_indexed;
	struct arming_row armings[NEWEST_MAX]; /* newest first */
	size_t count;
	const struct arming_row *closing, *last; /* its uv_close; the newest other one; NULL */
	int64_t run_count, last_run_id;
	const char *name; /* of the state, for scripts */
};

static bool is_class(const struct state *state, const char *class)
{
	return state->resource.type.class && !strcmp(state->resource.type.class, class);
}

static bool is_closing(const struct arming_row *arming)
{
	return arming->api &&
	       (!strcmp(arming->api, "uv_close") || !strcmp(arming->api, "uv_tcp_close_reset"));
}

/* --- what there is -----------------------------------------------------------------------------
 */

static int load_armings(struct state *state, struct error *err)
{
	static const char sql[] =
		"SELECT * FROM (SELECT * FROM (SELECT arming_id, NULL FROM main.packed_arming"
		" WHERE async_id = ?1 ORDER BY arming_id DESC LIMIT 4)"
		" UNION ALL SELECT * FROM (SELECT run_id - arming_delta, run_id"
		" FROM main.packed_shot WHERE async_id = ?1 ORDER BY run_id DESC LIMIT 4))"
		" ORDER BY 1 DESC LIMIT 4";
	struct reader *recording = state->account->inquiry.recording;
	int64_t ids[NEWEST_MAX], shots[NEWEST_MAX];
	sqlite3_stmt *row;
	size_t count = 0, i;
	int found = 1;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(row, 1, state->resource.async_id);
	while (count < NEWEST_MAX && (found = reader_step(recording, row, err)) == 1) {
		ids[count] = lookup_column(row, 0);
		shots[count++] = lookup_column(row, 1);
	}
	sqlite3_finalize(row);
	for (i = 0; found >= 0 && i < count; i++) {
		struct arming_row *arming = &state->armings[i];

		found = shots[i] == UNKNOWN ? lookup_arming(recording, ids[i], arming, err)
					    : lookup_shot(recording, shots[i], arming, err);
		state->count = i + 1;
		if (is_closing(arming) && !state->closing)
			state->closing = arming;
		else if (!is_closing(arming) && !state->last)
			state->last = arming;
	}
	return found < 0 ? -1 : 0;
}

static void load_runs(struct state *state)
{
#define RUNS(what, table) "SELECT " what " FROM main." table " WHERE async_id = ?1"
	static const char count_sql[] = "SELECT count(*) FROM (" RUNS(
		"1", "packed_run") " UNION ALL " RUNS("1", "packed_shot") " LIMIT 100001)";
	static const char last_sql[] = "SELECT max(n) FROM (" RUNS("max(run_id) AS n",
		"packed_run") " UNION ALL " RUNS("max(run_id)", "packed_shot") ")";
	struct inquiry *inquiry = &state->account->inquiry;

	if (state->resource.request_run_id != UNKNOWN) {
		state->run_count = 1;
		state->last_run_id = state->resource.request_run_id;
		return;
	}
	if (!state->is_indexed)
		return;
	state->run_count = inquiry_number(inquiry, count_sql, state->resource.async_id);
	state->last_run_id = inquiry_number(inquiry, last_sql, state->resource.async_id);
}

static int load(struct state *state, const struct point *point, struct error *err)
{
	struct reader *recording = state->account->inquiry.recording;
	int found = lookup_resource(recording, point->id, &state->resource, err);

	if (found != 1)
		return found ? -1 : point_not_there(recording, point, err);
	if (lookup_process(recording, id_process(point->id), &state->process, err) < 0)
		return -1;
	state->last_run_id = state->run_count = UNKNOWN;
	state->is_indexed = reader_finds(recording, "packed_arming", "async_id") &&
			    reader_finds(recording, "packed_shot", "async_id") &&
			    reader_finds(recording, "packed_run", "async_id");
	if (state->is_indexed && state->resource.request_run_id == UNKNOWN &&
		load_armings(state, err))
		return -1;
	load_runs(state);
	return 0;
}

/* --- in words ----------------------------------------------------------------------------------
 */

/* A call, where, in which run and when. */
static int add_call(struct state *state, const char *api, int64_t run_id, int64_t thread_id,
	int64_t stack_id, int64_t ns, struct error *err)
{
	struct inquiry *inquiry = &state->account->inquiry;
	const struct frames *frames;
	struct execution in;

	describe_arming(&inquiry->words, api, UNKNOWN, UNKNOWN);
	if (execution_load(inquiry->recording, inquiry->cache, run_id, thread_id, &in, err) < 0 ||
		execution_stack(inquiry->recording, inquiry->cache, &in, stack_id, &frames, err))
		return -1;
	account_add_place(state->account, frames);
	strbuf_add_string(&inquiry->words, ", in ");
	if (inquiry_add_run(inquiry, run_id, thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, ns);
	return 0;
}

static int birth(struct state *state, struct error *err)
{
	const struct resource_row *resource = &state->resource;
	struct strbuf *words = account_sentence(state->account);

	describe_resource(words, resource->type.name, resource->async_id, resource->detail);
	if (!resource->api && is_class(state, "root")) {
		strbuf_add_string(words, " came with its process.");
		return 0;
	}
	strbuf_add_string(
		words, is_class(state, "request") ? " was asked for by " : " was made by ");
	if (add_call(state, resource->api, resource->run_id, resource->thread_id,
		    resource->stack_id, resource->created_ns, err))
		return -1;
	strbuf_add_char(words, '.');
	return 0;
}

/* "when its process ended", "when the recording ended" */
static void add_when_over(struct state *state)
{
	struct strbuf *words = &state->account->inquiry.words;

	if (state->process.ended_ns != UNKNOWN) {
		strbuf_add_string(words, "when its process ended");
		account_add_moment(state->account, state->process.ended_ns);
	} else if (reader_state(state->account->inquiry.recording) == RECORDING_GROWING) {
		strbuf_add_string(words, "as far as is recorded yet");
	} else {
		strbuf_add_string(words, "when the recording ended");
	}
}

/* When a timer would have been due; UNKNOWN for what is none. */
static int64_t due_ns(const struct arming_row *arming)
{
	int64_t ns;

	return arming->timeout_ms == UNKNOWN || arming->armed_ns == UNKNOWN ||
			       __builtin_mul_overflow(arming->timeout_ms, INT64_C(1000000), &ns) ||
			       __builtin_add_overflow(ns, arming->armed_ns, &ns)
		       ? UNKNOWN
		       : ns;
}

/* Its newest arming: by whom, unless the account of the last run has said so. */
static int add_arming(struct state *state, struct error *err)
{
	const struct arming_row *arming = state->last;
	struct run_row run;

	if (lookup_run(state->account->inquiry.recording, state->last_run_id, &run, err) < 0)
		return -1;
	if (state->last_run_id != UNKNOWN && run.arming_id == arming->arming_id)
		return 0;
	strbuf_add_string(&state->account->inquiry.words,
		state->run_count > 0 ? ", armed again by " : ", armed by ");
	return add_call(state, arming->api, arming->run_id, arming->thread_id, arming->stack_id,
		arming->armed_ns, err);
}

/* Its newest arming, which still stood at the end. */
static int standing(struct state *state, struct error *err)
{
	const struct arming_row *arming = state->last;
	struct strbuf *words = account_sentence(state->account);
	size_t before;

	state->name = "armed";
	describe_resource(words, state->resource.type.name, state->resource.async_id, NULL);
	before = words->length;
	if (add_arming(state, err))
		return -1;
	strbuf_add_string(words, words->length > before ? ", still waited " : " still waited ");
	if (due_ns(arming) != UNKNOWN && state->run_count < 1) {
		strbuf_add_string(words, "for its time, due");
		account_add_moment(state->account, due_ns(arming));
		strbuf_add_string(words, ", ");
	} else {
		strbuf_add_string(words, arming->timeout_ms == UNKNOWN
						 ? "for what the kernel has to tell "
						 : "for its next time ");
	}
	add_when_over(state);
	strbuf_add_char(words, '.');
	return 0;
}

/* Who stopped it. */
static int add_stop(struct state *state, struct error *err)
{
	const struct arming_row *arming = state->last;
	struct inquiry *inquiry = &state->account->inquiry;
	const struct frames *frames;
	struct execution in;

	if (execution_load(inquiry->recording, inquiry->cache, arming->disarmed_run_id, UNKNOWN,
		    &in, err) < 0 ||
		execution_stack(inquiry->recording, inquiry->cache, &in, arming->disarmed_stack_id,
			&frames, err))
		return -1;
	strbuf_add_string(&inquiry->words, " was stopped");
	account_add_place(state->account, frames);
	strbuf_add_string(&inquiry->words, ", in ");
	if (inquiry_add_run(inquiry, arming->disarmed_run_id, UNKNOWN, err))
		return -1;
	account_add_moment(state->account, arming->disarmed_ns);
	return 0;
}

/* Its newest arming, which somebody or something ended. */
static int ended(struct state *state, struct error *err)
{
	const struct arming_row *arming = state->last;
	struct strbuf *words = account_sentence(state->account);
	size_t before;

	state->name = arming->end && !strcmp(arming->end, "stopped") ? "stopped" : "idle";
	describe_resource(words, state->resource.type.name, state->resource.async_id, NULL);
	before = words->length;
	if (add_arming(state, err))
		return -1;
	strbuf_add_string(words, words->length > before ? "," : "");
	if (!strcmp(state->name, "stopped")) {
		if (add_stop(state, err))
			return -1;
	} else {
		strbuf_add_string(words, arming->end && !strcmp(arming->end, "fired")
						 ? " has fired"
						 : " ended unseen");
	}
	strbuf_add_string(words, ", and nothing armed it again.");
	return 0;
}

/* Does it keep its loop alive, and who saw to it that not? */
static int reference(struct state *state, bool is_active, struct error *err)
{
	struct inquiry *inquiry = &state->account->inquiry;
	struct strbuf *words;
	int64_t run_id = UNKNOWN;

	if (state->resource.has_ref == UNKNOWN)
		return 0;
	if (state->resource.has_ref) {
		if (is_active)
			strbuf_add_string(account_sentence(state->account),
				"It is referenced, and so keeps its loop running.");
		return 0;
	}
	words = account_sentence(state->account);
	strbuf_add_string(words, "It is not referenced, and so does not keep its loop running");
	if (reader_finds(inquiry->recording, "ref", "async_id"))
		run_id = inquiry_number(inquiry,
			"SELECT run_id FROM main.ref WHERE async_id = ?1 AND has_ref = 0"
			" ORDER BY at_ns DESC LIMIT 1",
			state->resource.async_id);
	if (run_id != UNKNOWN) {
		strbuf_add_string(words, ": uv_unref in ");
		if (inquiry_add_run(inquiry, run_id, UNKNOWN, err))
			return -1;
	}
	strbuf_add_char(words, '.');
	return 0;
}

/* What has no end still stands; a timer that has fired and does not repeat has one. */
static bool stands(const struct arming_row *arming)
{
	bool is_once = arming->timeout_ms != UNKNOWN &&
		       (arming->repeat_ms == UNKNOWN || !arming->repeat_ms);

	return arming->disarmed_ns == UNKNOWN && (!arming->end || !is_once);
}

/* A handle that was not destroyed, and that nobody closes. */
static int handle_lives(struct state *state, struct error *err)
{
	struct strbuf *words;
	bool is_active = false;
	int result = 0;

	if (state->last && stands(state->last)) {
		is_active = true;
		result = standing(state, err);
	} else if (state->last) {
		result = ended(state, err);
	} else if (state->resource.type.armed_by_creation) {
		is_active = true;
		state->name = "waiting";
		if (state->run_count < 1) {
			words = account_sentence(state->account);
			strbuf_add_string(words,
				state->resource.type.name &&
						!strcmp(state->resource.type.name, "uv_async_t")
					? "Nobody's uv_async_send reached it before the end, "
					: "It still waited ");
			add_when_over(state);
			strbuf_add_char(words, '.');
		}
	} else if (state->is_indexed) {
		state->name = "never_armed";
		strbuf_add_string(account_sentence(state->account),
			state->run_count > 0 ? "Nothing that is recorded armed it."
					     : "Nothing ever armed it, and so it never ran.");
	}
	if (result || reference(state, is_active, err))
		return -1;
	words = account_sentence(state->account);
	strbuf_add_string(words, "It was never destroyed: nobody had called uv_close on it ");
	add_when_over(state);
	strbuf_add_char(words, '.');
	return 0;
}

/* What stood when it was closed did not come to fire. */
static int never_fired(struct state *state, struct error *err)
{
	const struct arming_row *arming = state->last;
	struct strbuf *words;

	if (!arming || !arming->end || strcmp(arming->end, "closed"))
		return 0;
	words = account_sentence(state->account);
	strbuf_add_string(words, "Until then it had waited, armed by ");
	describe_arming(words, arming->api, arming->timeout_ms, arming->repeat_ms);
	strbuf_add_string(words, " in ");
	if (inquiry_add_run(&state->account->inquiry, arming->run_id, arming->thread_id, err))
		return -1;
	if (due_ns(arming) != UNKNOWN) {
		strbuf_add_string(words, ", for its time, due");
		account_add_moment(state->account, due_ns(arming));
	}
	strbuf_add_char(words, '.');
	return 0;
}

/* Who called uv_close, and what came of it. */
static int closed(struct state *state, struct error *err)
{
	const struct arming_row *closing = state->closing;
	struct strbuf *words = account_sentence(state->account);
	bool is_over = state->resource.destroyed_ns != UNKNOWN;
	struct run_row run;

	state->name = is_over ? "destroyed" : "closing";
	if (lookup_run(state->account->inquiry.recording, state->last_run_id, &run, err) < 0)
		return -1;
	/* The account of the last run may have been that of its closing. */
	if (is_over && state->last_run_id != UNKNOWN && run.arming_id == closing->arming_id) {
		strbuf_add_string(words, "With that it was destroyed");
		account_add_moment(state->account, state->resource.destroyed_ns);
		strbuf_add_char(words, '.');
		return never_fired(state, err);
	}
	strbuf_add_string(words, "It was closed by ");
	if (add_call(state, closing->api, closing->run_id, closing->thread_id, closing->stack_id,
		    closing->armed_ns, err))
		return -1;
	if (is_over) {
		strbuf_add_string(words, ", and destroyed");
		account_add_moment(state->account, state->resource.destroyed_ns);
	} else {
		strbuf_add_string(words, ", but its loop had not come to that ");
		add_when_over(state);
	}
	strbuf_add_char(words, '.');
	return never_fired(state, err);
}

/* A request whose callback did not come. */
static int never_called(struct state *state, struct error *err)
{
	struct inquiry *inquiry = &state->account->inquiry;
	struct strbuf *words = account_sentence(state->account);

	state->name = "pending";
	strbuf_add_string(words, "Its callback had not run ");
	add_when_over(state);
	if (state->resource.handle_id != UNKNOWN &&
		state->resource.handle_id != state->resource.async_id) {
		strbuf_add_string(words, "; it was a request on ");
		if (inquiry_add_resource(inquiry, state->resource.handle_id, err))
			return -1;
	}
	strbuf_add_char(words, '.');
	return 0;
}

static int fate(struct state *state, struct error *err)
{
	struct strbuf *words;

	if (state->closing)
		return closed(state, err);
	if (state->resource.destroyed_ns != UNKNOWN) {
		state->name = "destroyed";
		if (state->resource.destroyed_ns == state->process.history_from_ns) {
			strbuf_add_string(account_sentence(state->account),
				"How it ended is older than the history that was kept.");
			return 0;
		}
		/* A request is over with its callback. */
		if (state->resource.request_run_id != UNKNOWN)
			return 0;
		words = account_sentence(state->account);
		strbuf_add_string(words, "It was destroyed");
		account_add_moment(state->account, state->resource.destroyed_ns);
		strbuf_add_char(words, '.');
		return 0;
	}
	if (is_class(state, "handle"))
		return handle_lives(state, err);
	if (is_class(state, "request"))
		return state->last_run_id == UNKNOWN ? never_called(state, err) : 0;
	words = account_sentence(state->account);
	state->name = "alive";
	strbuf_add_string(words, "It was there ");
	add_when_over(state);
	strbuf_add_char(words, '.');
	return 0;
}

static int runs(struct state *state, struct error *err)
{
	struct inquiry *inquiry = &state->account->inquiry;
	struct strbuf *words;

	if (state->last_run_id == UNKNOWN) {
		if (!state->is_indexed && !is_class(state, "request"))
			strbuf_add_string(account_sentence(state->account),
				"What armed it, and how often it ran, is not told: an unfinished"
				" recording has no index for that.");
		return 0;
	}
	if (state->run_count > 1) {
		words = account_sentence(state->account);
		strbuf_add_string(words, "It ran ");
		inquiry_add_count(inquiry, state->run_count);
		strbuf_add_string(words, " times, the last time as ");
		if (inquiry_add_run(inquiry, state->last_run_id, UNKNOWN, err))
			return -1;
		strbuf_add_char(words, '.');
		state->account->is_run_named = true;
	}
	return why_run(state->account, state->last_run_id, UNKNOWN, err);
}

static void keys(struct state *state)
{
	struct inquiry *inquiry = &state->account->inquiry;
	const struct resource_row *resource = &state->resource;

	facts_begin_object(&inquiry->facts, "resource");
	inquiry_integer(inquiry, "async_id", resource->async_id);
	inquiry_string(inquiry, "type", resource->type.name);
	inquiry_string(inquiry, "class", resource->type.class);
	inquiry_string(inquiry, "detail", resource->detail);
	inquiry_string(inquiry, "api", resource->api);
	inquiry_integer(inquiry, "run_id", resource->run_id);
	inquiry_integer(inquiry, "created_ns", resource->created_ns);
	inquiry_integer(inquiry, "destroyed_ns", resource->destroyed_ns);
	inquiry_integer(inquiry, "has_ref", resource->has_ref);
	inquiry_integer(inquiry, "run_count", state->run_count);
	inquiry_integer(inquiry, "last_run_id", state->last_run_id);
	inquiry_string(inquiry, "state", state->name);
	inquiry_integer(
		inquiry, "closing_run_id", state->closing ? state->closing->run_id : UNKNOWN);
	inquiry_integer(inquiry, "armed_run_id", state->last ? state->last->run_id : UNKNOWN);
	inquiry_string(inquiry, "arming_end", state->last ? state->last->end : NULL);
	facts_end_item(&inquiry->facts);
}

int why_resource(struct account *account, const struct point *point, struct error *err)
{
	struct state state = {.account = account};
	bool is_request_that_ran;

	if (load(&state, point, err))
		return -1;
	/* How a request was asked for, the account of its callback tells. */
	is_request_that_ran = is_class(&state, "request") && state.last_run_id != UNKNOWN;
	if (!is_request_that_ran && birth(&state, err))
		return -1;
	account->is_birth_told = true;
	if (runs(&state, err) || fate(&state, err))
		return -1;
	keys(&state);
	return 0;
}
