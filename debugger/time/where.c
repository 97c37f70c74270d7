/*
 * Where the cursor has come to: see where.h. What a run came of is asked of the lineage, one edge
 * far, so that it says here what `trace` says. Promises printable text.
 */
#include "debugger/time/where.h"

#include "debugger/lineage/describe.h"
#include "debugger/render/render_frames.h"
#include "debugger/render/render_heading.h"
#include "debugger/text/json.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"
#include "debugger/time/moment.h"
#include "debugger/time/render_threads.h"

#include <inttypes.h>
#include <string.h>

#define WORDS_COLUMN 10

struct writer {
	const struct where *where;
	struct reader *recording;
	struct page *page;
	struct frame_lines lines;
	struct strbuf words;
};

static struct strbuf *new_words(struct writer *writer)
{
	strbuf_clear(&writer->words);
	return &writer->words;
}

static void words_line(struct writer *writer, enum page_style style)
{
	page_tab(writer->page, WORDS_COLUMN);
	writer->page->indent = WORDS_COLUMN + 2;
	page_words(writer->page, style, strbuf_string(&writer->words));
	page_end_line(writer->page);
}

static void frames_line(struct writer *writer, const struct frames *frames)
{
	if (!frames || !frame_lines_count(&writer->lines, frames))
		return;
	page_tab(writer->page, WORDS_COLUMN + 2);
	writer->page->indent = WORDS_COLUMN + 4;
	frame_lines_add_inline(&writer->lines, frames);
	page_end_line(writer->page);
}

/* "run:90 (on_page_read of fs 42), on thread:1" */
static void add_run(struct strbuf *words, const struct execution *in, int64_t thread_id)
{
	if (in->run.run_id == UNKNOWN) {
		strbuf_add_string(words, "an unknown run");
		return;
	}
	point_add_run(words, in->run.run_id);
	strbuf_add_string(words, " (");
	describe_execution(words, in);
	strbuf_add_char(words, ')');
	if (in->run.thread_id != UNKNOWN && in->run.thread_id != thread_id)
		strbuf_printf(words, ", on thread:%" PRId64, in->run.thread_id);
}

static void add_before(struct strbuf *words, int64_t ns, int64_t than_ns)
{
	if (ns == UNKNOWN || than_ns == UNKNOWN)
		return;
	strbuf_add_string(words, ", ");
	quantity_add_span(words, ns, than_ns);
	strbuf_add_string(words, " before");
}

static bool is_class(const struct segment *segment, const char *class)
{
	return segment->armed.class && !strcmp(segment->armed.class, class);
}

/* Inside what a run began, when that is another callback. */
static int inside_line(struct writer *writer, const struct run_row *run, struct error *err)
{
	struct session *session = writer->where->session;
	struct strbuf *words = new_words(writer);
	struct execution outer;

	if (run->outer_run_id == UNKNOWN || run->outer_run_id == run->root_run_id)
		return 0;
	if (execution_load(session->recording, session->cache, run->outer_run_id, run->thread_id,
		    &outer, err) < 0)
		return -1;
	strbuf_add_string(words, "inside ");
	add_run(words, &outer, run->thread_id);
	words_line(writer, PAGE_PLAIN);
	return 0;
}

