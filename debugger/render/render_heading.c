/* The head of an async stack: see render_heading.h. Promises printable text. */
#include "debugger/render/render_heading.h"

#include "debugger/lineage/describe.h"
#include "debugger/render/render_context.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <string.h>

#define WORDS_COLUMN 10	 /* behind the points */
#define TEXT_MAX     400 /* bytes of a log line */

struct heading {
	struct page *page;
	const struct lineage *lineage;
	enum recording_state state;
	struct strbuf words; /* for one sentence at a time */
};

static struct strbuf *new_words(struct heading *heading)
{
	strbuf_clear(&heading->words);
	return &heading->words;
}

static const char *take_words(struct heading *heading)
{
	return strbuf_string(&heading->words);
}

/* "server, pid 4711, thread:1 (main), at +81.200331 s" */
static void add_where(const struct lineage *lineage, struct strbuf *words)
{
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

/* "timer, made by uv_timer_init, never destroyed" */
static void add_resource(const struct heading *heading, struct strbuf *words)
{
	const struct resource_row *resource = &heading->lineage->resource;

	describe_type(words, resource->type.name);
	if (resource->detail && *resource->detail) {
		strbuf_add_char(words, ' ');
		printable_add(words, resource->detail, strlen(resource->detail), TEXT_MAX);
	}
	if (resource->api) {
		strbuf_add_string(words, ", made by ");
		printable_add_string(words, resource->api);
	}
	if (resource->destroyed_ns != UNKNOWN && resource->created_ns != UNKNOWN) {
		strbuf_add_string(
			words, resource->destroyed_ns == heading->lineage->process.history_from_ns
				       ? ", lived at most "
				       : ", lived ");
		quantity_add_span(words, resource->created_ns, resource->destroyed_ns);
	} else if (resource->destroyed_ns == UNKNOWN && heading->state == RECORDING_COMPLETE &&
		   resource->type.class && strcmp(resource->type.class, "root")) {
		strbuf_add_string(words, ", never destroyed");
	}
}

static void add_log_line(const struct log_row *log, struct strbuf *words)
{
	const char *text = log->text ? log->text : "";
	size_t length = log->text_length;

	while (length && strchr("\r\n", text[length - 1]))
		length--;
	if (!length) {
		strbuf_add_string(words, "an empty line");
		return;
	}
	strbuf_add_char(words, '"');
	printable_add(words, text, length, TEXT_MAX);
	strbuf_add_char(words, '"');
}

/* Where the line went, and what is to be known of how it was seen. */
static void log_lines(struct heading *heading)
{
	const struct log_row *log = &heading->lineage->log;
	struct page *page = heading->page;
	struct strbuf *words = new_words(heading);

	page_add(page, PAGE_PLAIN, "to");
	page_tab(page, WORDS_COLUMN);
	describe_sink(words, log);
	if (log->full_length > (int64_t)log->text_length) {
		strbuf_add_string(words, "; ");
		quantity_add_count(words, log->full_length);
		strbuf_add_string(words, " bytes, of which not all were kept");
	}
	page_words(page, PAGE_PLAIN, take_words(heading));
	page_end_line(page);
	if (log->run_id == UNKNOWN) {
		page_add(page, PAGE_WARN, "run:?");
		page_tab(page, WORDS_COLUMN);
		page_words(page, PAGE_WARN, "it is not known which run wrote it");
		page_end_line(page);
	}
	if (log->at_flush) {
		page_add(page, PAGE_WARN, "~");
		page_tab(page, WORDS_COLUMN);
		page_words(page, PAGE_WARN,
			"seen only when a buffer was flushed: this is how the flush came about, and"
			" the line may have been made in an earlier run");
		page_end_line(page);
	}
}

/* "killed in on_retry of timer 43", "ended after 2.1 s" */
static void add_thread(const struct heading *heading, struct strbuf *words)
{
	const struct thread_row *thread = &heading->lineage->thread;
	const struct execution *in = &heading->lineage->segments[0].in;

	if (thread->last_run_id != UNKNOWN) {
		strbuf_add_string(words, "killed ");
		strbuf_add_string(words, in->is_root ? "outside any callback" : "in ");
		if (!in->is_root)
			describe_execution(words, in);
		return;
	}
	strbuf_add_string(words,
		thread->ended_ns == UNKNOWN ? "a thread, its end not seen" : "a thread, ended");
	if (thread->ended_ns != UNKNOWN && thread->started_ns != UNKNOWN) {
		strbuf_add_string(words, " after ");
		quantity_add_span(words, thread->started_ns, thread->ended_ns);
	}
}

/* What the point is. */
static enum page_style add_point(const struct heading *heading, struct strbuf *words)
{
	const struct lineage *lineage = heading->lineage;

	switch (lineage->point.kind) {
	case POINT_CRASH:
		describe_signal(words, &lineage->crash);
		return PAGE_BAD;
	case POINT_ASYNC:
		add_resource(heading, words);
		return PAGE_STRONG;
	case POINT_LOG:
		add_log_line(&lineage->log, words);
		return PAGE_STRONG;
	case POINT_THREAD:
		add_thread(heading, words);
		return PAGE_STRONG;
	case POINT_PROCESS:
		strbuf_add_string(words, lineage->command ? lineage->command : "a process");
		return PAGE_STRONG;
	default:
		describe_execution(words, &lineage->segments[0].in);
		return PAGE_STRONG;
	}
}

/* How a run went. */
static void add_outcome(const struct run_row *run, struct strbuf *words)
{
	if (run->duration_ns == UNKNOWN) {
		strbuf_add_string(words, "never ended");
	} else {
		strbuf_add_string(words, "took ");
		quantity_add_duration(words, run->duration_ns);
	}
	if (run->status != UNKNOWN) {
		strbuf_add_string(words, ", status ");
		describe_status(words, run->status);
	}
	if (run->bytes != UNKNOWN) {
		strbuf_add_string(words, ", ");
		quantity_add_count(words, run->bytes);
		strbuf_add_string(words, " bytes");
	}
}

/* Inside which run the point is: "run:97 on_retry of timer 43, 41 us into it". */
static void execution_line(struct heading *heading)
{
	const struct segment *here = &heading->lineage->segments[0];
	enum point_kind kind = heading->lineage->point.kind;
	const struct run_row *run = &here->in.run;
	struct page *page = heading->page;
	struct strbuf *words;

	if (run->run_id == UNKNOWN)
		return;
	if (kind != POINT_RUN) {
		words = new_words(heading);
		point_add_run(words, run->run_id);
		page_add(page, PAGE_STRONG, take_words(heading));
	}
	words = new_words(heading);
	if (kind == POINT_RUN) {
		if (here->in.is_root && here->in.class && !strcmp(here->in.class, "root"))
			return;
		add_outcome(run, words);
	} else {
		describe_execution(words, &here->in);
		if (here->ns != UNKNOWN && run->began_ns != UNKNOWN && here->ns >= run->began_ns &&
			kind != POINT_THREAD && kind != POINT_PROCESS) {
			strbuf_add_string(words, ", ");
			quantity_add_span(words, run->began_ns, here->ns);
			strbuf_add_string(words, " into it");
		}
	}
	page_tab(page, WORDS_COLUMN);
	page_words(page, PAGE_PLAIN, take_words(heading));
	words = new_words(heading);
	render_context_words(words, here->context, run->run_id);
	if (words->length)
		page_right(page, PAGE_PLAIN, ' ', PAGE_STRONG, take_words(heading));
	page_end_line(page);
}

void render_heading(struct page *page, const struct lineage *lineage, enum recording_state state)
{
	struct heading heading = {.page = page, .lineage = lineage, .state = state};
	struct strbuf *words = &heading.words;
	enum page_style style;

	page->indent = WORDS_COLUMN;
	point_add(words, &lineage->point);
	page_add(page, PAGE_STRONG, take_words(&heading));
	page_tab(page, WORDS_COLUMN);
	words = new_words(&heading);
	style = add_point(&heading, words);
	page_words(page, style, take_words(&heading));
	words = new_words(&heading);
	add_where(lineage, words);
	if (words->length)
		page_right(page, PAGE_PLAIN, ' ', PAGE_PLAIN, take_words(&heading));
	page_end_line(page);
	if (lineage->point.kind == POINT_LOG)
		log_lines(&heading);
	execution_line(&heading);
	strbuf_deinit(&heading.words);
}
