/*
 * Recorded lines by their place in a file: see log_search.h. Gathers what log_place.h decides on:
 * where the line's text stands in the file, and which recorded lines may be it.
 */
#include "debugger/log/log_search_internal.h"

#include "debugger/log/log_order.h"
#include "debugger/recording/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHANGED_SLACK_NS INT64_C(2000000000)

/* A text that lines of the file are asked for of: where it stands, and who may be it. */
struct stood {
	size_t raw; /* the wanted text */
	int64_t *lines;
	size_t line_count, line_capacity;
	struct place_candidate *candidates;
	size_t count;
	bool by_tag, elsewhere; /* candidates were written to other files */
	bool is_undecided;
};

struct places {
	struct log_search *search;
	size_t source;
	struct log_file *file;
	bool *chosen; /* of the sinks */
	enum sinks_choice choice;
	uint64_t from; /* where in the file recorded lines may begin */
	bool changed_after;
	bool was_cut;  /* while it was recorded: what it held then is gone */
	int64_t known; /* was any line of the file recorded? UNKNOWN: not looked yet */
	struct stood *stood;
	size_t count;
	size_t *stood_of; /* by wanted text, plus 1 */
};

static void places_deinit(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->stood[i].lines);
		free(places->stood[i].candidates);
	}
	free(places->stood);
	free(places->stood_of);
	free(places->chosen);
}

/* The wall clock when the last process of the recording ended; UNKNOWN. */
static int64_t recording_end(struct reader *recording)
{
	const char *started = reader_meta(recording, "started_at");
	struct tm when = {0};
	int64_t ended = UNKNOWN;
	const char *rest;

	if (reader_state(recording) != RECORDING_COMPLETE || !started)
		return UNKNOWN;
	rest = strptime(started, "%Y-%m-%dT%H:%M:%S", &when);
	if (!rest || reader_integer(recording, STATEMENT_LAST_END,
			     "SELECT max(ended_ns) FROM main.process", UNKNOWN, UNKNOWN, &ended,
			     NULL) != 1)
		return UNKNOWN;
	if (ended < 0 || ended > INT64_C(1) << 60 || when.tm_year > 300)
		return UNKNOWN;
	return (int64_t)timegm(&when) * 1000000000 + ended;
}

static int choose(struct places *places, struct error *err)
{
	struct log_search *search = places->search;
	struct log_identity identity = {places->file->path, (int64_t)places->file->device,
		(int64_t)places->file->inode,
		places->file->born_ns == INT64_MIN ? UNKNOWN : places->file->born_ns};
	int64_t ended = recording_end(search->recording), before = INT64_MAX;
	size_t i;

	places->chosen = calloc(search->sinks.count + 1, sizeof *places->chosen);
	places->stood_of = calloc(search->wanted.count + 1, sizeof *places->stood_of);
	if (!places->chosen || !places->stood_of)
		return error_set(err, "out of memory");
	places->choice = log_sinks_choose(&search->sinks, &identity, places->chosen);
	/* Of a file that was cut short since, what was before is gone. */
	for (i = 0; i < search->sinks.count; i++) {
		const struct log_sink *sink = &search->sinks.rows[i];
		int64_t size = sink->generation ? 0 : sink->size_before;

		if (!places->chosen[i])
			continue;
		before = size == UNKNOWN || size < 0 ? 0 : size < before ? size : before;
		places->was_cut |= sink->generation != 0;
	}
	if (places->choice != SINKS_ALL && before != INT64_MAX &&
		(uint64_t)before <= places->file->size)
		places->from = (uint64_t)before;
	/* A copy is younger, whatever is in it. */
	places->changed_after = places->choice <= SINKS_BY_PATH && ended != UNKNOWN &&
				places->file->modified_ns > ended + CHANGED_SLACK_NS;
	return 0;
}

static bool is_asked(const struct places *places, const struct search_query *query)
{
	return query->is_place && query->source == places->source && query->raw != WANTED_NONE;
}

