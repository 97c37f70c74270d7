/*
 * What was typed, kept in a file: see prompt_history.h. The file is locked while it is written. It
 * is shortened now and then, into another that takes its name; so whoever waited for the lock looks
 * whether the name is still that of the file that he has.
 */
#include "debugger/prompt/prompt_history.h"

#include "debugger/text/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* After stdio. */
#include <readline/history.h>

#define LINE_MAX_KEPT (64 << 10)
#define FILE_MAX      (8 << 20)

static char path[PATH_MAX]; /* "": nothing is kept */

/* The folder is made, with those above it. False when there is no home. */
static bool find_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char folder[PATH_MAX - 16];
	char *slash;

	if (state && *state == '/')
		snprintf(folder, sizeof folder, "%s/acausal", state);
	else if (home && *home == '/')
		snprintf(folder, sizeof folder, "%s/.local/state/acausal", home);
	else
		return false;
	for (slash = folder + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(folder, 0700);
		*slash = '/';
	}
	if (mkdir(folder, 0700) && errno != EEXIST)
		return false;
	snprintf(path, sizeof path, "%s/history", folder);
	return true;
}

/* Opens the file and locks it; -1 when that cannot be done at once or soon. */
static int open_locked(void)
{
	struct stat named, opened;
	int tries, descriptor;

	for (tries = 0; tries < 20; tries++) {
		descriptor = open(path,
			O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
		if (descriptor < 0)
			return -1;
		if (!flock(descriptor, LOCK_EX | LOCK_NB)) {
			if (!stat(path, &named) && !fstat(descriptor, &opened) &&
				named.st_ino == opened.st_ino && S_ISREG(opened.st_mode))
				return descriptor;
		}
		close(descriptor);
		usleep(5000);
	}
	return -1;
}

static void write_all(int descriptor, const char *bytes, size_t count)
{
	ssize_t part;

	while (count && (part = write(descriptor, bytes, count)) > 0) {
		bytes += part;
		count -= (size_t)part;
	}
}

/* The last PROMPT_HISTORY_MAX lines of readline's list in a new file, which takes the old one's
 * name. */
static void shorten(void)
{
	struct strbuf lines = {0}, other = {0};
	HIST_ENTRY **entries = history_list();
	int i, descriptor;

	for (i = 0; entries && entries[i]; i++)
		strbuf_printf(&lines, "%s\n", entries[i]->line);
	strbuf_printf(&other, "%s.new", path);
	descriptor = open(
		strbuf_string(&other), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (descriptor >= 0 && !lines.failed) {
		write_all(descriptor, strbuf_string(&lines), lines.length);
		if (lseek(descriptor, 0, SEEK_CUR) != (off_t)lines.length ||
			rename(strbuf_string(&other), path))
			unlink(strbuf_string(&other));
	}
	if (descriptor >= 0)
		close(descriptor);
	strbuf_deinit(&lines);
	strbuf_deinit(&other);
}

/* What there is goes into the list, of which readline keeps the end. Returns how many lines. */
static size_t read_lines(int descriptor)
{
	char *line = NULL;
	size_t size = 0, count = 0;
	ssize_t length;
	struct stat status;
	FILE *file;

	if (fstat(descriptor, &status) || !(file = fdopen(dup(descriptor), "r")))
		return 0;
	if (status.st_size > FILE_MAX)
		fseeko(file, status.st_size - FILE_MAX, SEEK_SET);
	while ((length = getline(&line, &size, file)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (length <= LINE_MAX_KEPT && *line)
			add_history(line);
		count++;
	}
	free(line);
	fclose(file);
	return status.st_size > FILE_MAX ? SIZE_MAX : count;
}

void prompt_history_begin(void)
{
	int descriptor;

	using_history();
	stifle_history(PROMPT_HISTORY_MAX);
	if (!find_path())
		path[0] = '\0';
	descriptor = path[0] ? open_locked() : -1;
	if (descriptor < 0)
		return;
	fchmod(descriptor, 0600); /* what was typed may tell what the program wrote */
	if (read_lines(descriptor) > 2 * PROMPT_HISTORY_MAX)
		shorten();
	close(descriptor);
}

void prompt_history_add(const char *line)
{
	HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
	struct strbuf text = {0};
	int descriptor;

	if (!*line || strlen(line) >= LINE_MAX_KEPT || (last && !strcmp(last->line, line)))
		return;
	add_history(line);
	descriptor = path[0] ? open_locked() : -1;
	if (descriptor < 0)
		return;
	strbuf_printf(&text, "%s\n", line);
	write_all(descriptor, strbuf_string(&text), text.length);
	strbuf_deinit(&text);
	close(descriptor);
}
