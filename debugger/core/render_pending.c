/* Loops of a core and what they wait for: see render_pending.h. Promises printable text. */
#include "debugger/core/render_pending.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/place.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "recorder/core/core_loops.h"

#include <inttypes.h>

#define WORDS_COLUMN 10
#define PLACE_COLUMN 34
#define STATE_COLUMN 64
#define LINES_SHOWN  200 /* of a loop */

static const char *const place_words[] = {
#define X(tag, name, words) [CORE_PLACE_##tag] = words,
	CORE_PLACES(X)
#undef X
};

static void add_comma(struct strbuf *words)
{
	if (words->length)
		strbuf_add_string(words, ", ");
}

static void add_word(struct strbuf *words, const char *word)
{
	add_comma(words);
	strbuf_add_string(words, word);
}

static void add_ms(struct strbuf *words, int64_t ms)
{
	quantity_add_duration(words, ms < INT64_MAX / 1000000 ? ms * 1000000 : INT64_MAX);
}

static void add_due(struct strbuf *words, const struct core_pending *pending)
{
	add_word(words, "due");
	if (pending->due_ms > 0) {
		strbuf_add_string(words, " in ");
		add_ms(words, pending->due_ms);
	}
	if (pending->repeat_ms > 0)
		strbuf_printf(words, ", repeat %" PRId64 " ms", pending->repeat_ms);
}

/* "for reading and writing", by the bits of uv_poll_event. */
static void add_events(struct strbuf *words, int64_t events)
{
	static const char *const names[] = {"reading", "writing", "disconnection", "urgent data"};
	const char *between = " for ";

	for (int i = 0; i < 4; i++) {
		if (!(events & (int64_t)1 << i))
			continue;
		strbuf_add_string(words, between);
		strbuf_add_string(words, names[i]);
		between = " and ";
	}
}

/* Where a request is, with whom, and of what it is. */
static void add_request_state(struct strbuf *words, const struct core_pending *pending)
{
	if (pending->is_written)
		add_word(words, "written, not delivered");
	if (pending->operation)
		add_word(words, pending->operation);
	if (pending->text) {
		strbuf_add_string(words, words->length ? " " : "");
		printable_add_string(words, pending->text);
	}
	if (pending->place == CORE_PLACE_IN_HAND && pending->os_tid != CORE_LOOPS_UNKNOWN) {
		add_comma(words);
		strbuf_printf(words, "OS thread %" PRId64 " has it", pending->os_tid);
	} else if (place_words[pending->place]) {
		add_word(words, place_words[pending->place]);
	}
}

/* "due in 3 ms, repeat 5 ms", "fd 12, reading" */
static void add_handle_state(struct strbuf *words, const struct core_pending *pending)
{
	if (pending->is_closing)
		add_word(words, "closing");
	else if (!pending->is_active)
		add_word(words, "not active");
	if (pending->due_ms != CORE_LOOPS_UNKNOWN)
		add_due(words, pending);
	if (pending->fd != CORE_LOOPS_UNKNOWN) {
		add_comma(words);
		strbuf_printf(words, "fd %" PRId64, pending->fd);
	}
	if (pending->events != CORE_LOOPS_UNKNOWN)
		add_events(words, pending->events);
	if (pending->is_listening)
		add_word(words, "listening");
	if (pending->is_reading)
		add_word(words, "reading");
	if (pending->queue_size > 0) {
		add_comma(words);
		quantity_add_count(words, pending->queue_size);
		strbuf_add_string(words, " bytes to write");
	}
	if (pending->was_sent)
		add_word(words, "sent, not delivered");
	if (pending->signal != CORE_LOOPS_UNKNOWN) {
		add_comma(words);
		describe_signal_name(words, pending->signal);
	}
	if (pending->os_pid != CORE_LOOPS_UNKNOWN) {
		add_comma(words);
		strbuf_printf(words, "pid %" PRId64, pending->os_pid);
	}
	if (pending->text) {
		add_comma(words);
		printable_add_string(words, pending->text);
	}
	if (pending->interval_ms != CORE_LOOPS_UNKNOWN) {
		add_comma(words);
		strbuf_printf(words, "every %" PRId64 " ms", pending->interval_ms);
	}
	if (!pending->is_closing && !pending->has_ref)
		add_word(words, "unref");
}

