/* `help`: see help.h. All it says of commands comes from the table. */
#include "debugger/help.h"

#include "debugger/manual.h"

#include <string.h>

static const struct option_row help_options[] = {
	{"man", 0, NULL, "the manual page instead, for man(1)"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* Also one that is typed elsewhere, if it is named in full. NULL: there is none. */
static const struct command *find(
	const struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *name = invocation->options.words[0];
	const struct command *command =
		command_find(invocation->table, name, COMMAND_SHELL | COMMAND_PROMPT);

	return command ? command
		       : command_find_beginning(invocation->table, name,
				 session->at_prompt ? COMMAND_PROMPT : COMMAND_SHELL, err);
}

static int help_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	bool man = option_value(&invocation->options, "man");
	const struct command *command = NULL;

	if (invocation->options.word_count &&
		!(man && !strcmp(invocation->options.words[0], "acausal"))) {
		command = find(session, invocation, err);
		if (!command)
			return 2;
	}
	if (man)
		manual_write_roff(invocation->table, command, session->out);
	else if (command)
		manual_show(command, session->out);
	else if (session->at_prompt)
		manual_list_prompt(invocation->table, session->out);
	else
		manual_list_shell(invocation->table, session->out);
	return 0;
}

const struct command help_command = {
	.name = "help",
	.aliases = "h",
	.group = GROUP_PROMPT,
	.usage = "[--man] [COMMAND]",
	.summary = "tell about the commands, or one of them",
	.description =
		"Without COMMAND it lists the commands: those of the shell, or at the prompt "
		"those of the prompt.",
	.options = help_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT,
	.most_words = 1,
	.completion = COMPLETE_COMMAND,
	.run = help_run,
};
