/*
 * Where `log` puts its lines: see log_show.h. Async stacks that are the same are shown once, with
 * the lines that have them.
 */
#include "debugger/log/log_show.h"

#include "debugger/lineage/lineage.h"
#include "debugger/log/log_answer.h"
#include "debugger/render/render_trace.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdlib.h>

#define NAMED_MOST 8 /* lines that are named of those with the same stack */

void log_show_begin(struct log_show *show, struct session *session, struct pattern *match)
{
	show->session = session;
	show->json.out = session->out;
	terminal_begin(&show->page, session->out);
	show->list.page = &show->page;
	show->list.match = match;
	show->flow.out = session->out;
	show->flow.may_page = !session->at_prompt;
}

void log_show_deinit(struct log_show *show)
{
	log_list_deinit(&show->list);
	log_with_deinit(&show->with);
	page_deinit(&show->page);
	free(show->traced);
}

static int begin_lineage(
	const struct log_show *show, int64_t log_id, struct lineage *ret, struct error *err)
{
	struct lineage_options options = {.by = EDGE_LINK, .depth = UNKNOWN};
	struct point point = {POINT_LOG, log_id};

	return lineage_init(
		ret, show->session->recording, show->session->cache, &point, &options, err);
}

static int trace_json(struct log_show *show, int64_t log_id, struct error *err)
{
	struct render_options options = {.state = reader_state(show->session->recording)};
	struct lineage lineage;

	if (begin_lineage(show, log_id, &lineage, err))
		return -1;
	json_key(&show->json, "trace");
	render_trace_json(&show->json, &lineage, &options);
	lineage_deinit(&lineage);
	return 0;
}

static int line_json(struct log_show *show, const struct log_line *line,
	const struct log_search *search, const struct search_query *query, struct error *err)
{
	struct json *json = &show->json;
	struct strbuf words = {0};
	int64_t log_id = line->row.log_id;

	if (!show->count)
		json_open(json, '[');
	json_newline(json);
	json_open(json, '{');
	render_log_json(json, line);
	if (show->with.count)
		log_with_json(&show->with, json);
	if (query) {
		log_answer_add_subject(&words, search, query);
		json_key_string(json, "asked", strbuf_string(&words));
		json_key_integer(json, "input_line", query->number ? query->number : UNKNOWN);
		json_key_string(json, "sure", log_answer_sureness(&query->answer));
		strbuf_clear(&words);
		log_answer_add_why(&words, &query->answer);
		json_key_string(json, "why", strbuf_string(&words));
		strbuf_deinit(&words);
	}
	if (show->traces && trace_json(show, log_id, err))
		return -1;
	json_close(json, '}');
	return ferror(show->json.out) ? 0 : 1;
}

/* Gathers lines to be traced; more than can be looked at are counted. */
static int add_traced(struct log_show *show, int64_t log_id, struct error *err)
{
	if (!show->traced && !(show->traced = calloc(LOG_TRACES_LOOKED, sizeof *show->traced)))
		return error_set(err, "out of memory");
	if (show->count < LOG_TRACES_LOOKED)
		show->traced[show->count] = log_id;
	return 1;
}

int log_show_line(struct log_show *show, int64_t log_id, const struct log_search *search,
	const struct search_query *query, struct error *err)
{
	struct log_line line;
	bool is_uncertain = query && log_answer_is_uncertain(&query->answer);
	int result;

	/* Of stacks the different ones are limited, which is not known yet. */
	if (show->limit != UNKNOWN && show->count >= show->limit &&
		(show->as_json || !show->traces)) {
		show->has_more = true;
		return 0;
	}
	if (show->traces && !show->as_json) {
		result = add_traced(show, log_id, err);
	} else {
		result = log_line_load(show->session->recording, &show->runs, log_id, &line, err);
		if (result == 1 && show->with.count &&
			log_with_load(&show->with, show->session->recording, &line.row, err))
			result = -1;
		if (result == 1 && show->with.count && !show->as_json)
			line.with = log_with_words(&show->with);
		if (result == 1)
			result = show->as_json ? line_json(show, &line, search, query, err)
				 : log_list_add(&show->list, &line, is_uncertain, err)
					 ? -1
					 : terminal_flow_write(&show->flow, &show->page);
	}
	show->count += result >= 0;
	return result;
}

