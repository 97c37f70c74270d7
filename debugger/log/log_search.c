/*
 * Recorded lines by their text: see log_search.h. Places in files are answered in
 * log_search_place.c.
 */
#include "debugger/log/log_search_internal.h"

#include "debugger/recording/lookup.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MOST 200
#define STARTS_MOST  200   /* words that may stand before a text */
#define END_LEAST    3	   /* bytes of a text that is only a line's end */
#define LEARN_FROM   1000  /* lines, whose ends are so many texts that few are worth keeping */
#define TAGGED_MOST  10000 /* lines whose run is looked up for a tag */

void log_search_deinit(struct log_search *search)
{
	size_t i;

	for (i = 0; i < search->count; i++) {
		free(search->queries[i].bytes);
		free(search->queries[i].plain);
		free(search->queries[i].answer.log_ids);
	}
	for (i = 0; i < search->source_count; i++) {
		free(search->sources[i].path);
		log_file_deinit(&search->sources[i].file);
	}
	free(search->queries);
	free(search->sources);
	free(search->starts);
	log_wanted_deinit(&search->wanted);
	log_sinks_deinit(&search->sinks);
	*search = (struct log_search){0};
}

static struct search_query *new_query(struct log_search *search)
{
	if (search->count == search->capacity) {
		size_t wider = search->capacity ? 2 * search->capacity : 16;
		struct search_query *queries =
			reallocarray(search->queries, wider, sizeof *queries);

		if (!queries)
			return NULL;
		search->queries = queries;
		search->capacity = wider;
	}
	search->queries[search->count] = (struct search_query){.raw = WANTED_NONE};
	return &search->queries[search->count++];
}

static bool set_bytes(struct search_query *query, const char *bytes, size_t length, size_t kept)
{
	query->bytes = malloc(kept + 1);
	if (!query->bytes)
		return false;
	if (kept)
		memcpy(query->bytes, bytes, kept);
	query->bytes[kept] = '\0';
	query->length = length;
	query->kept = kept;
	return true;
}

struct search_query *log_search_add(struct log_search *search, const char *bytes, size_t length)
{
	struct search_query *query = new_query(search);

	if (!query || !set_bytes(query, bytes, length, length))
		return NULL;
	if (!memchr(bytes, '\033', length))
		return query;
	query->plain = malloc(length);
	if (!query->plain)
		return NULL;
	query->plain_length = log_text_uncolour(bytes, length, query->plain);
	return query;
}

int log_search_source(struct log_search *search, const char *path, struct error *err)
{
	struct search_source *sources;
	size_t i;

	for (i = 0; i < search->source_count; i++)
		if (!strcmp(search->sources[i].path, path))
			return (int)i;
	if (search->source_count == SOURCES_MOST)
		return error_set(err, "log: more than %d files", SOURCES_MOST);
	sources = reallocarray(search->sources, i + 1, sizeof *sources);
	if (!sources)
		return error_set(err, "out of memory");
	search->sources = sources;
	if (log_file_init(&sources[i].file, path, err))
		return -1;
	sources[i].path = strdup(path);
	if (!sources[i].path) {
		log_file_deinit(&sources[i].file);
		return error_set(err, "out of memory");
	}
	search->source_count++;
	return (int)i;
}

struct search_query *log_search_add_place(struct log_search *search, int source, int64_t line,
	const char *bytes, size_t length, size_t said)
{
	struct search_query *query = new_query(search);

	if (!query || (bytes && !set_bytes(query, bytes, length, length)))
		return NULL;
	query->is_place = true;
	query->said = said;
	query->source = (size_t)source;
	query->line = line;
	return query;
}

/* The queries of a source by their lines. */
static int compare_places(const void *a, const void *b)
{
	const struct search_query *one = *(struct search_query *const *)a;
	const struct search_query *other = *(struct search_query *const *)b;

	if (one->source != other->source)
		return one->source < other->source ? -1 : 1;
	return one->line < other->line ? -1 : one->line > other->line;
}

/* Is the line the text that was said to stand there? Neither has a carriage return at its end. */
static bool is_said(const struct search_query *query, size_t said, const char *line, size_t length)
{
	return said <= query->kept &&
	       length == log_text_trim(query->bytes + said, query->kept - said) &&
	       !memcmp(query->bytes + said, line, length);
}

/* … or behind the number of a column? */
static bool is_said_there(const struct search_query *query, const char *line, size_t length)
{
	size_t digits = strspn(query->bytes + query->said, "0123456789");

	return is_said(query, query->said, line, length) ||
	       (digits && query->bytes[query->said + digits] == ':' &&
		       is_said(query, query->said + digits + 1, line, length));
}

