/*
 * An async stack as text: see render_trace.h. The face of the product: every boundary is a sentence
 * with something to type next. Promises printable text; may change from version to version, scripts
 * read JSON.
 */
#include "debugger/render_trace.h"

#include "debugger/describe.h"
#include "debugger/place.h"
#include "debugger/printable.h"
#include "debugger/quantity.h"

#include <inttypes.h>
#include <string.h>

#define FUNCTION_COLUMN 6   /* where functions begin */
#define FIRING_FRAMES	8   /* of a differing cause, at most */
#define TEXT_MAX	400 /* bytes of a log line in the heading */

struct renderer {
	struct page *page;
	const struct lineage *lineage;
	const struct render_options *options;
	struct strbuf words; /* for one sentence at a time */
	size_t place_column;
	size_t number; /* of the next frame */
	bool source_shown;
};

static const char *executable(const struct renderer *renderer)
{
	return renderer->lineage->process.executable;
}

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

static size_t frames_shown(const struct renderer *renderer, const struct frames *frames)
{
	return renderer->options->full ? frames->count : frames->places;
}

static void frame_function(struct strbuf *buffer, const struct frame *frame)
{
	if (frame->function)
		printable_add_string(buffer, frame->function);
	else if (frame->end_reason)
		printable_add_string(buffer, frame->end_reason);
	else if (frame->address != UNKNOWN)
		strbuf_printf(buffer, "0x%" PRIx64, (uint64_t)frame->address);
	else
		strbuf_add_string(buffer, "??");
}

/* "src/render.c:88:13" */
static void frame_place(struct renderer *renderer, struct strbuf *buffer, const struct frame *frame,
	bool with_column)
{
	if (!frame->file)
		return;
	place_add_file(buffer, frame->file, frame->directory, executable(renderer));
	if (frame->line != UNKNOWN && frame->line > 0)
		strbuf_printf(buffer, ":%" PRId64, frame->line);
	if (with_column && frame->line != UNKNOWN && frame->column != UNKNOWN && frame->column > 0)
		strbuf_printf(buffer, ":%" PRId64, frame->column);
}

/* The executable goes without saying, but for an address in it. */
static const char *frame_module(const struct renderer *renderer, const struct frame *frame)
{
	const char *own = executable(renderer);

	if (!frame->module || (own && frame->function && !strcmp(frame->module, own)))
		return NULL;
	return frames_basename(frame->module);
}

/* The column where files begin: behind the longest function, within reason. */
static size_t find_place_column(const struct renderer *renderer)
{
	size_t widest = 10, i, j, limit = renderer->page->columns * 2 / 5;
	struct strbuf function = {0};

	for (i = 0; i < renderer->lineage->count && i < 200; i++) {
		const struct frames *frames = renderer->lineage->segments[i].frames;

		for (j = 0; j < frames_shown(renderer, frames) && j < 100; j++) {
			size_t width;

			if (!frames->rows[j].file && !frames->rows[j].function)
				continue;
			strbuf_clear(&function);
			frame_function(&function, &frames->rows[j]);
			width = printable_width(strbuf_string(&function));
			if (width > widest && width <= limit)
				widest = width;
		}
	}
	strbuf_deinit(&function);
	return FUNCTION_COLUMN + widest + 2;
}

/* Adds text; when the page is strict and has less room, shortened to it but for `keep_end` columns.
 */
static void add_fitting(struct renderer *renderer, enum page_style style, const char *text,
	size_t room, size_t keep_end)
{
	struct strbuf shortened = {0};

	if (!renderer->page->strict || printable_width(text) <= room) {
		page_add(renderer->page, style, text);
		return;
	}
	printable_shorten(&shortened, text, room, keep_end);
	page_add(renderer->page, style, strbuf_string(&shortened));
	strbuf_deinit(&shortened);
}

static void frame_source(struct renderer *renderer, const struct frame *frame)
{
	struct strbuf line = {0}, number = {0};
	struct page *page = renderer->page;

	if (renderer->source_shown || !frame->file || frame->line == UNKNOWN)
		return;
	if (!place_read_line(&line, frame->file, frame->directory, frame->line)) {
		strbuf_deinit(&line);
		return;
	}
	renderer->source_shown = true;
	strbuf_printf(&number, "%" PRId64 " | ", frame->line);
	page_tab(page, FUNCTION_COLUMN + 2);
	page_add(page, PAGE_FAINT, strbuf_string(&number));
	add_fitting(renderer, PAGE_PLAIN, strbuf_string(&line), page_room(page), 0);
	page_end_line(page);
	strbuf_deinit(&line);
	strbuf_deinit(&number);
}