/* A place for each text that is asked for. */
static bool list_texts(struct places *places)
{
	struct log_search *search = places->search;
	size_t i;

	places->stood = calloc(search->count + 1, sizeof *places->stood);
	if (!places->stood)
		return false;
	for (i = 0; i < search->count; i++) {
		const struct search_query *query = &search->queries[i];

		if (!is_asked(places, query) || places->stood_of[query->raw])
			continue;
		places->stood[places->count].raw = query->raw;
		places->stood_of[query->raw] = ++places->count;
	}
	return true;
}

static bool add_line(struct stood *stood, int64_t line)
{
	if (stood->line_count == stood->line_capacity) {
		size_t wider = stood->line_capacity ? 2 * stood->line_capacity : 4;
		int64_t *lines = reallocarray(stood->lines, wider, sizeof *lines);

		if (!lines)
			return false;
		stood->lines = lines;
		stood->line_capacity = wider;
	}
	stood->lines[stood->line_count++] = line;
	return true;
}

static bool note_text(struct places *places, const char *bytes, size_t length, int64_t line)
{
	size_t text = log_wanted_find(
		&places->search->wanted, bytes, length, log_text_hash(bytes, length));

	if (text == WANTED_NONE || !places->stood_of[text])
		return true;
	return add_line(&places->stood[places->stood_of[text] - 1], line);
}

/* A line that is longer than what is read of one. */
static bool note_long(struct places *places, const struct log_file_line *line)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct wanted_text *text =
			&places->search->wanted.texts[places->stood[i].raw];

		if (text->length == line->length && text->kept == line->kept &&
			!memcmp(text->bytes, line->bytes, line->kept) &&
			!add_line(&places->stood[i], line->number))
			return false;
	}
	return true;
}

static bool note_line(struct places *places, const struct log_file_line *line)
{
	size_t length = log_text_trim(line->bytes, line->kept), bare;
	int64_t async_id;

	if (line->kept < line->length)
		return note_long(places, line);
	if (!note_text(places, line->bytes, length, line->number))
		return false;
	/* The same text where tags were written. */
	return !log_text_untag(line->bytes, length, &bare, &async_id) ||
	       note_text(places, line->bytes, bare, line->number);
}

/* Where the texts stand in the file. */
static int read_file(struct places *places, struct error *err)
{
	struct log_file_line line;
	int found = 1;

	while (found == 1 && (found = log_file_next(places->file, &line, err)) == 1)
		if (line.offset >= places->from && !note_line(places, &line))
			found = error_set(err, "out of memory");
	log_file_rewind(places->file);
	return found;
}

/* Candidates for a text: recorded lines of the file's sinks; with a tag those of its resource. */
static bool take_candidates(struct places *places, struct stood *stood, size_t text,
	const struct search_query *by_tag, bool elsewhere)
{
	const struct log_wanted *wanted = &places->search->wanted;
	const struct log_sinks *sinks = &places->search->sinks;
	size_t count = wanted->texts[text].hit_count, hit = wanted->texts[text].first_hit;

	free(stood->candidates);
	stood->count = 0;
	stood->candidates = reallocarray(NULL, count + 1, sizeof *stood->candidates);
	if (!stood->candidates)
		return false;
	for (; hit != WANTED_NONE; hit = wanted->hits[hit].next) {
		const struct log_hit *line = &wanted->hits[hit];
		const struct log_origin *origin = log_sinks_origin(sinks, line->origin_id);
		const struct log_sink *sink =
			origin ? log_sinks_find(sinks, origin->sink_id) : NULL;
		bool is_chosen = sink && places->chosen[sink - sinks->rows];

		if (!is_chosen && !elsewhere && places->choice != SINKS_ALL)
			continue;
		if (by_tag && log_search_async_of(places->search->recording, line->log_id) !=
				      by_tag->tag_id)
			continue;
		stood->candidates[stood->count++] = (struct place_candidate){line->log_id,
			sink ? sink->group : SIZE_MAX, origin ? origin->writer_id : UNKNOWN,
			PLACE_BEFORE, PLACE_BEHIND, !origin || origin->is_unordered, line->is_cut};
	}
	stood->by_tag = by_tag;
	stood->elsewhere = elsewhere;
	return true;
}