/* A function by its name, and where it is. */
static void add_place(struct page *page, struct core_view *view, uint64_t callback)
{
	const struct frame *place = callback ? core_view_place(view, callback) : NULL;
	struct strbuf words = {0};

	if (place && place->function)
		printable_add_string(&words, place->function);
	else if (callback)
		strbuf_printf(&words, "0x%" PRIx64, callback);
	else
		strbuf_add_string(&words, "no callback");
	page_add(page, place && place->function ? PAGE_STRONG : PAGE_FAINT, strbuf_string(&words));
	strbuf_clear(&words);
	if (place && place->file) {
		place_add_file(&words, place->file, place->directory, core_view_executable(view));
		if (place->line != UNKNOWN)
			strbuf_printf(&words, ":%" PRId64, place->line);
		page_tab(page, PLACE_COLUMN);
		page_add(page, PAGE_PLACE, strbuf_string(&words));
	} else if (place && place->module) {
		printable_add_string(&words, frames_basename(place->module));
		page_tab(page, PLACE_COLUMN);
		page_printf(page, PAGE_FAINT, "[%s]", strbuf_string(&words));
	}
	strbuf_deinit(&words);
}

/* One handle or request: what it is, what it calls, what it waits for. */
static void pending_line(
	struct page *page, struct core_view *view, const struct core_pending *pending)
{
	struct strbuf words = {0};

	describe_type(&words, pending->type);
	page_tab(page, pending->is_request && pending->place == CORE_PLACE_NONE ? 4 : 2);
	page_add(page, PAGE_PLAIN, strbuf_string(&words));
	page_tab(page, WORDS_COLUMN + 4);
	add_place(page, view, pending->pool_callback ? pending->pool_callback : pending->callback);
	strbuf_clear(&words);
	if (pending->is_request)
		add_request_state(&words, pending);
	else
		add_handle_state(&words, pending);
	page_tab(page, STATE_COLUMN);
	page_add(page, PAGE_PLAIN, strbuf_string(&words));
	strbuf_clear(&words);
	strbuf_printf(&words, "  at 0x%" PRIx64, pending->address);
	if (pending->data)
		strbuf_printf(&words, ", data 0x%" PRIx64, pending->data);
	page_add(page, PAGE_FAINT, strbuf_string(&words));
	page_end_line(page);
	if (pending->pool_callback && pending->callback) {
		page_tab(page, 4);
		page_add(page, PAGE_FAINT, "then");
		page_tab(page, WORDS_COLUMN + 4);
		add_place(page, view, pending->callback);
		page_end_line(page);
	}
	strbuf_deinit(&words);
}

static void sentence(struct page *page, enum page_style style, const struct strbuf *words)
{
	page->indent = WORDS_COLUMN;
	page_tab(page, WORDS_COLUMN);
	page_words(page, style, strbuf_string(words));
	page_end_line(page);
}

/* Which thread runs it, and what that does. */
static void running_line(struct page *page, struct core_view *view, const struct core_loop *loop)
{
	const struct frame *place = loop->calls ? core_view_place(view, loop->calls) : NULL;
	struct strbuf words = {0};

	if (loop->os_tid == CORE_LOOPS_UNKNOWN) {
		strbuf_add_string(&words, "which thread ran it, if any did, is not known");
		sentence(page, PAGE_FAINT, &words);
		strbuf_deinit(&words);
		return;
	}
	strbuf_printf(&words, "OS thread %" PRId64 " runs it", loop->os_tid);
	if (loop->is_waiting && loop->wait_ms < 0) {
		strbuf_add_string(&words, ", waiting in epoll until something comes");
	} else if (loop->is_waiting) {
		strbuf_add_string(&words, ", waiting in epoll for at most ");
		add_ms(&words, loop->wait_ms);
	} else if (place && place->function) {
		strbuf_add_string(&words, ", now in ");
		printable_add_string(&words, place->function);
		if (place->file) {
			strbuf_add_string(&words, " ");
			place_add_file(
				&words, place->file, place->directory, core_view_executable(view));
		}
		if (place->file && place->line != UNKNOWN)
			strbuf_printf(&words, ":%" PRId64, place->line);
	} else if (loop->calls) {
		strbuf_printf(&words, ", now in 0x%" PRIx64, loop->calls);
		if (place && place->module) {
			strbuf_add_string(&words, " [");
			printable_add_string(&words, frames_basename(place->module));
			strbuf_add_string(&words, "]");
		}
	}
	sentence(page, PAGE_PLAIN, &words);
	strbuf_deinit(&words);
}