/* Where a frame is: file and line or the module's address, and the module. */
static void frame_where(struct renderer *renderer, const struct frame *frame, bool innermost)
{
	struct page *page = renderer->page;
	struct strbuf place = {0}, module = {0};
	const char *name = frame_module(renderer, frame);

	frame_place(renderer, &place, frame, innermost);
	if (name) {
		strbuf_add_char(&module, '[');
		printable_add_string(&module, name);
		strbuf_add_char(&module, ']');
	}
	if (frame->inlined)
		strbuf_add_string(&module, module.length ? " inlined" : "inlined");
	if (place.length || module.length) {
		size_t wanted = printable_width(strbuf_string(&place)) +
				printable_width(strbuf_string(&module)) + 2;

		page_tab(page, renderer->place_column);
		if (page->strict && page->column > renderer->place_column &&
			page_room(page) < wanted && page_room(page) < 24) {
			page_end_line(page);
			page_tab(page, renderer->place_column);
		}
	}
	if (place.length) {
		size_t after = module.length ? printable_width(strbuf_string(&module)) + 2 : 0;
		size_t room = page_room(page);

		add_fitting(renderer, PAGE_PLACE, strbuf_string(&place),
			room > after + 16 ? room - after : room, room * 2 / 3);
		if (module.length && (!page->strict || page_room(page) >= after))
			page_add(page, PAGE_PLAIN, "  ");
	}
	if (module.length && (!page->strict || page_room(page) >= module.length))
		page_add(page, PAGE_FAINT, strbuf_string(&module));
	strbuf_deinit(&place);
	strbuf_deinit(&module);
}

static void frame_line(struct renderer *renderer, const struct frame *frame, bool innermost)
{
	struct page *page = renderer->page;
	struct strbuf *words = new_words(renderer);
	bool is_reason = !frame->function && frame->end_reason;

	if (is_reason) {
		page_tab(page, FUNCTION_COLUMN);
		strbuf_add_string(words, "(");
		frame_function(words, frame);
		strbuf_add_string(words, ")");
		page->indent = FUNCTION_COLUMN + 1;
		page_words(page, PAGE_FAINT, take_words(renderer));
		page_end_line(page);
		return;
	}
	page_printf(page, PAGE_FAINT, " #%-3zu", renderer->number++);
	page_tab(page, FUNCTION_COLUMN);
	frame_function(words, frame);
	add_fitting(renderer, frame_module(renderer, frame) ? PAGE_PLAIN : PAGE_STRONG,
		take_words(renderer), page_room(page), page_room(page) / 3);
	frame_where(renderer, frame, innermost);
	page_end_line(page);
}

static void frame_lines(struct renderer *renderer, const struct frames *frames, bool is_here)
{
	size_t i, count = frames_shown(renderer, frames);

	for (i = 0; i < count; i++) {
		frame_line(renderer, &frames->rows[i], is_here && !i);
		if (is_here)
			frame_source(renderer, &frames->rows[i]);
	}
}

/* "362.4 ms before", "9.1 ms before: pool queue 0.3 ms, run:71 hash_key 0.5 ms, loop 8.3 ms" */
static void wait_words(
	struct renderer *renderer, struct strbuf *words, const struct segment *segment)
{
	const struct firing *firing = &segment->firing;
	int64_t wait = segment->wait_ns, queued, worked;

	if (wait == UNKNOWN)
		return;
	quantity_add_duration(words, wait < 0 ? 0 : wait);
	strbuf_add_string(words, " before");
	if (!segment->has_firing || !firing->is_work || firing->in.run.began_ns == UNKNOWN ||
		firing->in.run.duration_ns == UNKNOWN)
		return;
	queued = firing->in.run.began_ns - segment->ns;
	worked = firing->in.run.duration_ns;
	if (queued < 0 || worked < 0 || queued > wait || worked > wait - queued)
		return;
	strbuf_add_string(words, ": queued ");
	quantity_add_duration(words, queued);
	strbuf_add_string(words, ", ");
	point_add_run(words, firing->in.run.run_id);
	strbuf_add_char(words, ' ');
	printable_add_string(words, firing->in.callback ? firing->in.callback : "work");
	strbuf_add_char(words, ' ');
	quantity_add_duration(words, worked);
	strbuf_add_string(words, ", loop ");
	quantity_add_duration(words, wait - queued - worked);
	(void)renderer;
}

