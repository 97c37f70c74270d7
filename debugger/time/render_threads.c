/* What one thread was doing, as text: see render_threads.h. Promises printable text. */
#include "debugger/time/render_threads.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/execution.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

#define COLUMN_LEAST 20
#define COLUMN_MOST  34
#define NEST_SHOWN   12 /* runs of one thread */

static struct strbuf *new_words(struct thread_view *view)
{
	strbuf_clear(&view->words);
	return &view->words;
}

static void words_line(struct thread_view *view, enum page_style style)
{
	page_words(view->page, style, strbuf_string(&view->words));
	page_end_line(view->page);
}

/* ", for 41 us of 52 us" */
static void add_elapsed(struct strbuf *words, int64_t from_ns, int64_t to_ns, int64_t at_ns)
{
	if (from_ns == UNKNOWN)
		return;
	strbuf_add_string(words, ", for ");
	quantity_add_span(words, from_ns, at_ns);
	if (to_ns == UNKNOWN) {
		strbuf_add_string(words, ", and it never ended");
		return;
	}
	strbuf_add_string(words, " of ");
	quantity_add_span(words, from_ns, to_ns);
}

static int run_words(struct thread_view *view, const struct nest_run *run, struct error *err)
{
	struct session *session = view->session;
	struct strbuf *words = new_words(view);
	struct execution in;

	point_add_run(words, run->run_id);
	strbuf_add_string(words, "  ");
	if (execution_load(
		    session->recording, session->cache, run->run_id, run->thread_id, &in, err) < 0)
		return -1;
	describe_execution(words, &in);
	add_elapsed(words, run->began_ns, run->ended_ns, view->at_ns);
	return 0;
}

static void poll_words(struct thread_view *view, const struct thread_then *thread)
{
	struct strbuf *words = new_words(view);

	strbuf_add_string(words, "waits in the kernel, in loop ");
	point_add_async(words, thread->poll.loop_id);
	if (thread->poll.timeout_ms == -1)
		strbuf_add_string(words, " for whatever comes");
	else if (thread->poll.timeout_ms != UNKNOWN)
		strbuf_printf(words, " for %" PRId64 " ms at most", thread->poll.timeout_ms);
	add_elapsed(words, thread->poll.entered_ns, thread->poll.left_ns, view->at_ns);
}

static int pool_words(struct thread_view *view, const struct thread_then *thread, struct error *err)
{
	struct strbuf *words = new_words(view);
	struct resource_row resource;

	if (lookup_resource(view->session->recording, thread->pool.async_id, &resource, err) < 0)
		return -1;
	strbuf_add_string(words, thread->pool.is_estimated ? "has, or is about to have, " : "has ");
	describe_resource(words, resource.type.name, thread->pool.async_id, resource.detail);
	if (!thread->pool.is_estimated)
		add_elapsed(words, thread->pool.began_ns, thread->pool.ended_ns, view->at_ns);
	return 0;
}

static int state_line(struct thread_view *view, const struct thread_then *thread, struct error *err)
{
	struct strbuf *words;

	switch (thread->activity) {
	case ACTIVITY_POLLING:
		poll_words(view, thread);
		break;
	case ACTIVITY_POOL:
	case ACTIVITY_POOL_OR_IDLE:
		if (pool_words(view, thread, err))
			return -1;
		break;
	case ACTIVITY_IDLE:
		words = new_words(view);
		strbuf_add_string(words, "nothing of the pool's, as far as is recorded");
		break;
	default:
		words = new_words(view);
		strbuf_add_string(words, "in no callback");
		if (thread->after_run_id != UNKNOWN) {
			strbuf_add_string(words, ", since ");
			point_add_run(words, thread->after_run_id);
			strbuf_add_string(words, " ended ");
			quantity_add_span(words, thread->since_ns, view->at_ns);
			strbuf_add_string(words, " before");
		}
	}
	page_tab(view->page, view->column);
	words_line(view, PAGE_PLAIN);
	return 0;
}

size_t render_thread_column(const struct thread_then *threads, size_t count)
{
	struct strbuf words = {0};
	size_t column = COLUMN_LEAST, width, i;

	for (i = 0; i < count && column < COLUMN_MOST; i++) {
		strbuf_clear(&words);
		describe_thread(&words, &threads[i].thread);
		width = printable_width(strbuf_string(&words)) + 4;
		if (width > column)
			column = width < COLUMN_MOST ? width : COLUMN_MOST;
	}
	strbuf_deinit(&words);
	return column;
}

int render_thread(struct thread_view *view, const struct thread_then *thread, struct error *err)
{
	struct page *page = view->page;
	struct strbuf *words = new_words(view);
	size_t i;

	describe_thread(words, &thread->thread);
	page_add(page, PAGE_STRONG, "  ");
	page_add(page, PAGE_STRONG, strbuf_string(words));
	page->indent = view->column + 2;
	if ((thread->activity != ACTIVITY_RUNNING || !thread->run_count) &&
		state_line(view, thread, err))
		return -1;
	for (i = 0; i < thread->run_count && i < NEST_SHOWN; i++) {
		page_tab(page, view->column);
		if (i || thread->activity != ACTIVITY_RUNNING)
			page_add(page, PAGE_FAINT, "inside ");
		if (run_words(view, &thread->runs[i], err))
			return -1;
		words_line(view, PAGE_PLAIN);
	}
	if (i < thread->run_count) {
		words = new_words(view);
		strbuf_add_string(words, "inside ");
		quantity_add_count(words, (int64_t)(thread->run_count - i));
		strbuf_add_string(words, " more");
		page_tab(page, view->column);
		words_line(view, PAGE_FAINT);
	}
	return 0;
}
