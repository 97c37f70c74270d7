/*
 * An async stack as text: see render_trace.h. The face of the product: every boundary is a sentence
 * with something to type next. Promises printable text; may change from version to version, scripts
 * read JSON.
 */
#include "debugger/render/render_trace.h"

#include "debugger/lineage/describe.h"
#include "debugger/render/render_context.h"
#include "debugger/render/render_frames.h"
#include "debugger/render/render_heading.h"
#include "debugger/render/render_wait.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <string.h>

#define FUNCTION_COLUMN 6   /* where functions begin */
#define BRIEF_COLUMN	10  /* … and those of a brief line: below the heading's words */
#define WHOLE_MAX	100 /* segments that are shown without leaving any out … */
#define FIRST_SHOWN	80  /* … and of more than that so many at the beginning */
#define LAST_SHOWN	20  /* … and at the end */

struct renderer {
	struct page *page;
	const struct lineage *lineage;
	const struct render_options *options;
	struct frame_lines lines;
	struct strbuf words;	      /* for one sentence at a time */
	size_t left_out, shown_again; /* segments from the one up to the other are left out */
};

/* The words so far, which the next use begins anew. */
static const char *take_words(struct renderer *renderer)
{
	return strbuf_string(&renderer->words);
}

static struct strbuf *new_words(struct renderer *renderer)
{
	strbuf_clear(&renderer->words);
	return &renderer->words;
}

/*
 * How the run went that was armed, where that is worth a word: "status ECANCELED", and "418 bytes"
 * when there is room for it.
 */
static void outcome_words(const struct page *page, struct strbuf *words, const struct run_row *run)
{
	size_t before = words->length;

	strbuf_add_string(words, before ? ", " : "");
	if (run->status != UNKNOWN && run->status < 0) {
		strbuf_add_string(words, "status ");
		describe_status(words, run->status);
	} else if (run->bytes != UNKNOWN && run->bytes > 0) {
		quantity_add_count(words, run->bytes);
		strbuf_add_string(words, " bytes");
		if (page_room(page) < printable_width(strbuf_string(words)) + 4)
			strbuf_truncate(words, before);
	} else {
		strbuf_truncate(words, before);
	}
}

static bool is_class(const struct segment *segment, const char *class)
{
	return segment->armed.class && !strcmp(segment->armed.class, class);
}

/* "process 2 (sh -c make) started by uv_spawn" */
static void started_words(struct strbuf *words, const struct segment *segment)
{
	strbuf_printf(words, "process %" PRId64, id_process(segment->armed.async_id));
	if (segment->armed.detail && *segment->armed.detail) {
		strbuf_add_string(words, " (");
		printable_add_string(words, segment->armed.detail);
		strbuf_add_char(words, ')');
	}
	strbuf_add_string(words, " started by ");
	describe_arming(words, segment->api, UNKNOWN, UNKNOWN);
}

/* What was armed, and how: the beginning of a boundary's sentence. `before` is what was armed. */
static void armed_words(
	struct strbuf *words, const struct segment *segment, const struct execution *before)
{
	bool new_process = is_class(segment, "process") &&
			   id_process(segment->armed.async_id) != id_process(segment->of_run_id);

	if (is_class(segment, "root")) {
		started_words(words, segment);
		return;
	}
	if (segment->edge == EDGE_TRIGGER) {
		describe_resource(
			words, segment->armed.type, segment->armed.async_id, segment->armed.detail);
		strbuf_add_string(words, " made by ");
		describe_arming(words, segment->api, UNKNOWN, UNKNOWN);
		return;
	}
	point_add_run(words, segment->of_run_id);
	strbuf_add_string(words, segment->edge == EDGE_CAUSE		      ? " fired by "
				 : is_class(segment, "thread") || new_process ? " started by "
									      : " armed by ");
	describe_arming(words, segment->api, segment->armed.timeout_ms, segment->armed.repeat_ms);
	if (is_class(segment, "thread") && before->run.thread_id != UNKNOWN) {
		strbuf_printf(words, " as thread:%" PRId64, before->run.thread_id);
		return;
	}
	strbuf_add_string(words, " on ");
	describe_resource(
		words, segment->armed.type, segment->armed.async_id, segment->armed.detail);
	if (segment->armed.times > 1) {
		strbuf_add_string(words, ", armed ");
		quantity_add_count(words, segment->armed.times);
		strbuf_add_string(words, " times");
	}
}