/* What was armed, and how: the beginning of a boundary's sentence. */
static void armed_words(struct strbuf *words, const struct segment *segment)
{
	const char *class = segment->armed.class;

	if (segment->edge == EDGE_TRIGGER) {
		describe_resource(
			words, segment->armed.type, segment->armed.async_id, segment->armed.detail);
		strbuf_add_string(words, " made by ");
		describe_arming(words, segment->api, UNKNOWN, UNKNOWN);
		return;
	}
	point_add_run(words, segment->of_run_id);
	strbuf_add_string(words, segment->edge == EDGE_CAUSE	     ? " fired by "
				 : class && !strcmp(class, "thread") ? " started by "
				 : class && !strcmp(class, "process") &&
						 id_process(segment->armed.async_id) !=
							 id_process(segment->of_run_id)
					 ? " started by "
					 : " armed by ");
	describe_arming(words, segment->api, segment->armed.timeout_ms, segment->armed.repeat_ms);
	strbuf_add_string(words, " on ");
	describe_resource(
		words, segment->armed.type, segment->armed.async_id, segment->armed.detail);
	if (segment->armed.times > 1) {
		strbuf_add_string(words, ", armed ");
		quantity_add_count(words, segment->armed.times);
		strbuf_add_string(words, " times");
	}
}

/* Another run made it fire than the one that armed it. */
static void firing_lines(struct renderer *renderer, const struct segment *segment)
{
	const struct firing *firing = &segment->firing;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;
	size_t i;

	page->indent = FUNCTION_COLUMN;
	page_add(page, PAGE_WARN, " !!");
	page_tab(page, FUNCTION_COLUMN);
	strbuf_add_string(words, "fired by ");
	describe_arming(words, firing->row.api, UNKNOWN, UNKNOWN);
	strbuf_add_string(words, " in ");
	point_add_run(words, firing->row.run_id);
	strbuf_add_string(words, " (");
	describe_execution(words, &firing->in);
	strbuf_add_string(words, ")");
	if (segment->wait_ns != UNKNOWN && firing->row.caused_ns != UNKNOWN) {
		int64_t wait = segment->ns + segment->wait_ns - firing->row.caused_ns;

		strbuf_add_string(words, ", ");
		quantity_add_duration(words, wait < 0 ? 0 : wait);
		strbuf_add_string(words, " before");
	}
	page_words(page, PAGE_WARN, take_words(renderer));
	page_end_line(page);
	page_add(page, PAGE_WARN, " !!");
	page_tab(page, FUNCTION_COLUMN + 2);
	page->indent = FUNCTION_COLUMN + 2;
	for (i = 0; i < frames_shown(renderer, firing->frames) && i < FIRING_FRAMES; i++) {
		size_t length;

		words = new_words(renderer);
		if (i)
			strbuf_add_string(words, "  < ");
		frame_function(words, &firing->frames->rows[i]);
		length = words->length;
		if (firing->frames->rows[i].file)
			strbuf_add_char(words, ' ');
		frame_place(renderer, words, &firing->frames->rows[i], false);
		if (i && page->strict &&
			page->column + printable_width(take_words(renderer)) > page->columns) {
			if (page_room(page) > 7)
				page_add(page, PAGE_PLAIN, "  < ...");
			break;
		}
		page_printf(page, PAGE_PLAIN, "%.*s", (int)length, take_words(renderer));
		add_fitting(renderer, PAGE_PLACE, take_words(renderer) + length, page_room(page),
			page_room(page) * 2 / 3);
	}
	words = new_words(renderer);
	strbuf_add_string(words, "acausal trace ");
	point_add_run(words, firing->row.run_id);
	page_right(page, PAGE_PLAIN, ' ', PAGE_FAINT, take_words(renderer));
	page_end_line(page);
}

