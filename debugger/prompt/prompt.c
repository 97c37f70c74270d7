/*
 * `debug`: see prompt.h. A loop of lines (prompt_line.h), each done by execute.h. Holds no
 * transaction between two lines, so that a recording that grows is not held back.
 */
#include "debugger/prompt/prompt.h"

#include "debugger/overview.h"
#include "debugger/prompt/execute.h"
#include "debugger/prompt/prompt_line.h"
#include "debugger/prompt/source.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_row prompt_options[] = {
	{NULL, 'x', "FILE", "do the commands in FILE first; may be given again"},
	{"ex", 0, "COMMAND", "do COMMAND first; may be given again, and is done in its order"},
	{"batch", 0, NULL, "end after these, at the first that fails, with its exit status"},
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
	execute_interrupt();
}

/* What -x and --ex say, in their order. Sets how many there are. */
static int run_given(
	struct session *session, const struct invocation *invocation, bool batch, int *ret_count)
{
	const struct option_values *options = &invocation->options;
	int i, one, status = 0;

	*ret_count = 0;
	for (i = 0; i < options->given_count && !session->quit && !(batch && status); i++) {
		const struct option_row *row = options->given[i].row;
		const char *value = options->given[i].value;

		if (row->letter == 'x')
			one = source_whole(invocation->table, session, value);
		else if (row->name && !strcmp(row->name, "ex"))
			one = execute_whole(invocation->table, session, value, false);
		else
			continue;
		status = one ? one : status;
		++*ret_count;
	}
	return status;
}

/* Lines that are typed, until the end of the input. */
static void run_typed(const struct command_table *table, struct session *session)
{
	char *line, *again = NULL;

	prompt_line_begin(table, session);
	while (!session->quit && (line = prompt_line_read())) {
		if (line[strspn(line, " \t")]) {
			prompt_line_remember(line);
			free(again);
			again = execute_again(table, line);
			execute_whole(table, session, line, true);
		} else if (again) {
			execute_whole(table, session, again, true);
		}
		free(line);
	}
	if (!session->quit)
		fputc('\n', session->out);
	free(again);
	prompt_line_end();
}

/* Lines of an input that is no terminal. */
static int run_lines(const struct command_table *table, struct session *session, bool batch)
{
	int status = 0, one;
	char *line;

	while (!session->quit && !(batch && status) && (line = prompt_line_next(stdin))) {
		one = execute_whole(table, session, line, false);
		status = one ? one : status;
		free(line);
	}
	return status;
}

static int run_input(struct session *session, const struct invocation *invocation, bool batch)
{
	if (!isatty(STDIN_FILENO))
		return run_lines(invocation->table, session, batch);
	run_typed(invocation->table, session);
	return 0;
}

/*
 * What is looked at is opened once, so that a wrong name is told at once, and shown in short where
 * somebody types. Of a core without history there is no recording, but what `core` tells.
 */
static int look(
	struct session *session, const struct invocation *invocation, bool shows, struct error *err)
{
	bool is_open = !session_acquire(session, err);

	session_release(session);
	if (!is_open && !session_has_core(session))
		return 1;
	if (shows && is_open)
		overview_run(session, invocation, err);
	else if (shows)
		execute_whole(invocation->table, session, "core", true);
	return 0;
}

static int prompt_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART}, before;
	bool batch = option_value(&invocation->options, "batch");
	int status, count;

	if (invocation->options.word_count)
		session_set_path(session, invocation->options.words[0]);
	session->executable = option_value(&invocation->options, "e");
	session->at_prompt = true;
	sigaction(SIGINT, &action, &before);
	if (look(session, invocation, isatty(STDIN_FILENO) && !batch, err)) {
		sigaction(SIGINT, &before, NULL);
		return 1;
	}
	status = run_given(session, invocation, batch, &count);
	if (!session->quit && !(count && batch)) {
		int one = run_input(session, invocation, batch);

		status = one ? one : status;
	}
	sigaction(SIGINT, &before, NULL);
	err->text[0] = '\0'; /* it has been said */
	return status;
}

const struct command debug_command = {
	.name = "debug",
	.group = GROUP_PROMPT,
	.usage = "[options] [FILE | CORE]",
	.summary = "open a prompt on the recording",
	.description =
		"A prompt with the same commands, on a recording, a core dump or a snapshot. Enter "
		"alone repeats the last one; Tab completes names, options, IDs and SQL; a "
		"beginning "
		"that only one command has will do. Ctrl-C ends a command, Ctrl-D leaves. The "
		"history is kept in $XDG_STATE_HOME/acausal/history.\n"
		"\n"
		"  trace 42 | grep read     what a command prints, given to the shell\n"
		"  !ls                      a command of the shell\n"
		"  source FILE              commands from a file\n"
		"  set pager off            and other settings: show\n"
		"\n"
		"Without a terminal commands are read from the input, to its end. -x, --ex and "
		"--batch are for scripts:\n"
		"\n"
		"  acausal debug --batch --ex 'trace crash' --ex 'query leaks' acausal.db",
	.options = prompt_options,
	.flags = COMMAND_SHELL,
	.most_words = 1,
	.completion = COMPLETE_FILE,
	.run = prompt_run,
};

const struct command quit_command = {
	.name = "quit",
	.aliases = "q exit",
	.group = GROUP_PROMPT,
	.usage = "",
	.summary = "leave the prompt",
	.description = "So does Ctrl-D.",
	.flags = COMMAND_PROMPT | COMMAND_RAW,
	.run = prompt_quit,
};
