/*
 * `debug`: see prompt.h. A loop of lines over the command table; knows no single command. Holds no
 * transaction between two lines, so that a recording that grows is not held back.
 */
#include "debugger/prompt/prompt.h"

#include "debugger/overview.h"
#include "debugger/prompt/prompt_line.h"
#include "debugger/prompt/words.h"
#include "debugger/text/printable.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_row prompt_options[] = {
	{NULL, 'x', "FILE", "do the commands in FILE first"},
	{"batch", 0, NULL, "end after them, at the first that fails"},
	{NULL, 'e', "FILE", "the executable of a core, when it is not where that says"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static int prompt_quit(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	(void)invocation;
	(void)err;
	session->quit = true;
	return 0;
}

static void on_interrupt(int number)
{
	(void)number;
	reader_interrupt();
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

	while (i < words->count && words->list[i][0] == '-' && words->list[i][1] == '-') {
		size_t name = strcspn(words->list[i] + 2, "=");

		for (row = command->options; row->name || row->letter; row++)
			if (row->name && strlen(row->name) == name &&
				!strncmp(row->name, words->list[i] + 2, name))
				break;
		i += row->argument && words->list[i][2 + name] != '=' ? 2 : 1;
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

static int run_words(const struct command_table *table, struct session *session, const char *line,
	struct words *words, struct error *err)
{
	const struct command *command;

	if (!words->count || words->list[0][0] == '#')
		return 0;
	/* What is copied from a shell begins with our own name. */
	command = command_find_beginning(table, words->list[0], COMMAND_PROMPT, err);
	if (!command)
		return 2;
	if (command->flags & COMMAND_REST)
		join_rest(words, line, command);
	return command_run(table, command, session, words->count - 1, words->list + 1, err);
}

/* One line. Returns its status; what went wrong is printed. */
static int run_line(const struct command_table *table, struct session *session, const char *line)
{
	struct strbuf said = {0};
	struct words words;
	struct error err = {""};
	int status = 2;

	reader_clear_interrupt();
	line += strspn(line, " \t");
	if (!strncmp(line, "acausal ", 8)) /* as it stands in our own output */
		line += 8 + strspn(line + 8, " ");
	if (!words_split(&words, line, &err))
		status = run_words(table, session, line, &words, &err);
	else if (!strncmp(line, "sql", 3) && words.count && !strcmp(words.list[0], "sql"))
		status = run_words(table, session, line, &words, &err);
	words_deinit(&words);
	fflush(session->out);
	if (status && err.text[0]) {
		printable_add_string(&said, err.text);
		fprintf(stderr, "acausal: %s\n", strbuf_string(&said));
	}
	strbuf_deinit(&said);
	return status;
}

static int run_file(const struct command_table *table, struct session *session, const char *path,
	bool batch, struct error *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int status = 0;

	if (!file) {
		error_set(err, "debug: cannot read '%s': %m", path);
		return 1;
	}
	while (!session->quit && !(batch && status) && getline(&line, &size, file) >= 0) {
		int one;

		line[strcspn(line, "\n")] = '\0';
		one = run_line(table, session, line);
		status = one ? one : status;
	}
	free(line);
	fclose(file);
	return status;
}

static int run_lines(const struct command_table *table, struct session *session, bool batch)
{
	bool terminal = isatty(STDIN_FILENO);
	char *line, *last = NULL;
	int status = 0;

	prompt_line_begin(table);
	while (!session->quit && !(batch && status) && (line = prompt_line_read())) {
		bool blank = !line[strspn(line, " \t")];
		int one = 0;

		if (!blank) {
			prompt_line_remember(line);
			free(last);
			last = line;
		} else {
			free(line);
		}
		if (last && (!blank || terminal)) /* Enter alone repeats */
			one = run_line(table, session, last);
		status = one ? one : status;
	}
	if (terminal && !session->quit)
		fputc('\n', session->out);
	free(last);
	prompt_line_end();
	return terminal ? 0 : status;
}

static int prompt_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART}, before;
	const char *file = option_value(&invocation->options, "x");
	bool batch = option_value(&invocation->options, "batch");
	int status = 0;

	if (invocation->options.word_count)
		session_set_path(session, invocation->options.words[0]);
	session->executable = option_value(&invocation->options, "e");
	if (session_acquire(session, err))
		return 1;
	session_release(session);
	session->at_prompt = true;
	sigaction(SIGINT, &action, &before);
	if (isatty(STDIN_FILENO) && !batch)
		overview_run(session, invocation, err);
	if (file)
		status = run_file(invocation->table, session, file, batch, err);
	if (!session->quit && !(file && batch))
		status = run_lines(invocation->table, session, batch);
	sigaction(SIGINT, &before, NULL);
	return status;
}

const struct command debug_command = {
	.name = "debug",
	.group = GROUP_PROMPT,
	.usage = "[options] [FILE | CORE]",
	.summary = "open a prompt on the recording",
	.description = "A prompt with the same commands. Enter alone repeats the last one; Tab "
		       "completes;"
		       "\na beginning that only one command has will do. The history is kept in"
		       "\n$XDG_STATE_HOME/acausal/history. Without a terminal commands are read "
		       "from the"
		       "\ninput.",
	.options = prompt_options,
	.flags = COMMAND_SHELL,
	.most_words = 1,
	.completion = COMPLETE_FILE,
	.run = prompt_run,
};

const struct command quit_command = {
	.name = "quit",
	.aliases = "exit",
	.group = GROUP_PROMPT,
	.usage = "",
	.summary = "leave the prompt",
	.description = "So does Ctrl-D.",
	.flags = COMMAND_PROMPT | COMMAND_RAW,
	.run = prompt_quit,
};
