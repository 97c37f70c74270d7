/*
 * Recorded lines as a list and as JSON: see render_log.h. Promises printable text, and bounded
 * memory whatever lines are like. Must not be used for the one line that a trace is of:
 * render_heading.h.
 */
#include "debugger/log/render_log.h"

#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_BYTES     4000 /* of a line's text, where it is not cut to a width */
#define AROUND_COLUMNS 24   /* shown before the first match, when the text has to be moved for it */
#define WITH_COLUMNS   40   /* of values of a context */
#define LEAST_TEXT     20   /* columns that a text has, however wide what is before it */

void log_list_deinit(struct log_list *list)
{
	for (size_t i = 0; list->waiting && i < LOG_BLOCK; i++) {
		strbuf_deinit(&list->waiting[i].text);
		strbuf_deinit(&list->waiting[i].with);
	}
	free(list->waiting);
	list->waiting = NULL;
}

static void set_cells(struct log_list *list, struct log_shown *shown, const struct log_line *line)
{
	struct strbuf words = {0};

	if (line->row.written_ns != UNKNOWN)
		quantity_add_moment(&words, line->row.written_ns);
	snprintf(shown->cells[0], sizeof shown->cells[0], "%s", strbuf_string(&words));
	if (line->row.thread_id == UNKNOWN)
		snprintf(shown->cells[1], sizeof shown->cells[1], "thread:?");
	else
		snprintf(shown->cells[1], sizeof shown->cells[1], "thread:%" PRId64,
			line->row.thread_id);
	snprintf(shown->cells[2], sizeof shown->cells[2], "log:%" PRId64, line->row.log_id);
	strbuf_clear(&words);
	strbuf_add_char(&words, '#');
	point_add_async(&words, line->async_id);
	snprintf(shown->cells[3], sizeof shown->cells[3], "%s", strbuf_string(&words));
	list->any_unknown |= line->async_id == UNKNOWN;
	strbuf_deinit(&words);
}

/* Not within a character of UTF-8. */
static size_t whole_character(const char *bytes, size_t length, size_t at)
{
	size_t moved;

	for (moved = 0; moved < 3 && at + moved < length; moved++)
		if (((unsigned char)bytes[at + moved] & 0xc0) != 0x80)
			return at + moved;
	return at;
}

/* What is highlighted; a pattern that now takes too long highlights no more. */
static void find_matches(
	const struct log_list *list, struct log_shown *shown, const struct log_row *row)
{
	struct pattern_range range = {0, 0};
	size_t from = 0;

	shown->match_count = 0;
	while (list->match && shown->match_count < LOG_MATCHES && from <= row->text_length &&
		pattern_find(list->match, row->text, row->text_length, from, &range, NULL) == 1) {
		if (range.end > range.begin)
			shown->matches[shown->match_count++] = range;
		from = range.end > range.begin
			       ? range.end
			       : whole_character(row->text, row->text_length, range.end + 1);
	}
}

/* As much of the text as may be seen, and so that the first match is. */
static void set_text(struct log_list *list, struct log_shown *shown, const struct log_row *row)
{
	size_t room = list->page->strict ? 4 * list->page->columns : PIPE_BYTES;
	size_t seen = list->page->strict ? list->page->columns / 2 : PIPE_BYTES;
	size_t begin = 0, end;

	if (shown->match_count && shown->matches[0].end > seen)
		begin = shown->matches[0].begin > AROUND_COLUMNS
				? shown->matches[0].begin - AROUND_COLUMNS
				: 0;
	begin = whole_character(row->text, row->text_length, begin);
	end = row->text_length - begin > room ? begin + room : row->text_length;
	end = whole_character(row->text, row->text_length, end);
	strbuf_clear(&shown->text);
	strbuf_add(&shown->text, row->text ? row->text + begin : "", end - begin);
	shown->left_before = begin;
	shown->has_rest = end < row->text_length;
	shown->length = row->full_length;
	shown->is_cut = row->full_length != UNKNOWN && row->full_length > (int64_t)row->text_length;
}

