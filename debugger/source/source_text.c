/*
 * Source files: see source_text.h. Promises to open nothing but regular files: to open a device or
 * a FIFO may do something, and to read one may never end.
 */
#include "debugger/source/source_text.h"

#include "debugger/lineage/place.h"
#include "debugger/text/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX       (16 << 20)
#define LINE_MAX_BYTES 2000
#define TAB	       8
#define DEFINITION_MAX 2000 /* lines that a function's definition is looked for in */

/* Why something that is there is no source file; NULL: it may be one. */
static const char *refuse(const struct stat *status)
{
	if (S_ISDIR(status->st_mode))
		return "it is a folder";
	if (!S_ISREG(status->st_mode))
		return "it is no regular file";
	return status->st_size > FILE_MAX ? "it is larger than 16 MiB" : NULL;
}

bool source_text_read_descriptor(struct source_text *ret, int descriptor)
{
	struct stat status;
	const char *why = "it cannot be read";
	ssize_t got = 1;

	if (!fstat(descriptor, &status) && !(why = refuse(&status))) {
		ret->bytes = malloc((size_t)status.st_size + 1);
		why = ret->bytes ? NULL : "out of memory";
	}
	while (!why && got > 0 && ret->length < (size_t)status.st_size) {
		/* Wherever it stands: who has just written the file may hand it on. */
		got = pread(descriptor, ret->bytes + ret->length,
			(size_t)status.st_size - ret->length, (off_t)ret->length);
		ret->length += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		why = strerror(errno);
	close(descriptor);
	if (!why) {
		ret->changed_s = (int64_t)status.st_mtime;
		return true;
	}
	snprintf(ret->why_not, sizeof ret->why_not, "%s", why);
	free(ret->bytes);
	ret->bytes = NULL;
	ret->length = 0;
	return false;
}

/* What is at ret->path, if that is a source file. */
static bool read_path(struct source_text *ret)
{
	const char *path = strbuf_string(&ret->path), *why;
	struct stat status;
	int descriptor;

	if (stat(path, &status))
		return false;
	why = refuse(&status);
	if (!why) {
		/* It may have become something else meanwhile. */
		descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (descriptor >= 0)
			return source_text_read_descriptor(ret, descriptor);
		why = strerror(errno);
	}
	snprintf(ret->why_not, sizeof ret->why_not, "%s", why);
	return false;
}

/* Goes over to another place; what was there before is forgotten. */
static struct strbuf *new_path(struct source_text *ret)
{
	strbuf_clear(&ret->path);
	return &ret->path;
}

/* FROM=TO: the file below TO, when it was below FROM. */
static bool try_replaced(struct source_text *ret, const char *entry, size_t length,
	const char *equals, const char *whole)
{
	size_t from = (size_t)(equals - entry), to = length - from - 1;
	struct strbuf *path;

	while (from > 1 && entry[from - 1] == '/')
		from--;
	if (!from || !to || strncmp(whole, entry, from) ||
		(whole[from] && whole[from] != '/' && entry[from - 1] != '/'))
		return false;
	path = new_path(ret);
	strbuf_add(path, equals + 1, to);
	if (whole[from] && whole[from] != '/')
		strbuf_add_char(path, '/');
	strbuf_add_string(path, whole + from);
	return read_path(ret);
}

/* A folder: the file under the name that the compiler got, and under its last part. */
static bool try_folder(struct source_text *ret, const char *entry, size_t length, const char *file)
{
	const char *slash = strrchr(file, '/');
	struct strbuf *path = new_path(ret);

	strbuf_add(path, entry, length);
	strbuf_add_char(path, '/');
	strbuf_add_string(path, file);
	if (read_path(ret))
		return true;
	if (!slash)
		return false;
	path = new_path(ret);
	strbuf_add(path, entry, length);
	strbuf_add_string(path, slash);
	return read_path(ret);
}

bool source_text_read(struct source_text *ret, const char *file, const char *directory)
{
	const char *entry = getenv(SOURCE_PATH_VARIABLE);
	struct strbuf whole = {0};
	bool found = false;

	*ret = (struct source_text){0};
	place_add_path(&whole, file, directory);
	for (; !found && entry && *entry; entry += strspn(entry, ":")) {
		size_t length = strcspn(entry, ":");
		const char *equals = memchr(entry, '=', length);

		if (length && equals)
			found = try_replaced(ret, entry, length, equals, strbuf_string(&whole));
		else if (length)
			found = try_folder(ret, entry, length, file);
		entry += length;
	}
	if (!found) {
		strbuf_add_string(new_path(ret), strbuf_string(&whole));
		found = read_path(ret);
	}
	strbuf_deinit(&whole);
	return found;
}

void source_text_deinit(struct source_text *text)
{
	free(text->bytes);
	strbuf_deinit(&text->path);
	*text = (struct source_text){0};
}

/* The line that begins at `offset`. */
static bool line_at(const struct source_text *text, size_t offset, struct source_line *ret)
{
	const char *end;

	if (offset >= text->length)
		return false;
	ret->bytes = text->bytes + offset;
	end = memchr(ret->bytes, '\n', text->length - offset);
	ret->length = end ? (size_t)(end - ret->bytes) : text->length - offset;
	return true;
}

bool source_text_next(const struct source_text *text, struct source_line *line)
{
	line->number++;
	return line_at(text, (size_t)(line->bytes - text->bytes) + line->length + 1, line);
}

bool source_text_line(const struct source_text *text, int64_t number, struct source_line *ret)
{
	bool found = number > 0 && text->bytes && line_at(text, 0, ret);

	ret->number = 1;
	while (found && ret->number < number)
		found = source_text_next(text, ret);
	return found;
}

int64_t source_text_count(const struct source_text *text)
{
	struct source_line line;
	bool found = source_text_line(text, 1, &line);
	int64_t count = 0;

	for (; found; found = source_text_next(text, &line))
		count++;
	return count;
}

bool source_line_add(struct strbuf *buffer, const struct source_line *line, bool trim)
{
	size_t length = line->length, begin = 0, column = 0, i;
	struct strbuf blanks = {0};

	while (length && line->bytes[length - 1] == '\r')
		length--;
	while (trim && begin < length && strchr(" \t", line->bytes[begin]))
		begin++;
	for (i = begin; i < length && blanks.length < LINE_MAX_BYTES; i++) {
		char byte = line->bytes[i];
		size_t width = byte == '\t' ? TAB - column % TAB : 1;

		if (byte == '\t')
			strbuf_add_repeated(&blanks, ' ', width);
		else
			strbuf_add_char(&blanks, byte);
		/* A code point of UTF-8 is one column, near enough. */
		column += ((unsigned char)byte & 0xc0) == 0x80 ? 0 : width;
	}
	printable_add(buffer, strbuf_string(&blanks), blanks.length, 0);
	strbuf_deinit(&blanks);
	return begin < length;
}

static bool is_word(char byte)
{
	return byte == '_' || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z');
}

/* Does "name(" begin a definition on this line? It is indented if at all by its return type. */
static bool defines(const struct source_line *line, const char *name, size_t length)
{
	const char *at = line->bytes, *end = line->bytes + line->length;

	if (!line->length || strchr(" \t#/*", *line->bytes) ||
		memchr(line->bytes, ';', line->length))
		return false;
	while ((at = memmem(at, (size_t)(end - at), name, length))) {
		const char *after = at + length;

		if ((at == line->bytes || !is_word(at[-1])) && after < end) {
			while (after < end && *after == ' ')
				after++;
			if (after < end && *after == '(')
				return true;
		}
		at += length;
	}
	return false;
}

int64_t source_text_definition(const struct source_text *text, const char *function, int64_t before)
{
	int64_t from = before > DEFINITION_MAX ? before - DEFINITION_MAX : 1, found = before;
	struct source_line line;
	const char *name = function, *colon;
	size_t length;
	bool there;

	/* Of "space::type::name(int)" the name. */
	length = strcspn(name, "(<");
	while ((colon = memmem(name, length, "::", 2))) {
		length -= (size_t)(colon + 2 - name);
		name = colon + 2;
	}
	if (!length)
		return before;
	for (there = source_text_line(text, from, &line); there && line.number <= before;
		there = source_text_next(text, &line))
		if (defines(&line, name, length))
			found = line.number;
	return found;
}