/* Who armed the run, what made it fire, or why that is not known. */
static void link_lines(struct writer *writer, const struct lineage *lineage)
{
	const struct segment *here = &lineage->segments[0];
	const struct segment *link = lineage->count > 1 ? &lineage->segments[1] : NULL;
	const struct firing *firing;
	struct strbuf *words = new_words(writer);

	if (!link && here->in.run.run_id == UNKNOWN)
		return;
	if (!link) {
		strbuf_add_string(words, lineage->complete ? "the program's own start" : "");
		if (!lineage->complete) {
			strbuf_add_string(words, "what it came of: ");
			strbuf_add_string(words, lineage->ended);
		}
		words_line(writer, lineage->complete ? PAGE_PLAIN : PAGE_WARN);
		return;
	}
	strbuf_add_string(words,
		is_class(link, "thread") || is_class(link, "root") ? "started by " : "armed by ");
	describe_arming(words, link->api, link->armed.timeout_ms, link->armed.repeat_ms);
	strbuf_add_string(words, " in ");
	add_run(words, &link->in, here->in.run.thread_id);
	add_before(words, link->ns, here->in.run.began_ns);
	words_line(writer, PAGE_PLAIN);
	frames_line(writer, link->frames);
	if (!link->has_firing)
		return;
	firing = &link->firing;
	words = new_words(writer);
	strbuf_add_string(words, firing->is_work ? "after its work in " : "!! made to fire by ");
	if (!firing->is_work) {
		describe_arming(words, firing->row.api ? firing->row.api : firing->row.kind,
			UNKNOWN, UNKNOWN);
		strbuf_add_string(words, " in ");
	}
	add_run(words, &firing->in, here->in.run.thread_id);
	add_before(words, firing->row.caused_ns, here->in.run.began_ns);
	words_line(writer, firing->is_work ? PAGE_PLAIN : PAGE_WARN);
	frames_line(writer, firing->frames);
}

static int load_lineage(const struct where *where, const struct point *point, struct lineage *ret,
	struct error *err)
{
	struct lineage_options options = {.by = EDGE_LINK, .depth = 1};

	return lineage_init(
		ret, where->session->recording, where->session->cache, point, &options, err);
}

/* At a point: its heading as `trace` has it, its frames, and what its run came of. */
static int point_lines(struct writer *writer, const struct point *point, struct error *err)
{
	struct lineage lineage;
	int result;

	if (load_lineage(writer->where, point, &lineage, err))
		return -1;
	writer->lines.executable = lineage.process.executable;
	render_heading(writer->page, &lineage, reader_state(writer->recording));
	if (point->kind != POINT_RUN)
		frames_line(writer, lineage.segments[0].frames);
	result = inside_line(writer, &lineage.segments[0].in.run, err);
	if (!result)
		link_lines(writer, &lineage);
	lineage_deinit(&lineage);
	return result;
}

/* At the call that armed a run, in the run that made it. */
static void armed_lines(struct writer *writer, const struct lineage *lineage)
{
	const struct segment *link = &lineage->segments[1];
	struct strbuf *words = new_words(writer);
	struct page *page = writer->page;

	writer->lines.executable = lineage->process.executable;
	moment_add(words, writer->where->cursor->place.ns);
	page_add(page, PAGE_STRONG, strbuf_string(words));
	words = new_words(writer);
	strbuf_add_string(words, "  in ");
	add_run(words, &link->in, UNKNOWN);
	page->indent = WORDS_COLUMN;
	page_words(page, PAGE_STRONG, strbuf_string(words));
	page_end_line(page);
	words = new_words(writer);
	strbuf_add_string(words, "which here ");
	if (link->edge == EDGE_CAUSE) {
		strbuf_add_string(words, "makes ");
		point_add_run(words, link->of_run_id);
		strbuf_add_string(words, " fire by ");
	} else {
		strbuf_add_string(words, "arms ");
		point_add_run(words, link->of_run_id);
		strbuf_add_string(words, " by ");
	}
	describe_arming(words, link->api, link->armed.timeout_ms, link->armed.repeat_ms);
	if (link->wait_ns != UNKNOWN) {
		strbuf_add_string(words, ", which begins ");
		quantity_add_duration(words, link->wait_ns);
		strbuf_add_string(words, " later");
	}
	words_line(writer, PAGE_PLAIN);
	frames_line(writer, link->frames);
	if (link->has_firing && !link->firing.is_work) {
		words = new_words(writer);
		strbuf_add_string(
			words, "!! something else made it fire: back, and rback --by cause");
		words_line(writer, PAGE_WARN);
	}
}