static void run_words(struct strbuf *words, const struct execution *in)
{
	if (in->run.run_id == UNKNOWN)
		strbuf_add_string(words, "an unknown run");
	else
		point_add_run(words, in->run.run_id);
}

/* On which thread, or in which process, when that is another than that of `than`. */
static void thread_words(
	struct strbuf *words, const struct execution *in, const struct execution *than)
{
	if (in->run.run_id != UNKNOWN && than->run.run_id != UNKNOWN &&
		id_process(in->run.run_id) != id_process(than->run.run_id))
		strbuf_printf(words, ", process %" PRId64, id_process(in->run.run_id));
	else if (in->run.thread_id != than->run.thread_id && in->run.thread_id != UNKNOWN)
		strbuf_printf(words, ", on thread:%" PRId64, in->run.thread_id);
}

static bool is_cause(const struct cause_row *cause, const char *kind)
{
	return cause->kind && !strcmp(cause->kind, kind);
}

static const char *firing_verb(const struct cause_row *cause)
{
	return is_cause(cause, "cancel") || is_cause(cause, "close") ? "cancelled by "
	       : is_cause(cause, "kill")			     ? "signalled by "
								     : "fired by ";
}

/* What to type about another run. */
static void trace_hint(struct renderer *renderer, int64_t run_id)
{
	struct strbuf *words = new_words(renderer);

	if (renderer->options->session)
		session_add_command(renderer->options->session, words, "trace");
	else
		strbuf_add_string(words, "acausal trace");
	strbuf_add_char(words, ' ');
	point_add_run(words, run_id);
	page_right(renderer->page, PAGE_PLAIN, ' ', PAGE_FAINT, take_words(renderer));
}

/* One callback had the loop for most of the time. */
static void holder_line(struct renderer *renderer, const struct segment *segment)
{
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	if (!render_holder_words(words, segment, renderer->lineage->process.executable))
		return;
	page->indent = FUNCTION_COLUMN;
	page_add(page, PAGE_WARN, "  !");
	page_tab(page, FUNCTION_COLUMN);
	page_words(page, PAGE_WARN, take_words(renderer));
	if (segment->wait->holder.run_id != segment->in.run.run_id) {
		trace_hint(renderer, segment->wait->holder.run_id);
	}
	page_end_line(page);
}

/* Another run made it fire than the one that armed it. */
static void firing_lines(
	struct renderer *renderer, const struct segment *segment, const struct segment *inner)
{
	const struct execution *before = &inner->in;
	const struct firing *firing = &segment->firing;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	page->indent = FUNCTION_COLUMN;
	page_add(page, PAGE_WARN, " !!");
	page_tab(page, FUNCTION_COLUMN);
	strbuf_add_string(words, firing_verb(&firing->row));
	describe_arming(words, firing->row.api, UNKNOWN, UNKNOWN);
	strbuf_add_string(words, " in ");
	run_words(words, &firing->in);
	if (firing->in.run.run_id != UNKNOWN) {
		strbuf_add_string(words, " (");
		describe_execution(words, &firing->in);
		strbuf_add_string(words, ")");
	}
	thread_words(words, &firing->in, before);
	if (segment->wait_ns != UNKNOWN && firing->row.caused_ns != UNKNOWN) {
		int64_t wait = (int64_t)((uint64_t)segment->ns + (uint64_t)segment->wait_ns -
					 (uint64_t)firing->row.caused_ns);

		strbuf_add_string(words, ", ");
		quantity_add_duration(words, wait < 0 ? 0 : wait);
		strbuf_add_string(words, " before");
	}
	if (firing->count != UNKNOWN && firing->count > 1) {
		bool is_again = is_cause(&firing->row, "again");

		strbuf_add_string(words, is_again ? ", last of " : ", first of ");
		quantity_add_count(words, firing->count);
		strbuf_add_string(words, is_again			  ? " calls"
					 : is_cause(&firing->row, "send") ? " sends"
									  : " signals");
	}
	if (inner->in.run.run_id == segment->of_run_id)
		render_context_difference(words, inner->context, firing->context);
	page_words(page, PAGE_WARN, take_words(renderer));
	page_end_line(page);
	page_add(page, PAGE_WARN, " !!");
	page->indent = FUNCTION_COLUMN + 2;
	page_tab(page, page->indent);
	frame_lines_add_inline(&renderer->lines, firing->frames);
	/* From a root run there is nowhere further to go. */
	if (firing->in.run.run_id != UNKNOWN && !firing->in.is_root) {
		trace_hint(renderer, firing->row.run_id);
	}
	page_end_line(page);
}

