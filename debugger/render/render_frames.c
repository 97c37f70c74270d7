/*
 * Frames as lines: see render_frames.h. Promises printable text. What it reads beside the frames is
 * lines of source files.
 */
#include "debugger/render/render_frames.h"

#include "debugger/lineage/place.h"
#include "debugger/text/printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INLINE_FRAMES 8	  /* on one line, at most */
#define MEASURED      100 /* frames of a stack that the alignment heeds */

static bool is_shown(const struct frame_lines *lines, const struct frame *frame)
{
	return lines->full || !frame->is_aside;
}

/* Why the stack ends is no place. */
static bool is_reason(const struct frame *frame)
{
	return !frame->function && frame->end_reason;
}

bool frame_is_numbered(const struct frame *frame, bool full)
{
	return (full || !frame->is_aside) && !is_reason(frame);
}

size_t frame_lines_count(const struct frame_lines *lines, const struct frames *frames)
{
	size_t count = 0, i;

	for (i = 0; i < frames->count; i++)
		count += frame_is_numbered(&frames->rows[i], lines->full);
	return count;
}

void frame_add_function(struct strbuf *buffer, const struct frame *frame)
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
static void add_place(const struct frame_lines *lines, struct strbuf *buffer,
	const struct frame *frame, bool with_column)
{
	if (!frame->file)
		return;
	place_add_file(buffer, frame->file, frame->directory, lines->executable);
	if (frame->line != UNKNOWN && frame->line > 0)
		strbuf_printf(buffer, ":%" PRId64, frame->line);
	if (with_column && frame->line != UNKNOWN && frame->column != UNKNOWN && frame->column > 0)
		strbuf_printf(buffer, ":%" PRId64, frame->column);
}

/* The executable goes without saying, but for an address in it. */
static const char *module_of(const struct frame_lines *lines, const struct frame *frame)
{
	if (!frame->module ||
		(lines->executable && frame->function && !strcmp(frame->module, lines->executable)))
		return NULL;
	return frames_basename(frame->module);
}

/* "[libc.so.6] inlined": what follows the place. */
static void add_remark(
	const struct frame_lines *lines, struct strbuf *buffer, const struct frame *frame)
{
	const char *module = module_of(lines, frame);

	if (module) {
		/* The kernel's own, [vdso], has them in its name. */
		const bool is_bare = *module != '[';

		strbuf_add_string(buffer, is_bare ? "[" : "");
		printable_add_string(buffer, module);
		strbuf_add_string(buffer, is_bare ? "]" : "");
	}
	if (frame->inlined)
		strbuf_add_string(buffer, buffer->length ? " inlined" : "inlined");
	if (frame->is_tail)
		strbuf_add_string(
			buffer, buffer->length ? " left by a tail call" : "left by a tail call");
}

void frame_lines_measure(struct frame_lines *lines, const struct frames *frames)
{
	size_t i, limit = lines->page->columns * 2 / 5;
	struct strbuf function = {0};

	for (i = 0; i < frames->count && i < MEASURED; i++) {
		const struct frame *frame = &frames->rows[i];
		size_t width;

		if (!frame_is_numbered(frame, lines->full))
			continue;
		strbuf_clear(&function);
		frame_add_function(&function, frame);
		width = printable_width(strbuf_string(&function));
		if (width <= limit && lines->function_column + width + 2 > lines->place_column)
			lines->place_column = lines->function_column + width + 2;
	}
	strbuf_deinit(&function);
}

/* Adds text; when the page is strict and has less room, shortened to it but for `keep_end` columns.
 */
static void add_fitting(
	struct page *page, enum page_style style, const char *text, size_t room, size_t keep_end)
{
	struct strbuf shortened = {0};

	if (!page->strict || printable_width(text) <= room) {
		page_add(page, style, text);
		return;
	}
	printable_shorten(&shortened, text, room, keep_end);
	page_add(page, style, strbuf_string(&shortened));
	strbuf_deinit(&shortened);
}