/* The sentence between two segments. `before` is the inner one. */
static void boundary(
	struct renderer *renderer, const struct segment *segment, const struct segment *before)
{
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	page->indent = 3;
	page_add(page, PAGE_BOUNDARY, "-- ");
	armed_words(words, segment);
	strbuf_add_string(words, " in ");
	if (segment->in.run.run_id == UNKNOWN)
		strbuf_add_string(words, "an unknown run");
	else
		point_add_run(words, segment->in.run.run_id);
	if (segment->in.run.run_id != UNKNOWN && before->in.run.run_id != UNKNOWN &&
		id_process(segment->in.run.run_id) != id_process(before->in.run.run_id))
		strbuf_printf(words, ", process %" PRId64, id_process(segment->in.run.run_id));
	else if (segment->in.run.thread_id != before->in.run.thread_id &&
		 segment->in.run.thread_id != UNKNOWN)
		strbuf_printf(words, ", on thread %" PRId64, segment->in.run.thread_id);
	page_words(page, PAGE_BOUNDARY, take_words(renderer));
	words = new_words(renderer);
	wait_words(renderer, words, segment);
	page_right(page, PAGE_BOUNDARY, '-', PAGE_PLAIN, take_words(renderer));
	page_end_line(page);
	if (segment->has_firing && !segment->firing.is_work)
		firing_lines(renderer, segment);
}

static void fold_line(
	struct renderer *renderer, const struct segment *segment, const struct segment *next)
{
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	page->indent = FUNCTION_COLUMN;
	page_add(page, PAGE_BOUNDARY, " ...");
	page_tab(page, FUNCTION_COLUMN);
	if (segment->folded_segments == 1)
		strbuf_add_string(words, "the same segment ");
	else
		strbuf_printf(words, "the same %" PRId64 " segments ", segment->folded_segments);
	quantity_add_count(words, segment->folded_times);
	strbuf_add_string(words, " times more");
	if (next && next->of_run_id != UNKNOWN) {
		strbuf_add_string(words, ", back to ");
		point_add_run(words, next->of_run_id);
		if (next->ns != UNKNOWN && next->wait_ns != UNKNOWN) {
			strbuf_add_string(words, " at ");
			quantity_add_moment(words, next->ns + next->wait_ns);
		}
	}
	page_words(page, PAGE_STRONG, take_words(renderer));
	page_end_line(page);
}

/* "server, pid 4711, thread 1 (main), at +81.200331 s" */
static void where_words(struct renderer *renderer, struct strbuf *words)
{
	const struct lineage *lineage = renderer->lineage;
	const struct process_row *process = &lineage->process;

	if (process->executable)
		printable_add_string(words, frames_basename(process->executable));
	if (process->os_pid != UNKNOWN && process->process_id != UNKNOWN)
		strbuf_printf(words, "%spid %" PRId64, words->length ? ", " : "", process->os_pid);
	if (lineage->thread.thread_id != UNKNOWN) {
		strbuf_add_string(words, words->length ? ", " : "");
		describe_thread(words, &lineage->thread);
	}
	if (lineage->segments[0].ns != UNKNOWN) {
		strbuf_add_string(words, words->length ? ", " : "");
		quantity_add_moment(words, lineage->segments[0].ns);
	}
}

/* What the point is. */
static enum page_style point_words(struct renderer *renderer, struct strbuf *words)
{
	const struct lineage *lineage = renderer->lineage;
	const struct resource_row *resource = &lineage->resource;
	const struct log_row *log = &lineage->log;
	size_t length;

	switch (lineage->point.kind) {
	case POINT_CRASH:
		describe_signal(words, &lineage->crash);
		return PAGE_BAD;
	case POINT_ASYNC:
		describe_type(words, resource->type.name);
		if (resource->detail && *resource->detail) {
			strbuf_add_char(words, ' ');
			printable_add(words, resource->detail, strlen(resource->detail), TEXT_MAX);
		}
		if (resource->api) {
			strbuf_add_string(words, ", made by ");
			printable_add_string(words, resource->api);
		}
		return PAGE_STRONG;
	case POINT_LOG:
		strbuf_add_char(words, '"');
		for (length = log->text_length; length; length--)
			if (!strchr("\r\n", log->text[length - 1]))
				break;
		printable_add(words, log->text ? log->text : "", length, TEXT_MAX);
		strbuf_add_char(words, '"');
		return PAGE_STRONG;
	case POINT_THREAD:
		strbuf_add_string(
			words, lineage->thread.last_run_id != UNKNOWN ? "killed " : "not killed, ");
		strbuf_add_string(
			words, lineage->segments[0].in.is_root ? "outside any callback" : "in ");
		if (!lineage->segments[0].in.is_root)
			describe_execution(words, &lineage->segments[0].in);
		return PAGE_STRONG;
	default:
		describe_execution(words, &lineage->segments[0].in);
		return PAGE_STRONG;
	}
}