/* The sentence between two segments. `before` is the inner one. */
static void boundary(
	struct renderer *renderer, const struct segment *segment, const struct segment *before)
{
	const struct run_row *run = &before->in.run;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	page->indent = 3;
	page_add(page, PAGE_BOUNDARY, "-- ");
	armed_words(words, segment, &before->in);
	strbuf_add_string(words, " in ");
	run_words(words, &segment->in);
	thread_words(words, &segment->in, &before->in);
	page_words(page, PAGE_BOUNDARY, take_words(renderer));
	words = new_words(renderer);
	render_wait_words(words, segment, page_room(page) > 4 ? page_room(page) - 4 : 0);
	/* The heading has told it of the point itself. */
	if (run->run_id == segment->of_run_id &&
		!(before->edge == EDGE_HERE && renderer->lineage->point.kind == POINT_RUN))
		outcome_words(page, words, run);
	page_right(page, PAGE_BOUNDARY, '-', PAGE_PLAIN, take_words(renderer));
	page_end_line(page);
	if (segment->has_firing && !segment->firing.is_work)
		firing_lines(renderer, segment, before);
	holder_line(renderer, segment);
}

/* ", back to run:2 at +0.000002 s" */
static void back_to_words(struct strbuf *words, const struct segment *next)
{
	if (!next || next->of_run_id == UNKNOWN)
		return;
	strbuf_add_string(words, ", back to ");
	point_add_run(words, next->of_run_id);
	if (next->ns == UNKNOWN || next->wait_ns == UNKNOWN)
		return;
	strbuf_add_string(words, " at ");
	quantity_add_moment(words, (int64_t)((uint64_t)next->ns + (uint64_t)next->wait_ns));
}

static void omission_line(struct renderer *renderer)
{
	struct page *page = renderer->page;

	page->indent = FUNCTION_COLUMN;
	page_add(page, PAGE_BOUNDARY, " ...");
	page_tab(page, FUNCTION_COLUMN);
	page_words(page, PAGE_STRONG, take_words(renderer));
	page_end_line(page);
}

static void fold_line(
	struct renderer *renderer, const struct segment *segment, const struct segment *next)
{
	struct strbuf *words = new_words(renderer);

	if (segment->folded_segments == 1)
		strbuf_add_string(words, "the same segment ");
	else
		strbuf_printf(words, "the same %" PRId64 " segments ", segment->folded_segments);
	quantity_add_count(words, segment->folded_times);
	strbuf_add_string(words, " times more");
	back_to_words(words, next);
	omission_line(renderer);
}

/* The middle of a long stack. Its frames are counted, so that numbers stay what they are. */
static void left_out_line(struct renderer *renderer)
{
	const struct segment *segments = renderer->lineage->segments;
	struct strbuf *words = new_words(renderer);
	size_t i;

	for (i = renderer->left_out; i < renderer->shown_again; i++)
		renderer->lines.number += frame_lines_count(&renderer->lines, segments[i].frames);
	quantity_add_count(words, (int64_t)(renderer->shown_again - renderer->left_out));
	strbuf_add_string(words, " segments more are left out");
	back_to_words(words, &segments[renderer->shown_again]);
	omission_line(renderer);
}