/* "timer 43 (…) armed by uv_timer_start, in run:90 (on_page_read of fs 42), on thread:1" */
static int event_lines(struct writer *writer, const struct resource_event *event, struct error *err)
{
	struct session *session = writer->where->session;
	struct strbuf *words = new_words(writer);
	struct page *page = writer->page;
	struct resource_row resource;
	struct process_row process;
	const struct frames *frames;
	struct execution in;

	if (lookup_resource(writer->recording, event->async_id, &resource, err) < 0 ||
		lookup_process(writer->recording, id_process(event->async_id), &process, err) < 0)
		return -1;
	writer->lines.executable = process.executable;
	moment_add(words, event->place.ns);
	page_add(page, PAGE_STRONG, strbuf_string(words));
	words = new_words(writer);
	strbuf_add_string(words, "  ");
	describe_resource(words, resource.type.name, event->async_id, resource.detail);
	strbuf_add_char(words, ' ');
	if (event->kind == EVENT_BEGAN || event->kind == EVENT_ENDED) {
		point_add_run(words, event->run_id);
		strbuf_add_char(words, ' ');
	}
	strbuf_add_string(words, event->kind == EVENT_DISARMED && event->end
					 ? event->end
					 : resource_event_words(event->kind));
	if (event->api) {
		strbuf_add_string(words, " by ");
		printable_add_string(words, event->api);
	}
	page->indent = WORDS_COLUMN;
	page_words(page, PAGE_STRONG, strbuf_string(words));
	page_end_line(page);
	if (event->kind == EVENT_BEGAN || event->kind == EVENT_DESTROYED ||
		event->run_id == UNKNOWN)
		return 0;
	if (execution_load(writer->recording, session->cache, event->run_id, event->thread_id, &in,
		    err) < 0 ||
		execution_stack(
			writer->recording, session->cache, &in, event->stack_id, &frames, err))
		return -1;
	words = new_words(writer);
	strbuf_add_string(words, event->kind == EVENT_ENDED ? "" : "in ");
	add_run(words, &in, UNKNOWN);
	words_line(writer, PAGE_PLAIN);
	frames_line(writer, frames);
	return 0;
}

/* Why there is nothing to be told of the thread: the moment is before it, or after. */
static int absence_line(struct writer *writer, struct error *err)
{
	const struct cursor *cursor = writer->where->cursor;
	struct strbuf *words = new_words(writer);
	struct thread_row thread;

	if (lookup_thread(writer->recording, cursor->thread_id, &thread, err) < 0)
		return -1;
	strbuf_printf(words, "thread:%" PRId64, cursor->thread_id);
	if (thread.started_ns != UNKNOWN && thread.started_ns > cursor->place.ns) {
		strbuf_add_string(words, " began later, at ");
		quantity_add_moment(words, thread.started_ns);
	} else if (thread.ended_ns != UNKNOWN && thread.ended_ns < cursor->place.ns) {
		strbuf_add_string(words, " had ended, at ");
		quantity_add_moment(words, thread.ended_ns);
	} else {
		strbuf_add_string(words, " was not there");
	}
	page_add(writer->page, PAGE_PLAIN, "  ");
	writer->page->indent = 4;
	page_words(writer->page, PAGE_WARN, strbuf_string(words));
	page_end_line(writer->page);
	return 0;
}

/* At a moment: what the thread was in. */
static int moment_lines(struct writer *writer, struct error *err)
{
	const struct cursor *cursor = writer->where->cursor;
	struct thread_view view = {
		.session = writer->where->session, .page = writer->page, .at_ns = cursor->place.ns};
	struct threads_then then = {0};
	int result;
	size_t i;

	moment_add(new_words(writer), cursor->place.ns);
	page_add(writer->page, PAGE_STRONG, strbuf_string(&writer->words));
	page_end_line(writer->page);
	result = threads_then_find(
		&then, writer->recording, cursor->process_id, cursor->place.ns, err);
	for (i = 0; !result && i < then.count; i++)
		if (then.threads[i].thread.thread_id == cursor->thread_id)
			break;
	if (!result && i < then.count) {
		view.column = render_thread_column(&then.threads[i], 1);
		result = render_thread(&view, &then.threads[i], err);
	} else if (!result) {
		result = absence_line(writer, err);
	}
	strbuf_deinit(&view.words);
	threads_then_deinit(&then);
	return result;
}

