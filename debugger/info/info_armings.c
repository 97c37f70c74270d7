/*
 * `info` of a resource: who armed it, and who ended that; who kept its loop alive. See
 * info_armings.h. Reads the newest by index.
 */
#include "debugger/info/info_armings.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/point.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

#define LAST_SHOWN 5

/* The stack of who stopped, replaced or closed it. */
static int end_place(struct inquiry *inquiry, const struct arming_row *arming,
	const struct frames **ret, struct error *err)
{
	struct execution in;

	if (execution_load(inquiry->recording, inquiry->cache, arming->disarmed_run_id, UNKNOWN,
		    &in, err) < 0)
		return -1;
	return execution_stack(
		inquiry->recording, inquiry->cache, &in, arming->disarmed_stack_id, ret, err);
}

/* The frame that somebody asks for; NULL when there is none. */
static const struct frame *first_frame(const struct frames *frames)
{
	size_t i = 0;

	while (frames && i < frames->count && frames->rows[i].is_aside)
		i++;
	return frames && i < frames->count ? &frames->rows[i] : NULL;
}

static void add_end_place(struct inquiry *inquiry, const struct frame *frame)
{
	inquiry_string(inquiry, "disarmed_function", frame ? frame->function : NULL);
	inquiry_string(inquiry, "disarmed_file", frame ? frame->file : NULL);
	inquiry_integer(inquiry, "disarmed_line", frame ? frame->line : UNKNOWN);
}

/* ": stopped 3.2 ms later by on_close (src/http.c:88) in run:62" */
static void add_end(
	struct inquiry *inquiry, const struct arming_row *arming, const struct frames *ended_at)
{
	struct strbuf *words = &inquiry->words;

	bool is_over = arming->disarmed_ns != UNKNOWN;

	strbuf_printf(words, ": %s",
		arming->end ? arming->end
		: is_over   ? "ended unseen, at the latest"
			    : "still stands");
	if (arming->disarmed_ns != UNKNOWN && arming->armed_ns != UNKNOWN) {
		strbuf_add_char(words, ' ');
		quantity_add_span(words, arming->armed_ns, arming->disarmed_ns);
		strbuf_add_string(words, " later");
	}
	if (arming->disarmed_stack_id != UNKNOWN) {
		size_t before = words->length;

		strbuf_add_string(words, " by ");
		if (!inquiry_add_place(inquiry, ended_at))
			strbuf_truncate(words, before);
	}
	if (arming->disarmed_run_id != UNKNOWN) {
		strbuf_add_string(words, " in ");
		point_add_run(words, arming->disarmed_run_id);
	}
}

static int arming_item(
	struct inquiry *inquiry, int64_t arming_id, int64_t shot_run_id, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);
	const struct frames *ended_at;
	struct arming_row arming;
	int found = shot_run_id == UNKNOWN
			    ? lookup_arming(inquiry->recording, arming_id, &arming, err)
			    : lookup_shot(inquiry->recording, shot_run_id, &arming, err);

	if (found < 0)
		return -1;
	facts_begin_item(&inquiry->facts);
	inquiry_integer(inquiry, "arming_id", arming.arming_id);
	inquiry_integer(inquiry, "run_id", arming.run_id);
	inquiry_integer(inquiry, "thread_id", arming.thread_id);
	inquiry_integer(inquiry, "stack_id", arming.stack_id);
	inquiry_string(inquiry, "api", arming.api);
	inquiry_integer(inquiry, "armed_ns", arming.armed_ns);
	inquiry_integer(inquiry, "timeout_ms", arming.timeout_ms);
	inquiry_integer(inquiry, "repeat_ms", arming.repeat_ms);
	inquiry_integer(inquiry, "times", arming.times);
	inquiry_integer(inquiry, "disarmed_ns", arming.disarmed_ns);
	inquiry_integer(inquiry, "disarmed_run_id", arming.disarmed_run_id);
	inquiry_string(inquiry, "end", arming.end);
	if (end_place(inquiry, &arming, &ended_at, err))
		return -1;
	inquiry_integer(inquiry, "disarmed_stack_id", arming.disarmed_stack_id);
	add_end_place(inquiry, first_frame(ended_at));
	facts_end_item(&inquiry->facts);
	describe_arming(words, arming.api, arming.timeout_ms, arming.repeat_ms);
	strbuf_add_string(words, " in ");
	if (inquiry_add_run(inquiry, arming.run_id, arming.thread_id, err))
		return -1;
	inquiry_add_moment(inquiry, arming.armed_ns);
	if (arming.times > 1) {
		strbuf_add_string(words, ", armed so ");
		quantity_add_count(words, arming.times);
		strbuf_add_string(words, " times");
	}
	add_end(inquiry, &arming, ended_at);
	inquiry_line(inquiry, "");
	return 0;
}