/* "3 callbacks", "3 callbacks and 1 process" */
static void hop_words(struct strbuf *words, const struct lineage *lineage)
{
	int64_t processes = 0, callbacks;

	for (size_t i = 0; i < lineage->count; i++)
		processes += is_class(&lineage->segments[i], "root");
	callbacks = lineage->hops - processes;
	if (callbacks || !processes) {
		quantity_add_count(words, callbacks);
		strbuf_add_string(words, callbacks == 1 ? " callback" : " callbacks");
	}
	if (!processes)
		return;
	strbuf_add_string(words, callbacks ? " and " : "");
	quantity_add_count(words, processes);
	strbuf_add_string(words, processes == 1 ? " process" : " processes");
}

static void closing_end(struct renderer *renderer, struct strbuf *words)
{
	const struct lineage *lineage = renderer->lineage;

	if (lineage->complete) {
		strbuf_add_string(words, "complete: ");
		if (!lineage->hops) {
			strbuf_add_string(words, "straight from main");
			return;
		}
		if (lineage->segments[0].edge == EDGE_HERE && lineage->count > 1 &&
			lineage->segments[1].edge == EDGE_TRIGGER) {
			quantity_add_count(words, lineage->hops);
			strbuf_add_string(words, lineage->hops == 1 ? " resource" : " resources");
		} else {
			hop_words(words, lineage);
		}
		strbuf_add_string(words, " back to main");
	} else {
		strbuf_add_string(words, "ends here: ");
		strbuf_add_string(words, lineage->ended);
	}
	if (lineage->firings) {
		strbuf_add_string(words, ", ");
		quantity_add_count(words, lineage->firings);
		strbuf_add_string(words,
			lineage->firings == 1 ? " differing cause (!!)" : " differing causes (!!)");
	}
}

/* What more there is to see, and what may be missing. */
static void closing(struct renderer *renderer)
{
	const struct lineage *lineage = renderer->lineage;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;
	bool shortened = renderer->left_out < renderer->shown_again;
	size_t i;

	page->indent = 3;
	for (i = 0; i < lineage->count; i++)
		shortened = shortened || lineage->segments[i].folded_times;
	closing_end(renderer, words);
	page_words(page, lineage->complete ? PAGE_GOOD : PAGE_WARN, take_words(renderer));
	words = new_words(renderer);
	if (shortened)
		strbuf_add_string(words, "--full");
	if (lineage->firings)
		strbuf_add_string(words, words->length ? "  --by cause" : "--by cause");
	if (words->length)
		page_right(page, PAGE_PLAIN, ' ', PAGE_FAINT, take_words(renderer));
	page_end_line(page);
	if (renderer->options->state == RECORDING_GROWING)
		page_words(page, PAGE_WARN, "the recording is still growing");
	else if (renderer->options->state == RECORDING_CUT)
		page_words(page, PAGE_WARN,
			"the recording was cut short: what came last may be missing");
	if (page->column)
		page_end_line(page);
}

/* Of a run and of a thread it is not known where in their function they were. */
static enum frame_detail detail_of(const struct lineage *lineage)
{
	enum point_kind kind = lineage->point.kind;

	return kind == POINT_RUN || kind == POINT_THREAD || kind == POINT_PROCESS ? FRAME_LINE
										  : FRAME_SOURCE;
}

static void find_left_out(struct renderer *renderer)
{
	size_t count = renderer->lineage->count;

	if (renderer->options->whole || renderer->options->full || count <= WHOLE_MAX)
		return;
	renderer->left_out = FIRST_SHOWN;
	renderer->shown_again = count - LAST_SHOWN;
}

static struct renderer renderer_of(
	struct page *page, const struct lineage *lineage, const struct render_options *options)
{
	struct renderer renderer = {.page = page,
		.lineage = lineage,
		.options = options,
		.lines = {.page = page,
			.executable = lineage->process.executable,
			.full = options->full,
			.numbered = true,
			.function_column = FUNCTION_COLUMN,
			.place_column = FUNCTION_COLUMN + 12,
			.context = options->source}};
	size_t i;

	for (i = 0; i < lineage->count && i < WHOLE_MAX; i++)
		frame_lines_measure(&renderer.lines, lineage->segments[i].frames);
	return renderer;
}