/* The line that was asked for stands there. What its asker said of it may be otherwise. */
static int take_line(
	struct search_query *query, const struct log_file_line *line, struct error *err)
{
	char *plain;

	query->offset = line->offset;
	if (query->bytes) {
		/* Colours were taken out of what was said. */
		plain = malloc(line->kept + 1);
		if (!plain)
			return error_set(err, "out of memory");
		query->is_place =
			is_said_there(query, line->bytes, log_text_trim(line->bytes, line->kept)) ||
			is_said_there(query, plain,
				log_text_trim(
					plain, log_text_uncolour(line->bytes, line->kept, plain)));
		free(plain);
		if (!query->is_place)
			return 0;
		free(query->bytes);
	}
	return set_bytes(query, line->bytes, line->length, line->kept)
		       ? 0
		       : error_set(err, "out of memory");
}

/* The lines that `places[0 … count)` name, all of one file. */
static int read_places(
	struct log_search *search, struct search_query **places, size_t count, struct error *err)
{
	struct log_file *file = &search->sources[places[0]->source].file;
	struct log_file_line line = {0};
	size_t at = 0;
	int found = 1;

	while (at < count && (found = log_file_next(file, &line, err)) == 1)
		for (; at < count && places[at]->line == line.number; at++)
			if (take_line(places[at], &line, err))
				return -1;
	for (; found == 0 && at < count; at++) {
		places[at]->is_place = !places[at]->bytes;
		if (places[at]->bytes)
			continue;
		places[at]->answer.missing = SEARCH_NO_LINE;
		places[at]->answer.file_lines = line.number;
	}
	log_file_rewind(file);
	return found < 0 ? -1 : 0;
}

static int read_sources(struct log_search *search, struct error *err)
{
	struct search_query **places = reallocarray(NULL, search->count + 1, sizeof *places);
	size_t i, from, count = 0;
	int result = 0;

	if (!places)
		return error_set(err, "out of memory");
	for (i = 0; i < search->count; i++)
		if (search->queries[i].is_place)
			places[count++] = &search->queries[i];
	qsort(places, count, sizeof *places, compare_places);
	for (from = 0; !result && from < count; from = i) {
		for (i = from; i < count && places[i]->source == places[from]->source; i++)
			;
		result = read_places(search, &places[from], i - from, err);
	}
	free(places);
	return result;
}

static bool add_start(struct log_search *search, size_t text, size_t offset)
{
	struct search_start *starts;

	if (search->start_count == search->start_capacity) {
		size_t wider = search->start_capacity ? 2 * search->start_capacity : 64;

		starts = reallocarray(search->starts, wider, sizeof *starts);
		if (!starts)
			return false;
		search->starts = starts;
		search->start_capacity = wider;
	}
	search->starts[search->start_count++] = (struct search_start){text, offset};
	return true;
}

/* All texts that end where `length` bytes of a line do. */
static bool want_ends(struct log_search *search, const char *bytes, size_t length)
{
	struct log_text_start starts[STARTS_MOST];
	size_t count = log_text_starts(bytes, length, starts, STARTS_MOST), i, text;

	for (i = 0; i < count; i++) {
		size_t rest = length - starts[i].offset;

		if (i && (rest < END_LEAST || !log_wanted_may_be(&search->wanted, starts[i].hash)))
			continue;
		text = log_wanted_add(
			&search->wanted, bytes + starts[i].offset, rest, rest, starts[i].hash, !i);
		if (text == WANTED_NONE || !add_start(search, text, starts[i].offset))
			return false;
	}
	return true;
}

/* The same without its colours. */
static bool want_plain(struct log_search *search, struct search_query *query)
{
	size_t length = log_text_trim(query->plain, query->plain_length), bare;

	if (log_text_untag(query->plain, length, &bare, &query->tag_id)) {
		query->has_tag = true;
		if (!want_ends(search, query->plain, bare))
			return false;
	}
	return want_ends(search, query->plain, length);
}

static bool want(struct log_search *search, struct search_query *query)
{
	size_t length = log_text_trim(query->bytes, query->kept);

	query->first_start = search->start_count;
	if (query->kept < query->length) { /* longer than what is read of a line */
		query->raw = log_wanted_add(&search->wanted, query->bytes, query->length,
			query->kept, log_text_hash(query->bytes, query->kept), true);
		return query->raw != WANTED_NONE && add_start(search, query->raw, 0) &&
		       ++query->start_count;
	}
	if (!want_ends(search, query->bytes, length))
		return false;
	query->start_count = search->start_count - query->first_start;
	query->raw = search->starts[query->first_start].text;
	query->has_tag = log_text_untag(query->bytes, length, &query->bare_length, &query->tag_id);
	if (query->has_tag && !want_ends(search, query->bytes, query->bare_length))
		return false;
	if (query->plain && !want_plain(search, query))
		return false;
	query->bare_count = search->start_count - query->first_start - query->start_count;
	return true;
}

