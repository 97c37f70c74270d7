/*
 * Two async stacks compared: see path.h. They are laid side by side as lines, from main on, and
 * where the first two lines differ they part. A line is a function, or what armed the next run, and
 * two are the same when their names are. What went round is there once, as in the forest.
 */
#include "debugger/diff/path.h"

#include "debugger/diff/code.h"
#include "debugger/diff/path_view.h"
#include "debugger/text/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 4000 /* of one stack: about as many cells as this squared are filled */

static int add_line(struct path *path, const struct path_line *line)
{
	if (path->count == path->capacity) {
		size_t capacity = path->capacity ? path->capacity * 2 : 64;
		struct path_line *lines = realloc(path->lines, capacity * sizeof *lines);

		if (!lines)
			return -1;
		path->lines = lines;
		path->capacity = capacity;
	}
	path->lines[path->count++] = *line;
	return 0;
}

/* A function's name as it is compared. */
static uint32_t frame_name(struct lexicon *lexicon, const struct frame *frame)
{
	const char *module = frames_basename(frame->module);
	char words[512];

	if (frame->function)
		return lexicon_text(lexicon, code_plain_name(frame->function, words, sizeof words));
	if (frame->end_reason)
		snprintf(words, sizeof words, "(%s)", frame->end_reason);
	else
		snprintf(words, sizeof words, "%s+0x%llx", module ? module : "?",
			(unsigned long long)frame->address);
	return lexicon_text(lexicon, words);
}

static uint32_t stack_of(struct lexicon *lexicon, const struct frames *frames)
{
	uint32_t stack = 0;
	size_t i;

	for (i = frames->count; i-- > 0;)
		if (!frames->rows[i].is_aside)
			stack = lexicon_stack(
				lexicon, stack, frame_name(lexicon, &frames->rows[i]));
	return stack;
}

/* What a segment is, for what goes round. `before` is the inner one, the run that came of it. */
static uint32_t segment_name(
	struct path_pair *pair, const struct segment *segment, const struct segment *before)
{
	const uint32_t call[TERM_WORDS] = {stack_of(&pair->lexicon, segment->frames),
		lexicon_text(&pair->lexicon, segment->armed.type),
		lexicon_text(&pair->lexicon, segment->api), segment->edge};
	uint32_t run[TERM_WORDS] = {0, lexicon_text(&pair->lexicon, before->in.callback),
		lexicon_text(&pair->lexicon, before->in.run.part), UINT32_MAX};

	run[0] = keys_add(&pair->segments, call);
	return keys_add(&pair->segments, run);
}

/* The segments from main on, in `ret`, those that go round once. Returns how many. */
static size_t unroll(struct path_pair *pair, const struct lineage *lineage, size_t *ret,
	uint32_t *names, struct path *path)
{
	size_t count = 0, i, at;

	for (i = lineage->count; i-- > 1;) {
		const struct segment *segment = &lineage->segments[i];
		uint32_t name = segment_name(pair, segment, segment - 1);

		for (at = count; at-- > 0 && names[at] != name;)
			;
		if (name && at < count) {
			path->rounds += count - at;
			count = at;
		}
		path->is_folded |= segment->folded_times > 0;
		ret[count] = i;
		names[count++] = name;
	}
	if (lineage->count)
		ret[count++] = 0;
	return count;
}

static int add_segment(struct path_pair *pair, struct path *path, const struct segment *segment,
	const struct segment *before)
{
	const struct frames *frames = segment->frames;
	size_t i;

	for (i = frames->count; i-- > 0;) {
		struct path_line line = {.segment = segment, .frame = &frames->rows[i]};
		uint32_t name;

		if (frames->rows[i].is_aside)
			continue;
		name = frame_name(&pair->lexicon, &frames->rows[i]);
		line.name = name;
		/* A function that calls itself is there once. */
		if (path->count && path->lines[path->count - 1].segment == segment &&
			path->lines[path->count - 1].name == name)
			continue;
		if (path->count >= LINES_MAX) {
			path->is_cut = true;
			return 0;
		}
		if (add_line(path, &line))
			return -1;
	}
	if (before) {
		const uint32_t key[TERM_WORDS] = {lexicon_text(&pair->lexicon, segment->api),
			lexicon_text(&pair->lexicon, segment->armed.type), segment->edge,
			UINT32_MAX - 1};

		return add_line(path, &(struct path_line){.segment = segment,
					      .before = before,
					      .name = keys_add(&pair->segments, key)});
	}
	return 0;
}

