/* What was found: see render_find.h. Promises printable text. */
#include "debugger/find/render_find.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/execution.h"
#include "debugger/lineage/place.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <string.h>

#define MORE_COLUMN 10 /* where the second line of one begins */

/* One kind or one resource, with what is shown of it. */
struct hit {
	struct resource_row resource; /* the newest */
	const struct frames *frames;  /* of the stack that made it */
	const struct frame *maker;    /* its innermost that says something; NULL */
	const struct frame *matching; /* the innermost that matches; NULL */
	const struct frame *other;    /* what matches of an arming or of the callback; NULL */
	enum found_by by;
	const char *executable;
};

static bool matches(const struct terms *terms, const struct frame *frame)
{
	int i;

	for (i = 0; i < terms->count; i++) {
		const struct term *term = &terms->rows[i];
		bool any = term->key == TERM_ANY;
		bool has_line = term->number != UNKNOWN;

		if (((any || term->key == TERM_FUNCTION) && !has_line &&
			    term_matches(term, frame->function)) ||
			((any || term->key == TERM_FILE) &&
				(!has_line || term->number == frame->line) &&
				term_matches(term, frame->file)) ||
			(term->key == TERM_MODULE && term_matches(term, frame->module)))
			return true;
	}
	return false;
}

static const struct frame *matching_of(const struct terms *terms, const struct frames *frames)
{
	size_t i;

	for (i = 0; frames && i < frames->count; i++)
		if (matches(terms, &frames->rows[i]))
			return &frames->rows[i];
	return NULL;
}

static int number_of(
	struct session *session, const char *sql, int64_t id, int64_t *ret, struct error *err)
{
	sqlite3_stmt *row;
	int found;