void log_show_sentence(struct log_show *show, enum page_style style, const char *words)
{
	if (show->as_json)
		return;
	log_list_flush(&show->list);
	show->page.indent = 2;
	page_words(&show->page, style, words);
	page_end_line(&show->page);
	if (show->traces && show->count && !show->has_begun)
		page_end_line(&show->page);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* The same number for async stacks that look the same, whatever their runs and moments. */
static uint64_t signature_of(const struct lineage *lineage)
{
	uint64_t hash = (uint64_t)lineage->end;
	size_t i, j;

	for (i = 0; i < lineage->count; i++) {
		const struct segment *segment = &lineage->segments[i];
		size_t count = segment->frames ? segment->frames->count : 0;

		hash = mix(hash, (uint64_t)segment->edge << 32 ^ count);
		hash = mix(hash, (uintptr_t)segment->api); /* interned */
		hash = mix(hash, (uint64_t)segment->in.run.thread_id);
		hash = mix(hash, (uint64_t)segment->folded_segments);
		hash = mix(hash, segment->folded_times != 0);
		for (j = 0; j < count; j++)
			hash = mix(hash, (uint64_t)segment->frames->rows[j].frame_id);
	}
	return hash;
}

/* Async stacks that look the same. */
struct alike {
	uint64_t signature;
	int64_t first, count;
	int64_t named[NAMED_MOST]; /* others than the first */
};

/* Which async stacks there are. Returns how many different ones, -1 after an error. */
static int64_t compare_stacks(
	struct log_show *show, struct alike *alike, int64_t looked, struct error *err)
{
	int64_t different = 0, i, j;
	struct lineage lineage;

	for (i = 0; i < looked; i++) {
		uint64_t signature;

		if (begin_lineage(show, show->traced[i], &lineage, err))
			return -1;
		signature = signature_of(&lineage);
		lineage_deinit(&lineage);
		for (j = 0; j < different && alike[j].signature != signature; j++)
			;
		if (j == different) {
			alike[different++] = (struct alike){signature, show->traced[i], 0, {0}};
			continue;
		}
		if (alike[j].count < NAMED_MOST)
			alike[j].named[alike[j].count] = show->traced[i];
		alike[j].count++;
	}
	return different;
}

/* "the same async stack: log:8, log:9 and 12 lines more" */
static void alike_line(struct log_show *show, const struct alike *alike)
{
	struct strbuf words = {0};
	int64_t i, named = alike->count < NAMED_MOST ? alike->count : NAMED_MOST;

	if (!alike->count)
		return;
	strbuf_add_string(&words, "the same async stack: ");
	for (i = 0; i < named; i++)
		strbuf_printf(&words, "%slog:%" PRId64, i ? ", " : "", alike->named[i]);
	if (alike->count > named) {
		strbuf_add_string(&words, " and ");
		quantity_add_count(&words, alike->count - named);
		strbuf_add_string(&words, alike->count - named == 1 ? " line more" : " lines more");
	}
	log_show_sentence(show, PAGE_BOUNDARY, strbuf_string(&words));
	strbuf_deinit(&words);
}

static int show_alike(struct log_show *show, const struct alike *alike, struct error *err)
{
	struct render_options options = {
		.state = reader_state(show->session->recording), .session = show->session};
	struct lineage lineage;

	if (begin_lineage(show, alike->first, &lineage, err))
		return -1;
	render_trace_text(&show->page, &lineage, &options);
	lineage_deinit(&lineage);
	alike_line(show, alike);
	return 0;
}

/* What is not shown, and how to see it. */
static void traces_foot(struct log_show *show, int64_t different, int64_t shown, int64_t looked)
{
	struct strbuf words = {0};

	if (shown < different) {
		quantity_add_count(&words, different - shown);
		strbuf_add_string(&words,
			different - shown == 1 ? " async stack more" : " async stacks more");
		strbuf_printf(&words, ": --limit %" PRId64, different);
	}
	if (looked < show->count) {
		strbuf_add_string(&words, words.length ? "; " : "");
		quantity_add_count(&words, show->count - looked);
		strbuf_add_string(&words, " lines more were found: without --trace they are listed,"
					  " and --format json traces all");
	}
	if (words.length) {
		page_end_line(&show->page);
		log_show_sentence(show, PAGE_WARN, strbuf_string(&words));
	}
	strbuf_deinit(&words);
}

static int show_traces(struct log_show *show, struct error *err)
{
	int64_t looked = show->count < LOG_TRACES_LOOKED ? show->count : LOG_TRACES_LOOKED;
	int64_t most = show->limit == UNKNOWN ? LOG_TRACES : show->limit, different, i;
	struct alike *alike = calloc((size_t)looked + 1, sizeof *alike);
	int result = 0;

	if (!alike)
		return error_set(err, "out of memory");
	show->has_begun = true;
	different = compare_stacks(show, alike, looked, err);
	if (different < 0)
		result = -1;
	for (i = 0; !result && i < different && i < most; i++) {
		if (i)
			page_end_line(&show->page);
		result = show_alike(show, &alike[i], err);
		if (!terminal_flow_write(&show->flow, &show->page))
			break;
	}
	if (!result)
		traces_foot(show, different, i, looked);
	free(alike);
	return result;
}

int log_show_end(struct log_show *show, struct error *err)
{
	struct strbuf words = {0};
	int result = 0;

	if (show->as_json) {
		if (show->count) {
			json_close(&show->json, ']');
			fputc('\n', show->json.out);
		}
		return 0;
	}
	if (show->traces && show->count)
		result = show_traces(show, err);
	log_list_flush(&show->list);
	log_list_foot(&show->list);
	if (show->has_more) {
		strbuf_printf(&words, "more lines match than --limit %" PRId64, show->limit);
		log_show_sentence(show, PAGE_WARN, strbuf_string(&words));
		strbuf_deinit(&words);
	}
	terminal_flow_end(&show->flow, &show->page);
	return result;
}