/* Those that stand alone, and those that are packed with the run that used them up. */
int info_armings(struct inquiry *inquiry, int64_t async_id, struct error *err)
{
	static const char count_sql[] =
		"SELECT count(*) FROM (SELECT 1 FROM main.packed_arming WHERE async_id = ?1"
		" UNION ALL SELECT 1 FROM main.packed_shot WHERE async_id = ?1 LIMIT 100001)";
	static const char last_sql[] =
		"SELECT * FROM (SELECT * FROM (SELECT arming_id, NULL FROM main.packed_arming"
		" WHERE async_id = ?1 ORDER BY arming_id DESC LIMIT 5)"
		" UNION ALL SELECT * FROM (SELECT run_id - arming_delta, run_id FROM "
		"main.packed_shot"
		" WHERE async_id = ?1 ORDER BY run_id DESC LIMIT 5)) ORDER BY 1 DESC LIMIT 5";
	int64_t count = inquiry_number(inquiry, count_sql, async_id);
	int64_t ids[LAST_SHOWN], shots[LAST_SHOWN];
	struct strbuf *words = inquiry_words(inquiry);
	sqlite3_stmt *statement;
	int shown = 0, i;

	inquiry_integer(inquiry, "arming_count", count);
	if (count > 0) {
		inquiry_add_count(inquiry, count);
		strbuf_add_string(words, count == 1 ? " time" : " times");
		if (count > LAST_SHOWN)
			strbuf_printf(words, "; the last %d, newest first:", LAST_SHOWN);
		else
			strbuf_add_string(words, count == 1 ? ":" : ", newest first:");
		inquiry_line(inquiry, "armed");
	}
	if (sqlite3_prepare_v2(reader_database(inquiry->recording), last_sql, -1, &statement, NULL))
		return reader_error(inquiry->recording, NULL, err);
	sqlite3_bind_int64(statement, 1, async_id);
	for (; shown < LAST_SHOWN && sqlite3_step(statement) == SQLITE_ROW; shown++) {
		ids[shown] = lookup_column(statement, 0);
		shots[shown] = lookup_column(statement, 1);
	}
	sqlite3_finalize(statement);
	facts_begin_list(&inquiry->facts, "armings");
	for (i = 0; i < shown; i++)
		if (arming_item(inquiry, ids[i], shots[i], err))
			return -1;
	facts_end_list(&inquiry->facts);
	return 0;
}

static int reference_item(
	struct inquiry *inquiry, int64_t run_id, int64_t at_ns, int64_t has_ref, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);

	facts_begin_item(&inquiry->facts);
	inquiry_integer(inquiry, "run_id", run_id);
	inquiry_integer(inquiry, "at_ns", at_ns);
	inquiry_integer(inquiry, "has_ref", has_ref);
	facts_end_item(&inquiry->facts);
	strbuf_add_string(words, has_ref ? "uv_ref in " : "uv_unref in ");
	if (inquiry_add_run(inquiry, run_id, UNKNOWN, err))
		return -1;
	inquiry_add_moment(inquiry, at_ns);
	inquiry_line(inquiry, "");
	return 0;
}

int info_references(struct inquiry *inquiry, int64_t async_id, int64_t has_ref, struct error *err)
{
	static const char count_sql[] =
		"SELECT count(*) FROM (SELECT 1 FROM main.ref WHERE async_id = ?1 LIMIT 100001)";
	static const char last_sql[] = "SELECT run_id, at_ns, has_ref FROM main.ref WHERE"
				       " async_id = ?1 ORDER BY at_ns DESC LIMIT 3";
	bool is_indexed = reader_finds(inquiry->recording, "ref", "async_id");
	int64_t count = is_indexed ? inquiry_number(inquiry, count_sql, async_id) : UNKNOWN;
	struct strbuf *words = inquiry_words(inquiry);
	sqlite3_stmt *statement;
	int result = 0;

	inquiry_integer(inquiry, "ref_count", count);
	if (has_ref == 0 || count > 0) {
		strbuf_add_string(
			words, has_ref == 0 ? "no: it does not keep its loop alive" : "yes");
		if (count > 1) {
			strbuf_add_string(words, "; changed ");
			inquiry_add_count(inquiry, count);
			strbuf_add_string(words, " times, newest first:");
		}
		inquiry_line(inquiry, "referenced");
	}
	facts_begin_list(&inquiry->facts, "refs");
	if (count > 0) {
		if (sqlite3_prepare_v2(
			    reader_database(inquiry->recording), last_sql, -1, &statement, NULL))
			return reader_error(inquiry->recording, NULL, err);
		sqlite3_bind_int64(statement, 1, async_id);
		while (!result && sqlite3_step(statement) == SQLITE_ROW)
			result = reference_item(inquiry, lookup_column(statement, 0),
				lookup_column(statement, 1), lookup_column(statement, 2), err);
		sqlite3_finalize(statement);
	}
	facts_end_list(&inquiry->facts);
	return result;
}