	*ret = UNKNOWN;
	if (sqlite3_prepare_v2(reader_database(session->recording), sql, -1, &row, NULL))
		return reader_error(session->recording, NULL, err);
	sqlite3_bind_int64(row, 1, id);
	found = reader_step(session->recording, row, err);
	if (found == 1)
		*ret = lookup_column(row, 0);
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

/* The frames of an arming's origin or of an entry's callback. */
static int other_frames(const struct find_view *view, enum found_by by, int64_t id,
	const struct frames **ret, struct error *err)
{
	static const struct frames_base base = {false, UNKNOWN};
	struct session *session = view->session;
	int64_t found;

	*ret = NULL;
	if (by == FOUND_BY_RUN) {
		if (number_of(session,
			    "SELECT callback_frame_id FROM main.entry WHERE entry_id = ?1", id,
			    &found, err))
			return -1;
		return frames_of_place(session->cache, session->recording, found, ret, err);
	}
	if (number_of(session, "SELECT stack_id FROM main.origin WHERE origin_id = ?1", id, &found,
		    err))
		return -1;
	return frames_of_stack(session->cache, session->recording, found, &base, ret, err);
}

static int load(const struct find_view *view, int64_t async_id, struct hit *ret, struct error *err)
{
	struct session *session = view->session;
	struct process_row process;
	struct execution in;
	size_t i;

	*ret = (struct hit){0};
	if (lookup_resource(session->recording, async_id, &ret->resource, err) < 0 ||
		lookup_process(session->recording, id_process(async_id), &process, err) < 0 ||
		execution_load(session->recording, session->cache, ret->resource.run_id,
			ret->resource.thread_id, &in, err) < 0 ||
		execution_stack(session->recording, session->cache, &in, ret->resource.stack_id,
			&ret->frames, err))
		return -1;
	ret->executable = process.executable;
	for (i = 0; i < ret->frames->count && !ret->maker; i++)
		if (!ret->frames->rows[i].is_aside && ret->frames->rows[i].function)
			ret->maker = &ret->frames->rows[i];
	ret->matching = matching_of(view->terms, ret->frames);
	return 0;
}

static int load_found(
	const struct find_view *view, const struct found *found, struct hit *ret, struct error *err)
{
	const struct frames *frames;

	if (load(view, found->newest_id, ret, err))
		return -1;
	ret->by = found->by;
	if (found->by == FOUND_BY_CREATION || ret->matching)
		return 0;
	if (other_frames(view, found->by, found->by_id, &frames, err))
		return -1;
	ret->other = matching_of(view->terms, frames);
	return 0;
}

static void place_words(struct strbuf *words, const struct hit *hit, const struct frame *frame)
{
	printable_add_string(words, frame->function ? frame->function : "??");
	if (!frame->file)
		return;
	strbuf_add_char(words, ' ');
	place_add_file(words, frame->file, frame->directory, hit->executable);
	if (frame->line != UNKNOWN && frame->line > 0)
		strbuf_printf(words, ":%" PRId64, frame->line);
}

/* "by uv_tcp_init in on_connection src/http.c:112" */
static void maker_words(struct strbuf *words, const struct hit *hit)
{
	if (hit->resource.api) {
		strbuf_add_string(words, "by ");
		printable_add_string(words, hit->resource.api);
	}
	if (!hit->maker)
		return;
	strbuf_add_string(words, words->length ? " in " : "in ");
	place_words(words, hit, hit->maker);
}

/* Where the match is, when the line above does not show it. */
static void match_words(struct strbuf *words, const struct hit *hit)
{
	const struct frame *frame = hit->matching ? hit->matching : hit->other;

	if (!frame || frame == hit->maker)
		return;
	strbuf_add_string(words, hit->matching		      ? "called from "
				 : hit->by == FOUND_BY_ARMING ? "armed in "
							      : "its callback ");
	place_words(words, hit, frame);
}

static void add_fitting(struct page *page, enum page_style style, const char *text)
{
	struct strbuf shortened = {0};

	if (!*text)
		return;
	if (page->column && printable_width(text) + 2 > page_room(page)) {
		page_end_line(page);
		page_tab(page, MORE_COLUMN);
	} else if (page->column) {
		page_add(page, PAGE_PLAIN, "  ");
	}
	if (page->strict && printable_width(text) > page_room(page)) {
		printable_shorten(&shortened, text, page_room(page), page_room(page) / 2);
		text = strbuf_string(&shortened);
	}
	page_add(page, style, text);
	strbuf_deinit(&shortened);
}

/* What both lists have behind what it is. */
static void add_places(struct page *page, const struct hit *hit)
{
	struct strbuf words = {0};

	maker_words(&words, hit);
	add_fitting(page, PAGE_PLACE, strbuf_string(&words));
	strbuf_clear(&words);
	match_words(&words, hit);
	add_fitting(page, PAGE_STRONG, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static int show_kind(const struct find_view *view, const struct found *found, struct page *page,
	struct error *err)
{
	struct strbuf words = {0}, count = {0};
	struct hit hit;
	int result = load_found(view, found, &hit, err);

	if (!result) {
		quantity_add_count(&count, found->count);
		strbuf_printf(&words, "%7s x ", strbuf_string(&count));
		page_add(page, PAGE_PLAIN, strbuf_string(&words));
		strbuf_clear(&words);
		describe_type(&words, hit.resource.type.name);
		page_add(page, PAGE_STRONG, strbuf_string(&words));
		strbuf_clear(&words);
		strbuf_add_string(&words, found->count > 1 ? "newest " : "");
		point_add_async(&words, found->newest_id);
		if (hit.resource.detail && *hit.resource.detail) {
			strbuf_add_string(&words, " (");
			printable_add(&words, hit.resource.detail, strlen(hit.resource.detail), 60);
			strbuf_add_char(&words, ')');
		}
		if (found->alive) {
			strbuf_add_string(&words, ", ");
			quantity_add_count(&words, found->alive);
			strbuf_add_string(&words, " still there");
		}
		add_fitting(page, PAGE_PLAIN, strbuf_string(&words));
		add_places(page, &hit);
	}
	strbuf_deinit(&words);
	strbuf_deinit(&count);
	return result;
}

static int show_one(
	const struct find_view *view, int64_t async_id, struct page *page, struct error *err)
{
	struct strbuf words = {0};
	struct hit hit;
	int result = load(view, async_id, &hit, err);

	if (!result) {
		describe_resource(&words, hit.resource.type.name, async_id, hit.resource.detail);
		page_add(page, PAGE_STRONG, strbuf_string(&words));
		strbuf_clear(&words);
		if (hit.resource.created_ns != UNKNOWN)
			quantity_add_moment(&words, hit.resource.created_ns);
		add_fitting(page, PAGE_PLAIN, strbuf_string(&words));
		add_places(page, &hit);
	}
	strbuf_deinit(&words);
	return result;
}

static void show_end(const struct find_view *view, size_t shown, size_t of, struct page *page)
{
	const struct search *search = view->search;
	struct strbuf words = {0};

	quantity_add_count(&words, search->total);
	strbuf_add_string(&words, search->total == 1 ? " resource" : " resources");
	if (!view->all) {
		strbuf_add_string(&words, " of ");
		quantity_add_count(&words, (int64_t)search->count);
		strbuf_add_string(&words, search->count == 1 ? " kind" : " kinds");
	}
	if (shown < of) {
		strbuf_add_string(&words, "; ");
		quantity_add_count(&words, (int64_t)(of - shown));
		strbuf_add_string(&words, " more left out (--limit)");
	}
	strbuf_add_string(&words, "    ");
	session_add_command(view->session, &words, "info");
	strbuf_add_char(&words, ' ');
	point_add_async(&words,
		view->all && search->newest_count ? search->newest[0] : search->rows[0].newest_id);
	page->indent = 2;
	page_words(page, PAGE_FAINT, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static size_t shown_of(const struct find_view *view, size_t count)
{
	return view->limit == UNKNOWN || count < (size_t)view->limit ? count : (size_t)view->limit;
}

int render_find_text(const struct find_view *view, struct page *page, struct error *err)
{
	const struct search *search = view->search;
	size_t i, shown = view->all ? search->newest_count : shown_of(view, search->count);
	int result = 0;

	for (i = 0; !result && i < shown; i++) {
		if (reader_is_interrupted())
			return error_set(err, "interrupted");
		result = view->all ? show_one(view, search->newest[i], page, err)
				   : show_kind(view, &search->rows[i], page, err);
	}
	if (!result)
		show_end(view, shown, view->all ? (size_t)search->total : search->count, page);
	return result;
}

/* --- JSON ----------------------------------------------------------------------------------------
 */

static void json_place(struct json *json, const struct hit *hit)
{
	const struct frame *frame = hit->matching ? hit->matching : hit->other;

	json_key_string(json, "api", hit->resource.api);
	json_key_string(json, "function", hit->maker ? hit->maker->function : NULL);
	json_key_string(json, "file", hit->maker ? hit->maker->file : NULL);
	json_key_integer(json, "line", hit->maker ? hit->maker->line : JSON_UNKNOWN);
	json_key_integer(json, "stack_id", hit->resource.stack_id);
	json_key_string(json, "matching_function", frame ? frame->function : NULL);
	json_key_string(json, "matching_file", frame ? frame->file : NULL);
	json_key_integer(json, "matching_line", frame ? frame->line : JSON_UNKNOWN);
}

static int json_kind(const struct find_view *view, const struct found *found, struct json *json,
	struct error *err)
{
	static const char *const ways[] = {"creation", "arming", "run"};
	struct hit hit;

	if (load_found(view, found, &hit, err))
		return -1;
	json_newline(json);
	json_open(json, '{');
	json_key_string(json, "type", hit.resource.type.name);
	json_key_integer(json, "count", found->count);
	json_key_integer(json, "alive", found->alive);
	json_key_integer(json, "newest_id", found->newest_id);
	json_key_integer(json, "oldest_id", found->oldest_id);
	json_key_string(json, "by", ways[found->by]);
	json_place(json, &hit);
	json_close(json, '}');
	return 0;
}

static int json_one(
	const struct find_view *view, int64_t async_id, struct json *json, struct error *err)
{
	struct hit hit;

	if (load(view, async_id, &hit, err))
		return -1;
	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "async_id", async_id);
	json_key_string(json, "type", hit.resource.type.name);
	json_key_integer(json, "created_ns", hit.resource.created_ns);
	json_key_integer(json, "destroyed_ns", hit.resource.destroyed_ns);
	json_key_string(json, "detail", hit.resource.detail);
	json_place(json, &hit);
	json_close(json, '}');
	return 0;
}

int render_find_json(const struct find_view *view, struct json *json, struct error *err)
{
	const struct search *search = view->search;
	size_t i, shown = view->all ? search->newest_count : shown_of(view, search->count);
	int result = 0;

	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_integer(json, "count", search->total);
	json_key_integer(json, "kind_count", (int64_t)search->count);
	json_key(json, view->all ? "resources" : "kinds");
	json_open(json, '[');
	for (i = 0; !result && i < shown; i++)
		result = view->all ? json_one(view, search->newest[i], json, err)
				   : json_kind(view, &search->rows[i], json, err);
	json_close(json, ']');
	json_close(json, '}');
	return result;
}
