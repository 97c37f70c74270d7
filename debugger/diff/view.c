/*
 * A comparison as text for people: see view.h. What is most significant comes first; of each
 * difference its call stack and its way from main are said, and one ID to go on with.
 */
#include "debugger/diff/view.h"

#include "debugger/diff/node_words.h"
#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/lineage/place.h"
#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define COMMAND_BYTES 60
#define STACK_SHOWN   12 /* functions of a stack */
#define NAME_BYTES    80
#define INDENT	      6 /* of what is said below a difference */
#define DRIFT_TOLD    2.0

struct viewer {
	struct page *page;
	const struct diff_view *view;
	struct strbuf words;
	struct error *err;
	bool failed;
};

static struct strbuf *new_words(struct viewer *viewer)
{
	strbuf_clear(&viewer->words);
	return &viewer->words;
}

static const char *words_of(struct viewer *viewer)
{
	return strbuf_string(&viewer->words);
}

void diff_view_name(struct strbuf *words, const struct diff_view *view, int side)
{
	const char *path = view->sessions[side]->path, *other = view->sessions[!side]->path;
	const char *name = frames_basename(path);

	/* Two files of one name are told apart by their folders. */
	if (!strcmp(name, frames_basename(other)))
		name = path;
	printable_add(words, name, strlen(name), 200);
}

/* How a command on a side's recording is typed: "trace", "acausal trace -r new.db". */
static void diff_view_command(
	struct strbuf *words, const struct diff_view *view, int side, const char *command)
{
	if (view->sessions[0]->at_prompt && side)
		strbuf_add_char(words, '!');
	session_add_command(view->sessions[side], words, command);
}

static void add_count(struct strbuf *words, int64_t count, const char *single, const char *several)
{
	quantity_add_count(words, count);
	strbuf_add_string(words, count == 1 ? single : several);
}

static void heading_line(struct page *page, const struct diff_view *view, int side, size_t column)
{
	struct reader *recording = view->sessions[side]->recording;
	const struct gathered *sums = &view->gathered[side];
	struct strbuf words = {0};

	diff_view_name(&words, view, side);
	page_add(page, PAGE_STRONG, strbuf_string(&words));
	page_tab(page, column);
	page->indent = column;
	strbuf_clear(&words);
	describe_command_briefly(
		&words, recording, reader_meta(recording, "command"), COMMAND_BYTES);
	strbuf_add_string(&words, words.length ? ": " : "");
	add_count(&words, sums->resources, " resource, ", " resources, ");
	add_count(&words, sums->runs, " run", " runs");
	if (sums->began_ns <= sums->ended_ns) {
		strbuf_add_string(&words, " in ");
		quantity_add_span(&words, sums->began_ns, sums->ended_ns);
	}
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	if (reader_state_words(recording)) {
		page_words(page, PAGE_WARN, ", ");
		page_words(page, PAGE_WARN, reader_state_words(recording));
	}
	page_end_line(page);
	strbuf_deinit(&words);
}