/* What is shown before the text: no wider than leaves room for that. */
static void set_with(struct log_list *list, struct log_shown *shown, const char *with)
{
	size_t width;

	strbuf_clear(&shown->with);
	if (!with)
		return;
	printable_shorten(&shown->with, with, WITH_COLUMNS, WITH_COLUMNS / 2);
	width = printable_width(strbuf_string(&shown->with));
	if (width > list->with_width)
		list->with_width = width;
}

int log_list_add(
	struct log_list *list, const struct log_line *line, bool is_uncertain, struct error *err)
{
	struct log_shown *shown;
	size_t i;

	if (!list->waiting && !(list->waiting = calloc(LOG_BLOCK, sizeof *list->waiting)))
		return error_set(err, "out of memory");
	if (list->count == LOG_BLOCK)
		log_list_flush(list);
	shown = &list->waiting[list->count];
	shown->at_flush = line->row.at_flush;
	shown->is_uncertain = is_uncertain;
	list->any_flush |= shown->at_flush;
	list->any_uncertain |= shown->is_uncertain;
	find_matches(list, shown, &line->row);
	set_cells(list, shown, line);
	set_text(list, shown, &line->row);
	set_with(list, shown, line->with);
	for (i = 0; i < LOG_CELLS; i++)
		if (strlen(shown->cells[i]) > list->widths[i])
			list->widths[i] = strlen(shown->cells[i]);
	list->count++;
	return 0;
}

/* What a text has at its end, when it is not all there: how long it is. */
static void add_rest(struct strbuf *words, const struct log_shown *shown, bool brief)
{
	if (!shown->has_rest && !shown->is_cut)
		return;
	/* What was moved for its match has no room for more. */
	if (brief && shown->left_before) {
		strbuf_add_string(words, "...");
		return;
	}
	strbuf_add_string(words, "... (");
	quantity_add_count(words, shown->length);
	strbuf_add_string(words, brief		 ? " bytes)"
				 : shown->is_cut ? " bytes, not all kept)"
						 : " bytes in all)");
}

/* Printable bytes in as much as `columns`. Returns how many columns they take; *ret_all: all fit.
 */
static size_t add_fitting(struct strbuf *ret, const char *printable, size_t columns, bool *ret_all)
{
	size_t width = 0, bytes = 0;
	char one[5] = "";
	uint32_t point;

	while (printable[bytes]) {
		size_t length =
			printable_decode(printable + bytes, strnlen(printable + bytes, 4), &point);

		length = length ? length : 1;
		memcpy(one, printable + bytes, length);
		one[length] = '\0';
		if (width + printable_width(one) > columns)
			break;
		width += printable_width(one);
		bytes += length;
	}
	strbuf_add(ret, printable, bytes);
	*ret_all = !printable[bytes];
	return width;
}

/* A part of the text, in as many columns as are left. False: it is cut. */
static bool add_part(
	struct page *page, enum page_style style, const char *bytes, size_t count, size_t *columns)
{
	struct strbuf printable = {0}, fitting = {0};
	bool all;

	printable_add(&printable, bytes, count, 0);
	*columns -= add_fitting(&fitting, strbuf_string(&printable), *columns, &all);
	page_add(page, style, strbuf_string(&fitting));
	strbuf_deinit(&printable);
	strbuf_deinit(&fitting);
	return all;
}

/* The text with its matches. False: it is cut. */
static bool add_parts(struct page *page, const struct log_shown *shown, size_t columns)
{
	const char *bytes = strbuf_string(&shown->text);
	size_t i, at = 0, end = shown->text.length;

	for (i = 0; i < shown->match_count; i++) {
		size_t from = shown->matches[i].begin, to = shown->matches[i].end;

		if (to <= shown->left_before || from >= shown->left_before + end)
			continue;
		from = from > shown->left_before ? from - shown->left_before : 0;
		to = to - shown->left_before < end ? to - shown->left_before : end;
		if (from < at)
			from = at;
		if (!add_part(page, PAGE_PLAIN, bytes + at, from - at, &columns) ||
			!add_part(page, PAGE_BAD, bytes + from, to - from, &columns))
			return false;
		at = to;
	}
	return add_part(page, PAGE_PLAIN, bytes + at, end - at, &columns);
}

