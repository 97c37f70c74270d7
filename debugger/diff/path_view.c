/*
 * Two async stacks as one text: see path_view.h. Innermost first, as `trace` shows them: lines of
 * the base alone begin with -, of the other one alone with +.
 */
#include "debugger/diff/path_view.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/point.h"
#include "debugger/render/render_frames.h"
#include "debugger/render/render_trace.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <stdlib.h>
#include <string.h>

#define FUNCTION_COLUMN 4

static void add_point(struct strbuf *words, const struct path_pair *pair, int side)
{
	const struct lineage *lineage = &pair->lineages[side];

	point_add(words, &lineage->point);
	if (lineage->point.kind == POINT_ASYNC) {
		strbuf_add_string(words, " (");
		describe_type(words, lineage->resource.type.name);
		strbuf_add_char(words, ')');
	} else if (lineage->count && lineage->segments[0].in.run.run_id != UNKNOWN) {
		strbuf_add_string(words, " (");
		describe_execution(words, &lineage->segments[0].in);
		strbuf_add_char(words, ')');
	}
}

/* What is compared with what, and why with that. */
static void heading(struct page *page, const struct path_pair *pair)
{
	struct strbuf words = {0};
	int side;

	for (side = 0; side < FOREST_SIDES; side++) {
		strbuf_clear(&words);
		diff_view_name(&words, pair->view, side);
		page_add(page, side ? PAGE_GOOD : PAGE_BAD, side ? "+ " : "- ");
		page_add(page, PAGE_STRONG, strbuf_string(&words));
		strbuf_clear(&words);
		strbuf_add_string(&words, "  ");
		add_point(&words, pair, side);
		if (side && pair->match.kind == MATCH_SAME && pair->match.place > 1)
			strbuf_printf(&words, ", number %lld of the same async stack, as there",
				(long long)pair->match.place);
		else if (side && pair->match.kind == MATCH_SAME)
			strbuf_add_string(&words, ", the first of the same async stack, as there");
		else if (side && pair->match.kind == MATCH_FEWER)
			strbuf_printf(&words,
				", the last of the same async stack: there it is number %lld",
				(long long)pair->match.place);
		page->indent = 4;
		page_words(page, PAGE_PLAIN, strbuf_string(&words));
		if (side && pair->match.kind == MATCH_NEAREST)
			page_words(page, PAGE_WARN,
				": nothing there has the same async stack, this comes nearest");
		page_end_line(page);
	}
	page_end_line(page);
	strbuf_deinit(&words);
}

static void add_run(struct strbuf *words, int64_t run_id)
{
	if (run_id == UNKNOWN)
		strbuf_add_string(words, "?");
	else
		point_add_run(words, run_id);
}

/* "run:97 | run:87", or one of them. */
static void add_runs(
	struct strbuf *words, const int64_t runs[FOREST_SIDES], const bool has[FOREST_SIDES])
{
	if (has[0])
		add_run(words, runs[0]);
	if (has[0] && has[1] && runs[0] == runs[1])
		return;
	strbuf_add_string(words, has[0] && has[1] ? " | " : "");
	if (has[1])
		add_run(words, runs[1]);
}

static void add_waits(
	struct strbuf *words, const int64_t waits[FOREST_SIDES], const bool has[FOREST_SIDES])
{
	bool shown = false;
	int side;

	for (side = 0; side < FOREST_SIDES; side++) {
		if (!has[side] || waits[side] == UNKNOWN)
			continue;
		strbuf_add_string(words, shown ? " | " : "");
		quantity_add_duration(words, waits[side]);
		shown = true;
	}
	strbuf_add_string(words, shown ? " before" : "");
}