/* That ways were more than are told apart. */
static void partial_line(struct page *page, const struct diff_view *view, int side)
{
	struct strbuf words = {0};

	diff_view_name(&words, view, side);
	strbuf_add_string(&words, " has more different async stacks than are told apart: ");
	quantity_add_count(&words, view->gathered[side].left_out);
	strbuf_add_string(&words, " calls and runs are compared by their callback and its stack"
				  " alone, whatever led to it");
	page->indent = 2;
	page_words(page, PAGE_WARN, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

/* A line for each recording: what it is of, and how much there is. */
static void diff_view_heading(struct page *page, const struct diff_view *view)
{
	struct strbuf words = {0};
	size_t column = 0;
	int side;

	for (side = 0; side < FOREST_SIDES; side++) {
		size_t width;

		strbuf_clear(&words);
		diff_view_name(&words, view, side);
		width = printable_width(strbuf_string(&words)) + 2;
		column = width > column && width <= 40 ? width : column;
	}
	strbuf_deinit(&words);
	for (side = 0; side < FOREST_SIDES; side++)
		heading_line(page, view, side, column);
	for (side = 0; side < FOREST_SIDES; side++)
		if (view->gathered[side].is_partial)
			partial_line(page, view, side);
}

/* --- one difference -----------------------------------------------------------------------------
 */

static const char *verb_of(const struct node *node)
{
	return node->kind == NODE_RUN ? "ran" : node->kind == NODE_ARMED ? "armed" : "created";
}

/* "3 times", "once". */
static void add_times(struct strbuf *words, int64_t count)
{
	if (count == 1)
		strbuf_add_string(words, "once");
	else
		add_count(words, count, "", " times");
}

/* "2.5 a run", a number for one of what is around it. */
static void add_rate(struct strbuf *words, int64_t count, int64_t of)
{
	double rate = (double)count / (double)of;

	if (of == 1 || fabs(rate - round(rate)) < 1e-9)
		quantity_add_count(words, (int64_t)rate);
	else
		strbuf_printf(words, rate < 0.01 ? "%.2g" : "%.2f", rate);
}

static void add_percent(struct strbuf *words, int64_t count, int64_t of)
{
	add_count(words, count, " of ", " of ");
	quantity_add_count(words, of);
}

static void only_words(
	struct strbuf *words, const struct node *node, const struct difference *row, int side)
{
	int64_t own = node->kind == NODE_CREATED;
	int64_t created = row->created - (own ? row->counts[side] : 0);
	int64_t runs = row->runs - (node->kind == NODE_RUN ? row->counts[side] : 0);

	if (node->kind == NODE_PROCESS || node->kind == NODE_UNKNOWN)
		created = row->created;
	else
		strbuf_add_string(words, ", "), add_times(words, row->counts[side]);
	if (row->alive > 0 && row->alive == row->counts[side])
		strbuf_add_string(words,
			row->alive == 1 ? ", never destroyed" : ", none of them ever destroyed");
	else if (row->alive > 0)
		strbuf_add_string(words, ", "),
			add_count(words, row->alive, " never destroyed", " never destroyed");
	if (created <= 0 && runs <= 0)
		return;
	strbuf_add_string(words, "; of it came ");
	if (created > 0)
		add_count(words, created, " resource", " resources");
	strbuf_add_string(words, created > 0 && runs > 0 ? " and " : "");
	if (runs > 0)
		add_count(words, runs, " run", " runs");
}

/* "is slower: median 1.1 us -> 4.1 ms, ...". */
static void add_time_pair(struct strbuf *words, const struct samples *a, const struct samples *b,
	const char *longer, const char *shorter)
{
	static const struct {
		unsigned part;
		const char *name;
	} parts[] = {{50, ": median "}, {90, ", 90 % "}, {100, ", longest "}};
	size_t i;

	strbuf_add_string(
		words, samples_percentile(b, 50) > samples_percentile(a, 50) ? longer : shorter);
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		strbuf_add_string(words, parts[i].name);
		quantity_add_duration(words, parts[i].part == 100
						     ? a->longest_ns
						     : samples_percentile(a, parts[i].part));
		strbuf_add_string(words, " -> ");
		quantity_add_duration(words, parts[i].part == 100
						     ? b->longest_ns
						     : samples_percentile(b, parts[i].part));
	}
}

/* The node, and what is called from the same stack. */
static void what_words(
	struct strbuf *words, const struct forest *forest, const struct difference *row)
{
	size_t i;

	if (!row->also_count) {
		node_words_what(words, forest, row->node);
		return;
	}
	node_words_both(words, forest, row->node, row->also[0]);
	for (i = 1; i < row->also_count && i < DIFFERENCE_ALSO; i++) {
		strbuf_add_string(words, ", ");
		node_words_what(words, forest, row->also[i]);
	}
	if (row->also_count > DIFFERENCE_ALSO)
		strbuf_printf(words, ", %zu more", row->also_count - DIFFERENCE_ALSO);
}

static void difference_words(
	struct strbuf *words, const struct forest *forest, const struct difference *row)
{
	const struct node *node = forest_node(forest, row->node);
	const int64_t *counts = row->counts, *of = row->of;

	what_words(words, forest, row);
	switch (row->kind) {
	case DIFFERENCE_ONLY_BASE:
	case DIFFERENCE_ONLY_OTHER:
		only_words(words, node, row, row->kind == DIFFERENCE_ONLY_OTHER);
		break;
	case DIFFERENCE_STATUS:
		strbuf_add_string(words, ": ");
		describe_status(words, row->status);
		strbuf_add_string(words, " in ");
		add_percent(words, counts[0], of[0]);
		strbuf_add_string(words, " runs -> ");
		add_percent(words, counts[1], of[1]);
		break;
	case DIFFERENCE_ALIVE:
		strbuf_add_string(words, ": never destroyed ");
		add_percent(words, counts[0], of[0]);
		strbuf_add_string(words, " -> ");
		add_percent(words, counts[1], of[1]);
		break;
	case DIFFERENCE_CREATED:
	case DIFFERENCE_RUNS:
		strbuf_printf(words, ": %s ", verb_of(node));
		add_rate(words, counts[0], of[0]);
		strbuf_add_string(words, " -> ");
		add_rate(words, counts[1], of[1]);
		strbuf_add_string(
			words, node->kind == NODE_RUN ? " for each call" : " in each run");
		strbuf_add_string(words, " (");
		quantity_add_count(words, counts[0]);
		strbuf_add_string(words, " -> ");
		quantity_add_count(words, counts[1]);
		strbuf_add_string(words, " in all)");
		break;
	case DIFFERENCE_RAN:
		add_time_pair(words, &node->sides[0]->ran, &node->sides[1]->ran, " is slower",
			" is faster");
		break;
	default:
		add_time_pair(words, &node->sides[0]->waited, &node->sides[1]->waited,
			" waits longer", " waits less long");
	}
}

/* Where the innermost function stood: "src/a.c:40". */
static void add_place(struct strbuf *words, const struct frames *frames, const char *executable)
{
	size_t i = 0;

	while (i < frames->count && frames->rows[i].is_aside)
		i++;
	if (i == frames->count || !frames->rows[i].file)
		return;
	strbuf_add_char(words, ' ');
	place_add_file(words, frames->rows[i].file, frames->rows[i].directory, executable);
	if (frames->rows[i].line > 0)
		strbuf_printf(words, ":%" PRId64, frames->rows[i].line);
}

/* "open_session src/a.c:40  <  on_stat": the names are what was compared, and none is left out. */
static void add_stack(struct strbuf *words, const struct viewer *viewer, const struct node *node,
	const struct frames *frames, const char *executable)
{
	const struct lexicon *lexicon = &viewer->view->forest->lexicon;
	uint32_t stack = node->stack, name = stack ? lexicon_function(lexicon, stack) : node->name;
	size_t count = 0;

	for (; name && count < STACK_SHOWN; count++) {
		const char *function = lexicon_words(lexicon, name);

		strbuf_add_string(words, count ? "  <  " : "");
		printable_add(words, function, strlen(function), NAME_BYTES);
		if (!count)
			add_place(words, frames, executable);
		stack = lexicon_caller(lexicon, stack);
		name = lexicon_function(lexicon, stack);
	}
	strbuf_add_string(words, name ? "  <  ..." : "");
}

/* The call's own stack, with a place of the recording that has it: the other one's when both do. */
static void stack_line(struct viewer *viewer, const struct node *node)
{
	int side = node->sides[1] ? 1 : 0;
	const struct node_side *own = node->sides[side];
	const struct session *session = viewer->view->sessions[side];
	struct frames_base base = {.callback_frame_id = UNKNOWN};
	struct process_row process = {0};
	const struct frames *frames;
	struct strbuf *words = new_words(viewer);
	int failed;

	if (own->stack_id == UNKNOWN && own->callback_frame_id == UNKNOWN)
		return;
	base.is_root = node->parent &&
		       forest_node(viewer->view->forest, node->parent)->kind == NODE_PROCESS;
	failed = own->stack_id != UNKNOWN ? frames_of_stack(session->cache, session->recording,
						    own->stack_id, &base, &frames, viewer->err)
					  : frames_of_place(session->cache, session->recording,
						    own->callback_frame_id, &frames, viewer->err);
	if (failed || lookup_process(session->recording, 1, &process, viewer->err) < 0) {
		viewer->failed = true;
		return;
	}
	add_stack(words, viewer, node, frames, process.executable);
	if (!words->length)
		return;
	viewer->page->indent = INDENT + 2;
	page_tab(viewer->page, INDENT);
	page_words(viewer->page, PAGE_PLACE, words_of(viewer));
	page_end_line(viewer->page);
	viewer->page->indent = INDENT;
}

/* What to type to see one. */
static void hint(struct viewer *viewer, const struct difference *row)
{
	const struct node *node = forest_node(viewer->view->forest, row->node);
	bool both = node->sides[0] && node->sides[1];
	struct strbuf *words = new_words(viewer), point = {0};
	int side = node->sides[1] ? 1 : 0;

	if (row->kind == DIFFERENCE_ALIVE && node->sides[1]->alive) {
		point_add_async(&point, node->sides[1]->alive_id);
		both = false;
	} else if (row->kind == DIFFERENCE_RAN && node->sides[1]->longest_id != UNKNOWN) {
		point_add_run(&point, node->sides[1]->longest_id);
		both = false;
	} else {
		node_words_point(&point, viewer->view->forest, row->node, both ? 0 : side);
	}
	if (point.length) {
		if (both)
			side = 0;
		diff_view_command(words, viewer->view, side, both ? "diff" : "trace");
		if (both) {
			strbuf_add_char(words, ' ');
			printable_add_string(words, viewer->view->sessions[1]->path);
		}
		strbuf_printf(words, " %s", strbuf_string(&point));
		viewer->page->indent = INDENT;
		page_right(viewer->page, PAGE_PLAIN, ' ', PAGE_FAINT, words_of(viewer));
	}
	strbuf_deinit(&point);
}

static void difference_lines(struct viewer *viewer, const struct difference *row)
{
	const struct forest *forest = viewer->view->forest;
	struct page *page = viewer->page;
	struct strbuf *words = new_words(viewer);

	page->indent = INDENT;
	page_add(page, PAGE_PLAIN, "  ");
	difference_words(words, forest, row);
	page_words(page, PAGE_STRONG, words_of(viewer));
	page_end_line(page);
	stack_line(viewer, forest_node(forest, row->node));
	words = new_words(viewer);
	node_words_way(words, forest, row->node);
	if (row->ways)
		strbuf_printf(
			words, ", and by %zu other way%s", row->ways, row->ways == 1 ? "" : "s");
	page_tab(page, INDENT);
	page_words(page, PAGE_PLAIN, words_of(viewer));
	hint(viewer, row);
	page_end_line(page);
}

/* --- all of them --------------------------------------------------------------------------------
 */

static void kind_heading(struct viewer *viewer, enum difference_kind kind, bool is_rare)
{
	static const char *const titles[DIFFERENCE_KINDS] = {
		[DIFFERENCE_ONLY_OTHER] = "only in ",
		[DIFFERENCE_ONLY_BASE] = "only in ",
		[DIFFERENCE_STATUS] = "errors",
		[DIFFERENCE_ALIVE] = "never destroyed",
		[DIFFERENCE_CREATED] = "how many are created and armed",
		[DIFFERENCE_RUNS] = "how often they run",
		[DIFFERENCE_RAN] = "how long callbacks run",
		[DIFFERENCE_WAITED] = "how long they wait before",
	};
	struct strbuf *words = new_words(viewer);

	strbuf_add_string(words, titles[kind]);
	if (kind == DIFFERENCE_ONLY_OTHER || kind == DIFFERENCE_ONLY_BASE)
		diff_view_name(words, viewer->view, kind == DIFFERENCE_ONLY_OTHER);
	strbuf_add_string(words, is_rare ? ", too seldom to tell from chance" : "");
	page_end_line(viewer->page);
	page_add(viewer->page, PAGE_WARN, words_of(viewer));
	page_end_line(viewer->page);
}

/* Those of one kind. The rows are sorted so that they stand together. */
static void kind_lines(struct viewer *viewer, enum difference_kind kind, bool is_rare)
{
	const struct comparison *comparison = viewer->view->comparison;
	int64_t count = 0, left = 0;
	size_t i;

	for (i = 0; i < comparison->count && !viewer->failed; i++) {
		const struct difference *row = &comparison->rows[i];

		if (row->kind != kind || row->is_rare != is_rare || row->is_told)
			continue;
		if (count >= viewer->view->limit) {
			left++;
			continue;
		}
		if (!count++)
			kind_heading(viewer, kind, is_rare);
		difference_lines(viewer, row);
	}
	if (!left)
		return;
	add_count(new_words(viewer), left, " more: --limit N", " more: --limit N");
	page_add(viewer->page, PAGE_FAINT, "  ");
	page_add(viewer->page, PAGE_FAINT, words_of(viewer));
	page_end_line(viewer->page);
}

static void drift_line(struct viewer *viewer)
{
	double drift = viewer->view->comparison->drift;
	struct strbuf *words = new_words(viewer);

	/* Between that a busy machine makes it, and it explains nothing. */
	if (drift < DRIFT_TOLD && drift > 1 / DRIFT_TOLD)
		return;
	strbuf_printf(words, "callbacks took %.2g times as long in ", drift);
	diff_view_name(words, viewer->view, 1);
	strbuf_add_string(words,
		", in their median: another machine, or another build? What is told"
		" of times is beyond that");
	page_end_line(viewer->page);
	viewer->page->indent = 0;
	page_words(viewer->page, PAGE_FAINT, words_of(viewer));
	page_end_line(viewer->page);
}

static void rare_line(struct viewer *viewer)
{
	const struct comparison *comparison = viewer->view->comparison;
	struct strbuf *words = new_words(viewer);
	int64_t rare = 0;
	size_t i;

	for (i = 0; i < comparison->count; i++)
		rare += comparison->rows[i].is_rare && !comparison->rows[i].is_told;
	if (!rare || viewer->view->all)
		return;
	add_count(words, rare, " path is", " paths are");
	strbuf_add_string(words, " in one of them only, too seldom to tell from chance:"
				 " --all shows them");
	viewer->page->indent = 0;
	page_words(viewer->page, PAGE_FAINT, words_of(viewer));
	page_end_line(viewer->page);
}

int diff_view_text(struct page *page, const struct diff_view *view, struct error *err)
{
	struct viewer viewer = {.page = page, .view = view, .err = err};
	const struct comparison *comparison = view->comparison;
	struct strbuf *words;
	size_t i;

	diff_view_heading(page, view);
	for (i = 0; i < DIFFERENCE_KINDS; i++)
		kind_lines(&viewer, comparison->order[i], false);
	for (i = 0; view->all && i < DIFFERENCE_KINDS; i++)
		kind_lines(&viewer, comparison->order[i], true);
	drift_line(&viewer);
	words = new_words(&viewer);
	if (comparison->count == comparison->rare) {
		strbuf_add_string(words, "no difference: ");
		add_count(words, (int64_t)comparison->common,
			" call or callback by its async stack",
			" calls and callbacks by their async stacks");
		strbuf_add_string(words, ", in numbers, errors and times");
		page->indent = 0;
		page_end_line(page);
		page_words(page, PAGE_GOOD, words_of(&viewer));
		page_end_line(page);
	} else {
		page_end_line(page);
	}
	rare_line(&viewer);
	strbuf_deinit(&viewer.words);
	return viewer.failed ? -1 : 0;
}
