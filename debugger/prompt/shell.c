/* `shell` and `pipe`: see shell.h. How a line is taken apart at its | is in execute.c. */
#include "debugger/prompt/shell.h"

#include "debugger/text/shell_command.h"
#include "debugger/text/terminal.h"

#include <stdio.h>
#include <string.h>

static const struct option_row no_options[] = {{0}};

int shell_run(const char *text, struct error *err)
{
	struct shell_command command;
	int status;

	text += strspn(text, " \t");
	terminal_settle();
	fflush(NULL);
	if (shell_command_start(&command, *text ? text : NULL, err))
		return 1;
	status = shell_command_end(&command);
	return status && *text;
}

/* The line is given to the shell as it is typed, by execute.c, and never gets here. */
static int shell_command_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	(void)session;
	(void)invocation;
	return shell_run("", err);
}

static int pipe_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	(void)session;
	(void)invocation;
	error_set(err, "pipe: type a command, a | after a blank, and a command of the shell:"
		       " trace | grep read");
	return 2;
}

const struct command shell_command = {
	.name = "shell",
	.group = GROUP_PROMPT,
	.usage = "[COMMAND]",
	.summary = "run a command of the shell; ! does too",
	.description = "Without COMMAND it runs $SHELL until you leave that.\n"
		       "\n"
		       "  !ls\n"
		       "  shell date",
	.options = no_options,
	.flags = COMMAND_PROMPT | COMMAND_RAW | COMMAND_REST | COMMAND_REPEAT_NOT,
	.most_words = -1,
	.completion = COMPLETE_FILE,
	.completion_next = COMPLETE_FILE,
	.run = shell_command_run,
};

const struct command pipe_command = {
	.name = "pipe",
	.group = GROUP_PROMPT,
	.usage = "COMMAND | COMMAND-OF-THE-SHELL",
	.summary = "give what a command prints to a command of the shell",
	.description =
		"The word pipe may be left out, but not before sql, where a | is SQL's. The | that "
		"counts is the first that is not quoted and has a blank before it; in SQL behind "
		"pipe, write that operator without blanks.\n"
		"\n"
		"  trace | grep read\n"
		"  pipe sql --format csv SELECT * FROM type | sort > types.csv",
	.options = no_options,
	.flags = COMMAND_PROMPT | COMMAND_RAW,
	.most_words = -1,
	.completion = COMPLETE_COMMAND,
	.run = pipe_run,
};
