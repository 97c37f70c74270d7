/*
 * `context`: see context.h. The values come with the async stack (lineage_context.c), what became
 * of them on the way from context_path.c; here it is put in words.
 */
#include "debugger/context/context.h"

#include "debugger/context/context_path.h"
#include "debugger/info/inquiry.h"
#include "debugger/lineage/describe.h"
#include "debugger/lineage/lineage.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"

#include <string.h>

#define CHANGES_SHOWN 20  /* in text */
#define KEYS_NAMED    400 /* bytes of them, in an error */

static const struct option_row context_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* What is asked for. */
struct question {
	struct session *session;
	struct inquiry inquiry;
	const char *key; /* NULL: all */
	struct lineage lineage;
	struct context_path path;
};

static void question_deinit(struct question *question)
{
	context_path_deinit(&question->path);
	lineage_deinit(&question->lineage);
	facts_deinit(&question->inquiry.facts);
	strbuf_deinit(&question->inquiry.words);
}

static bool is_wanted(const struct question *question, const char *key)
{
	return !question->key || !strcmp(question->key, key);
}

/* "run:97 (on_retry of timer 43)", "the creation of timer 43, in run:90 (…)" */
static int title(struct question *question, struct error *err)
{
	const struct lineage *lineage = &question->lineage;
	struct inquiry *inquiry = &question->inquiry;
	const struct segment *here = &lineage->segments[0];
	struct strbuf *words = inquiry_words(inquiry);

	if (lineage->point.kind == POINT_ASYNC) {
		strbuf_add_string(words, "of the creation of ");
		describe_resource(words, lineage->resource.type.name, lineage->point.id,
			lineage->resource.detail);
		strbuf_add_string(words, ", in ");
	} else if (lineage->point.kind == POINT_RUN) {
		strbuf_add_string(words, "of ");
	} else {
		strbuf_add_string(words, "of ");
		point_add(words, &lineage->point);
		strbuf_add_string(words, ", in ");
	}
	if (inquiry_add_run(inquiry, here->in.run.run_id, here->in.run.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, here->ns);
	inquiry_line(inquiry, "context");
	return 0;
}

/* ", 12 us into it" */
static void add_into(struct inquiry *inquiry, int64_t ns)
{
	int64_t began_ns = inquiry->in.run.began_ns;

	if (ns == UNKNOWN || began_ns == UNKNOWN || began_ns < 0 || ns < began_ns ||
		inquiry->in.is_root)
		return;
	strbuf_add_string(&inquiry->words, ", ");
	quantity_add_duration(&inquiry->words, ns - began_ns);
	strbuf_add_string(&inquiry->words, " into it");
}

static void value_columns(struct inquiry *inquiry, const struct context_value *value)
{
	inquiry_string(inquiry, "key", value->key);
	inquiry_string(inquiry, "value", value->value);
	inquiry_integer(inquiry, "context_id", value->context_id);
	inquiry_integer(inquiry, "run_id", value->run_id);
	inquiry_integer(inquiry, "async_id", value->async_id);
	inquiry_integer(inquiry, "set_ns", value->set_ns);
	inquiry_string(inquiry, "replaced_value", value->old_value);
	inquiry_integer(inquiry, "replaced_run_id", value->old_run_id);
}

/* A value, where it was set, and in whose place. */
static int value_lines(struct question *question, const struct context_value *value, bool is_first,
	struct error *err)
{
	struct inquiry *inquiry = &question->inquiry;
	struct strbuf *words = inquiry_words(inquiry);
	bool is_here = value->run_id == question->lineage.segments[0].in.run.run_id;

	facts_begin_item(&inquiry->facts);
	value_columns(inquiry, value);
	if (value->value) {
		context_value_add(words, value->key, value->value);
		strbuf_add_string(words, is_here ? ", set here, in " : ", set in ");
	} else {
		printable_add(words, value->key, strlen(value->key), 80);
		strbuf_add_string(
			words, is_here ? " was taken away here, in " : " was taken away in ");
	}
	if (inquiry_add_run(inquiry, value->run_id, UNKNOWN, err))
		return -1;
	inquiry_add_moment(inquiry, value->set_ns);
	add_into(inquiry, value->set_ns);
	if (value->old_value) {
		strbuf_add_string(words, ", in place of ");
		printable_add(words, value->old_value, strlen(value->old_value), 80);
		if (value->old_run_id != UNKNOWN) {
			strbuf_add_string(words, " of ");
			point_add_run(words, value->old_run_id);
		}
	}
	inquiry_line(inquiry, is_first ? "in force" : "");
	if (value->stack_id != UNKNOWN &&
		inquiry_add_stack(inquiry, "frames", value->stack_id, err))
		return -1;
	facts_end_item(&inquiry->facts);
	return 0;
}

/* The contract's object: keys and values in force. */
static void context_object(struct question *question, const struct context_values *values)
{
	struct facts *facts = &question->inquiry.facts;

	facts_begin_object(facts, "context");
	for (size_t i = 0; values && i < values->count; i++)
		if (values->rows[i].value && is_wanted(question, values->rows[i].key))
			facts_add_string(facts, values->rows[i].key, values->rows[i].value);
	facts_end_item(facts);
}

static int values_in_force(struct question *question, struct error *err)
{
	const struct context_values *values = question->lineage.segments[0].context;
	struct inquiry *inquiry = &question->inquiry;
	struct strbuf *words;
	bool any = false;
	size_t i;

	inquiry_integer(inquiry, "context_id", values ? values->context_id : UNKNOWN);
	context_object(question, values);
	facts_begin_list(&inquiry->facts, "values");
	for (i = 0; values && i < values->count; i++) {
		if (!is_wanted(question, values->rows[i].key))
			continue;
		if (value_lines(question, &values->rows[i], !any, err))
			return -1;
		any = true;
	}
	facts_end_list(&inquiry->facts);
	facts_add_boolean(&inquiry->facts, "values_missing", values && values->is_cut);
	words = inquiry_words(inquiry);
	if (!any && question->key) {
		strbuf_add_string(words, "no ");
		printable_add(words, question->key, strlen(question->key), 80);
	} else if (!any) {
		strbuf_add_string(words, "nothing");
	}
	if (!any)
		inquiry_line(inquiry, "in force");
	words = inquiry_words(inquiry);
	if (values && values->is_cut) {
		strbuf_add_string(words, "older values may be missing: of what is in force here not"
					 " all was kept, or it was set too often");
		inquiry_line(inquiry, "");
	}
	return 0;
}

static const char *kind_name(enum context_change_kind kind)
{
	static const char *const names[] = {"lost", "replaced", "late"};

	return names[kind];
}

static void change_columns(struct inquiry *inquiry, const struct context_change *change)
{
	inquiry_string(inquiry, "what", kind_name(change->kind));
	inquiry_string(inquiry, "edge", change->edge == EDGE_CAUSE ? "cause" : "link");
	inquiry_string(inquiry, "key", change->key);
	inquiry_string(inquiry, "value", change->value);
	inquiry_string(inquiry, "other_value", change->there);
	inquiry_integer(inquiry, "other_set_run_id", change->there_run_id);
	inquiry_integer(inquiry, "other_set_ns", change->set_ns);
	inquiry_integer(inquiry, "run_id", change->run_id);
	inquiry_integer(inquiry, "other_run_id", change->in.run.run_id);
	inquiry_string(inquiry, "api", change->api);
	inquiry_integer(inquiry, "ns", change->ns);
}

/* "run:22 (drain of async 3) began without request_id=B, which was in force where …" */
static int change_words(
	struct inquiry *inquiry, const struct context_change *change, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);

	if (inquiry_add_run(inquiry, change->run_id, change->thread_id, err))
		return -1;
	if (change->value) {
		strbuf_add_string(words, " began with ");
		context_value_add(words, change->key, change->value);
		strbuf_add_string(words, change->kind == CONTEXT_LATE ? ": " : ", and ");
	} else {
		strbuf_add_string(words, " began without ");
		printable_add(words, change->key, strlen(change->key), 80);
		strbuf_add_string(words, ": ");
	}
	if (change->value && change->kind != CONTEXT_LATE) {
		printable_add(words, change->there, strlen(change->there), 80);
	} else {
		context_value_add(words, change->key, change->there);
	}
	if (change->kind == CONTEXT_LATE) {
		strbuf_add_string(words, " was set ");
		quantity_add_span(words, change->ns, change->set_ns);
		strbuf_add_string(words, " after it was armed, by ");
		describe_arming(words, change->api, UNKNOWN, UNKNOWN);
		strbuf_add_string(words, " in ");
	} else {
		strbuf_add_string(words, " was in force where it was ");
		if (change->is_work) {
			strbuf_add_string(words, "worked on, in ");
		} else {
			strbuf_add_string(
				words, change->edge == EDGE_CAUSE ? "fired, by " : "armed, by ");
			describe_arming(words, change->api, UNKNOWN, UNKNOWN);
			strbuf_add_string(words, " in ");
		}
	}
	if (inquiry_add_run(inquiry, change->in.run.run_id, change->in.run.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, change->kind == CONTEXT_LATE ? change->set_ns : change->ns);
	if (change->kind != CONTEXT_LATE && change->there_run_id != UNKNOWN &&
		change->there_run_id != change->in.run.run_id) {
		strbuf_add_string(words, "; it was set in ");
		point_add_run(words, change->there_run_id);
	}
	return 0;
}

/* Has one arming of what ran let several others make it fire? */
static bool is_shared(struct inquiry *inquiry, const struct context_change *change)
{
	static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM packed_run"
				  " WHERE async_id = ?1 AND cause_id IS NOT NULL LIMIT 2)";

	return change->async_id != UNKNOWN &&
	       reader_finds(inquiry->recording, "packed_run", "async_id") &&
	       inquiry_number(inquiry, sql, change->async_id) > 1;
}

/*
 * Where acausal_bind belongs, as schema/queries/lost-context.sql says: where many share what ran,
 * or it has nothing in force, at the hand-over; of what waits for its own turn where that was
 * armed.
 */
static void advice_line(
	struct question *question, const struct context_change *change, bool in_text)
{
	struct inquiry *inquiry = &question->inquiry;
	bool handed = change->kind == CONTEXT_LOST || !change->armed || is_shared(inquiry, change);
	const struct frames *frames = handed ? change->frames : change->armed;
	const struct frame *frame = frames ? frames_of_program(frames, inquiry->executable) : NULL;
	struct strbuf *words = inquiry_words(inquiry);

	if (change->kind == CONTEXT_LATE || change->edge != EDGE_CAUSE || change->is_work ||
		!frame || !inquiry_add_frame(inquiry, frame)) {
		inquiry_string(inquiry, "bind_at", NULL);
		return;
	}
	inquiry_string(inquiry, "bind_at", strbuf_string(words));
	if (!in_text)
		return;
	strbuf_add_string(words, handed ? ", which hands over what is run here"
					: ", where what is run here begins to wait");
	strbuf_add_string(words, ": acausal_bind there, and acausal_bound_call where it is run");
	inquiry_line(inquiry, "bind at");
}

/* Two keys of one boundary: in text, what they share is told once, with the second. */
static bool is_same_boundary(const struct context_change *one, const struct context_change *other)
{
	return one->kind == other->kind && one->kind != CONTEXT_LATE && one->edge == other->edge &&
	       one->run_id == other->run_id && one->frames == other->frames;
}

/* One of them; those in text are the first ones. */
static int change_lines(struct question *question, const struct context_change *change,
	bool in_text, bool with_place, struct error *err)
{
	struct inquiry *inquiry = &question->inquiry;
	const struct frames *frames = change->frames;

	facts_begin_item(&inquiry->facts);
	change_columns(inquiry, change);
	if (change_words(inquiry, change, err))
		return -1;
	if (in_text)
		inquiry_line(inquiry, kind_name(change->kind));
	if (change->kind == CONTEXT_LATE && execution_stack(inquiry->recording, inquiry->cache,
						    &change->in, change->stack_id, &frames, err))
		return -1;
	if (with_place)
		facts_add_frames(&inquiry->facts, "frames", frames, inquiry->executable);
	else
		facts_add_hidden_frames(&inquiry->facts, "frames", frames);
	advice_line(question, change, with_place);
	facts_end_item(&inquiry->facts);
	return 0;
}

static int changes_on_the_way(struct question *question, struct error *err)
{
	struct context_path *path = &question->path;
	struct inquiry *inquiry = &question->inquiry;
	struct strbuf *words;
	size_t i;

	facts_begin_list(&inquiry->facts, "changes");
	for (i = 0; i < path->count; i++) {
		const struct context_change *change = &path->rows[i];
		bool in_text = i < CHANGES_SHOWN;
		bool is_last = i + 1 == path->count || i + 1 == CHANGES_SHOWN ||
			       !is_same_boundary(change, change + 1);

		if (change_lines(question, change, in_text, in_text && is_last, err))
			return -1;
	}
	facts_end_list(&inquiry->facts);
	words = inquiry_words(inquiry);
	if (path->count > CHANGES_SHOWN) {
		quantity_add_count(words, (int64_t)(path->count - CHANGES_SHOWN));
		strbuf_add_string(
			words, path->is_full ? " more, and others further back" : " more");
		strbuf_add_string(words, ": --format json");
		inquiry_line(inquiry, "");
	}
	words = inquiry_words(inquiry);
	if (!path->count) {
		strbuf_add_string(words, "nothing was lost or replaced on the way");
		strbuf_add_string(words,
			question->lineage.complete ? " back to main" : ", as far as that is known");
		inquiry_line(inquiry, "way");
	}
	facts_add_boolean(&inquiry->facts, "complete", question->lineage.complete);
	inquiry_string(
		inquiry, "ended", question->lineage.complete ? NULL : question->lineage.ended);
	words = inquiry_words(inquiry);
	if (!question->lineage.complete) {
		strbuf_add_string(words, question->lineage.ended);
		inquiry_line(inquiry, "way ends");
	}
	return 0;
}

/* What to look at next: the nearest run that had what this one has not. */
static void next_line(struct question *question)
{
	struct inquiry *inquiry = &question->inquiry;
	struct strbuf *words = inquiry_words(inquiry);
	const struct context_values *values = question->lineage.segments[0].context;
	int64_t run_id = question->path.count	   ? question->path.rows[0].in.run.run_id
			 : values && values->count ? values->rows[0].run_id
						   : UNKNOWN;

	session_add_command(question->session, words, "trace");
	strbuf_add_char(words, ' ');
	if (run_id == UNKNOWN || run_id == question->lineage.segments[0].in.run.run_id)
		point_add(words, &question->lineage.point);
	else
		point_add_run(words, run_id);
	inquiry_line(inquiry, "next");
}

/* A key that was never set: which there are. */
static int check_key(struct question *question, struct error *err)
{
	static const char any_sql[] = "SELECT 1 FROM context WHERE key = ?1 LIMIT 1";
	static const char sql[] = "SELECT group_concat(key, ', ') FROM (SELECT DISTINCT key FROM"
				  " (SELECT key FROM context ORDER BY context_id LIMIT 100000) "
				  "ORDER BY key LIMIT 20)";
	sqlite3 *database = reader_database(question->session->recording);
	struct strbuf asked = {0}, there = {0};
	sqlite3_stmt *row = NULL;
	int code, result = 0;

	if (!question->key)
		return 0;
	if (sqlite3_prepare_v2(database, any_sql, -1, &row, NULL))
		return reader_error(question->session->recording, NULL, err);
	sqlite3_bind_text(row, 1, question->key, -1, SQLITE_STATIC);
	code = sqlite3_step(row);
	sqlite3_finalize(row);
	row = NULL;
	if (code == SQLITE_DONE && !sqlite3_prepare_v2(database, sql, -1, &row, NULL) &&
		sqlite3_step(row) == SQLITE_ROW) {
		const char *keys = (const char *)sqlite3_column_text(row, 0);

		printable_add(&asked, question->key, strlen(question->key), 80);
		printable_add(&there, keys ? keys : "", keys ? strlen(keys) : 0, KEYS_NAMED);
		result = error_set(err, "context: no '%s' was ever set in %s: its keys are %s",
			strbuf_string(&asked), question->session->path, strbuf_string(&there));
	} else if (code != SQLITE_ROW && code != SQLITE_DONE) {
		result = reader_error(question->session->recording, NULL, err);
	}
	sqlite3_finalize(row);
	strbuf_deinit(&asked);
	strbuf_deinit(&there);
	return result;
}

/* What made runs fire came of something itself. */
static int follow_causes(struct question *question, struct error *err)
{
	struct lineage_options options = {.by = EDGE_CAUSE, .depth = UNKNOWN};
	struct reader *recording = question->session->recording;
	struct lineage by_cause;
	int result;

	if (lineage_init(&by_cause, recording, question->session->cache, &question->lineage.point,
		    &options, err))
		return -1;
	result = context_path_add(&question->path, recording, &by_cause, question->key, err);
	lineage_deinit(&by_cause);
	return result;
}

static int find(struct question *question, const struct point *point, struct error *err)
{
	struct lineage_options options = {.by = EDGE_LINK, .depth = UNKNOWN};
	struct reader *recording = question->session->recording;
	struct frames_cache *cache = question->session->cache;

	if (lineage_init(&question->lineage, recording, cache, point, &options, err))
		return -1;
	if (!question->lineage.has_contexts)
		return error_set(err,
			"no context was recorded in %s: no program set one while it was recorded",
			question->session->path);
	if (check_key(question, err) || context_path_add(&question->path, recording,
						&question->lineage, question->key, err))
		return -1;
	if (question->lineage.firings && follow_causes(question, err))
		return -1;
	context_path_sort(&question->path);
	return 0;
}

static int gather(struct question *question, struct error *err)
{
	const struct lineage *lineage = &question->lineage;
	struct inquiry *inquiry = &question->inquiry;
	struct strbuf *words = inquiry_words(inquiry);

	inquiry->executable = lineage->process.executable;
	point_add(words, &lineage->point);
	inquiry_string(inquiry, "point", strbuf_string(words));
	inquiry_integer(inquiry, "process_id", lineage->process_id);
	inquiry_integer(inquiry, "run_id", lineage->segments[0].in.run.run_id);
	inquiry_integer(inquiry, "async_id", lineage->segments[0].in.run.async_id);
	inquiry_integer(inquiry, "ns", lineage->segments[0].ns);
	if (title(question, err) || values_in_force(question, err) ||
		changes_on_the_way(question, err))
		return -1;
	next_line(question);
	return inquiry->facts.failed ? error_set(err, "out of memory") : 0;
}

static void show(struct question *question, bool as_json)
{
	struct session *session = question->session;
	struct json json = {.out = session->out};
	struct page page = {0};

	if (as_json) {
		facts_write_json(&question->inquiry.facts, &json);
		return;
	}
	terminal_begin(&page, session->out);
	facts_write_text(&question->inquiry.facts, &page);
	terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
}

/* At the prompt a word alone that is no point is a key. */
static int read_words(const struct session *session, const struct option_values *values,
	struct point *ret, const char **key, struct error *err)
{
	const char *first = values->word_count ? values->words[0] : NULL;
	struct error ignored;

	*key = values->word_count > 1 ? values->words[1] : NULL;
	if (values->word_count == 1 && point_parse(first, ret, &ignored) && strcmp(first, ".")) {
		*key = first;
		first = NULL;
	}
	return session_point(session, first, ret, err);
}

static int context_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct question question = {.session = session,
		.inquiry = {.recording = session->recording,
			.cache = session->cache,
			.session = session}};
	struct point point;
	int status = 1;

	if (read_words(session, &invocation->options, &point, &question.key, err))
		return 2;
	if (!find(&question, &point, err) && !gather(&question, err)) {
		session_look_at(session, &question.lineage.point);
		show(&question, format && *format == 'j');
		status = 0;
	}
	question_deinit(&question);
	return status;
}