void render_trace_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options)
{
	struct renderer renderer = renderer_of(page, lineage, options);
	size_t i;

	find_left_out(&renderer);
	if (!options->headless) {
		render_heading(page, lineage, options->state);
		page_end_line(page);
	}
	for (i = 0; i < lineage->count && !reader_is_interrupted(); i++) {
		const struct segment *segment = &lineage->segments[i];

		if (i == renderer.left_out && i < renderer.shown_again) {
			left_out_line(&renderer);
			i = renderer.shown_again;
			segment = &lineage->segments[i];
		}
		if (i)
			boundary(&renderer, segment, segment - 1);
		frame_lines_add(
			&renderer.lines, segment->frames, i ? FRAME_LINE : detail_of(lineage));
		if (segment->folded_times)
			fold_line(&renderer, segment, i + 1 < lineage->count ? segment + 1 : NULL);
	}
	if (i == lineage->count)
		closing(&renderer);
	else
		page_add(page, PAGE_WARN, "interrupted\n");
	strbuf_deinit(&renderer.words);
}

void render_here_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options)
{
	struct renderer renderer = renderer_of(page, lineage, options);

	render_heading(page, lineage, options->state);
	page_end_line(page);
	frame_lines_add(&renderer.lines, lineage->segments[0].frames, detail_of(lineage));
	if (lineage->count > 1)
		boundary(&renderer, &lineage->segments[1], &lineage->segments[0]);
	else
		closing(&renderer);
	strbuf_deinit(&renderer.words);
}

void render_brief_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options)
{
	struct renderer renderer = renderer_of(page, lineage, options);

	render_heading(page, lineage, options->state);
	page_tab(page, BRIEF_COLUMN);
	if (lineage->segments[0].frames)
		frame_lines_add_inline(&renderer.lines, lineage->segments[0].frames);
	page_end_line(page);
	strbuf_deinit(&renderer.words);
}

/* Over how many boundaries one went, but for the one that is told of. */
static void crossed_line(struct renderer *renderer, size_t count)
{
	struct strbuf *words = new_words(renderer);

	if (!count)
		return;
	quantity_add_count(words, (int64_t)count);
	strbuf_add_string(words, count == 1 ? " segment between" : " segments between");
	omission_line(renderer);
}

/* "in run:90, on_page_read of fs 42 (fd 11), on thread:1 (main)" */
static void stood_line(struct renderer *renderer, const struct segment *segment)
{
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	strbuf_add_string(words, "in ");
	run_words(words, &segment->in);
	if (segment->in.run.run_id != UNKNOWN) {
		strbuf_add_string(words, ", ");
		describe_execution(words, &segment->in);
	}
	if (segment->in.run.thread_id != UNKNOWN && !segment->in.is_root)
		strbuf_printf(words, ", on thread:%" PRId64, segment->in.run.thread_id);
	if (segment->ns != UNKNOWN) {
		strbuf_add_string(words, ", at ");
		quantity_add_moment(words, segment->ns);
	}
	page->indent = FUNCTION_COLUMN + 2;
	page_tab(page, FUNCTION_COLUMN);
	page_words(page, PAGE_BOUNDARY, take_words(renderer));
	page_end_line(page);
}

void render_frame_text(struct page *page, const struct lineage *lineage,
	const struct render_options *options, size_t index, size_t from, const struct frame *frame,
	size_t number)
{
	struct renderer renderer = renderer_of(page, lineage, options);
	const struct segment *segments = lineage->segments;
	size_t near = index > from ? index : index + 1;

	if (index > from)
		crossed_line(&renderer, index - from - 1);
	if (index != from && segments[near - 1].folded_times)
		fold_line(&renderer, &segments[near - 1], &segments[near]);
	if (index != from)
		boundary(&renderer, &segments[near], &segments[near - 1]);
	if (index < from)
		crossed_line(&renderer, from - index - 1);
	renderer.lines.number = number;
	frame_lines_add_one(&renderer.lines, frame, FRAME_SOURCE);
	stood_line(&renderer, &segments[index]);
	strbuf_deinit(&renderer.words);
}
