/*
 * Text from a recording made fit for a terminal: see printable.h. Promises that what it adds holds
 * no control character, no character that reorders text, and only valid UTF-8. Not for JSON, which
 * has rules of its own (json.c).
 */
#include "debugger/text/printable.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

void printable_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8");
}

size_t printable_decode(const char *bytes, size_t count, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)bytes[0];
	size_t length, i;
	uint32_t point;

	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	length = first >= 0xf8 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
	if (!length || length > count)
		return 0;
	point = first & (0x7fu >> length);
	for (i = 1; i < length; i++) {
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | ((unsigned char)bytes[i] & 0x3f);
	}
	if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret = point;
	return length;
}

bool printable_deceives(uint32_t point)
{
	return point == 0xad || point == 0x61c || point == 0x180e ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
	       (point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe0fff);
}

static void add_point(struct strbuf *buffer, const char *bytes, size_t length, uint32_t point)
{
	if (point == '\n')
		strbuf_add_string(buffer, "\\n");
	else if (point == '\t')
		strbuf_add_string(buffer, "\\t");
	else if (point == '\r')
		strbuf_add_string(buffer, "\\r");
	else if (point < 0x20 || point == 0x7f)
		strbuf_printf(buffer, "\\x%02x", point);
	else if (point >= 0x80 && (printable_deceives(point) || wcwidth((wchar_t)point) < 0))
		strbuf_printf(buffer, "\\u{%x}", point);
	else
		strbuf_add(buffer, bytes, length);
}

void printable_add(struct strbuf *buffer, const char *bytes, size_t count, size_t limit)
{
	size_t i = 0, end = limit && count > limit ? limit : count;

	while (i < end) {
		uint32_t point;
		size_t length = printable_decode(bytes + i, count - i, &point);

		if (!length) {
			strbuf_printf(buffer, "\\x%02x", (unsigned char)bytes[i]);
			length = 1;
		} else {
			add_point(buffer, bytes + i, length, point);
		}
		i += length;
	}
	if (i < count)
		strbuf_printf(buffer, "... (%zu bytes in all)", count);
}

void printable_add_string(struct strbuf *buffer, const char *string)
{
	if (string)
		printable_add(buffer, string, strlen(string), 0);
}

/* Columns of the character at `text`, and its length in bytes. */
static size_t character(const char *text, size_t *ret_bytes)
{
	uint32_t point;
	size_t length = printable_decode(text, strlen(text) < 4 ? strlen(text) : 4, &point);
	int width;

	if (!length) {
		*ret_bytes = 1;
		return 1;
	}
	*ret_bytes = length;
	width = wcwidth((wchar_t)point);
	return width < 0 ? 1 : (size_t)width;
}

size_t printable_width(const char *text)
{
	size_t width = 0, bytes;

	for (; *text; text += bytes) {
		if ((unsigned char)*text < 0x80) {
			bytes = 1;
			width++;
			continue;
		}
		width += character(text, &bytes);
	}
	return width;
}

void printable_shorten(struct strbuf *buffer, const char *text, size_t columns, size_t keep_end)
{
	size_t total = printable_width(text), head, used = 0, bytes;

	if (total <= columns) {
		strbuf_add_string(buffer, text);
		return;
	}
	if (columns < 5) { /* no room for words about it */
		keep_end = 0;
		head = columns;
	} else {
		if (keep_end > columns - 4)
			keep_end = columns - 4;
		head = columns - 3 - keep_end;
	}
	while (*text) {
		size_t width = character(text, &bytes);

		if (used + width > head)
			break;
		strbuf_add(buffer, text, bytes);
		used += width;
		text += bytes;
	}
	if (columns < 5)
		return;
	strbuf_add_string(buffer, "...");
	for (total = printable_width(text); total > keep_end; text += bytes)
		total -= character(text, &bytes);
	strbuf_add_string(buffer, text);
}
