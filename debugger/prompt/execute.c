/*
 * Lines of the prompt: see execute.h. Over the command table; knows no single command but `pipe`
 * and `shell`, which are ways to write a line. Holds nothing of the recording between two lines.
 */
#include "debugger/prompt/execute.h"

#include "debugger/prompt/shell.h"
#include "debugger/prompt/words.h"
#include "debugger/text/paged_stream.h"
#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

void execute_interrupt(void)
{
	interrupted = 1;
	reader_interrupt();
}

bool execute_was_interrupted(void)
{
	return interrupted;
}

void execute_forget_interrupt(void)
{
	interrupted = 0;
	reader_clear_interrupt();
}

static const char *skip_blanks(const char *line)
{
	return line + strspn(line, " \t");
}

/*
 * Without what may stand before a command: our own name, as it stands in what we print, and the
 * word pipe, or a | for it. Sets whether there must be a | further on.
 */
static const char *skip_prefix(const char *line, bool *ret_pipes)
{
	line = skip_blanks(line);
	*ret_pipes = *line == '|' || (!strncmp(line, "pipe", 4) && strchr(" \t", line[4]));
	if (*ret_pipes && *line && line[strcspn(line, " \t")])
		line = skip_blanks(line + (*line == '|' ? 1 : 4));
	if (!strncmp(line, "acausal", 7) && line[7] && strchr(" \t", line[7]))
		line = skip_blanks(line + 7);
	return line;
}

/*
 * For a command whose argument is one text (an SQL query): the line's words after its options are
 * put together again, just as they were typed. Quotes around the whole of it are the shell's habit.
 */
static void join_rest(struct words *words, const char *line, const struct command *command)
{
	const struct option_row *row;
	int i = 1;
	char *rest;
	size_t length;

	while (i < words->count && (row = option_row_of(command->options, words->list[i]))) {
		bool has_value = words->list[i][1] == '-' ? strchr(words->list[i], '=') != NULL
							  : words->list[i][2] != '\0';

		i += row->argument && !has_value ? 2 : 1;
	}
	if (i >= words->count)
		return;
	rest = words->list[i];
	length = strlen(line + words->offsets[i]);
	/* The storage holds two lines' length, and what comes before is no longer than the line. */
	memmove(rest, line + words->offsets[i], length + 1);
	if (length > 1 && strchr("'\"", rest[0]) && rest[length - 1] == rest[0] &&
		memchr(rest + 1, rest[0], length - 2) == NULL) {
		rest[length - 1] = '\0';
		words->list[i]++;
	}
	words->count = i + 1;
	words->list[words->count] = NULL;
}

/* The command that a line begins with; NULL when there is none of that name. */
static const struct command *command_of(const struct command_table *table, const char *line)
{
	size_t length = strcspn(line, " \t");
	char name[32];

	if (!length || length >= sizeof name || strchr("#!", *line))
		return NULL;
	memcpy(name, line, length);
	name[length] = '\0';
	return command_find_beginning(table, name, COMMAND_PROMPT, NULL);
}

/* One command, without a pipe. */
static int run_command(const struct command_table *table, struct session *session, const char *line,
	struct error *err)
{
	const struct command *command = NULL;
	struct words words;
	int status = 2, code = words_split(&words, line, err);

	if (words.count)
		command = command_find_beginning(table, words.list[0], COMMAND_PROMPT, err);
	/* Quotes of SQL are not those of a shell. */
	if (command && (!code || command->flags & COMMAND_REST)) {
		if (command->flags & COMMAND_REST)
			join_rest(&words, line, command);
		err->text[0] = '\0';
		status = command_run(table, command, session, words.count - 1, words.list + 1, err);
	}
	words_deinit(&words);
	return status;
}

/* One command, and what it prints into a command of the shell. */
static int run_piped(const struct command_table *table, struct session *session, const char *line,
	const char *shell_text, struct error *err)
{
	FILE *before = session->out;
	struct paged_stream *pipe;
	int status, ended = 0;

	terminal_settle();
	fflush(before);
	pipe = paged_stream_create(
		NULL, shell_text, (struct paged_room){0, 0}, reader_interrupt, err);
	if (!pipe)
		return 1;
	session->out = paged_stream_file(pipe);
	status = run_command(table, session, line, err);
	session->out = before;
	if (paged_stream_destroy(pipe, &ended) && !interrupted) { /* it has read enough */
		reader_clear_interrupt();
		status = 0;
	}
	return status ? status : ended != 0; /* of which the shell's command tells by itself */
}

/* A | without the word pipe is the text's own, and that may be what is wrong with it. */
static void add_advice(const char *line, struct error *err)
{
	struct error why = *err;

	if (words_find_pipe(line) >= 0)
		error_set(err,
			"%.700s (the | is read as SQL: to give the rows to a command of the"
			" shell, begin with 'pipe')",
			why.text);
}

int execute_line(const struct command_table *table, struct session *session, const char *line,
	struct error *err)
{
	const struct command *command;
	bool pipes;
	char *copy;
	int at, status;

	err->text[0] = '\0';
	line = skip_prefix(line, &pipes);
	if (!*line || *line == '#')
		return 0;
	if (*line == '!')
		return shell_run(line + 1, err);
	command = command_of(table, line);
	if (command == &shell_command) /* a | in it is the shell's */
		return shell_run(line + strcspn(line, " \t"), err);
	if (!pipes && command && command->flags & COMMAND_REST) { /* … or SQL's */
		status = run_command(table, session, line, err);
		if (status && err->text[0])
			add_advice(line, err);
		return status;
	}
	at = words_find_pipe(line);
	if (at < 0)
		return run_command(table, session, pipes ? pipe_command.name : line, err);
	copy = strndup(line, (size_t)at);
	if (!copy)
		return error_set(err, "out of memory"), 1;
	status = run_piped(table, session, copy, skip_blanks(line + at + 1), err);
	free(copy);
	return status;
}

static void print_error(const struct error *err)
{
	struct strbuf said = {0};

	printable_add_string(&said, err->text);
	fprintf(stderr, "acausal: %s\n", strbuf_string(&said));
	strbuf_deinit(&said);
}

int execute_tell(struct session *session, int status, const struct error *err)
{
	fflush(session->out);
	if (status && err->text[0])
		print_error(err);
	return status;
}

int execute_whole(
	const struct command_table *table, struct session *session, const char *line, bool pages)
{
	FILE *before = session->out, *paged;
	struct error err = {""};
	int status;

	execute_forget_interrupt();
	paged = pages ? terminal_open(execute_interrupt) : NULL;
	if (paged)
		session->out = paged;
	status = execute_line(table, session, line, &err);
	session->out = before;
	if (paged && terminal_close(paged))
		status = 0; /* the reader had seen enough, and the rest was not asked for */
	return execute_tell(session, status, &err);
}

char *execute_again(const struct command_table *table, const char *line)
{
	const struct command *command;
	bool pipes;

	line = skip_prefix(line, &pipes);
	command = command_of(table, line);
	if (!command || command->flags & COMMAND_REPEAT_NOT)
		return NULL;
	return strdup(command->flags & COMMAND_REPEAT_ALONE ? command->name : line);
}
