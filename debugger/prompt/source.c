/* `source`: see source.h. Files that source each other end at a depth that nobody needs. */
#include "debugger/prompt/source.h"

#include "debugger/prompt/execute.h"
#include "debugger/prompt/settings.h"
#include "debugger/text/printable.h"
#include "debugger/text/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* After stdio. */
#include <readline/tilde.h>

#define DEPTH_MAX   16
#define COMMAND_MAX (1 << 20)

static const struct option_row source_options[] = {
	{"help", 'h', NULL, "this help"},
	{0},
};

static int depth; /* of files being read; the prompt is one, as the terminal is */

int source_read(FILE *file, char **line, size_t *size)
{
	struct strbuf whole = {0};
	bool goes_on = true;
	int count = 0;

	while (goes_on) {
		ssize_t length = getline(line, size, file);

		if (length < 0)
			break;
		count++;
		length = (ssize_t)strcspn(*line, "\r\n");
		goes_on = length && (*line)[length - 1] == '\\';
		strbuf_add(&whole, *line, (size_t)length - goes_on);
		if (goes_on)
			strbuf_add_char(&whole, ' ');
		if (whole.length > COMMAND_MAX || whole.failed) {
			strbuf_deinit(&whole);
			return -1;
		}
	}
	if (count) {
		free(*line);
		*size = whole.length + 1;
		*line = whole.data ? whole.data : strdup("");
		return *line ? count : -1;
	}
	return 0;
}

static int one_command(const struct command_table *table, struct session *session, const char *line,
	struct error *err)
{
	struct strbuf shown = {0};

	if (settings_of(session)->echo && line[strspn(line, " \t")]) {
		printable_add_string(&shown, line);
		fprintf(session->out, "(acausal) %s\n", strbuf_string(&shown));
		fflush(session->out);
		strbuf_deinit(&shown);
	}
	return execute_line(table, session, line, err);
}

static int read_all(const struct command_table *table, struct session *session, FILE *file,
	const char *path, struct error *err)
{
	int status = 0, number = 0, count = 0;
	struct error reason = {""};
	char *line = NULL;
	size_t size = 0;

	while (!status && !session->quit && (count = source_read(file, &line, &size)) > 0) {
		status = one_command(table, session, line, &reason);
		if (!status && execute_was_interrupted()) {
			error_set(&reason, "interrupted");
			status = 1;
		}
		if (status)
			error_set(err, "%.300s:%d: %.600s", path, number + 1,
				reason.text[0] ? reason.text : "a command of the shell failed");
		number += count;
	}
	if (count < 0) {
		error_set(err, "%.300s:%d: a command of more than %d bytes", path, number + 1,
			COMMAND_MAX);
		status = 2;
	}
	free(line);
	return status;
}

int source_file(const struct command_table *table, struct session *session, const char *path,
	struct error *err)
{
	char *expanded = tilde_expand(path);
	struct stat status;
	FILE *file;
	int result;

	if (depth == DEPTH_MAX) {
		free(expanded);
		error_set(err, "source: %d files in each other: does '%.200s' source itself?",
			DEPTH_MAX, path);
		return 1;
	}
	file = fopen(expanded, "re");
	if (file && !fstat(fileno(file), &status) && S_ISDIR(status.st_mode)) {
		fclose(file);
		file = NULL;
		errno = EISDIR;
	}
	free(expanded);
	if (!file) {
		error_set_errno(err, errno, "cannot read commands from '%.300s'", path);
		return 1;
	}
	depth++;
	result = read_all(table, session, file, path, err);
	depth--;
	fclose(file);
	return result;
}

int source_whole(const struct command_table *table, struct session *session, const char *path)
{
	struct error err = {""};
	int status;

	execute_forget_interrupt();
	status = source_file(table, session, path, &err);
	return execute_tell(session, status, &err);
}

static int source_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	return source_file(invocation->table, session, invocation->options.words[0], err);
}

const struct command source_command = {
	.name = "source",
	.group = GROUP_PROMPT,
	.usage = "FILE",
	.summary = "do the commands in a file",
	.description = "One command a line, as it would be typed; a \\ at the end of a line adds "
		       "the next, and"
		       "\nlines that begin with # are comments. The first that fails ends it. A "
		       "file may source\nothers.",
	.options = source_options,
	.flags = COMMAND_PROMPT | COMMAND_REPEAT_NOT,
	.least_words = 1,
	.most_words = 1,
	.completion = COMPLETE_FILE,
	.run = source_run,
};