bool search_answer_add(struct search_answer *answer, int64_t log_id)
{
	if (answer->count == SEARCH_LISTED) {
		answer->left_out++;
		return true;
	}
	/* A power of two: time for more room. */
	if (!(answer->count & (answer->count - 1))) {
		int64_t *log_ids = reallocarray(
			answer->log_ids, answer->count ? 2 * answer->count : 1, sizeof *log_ids);

		if (!log_ids)
			return false;
		answer->log_ids = log_ids;
	}
	answer->log_ids[answer->count++] = log_id;
	return true;
}

int64_t log_search_async_of(struct reader *recording, int64_t log_id)
{
	struct log_row log;
	struct run_row run;

	if (lookup_log(recording, log_id, &log, NULL) != 1 ||
		lookup_run(recording, log.run_id, &run, NULL) != 1)
		return UNKNOWN;
	return run.async_id;
}

/* The recorded lines of a text; with a tag those of its resource. */
static bool answer_with(
	struct log_search *search, struct search_query *query, size_t text, bool by_tag)
{
	const struct log_wanted *wanted = &search->wanted;
	struct search_answer *answer = &query->answer;
	size_t hit = wanted->texts[text].first_hit, looked = 0;
	bool is_cut = false;

	for (; hit != WANTED_NONE; hit = wanted->hits[hit].next) {
		const struct log_hit *line = &wanted->hits[hit];

		if (by_tag && (looked++ > TAGGED_MOST || log_search_async_of(search->recording,
								 line->log_id) != query->tag_id))
			continue;
		is_cut |= line->is_cut;
		if (!search_answer_add(answer, line->log_id))
			return false;
	}
	answer->recorded = answer->count + answer->left_out;
	if (!answer->recorded)
		return true;
	answer->sure = answer->recorded > 1 ? PLACE_AMBIGUOUS
		       : is_cut		    ? PLACE_NARROWED
					    : PLACE_EXACT;
	answer->why = is_cut ? PLACE_CUT : answer->recorded > 1 ? PLACE_FEWER : PLACE_ONCE;
	return true;
}

int search_by_text(struct log_search *search, struct search_query *query, bool end_alone)
{
	const struct search_start *starts = &search->starts[query->first_start];
	struct search_answer *answer = &query->answer;
	size_t i, count = query->start_count + query->bare_count;
	size_t numbered = query->is_place ? 0
			  : query->plain  ? log_text_numbered(query->plain, query->plain_length)
					  : log_text_numbered(query->bytes, query->kept);

	/* What the tag says, when there is such a line; then the longest text. */
	for (i = query->start_count; query->has_tag && i < count && !answer->count; i++) {
		if (!answer_with(search, query, starts[i].text, true))
			return -1;
		answer->way = SEARCH_BY_TAG;
	}
	for (i = 0; i < count && !answer->count; i++) {
		if (end_alone && !starts[i].offset)
			continue;
		if (!answer_with(search, query, starts[i].text, false))
			return -1;
		answer->way = starts[i].offset ? SEARCH_BY_END : SEARCH_BY_TEXT;
		/* Words before it may be another program's, and this the end of what that said. */
		if (answer->recorded == 1 && starts[i].offset)
			answer->sure = starts[i].offset > numbered ? PLACE_LIKELY : PLACE_NARROWED;
	}
	return 0;
}

int log_search_run(struct log_search *search, struct reader *recording, struct error *err)
{
	size_t i;

	search->recording = recording;
	if (log_sinks_init(&search->sinks, recording, err) || read_sources(search, err))
		return -1;
	if (search->count > LEARN_FROM && log_wanted_learn(&search->wanted, recording, err))
		return -1;
	for (i = 0; i < search->count; i++)
		if (search->queries[i].bytes && !want(search, &search->queries[i]))
			return error_set(err, "out of memory");
	if (log_wanted_scan(&search->wanted, recording, err))
		return -1;
	for (i = 0; i < search->source_count; i++)
		if (search_at_places(search, i, err))
			return -1;
	for (i = 0; i < search->count; i++) {
		struct search_query *query = &search->queries[i];

		if (query->is_place || !query->bytes)
			continue;
		if (search_by_text(search, query, false))
			return error_set(err, "out of memory");
		query->answer.missing = query->answer.count ? SEARCH_FOUND : SEARCH_NOT_RECORDED;
	}
	return 0;
}
