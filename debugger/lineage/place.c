/* Files of source code: see place.h. Opens none; where they are read is source_text.c. */
#include "debugger/lineage/place.h"

#include "debugger/text/printable.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

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

void place_add_path(struct strbuf *buffer, const char *file, const char *directory)
{
	struct strbuf joined = {0};

	if (*file != '/' && directory) {
		strbuf_add_string(&joined, directory);
		strbuf_add_char(&joined, '/');
	}
	strbuf_add_string(&joined, file);
	normalise(buffer, strbuf_string(&joined));
	strbuf_deinit(&joined);
}

void place_add_file(
	struct strbuf *buffer, const char *file, const char *directory, const char *executable)
{
	struct strbuf path = {0}, given = {0};
	char current[PATH_MAX];
	const char *rest = NULL, *slash;
	int level;

	place_add_path(&path, file, directory);
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