/* The call of which the run above came, of one side or of both. */
static void call_line(struct page *page, const struct path_line *lines[FOREST_SIDES])
{
	const struct path_line *line = lines[0] ? lines[0] : lines[1];
	const bool has[FOREST_SIDES] = {lines[0], lines[1]};
	int64_t armed[FOREST_SIDES], in[FOREST_SIDES], waits[FOREST_SIDES];
	struct strbuf words = {0};
	int side;

	for (side = 0; side < FOREST_SIDES; side++) {
		armed[side] = has[side] ? lines[side]->segment->of_run_id : UNKNOWN;
		in[side] = has[side] ? lines[side]->segment->in.run.run_id : UNKNOWN;
		waits[side] = has[side] ? lines[side]->segment->wait_ns : UNKNOWN;
	}
	strbuf_add_string(&words, "-- ");
	add_runs(&words, armed, has);
	strbuf_add_string(&words, line->segment->edge == EDGE_TRIGGER ? " made by " : " armed by ");
	describe_arming(&words, line->segment->api, UNKNOWN, UNKNOWN);
	strbuf_add_string(&words, " on ");
	describe_type(&words, line->segment->armed.type);
	strbuf_add_string(&words, " in ");
	add_runs(&words, in, has);
	page->indent = FUNCTION_COLUMN + 3;
	page_tab(page, 2);
	page_words(page, PAGE_BOUNDARY, strbuf_string(&words));
	strbuf_clear(&words);
	add_waits(&words, waits, has);
	if (words.length)
		page_right(page, PAGE_BOUNDARY, '-', PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

/* One frame, by what shows frames elsewhere. */
static void frame_line(struct frame_lines *lines, const struct frame *frame)
{
	struct frames *one = malloc(sizeof *one + sizeof *frame);

	if (!one)
		return;
	one->stack_id = UNKNOWN;
	one->count = 1;
	one->rows[0] = *frame;
	frame_lines_add(lines, one, FRAME_LINE);
	free(one);
}

static void add_line(
	struct frame_lines *lines, const struct path_line *base, const struct path_line *other)
{
	const struct path_line *pair[FOREST_SIDES] = {base, other};
	const struct path_line *line = base ? base : other;

	page_add(lines->page,
		base && other ? PAGE_PLAIN
		: base	      ? PAGE_BAD
			      : PAGE_GOOD,
		base && other ? " "
		: base	      ? "-"
			      : "+");
	if (line->frame)
		frame_line(lines, line->frame);
	else
		call_line(lines->page, pair);
}

/* Innermost first: what only the base has before what only the other one has. */
static void all_lines(struct page *page, const struct path_pair *pair)
{
	const struct path *a = &pair->paths[0], *b = &pair->paths[1];
	struct frame_lines lines = {.page = page,
		.executable = pair->lineages[0].process.executable,
		.function_column = FUNCTION_COLUMN,
		.place_column = FUNCTION_COLUMN + 12};
	size_t i = a->count, j = b->count, at;
	int side;

	for (side = 0; side < FOREST_SIDES; side++)
		for (at = 0; at < pair->lineages[side].count && at < 100; at++)
			frame_lines_measure(&lines, pair->lineages[side].segments[at].frames);
	while (i || j) {
		if (i && !a->lines[i - 1].like)
			add_line(&lines, &a->lines[--i], NULL);
		else if (j && !b->lines[j - 1].like)
			add_line(&lines, NULL, &b->lines[--j]);
		else if (i && j)
			add_line(&lines, &a->lines[--i], &b->lines[--j]);
		else
			break;
		/* Where main is behind them both, and they part. */
		if (i == pair->common && j == pair->common && i && !pair->is_same &&
			(i < a->count || j < b->count)) {
			page_add(page, PAGE_WARN, "  ^^ here they part");
			page_end_line(page);
		}
	}
}

/* What a line does, in a sentence: "calls read_page", "goes on by uv_fs_read". */
static void deed(struct strbuf *words, const struct path_line *line, const char *nothing)
{
	if (!line) {
		strbuf_add_string(words, nothing);
	} else if (!line->frame) {
		strbuf_add_string(words, "calls ");
		describe_arming(words, line->segment->api, UNKNOWN, UNKNOWN);
		strbuf_add_string(words, " for a ");
		describe_type(words, line->segment->armed.type);
	} else if (line->frame->function) {
		strbuf_add_string(words, "calls ");
		printable_add_string(words, line->frame->function);
	} else {
		strbuf_add_string(words, "calls a function without a name");
	}
}

static const struct path_line *line_at(const struct path *path, size_t index)
{
	return index < path->count ? &path->lines[index] : NULL;
}

/* How many runs lie between main and where they part. */
static int64_t runs_before(const struct path *path, size_t index)
{
	int64_t count = 0;
	size_t i;

	for (i = 0; i < index; i++)
		count += !path->lines[i].frame;
	return count;
}

static void parting(struct page *page, const struct path_pair *pair)
{
	const struct path_line *last =
		pair->common ? &pair->paths[0].lines[pair->common - 1] : NULL;
	const struct path_line *next[FOREST_SIDES];
	struct strbuf words = {0};
	int side;

	for (side = 0; side < FOREST_SIDES; side++)
		next[side] = line_at(&pair->paths[side], pair->common);
	if (!last) {
		strbuf_add_string(&words, "they have nothing in common, from main on");
	} else {
		strbuf_add_string(&words, "they part ");
		if (last->frame && last->frame->function) {
			strbuf_add_string(&words, "in ");
			printable_add_string(&words, last->frame->function);
		} else if (last->frame) {
			strbuf_add_string(&words, "in a function without a name");
		} else {
			strbuf_add_string(&words, "after ");
			describe_arming(&words, last->segment->api, UNKNOWN, UNKNOWN);
		}
		strbuf_add_string(&words, ", ");
		quantity_add_count(&words, runs_before(&pair->paths[0], pair->common));
		strbuf_add_string(&words, runs_before(&pair->paths[0], pair->common) == 1
						  ? " callback"
						  : " callbacks");
		strbuf_add_string(&words, " from main: ");
		for (side = 0; side < FOREST_SIDES; side++) {
			strbuf_add_string(&words, side ? ", " : "");
			diff_view_name(&words, pair->view, side);
			strbuf_add_char(&words, ' ');
			deed(&words, next[side], "ends there");
		}
	}
	page->indent = 2;
	page_words(page, PAGE_WARN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static void ends(struct page *page, const struct path_pair *pair)
{
	struct strbuf words = {0};
	int side;

	page->indent = 2;
	for (side = 0; side < FOREST_SIDES; side++) {
		const struct path *path = &pair->paths[side];

		strbuf_clear(&words);
		if (!pair->lineages[side].complete) {
			diff_view_name(&words, pair->view, side);
			strbuf_add_string(&words, " ends before main: ");
			strbuf_add_string(&words, pair->lineages[side].ended);
			page_words(page, PAGE_WARN, strbuf_string(&words));
			page_end_line(page);
		}
		strbuf_clear(&words);
		if (path->rounds || path->is_folded || path->is_cut) {
			diff_view_name(&words, pair->view, side);
			strbuf_add_string(&words, path->is_cut ? " is longer than can be compared"
							       : " went round: that is there once");
			page_words(page, PAGE_FAINT, strbuf_string(&words));
			page_end_line(page);
		}
	}
	strbuf_deinit(&words);
}

void path_view_text(struct page *page, const struct path_pair *pair)
{
	struct strbuf words = {0};

	heading(page, pair);
	all_lines(page, pair);
	if (pair->is_same) {
		strbuf_add_string(&words, "the same async stack: ");
		quantity_add_count(&words, runs_before(&pair->paths[0], pair->common));
		strbuf_add_string(&words, " callbacks from main");
		page_words(page, PAGE_GOOD, strbuf_string(&words));
		page_end_line(page);
		strbuf_deinit(&words);
	} else {
		parting(page, pair);
	}
	ends(page, pair);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void line_object(struct json *json, const struct path_line *line)
{
	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "run_id", line->segment->in.run.run_id);
	json_key_string(json, "callback", line->segment->in.callback);
	if (line->frame) {
		json_key_string(json, "function", line->frame->function);
		json_key_string(json, "file", line->frame->file);
		json_key_integer(json, "line", line->frame->line);
		json_key_string(json, "module", line->frame->module);
		json_key_integer(json, "address", line->frame->address);
	} else {
		json_key_string(json, "api", line->segment->api);
		json_key_string(json, "type", line->segment->armed.type);
		json_key_integer(json, "armed_run_id", line->segment->of_run_id);
		json_key_integer(json, "wait_ns", line->segment->wait_ns);
	}
	json_key(json, "common");
	json_boolean(json, line->like);
	json_close(json, '}');
}

void path_view_json(struct json *json, const struct path_pair *pair)
{
	static const char *const matches[] = {[MATCH_GIVEN] = "given",
		[MATCH_SAME] = "same",
		[MATCH_FEWER] = "fewer",
		[MATCH_NEAREST] = "nearest",
		[MATCH_KIND] = "kind"};
	struct strbuf point = {0};
	size_t i;
	int side;

	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_string(json, "match", matches[pair->match.kind]);
	json_key(json, "different");
	json_boolean(json, !pair->is_same);
	json_key_integer(json, "common_from_main", (int64_t)pair->common);
	for (side = 0; side < FOREST_SIDES; side++) {
		strbuf_clear(&point);
		point_add(&point, &pair->lineages[side].point);
		json_key(json, side ? "other" : "base");
		json_open(json, '{');
		json_key_string(json, "path", pair->view->sessions[side]->path);
		json_key_string(json, "point", strbuf_string(&point));
		json_key(json, "complete");
		json_boolean(json, pair->lineages[side].complete);
		json_key(json, "from_main");
		json_open(json, '[');
		for (i = 0; i < pair->paths[side].count; i++)
			line_object(json, &pair->paths[side].lines[i]);
		json_close(json, ']');
		json_close(json, '}');
	}
	json_close(json, '}');
	strbuf_deinit(&point);
}