static int lay_out(struct path_pair *pair, int side, struct error *err)
{
	const struct lineage *lineage = &pair->lineages[side];
	struct path *path = &pair->paths[side];
	size_t *order = calloc(lineage->count + 1, sizeof *order), count, i;
	uint32_t *names = calloc(lineage->count + 1, sizeof *names);
	int result = -1;

	if (!order || !names)
		goto out;
	count = unroll(pair, lineage, order, names, path);
	for (i = 0; i < count; i++)
		if (add_segment(pair, path, &lineage->segments[order[i]],
			    order[i] ? &lineage->segments[order[i] - 1] : NULL))
			goto out;
	result = 0;
out:
	free(order);
	free(names);
	return result ? error_set(err, "out of memory") : 0;
}

static bool is_same(const struct path_line *a, const struct path_line *b)
{
	return a->name == b->name && !a->before == !b->before;
}

/*
 * After they have parted some may be the same again: the longest lot of lines, in order, that both
 * have. table[i][j] is how many are in what comes from i and j on.
 */
static int align_rest(struct path_pair *pair, size_t from, struct error *err)
{
	struct path *a = &pair->paths[0], *b = &pair->paths[1];
	size_t n = a->count - from, m = b->count - from, width = m + 1, i, j;
	uint16_t *table;

	table = calloc((n + 1) * width, sizeof *table);
	if (!table)
		return error_set(err, "out of memory");
	for (i = n; i-- > 0;)
		for (j = m; j-- > 0;)
			table[i * width + j] =
				is_same(&a->lines[from + i], &b->lines[from + j])
					? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
				: table[(i + 1) * width + j] > table[i * width + j + 1]
					? table[(i + 1) * width + j]
					: table[i * width + j + 1];
	for (i = 0, j = 0; i < n && j < m;) {
		if (is_same(&a->lines[from + i], &b->lines[from + j])) {
			a->lines[from + i].like = &b->lines[from + j];
			b->lines[from + j].like = &a->lines[from + i];
			i++;
			j++;
		} else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
			i++;
		} else {
			j++;
		}
	}
	free(table);
	return 0;
}

static int align(struct path_pair *pair, struct error *err)
{
	struct path *a = &pair->paths[0], *b = &pair->paths[1];
	size_t i;

	for (i = 0; i < a->count && i < b->count && is_same(&a->lines[i], &b->lines[i]); i++) {
		a->lines[i].like = &b->lines[i];
		b->lines[i].like = &a->lines[i];
	}
	pair->common = i;
	pair->is_same =
		i == a->count && i == b->count && pair->lineages[0].end == pair->lineages[1].end;
	return align_rest(pair, i, err);
}

static int lay_out_both(struct path_pair *pair, struct error *err)
{
	const struct lineage_options options = {.by = EDGE_LINK, .depth = UNKNOWN};
	const struct point *points[] = {&pair->match.base, &pair->match.other};
	int side;

	for (side = 0; side < FOREST_SIDES; side++) {
		struct session *session = pair->view->sessions[side];

		if (lineage_init(&pair->lineages[side], session->recording, session->cache,
			    points[side], &options, err))
			return -1;
		pair->has_lineage[side] = true;
		if (lay_out(pair, side, err))
			return -1;
	}
	return align(pair, err);
}

static void show(struct path_pair *pair, bool as_json)
{
	struct session *session = pair->view->sessions[0];
	struct json json = {.out = session->out};
	struct page page = {0};

	if (as_json) {
		path_view_json(&json, pair);
		fputc('\n', session->out);
		return;
	}
	terminal_begin(&page, session->out);
	path_view_text(&page, pair);
	terminal_show(&page, session->out, !session->at_prompt);
	page_deinit(&page);
}

static void deinit(struct path_pair *pair)
{
	int side;

	for (side = 0; side < FOREST_SIDES; side++) {
		if (pair->has_lineage[side])
			lineage_deinit(&pair->lineages[side]);
		free(pair->paths[side].lines);
	}
	keys_deinit(&pair->segments);
	lexicon_deinit(&pair->lexicon);
}

int diff_path(struct diff_view *view, const struct point *base, const struct point *other,
	bool as_json, bool by_code, struct error *err)
{
	struct path_pair pair = {.view = view, .match = {.base = *base, .kind = MATCH_GIVEN}};
	int status = 1;

	lexicon_init(&pair.lexicon);
	if (other)
		pair.match.other = *other;
	if ((other || !match_point(&pair.match, view, base, err)) && !lay_out_both(&pair, err)) {
		session_look_at(view->sessions[0], &pair.lineages[0].point);
		show(&pair, as_json);
		status = by_code && !pair.is_same;
	}
	deinit(&pair);
	return status;
}