const struct command context_command = {
	.name = "context",
	.group = GROUP_STACK,
	.usage = "[options] [POINT] [KEY]",
	.summary = "show the context values in force at a point, and where one was lost",
	.description =
		"A context is a set of values, such as the ID of a request, that a program has"
		"\nset; callbacks inherit what was in force where they were armed. Shows those in"
		"\nforce at POINT, of a run those at its end, and where each was set. Then, newest"
		"\nfirst, where on the way back, along what armed the runs and what made them fire,"
		"\nthe value of a KEY was lost, replaced or set too late.\n"
		"\n"
		"  acausal context log:7               all values where that line was written\n"
		"  acausal context run:97 request_id   that key alone\n"
		"\n" COMMAND_POINT_WORDS "\n"
		"\n"
		"JSON: context, keys and values in force; values, of each where"
		"\nit was set and what it replaced (a value of null: the key was taken away);"
		"\nchanges, of each what (lost, replaced, late), the edge (link, cause), the"
		"\nvalue that run_id began with and the other_value in other_run_id, with "
		"the"
		"\nframes of that boundary, of a late one of the setting.",
	.options = context_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 2,
	.completion = COMPLETE_POINT,
	.completion_next = COMPLETE_CONTEXT_KEY,
	.run = context_run,
};