/* The surest kind of candidates that there are. */
static bool find_candidates(
	struct places *places, struct stood *stood, const struct search_query *query)
{
	const struct search_start *bare = &places->search->starts[query->first_start];
	size_t bare_text = query->bare_count ? bare[query->start_count].text : WANTED_NONE;

	if (bare_text != WANTED_NONE &&
		(!take_candidates(places, stood, bare_text, query, false) || stood->count))
		return stood->candidates;
	if (!take_candidates(places, stood, query->raw, NULL, false) || stood->count)
		return stood->candidates;
	if (bare_text != WANTED_NONE &&
		(!take_candidates(places, stood, bare_text, NULL, false) || stood->count))
		return stood->candidates;
	return take_candidates(places, stood, query->raw, NULL, true);
}

static struct stood *stood_of(struct places *places, const struct search_query *query)
{
	return &places->stood[places->stood_of[query->raw] - 1];
}

static struct place_question question_of(
	const struct stood *stood, const struct search_query *query, bool has_bounds)
{
	return (struct place_question){query->line, stood->lines, stood->line_count,
		stood->candidates, stood->count, has_bounds};
}

static bool is_bounded(const struct place_candidate *candidate)
{
	return candidate->low != PLACE_BEFORE || candidate->high != PLACE_BEHIND;
}

/*
 * How sure it is when not only the texts are looked at, but also what the file is. Of a file that
 * is not the recorded one, that was cut short or written to since, lines may be gone and others
 * have come: there a line must stand between two that are known, or it is no more than likely, and
 * one of several not even that. In a file that nothing but this text ties to the recording, it says
 * nothing.
 */
static enum place_sure how_sure(
	const struct places *places, const struct stood *stood, const struct place_answer *place)
{
	const struct place_candidate *chosen = &stood->candidates[place->chosen];
	bool between = chosen->low != PLACE_BEFORE && chosen->high != PLACE_BEHIND;
	bool is_other = stood->elsewhere || places->choice != SINKS_BY_IDENTITY ||
			places->changed_after || places->was_cut;

	/* The file itself was recorded: so somebody wrote there unseen. */
	if (stood->elsewhere && places->choice != SINKS_ALL)
		return PLACE_AMBIGUOUS;
	if (places->choice == SINKS_ALL && !is_bounded(chosen))
		return PLACE_AMBIGUOUS;
	if (place->sure == PLACE_EXACT && !is_other)
		return PLACE_EXACT;
	if (between || (!is_other && !place->is_short) ||
		(place->why == PLACE_COUNTED && is_bounded(chosen)))
		return PLACE_NARROWED;
	return stood->count == 1 ? PLACE_LIKELY : PLACE_AMBIGUOUS;
}

/* Which of the candidates it is, by the lines around it too. */
static bool decide(struct places *places, struct search_query *query, bool has_bounds)
{
	struct stood *stood = stood_of(places, query);
	struct place_question question = question_of(stood, query, has_bounds);
	struct place_answer place = log_place_decide(&question);
	struct search_answer *answer = &query->answer;
	bool any_fits = place.why != PLACE_ELSEWHERE;
	size_t i;

	answer->sure = place.sure;
	answer->why = place.why;
	answer->index = place.index;
	answer->in_file = stood->line_count;
	answer->recorded = stood->count;
	answer->choice = places->choice;
	answer->changed_after = places->changed_after;
	answer->way = stood->by_tag					? SEARCH_BY_TAG
		      : stood->elsewhere || places->choice == SINKS_ALL ? SEARCH_BY_TEXT
									: SEARCH_AT_PLACE;
	answer->count = answer->left_out = 0;
	if (place.sure == PLACE_EXACT || place.sure == PLACE_NARROWED) {
		answer->sure = how_sure(places, stood, &place);
		if (answer->sure != PLACE_AMBIGUOUS)
			return search_answer_add(answer, stood->candidates[place.chosen].log_id);
		if (stood->count > 1)
			answer->why = PLACE_UNBOUNDED;
	}
	for (i = 0; i < stood->count; i++)
		if (!any_fits || log_place_fits(&question, &stood->candidates[i]))
			if (!search_answer_add(answer, stood->candidates[i].log_id))
				return false;
	return true;
}

