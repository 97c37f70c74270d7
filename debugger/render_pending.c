/* Loops of a core and what they wait for: see render_pending.h. Promises printable text. */
#include "debugger/render_pending.h"

#include "debugger/describe.h"
#include "debugger/place.h"
#include "debugger/printable.h"
#include "debugger/quantity.h"
#include "recorder/core/core_loops.h"

#include <inttypes.h>

#define WORDS_COLUMN 10
#define PLACE_COLUMN 34
#define STATE_COLUMN 64
#define LINES_SHOWN  200 /* of a loop */

/* "due in 3 ms, repeat 5 ms", "fd 12" */
static void add_state(struct strbuf *words, const struct core_pending *pending)
{
	if (pending->is_closing)
		strbuf_add_string(words, "closing");
	else if (!pending->is_request && !pending->is_active)
		strbuf_add_string(words, "not active");
	if (pending->due_ms != CORE_LOOPS_UNKNOWN) {
		strbuf_add_string(words, words->length ? ", " : "");
		if (pending->due_ms > 0) {
			strbuf_add_string(words, "due in ");
			quantity_add_duration(words, pending->due_ms < INT64_MAX / 1000000
							     ? pending->due_ms * 1000000
							     : INT64_MAX);
		} else {
			strbuf_add_string(words, "due");
		}
		if (pending->repeat_ms > 0)
			strbuf_printf(words, ", repeat %" PRId64 " ms", pending->repeat_ms);
	}
	if (pending->fd != CORE_LOOPS_UNKNOWN && pending->fd >= 0)
		strbuf_printf(words, "%sfd %" PRId64, words->length ? ", " : "", pending->fd);
	if (pending->signal != CORE_LOOPS_UNKNOWN) {
		strbuf_add_string(words, words->length ? ", " : "");
		describe_signal_name(words, pending->signal);
	}
	if (pending->os_pid != CORE_LOOPS_UNKNOWN)
		strbuf_printf(words, "%spid %" PRId64, words->length ? ", " : "", pending->os_pid);
	if (!pending->is_request && !pending->is_closing && !pending->has_ref)
		strbuf_add_string(words, words->length ? ", unref" : "unref");
}

/* One handle or request: what it is, what it calls, what it waits for. */
static void pending_line(
	struct page *page, struct core_view *view, const struct core_pending *pending)
{
	const struct frame *place =
		pending->callback ? core_view_place(view, pending->callback) : NULL;
	struct strbuf words = {0};

