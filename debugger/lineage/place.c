/*
 * Files of source code: see place.h. The paths come from a recording: only plain files are read,
 * and only their first 16 MiB.
 */
#include "debugger/lineage/place.h"

#include "debugger/text/printable.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX       (16 << 20)
#define LINE_MAX_BYTES 400

/* `path` without "." and ".." parts and doubled slashes, as far as that goes by the words alone. */
static void normalise(struct strbuf *ret, const char *path)
{
	bool absolute = *path == '/';

	while (*path) {
		size_t length = strcspn(path, "/");
		char *slash;

		if (length == 2 && !strncmp(path, "..", 2) && ret->length &&
			(slash = strrchr(ret->data, '/')) && strcmp(slash, "/..")) {
			strbuf_truncate(ret, (size_t)(slash - ret->data));
		} else if (length && !(length == 1 && *path == '.')) {
			if (ret->length || absolute)
				strbuf_add_char(ret, '/');
			strbuf_add(ret, path, length);
		}
		path += length + (path[length] == '/');
	}
}

/* The rest of `path` below `folder`; NULL when it is not there. */
static const char *below(const char *path, const char *folder, size_t length)
{
	if (length < 2 || strncmp(path, folder, length) || path[length] != '/')
		return NULL;
	return path + length + 1;
}

/* The whole path of a frame's file, as far as it is known. */
static void whole(struct strbuf *ret, const char *file, const char *directory)
{
	struct strbuf joined = {0};

	if (*file != '/' && directory) {
		strbuf_add_string(&joined, directory);
		strbuf_add_char(&joined, '/');
	}
	strbuf_add_string(&joined, file);
	normalise(ret, strbuf_string(&joined));
	strbuf_deinit(&joined);
}

void place_add_file(
	struct strbuf *buffer, const char *file, const char *directory, const char *executable)
{
	struct strbuf path = {0}, given = {0};
	char current[PATH_MAX];
	const char *rest = NULL, *slash;
	int level;

	whole(&path, file, directory);
	if (*strbuf_string(&path) == '/') {
		if (getcwd(current, sizeof current))
			rest = below(strbuf_string(&path), current, strlen(current));
		slash = executable && *executable == '/' ? strrchr(executable, '/') : NULL;
		for (level = 0; !rest && slash && level < 2; level++) {
			size_t length = (size_t)(slash - executable);

			/* /usr/bin: what lies in /usr says little without it */
			if (length == 4 && !strncmp(executable, "/usr", 4))
				break;
			rest = below(strbuf_string(&path), executable, length);
			slash = memrchr(executable, '/', length);
		}
	}
	/* Somebody else's sources, built in a folder that is not here: the name as it was given. */
	normalise(&given, file);
	printable_add_string(buffer, rest ? rest : strbuf_string(&given));
	strbuf_deinit(&given);
	strbuf_deinit(&path);
}

static FILE *open_plain(const char *file)
{
	int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	FILE *stream;

	if (descriptor < 0)
		return NULL;
	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX ||
		!(stream = fdopen(descriptor, "r"))) {
		close(descriptor);
		return NULL;
	}
	return stream;
}

bool place_read_line(struct strbuf *buffer, const char *file, const char *directory, int64_t line)
{
	struct strbuf text = {0}, path = {0};
	FILE *stream = NULL;
	int64_t number = 1;
	const char *begin;
	bool has_text;
	int byte;

	whole(&path, file, directory);
	if (line > 0)
		stream = open_plain(strbuf_string(&path));
	strbuf_deinit(&path);
	if (!stream)
		return false;
	while ((byte = fgetc(stream)) != EOF && number <= line) {
		if (byte == '\n')
			number++;
		else if (number == line && text.length < LINE_MAX_BYTES)
			strbuf_add_char(&text, byte == '\t' ? ' ' : (char)byte);
	}
	fclose(stream);
	begin = strbuf_string(&text) + strspn(strbuf_string(&text), " ");
	printable_add(buffer, begin, strcspn(begin, "\r"), 0);
	has_text = *begin;
	strbuf_deinit(&text);
	return has_text;
}