int64_t frame_lines_add_source(const struct frame_lines *lines, const struct source_text *text,
	int64_t first, int64_t last, int64_t marked)
{
	struct strbuf shown = {0}, number = {0};
	struct page *page = lines->page;
	struct source_line line;
	int64_t shown_last = 0;
	int width = snprintf(NULL, 0, "%" PRId64, last);
	bool there;

	for (there = source_text_line(text, first > 0 ? first : 1, &line);
		there && line.number <= last; there = source_text_next(text, &line)) {
		bool is_marked = line.number == marked;

		strbuf_clear(&shown);
		strbuf_clear(&number);
		source_line_add(&shown, &line, false);
		strbuf_printf(
			&number, "%s %*" PRId64 " |", is_marked ? ">" : " ", width, line.number);
		page_tab(page, lines->function_column);
		page_add(page, is_marked ? PAGE_WARN : PAGE_FAINT, strbuf_string(&number));
		page_add(page, PAGE_PLAIN, " ");
		add_fitting(page, is_marked ? PAGE_STRONG : PAGE_PLAIN, strbuf_string(&shown),
			page_room(page), 0);
		page_end_line(page);
		shown_last = line.number;
	}
	strbuf_deinit(&shown);
	strbuf_deinit(&number);
	return shown_last;
}

/* The line of the source alone. */
static bool add_source_line(
	const struct frame_lines *lines, const struct source_text *text, int64_t number)
{
	struct page *page = lines->page;
	struct strbuf shown = {0};
	struct source_line line;
	bool found = source_text_line(text, number, &line) && source_line_add(&shown, &line, true);

	if (found) {
		page_tab(page, lines->function_column + 2);
		page_printf(page, PAGE_FAINT, "%" PRId64 " | ", number);
		add_fitting(page, PAGE_PLAIN, strbuf_string(&shown), page_room(page), 0);
		page_end_line(page);
	}
	strbuf_deinit(&shown);
	return found;
}

/* What is written where a frame stands, when the file is there. */
static bool add_source(const struct frame_lines *lines, const struct frame *frame)
{
	struct source_text text = {0};
	int64_t first;
	bool found;

	if (!frame->file || frame->line <= 0 || frame->line > INT32_MAX)
		return false;
	found = source_text_read(&text, frame->file, frame->directory);
	if (found && lines->context > 1) {
		first = frame->line - lines->context / 2;
		first = first < 1 ? 1 : first;
		found = frame_lines_add_source(
			lines, &text, first, first + lines->context - 1, frame->line);
	} else if (found) {
		found = add_source_line(lines, &text, frame->line);
	}
	source_text_deinit(&text);
	return found;
}

/* To where places begin; on a line of its own when a long function leaves too little room. */
static void begin_place(const struct frame_lines *lines, size_t wanted)
{
	struct page *page = lines->page;

	page_tab(page, lines->place_column);
	if (page->strict && page->column > lines->place_column && page_room(page) < wanted &&
		page_room(page) < 24) {
		page_end_line(page);
		page_tab(page, lines->place_column);
	}
}

/* Where a frame is: file and line, and the module. */
static void add_where(const struct frame_lines *lines, const struct frame *frame, bool with_column)
{
	struct strbuf place = {0}, remark = {0};
	struct page *page = lines->page;
	size_t after;

	add_place(lines, &place, frame, with_column);
	add_remark(lines, &remark, frame);
	after = printable_width(strbuf_string(&remark));
	if (place.length || !page->strict || lines->place_column + after <= page->columns)
		begin_place(lines, printable_width(strbuf_string(&place)) + after + 2);
	if (place.length) {
		size_t room = page_room(page), needed = remark.length ? after + 2 : 0;

		add_fitting(page, PAGE_PLACE, strbuf_string(&place),
			room > needed + 16 ? room - needed : room, room * 2 / 3);
		if (remark.length && (!page->strict || page_room(page) >= needed))
			page_add(page, PAGE_PLAIN, "  ");
	}
	if (remark.length && (!page->strict || page_room(page) >= after))
		page_add(page, PAGE_FAINT, strbuf_string(&remark));
	strbuf_deinit(&place);
	strbuf_deinit(&remark);
}