/* What is missing of it, as far as that can be known. */
static void missing_lines(struct page *page, const struct core_loop *loop)
{
	struct strbuf words = {0};

	if (loop->left_out) {
		strbuf_printf(&words,
			"%" PRIu64 " of its handles left out: their memory makes no sense",
			loop->left_out);
		sentence(page, PAGE_WARN, &words);
		strbuf_clear(&words);
	}
	if (loop->is_broken) {
		strbuf_add_string(
			&words, "its list of handles is damaged, or too long: some may be missing");
		sentence(page, PAGE_WARN, &words);
		strbuf_clear(&words);
	}
	if (loop->found_handles != loop->active_handles) {
		strbuf_printf(&words,
			"libuv counted %" PRIu64 " active handles, and %" PRIu64 " were found",
			loop->active_handles, loop->found_handles);
		sentence(page, PAGE_WARN, &words);
		strbuf_clear(&words);
	}
	if (loop->found_requests > loop->active_requests) {
		strbuf_printf(&words,
			"libuv counted %" PRIu64 " active requests, and %" PRIu64 " were found",
			loop->active_requests, loop->found_requests);
		sentence(page, PAGE_WARN, &words);
	}
	strbuf_deinit(&words);
}

static void loop_heading(struct page *page, const struct core_loop *loop)
{
	struct strbuf words = {0};

	page_end_line(page);
	page_add(page, PAGE_STRONG, "loop");
	strbuf_printf(&words,
		"at 0x%" PRIx64 ": %" PRIu64 " active handle%s, %" PRIu64 " active request%s",
		loop->address, loop->active_handles, loop->active_handles == 1 ? "" : "s",
		loop->active_requests, loop->active_requests == 1 ? "" : "s");
	if (loop->active_requests > loop->found_requests)
		strbuf_printf(&words,
			", of which %" PRIu64 " could not be found: a pool thread may have them in"
			" hand, or the kernel",
			loop->active_requests - loop->found_requests);
	sentence(page, PAGE_PLAIN, &words);
	strbuf_deinit(&words);
}

static void layout_line(struct page *page, const struct core_libuv *libuv)
{
	struct strbuf words = {0};

	strbuf_add_string(&words, "layout of libuv: ");
	printable_add_string(&words, libuv->known_by);
	sentence(page, PAGE_FAINT, &words);
	strbuf_deinit(&words);
}

static void loop_lines(struct page *page, struct core_view *view, const struct core_loop *loop)
{
	size_t shown = loop->count < LINES_SHOWN ? loop->count : LINES_SHOWN;

	loop_heading(page, loop);
	running_line(page, view, loop);
	missing_lines(page, loop);
	for (size_t i = 0; i < shown; i++)
		pending_line(page, view, &loop->pending[i]);
	if (shown < loop->count) {
		page_tab(page, 2);
		page_printf(
			page, PAGE_FAINT, "%zu more (--format json has all)", loop->count - shown);
		page_end_line(page);
	}
}

int render_pending_text(struct page *page, struct core_view *view, struct error *err)
{
	const struct core_libuv *libuv = NULL;
	struct core_loops loops;

	if (core_loops_find(&loops, core_view_core(view), err))
		return -1;
	if (loops.loop_count) {
		page_end_line(page);
		page_add(page, PAGE_STRONG, "pending");
		page_tab(page, WORDS_COLUMN);
		page->indent = WORDS_COLUMN;
		page_words(page, PAGE_PLAIN,
			"what the event loops were waiting for; not how that came about, which only"
			" a recording tells");
		page_end_line(page);
	}
	for (size_t i = 0; i < loops.loop_count; i++) {
		if (loops.loops[i].libuv != libuv)
			layout_line(page, loops.loops[i].libuv);
		libuv = loops.loops[i].libuv;
		loop_lines(page, view, &loops.loops[i]);
	}
	if (loops.is_cut) {
		page_words(page, PAGE_WARN,
			"there may be more: there was too much to be looked through, or listed");
		page_end_line(page);
	}
	core_loops_deinit(&loops);
	return 0;
}