static void add_text(struct page *page, const struct log_shown *shown)
{
	struct strbuf rest = {0}, printable = {0};
	size_t columns = SIZE_MAX, ending;

	add_rest(&rest, shown, page->strict);
	if (shown->left_before)
		page_add(page, PAGE_FAINT, "...");
	if (page->strict) {
		columns = page_room(page) < LEAST_TEXT ? LEAST_TEXT : page_room(page);
		printable_add(&printable, strbuf_string(&shown->text), shown->text.length, 0);
		ending = printable_width(strbuf_string(&rest));
		if (printable_width(strbuf_string(&printable)) + ending > columns) {
			if (!rest.length || ending + LEAST_TEXT / 2 > columns) {
				strbuf_clear(&rest);
				strbuf_add_string(&rest, "...");
			}
			columns -= printable_width(strbuf_string(&rest));
		}
		strbuf_deinit(&printable);
	}
	add_parts(page, shown, columns);
	page_add(page, PAGE_FAINT, strbuf_string(&rest));
	strbuf_deinit(&rest);
}

static void show(struct log_list *list, const struct log_shown *shown)
{
	static const enum page_style styles[LOG_CELLS] = {
		PAGE_FAINT, PAGE_PLAIN, PAGE_STRONG, PAGE_PLAIN};
	struct page *page = list->page;
	size_t i, column = 0;

	for (i = 0; i < LOG_CELLS; i++) {
		/* moments are numbers */
		if (!i)
			page_tab(page, list->widths[0] - strlen(shown->cells[0]));
		page_add(page, styles[i], shown->cells[i]);
		column += list->widths[i] + (i + 1 < LOG_CELLS ? 2 : 1);
		page_tab(page, column);
	}
	page_add(page, PAGE_WARN, shown->is_uncertain ? "?" : "");
	page_add(page, PAGE_WARN, shown->at_flush ? "~" : "");
	page_tab(page, column + 2);
	if (shown->with.length) {
		page_add(page, PAGE_PLACE, strbuf_string(&shown->with));
		page_tab(page, column + 2 + list->with_width + 2);
	}
	add_text(page, shown);
	page_end_line(page);
}

void log_list_flush(struct log_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		show(list, &list->waiting[i]);
	list->count = 0;
}

void log_list_foot(struct log_list *list)
{
	static const char at_flush[] =
		"~   seen only when a buffer was flushed: the run is that of the flush, and the"
		" line may have been made in an earlier one";
	static const char *const words[] = {
		at_flush,
		"?   not certain: it may be another line, or one that was not recorded",
		"#?  it is not known which run wrote it",
	};
	const bool any[] = {list->any_flush, list->any_uncertain, list->any_unknown};
	struct page *page = list->page;

	page->indent = 4;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!any[i])
			continue;
		page_add(page, PAGE_WARN, "");
		strbuf_add(&page->text, words[i], 4);
		page->column += 4;
		page_words(page, PAGE_WARN, words[i] + 4);
		page_end_line(page);
	}
}

void render_log_json(struct json *json, const struct log_line *line)
{
	const struct log_row *row = &line->row;

	json_key_integer(json, "log_id", row->log_id);
	json_key_integer(json, "async_id", line->async_id);
	json_key_string(json, "type", line->type);
	json_key_integer(json, "run_id", row->run_id);
	json_key_integer(json, "thread_id", row->thread_id);
	json_key_integer(json, "process_id", row->process_id);
	json_key_integer(json, "ns", row->written_ns);
	json_key_integer(json, "fd", row->fd);
	json_key_string(json, "sink", row->sink_kind);
	json_key_string(json, "path", row->path);
	json_key_string(json, "moved_to", row->moved_to);
	json_key_integer(json, "line_number", row->line_number);
	json_key_string(json, "api", row->api);
	json_key_integer(json, "stack_id", row->stack_id);
	json_key_integer(json, "writer_id", row->writer_id);
	json_key(json, "at_flush");
	json_boolean(json, row->at_flush);
	json_key_integer(json, "full_length", row->full_length);
	json_key(json, "text");
	json_bytes(json, row->text ? row->text : "", row->text_length);
}