/* The line is of a time before recording, or its text was never recorded. */
static int answer_missing(struct places *places, struct search_query *query, struct error *err)
{
	struct search_answer *answer = &query->answer;

	/* syslog's file: words stand before what the program wrote */
	if (search_by_text(places->search, query, true))
		return error_set(err, "out of memory");
	answer->choice = places->choice;
	if (answer->count)
		return 0;
	if (places->known == UNKNOWN) {
		places->known = log_order_is_known(
			places->search->recording, places->file, places->from, err);
		log_file_rewind(places->file);
	}
	answer->missing = places->known ? SEARCH_NOT_RECORDED : SEARCH_FOREIGN;
	return places->known < 0 ? -1 : 0;
}

static int answer_first(struct places *places, struct search_query *query, struct error *err)
{
	struct stood *stood = stood_of(places, query);

	if (query->offset < places->from) {
		query->answer.missing = SEARCH_BEFORE;
		query->answer.size_before = places->from;
		return 0;
	}
	if (!stood->candidates && !find_candidates(places, stood, query))
		return error_set(err, "out of memory");
	if (!stood->count)
		return answer_missing(places, query, err);
	if (!decide(places, query, false))
		return error_set(err, "out of memory");
	/* Where the file may be another one, the lines around it must not speak against counting.
	 */
	stood->is_undecided |=
		query->answer.sure == PLACE_AMBIGUOUS || query->answer.sure == PLACE_LIKELY;
	return 0;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct place_candidate *one = *(struct place_candidate *const *)a;
	const struct place_candidate *other = *(struct place_candidate *const *)b;

	return one->log_id < other->log_id ? -1 : one->log_id > other->log_id;
}

/* What counting did not decide: by the lines around it. */
static int bound_undecided(struct places *places, struct error *err)
{
	struct place_candidate **candidates;
	struct log_search *search = places->search;
	size_t i, j, count = 0;
	int result;

	for (i = 0; i < places->count; i++)
		count += places->stood[i].is_undecided ? places->stood[i].count : 0;
	if (!count)
		return 0;
	candidates = reallocarray(NULL, count, sizeof *candidates);
	if (!candidates)
		return error_set(err, "out of memory");
	for (i = count = 0; i < places->count; i++)
		for (j = 0; places->stood[i].is_undecided && j < places->stood[i].count; j++)
			candidates[count++] = &places->stood[i].candidates[j];
	qsort(candidates, count, sizeof *candidates, compare_candidates);
	result = log_order_bound(search->recording, &search->sinks, places->chosen, places->file,
		places->from, candidates, count, err);
	log_file_rewind(places->file);
	free(candidates);
	for (i = 0; !result && i < search->count; i++) {
		struct search_query *query = &search->queries[i];

		if (is_asked(places, query) && query->answer.missing == SEARCH_FOUND &&
			query->answer.way != SEARCH_BY_END &&
			stood_of(places, query)->is_undecided && !decide(places, query, true))
			result = error_set(err, "out of memory");
	}
	return result;
}

int search_at_places(struct log_search *search, size_t source, struct error *err)
{
	struct places places = {.search = search,
		.source = source,
		.file = &search->sources[source].file,
		.known = UNKNOWN};
	int result = choose(&places, err);
	size_t i;

	if (!result && !list_texts(&places))
		result = error_set(err, "out of memory");
	if (!result && places.count)
		result = read_file(&places, err);
	for (i = 0; !result && i < search->count; i++)
		if (is_asked(&places, &search->queries[i]) &&
			search->queries[i].answer.missing == SEARCH_FOUND)
			result = answer_first(&places, &search->queries[i], err);
	if (!result)
		result = bound_undecided(&places, err);
	places_deinit(&places);
	return result;
}