static int write_text(struct writer *writer, struct error *err)
{
	const struct where *where = writer->where;

	if (where->event && event_lines(writer, where->event, err))
		return -1;
	if (where->point)
		return point_lines(writer, where->point, err);
	if (where->armed)
		armed_lines(writer, where->armed);
	else if (!where->event)
		return moment_lines(writer, err);
	return 0;
}

static void edge_object(
	struct json *json, const char *key, const struct execution *in, const char *api, int64_t ns)
{
	json_key(json, key);
	if (!in) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key_integer(json, "run_id", in->run.run_id);
	json_key_integer(json, "thread_id", in->run.thread_id);
	json_key_string(json, "api", api);
	json_key_integer(json, "ns", ns);
	json_close(json, '}');
}

static void run_object(struct json *json, const struct execution *in)
{
	const struct run_row *run = &in->run;

	json_key(json, "run");
	json_open(json, '{');
	json_key_integer(json, "run_id", run->run_id);
	json_key_integer(json, "async_id", run->async_id);
	json_key_string(json, "type", in->type);
	json_key_string(json, "callback", in->callback);
	json_key_string(json, "part", run->part);
	json_key_integer(json, "began_ns", run->began_ns);
	json_key_integer(json, "ended_ns",
		run->began_ns == UNKNOWN || run->duration_ns == UNKNOWN
			? UNKNOWN
			: (int64_t)((uint64_t)run->began_ns + (uint64_t)run->duration_ns));
	json_key_integer(json, "outer_run_id", run->outer_run_id);
	json_key_integer(json, "status", run->status);
	json_close(json, '}');
}

static void event_object(struct json *json, const struct resource_event *event)
{
	json_key(json, "event");
	if (!event) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key_string(json, "kind", resource_event_name(event->kind));
	json_key_integer(json, "async_id", event->async_id);
	json_key_integer(json, "run_id", event->run_id);
	json_key_string(json, "api", event->api);
	json_close(json, '}');
}

static int write_json(const struct where *where, struct error *err)
{
	const struct cursor *cursor = where->cursor;
	struct point point = {POINT_RUN, cursor->run_id};
	struct json json = {.out = where->session->out};
	const struct segment *link = NULL;
	struct lineage lineage = {0};
	bool has_run = cursor->run_id != UNKNOWN;

	if (has_run && load_lineage(where, &point, &lineage, err))
		return -1;
	if (lineage.count > 1)
		link = &lineage.segments[1];
	json_open(&json, '{');
	json_key_integer(&json, "version", 1);
	json_key_integer(&json, "ns", cursor->place.ns);
	json_key_integer(&json, "process_id", cursor->process_id);
	json_key_integer(&json, "thread_id", cursor->thread_id);
	event_object(&json, where->event);
	if (has_run) {
		run_object(&json, &lineage.segments[0].in);
	} else {
		json_key(&json, "run");
		json_null(&json);
	}
	edge_object(&json, "link", link ? &link->in : NULL, link ? link->api : NULL,
		link ? link->ns : UNKNOWN);
	link = link && link->has_firing ? link : NULL;
	edge_object(&json, "cause", link ? &link->firing.in : NULL,
		link ? link->firing.row.api : NULL, link ? link->firing.row.caused_ns : UNKNOWN);
	json_close(&json, '}');
	fputc('\n', where->session->out);
	if (has_run)
		lineage_deinit(&lineage);
	return 0;
}

int where_show(const struct where *where, struct error *err)
{
	struct page page = {0};
	struct writer writer = {.where = where,
		.recording = where->session->recording,
		.page = &page,
		.lines = {.page = &page}};
	int result;

	if (where->as_json)
		return write_json(where, err);
	terminal_begin(&page, where->session->out);
	result = write_text(&writer, err);
	if (!result)
		terminal_show(&page, where->session->out, false);
	page_deinit(&page);
	strbuf_deinit(&writer.words);
	return result;
}
