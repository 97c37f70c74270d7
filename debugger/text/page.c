/* Text for people: see page.h. Promises escape sequences only when `colour` is set. */
#include "debugger/text/page.h"

#include "debugger/text/printable.h"

#include <string.h>

static const char *const sequences[PAGE_STYLES] = {
	[PAGE_STRONG] = "\033[1m",
	[PAGE_BAD] = "\033[1;31m",
	[PAGE_WARN] = "\033[33m",
	[PAGE_GOOD] = "\033[32m",
	[PAGE_FAINT] = "\033[2m",
	[PAGE_BOUNDARY] = "\033[36m",
	[PAGE_PLACE] = "\033[34m",
};

void page_deinit(struct page *page)
{
	strbuf_deinit(&page->text);
}

static void add_bytes(struct page *page, enum page_style style, const char *text, size_t count)
{
	bool colour = page->colour && sequences[style] && count;

	if (colour)
		strbuf_add_string(&page->text, sequences[style]);
	strbuf_add(&page->text, text, count);
	if (colour)
		strbuf_add_string(&page->text, "\033[0m");
}

void page_add(struct page *page, enum page_style style, const char *text)
{
	add_bytes(page, style, text, strlen(text));
	page->column += printable_width(text);
}

void page_printf(struct page *page, enum page_style style, const char *format, ...)
{
	struct strbuf text = {0};
	va_list arguments;

	va_start(arguments, format);
	strbuf_vprintf(&text, format, arguments);
	va_end(arguments);
	page_add(page, style, strbuf_string(&text));
	strbuf_deinit(&text);
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/*
 * The length of the words from `text` on that stay on one line: a number stays with the words
 * around it ("5.1 ms", "4 async", "timer 43").
 */
static size_t bound_words(const char *text)
{
	size_t length = strcspn(text, " ");

	while (text[length] == ' ') {
		const char *next = text + length + 1;
		char last = text[length - 1];

		if (!(is_digit(last) && *next >= 'a' && *next <= 'z') &&
			!(is_digit(*next) && !strchr(",;:", last)))
			break;
		length += 1 + strcspn(next, " ");
	}
	return length;
}

void page_words(struct page *page, enum page_style style, const char *text)
{
	struct strbuf words = {0};

	while (*text) {
		size_t spaces = strspn(text, " "), length, width;

		text += spaces;
		length = *text ? bound_words(text) : 0;
		strbuf_clear(&words);
		strbuf_add(&words, text, length);
		width = printable_width(strbuf_string(&words));
		if (page->strict && length && page->column > page->indent &&
			page->column + spaces + width > page->columns) {
			page_end_line(page);
			page_tab(page, page->indent);
			spaces = 0;
		}
		strbuf_clear(&words);
		strbuf_add_repeated(&words, ' ', spaces);
		strbuf_add(&words, text, length);
		page_add(page, style, strbuf_string(&words));
		text += length;
	}
	strbuf_deinit(&words);
}

void page_tab(struct page *page, size_t column)
{
	size_t count = page->column < column ? column - page->column : page->column ? 1 : 0;

	strbuf_add_repeated(&page->text, ' ', count);
	page->column += count;
}

void page_right(struct page *page, enum page_style fill_style, char fill, enum page_style style,
	const char *text)
{
	size_t width = printable_width(text), count;
	struct strbuf filling = {0};

	if (page->column + width + 4 > page->columns) {
		page_end_line(page);
		page_tab(page, page->indent);
		if (fill == ' ' || page->column + width + 4 > page->columns) {
			page_words(page, style, text);
			return;
		}
	}
	count = page->column + width + 4 < page->measure ? page->measure - page->column - width : 4;
	if (count > 2 && fill != ' ') {
		strbuf_add_char(&filling, ' ');
		strbuf_add_repeated(&filling, fill, count - 2);
		strbuf_add_char(&filling, ' ');
	} else {
		strbuf_add_repeated(&filling, ' ', count);
	}
	page_add(page, fill_style, strbuf_string(&filling));
	page_add(page, style, text);
	strbuf_deinit(&filling);
}

size_t page_room(const struct page *page)
{
	return page->column < page->columns ? page->columns - page->column : 0;
}

void page_end_line(struct page *page)
{
	while (page->text.length && page->text.data[page->text.length - 1] == ' ')
		strbuf_truncate(&page->text, page->text.length - 1);
	strbuf_add_char(&page->text, '\n');
	page->column = 0;
	page->new_lines++;
}