	describe_type(&words, pending->type);
	page_tab(page, pending->is_request ? 4 : 2);
	page_add(page, PAGE_PLAIN, strbuf_string(&words));
	page_tab(page, WORDS_COLUMN + 4);
	strbuf_clear(&words);
	if (place && place->function)
		printable_add_string(&words, place->function);
	else if (pending->callback)
		strbuf_printf(&words, "0x%" PRIx64, pending->callback);
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
	strbuf_clear(&words);
	add_state(&words, pending);
	page_tab(page, STATE_COLUMN);
	page_add(page, PAGE_PLAIN, strbuf_string(&words));
	strbuf_clear(&words);
	strbuf_printf(&words, "  at 0x%" PRIx64, pending->address);
	if (pending->data)
		strbuf_printf(&words, ", data 0x%" PRIx64, pending->data);
	page_add(page, PAGE_FAINT, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static void loop_lines(struct page *page, struct core_view *view, const struct core_loops *loops,
	const struct core_loop *loop)
{
	size_t shown = loop->count < LINES_SHOWN ? loop->count : LINES_SHOWN, requests = 0;
	struct strbuf words = {0};

	for (size_t i = 0; i < loop->count; i++)
		requests += loops->pending[loop->first + i].is_request;
	page_end_line(page);
	page_add(page, PAGE_STRONG, "loop");
	page_tab(page, WORDS_COLUMN);
	strbuf_printf(&words,
		"at 0x%" PRIx64 ": %" PRIu64 " active handle%s, %" PRIu64 " active request%s",
		loop->address, loop->active_handles, loop->active_handles == 1 ? "" : "s",
		loop->active_requests, loop->active_requests == 1 ? "" : "s");
	if (loop->active_requests > requests)
		strbuf_printf(&words,
			", of which %" PRIu64 " cannot be listed: the thread pool has them",
			loop->active_requests - requests);
	page->indent = WORDS_COLUMN;
	page_words(page, PAGE_PLAIN, strbuf_string(&words));
	page_end_line(page);
	for (size_t i = 0; i < shown; i++)
		pending_line(page, view, &loops->pending[loop->first + i]);
	if (shown < loop->count) {
		page_tab(page, 2);
		page_printf(
			page, PAGE_FAINT, "%zu more (--format json has all)", loop->count - shown);
		page_end_line(page);
	}
	strbuf_deinit(&words);
}

int render_pending_text(struct page *page, struct core_view *view, struct error *err)
{
	struct core_loops loops;

	if (core_loops_find(&loops, &core_view_core(view)->modules, err))
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
	for (size_t i = 0; i < loops.loop_count; i++)
		loop_lines(page, view, &loops, &loops.loops[i]);
	if (loops.is_cut) {
		page_words(page, PAGE_WARN,
			"there may be more: what is there was damaged, or too much to be looked"
			" through");
		page_end_line(page);
	}
	core_loops_deinit(&loops);
	return 0;
}

static void pending_json(
	struct json *json, struct core_view *view, const struct core_pending *pending)
{
	const struct frame *place =
		pending->callback ? core_view_place(view, pending->callback) : NULL;

	json_newline(json);
	json_open(json, '{');
	json_key_string(json, "type", pending->type);
	json_key_string(json, "kind", pending->is_request ? "request" : "handle");
	json_key_integer(json, "address", (int64_t)pending->address);
	json_key_integer(json, "data", (int64_t)pending->data);
	json_key(json, "active");
	json_boolean(json, pending->is_active || pending->is_request);
	json_key(json, "closing");
	json_boolean(json, pending->is_closing);
	json_key_string(json, "function", place ? place->function : NULL);
	json_key_string(json, "file", place ? place->file : NULL);
	json_key_integer(json, "line", place ? place->line : JSON_UNKNOWN);
	json_key_string(json, "module", place ? place->module : NULL);
	json_key_integer(json, "fd", pending->fd);
	json_key_integer(json, "due_ms", pending->due_ms);
	json_key_integer(json, "repeat_ms", pending->repeat_ms);
	json_key_integer(json, "signal", pending->signal);
	json_key_integer(json, "os_pid", pending->os_pid);
	json_close(json, '}');
}

int render_pending_json(struct json *json, struct core_view *view, struct error *err)
{
	struct core_loops loops;

	if (core_loops_find(&loops, &core_view_core(view)->modules, err))
		return -1;
	json_key(json, "loops");
	json_open(json, '[');
	for (size_t i = 0; i < loops.loop_count; i++) {
		const struct core_loop *loop = &loops.loops[i];

		json_newline(json);
		json_open(json, '{');
		json_key_integer(json, "address", (int64_t)loop->address);
		json_key_integer(json, "data", (int64_t)loop->data);
		json_key_integer(json, "active_handles", (int64_t)loop->active_handles);
		json_key_integer(json, "active_requests", (int64_t)loop->active_requests);
		json_key(json, "pending");
		json_open(json, '[');
		for (size_t j = 0; j < loop->count; j++)
			pending_json(json, view, &loops.pending[loop->first + j]);
		json_close(json, ']');
		json_close(json, '}');
	}
	json_close(json, ']');
	json_key(json, "loops_complete");
	json_boolean(json, !loops.is_cut);
	core_loops_deinit(&loops);
	return 0;
}