/* Why a stack ends where it does. */
static void add_reason(const struct frame_lines *lines, const struct frame *frame)
{
	struct page *page = lines->page;
	struct strbuf words = {0};

	page_tab(page, lines->function_column);
	strbuf_add_char(&words, '(');
	frame_add_function(&words, frame);
	strbuf_add_char(&words, ')');
	page->indent = lines->function_column + 1;
	page_words(page, PAGE_FAINT, strbuf_string(&words));
	page_end_line(page);
	strbuf_deinit(&words);
}

static void add_line(struct frame_lines *lines, const struct frame *frame, bool with_column)
{
	struct page *page = lines->page;
	struct strbuf function = {0};

	if (lines->numbered)
		page_printf(page, PAGE_FAINT, " #%-3zu", lines->number++);
	page_tab(page, lines->function_column);
	frame_add_function(&function, frame);
	add_fitting(page, module_of(lines, frame) ? PAGE_PLAIN : PAGE_STRONG,
		strbuf_string(&function), page_room(page), page_room(page) / 3);
	add_where(lines, frame, with_column);
	page_end_line(page);
	strbuf_deinit(&function);
}

void frame_lines_add(
	struct frame_lines *lines, const struct frames *frames, enum frame_detail detail)
{
	bool first = true, source = detail == FRAME_SOURCE;
	size_t i;

	for (i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->rows[i];

		if (!is_shown(lines, frame))
			continue;
		if (is_reason(frame)) {
			add_reason(lines, frame);
			continue;
		}
		add_line(lines, frame, first && detail != FRAME_LINE);
		/* Of the first whose file is here: inside libc it is seldom. */
		if ((source || lines->context) && add_source(lines, frame))
			source = false;
		first = false;
	}
}

void frame_lines_add_one(
	struct frame_lines *lines, const struct frame *frame, enum frame_detail detail)
{
	add_line(lines, frame, detail != FRAME_LINE);
	if (detail == FRAME_SOURCE)
		add_source(lines, frame);
}

/* Is a frame worth its place on a line? One without a name is not, unless none has one. */
static bool is_inline(const struct frame_lines *lines, const struct frame *frame, bool only_named)
{
	return is_shown(lines, frame) && (frame->function || !only_named);
}

static size_t count_inline(
	const struct frame_lines *lines, const struct frames *frames, bool only_named)
{
	size_t count = 0, i;

	for (i = 0; i < frames->count; i++)
		count += is_inline(lines, &frames->rows[i], only_named);
	return count;
}

void frame_lines_add_inline(const struct frame_lines *lines, const struct frames *frames)
{
	static const char more[] = "  < ...";
	struct strbuf function = {0}, place = {0};
	struct page *page = lines->page;
	bool only_named = count_inline(lines, frames, true);
	size_t left = count_inline(lines, frames, only_named), shown = 0, i;

	for (i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->rows[i];
		size_t width;

		if (!is_inline(lines, frame, only_named))
			continue;
		left--;
		strbuf_clear(&function);
		strbuf_clear(&place);
		strbuf_add_string(&function, shown ? "  < " : "");
		frame_add_function(&function, frame);
		strbuf_add_char(&place, ' ');
		add_place(lines, &place, frame, false);
		width = printable_width(strbuf_string(&function)) +
			(place.length > 1 ? printable_width(strbuf_string(&place)) : 0);
		if (shown == INLINE_FRAMES ||
			(shown && page->strict &&
				width + (left ? sizeof more - 1 : 0) > page_room(page))) {
			if (!page->strict || page_room(page) >= sizeof more - 1)
				page_add(page, PAGE_PLAIN, more);
			break;
		}
		add_fitting(page, PAGE_PLAIN, strbuf_string(&function), page_room(page), 8);
		if (place.length > 1)
			add_fitting(page, PAGE_PLACE, strbuf_string(&place), page_room(page),
				page_room(page) * 2 / 3);
		shown++;
	}
	strbuf_deinit(&function);
	strbuf_deinit(&place);
}