/* Inside which run the point is: "run:97 on_retry of timer 43, 41 us into it". */
static void execution_line(struct renderer *renderer)
{
	const struct segment *here = &renderer->lineage->segments[0];
	const struct run_row *run = &here->in.run;
	enum point_kind kind = renderer->lineage->point.kind;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	if (run->run_id == UNKNOWN)
		return;
	if (kind == POINT_RUN) {
		if (here->in.is_root && here->in.class && !strcmp(here->in.class, "root"))
			return;
		if (run->duration_ns == UNKNOWN) {
			strbuf_add_string(words, "never ended");
		} else {
			strbuf_add_string(words, "took ");
			quantity_add_duration(words, run->duration_ns);
		}
		if (run->status != UNKNOWN)
			strbuf_printf(words, ", status %" PRId64, run->status);
		if (run->bytes != UNKNOWN)
			strbuf_printf(words, ", %" PRId64 " bytes", run->bytes);
	} else {
		describe_execution(words, &here->in);
		if (here->ns != UNKNOWN && run->began_ns != UNKNOWN && here->ns >= run->began_ns &&
			kind != POINT_THREAD) {
			strbuf_add_string(words, ", ");
			quantity_add_duration(words, here->ns - run->began_ns);
			strbuf_add_string(words, " into it");
		}
	}
	page->indent = 10;
	if (kind != POINT_RUN) {
		struct strbuf name = {0};

		point_add_run(&name, run->run_id);
		page_add(page, PAGE_STRONG, strbuf_string(&name));
		strbuf_deinit(&name);
	}
	page_tab(page, 10);
	page_words(page, PAGE_PLAIN, take_words(renderer));
	page_end_line(page);
}

static void heading(struct renderer *renderer)
{
	struct page *page = renderer->page;
	struct strbuf *words = new_words(renderer);
	enum page_style style;

	page->indent = 10;
	point_add(words, &renderer->lineage->point);
	page_add(page, PAGE_STRONG, take_words(renderer));
	page_tab(page, 10);
	words = new_words(renderer);
	style = point_words(renderer, words);
	page_words(page, style, take_words(renderer));
	words = new_words(renderer);
	where_words(renderer, words);
	if (words->length)
		page_right(page, PAGE_PLAIN, ' ', PAGE_PLAIN, take_words(renderer));
	page_end_line(page);
	execution_line(renderer);
	page_end_line(page);
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
		quantity_add_count(words, lineage->hops);
		if (lineage->segments[0].edge == EDGE_HERE && lineage->count > 1 &&
			lineage->segments[1].edge == EDGE_TRIGGER)
			strbuf_add_string(words, lineage->hops == 1 ? " resource" : " resources");
		else
			strbuf_add_string(words, lineage->hops == 1 ? " callback" : " callbacks");
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

static void closing(struct renderer *renderer)
{
	const struct lineage *lineage = renderer->lineage;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;
	bool folded = false;
	size_t i;

	page->indent = 3;
	for (i = 0; i < lineage->count; i++)
		folded = folded || lineage->segments[i].folded_times;
	closing_end(renderer, words);
	page_words(page, lineage->complete ? PAGE_GOOD : PAGE_WARN, take_words(renderer));
	words = new_words(renderer);
	if (folded)
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

void render_trace_text(
	struct page *page, const struct lineage *lineage, const struct render_options *options)
{
	struct renderer renderer = {.page = page, .lineage = lineage, .options = options};
	size_t i;

	renderer.place_column = find_place_column(&renderer);
	heading(&renderer);
	for (i = 0; i < lineage->count; i++) {
		const struct segment *segment = &lineage->segments[i];

		if (i)
			boundary(&renderer, segment, segment - 1);
		frame_lines(&renderer, segment->frames, !i);
		if (segment->folded_times)
			fold_line(&renderer, segment, i + 1 < lineage->count ? segment + 1 : NULL);
	}
	closing(&renderer);
	strbuf_deinit(&renderer.words);
}
