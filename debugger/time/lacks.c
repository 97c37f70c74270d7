/*
 * What a recording does not have: see lacks.h. Reads the tables `process` and `gap`, of the latter
 * the newest rows only.
 */
#include "debugger/time/lacks.h"

#include "debugger/recording/lookup.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

/* One more sentence; NULL when there is no room. */
static struct strbuf *lacks_add(struct lacks *lacks)
{
	return lacks->count < LACKS_MAX ? &lacks->words[lacks->count++] : NULL;
}

void lacks_deinit(struct lacks *lacks)
{
	size_t i;

	for (i = 0; i < LACKS_MAX; i++)
		strbuf_deinit(&lacks->words[i]);
	lacks->count = 0;
}

/* The first row of a statement with one parameter. As reader_step; the caller finalizes. */
static int first_row(struct reader *recording, const char *sql, int64_t at_ns, sqlite3_stmt **ret,
	struct error *err)
{
	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, ret, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(*ret, 1, at_ns);
	return reader_step(recording, *ret, err);
}

static int overwritten(
	struct lacks *lacks, struct reader *recording, int64_t at_ns, struct error *err)
{
	static const char sql[] =
		"SELECT count(*), min(process_id), max(history_from_ns) FROM main.process"
		" WHERE history_from_ns > ?1 AND coalesce(started_ns, 0) <= ?1";
	sqlite3_stmt *row = NULL;
	struct strbuf *words;
	int found;

	if (!reader_has_history(recording))
		return 0;
	found = first_row(recording, sql, at_ns, &row, err);
	if (found == 1 && sqlite3_column_int64(row, 0) > 0 && (words = lacks_add(lacks))) {
		strbuf_printf(words, "of process %" PRId64 " what ended before ",
			(int64_t)sqlite3_column_int64(row, 1));
		quantity_add_moment(words, lookup_column(row, 2));
		strbuf_add_string(words,
			" has been overwritten (flight mode): what stands here is what was still"
			" there then, and what led to it");
		if (sqlite3_column_int64(row, 0) > 1)
			strbuf_printf(words, "; so of %" PRId64 " processes",
				(int64_t)sqlite3_column_int64(row, 0));
	}
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

/* That recording was paused at the moment, or that something was lost up to then. */
static int gaps(struct lacks *lacks, struct reader *recording, int64_t at_ns, struct error *err)
{
#define GAPS " FROM (SELECT * FROM main.gap ORDER BY gap_id DESC LIMIT 10000)"
	static const char paused_sql[] =
		"SELECT max(thread_id), min(from_ns), max(coalesce(to_ns, -1)), count(*)" GAPS
		" WHERE reason = 'paused' AND from_ns <= ?1 AND (to_ns IS NULL OR to_ns > ?1)";
	static const char lost_sql[] =
		"SELECT sum(CASE WHEN lost > 0 AND lost < (1 << 40) THEN lost END), count(*),"
		" max(from_ns)" GAPS " WHERE reason IS NULL AND (from_ns <= ?1 OR from_ns IS NULL)";
	static const char old_lost_sql[] =
		"SELECT sum(CASE WHEN lost > 0 AND lost < (1 << 40) THEN lost END), count(*),"
		" max(from_ns)" GAPS " WHERE from_ns <= ?1 OR from_ns IS NULL";
	sqlite3_stmt *row = NULL;
	struct strbuf *words;
	int found = 0;

	if (reader_has_history(recording)) {
		found = first_row(recording, paused_sql, at_ns, &row, err);
		if (found == 1 && sqlite3_column_int64(row, 3) > 0 && (words = lacks_add(lacks))) {
			strbuf_add_string(words, "recording was paused then, from ");
			quantity_add_moment(words, lookup_column(row, 1));
			strbuf_add_string(
				words, ": what was made, ran or ended in that time is not here");
		}
		sqlite3_finalize(row);
	}
	if (found < 0)
		return -1;
	found = first_row(recording, reader_has_history(recording) ? lost_sql : old_lost_sql, at_ns,
		&row, err);
	if (found == 1 && sqlite3_column_int64(row, 1) > 0 && (words = lacks_add(lacks))) {
		if (lookup_column(row, 0) == UNKNOWN) {
			strbuf_add_string(words, "events");
		} else {
			quantity_add_count(words, lookup_column(row, 0));
			strbuf_add_string(words, lookup_column(row, 0) == 1 ? " event" : " events");
		}
		strbuf_add_string(words, " had been lost by then, or it is not known when: what "
					 "they told of is missing,"
					 " or seems to be there still");
	}
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

int lacks_find(struct lacks *lacks, struct reader *recording, int64_t at_ns, struct error *err)
{
	struct strbuf *words;

	*lacks = (struct lacks){0};
	if (overwritten(lacks, recording, at_ns, err) || gaps(lacks, recording, at_ns, err))
		return -1;
	if (reader_state(recording) != RECORDING_COMPLETE && (words = lacks_add(lacks)))
		strbuf_add_string(words, reader_state(recording) == RECORDING_GROWING
						 ? "the recording still grows: what began or ended "
						   "in its last second may"
						   " not be in it yet"
						 : "the recording was cut short: what began or "
						   "ended in its last second"
						   " may be missing");
	return 0;
}
